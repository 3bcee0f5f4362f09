#!/usr/bin/env bash
# train.sh DIRECTORY EVENTS: runs the program in the directory (as in target/quarkus-app), sends it the events once, and
# writes two files there that make each later start fast, with this JVM and this directory only:
#   app.aot     the JVM's cache of loaded and linked classes and of profiles (JEP 483, 514 and 515)
#   java.args   arguments to start with: the JVM's own class loader loads all classes, since the cache holds few of those
#               that Quarkus's class loader loads
set -euo pipefail
cd "$1"
events=$2
export LC_ALL=C QUARKUS_HTTP_PORT=8080 QUARKUS_MANAGEMENT_PORT=9000

jars=(quarkus/*.jar app/*.jar lib/boot/*.jar lib/main/*.jar)
{
  # as in the manifest of quarkus-run.jar, checked by ImagesIT
  echo --add-opens=java.base/java.lang=ALL-UNNAMED
  # for SQLite
  echo --enable-native-access=ALL-UNNAMED
  (IFS=:; echo "-cp ${jars[*]/#/$PWD/}")
} > java.args

# http PORT REQUEST [BODY]: prints the status of the answer
http() {
  local status
  exec 3<>"/dev/tcp/127.0.0.1/$1"
  printf '%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' \
    "$2" "$(printf ilert:training | base64)" "${#3}" "$3" >&3
  read -r _ status _ <&3
  echo "$status"
}

# the program's own health endpoint, which answers 200 to any request, stands in for Sumo Logic
tmp=$(mktemp -d)
SUMOLOGIC_URL=http://localhost:9000/q/health/live ILERT_WEBHOOK_PASSWORD=training BRIDGE_OUTBOX_DIRECTORY=$tmp/data \
  java -XX:AOTCacheOutput=app.aot -Djava.io.tmpdir="$tmp" @java.args io.ilertsumo.bridge.start.Main &
program=$!
trap 'kill "$program" 2>/dev/null || true' EXIT
for _ in $(seq 600); do
  [ "$(http 9000 'GET /q/health/ready' '' 2>/dev/null)" = 200 ] && break
  kill -0 "$program"
  sleep 0.1
done
while read -r event; do
  [ "$(http 8080 'POST /webhooks/ilert' "$event")" = 202 ]
done < "$events"
http 9000 'GET /q/metrics' ''
# bulk events linger for a second
sleep 2
kill "$program"
wait "$program" || [ $? -eq 143 ]
rm -r "$tmp"

java -XX:AOTMode=on -XX:AOTCache=app.aot -XX:+UseSerialGC @java.args -version
