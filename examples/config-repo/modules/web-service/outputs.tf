output "ecs_cluster_name" {
  description = "Cluster that runs the service."
  value       = terraform_data.cluster.output.name
}

output "ecs_service_name" {
  description = "The service itself."
  value       = terraform_data.service.output.name
}

output "alb_dns_name" {
  description = "Host name of the load balancer."
  value       = terraform_data.load_balancer.output.dns_name
}

output "database_endpoint" {
  description = "Host and port of the database."
  value       = terraform_data.database.output.endpoint
}

output "database_password" {
  description = "Password of the database's first user, made when the database is created."
  value       = substr(sha256(terraform_data.database.id), 0, 24)
  sensitive   = true
}
