variable "environment" {
  description = "Name of the environment: dev1, or that of an ephemeral environment based on it."
  type        = string
}

variable "region" {
  description = "AWS region of this environment."
  type        = string
}

variable "image" {
  description = "Container image that the service runs."
  type        = string
}

variable "desired_count" {
  description = "Number of containers."
  type        = number
}

variable "task_size" {
  description = "CPU units and memory (MiB) of one container."
  type = object({
    cpu    = number
    memory = number
  })
}

variable "database" {
  description = "Instance class, storage (GiB) and redundancy of the database."
  type = object({
    instance_class = string
    storage        = number
    multi_az       = bool
  })
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
}
