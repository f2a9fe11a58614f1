# Five ways to write one bucket policy, before the first apply.
resource "aws_s3_bucket" "a" {
  bucket = "lake-a"
}
data "aws_iam_policy_document" "a" {
  statement {
    sid     = "NoPlaintext"
    effect  = "Deny"
    actions = ["s3:*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    resources = [aws_s3_bucket.a.arn, "${aws_s3_bucket.a.arn}/*"]
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
resource "aws_s3_bucket_policy" "document" {
  bucket = aws_s3_bucket.a.id
  policy = data.aws_iam_policy_document.a.json
}

resource "aws_s3_bucket" "b" {
  bucket = "lake-b"
}
resource "aws_s3_bucket_policy" "encoded" {
  bucket = aws_s3_bucket.b.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.b.arn, "${aws_s3_bucket.b.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_s3_bucket" "c" {
  bucket = "lake-c"
}
resource "aws_s3_bucket_policy" "heredoc" {
  bucket = aws_s3_bucket.c.id
  policy = <<-EOT
    {"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*",
     "Resource":["${aws_s3_bucket.c.arn}","${aws_s3_bucket.c.arn}/*"],
     "Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}
  EOT
}

resource "aws_s3_bucket" "d" {
  bucket = "lake-d"
}
resource "aws_s3_bucket_policy" "by_name" {
  bucket = aws_s3_bucket.d.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::${aws_s3_bucket.d.bucket}", "arn:aws:s3:::${aws_s3_bucket.d.bucket}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_s3_bucket" "e" {
  bucket = "lake-e"
}
resource "aws_s3_bucket_policy" "literal" {
  bucket = aws_s3_bucket.e.id
  policy = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":[\"arn:aws:s3:::lake-e\",\"arn:aws:s3:::lake-e/*\"],\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}}]}"
}

# The bucket's own name is left to the provider.
resource "aws_s3_bucket" "f" {
  bucket_prefix = "lake-"
}
data "aws_iam_policy_document" "f" {
  statement {
    effect  = "Deny"
    actions = ["s3:*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    resources = ["*"]
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
resource "aws_s3_bucket_policy" "everything" {
  bucket = aws_s3_bucket.f.id
  policy = data.aws_iam_policy_document.f.json
}
