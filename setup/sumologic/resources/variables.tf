variable "integration_root_dir" {
  type        = string
  description = "ID of the parent folder of the app's folder; default: your personal folder."
  default     = ""
}

variable "integration_name" {
  type        = string
  description = "Name of the app's folders."
  default     = "iLert"
}

variable "integration_description" {
  type        = string
  description = "Description of the app's folders."
  default     = "iLert's alerts, and their delivery by ilert-sumologic-bridge"
}

variable "scope_key" {
  type        = string
  description = "Metadata field that the app's searches select events by."
  default     = "_sourceCategory"
}

variable "default_scope_value" {
  type        = string
  description = "Source category of events: SUMOLOGIC_CATEGORY of the bridge."
  default     = "webhook/ilert"
}

variable "scope_key_variable_display_name" {
  type        = string
  description = "Name of the dashboards' filter for scope_key."
  default     = "Logsdatasource"
}

variable "report_category" {
  type        = string
  description = "Source category of the bridge's reports: BRIDGE_REPORT_CATEGORY of the bridge."
  default     = "ilert-sumologic-bridge"
}

variable "collector_name" {
  type        = string
  description = "Name of the hosted collector."
  default     = "iLert"
}

variable "event_timestamps" {
  type        = bool
  description = "Whether the message time is the event's timestamp. Set false for accounts whose events have none: the message time is then the time of arrival."
  default     = true
}

variable "notification_recipients" {
  type        = list(string)
  description = "E-mail addresses that the monitors notify."
}

variable "no_events_for" {
  type        = string
  description = "Time without an event until a notification, such as 6h; at most 24h."
  default     = "24h"
}

variable "pending_minutes" {
  type        = number
  description = "Minutes until a notification of an alert of high priority that is not accepted."
  default     = 15
}
