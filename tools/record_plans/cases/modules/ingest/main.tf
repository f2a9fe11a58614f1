variable "bucket_arn" { type = string }
resource "aws_kinesis_firehose_delivery_stream" "this" {
  count       = 2
  name        = "ingest-${count.index}"
  destination = "extended_s3"
  extended_s3_configuration {
    bucket_arn = var.bucket_arn
    role_arn   = "arn:aws:iam::123456789012:role/firehose"
  }
}
