# A web service as it would stand in AWS: a container service behind a load balancer, with a database and its logs. Each
# part is a terraform_data resource, so that the example plans and applies anywhere, without an account and without
# downloading a provider.

locals {
  name = "${var.application}-${var.environment}"

  tags = {
    application = var.application
    environment = var.environment
  }
}

resource "terraform_data" "log_group" {
  input = {
    name              = "/ecs/${local.name}"
    retention_in_days = var.log_retention_days
    tags              = local.tags
  }
}

resource "terraform_data" "cluster" {
  input = {
    name = local.name
    tags = local.tags
  }
}

resource "terraform_data" "load_balancer" {
  input = {
    name     = "${local.name}-alb"
    dns_name = "${local.name}-alb.${var.region}.elb.amazonaws.com"
    tags     = local.tags
  }
}

resource "terraform_data" "target_group" {
  input = {
    name          = "${local.name}-web"
    port          = 8080
    health_check  = "/health"
    load_balancer = terraform_data.load_balancer.output.name
  }
}

resource "terraform_data" "database" {
  # Another storage size changes the database in place; another instance class replaces it in this example.
  triggers_replace = [var.database.instance_class]

  input = {
    identifier     = "${local.name}-db"
    instance_class = var.database.instance_class
    storage        = var.database.storage
    multi_az       = var.database.multi_az
    endpoint       = "${local.name}-db.${var.region}.rds.amazonaws.com:5432"
    tags           = local.tags
  }
}

resource "terraform_data" "task_definition" {
  input = {
    family    = local.name
    image     = var.image
    cpu       = var.task_size.cpu
    memory    = var.task_size.memory
    log_group = terraform_data.log_group.output.name
    database  = terraform_data.database.output.endpoint
  }
}

resource "terraform_data" "service" {
  input = {
    name            = "${local.name}-web"
    cluster         = terraform_data.cluster.output.name
    task_definition = terraform_data.task_definition.output.family
    desired_count   = var.desired_count
    target_group    = terraform_data.target_group.output.name
  }
}
