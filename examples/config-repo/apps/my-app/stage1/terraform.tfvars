region        = "eu-west-1"
image         = "registry.example.com/my-app:1.0.0"
desired_count = 1

task_size = {
  cpu    = 512
  memory = 1024
}

database = {
  instance_class = "db.t4g.small"
  storage        = 20
  multi_az       = false
}

log_retention_days = 30
