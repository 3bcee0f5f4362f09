output "alert_action" {
  description = "ID of the alert action"
  value       = ilert_alert_action.bridge.id
}
