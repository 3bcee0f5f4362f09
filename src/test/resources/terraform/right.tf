# Nothing is wrong in it; TerraformTest makes mistakes in it that its checks have to find.
terraform {
  required_providers {
    sumologic = { source = "SumoLogic/sumologic", version = "~> 3.2" }
    ilert     = { source = "iLert/ilert", version = "~> 2.25" }
  }
}

variable "title" {
  type        = string
  description = "The title."
  default     = "D"
}

variable "recipients" {
  type        = list(string)
  description = "Recipients."
}

locals {
  chart = jsonencode({ general = { type = "svp" } })
}

resource "sumologic_dashboard" "d" {
  title            = var.title
  refresh_interval = 300

  time_range {
    begin_bounded_time_range {
      from {
        relative_time_range {
          relative_time = "-1w"
        }
      }
    }
  }

  variable {
    name = "status"

    source_definition {
      csv_variable_source_definition {
        values = "NEW"
      }
    }
  }

  layout {
    grid {
      layout_structure {
        key       = "a"
        structure = jsonencode({ x = 0, y = 0, width = 12, height = 5 })
      }

      layout_structure {
        key       = "b"
        structure = jsonencode({ x = 12, y = 0, width = 12, height = 5 })
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "a"
      title           = "A"
      visual_settings = local.chart

      query {
        query_key    = "A"
        query_type   = "Logs"
        query_string = "where status = {{status}}"
      }
    }
  }

  panel {
    sumo_search_panel {
      key             = "b"
      title           = "B"
      visual_settings = local.chart

      query {
        query_key    = "A"
        query_type   = "Logs"
        query_string = "{{status}} | count"
      }
    }
  }
}

resource "sumologic_monitor" "m" {
  name         = "Missing"
  monitor_type = "Logs"

  queries {
    row_id = "A"
    query  = "error"
  }

  trigger_conditions {
    logs_missing_data_condition {
      time_range = "15m"
    }
  }

  notifications {
    notification {
      connection_type = "Email"
      recipients      = var.recipients
    }
    run_for_trigger_types = ["MissingData", "ResolvedMissingData"]
  }

  dynamic "obj_permission" {
    for_each = ["0"]

    content {
      subject_type = "role"
      subject_id   = obj_permission.value
      permissions  = ["Read"]
    }
  }
}

resource "sumologic_log_search" "s" {
  name         = "S"
  parent_id    = sumologic_dashboard.d.folder_id
  query_string = "error"

  time_range {
    begin_bounded_time_range {
      from {
        relative_time_range {
          relative_time = "-1d"
        }
      }
    }
  }
}

resource "sumologic_connection" "c" {
  count           = length(var.recipients) == 0 ? 0 : 1
  name            = "C"
  type            = "WebhookConnection"
  url             = "https://example.com"
  default_payload = "{}"
}

resource "ilert_alert_action" "a" {
  name          = "A"
  trigger_types = [for type in var.recipients : type]

  connector {
    type = "webhook"
  }

  webhook {
    url = "https://example.com/${one(sumologic_connection.c[*].id)}"

    headers {
      key   = "K"
      value = "V"
    }
  }

  alert_source {
    id = "1"
  }
}
