output "alert_action" {
  description = "the id of the alert action"
  value       = ilert_alert_action.bridge.id
}
