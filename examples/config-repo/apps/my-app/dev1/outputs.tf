output "ecs_cluster_name" {
  value = module.web_service.ecs_cluster_name
}

output "ecs_service_name" {
  value = module.web_service.ecs_service_name
}

output "alb_dns_name" {
  value = module.web_service.alb_dns_name
}

output "database_endpoint" {
  value = module.web_service.database_endpoint
}

output "database_password" {
  value     = module.web_service.database_password
  sensitive = true
}
