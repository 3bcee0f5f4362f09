variable "bridge_url" {
  type        = string
  description = "URL of the bridge for iLert, such as https://bridge.example.com."
}

variable "webhook_username" {
  type        = string
  description = "ILERT_WEBHOOK_USERNAME of the bridge."
  default     = "ilert"
}

variable "webhook_password" {
  type        = string
  description = "ILERT_WEBHOOK_PASSWORD of the bridge."
  sensitive   = true
}

variable "alert_sources" {
  type        = list(string)
  description = "Names of the alert sources whose events are sent to the bridge."
}

variable "trigger_types" {
  type        = list(string)
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
}

variable "not_resolved_delay_sec" {
  type        = number
  description = "Seconds until the event v-alert-not-resolved of an alert that is not resolved; 60 to 172800."
  default     = 7200
}
