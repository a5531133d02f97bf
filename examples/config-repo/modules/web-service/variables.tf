variable "application" {
  description = "Name of the application; resources are named after it."
  type        = string
}

variable "environment" {
  description = "Environment that this service belongs to."
  type        = string
}

variable "region" {
  description = "AWS region of the service."
  type        = string
}

variable "image" {
  description = "Container image that the service runs."
  type        = string
}

variable "desired_count" {
  description = "Number of containers."
  type        = number
  default     = 1

  validation {
    condition     = var.desired_count >= 1 && var.desired_count <= 20
    error_message = "A service runs 1 to 20 containers."
  }
}

variable "task_size" {
  description = "CPU units and memory (MiB) of one container."
  type = object({
    cpu    = number
    memory = number
  })
  default = {
    cpu    = 256
    memory = 512
  }
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
  default     = 30
}
