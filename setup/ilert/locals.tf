locals {
  webhook_password = trimspace(var.webhook_password)
  bridge_url       = replace(trimspace(var.bridge_url), "//+$/", "")

  # urlencode encodes a space as a plus sign, which stays a plus sign in a URL's user info
  credentials = var.webhook_auth == "basic" ? "${replace(urlencode(var.webhook_username), "+", "%20")}:${replace(urlencode(local.webhook_password), "+", "%20")}@" : ""

  # not sensitive by header: a plan shows the URL
  webhook_url = var.webhook_auth == "basic" ? "${replace(local.bridge_url, "://", "://${local.credentials}")}/webhooks/ilert" : "${local.bridge_url}/webhooks/ilert"
}
