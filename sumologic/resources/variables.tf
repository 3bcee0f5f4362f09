variable "integration_root_dir" {
  type        = string
  description = "The id of the folder that the app's folder is made in. Without, your personal folder."
  default     = ""
}

variable "integration_name" {
  type        = string
  description = "The name of the app's folders."
  default     = "iLert"
}

variable "integration_description" {
  type        = string
  description = "The description of the app's folders."
  default     = "iLert's alerts, and how ilert-sumologic-bridge delivers them"
}

variable "scope_key" {
  type        = string
  description = "What the app's searches find events by."
  default     = "_sourceCategory"
}

variable "default_scope_value" {
  type        = string
  description = "The source category of events: SUMOLOGIC_CATEGORY of the bridge."
  default     = "webhook/ilert"
}

variable "scope_key_variable_display_name" {
  type        = string
  description = "The name of the dashboards' filter for it."
  default     = "Logsdatasource"
}

variable "report_category" {
  type        = string
  description = "The source category of the bridge's reports: BRIDGE_REPORT_CATEGORY of the bridge."
  default     = "ilert-sumologic-bridge"
}

variable "collector_name" {
  type        = string
  description = "The name of the hosted collector."
  default     = "iLert"
}

variable "event_timestamps" {
  type        = bool
  description = "Whether a message's time is its event's timestamp. False for accounts whose events have none: then it is the time of arrival."
  default     = true
}

variable "notification_recipients" {
  type        = list(string)
  description = "The e-mail addresses that the monitors notify."
}

variable "no_events_for" {
  type        = string
  description = "After how long without an event somebody is notified, such as 6h; at most 24h."
  default     = "24h"
}

variable "pending_minutes" {
  type        = number
  description = "After how many minutes somebody is notified of an alert of high priority that nobody has accepted."
  default     = 15
}
