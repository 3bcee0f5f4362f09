#!/usr/bin/env bash
# Sets up Sumo Logic and iLert for the bridge through their REST APIs: the same objects as the Terraform in sumologic/ and
# ilert/. Objects that exist by name are updated, so it can run again.
#   setup/set-up.sh [--dry-run] [sumologic|ilert]     default: both
#   setup/set-up.sh verify                            sends a test event through the chain and prints each stage
# Prints SUMOLOGIC_URL=… for the bridge as the last line of stdout, and progress to stderr.
# --dry-run prints the calls of a first run and makes none. It needs no settings.
# Requires curl 7.75 or newer and jq 1.6 or newer.
#
# Environment variables for sumologic:
#   SUMOLOGIC_ACCESSID, SUMOLOGIC_ACCESSKEY     access key with the rights to manage these objects
#   SUMOLOGIC_ENVIRONMENT                       us1, us2, eu, au, de, jp, ca, in, fed, kr …; default: us2
#   SUMOLOGIC_BASE_URL                          overrides the environment: https://api.eu.sumologic.com/api/
#   FOLDER_ID                                   ID of the parent folder of the dashboards, or "personal"; default: the
#                                               folder Admin Recommended, which needs an administrator's access key
#   NOTIFY                                      e-mail addresses for the monitors, separated by commas
#   ILERT_INTEGRATION_URL                       URL of an alert source of the type Sumo Logic named ilert-sumologic-bridge,
#                                               which the monitors page through; default: monitors send e-mail only
# For ilert:
#   ILERT_API_TOKEN                             API key, without "Bearer"
#   ILERT_ENDPOINT                              default: https://api.ilert.com
#   BRIDGE_URL                                  URL of the bridge for iLert: https://bridge.example.com
#   ILERT_WEBHOOK_AUTH                          the same as for the bridge: header (default here) or basic
#   ILERT_WEBHOOK_USERNAME                      the same as for the bridge, for basic; default: ilert
#   ILERT_WEBHOOK_PASSWORD                      the same as for the bridge
#   ALERT_SOURCES                               names of alert sources, separated by commas; default: all
# For verify, those of sumologic for its API, and:
#   ILERT_API_TOKEN, ALERT_SOURCES              raises a test alert of low priority on the first of ALERT_SOURCES, a source
#                                               of the type API, and resolves it
#   BRIDGE_URL, ILERT_WEBHOOK_PASSWORD          without an API token: sends a test event to the bridge's webhook
#   MANAGEMENT_URL                              management port of the bridge, or "none"; default: http://localhost:9000
#   SUMOLOGIC_CATEGORY                          the same as for the bridge; default: webhook/ilert
#   VERIFY_TIMEOUT                              seconds that a stage may take; default: 120
set -euo pipefail
set -f
IFS=$'\n' # lists have one element per line
cd "$(dirname "${BASH_SOURCE[0]}")"

log() { [ "$dry_run" ] || printf '%s\n' "$1" >&2; }

# die MESSAGE [STATUS]: masks secrets, since an API may repeat a request in its message.
die() {
  local text=$1 secret
  for secret in "${SUMOLOGIC_ACCESSID-}" "${SUMOLOGIC_ACCESSKEY-}" "${ILERT_API_TOKEN-}" "${ILERT_WEBHOOK_PASSWORD-}" \
    "${password-}" "${ILERT_INTEGRATION_URL-}" "$integration"; do
    secret=${secret//[$'\r\n']/}
    [ -z "$secret" ] || text=${text//"$secret"/***}
  done
  [ -z "$stage" ] || text="$stage failed after $((SECONDS - since)) s: $text"
  printf 'set-up.sh: %s\n' "${text:0:500}" >&2
  exit "${2:-1}"
}

# quoted TEXT: quotes for curl's configuration. Removes line breaks, which a key from a file may end with.
quoted() {
  local text=${1//[$'\r\n']/}
  text=${text//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# call METHOD PATH [BODY [ETAG]]: sets $answer. Other users of the machine can see command lines, so keys and bodies are
# passed to curl by files. Fails without an exit if the error matches $tolerated.
call() {
  local method=$1 url=$api/$2 body=${3-} etag=${4-} input='' retries=6 result message
  if [ "$dry_run" ]; then
    printf '%s %s\n' "$method" "$url"
    [ -z "$body" ] || jq . <<<"$body"
    answer='{}'
    return
  fi
  sleep 0.25 # Sumo Logic allows 4 calls a second
  : >"$work/answer" >"$work/headers"
  [ "$method" = GET ] || input='data-binary = "@-"'
  # a retried POST could create an object twice; the next run finds the object if it exists
  [ "$method" = POST ] && retries=0
  # iLert's rate limit ends with the minute: 1 + 2 + 4 + 8 + 16 + 32 s are longer
  # a search job is bound to its cookies
  result=$(printf '%s' "$body" | curl --silent --request "$method" --connect-timeout 10 --max-time 60 --retry "$retries" \
    --retry-max-time 180 --output "$work/answer" --dump-header "$work/headers" --header 'Accept: application/json' \
    --cookie "$work/cookies" --cookie-jar "$work/cookies" --write-out '%{http_code} %{redirect_url}%{errormsg}' \
    --config <(printf '%s\n' "$credentials" "$input" 'header = "Content-Type: application/json"' \
      ${etag:+"header = $(quoted "If-Match: $etag")"}) "$url") || true
  answer=$(<"$work/answer")
  case $result in
    '2'??' ') [[ $answer =~ ^([[:space:]]*[[{]|$) ]] || die "$method $url: the answer is not JSON" ;;
    [45]*)
      message=$(jq -r '[(.errors // [.])[] | [.code, .message, .detail, .details] | map(strings) | join(": ")]
        | join("; ") | gsub("\\s+"; " ")' <<<"$answer" 2>/dev/null) || message='without a message'
      [[ -z $tolerated || $message != *$tolerated* ]] || return 1
      die "$method $url: ${result%% *} $message"
      ;;
    # no complete answer: curl's reason; or a redirection: the URL of the account's deployment
    *) die "$method $url: $result" ;;
  esac
}

# value WHAT FILTER: prints a value from $answer; in a dry run {WHAT}
value() {
  if [ "$dry_run" ]; then printf '{%s}' "$1"; else jq -er "$2" <<<"$answer" || die "an answer lacks the $1"; fi
}

# list PATH FILTER [OFFSET SIZE]: sets $listed to the elements of all pages. The next page begins at the token .next or,
# without tokens, at OFFSET after a full page.
list() {
  local page next=${3:+"&$3=0"} from=0
  listed=''
  while :; do
    call GET "$1$next"
    page=$(jq -rc '((objects | .next | strings | "&token=" + @uri) // ""), ('"$2"')' <<<"$answer")
    next=${page%%$'\n'*} page=${page#"$next"}
    listed+=$page$'\n'
    if [ "${3-}" ] && [ "$(grep -c . <<<"$page")" = "$4" ]; then
      from=$((from + $4)) next="&$3=$from"
    fi
    [ "$next" ] || break
  done
}

# want FILTER [OPTIONS]: sets $wanted to request bodies from requests.json
want() { wanted=$(jq -c "$@" "$product/requests.json"); }

# Compares a wanted object with the API's, which has more fields and another order of values and IDs.
# Texts of JSON, such as a panel's settings, are equal in any order of their keys.
within='def within($there): . as $wanted | if type != ($there | type) then false
  elif type == "object" then all(keys[]; . as $key | $wanted[$key] | within($there[$key]))
  elif type == "array" then
    if all(.[]; type != "object" or has("id")) then [sort_by(.id? // .), ($there | sort_by(.id? // .))] else [., $there] end
    | .[0] as $wanted | .[1] as $there | ($wanted | length) == ($there | length)
    and all(range($wanted | length); . as $i | $wanted[$i] | within($there[$i]))
  elif type == "string" and startswith("{") then [., $there] | map(fromjson? // .) | .[0] == .[1]
  else . == $there end;'

# ensure KIND PATH [UPDATE [QUERY]]: creates each of $wanted, or updates the one of the same name in $listed if it differs, with
# the body that UPDATE makes of $wanted and $there, which is read with QUERY. Sets $answer to the API's last object.
ensure() {
  local kind=$1 path body found name ids id there
  for body in $wanted; do
    found=$(printf '%s\n' "$body" "$listed" | jq -rn 'input | (.collector // .source // .) | .name // .title
      | ., . as $name | inputs | select(.name == $name) | .id')
    name=${found%%$'\n'*} ids=${found#"$name"}
    if [ -z "$ids" ]; then
      call POST "$2" "$body"
      log "created $kind $name"
      continue
    fi
    ids=${ids#$'\n'} id=${ids%%$'\n'*} path=${2%%\?*}/$id
    [ "$ids" = "$id" ] || log "there are several $kind objects named $name, using the first"
    call GET "$path${4-}"
    there=$answer
    body=$(printf '%s\n' "$body" "$there" | jq -sc "$within"'.[0] as $wanted | .[1] as $there
      | if $wanted | del(.type) | within($there) then empty else '"${3:-\$wanted}"' end')
    if [ "$body" ]; then
      # the collectors' API requires the ETag of the last read
      call PUT "$path" "$body" "$(tr -d '\r' <"$work/headers" | sed -n 's/^[Ee][Tt][Aa][Gg]: *//p' | tail -n 1)"
      log "updated $kind $name"
    else
      log "unchanged $kind $name"
    fi
    answer=$there
  done
}

# names LIST: prints a list that is separated by commas as a JSON array
names() { jq -nc --arg list "$1" '$list | split(",") | map(gsub("^\\s+|\\s+$"; "") | select(. != ""))'; }

# trimmed TEXT: prints it without blanks around it and slashes at its end
trimmed() { jq -Rrs 'gsub("^\\s+|[\\s/]+$"; "")' <<<"$1"; }

use_sumologic() {
  api=$(trimmed "${SUMOLOGIC_BASE_URL:-https://api.${SUMOLOGIC_ENVIRONMENT:-us2}.sumologic.com/api}")
  api=${api/api.us1./api.}
  credentials="user = $(quoted "${SUMOLOGIC_ACCESSID-}:${SUMOLOGIC_ACCESSKEY-}")"
}

use_ilert() {
  api=$(trimmed "${ILERT_ENDPOINT:-https://api.ilert.com}")/api
  credentials="header = $(quoted "Authorization: Bearer ${ILERT_API_TOKEN-}")"
}

# Sets $answer to the parent folder of the dashboards.
root_folder() {
  local job status=InProgress
  if [ "${FOLDER_ID-}" ]; then
    call GET "v2/content/folders/$FOLDER_ID"
    return
  fi
  # open to this mode only
  credentials+=$'\nheader = "isAdminMode: true"'
  call GET v2/content/folders/adminRecommended
  job=$(value 'folder job' .id)
  while [ "$status" = InProgress ]; do
    call GET "v2/content/folders/adminRecommended/$job/status"
    status=$(value 'status of the folder job' .status)
  done
  call GET "v2/content/folders/adminRecommended/$job/result"
}

sumologic() {
  local collector url folder fields field state id name versioned hook=null
  use_sumologic

  # updates of these two must repeat read-only fields and fields that others added
  list 'v1/collectors?filter=hosted&limit=1000' '.collectors[]? | {name, id}' offset 1000
  want '{collector}'
  ensure collector v1/collectors '$there * $wanted'
  collector=$(value collector .collector.id)
  list "v1/collectors/$collector/sources" '.sources[]? | {name, id}'
  want '{source}'
  ensure source "v1/collectors/$collector/sources" '$there * $wanted'
  url=$(value 'URL of the source' .source.url)

  call GET v1/fields
  want '.fields[]'
  fields=$(printf '%s\n' "$answer" "$wanted" | jq -rn '(input.data // []) as $there | inputs | . as $field
    | ($there[] | select((.fieldName | ascii_downcase) == ($field.fieldName | ascii_downcase))) // {} | "\(.fieldId) \(.state) \($field.fieldName)"')
  for field in $fields; do
    IFS=' ' read -r id state name <<<"$field"
    if [ "$id" = null ]; then
      if tolerated='already exists' call POST v1/fields "{\"fieldName\":\"$name\"}"; then
        log "created field $name"
      else
        log "unchanged field $name"
      fi
    elif [ "$state" = Disabled ]; then
      call PUT "v1/fields/$id/enable"
      log "enabled field $name"
    else
      log "unchanged field $name"
    fi
  done

  list 'v1/extractionRules?limit=1000' '.data[]? | {name, id}'
  want '.extractionRules[]'
  ensure 'extraction rule' v1/extractionRules

  root_folder
  listed=$(jq -c '.children[]? | select(.itemType == "Folder") | {name, id}' <<<"$answer")
  folder=$(value 'parent folder' .id)
  want --arg folder "$folder" '.folder + {parentId: $folder}'
  ensure folder v2/content/folders '$wanted | del(.parentId)'
  folder=$(value folder .id)
  want --arg folder "$folder" '.dashboards[] + {folderId: $folder}'
  list 'v2/dashboards?limit=100&mode=allViewableByUser' \
    ".dashboards[]? | select(.folderId == \"$folder\") | {name: .title, id}"
  ensure dashboard v2/dashboards
  list "v2/content/folders/$folder" '.children[]? | select(.itemType == "Search") | {name, id}'
  want --arg folder "$folder" '.logSearches[] + {parentId: $folder}'
  ensure 'saved search' v1/logSearches

  if [ "${ILERT_INTEGRATION_URL-}" ]; then
    list 'v1/connections?limit=1000' '.data[]? | {name, id}'
    hook=$(trimmed "$ILERT_INTEGRATION_URL") want '.connection + {url: env.hook, headers: [], customHeaders: []}'
    # the API answers with another type
    ensure connection v1/connections '$wanted'
    hook=$(value connection .id | jq -R .)
  fi

  # an update in the monitors' library has a type of its own and needs the version
  versioned='$wanted + {type: ($wanted.type + "Update"), version: $there.version}'
  list v1/monitors/root '.children[]? | select(.contentType == "Folder") | {name, id}'
  folder=$(value 'root folder' .id)
  want .monitorFolder
  ensure 'monitor folder' "v1/monitors?parentId=$folder" "$versioned"
  folder=$(value 'monitor folder' .id)
  list "v1/monitors/$folder" '.children[]? | select(.contentType == "Monitor") | {name, id}'
  want --argjson notify "$(names "$NOTIFY" | jq -c sort)" --argjson hook "$hook" '.monitors[]
    | (.notifications[]?.notification | select(.connectionType == "Email")).recipients = $notify
    | if $hook then .notifications += [{notification: {connectionType: "Webhook", connectionId: $hook},
      runForTriggerTypes: .notifications[0].runForTriggerTypes}] else . end'
  ensure monitor "v1/monitors?parentId=$folder" "$versioned"

  [ "$dry_run" ] || printf 'SUMOLOGIC_URL=%s\n' "$url"
}

ilert() {
  local names unknown sources
  use_ilert

  names=$(names "${ALERT_SOURCES-}")
  list 'alert-sources?max-results=50' '.[]? | {name, id}' start-index 50
  if [ "$dry_run" ]; then
    listed=$(jq -c '(select(. != []) // ["alert source"])[] | {name: ., id: "{\(.)}"}' <<<"$names")
  fi
  unknown=$(jq -rs --argjson names "$names" '($names - map(.name)) as $unknown | select($unknown != [])
    | "iLert has no alert source \($unknown | join(", ")); it has: \(map(.name) | join(", "))"' <<<"$listed")
  [ -z "$unknown" ] || die "$unknown"
  sources=$(jq -cs --argjson names "$names" 'map(select($names == [] or [.name] - $names == []) | {id})' <<<"$listed")
  [ "$sources" != '[]' ] || die 'iLert has no alert source yet, and an alert action needs at least one'

  password=$password want --argjson sources "$sources" --arg user "${ILERT_WEBHOOK_USERNAME:-ilert}" --arg auth "$auth" \
    --arg scheme "${BRIDGE_URL%%://*}" --arg host "${BRIDGE_URL#*://}" '.alertAction | .alertSources = $sources
    | .params = if $auth == "header"
      then {webhookUrl: "\($scheme)://\($host)/webhooks/ilert",
        headers: [{key: "X-Webhook-Secret", value: env.password}]}
      else (env.password | if . == "***" then . else @uri end) as $password
        | {webhookUrl: "\($scheme)://\($user | @uri):\($password)@\($host)/webhooks/ilert", headers: []} end'
  list 'alert-actions?max-results=100' '.[]? | {name, id}' start-index 100
  # keeps teams and conditions that were added
  ensure 'alert action' alert-actions '$there * $wanted | .params = $wanted.params | del(.bidirectional)' \
    '?include=conditions'
  log "set ILERT_WEBHOOK_AUTH=$auth for the bridge"
}

# begin STAGE, passed RESULT: a stage of verify
begin() { stage=$1 since=$SECONDS; }
passed() {
  printf 'ok  %-9s %4d s  %s\n' "$stage" "$((SECONDS - since))" "$1"
  stage=''
}
# again MESSAGE: waits for another try of the stage, or ends it
again() {
  [ "$((SECONDS - since))" -lt "$timeout" ] || die "$1"
  sleep 2
}

# test_event CREATED|RESOLVED: raises or resolves the test alert in iLert, or sends an event of it to the bridge's webhook
test_event() {
  if [ "${ILERT_API_TOKEN-}" ]; then
    use_ilert
    call POST events "$(integration=$integration jq -nc --arg key "$id" --arg type "$1" '{integrationKey: env.integration,
      eventType: (if $type == "CREATED" then "ALERT" else "RESOLVE" end), alertKey: $key, priority: "LOW",
      summary: "Test of ilert-sumologic-bridge: \($key)"}')"
    return
  fi
  api=$BRIDGE_URL
  if [ "$auth" = header ]; then
    credentials="header = $(quoted "X-Webhook-Secret: $password")"
  else
    credentials="user = $(quoted "${ILERT_WEBHOOK_USERNAME:-ilert}:$password")"
  fi
  call POST webhooks/ilert "$(jq -nc --arg key "$id" --arg type "$1" '(now | todate) as $now | {id: $key, alertKey: $key,
    eventId: "\($key)-\($type)", eventType: "alert-\($type | ascii_downcase)", priority: "LOW",
    reportTime: $now, timestamp: $now, status: (if $type == "CREATED" then "PENDING" else $type end), alertSource: {id: 0, name: "set-up.sh verify"},
    summary: "Test of ilert-sumologic-bridge: \($key)"}')"
}

# counts: prints the bridge's accepted and delivered events, or nothing
counts() {
  sleep 0.25
  curl --silent --fail --connect-timeout 5 --max-time 10 "$management/q/metrics" | awk '
    /^bridge_events_received_total\{.*result="accepted"/ { accepted += $NF }
    /^bridge_delivered_events_total\{/ { delivered += $NF }
    END { if (NR) print accepted + 0, delivered + 0 }' || true
}

# Resolves the test alert, also after a stage that failed.
end_verify() {
  if [ "$raised" ]; then
    raised=''
    begin resolve
    test_event RESOLVED
    passed "$id"
  fi
}

verify() {
  local management before now accepted delivered job state query
  management=$(trimmed "${MANAGEMENT_URL:-http://localhost:9000}")
  id=verify-$(date +%s)-$RANDOM$RANDOM
  if [ "$management" != none ]; then
    begin bridge
    until before=$(counts) && [ "$before" ]; do again "no metrics at $management/q/metrics"; done
    passed "$management"
  fi

  begin raise
  if [ "${ILERT_API_TOKEN-}" ]; then
    use_ilert
    list 'alert-sources?max-results=50' '.[]?' start-index 50
    integration=$(jq -rs --argjson names "$(names "$ALERT_SOURCES")" \
      'map(select(.name == $names[0]))[0].integrationKey // empty' <<<"$listed")
    [ "$integration" ] || die "iLert has no alert source ${ALERT_SOURCES%%,*} with an integration key"
  fi
  # iLert's answer may be lost
  raised=${ILERT_API_TOKEN:+yes}
  test_event CREATED
  raised=yes
  passed "$id"

  if [ "$management" != none ]; then
    begin receive
    while :; do
      now=$(counts)
      accepted=$((${now% *} - ${before% *})) delivered=$((${now#* } - ${before#* }))
      [ "$accepted" -le 0 ] || break
      again "the bridge accepted no event: iLert does not reach it, or its password is wrong"
    done
    passed "accepted events: $accepted"
    begin deliver
    while [ "$delivered" -le 0 ]; do
      again 'the bridge delivered no event to Sumo Logic: see its health and log'
      now=$(counts)
      delivered=$((${now#* } - ${before#* }))
    done
    passed "delivered events: $delivered"
  fi

  begin search
  use_sumologic
  query="_sourceCategory=${SUMOLOGIC_CATEGORY:-webhook/ilert} \"$id\""
  while :; do
    call POST v1/search/jobs "$(jq -nc --arg query "$query" '(now * 1000 | floor) as $now | {query: $query, timeZone: "UTC",
      from: ($now - 3600000), to: ($now + 300000), byReceiptTime: true, requiresRawMessages: true}')"
    job=$(value 'search job' .id) state=''
    while [ "$state" != 'DONE GATHERING RESULTS' ]; do
      call GET "v1/search/jobs/$job"
      state=$(value 'state of the search job' .state)
      [[ $state != CANCELLED && $state != 'FORCE PAUSED' ]] || die "the search job is $state"
      [ "$state" = 'DONE GATHERING RESULTS' ] || again 'the search job did not end'
    done
    now=$(value 'count of messages' '.messageCount | tostring')
    call DELETE "v1/search/jobs/$job"
    [ "$now" = 0 ] || break
    again "Sumo Logic has no message for $query"
  done
  passed "messages found: $now"
  end_verify
}

dry_run='' products='' missing='' tolerated='' stage='' since=0 raised='' id='' integration=''
for argument; do
  case $argument in
    --dry-run) dry_run=yes ;;
    sumologic | ilert | verify) products+=$argument$'\n' ;;
    *) sed -n '2,/^set /s/^# \{0,1\}//p' set-up.sh >&2 && exit 2 ;;
  esac
done
products=${products:-$'sumologic\nilert'}

need() { for name; do [ "${!name-}" ] || missing+=", $name"; done; }
for name in curl jq; do command -v "$name" >/dev/null || missing+=", the program $name"; done
[ -z "$missing" ] || die "missing or invalid: ${missing#, }" 2
auth=$(trimmed "${ILERT_WEBHOOK_AUTH:-header}") timeout=${VERIFY_TIMEOUT:-120}
if [ "$dry_run" ]; then
  [[ $products != *verify* ]] || die 'verify has no --dry-run' 2
  NOTIFY=${NOTIFY:-'{NOTIFY}'} BRIDGE_URL=${BRIDGE_URL:-'https://{BRIDGE_URL}'}
else
  [[ $products != *sumologic* ]] || need SUMOLOGIC_ACCESSID SUMOLOGIC_ACCESSKEY NOTIFY
  [[ $products != *ilert* ]] || need ILERT_API_TOKEN BRIDGE_URL ILERT_WEBHOOK_PASSWORD
  if [[ $products == *verify* ]]; then
    need SUMOLOGIC_ACCESSID SUMOLOGIC_ACCESSKEY
    if [ "${ILERT_API_TOKEN-}" ]; then need ALERT_SOURCES; else need BRIDGE_URL ILERT_WEBHOOK_PASSWORD; fi
  fi
fi
BRIDGE_URL=$(trimmed "${BRIDGE_URL-}")
[[ ${BRIDGE_URL:-http://none} =~ ^https?://[^/@?#[:space:]]+(/[^@?#[:space:]]*)?$ ]] \
  || missing+=', BRIDGE_URL with http:// or https://, without user and password'
[[ $auth == header || $auth == basic ]] || missing+=', ILERT_WEBHOOK_AUTH header or basic'
[[ $timeout =~ ^[1-9][0-9]{0,4}$ ]] || missing+=', VERIFY_TIMEOUT in seconds'
password=$(jq -rn 'env.ILERT_WEBHOOK_PASSWORD // "" | gsub("^\\s+|\\s+$"; "")')
[[ $auth == basic ]] || jq -eRs 'test("^[ -~]*\n$")' <<<"$password" >/dev/null \
  || missing+=', ILERT_WEBHOOK_PASSWORD in printable ASCII, since it is the value of a header'
[ -z "$missing" ] || die "missing or invalid: ${missing#, }" 2

work=$(mktemp -d)
trap '(end_verify) || true; rm -rf "$work"' EXIT
[ ! "$dry_run" ] || password='***'
for product in $products; do "$product"; done
