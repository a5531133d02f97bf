module "web_service" {
  source = "git::https://git.example.com/acme-config.git//modules/web-service?ref=web-service-v1.0.0"

  application        = "my-app"
  environment        = "prod1"
  region             = var.region
  image              = var.image
  desired_count      = var.desired_count
  task_size          = var.task_size
  database           = var.database
  log_retention_days = var.log_retention_days
}
