module "web_service" {
  source = "../../../modules/web-service"

  application        = "my-app"
  environment        = var.environment
  region             = var.region
  image              = var.image
  desired_count      = var.desired_count
  task_size          = var.task_size
  database           = var.database
  log_retention_days = var.log_retention_days
}
