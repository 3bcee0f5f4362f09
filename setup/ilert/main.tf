data "ilert_alert_source" "sources" {
  for_each = toset(var.alert_sources)
  name     = each.value
}

locals {
  # urlencode encodes a space as a plus sign, which stays a plus sign in a URL's user info
  credentials = "${replace(urlencode(var.webhook_username), "+", "%20")}:${replace(urlencode(var.webhook_password), "+", "%20")}"
}

# iLert has no connector resource for a webhook, only the type
resource "ilert_alert_action" "bridge" {
  name                   = "ilert-sumologic-bridge"
  trigger_mode           = "AUTOMATIC"
  trigger_types          = var.trigger_types
  not_resolved_delay_sec = var.not_resolved_delay_sec

  connector {
    type = "webhook"
  }

  webhook {
    url = "${replace(var.bridge_url, "://", "://${local.credentials}@")}/webhooks/ilert"
  }

  dynamic "alert_source" {
    for_each = data.ilert_alert_source.sources

    content {
      id = alert_source.value.id
    }
  }
}
