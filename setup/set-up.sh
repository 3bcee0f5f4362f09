#!/usr/bin/env bash
# Sets up Sumo Logic and iLert for the bridge through their REST APIs: the same objects as the Terraform in sumologic/ and
# ilert/. Objects that exist by name are updated, so it can run again.
#   setup/set-up.sh [--dry-run] [sumologic|ilert]     default: both
# Prints SUMOLOGIC_URL=… for the bridge as the last line of stdout, and progress to stderr.
# --dry-run prints the calls of a first run and makes none. It needs no settings.
# Requires curl 7.75 or newer and jq 1.6 or newer.
#
# Environment variables for sumologic:
#   SUMOLOGIC_ACCESSID, SUMOLOGIC_ACCESSKEY     access key with the rights to manage these objects
#   SUMOLOGIC_ENVIRONMENT                       us1, us2, eu, au, de, jp, ca, in, fed, kr …; default: us2
#   SUMOLOGIC_BASE_URL                          overrides the environment: https://api.eu.sumologic.com/api/
#   NOTIFY                                      e-mail addresses for the monitors, separated by commas
# For ilert:
#   ILERT_API_TOKEN                             API key, without "Bearer"
#   ILERT_ENDPOINT                              default: https://api.ilert.com
#   BRIDGE_URL                                  URL of the bridge for iLert: https://bridge.example.com
#   ILERT_WEBHOOK_USERNAME                      the same as for the bridge; default: ilert
#   ILERT_WEBHOOK_PASSWORD                      the same as for the bridge
#   ALERT_SOURCES                               names of alert sources, separated by commas; default: all
# An update of the alert action removes conditions and teams that were added by hand.
set -euo pipefail
set -f
IFS=$'\n' # lists have one element per line
cd "$(dirname "${BASH_SOURCE[0]}")"

log() { [ "$dry_run" ] || printf '%s\n' "$1" >&2; }

# die MESSAGE [STATUS]: masks secrets, since an API may repeat a request in its message.
die() {
  local text=$1 secret
  for secret in "${SUMOLOGIC_ACCESSID-}" "${SUMOLOGIC_ACCESSKEY-}" "${ILERT_API_TOKEN-}" "${ILERT_WEBHOOK_PASSWORD-}" \
    "${password-}"; do
    secret=${secret//[$'\r\n']/}
    [ -z "$secret" ] || text=${text//"$secret"/***}
  done
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
# passed to curl by files.
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
  result=$(printf '%s' "$body" | curl --silent --request "$method" --connect-timeout 10 --max-time 60 --retry "$retries" \
    --retry-max-time 180 --output "$work/answer" --dump-header "$work/headers" --header 'Accept: application/json' \
    --write-out '%{http_code} %{redirect_url}%{errormsg}' --config <(printf '%s\n' "$credentials" "$input" \
      'header = "Content-Type: application/json"' ${etag:+"header = $(quoted "If-Match: $etag")"}) "$url") || true
  answer=$(<"$work/answer")
  case $result in
    '2'??' ') [[ $answer =~ ^([[:space:]]*[[{]|$) ]] || die "$method $url: the answer is not JSON" ;;
    [45]*)
      message=$(jq -r '[(.errors // [.])[] | [.code, .message, .detail, .details] | map(strings) | join(": ")]
        | join("; ") | gsub("\\s+"; " ")' <<<"$answer" 2>/dev/null) || message='without a message'
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
within='def within($there): . as $wanted | if type != ($there | type) then false
  elif type == "object" then all(keys[]; . as $key | $wanted[$key] | within($there[$key]))
  elif type == "array" then
    if all(.[]; type != "object" or has("id")) then [sort_by(.id? // .), ($there | sort_by(.id? // .))] else [., $there] end
    | .[0] as $wanted | .[1] as $there | ($wanted | length) == ($there | length)
    and all(range($wanted | length); . as $i | $wanted[$i] | within($there[$i]))
  else . == $there end;'

# ensure KIND PATH [UPDATE]: creates each of $wanted, or updates the one of the same name in $listed if it differs, with
# the body that UPDATE makes of $wanted and $there. Sets $answer to the API's last object.
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
    call GET "$path"
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

sumologic() {
  local collector url folder fields field state id name versioned
  api=${SUMOLOGIC_BASE_URL:-https://api.${SUMOLOGIC_ENVIRONMENT:-us2}.sumologic.com/api}
  api=${api%/} api=${api/api.us1./api.}
  credentials="user = $(quoted "${SUMOLOGIC_ACCESSID-}:${SUMOLOGIC_ACCESSKEY-}")"

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
    | ($there[] | select(.fieldName == $field.fieldName)) // {} | "\(.fieldId) \(.state) \($field.fieldName)"')
  for field in $fields; do
    IFS=' ' read -r id state name <<<"$field"
    if [ "$id" = null ]; then
      call POST v1/fields "{\"fieldName\":\"$name\"}"
      log "created field $name"
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

  list v2/content/folders/personal '.children[]? | select(.itemType == "Folder") | {name, id}'
  folder=$(value 'personal folder' .id)
  want --arg folder "$folder" '.folder + {parentId: $folder}'
  ensure folder v2/content/folders '$wanted | del(.parentId)'
  folder=$(value folder .id)
  want --arg folder "$folder" '.dashboards[] + {folderId: $folder}'
  list 'v2/dashboards?limit=100&mode=allViewableByUser' \
    ".dashboards[]? | select(.folderId == \"$folder\") | {name: .title, id}"
  ensure dashboard v2/dashboards

  # an update in the monitors' library has a type of its own and needs the version
  versioned='$wanted + {type: ($wanted.type + "Update"), version: $there.version}'
  list v1/monitors/root '.children[]? | select(.contentType == "Folder") | {name, id}'
  folder=$(value 'root folder' .id)
  want .monitorFolder
  ensure 'monitor folder' "v1/monitors?parentId=$folder" "$versioned"
  folder=$(value 'monitor folder' .id)
  list "v1/monitors/$folder" '.children[]? | select(.contentType == "Monitor") | {name, id}'
  want --argjson notify "$(names "$NOTIFY")" '.monitors[]
    | (.notifications[]?.notification | select(.connectionType == "Email")).recipients = $notify'
  ensure monitor "v1/monitors?parentId=$folder" "$versioned"

  [ "$dry_run" ] || printf 'SUMOLOGIC_URL=%s\n' "$url"
}

ilert() {
  local names unknown sources
  api=${ILERT_ENDPOINT:-https://api.ilert.com}
  api=${api%/}/api
  credentials="header = $(quoted "Authorization: Bearer ${ILERT_API_TOKEN-}")"

  names=$(names "${ALERT_SOURCES-}")
  list 'alert-sources?max-results=50' '.[]? | {name, id}' start-index 50
  if [ "$dry_run" ]; then
    listed=$(jq -c '(select(. != []) // ["alert source"])[] | {name: ., id: "{\(.)}"}' <<<"$names")
  fi
  unknown=$(jq -rs --argjson names "$names" '($names - map(.name)) as $unknown | select($unknown != [])
    | "iLert has no alert source \($unknown | join(", ")); it has: \(map(.name) | join(", "))"' <<<"$listed")
  [ -z "$unknown" ] || die "$unknown"
  sources=$(jq -cs --argjson names "$names" 'map(select($names == [] or [.name] - $names == []) | {id})' <<<"$listed")
  [ "$sources" != '[]' ] || die 'iLert has no alert source yet, and an alert action belongs to at least one'

  password=$password want --argjson sources "$sources" --arg user "${ILERT_WEBHOOK_USERNAME:-ilert}" \
    --arg scheme "${BRIDGE_URL%%://*}" --arg host "${BRIDGE_URL#*://}" '.alertAction | .alertSources = $sources
    | .params.webhookUrl = "\($scheme)://\($user | @uri):\(env.password)@\($host | rtrimstr("/"))/webhooks/ilert"'
  list 'alert-actions?max-results=100' '.[]? | {name, id}' start-index 100
  ensure 'alert action' alert-actions
}

dry_run='' products='' missing=''
for argument; do
  case $argument in
    --dry-run) dry_run=yes ;;
    sumologic | ilert) products+=$argument$'\n' ;;
    *) sed -n '2,/^set /s/^# \{0,1\}//p' set-up.sh >&2 && exit 2 ;;
  esac
done
products=${products:-$'sumologic\nilert'}

need() { for name; do [ "${!name-}" ] || missing+=", $name"; done; }
if [ "$dry_run" ]; then
  NOTIFY=${NOTIFY:-'{NOTIFY}'} BRIDGE_URL=${BRIDGE_URL:-'https://{BRIDGE_URL}'}
else
  [[ $products != *sumologic* ]] || need SUMOLOGIC_ACCESSID SUMOLOGIC_ACCESSKEY NOTIFY
  [[ $products != *ilert* ]] || need ILERT_API_TOKEN BRIDGE_URL ILERT_WEBHOOK_PASSWORD
fi
[[ ${BRIDGE_URL:-http://none} =~ ^https?://[^/@]+(/[^@]*)?$ ]] || missing+=', BRIDGE_URL with http:// or https://'
for name in curl jq; do command -v "$name" >/dev/null || missing+=", the program $name"; done
[ -z "$missing" ] || die "missing: ${missing#, }" 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
password='***'
[ "$dry_run" ] || password=$(jq -rn 'env.ILERT_WEBHOOK_PASSWORD // "" | @uri')
for product in $products; do "$product"; done
