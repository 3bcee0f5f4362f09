locals {
  # The payload that iLert's integration of the type Sumo Logic reads; TriggerType separates resolutions from alerts
  payload = jsonencode({
    Name             = "{{Name}}"
    Description      = "{{Description}}"
    MonitorType      = "{{MonitorType}}"
    Query            = "{{Query}}"
    QueryURL         = "{{QueryURL}}"
    ResultsJson      = "{{ResultsJson}}"
    NumQueryResults  = "{{NumQueryResults}}"
    Id               = "{{Id}}"
    DetectionMethod  = "{{DetectionMethod}}"
    TriggerType      = "{{TriggerType}}"
    TriggerTimeRange = "{{TriggerTimeRange}}"
    TriggerTime      = "{{TriggerTime}}"
    TriggerCondition = "{{TriggerCondition}}"
    TriggerValue     = "{{TriggerValue}}"
    TriggerTimeStart = "{{TriggerTimeStart}}"
    TriggerTimeEnd   = "{{TriggerTimeEnd}}"
    SourceURL        = "{{SourceURL}}"
    SearchName       = "{{SearchName}}"
  })
}

# lets the monitors page through iLert
resource "sumologic_connection" "ilert" {
  count              = nonsensitive(var.ilert_integration_url != "") ? 1 : 0
  name               = "ilert-sumologic-bridge"
  description        = "Alert source of the type Sumo Logic in iLert"
  type               = "WebhookConnection"
  webhook_type       = "Webhook"
  url                = trimspace(var.ilert_integration_url)
  default_payload    = local.payload
  resolution_payload = local.payload
}
