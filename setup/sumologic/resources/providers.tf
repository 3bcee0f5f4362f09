terraform {
  required_version = ">= 1.3"

  required_providers {
    sumologic = {
      source  = "SumoLogic/sumologic"
      version = "~> 3.2, >= 3.2.4"
    }
  }
}

# configured by SUMOLOGIC_ACCESSID, SUMOLOGIC_ACCESSKEY and SUMOLOGIC_ENVIRONMENT
provider "sumologic" {
  # the folder Admin Recommended is open to this mode only
  admin_mode = var.integration_root_dir == ""
}
