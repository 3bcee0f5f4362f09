-- Distinct iLert events for wrk.
--
--   wrk … -s events.lua http://127.0.0.1:PORT/webhooks/ilert -- KIND RUN PER_SECOND PORT…
--
-- The events belong to 5,000 alerts. bulk: LOW priority, two groups, the events of an alert are 5,000 events apart. burst: the
-- same, but the four events of an alert in sequence. one-group, all-groups: LOW priority, events of one group, of all five.
-- express: HIGH priority, with the time of sending (sentMicros). PER_SECOND is the rate of all ports together, with one thread
-- each (-t); 0: no limit. Each thread sends to one port.
-- A URL with the path /v1/logs gets each event as a log record of OTLP.
-- An event ID is RUN, thread and number as a UUID, so that StandIn.java stores an event in one bit.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanos; } bench_time;
  int clock_gettime(int clock, bench_time *now);
]]

local random = math.random
local now = ffi.new("bench_time")
local headers = {
  ["Content-Type"] = "application/json",
  ["Authorization"] = "Basic aWxlcnQ6c2VjcmV0" -- ilert:secret
}
local low = { "alert-created", "alert-acknowledged", "alert-comment-added", "alert-resolved" }
local high = { "alert-created", "alert-auto-escalated" }
local kinds = {
  express = high, ["one-group"] = { "alert-created" },
  ["all-groups"] = { "alert-created", "alert-assigned", "alert-comment-added", "incident-created", "alert-other" },
}
local body = '{"id":"%d","summary":"CPU over 90%% on web-%03d.eu-central-1",'
  .. '"details":"The check ran for 5 minutes and saw %d percent on average; see the runbook for what to do next",'
  .. '"reportTime":"2025-10-17T09:%02d:%02d.829Z","status":"PENDING","eventType":"%s","priority":"%s",'
  .. '"alertKey":"c4He8Qfa5Ysk","alertSource":{"id":2269078,"name":"Production"},'
  .. '"timestamp":"2025-10-17T10:%02d:%02d.%09dZ","eventId":"%08x-%04x-4000-8000-%012x",'
  .. '"correlationId":"%08x-bd1f-49a2-%04x-%012x",'
  .. '"escalationPolicy":{"id":2256025,"name":"Default escalation"},"mergeState":"NONE"%s}'

local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local function micros()
  ffi.C.clock_gettime(0, now) -- CLOCK_REALTIME
  return tonumber(now.seconds) * 1000000 + math.floor(tonumber(now.nanos) / 1000)
end

local kind, run
local sent = 0
function init(args)
  kind, run = args[1], tonumber(args[2])
  wrk.thread.addr = wrk.lookup("127.0.0.1", args[4 + number % (#args - 3)])[1]
  if args[3] ~= "0" then
    local pause = 1000000 * (#args - 3) / tonumber(args[3])
    local turn
    -- wrk calls this before each request of any connection: each gets the next free slot
    function delay()
      local at = micros()
      turn = math.max((turn or at) + pause, at)
      return math.floor((turn - at) / 1000 + 0.5)
    end
  end
end

function request()
  sent = sent + 1
  local alert, types = sent % 5000, kinds[kind] or low
  local round = math.floor(sent / 5000)
  if kind == "burst" then
    alert, round = math.floor(sent / 4) % 5000, 0
  end
  local second = math.floor(sent / 1000) % 3600
  local event = body:format(
    12790000 + alert, alert % 1000, random(91, 99), alert % 60, alert % 59,
    types[(sent + round) % #types + 1], types == high and "HIGH" or "LOW",
    math.floor(second / 60), second % 60, random(0, 999999999), run, number, sent,
    random(0, 2 ^ 31 - 1), random(0, 65535), random(0, 2 ^ 31 - 1),
    types == high and (',"sentMicros":%d'):format(micros()) or "")
  if wrk.path == "/v1/logs" then
    event = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"' .. event:gsub('"', '\\"') .. '"}}]}]}]}'
  end
  return wrk.format("POST", nil, headers, event)
end

function done(summary, latency)
  local errors = summary.errors
  print(("bench requests=%d micros=%d p50=%d p99=%d rejected=%d broken=%d"):format(
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
