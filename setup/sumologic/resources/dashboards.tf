locals {
  # A missing value becomes "none", which the filter * matches. A merged alert may never be resolved, so it has the status
  # MERGED. Labels become text such as team:shop,region:eu
  events = trimspace(<<-EOT
    ${var.scope_key}={{${var.scope_key_variable_display_name}}}
    | json "eventId", "id", "summary", "status", "eventType", "priority", "severity", "labels", "mergeState", "alertSource.name", "assignedTo.username", "responders[*].user.username" as eventId, alertId, summary, status, eventType, priority, severity, labels, mergeState, alertSource, assignedTo, responders nodrop
    | where !isBlank(alertId)
    | if(isBlank(status), "none", status) as status
    | if(isBlank(mergeState), "NONE", mergeState) as mergeState
    | if(mergeState = "MERGED" and !(status = "RESOLVED"), "MERGED", status) as status
    | if(isBlank(eventType), "none", eventType) as eventType
    | if(isBlank(priority), "none", priority) as priority
    | if(isBlank(severity), "none", severity) as severity
    | if(isBlank(alertSource), "none", alertSource) as alertSource
    | replace(replace(replace(labels, "{", ""), "}", ""), "\"", "") as labels
    | if(isBlank(labels), "none", labels) as labels
  EOT
  )

  filters = "| where alertId matches \"{{alertId}}\" and alertSource matches \"{{alertSource}}\" and eventType matches \"{{eventType}}\" and status matches \"{{status}}\" and priority matches \"{{priority}}\" and severity matches \"{{severity}}\" and labels matches \"{{labels}}\""

  # An event may be delivered twice. Events of older accounts have no ID, so their text identifies them
  unique_events = trimspace(<<-EOT
    ${local.events}
    | if(isBlank(eventId), _raw, eventId) as event
    | dedup 1 by event
    ${local.filters}
  EOT
  )

  # The id of an incident's event is not an alert's
  alert_events = trimspace(<<-EOT
    ${local.events}
    | where !(eventType matches "incident-*")
  EOT
  )

  # The latest event of each alert, which holds its present state
  alerts = trimspace(<<-EOT
    ${local.alert_events}
    | dedup 1 by alertId
    ${local.filters}
  EOT
  )

  # The latest event of each incident
  incidents = trimspace(<<-EOT
    ${local.events}
    | where eventType matches "incident-*"
    | dedup 1 by alertId
    ${local.filters}
  EOT
  )

  # Responders as text such as kim,lee; accounts without responders have assignedTo, which is deprecated
  responders = trimspace(<<-EOT
    | replace(replace(replace(responders, "[", ""), "]", ""), "\"", "") as responders
    | if(isBlank(responders), assignedTo, responders) as responders
    | if(isBlank(responders), "nobody", responders) as responders
  EOT
  )

  # With Kafka, all bridges report the same lanes and dead letters
  reports = trimspace(<<-EOT
    _sourceCategory=${var.report_category}
    | json "bridge", "store", "report", "lane" as bridge, store, report, lane nodrop
    | if(store = "kafka", "kafka", bridge) as location
  EOT
  )

  single_value = jsonencode({
    title   = { fontSize = 14 }
    general = { type = "svp", displayType = "default", mode = "singleValueMetrics", noDataMessage = "0" }
    svp     = { option = "Latest", rounding = 2, valueFontSize = 24, labelFontSize = 14, hideLabel = true }
  })
  # without a text for "no data": a bridge that does not report may have pending events
  current_value = jsonencode({
    title   = { fontSize = 14 }
    general = { type = "svp", displayType = "default", mode = "singleValueMetrics" }
    svp     = { option = "Latest", rounding = 2, valueFontSize = 24, labelFontSize = 14, hideLabel = true }
  })
  pie = jsonencode({
    title   = { fontSize = 14 }
    general = { type = "pie", displayType = "default", mode = "distribution", fillOpacity = 1, startAngle = 270, innerRadius = "30%", maxNumOfSlices = 10 }
    legend  = { enabled = true, verticalAlign = "right", fontSize = 12, maxHeight = 50, showAsTable = true, wrap = true }
  })
  bars = jsonencode({
    title   = { fontSize = 14 }
    general = { type = "bar", displayType = "default", mode = "distribution", fillOpacity = 1 }
    legend  = { enabled = false }
  })
  columns = jsonencode({
    title   = { fontSize = 14 }
    general = { type = "column", displayType = "stacked", mode = "timeSeries", fillOpacity = 1 }
    legend  = { enabled = true, verticalAlign = "right", fontSize = 12, maxHeight = 50, showAsTable = true, wrap = true }
  })
  lines = jsonencode({
    title   = { fontSize = 14 }
    general = { type = "line", displayType = "default", mode = "timeSeries", lineThickness = 1, markerType = "none", lineDashType = "solid" }
    legend  = { enabled = true, verticalAlign = "right", fontSize = 12, maxHeight = 50, showAsTable = true, wrap = true }
  })
  table = jsonencode({
    title   = { fontSize = 14 }
    general = { type = "table", displayType = "default", mode = "distribution", fontSize = 12 }
  })
}

resource "sumologic_dashboard" "overview" {
  title            = "iLert - Overview"
  description      = "iLert's alerts and events. Panels of alerts and their filters use the latest event of each alert; panels of events use every event, also those of incidents. An incident's id is in alertId."
  folder_id        = sumologic_folder.integration_folder.id
  refresh_interval = 300
  theme            = "Light"

  time_range {
    begin_bounded_time_range {
      from {
        relative_time_range {
          relative_time = "-1w"
        }
      }
    }
  }

  variable {
    name               = var.scope_key_variable_display_name
    display_name       = var.scope_key_variable_display_name
    default_value      = var.default_scope_value
    include_all_option = true
    allow_multi_select = false

    source_definition {
      csv_variable_source_definition {
        values = var.default_scope_value
      }
    }
  }

  variable {
    name               = "alertId"
    display_name       = "alertId"
    default_value      = "*"
    include_all_option = true
    allow_multi_select = false

    source_definition {
      log_query_variable_source_definition {
        field = "alertId"
        query = trimspace(<<-EOT
          ${local.alert_events}
          | count by alertId
        EOT
        )
      }
    }
  }

  variable {
    name               = "alertSource"
    display_name       = "alertSource"
    default_value      = "*"
    include_all_option = true
    allow_multi_select = false

    source_definition {
      log_query_variable_source_definition {
        field = "alertSource"
        query = trimspace(<<-EOT
          ${local.events}
          | count by alertSource
        EOT
        )
      }
    }
  }

  variable {
    name               = "eventType"
    display_name       = "eventType"
    default_value      = "*"
    include_all_option = true
    allow_multi_select = false

    source_definition {
      log_query_variable_source_definition {
        field = "eventType"
        query = trimspace(<<-EOT
          ${local.events}
          | count by eventType
        EOT
        )
      }
    }
  }

  variable {
    name               = "status"
    display_name       = "status"
    default_value      = "*"
    include_all_option = true
    allow_multi_select = false

    source_definition {
      log_query_variable_source_definition {
        field = "status"
        query = trimspace(<<-EOT
          ${local.events}
          | count by status
        EOT
        )
      }
    }
  }

  variable {
    name               = "priority"
    display_name       = "priority"
    default_value      = "*"
    include_all_option = true
    allow_multi_select = false

    source_definition {
      log_query_variable_source_definition {
        field = "priority"
        query = trimspace(<<-EOT
          ${local.events}
          | count by priority
        EOT
        )
      }
    }
  }

  variable {
    name               = "severity"
    display_name       = "severity"
    default_value      = "*"
    include_all_option = true
    allow_multi_select = false

    source_definition {
      log_query_variable_source_definition {
        field = "severity"
        query = trimspace(<<-EOT
          ${local.events}
          | count by severity
        EOT
        )
      }
    }
  }

  variable {
    name               = "labels"
    display_name       = "labels"
    default_value      = "*"
    include_all_option = true
    allow_multi_select = false

    source_definition {
      log_query_variable_source_definition {
        field = "labels"
        query = trimspace(<<-EOT
          ${local.events}
          | count by labels
        EOT
        )
      }
    }
  }

  layout {
    grid {
      layout_structure {
        key       = "unique-alerts"
        structure = jsonencode({ x = 0, y = 0, width = 4, height = 5 })
      }

      layout_structure {
        key       = "high-priority-alerts"
        structure = jsonencode({ x = 4, y = 0, width = 4, height = 5 })
      }

      layout_structure {
        key       = "pending-alerts"
        structure = jsonencode({ x = 8, y = 0, width = 4, height = 5 })
      }

      layout_structure {
        key       = "merged-alerts"
        structure = jsonencode({ x = 12, y = 0, width = 4, height = 5 })
      }

      layout_structure {
        key       = "resolved-alerts"
        structure = jsonencode({ x = 16, y = 0, width = 4, height = 5 })
      }

      layout_structure {
        key       = "open-incidents"
        structure = jsonencode({ x = 20, y = 0, width = 4, height = 5 })
      }

      layout_structure {
        key       = "alerts-by-status"
        structure = jsonencode({ x = 0, y = 5, width = 6, height = 8 })
      }

      layout_structure {
        key       = "alerts-by-priority"
        structure = jsonencode({ x = 6, y = 5, width = 6, height = 8 })
      }

      layout_structure {
        key       = "alerts-by-severity"
        structure = jsonencode({ x = 12, y = 5, width = 6, height = 8 })
      }

      layout_structure {
        key       = "alerts-by-source"
        structure = jsonencode({ x = 18, y = 5, width = 6, height = 8 })
      }

      layout_structure {
        key       = "events-by-type"
        structure = jsonencode({ x = 0, y = 13, width = 8, height = 8 })
      }

      layout_structure {
        key       = "event-type-trend"
        structure = jsonencode({ x = 8, y = 13, width = 16, height = 8 })
      }

      layout_structure {
        key       = "top-active-responders"
        structure = jsonencode({ x = 0, y = 21, width = 8, height = 8 })
      }

      layout_structure {
        key       = "source-trend"
        structure = jsonencode({ x = 8, y = 21, width = 16, height = 8 })
      }

      layout_structure {
        key       = "recent-alerts"
        structure = jsonencode({ x = 0, y = 29, width = 24, height = 12 })
      }

      layout_structure {
        key       = "recent-incidents"
        structure = jsonencode({ x = 0, y = 41, width = 24, height = 8 })
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "unique-alerts"
      title           = "Unique Alerts"
      description     = "Alerts with an event in the time range"
      visual_settings = local.single_value

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.alert_events}
          ${local.filters}
          | dedup 1 by alertId
          | count as alerts
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "high-priority-alerts"
      title           = "High-Priority Alerts"
      description     = "Alerts whose priority is HIGH now"
      visual_settings = local.single_value

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.alerts}
          | where priority = "HIGH"
          | count as alerts
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "pending-alerts"
      title           = "Pending Alerts"
      description     = "Alerts with the status PENDING or NEW now, without merged ones"
      visual_settings = local.single_value

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.alerts}
          | where status in ("PENDING", "NEW")
          | count as alerts
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "merged-alerts"
      title           = "Merged Alerts"
      description     = "Alerts that were merged into another one, and are not resolved"
      visual_settings = local.single_value

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.alerts}
          | where status = "MERGED"
          | count as alerts
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "resolved-alerts"
      title           = "Resolved Alerts"
      visual_settings = local.single_value

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.alerts}
          | where status = "RESOLVED"
          | count as alerts
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "open-incidents"
      title           = "Open Incidents"
      description     = "Incidents that are not resolved now"
      visual_settings = local.single_value

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.incidents}
          | where !(status = "RESOLVED")
          | count as incidents
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "alerts-by-status"
      title           = "Alerts by Status"
      visual_settings = local.pie

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.alerts}
          | count as alerts by status
          | sort by alerts desc, status asc
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "alerts-by-priority"
      title           = "Alerts by Priority"
      visual_settings = local.pie

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.alerts}
          | count as alerts by priority
          | sort by alerts desc, priority asc
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "alerts-by-severity"
      title           = "Alerts by Severity"
      description     = "1 to 5; none for accounts without severities"
      visual_settings = local.pie

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.alerts}
          | count as alerts by severity
          | sort by alerts desc, severity asc
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "alerts-by-source"
      title           = "Alerts by Source"
      visual_settings = local.bars

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.alerts}
          | count as alerts by alertSource
          | sort by alerts desc, alertSource asc
          | limit 20
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "events-by-type"
      title           = "Events by Type"
      visual_settings = local.bars

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.unique_events}
          | count as events by eventType
          | sort by events desc, eventType asc
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "event-type-trend"
      title           = "Event Type Trend"
      description     = "Events per hour"
      visual_settings = local.columns

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.unique_events}
          | timeslice 1h
          | count as events by _timeslice, eventType
          | sort by _timeslice asc
          | transpose row _timeslice column eventType
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "top-active-responders"
      title           = "Top Active Responders"
      description     = "Responders with the most alerts"
      visual_settings = local.bars

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.alerts}
          | parse regex field=responders "\"(?<responder>[^\"]+)\"" multi
          | where !isBlank(responder)
          | count as alerts by responder
          | sort by alerts desc, responder asc
          | limit 10
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "source-trend"
      title           = "Source Trend"
      description     = "Alerts with an event in the hour"
      visual_settings = local.columns

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.alert_events}
          ${local.filters}
          | timeslice 1h
          | count_distinct(alertId) as alerts by _timeslice, alertSource
          | sort by _timeslice asc
          | transpose row _timeslice column alertSource
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "recent-alerts"
      title           = "Recent Alerts"
      description     = "The alerts with the latest events"
      visual_settings = local.table

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.alerts}
          | formatDate(_messagetime, "yyyy-MM-dd HH:mm:ss") as time
          | if(isBlank(summary), "none", summary) as summary
          ${local.responders}
          | count by time, alertId, priority, severity, status, alertSource, summary, responders, labels, eventType
          | fields - _count
          | sort by time desc, alertId desc
          | limit 50
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "recent-incidents"
      title           = "Recent Incidents"
      description     = "The incidents with the latest events"
      visual_settings = local.table

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.incidents}
          | formatDate(_messagetime, "yyyy-MM-dd HH:mm:ss") as time
          | if(isBlank(summary), "none", summary) as summary
          | count by time, alertId, status, priority, severity, summary, eventType
          | fields - _count
          | sort by time desc, alertId desc
          | limit 20
        EOT
        )
      }
    }
  }
}

resource "sumologic_dashboard" "bridge" {
  title            = "iLert - Bridge"
  description      = "How ilert-sumologic-bridge delivers iLert's events, from its self-reports."
  folder_id        = sumologic_folder.integration_folder.id
  refresh_interval = 300
  theme            = "Light"

  time_range {
    begin_bounded_time_range {
      from {
        relative_time_range {
          relative_time = "-1d"
        }
      }
    }
  }

  layout {
    grid {
      layout_structure {
        key       = "delivered-events"
        structure = jsonencode({ x = 0, y = 0, width = 6, height = 5 })
      }

      layout_structure {
        key       = "pending-events"
        structure = jsonencode({ x = 6, y = 0, width = 6, height = 5 })
      }

      layout_structure {
        key       = "oldest-pending-event"
        structure = jsonencode({ x = 12, y = 0, width = 6, height = 5 })
      }

      layout_structure {
        key       = "dead-letters-kept"
        structure = jsonencode({ x = 18, y = 0, width = 6, height = 5 })
      }

      layout_structure {
        key       = "delivered"
        structure = jsonencode({ x = 0, y = 5, width = 12, height = 8 })
      }

      layout_structure {
        key       = "calls"
        structure = jsonencode({ x = 12, y = 5, width = 12, height = 8 })
      }

      layout_structure {
        key       = "lag"
        structure = jsonencode({ x = 0, y = 13, width = 12, height = 8 })
      }

      layout_structure {
        key       = "pending"
        structure = jsonencode({ x = 12, y = 13, width = 12, height = 8 })
      }

      layout_structure {
        key       = "delivery-time"
        structure = jsonencode({ x = 0, y = 21, width = 12, height = 8 })
      }

      layout_structure {
        key       = "failures"
        structure = jsonencode({ x = 12, y = 21, width = 12, height = 8 })
      }

      layout_structure {
        key       = "dead-letters"
        structure = jsonencode({ x = 0, y = 29, width = 12, height = 8 })
      }

      layout_structure {
        key       = "bridges"
        structure = jsonencode({ x = 12, y = 29, width = 12, height = 8 })
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "delivered-events"
      title           = "Delivered Events"
      visual_settings = local.single_value

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.reports}
          | json "deliveredEvents" as deliveredEvents nodrop
          | where report = "lane"
          | sum(deliveredEvents) as events
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "pending-events"
      title           = "Pending Events"
      description     = "In all lanes, from the last reports within 15 minutes"
      visual_settings = local.current_value

      time_range {
        begin_bounded_time_range {
          from {
            relative_time_range {
              relative_time = "-15m"
            }
          }
        }
      }

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.reports}
          | json "pendingEvents" as pendingEvents nodrop
          | where report = "lane"
          | dedup 1 by location, lane
          | sum(pendingEvents) as events
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "oldest-pending-event"
      title           = "Oldest Pending Event"
      description     = "Age in seconds, from the last reports within 15 minutes"
      visual_settings = local.current_value

      time_range {
        begin_bounded_time_range {
          from {
            relative_time_range {
              relative_time = "-15m"
            }
          }
        }
      }

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.reports}
          | json "oldestAgeSeconds" as oldestAgeSeconds nodrop
          | where report = "lane"
          | dedup 1 by bridge, lane
          | max(oldestAgeSeconds) as seconds
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "dead-letters-kept"
      title           = "Dead Letters Kept"
      description     = "From the last reports within 15 minutes"
      visual_settings = local.current_value

      time_range {
        begin_bounded_time_range {
          from {
            relative_time_range {
              relative_time = "-15m"
            }
          }
        }
      }

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.reports}
          | json "deadLettersKept" as deadLettersKept nodrop
          | where report = "bridge"
          | dedup 1 by location
          | sum(deadLettersKept) as deadLetters
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "delivered"
      title           = "Delivered Events by Lane"
      description     = "Every 15 minutes"
      visual_settings = local.columns

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.reports}
          | json "deliveredEvents" as deliveredEvents nodrop
          | where report = "lane"
          | timeslice 15m
          | sum(deliveredEvents) as events by _timeslice, lane
          | sort by _timeslice asc
          | transpose row _timeslice column lane
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "calls"
      title           = "Webhook Calls"
      description     = "By result, every 15 minutes"
      visual_settings = local.columns

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.reports}
          | json "accepted", "duplicate", "dropped", "unreadable", "unavailable", "throttled", "unauthorized", "tooLarge", "tooSlow", "methodNotAllowed", "routeFailed" as accepted, duplicate, dropped, unreadable, unavailable, throttled, unauthorized, tooLarge, tooSlow, methodNotAllowed, routeFailed nodrop
          | where report = "bridge"
          | timeslice 15m
          | sum(accepted) as accepted, sum(duplicate) as duplicate, sum(dropped) as dropped, sum(unreadable) as unreadable, sum(unavailable) as unavailable, sum(throttled) as throttled, sum(unauthorized) as unauthorized, sum(tooLarge) as tooLarge, sum(tooSlow) as tooSlow, sum(methodNotAllowed) as methodNotAllowed, sum(routeFailed) as routeFailed by _timeslice
          | sort by _timeslice asc
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "lag"
      title           = "Lag by Lane"
      description     = "Age of the oldest pending event, in seconds"
      visual_settings = local.lines

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.reports}
          | json "oldestAgeSeconds" as oldestAgeSeconds nodrop
          | where report = "lane"
          | timeslice 15m
          | max(oldestAgeSeconds) as seconds by _timeslice, lane
          | sort by _timeslice asc
          | transpose row _timeslice column lane
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "pending"
      title           = "Pending Events by Bridge and Lane"
      visual_settings = local.lines

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.reports}
          | json "pendingEvents" as pendingEvents nodrop
          | where report = "lane"
          | concat(location, " ", lane) as series
          | timeslice 15m
          | max(pendingEvents) as events by _timeslice, series
          | sort by _timeslice asc
          | transpose row _timeslice column series
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "delivery-time"
      title           = "Delivery Time by Lane"
      description     = "Mean time from acceptance to delivery, in seconds"
      visual_settings = local.lines

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.reports}
          | json "deliverySeconds", "deliveredEvents" as deliverySeconds, deliveredEvents nodrop
          | where report = "lane"
          | timeslice 15m
          | sum(deliverySeconds) as seconds, sum(deliveredEvents) as events by _timeslice, lane
          | where events > 0
          | seconds / events as mean
          | fields - seconds, events
          | sort by _timeslice asc
          | transpose row _timeslice column lane
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "failures"
      title           = "Failed Requests by Lane"
      description     = "Every 15 minutes"
      visual_settings = local.columns

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.reports}
          | json "failures" as failures nodrop
          | where report = "lane"
          | timeslice 15m
          | sum(failures) as failures by _timeslice, lane
          | sort by _timeslice asc
          | transpose row _timeslice column lane
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "dead-letters"
      title           = "Dead Letters"
      description     = "New and evicted ones, every 15 minutes"
      visual_settings = local.columns

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.reports}
          | json "deadLetters", "deadLettersEvicted" as deadLetters, deadLettersEvicted nodrop
          | where report = "bridge"
          | timeslice 15m
          | sum(deadLetters) as deadLetters, sum(deadLettersEvicted) as evicted by _timeslice
          | sort by _timeslice asc
        EOT
        )
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "bridges"
      title           = "Bridges"
      description     = "Last report of each bridge"
      visual_settings = local.table

      query {
        query_key  = "A"
        query_type = "Logs"
        query_string = trimspace(<<-EOT
          ${local.reports}
          | json "deadLettersKept" as deadLettersKept nodrop
          | where report = "bridge"
          | dedup 1 by bridge
          | formatDate(_messagetime, "yyyy-MM-dd HH:mm:ss") as time
          | count by bridge, store, time, deadLettersKept
          | fields - _count
          | sort by bridge asc
        EOT
        )
      }
    }
  }
}
