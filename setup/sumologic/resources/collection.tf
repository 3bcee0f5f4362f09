resource "sumologic_collector" "ilert" {
  name        = var.collector_name
  description = "iLert's alert events, from ilert-sumologic-bridge"
  timezone    = "Etc/UTC"
}

# its URL is SUMOLOGIC_URL of the bridge
resource "sumologic_http_source" "ilert" {
  collector_id                 = sumologic_collector.ilert.id
  name                         = "ilert-sumologic-bridge"
  description                  = "One event per line"
  category                     = var.default_scope_value
  timezone                     = "Etc/UTC"
  message_per_request          = false
  multiline_processing_enabled = false
  use_autoline_matching        = false
  automatic_date_parsing       = var.event_timestamps

  # Sumo Logic reads at most milliseconds and events have nanoseconds, so the locator ends after the milliseconds
  default_date_formats {
    format  = "yyyy-MM-dd'T'HH:mm:ss.SSS"
    locator = "\"timestamp\":\"(\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{1,3})"
  }

  default_date_formats {
    format  = "yyyy-MM-dd'T'HH:mm:ss"
    locator = "\"timestamp\":\"(\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2})Z"
  }
}

# the bridge sends these fields with each batch; Sumo Logic drops fields that are not defined
resource "sumologic_field" "group" {
  count      = var.create_fields ? 1 : 0
  field_name = "group"
  state      = "Enabled"

  # Sumo Logic sets it, and a change would replace the field
  lifecycle {
    ignore_changes = [data_type]
  }
}

resource "sumologic_field" "lane" {
  count      = var.create_fields ? 1 : 0
  field_name = "lane"
  state      = "Enabled"

  # Sumo Logic sets it, and a change would replace the field
  lifecycle {
    ignore_changes = [data_type]
  }
}

# for searches by these fields without a json operator, such as: _sourceCategory=webhook/ilert priority=HIGH
resource "sumologic_field_extraction_rule" "events" {
  name  = "iLert events"
  scope = "_sourceCategory=${var.default_scope_value}"
  parse_expression = trimspace(<<-EOT
    json field=_raw "id" as alertId nodrop
    | json field=_raw "alertSource.name" as alertSource nodrop
    | json field=_raw "eventType" as eventType nodrop
    | json field=_raw "status" as status nodrop
    | json field=_raw "priority" as priority nodrop
  EOT
  )
  enabled = true
}
