region        = "eu-west-1"
image         = "registry.example.com/my-app:1.0.0"
desired_count = 3

task_size = {
  cpu    = 1024
  memory = 2048
}

database = {
  instance_class = "db.r8g.large"
  storage        = 100
  multi_az       = true
}

log_retention_days = 365
