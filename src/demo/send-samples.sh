#!/usr/bin/env bash
# Sends the sample events to the bridge's webhook, each with a new ID, and shows what the stand-in received.
#   send-samples.sh [URL of the bridge]     default: http://localhost:8080
set -euo pipefail
bridge=${1:-http://localhost:8080}
here=$(dirname "${BASH_SOURCE[0]}")

sent=0
ids=none
while read -r event; do
  id=$(uuidgen 2>/dev/null || cat /proc/sys/kernel/random/uuid)
  now=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
  event=$(sed -E "s/\"eventId\":\"[^\"]*\"/\"eventId\":\"$id\"/; s/\"timestamp\":\"[^\"]*\"/\"timestamp\":\"$now\"/" <<<"$event")
  type=$(sed -E 's/.*"eventType":"([^"]*)".*/\1/' <<<"$event")
  status=$(curl -s -o /dev/null -w '%{http_code}' -u ilert:demo -H 'Content-Type: application/json' \
    --data-binary "$event" "$bridge/webhooks/ilert")
  printf 'sent  %-24s answered %s\n' "$type" "$status"
  sent=$((sent + 1))
  ids="$ids|$id"
done < "$here/resources/stand-in/sample-events.ndjson"

for _ in $(seq 50); do
  messages=$(curl -sf "$bridge/stand-in/messages" | grep -E "$ids") || true
  [ "$(grep -c . <<<"$messages")" -ge "$sent" ] && break
  sleep 0.1
done
echo
echo 'received, the newest first:'
sed -nE 's/.*"took":"([^"]*)","lane":"([^"]*)","group":"([^"]*)","category":"([^"]*)".*"eventType":"([^"]*)".*/\1\t\2\t\3\t\4\t\5/p' \
  <<<"$messages" | while IFS=$'\t' read -r took lane group category type; do
  printf '%10s  %-8s %-14s %-14s %s\n' "$took" "$lane" "$group" "$category" "$type"
done
