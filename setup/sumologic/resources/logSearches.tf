resource "sumologic_log_search" "alert_timeline" {
  name                = "iLert - Alert Timeline"
  description         = "All events of one alert, in their order; set alertId"
  parent_id           = sumologic_folder.integration_folder.id
  parsing_mode        = "Manual"
  run_by_receipt_time = false

  query_parameter {
    name        = var.scope_key_variable_display_name
    description = "Source category of events"
    data_type   = "ANY"
    value       = var.default_scope_value
  }

  query_parameter {
    name        = "alertId"
    description = "ID of the alert"
    data_type   = "ANY"
    value       = "*"
  }

  query_string = trimspace(<<-EOT
    ${var.scope_key}={{${var.scope_key_variable_display_name}}}
    | json "eventId", "id", "summary", "status", "eventType", "priority", "severity", "mergeState", "mergedIntoId", "assignedTo.username", "responders[*].user.username", "comment" as eventId, alertId, summary, status, eventType, priority, severity, mergeState, mergedIntoId, assignedTo, responders, comment nodrop
    | where alertId matches "{{alertId}}" and !(eventType matches "incident-*")
    | if(isBlank(eventId), _raw, eventId) as event
    | dedup 1 by event
    | formatDate(_messagetime, "yyyy-MM-dd HH:mm:ss.SSS") as time
    ${local.responders}
    | if(isBlank(status), "none", status) as status
    | if(isBlank(eventType), "none", eventType) as eventType
    | if(isBlank(priority), "none", priority) as priority
    | if(isBlank(severity), "none", severity) as severity
    | if(isBlank(mergeState), "none", mergeState) as mergeState
    | if(isBlank(mergedIntoId), "none", mergedIntoId) as mergedIntoId
    | if(isBlank(comment), "none", comment) as comment
    | if(isBlank(summary), "none", summary) as summary
    | count by time, alertId, eventType, status, priority, severity, mergeState, mergedIntoId, responders, comment, summary
    | fields - _count
    | sort by time asc, eventType asc
  EOT
  )

  time_range {
    begin_bounded_time_range {
      from {
        relative_time_range {
          relative_time = "-1w"
        }
      }
    }
  }
}

resource "sumologic_log_search" "incident_events" {
  name                = "iLert - Incident Events"
  description         = "All events of incidents, the newest first"
  parent_id           = sumologic_folder.integration_folder.id
  parsing_mode        = "Manual"
  run_by_receipt_time = false

  query_parameter {
    name        = var.scope_key_variable_display_name
    description = "Source category of events"
    data_type   = "ANY"
    value       = var.default_scope_value
  }

  query_string = trimspace(<<-EOT
    ${var.scope_key}={{${var.scope_key_variable_display_name}}}
    | json "eventId", "id", "summary", "status", "eventType" as eventId, incidentId, summary, status, eventType nodrop
    | where eventType matches "incident-*"
    | if(isBlank(eventId), _raw, eventId) as event
    | dedup 1 by event
    | formatDate(_messagetime, "yyyy-MM-dd HH:mm:ss.SSS") as time
    | if(isBlank(status), "none", status) as status
    | if(isBlank(summary), "none", summary) as summary
    | count by time, incidentId, eventType, status, summary
    | fields - _count
    | sort by time desc, eventType asc
  EOT
  )

  time_range {
    begin_bounded_time_range {
      from {
        relative_time_range {
          relative_time = "-1w"
        }
      }
    }
  }
}
