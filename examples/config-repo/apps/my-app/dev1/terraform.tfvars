environment   = "dev1"
region        = "eu-west-1"
image         = "registry.example.com/my-app:1.0.0"
desired_count = 1

task_size = {
  cpu    = 256
  memory = 512
}

database = {
  instance_class = "db.t4g.micro"
  storage        = 20
  multi_az       = false
}

log_retention_days = 7
