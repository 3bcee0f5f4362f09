data "sumologic_admin_recommended_folder" "root" {
  count = var.integration_root_dir == "" ? 1 : 0
}

# a new parent means a new folder, which the dashboards move to before the old one is deleted
resource "sumologic_folder" "integration_folder" {
  name        = var.integration_name
  description = var.integration_description
  parent_id   = var.integration_root_dir == "" ? one(data.sumologic_admin_recommended_folder.root[*].id) : var.integration_root_dir

  lifecycle {
    create_before_destroy = true
  }
}

resource "sumologic_monitor_folder" "integration_folder" {
  name        = var.integration_name
  description = var.integration_description
}
