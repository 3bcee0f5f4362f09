terraform {
  required_version = ">= 1.3"

  required_providers {
    sumologic = {
      source  = "SumoLogic/sumologic"
      version = "~> 3.2"
    }
  }
}

# configured by SUMOLOGIC_ACCESSID, SUMOLOGIC_ACCESSKEY and SUMOLOGIC_ENVIRONMENT
provider "sumologic" {}
