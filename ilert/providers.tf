terraform {
  required_version = ">= 1.3"

  required_providers {
    ilert = {
      source  = "iLert/ilert"
      version = "~> 2.28"
    }
  }
}

# ILERT_API_TOKEN says who
provider "ilert" {}
