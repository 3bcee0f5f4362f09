output "sumologic_url" {
  description = "SUMOLOGIC_URL for the bridge"
  value       = sumologic_http_source.ilert.url
  sensitive   = true
}

output "sumologic_base_url" {
  description = "SUMOLOGIC_URL for the bridge with the token in a header"
  value       = sumologic_http_source.ilert.base_url
  sensitive   = true
}

output "sumologic_token" {
  description = "SUMOLOGIC_TOKEN for the bridge, for sumologic_base_url"
  value       = sumologic_http_source.ilert.token
  sensitive   = true
}

output "dashboards" {
  description = "the dashboards"
  value = [
    {
      "id"   = sumologic_dashboard.overview.id,
      "name" = sumologic_dashboard.overview.title,
    },
    {
      "id"   = sumologic_dashboard.bridge.id,
      "name" = sumologic_dashboard.bridge.title,
    }
  ]
}

output "folders" {
  description = "the folders"
  value = [
    {
      "id"   = sumologic_folder.integration_folder.id,
      "name" = sumologic_folder.integration_folder.name,
    }
  ]
}

output "log_searches" {
  description = "the saved searches"
  value = [
    {
      "id"   = sumologic_log_search.alert_timeline.id,
      "name" = sumologic_log_search.alert_timeline.name,
    },
    {
      "id"   = sumologic_log_search.incident_events.id,
      "name" = sumologic_log_search.incident_events.name,
    }
  ]
}

output "monitors" {
  description = "the monitors"
  value = [
    {
      "id"   = sumologic_monitor.no_events.id,
      "name" = sumologic_monitor.no_events.name,
    },
    {
      "id"   = sumologic_monitor.bridge_silent.id,
      "name" = sumologic_monitor.bridge_silent.name,
    },
    {
      "id"   = sumologic_monitor.dead_letters.id,
      "name" = sumologic_monitor.dead_letters.name,
    },
    {
      "id"   = sumologic_monitor.ingest_budget_exceeded.id,
      "name" = sumologic_monitor.ingest_budget_exceeded.name,
    },
    {
      "id"   = sumologic_monitor.high_priority_alert_pending.id,
      "name" = sumologic_monitor.high_priority_alert_pending.name,
    }
  ]
}
