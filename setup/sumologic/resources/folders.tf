data "sumologic_personal_folder" "personal" {}

resource "sumologic_folder" "integration_folder" {
  name        = var.integration_name
  description = var.integration_description
  parent_id   = coalesce(var.integration_root_dir, data.sumologic_personal_folder.personal.id)
}

resource "sumologic_monitor_folder" "integration_folder" {
  name        = var.integration_name
  description = var.integration_description
}
