terraform {
  required_version = ">= 1.3"

  required_providers {
    ilert = {
      source  = "iLert/ilert"
      version = "~> 2.25"
    }
  }
}

# configured by ILERT_API_TOKEN
provider "ilert" {}
