# Modules, count and for_each; the policy of one module names the bucket of another.
variable "regions" {
  type    = set(string)
  default = ["eu", "us"]
}
module "store" {
  source   = "./store"
  for_each = var.regions
  name     = "lake-${each.key}"
  closed   = each.key == "eu"
}
module "ingest" {
  source     = "./ingest"
  bucket_arn = module.store["eu"].arn
}
