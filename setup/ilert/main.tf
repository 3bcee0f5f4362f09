data "ilert_alert_source" "sources" {
  for_each = toset([for name in var.alert_sources : trimspace(name)])
  name     = each.value
}

data "ilert_team" "teams" {
  for_each = var.teams
  name     = each.value
}

# iLert has no connector resource for a webhook, only the type
resource "ilert_alert_action" "bridge" {
  name                   = "ilert-sumologic-bridge"
  trigger_mode           = "AUTOMATIC"
  trigger_types          = sort(var.trigger_types)
  not_resolved_delay_sec = contains(var.trigger_types, "v-alert-not-resolved") ? var.not_resolved_delay_sec : null

  connector {
    type = "webhook"
  }

  webhook {
    url = local.webhook_url

    dynamic "headers" {
      for_each = var.webhook_auth == "header" ? ["X-Webhook-Secret"] : []

      content {
        key   = headers.value
        value = local.webhook_password
      }
    }
  }

  dynamic "alert_source" {
    for_each = data.ilert_alert_source.sources

    content {
      id = alert_source.value.id
    }
  }

  dynamic "team" {
    for_each = data.ilert_team.teams

    content {
      id = team.value.id
    }
  }

  lifecycle {
    precondition {
      condition     = can(regex("^[!-~]([ -~]*[!-~])?$", local.webhook_password))
      error_message = "The webhook_password must not be empty and must be printable ASCII, since it is the value of a header."
    }
  }
}
