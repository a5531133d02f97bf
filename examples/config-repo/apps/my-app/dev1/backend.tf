terraform {
  required_version = ">= 1.10"

  # Bucket, key, region and locking are left open: Stagegate completes them for this environment. Whatever a block of
  # your own sets here is used as it is.
  backend "s3" {}
}
