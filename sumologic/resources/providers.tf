terraform {
  required_version = ">= 1.3"

  required_providers {
    sumologic = {
      source  = "SumoLogic/sumologic"
      version = "~> 3.2"
    }
  }
}

# SUMOLOGIC_ACCESSID, SUMOLOGIC_ACCESSKEY and SUMOLOGIC_ENVIRONMENT say who and where
provider "sumologic" {}
