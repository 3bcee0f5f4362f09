# Attaches a team's alert sources to an alert action that another configuration owns. The owner keeps them if its alert
# action ignores changes of alert_source, see docs/connect.md.
variable "alert_action" {
  type        = string
  description = "Name of the alert action."
  default     = "ilert-sumologic-bridge"
}

variable "alert_sources" {
  type        = set(string)
  description = "Names of the team's alert sources."

  validation {
    condition     = length(var.alert_sources) > 0 && alltrue([for name in var.alert_sources : trimspace(name) != ""])
    error_message = "The alert_sources must have at least one name, and no empty name."
  }
}

data "ilert_alert_action" "shared" {
  name = var.alert_action
}

data "ilert_alert_source" "sources" {
  for_each = toset([for name in var.alert_sources : trimspace(name)])
  name     = each.value
}

resource "ilert_alert_action_source_attachment" "sources" {
  for_each = data.ilert_alert_source.sources

  alert_action {
    id = data.ilert_alert_action.shared.id
  }

  alert_source {
    id = each.value.id
  }
}
