variable "bridge_url" {
  type        = string
  description = "Where iLert reaches the bridge, such as https://bridge.example.com."
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
  description = "The names of the alert sources whose events the bridge gets."
}

variable "trigger_types" {
  type        = list(string)
  description = "The events that the bridge gets: all that there are."
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
  description = "After how many seconds the event v-alert-not-resolved comes of an alert that is not resolved yet; 60 to 172800."
  default     = 7200
}
