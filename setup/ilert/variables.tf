variable "bridge_url" {
  type        = string
  description = "URL of the bridge for iLert without /webhooks/ilert, such as https://bridge.example.com."

  validation {
    condition     = can(regex("^https?://[^/@?#\\s]+(/[^@?#\\s]*)?$", trimspace(var.bridge_url)))
    error_message = "The bridge_url must start with http:// or https:// and contain a host, but no user, password, query or blanks."
  }

  validation {
    condition     = !can(regex("/webhooks/ilert/*$", trimspace(var.bridge_url)))
    error_message = "The bridge_url must not end with /webhooks/ilert, which is added to it."
  }
}

variable "webhook_auth" {
  type        = string
  description = "ILERT_WEBHOOK_AUTH of the bridge: header for the header X-Webhook-Secret, basic for user and password in the URL."
  default     = "header"

  validation {
    condition     = contains(["header", "basic"], var.webhook_auth)
    error_message = "The webhook_auth must be header or basic."
  }
}

variable "webhook_username" {
  type        = string
  description = "ILERT_WEBHOOK_USERNAME of the bridge, for webhook_auth basic."
  default     = "ilert"

  validation {
    condition     = can(regex("^[^:]+$", var.webhook_username))
    error_message = "The webhook_username must not be empty or contain a colon."
  }
}

# checked by the alert action, since the error of a validation would print it
variable "webhook_password" {
  type        = string
  description = "ILERT_WEBHOOK_PASSWORD of the bridge, in printable ASCII."
  sensitive   = true
}

variable "alert_sources" {
  type        = set(string)
  description = "Names of the alert sources whose events are sent to the bridge."

  validation {
    condition     = length(var.alert_sources) > 0 && alltrue([for name in var.alert_sources : trimspace(name) != ""])
    error_message = "The alert_sources must have at least one name, and no empty name: an alert action needs at least one alert source."
  }
}

variable "teams" {
  type        = set(string)
  description = "Names of the teams that the alert action belongs to. A team that is not listed is removed from it."
  default     = []
}

variable "trigger_types" {
  type        = set(string)
  description = "Types of events that are sent to the bridge; default: all."
  default = [
    "alert-created",
    "alert-assigned",
    "alert-auto-escalated",
    "alert-acknowledged",
    "alert-raised",
    "alert-comment-added",
    "alert-escalation-ended",
    "alert-resolved",
    "alert-auto-resolved",
    "alert-responder-added",
    "alert-responder-removed",
    "alert-channel-attached",
    "alert-channel-detached",
    "v-alert-not-resolved",
  ]

  validation {
    condition     = length(var.trigger_types) > 0
    error_message = "The trigger_types must have at least one type of event."
  }
}

variable "not_resolved_delay_sec" {
  type        = number
  description = "Seconds until the event v-alert-not-resolved of an alert that is not resolved; 60 to 172800."
  default     = 7200

  validation {
    condition     = var.not_resolved_delay_sec >= 60 && var.not_resolved_delay_sec <= 172800 && floor(var.not_resolved_delay_sec) == var.not_resolved_delay_sec
    error_message = "The not_resolved_delay_sec must be a whole number of seconds, 60 to 172800."
  }
}
