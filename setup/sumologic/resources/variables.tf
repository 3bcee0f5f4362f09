variable "integration_root_dir" {
  type        = string
  description = "ID of the parent folder of the app's folder, 16 hexadecimal digits; default: the folder Admin Recommended, which needs an administrator's access key."
  default     = ""

  validation {
    condition     = can(regex("^([0-9A-Fa-f]{16})?$", var.integration_root_dir))
    error_message = "The integration_root_dir must be a folder's ID of 16 hexadecimal digits, such as 000000000000000A, or empty."
  }
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

  validation {
    condition     = can(regex("^[^\\s\"|]+$", var.default_scope_value))
    error_message = "The default_scope_value must not be empty or contain blanks, quotes or pipes."
  }
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

  validation {
    condition     = can(regex("^[^\\s\"|]+$", var.report_category))
    error_message = "The report_category must not be empty or contain blanks, quotes or pipes."
  }
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

variable "create_fields" {
  type        = bool
  description = "Whether to create the fields group and lane. Set false if the account has them already."
  default     = true
}

variable "notification_recipients" {
  type        = set(string)
  description = "E-mail addresses that the monitors notify."

  validation {
    condition     = length(var.notification_recipients) > 0 && alltrue([for address in var.notification_recipients : can(regex("^[^@\\s]+@[^@\\s]+$", trimspace(address)))])
    error_message = "The notification_recipients must have at least one e-mail address, and nothing but e-mail addresses."
  }
}

variable "ilert_integration_url" {
  type        = string
  description = "URL of an alert source of the type Sumo Logic in iLert, which the monitors page through; default: monitors send e-mail only."
  default     = ""
  sensitive   = true
}

variable "ilert_paging_source" {
  type        = string
  description = "Name of the alert source of ilert_integration_url. Monitors ignore its alerts, so that they do not page for their own pages."
  default     = "ilert-sumologic-bridge"

  validation {
    condition     = can(regex("^[^\"|\\\\]+$", var.ilert_paging_source))
    error_message = "The ilert_paging_source must not be empty or contain quotes, pipes or backslashes."
  }
}

variable "no_events_for" {
  type        = string
  description = "Time without an event until a notification: 5m, 10m, 15m, 30m, 1h, 3h, 6h, 12h or 24h."
  default     = "24h"

  validation {
    condition     = contains(["5m", "10m", "15m", "30m", "1h", "3h", "6h", "12h", "24h"], var.no_events_for)
    error_message = "The no_events_for must be one of 5m, 10m, 15m, 30m, 1h, 3h, 6h, 12h, 24h."
  }
}

variable "pending_minutes" {
  type        = number
  description = "Minutes until a notification of an alert of high priority that is not accepted; 1 to 300."
  default     = 15

  validation {
    condition     = var.pending_minutes >= 1 && var.pending_minutes <= 300 && floor(var.pending_minutes) == var.pending_minutes
    error_message = "The pending_minutes must be a whole number, 1 to 300, since the monitor searches 6 hours."
  }
}
