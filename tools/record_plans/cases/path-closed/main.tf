# Device to store, every name known: the bucket policy is a literal with two denies.
locals {
  account = "123456789012"
  bucket  = "forecast-lake"
}

resource "aws_iot_domain_configuration" "devices" {
  name         = "devices"
  service_type = "DATA"
  tls_config {
    security_policy = "IoTSecurityPolicy_TLS13_1_3_2022_10"
  }
}

resource "aws_kinesis_stream" "readings" {
  name            = "readings"
  shard_count     = 2
  encryption_type = "KMS"
  kms_key_id      = "alias/readings"
}

resource "aws_iam_role" "rule" {
  name               = "rule"
  assume_role_policy = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"iot.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}"
}

resource "aws_iot_topic_rule" "readings" {
  name        = "readings"
  enabled     = true
  sql         = "SELECT * FROM 'readings/#'"
  sql_version = "2016-03-23"
  kinesis {
    role_arn      = aws_iam_role.rule.arn
    stream_name   = aws_kinesis_stream.readings.name
    partition_key = "$${topic()}"
  }
}

resource "aws_s3_bucket" "lake" {
  bucket = local.bucket
}

resource "aws_kinesis_firehose_delivery_stream" "lake" {
  name        = "lake"
  destination = "extended_s3"
  kinesis_source_configuration {
    kinesis_stream_arn = aws_kinesis_stream.readings.arn
    role_arn           = "arn:aws:iam::123456789012:role/firehose"
  }
  extended_s3_configuration {
    bucket_arn = aws_s3_bucket.lake.arn
    role_arn   = "arn:aws:iam::123456789012:role/firehose"
  }
}

resource "aws_s3_bucket_policy" "lake" {
  bucket = aws_s3_bucket.lake.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "NoPlaintext"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${local.bucket}", "arn:aws:s3:::${local.bucket}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "NoOldTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${local.bucket}", "arn:aws:s3:::${local.bucket}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.3" } }
      },
    ]
  })
}
