locals {
  recipients = sort([for address in var.notification_recipients : trimspace(address)])

  # The events of the monitors' own pages come back through the bridge
  not_paged = "| where isBlank(alertSource) or !(alertSource = \"${var.ilert_paging_source}\")"
}

resource "sumologic_monitor" "no_events" {
  name         = "iLert - No Events"
  description  = "No event has arrived from iLert for ${var.no_events_for}. Either there were no alerts, or iLert cannot reach the bridge: press Test on iLert's alert action."
  type         = "MonitorsLibraryMonitor"
  content_type = "Monitor"
  monitor_type = "Logs"
  parent_id    = sumologic_monitor_folder.integration_folder.id

  queries {
    row_id = "A"
    query = trimspace(<<-EOT
      ${var.scope_key}=${var.default_scope_value}
      | json "alertSource.name" as alertSource nodrop
      ${local.not_paged}
    EOT
    )
  }

  trigger_conditions {
    logs_missing_data_condition {
      time_range = var.no_events_for
    }
  }

  notifications {
    notification {
      connection_type = "Email"
      recipients      = local.recipients
      subject         = "{{Name}}: {{TriggerType}}"
      message_body    = "{{Description}} {{AlertResponseUrl}}"
      time_zone       = "Etc/UTC"
    }
    run_for_trigger_types = ["MissingData", "ResolvedMissingData"]
  }

  dynamic "notifications" {
    for_each = sumologic_connection.ilert[*].id

    content {
      notification {
        connection_type = "Webhook"
        connection_id   = notifications.value
      }
      run_for_trigger_types = ["MissingData", "ResolvedMissingData"]
    }
  }
}

resource "sumologic_monitor" "bridge_silent" {
  name         = "iLert - Bridge Silent"
  description  = "No bridge has reported for 15 minutes. No bridge runs, or none can reach Sumo Logic and its events are pending: check the bridge's health and log."
  type         = "MonitorsLibraryMonitor"
  content_type = "Monitor"
  monitor_type = "Logs"
  parent_id    = sumologic_monitor_folder.integration_folder.id

  queries {
    row_id = "A"
    query  = "_sourceCategory=${var.report_category}"
  }

  trigger_conditions {
    logs_missing_data_condition {
      time_range = "15m"
    }
  }

  notifications {
    notification {
      connection_type = "Email"
      recipients      = local.recipients
      subject         = "{{Name}}: {{TriggerType}}"
      message_body    = "{{Description}} {{AlertResponseUrl}}"
      time_zone       = "Etc/UTC"
    }
    run_for_trigger_types = ["MissingData", "ResolvedMissingData"]
  }

  dynamic "notifications" {
    for_each = sumologic_connection.ilert[*].id

    content {
      notification {
        connection_type = "Webhook"
        connection_id   = notifications.value
      }
      run_for_trigger_types = ["MissingData", "ResolvedMissingData"]
    }
  }
}

resource "sumologic_monitor" "dead_letters" {
  name         = "iLert - Dead Letters"
  description  = "The bridge has new dead letters: events that Sumo Logic rejected, that it could not read, or that a route failed on. List them at /dead-letters on the bridge's management port, fix the cause, replay them."
  type         = "MonitorsLibraryMonitor"
  content_type = "Monitor"
  monitor_type = "Logs"
  parent_id    = sumologic_monitor_folder.integration_folder.id

  queries {
    row_id = "A"
    query = trimspace(<<-EOT
      _sourceCategory=${var.report_category}
      | json "report", "deadLetters" as report, deadLetters nodrop
      | where report = "bridge"
      | sum(deadLetters) as deadLetters
    EOT
    )
  }

  trigger_conditions {
    logs_static_condition {
      field = "deadLetters"
      critical {
        time_range = "15m"
        alert {
          threshold      = 1
          threshold_type = "GreaterThanOrEqual"
        }
        resolution {
          threshold      = 1
          threshold_type = "LessThan"
        }
      }
    }
  }

  notifications {
    notification {
      connection_type = "Email"
      recipients      = local.recipients
      subject         = "{{Name}}: {{TriggerType}}"
      message_body    = "{{Description}} {{AlertResponseUrl}}"
      time_zone       = "Etc/UTC"
    }
    run_for_trigger_types = ["Critical", "ResolvedCritical"]
  }

  dynamic "notifications" {
    for_each = sumologic_connection.ilert[*].id

    content {
      notification {
        connection_type = "Webhook"
        connection_id   = notifications.value
      }
      run_for_trigger_types = ["Critical", "ResolvedCritical"]
    }
  }
}

resource "sumologic_monitor" "ingest_budget_exceeded" {
  name         = "iLert - Ingest Budget Exceeded"
  description  = "An ingest budget of the account is exceeded and drops data. Sumo Logic answers 200 to what it drops, so the bridge does not send it again. If the budget's scope has the source category of the events, raise its capacity or change its action."
  type         = "MonitorsLibraryMonitor"
  content_type = "Monitor"
  monitor_type = "Logs"
  parent_id    = sumologic_monitor_folder.integration_folder.id

  # see https://www.sumologic.com/help/docs/manage/ingestion-volume/ingest-budgets/daily-volume/#audit-ingest-budgets
  queries {
    row_id = "A"
    query  = "_index=sumologic_audit _sourceName=VOLUME_QUOTA _sourceCategory=account_management \"Budget\" \"last reset\" \"Usage status: Exceeded\" \"drop_data\""
  }

  trigger_conditions {
    logs_static_condition {
      critical {
        time_range = "1h"
        alert {
          threshold      = 1
          threshold_type = "GreaterThanOrEqual"
        }
        resolution {
          threshold      = 1
          threshold_type = "LessThan"
        }
      }
    }
  }

  notifications {
    notification {
      connection_type = "Email"
      recipients      = local.recipients
      subject         = "{{Name}}: {{TriggerType}}"
      message_body    = "{{Description}} {{AlertResponseUrl}}"
      time_zone       = "Etc/UTC"
    }
    run_for_trigger_types = ["Critical", "ResolvedCritical"]
  }

  dynamic "notifications" {
    for_each = sumologic_connection.ilert[*].id

    content {
      notification {
        connection_type = "Webhook"
        connection_id   = notifications.value
      }
      run_for_trigger_types = ["Critical", "ResolvedCritical"]
    }
  }
}

resource "sumologic_monitor" "high_priority_alert_pending" {
  name         = "iLert - High-Priority Alert Pending"
  description  = "An alert of high priority has not been accepted for over ${var.pending_minutes} minutes. Check who is on call in iLert."
  type         = "MonitorsLibraryMonitor"
  content_type = "Monitor"
  monitor_type = "Logs"
  parent_id    = sumologic_monitor_folder.integration_folder.id

  queries {
    row_id = "A"
    query = trimspace(<<-EOT
      ${var.scope_key}=${var.default_scope_value}
      | json "id", "eventType", "summary", "status", "priority", "mergeState", "alertSource.name" as alertId, eventType, summary, status, priority, mergeState, alertSource nodrop
      | where !isBlank(alertId) and !(eventType matches "incident-*")
      ${local.not_paged}
      | if(isBlank(summary), "none", summary) as summary
      | if(isBlank(status), "none", status) as status
      | if(isBlank(priority), "none", priority) as priority
      | if(isBlank(mergeState), "NONE", mergeState) as mergeState
      | withtime summary
      | withtime status
      | withtime priority
      | withtime mergeState
      | most_recent(summary_withtime) as summary, most_recent(status_withtime) as status, most_recent(priority_withtime) as priority, most_recent(mergeState_withtime) as mergeState, min(_messagetime) as since by alertId
      | where priority = "HIGH" and status in ("PENDING", "NEW") and !(mergeState = "MERGED") and now() - since > ${var.pending_minutes} * 60000
    EOT
    )
  }

  trigger_conditions {
    logs_static_condition {
      critical {
        time_range = "6h"
        alert {
          threshold      = 1
          threshold_type = "GreaterThanOrEqual"
        }
        resolution {
          threshold      = 1
          threshold_type = "LessThan"
        }
      }
    }
  }

  group_notifications       = true
  notification_group_fields = ["alertId"]

  notifications {
    notification {
      connection_type = "Email"
      recipients      = local.recipients
      subject         = "{{Name}}: {{TriggerType}}"
      message_body    = "{{Description}} {{ResultsJson}} {{AlertResponseUrl}}"
      time_zone       = "Etc/UTC"
    }
    run_for_trigger_types = ["Critical", "ResolvedCritical"]
  }

  dynamic "notifications" {
    for_each = sumologic_connection.ilert[*].id

    content {
      notification {
        connection_type = "Webhook"
        connection_id   = notifications.value
      }
      run_for_trigger_types = ["Critical", "ResolvedCritical"]
    }
  }
}
