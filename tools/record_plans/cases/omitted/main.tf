# Nobody says how these are encrypted in transit: each shape of an omitted property.
resource "aws_dms_endpoint" "absent" {
  endpoint_id   = "source"
  endpoint_type = "source"
  engine_name   = "postgres"
  server_name   = "db.example.com"
  port          = 5432
}
resource "aws_elasticache_replication_group" "absent" {
  replication_group_id = "features"
  description          = "feature cache"
}
resource "aws_opensearch_domain" "absent_block" {
  domain_name = "index"
}
resource "aws_db_proxy" "null" {
  name           = "proxy"
  engine_family  = "POSTGRESQL"
  role_arn       = "arn:aws:iam::123456789012:role/proxy"
  vpc_subnet_ids = ["subnet-1"]
}
resource "aws_dax_cluster" "null" {
  cluster_name       = "dax"
  iam_role_arn       = "arn:aws:iam::123456789012:role/dax"
  node_type          = "dax.r5.large"
  replication_factor = 3
}
resource "aws_datasync_location_efs" "null" {
  efs_file_system_arn = "arn:aws:elasticfilesystem:eu-central-1:123456789012:file-system/fs-1"
  ec2_config {
    security_group_arns = ["arn:aws:ec2:eu-central-1:123456789012:security-group/sg-1"]
    subnet_arn          = "arn:aws:ec2:eu-central-1:123456789012:subnet/subnet-1"
  }
}
resource "aws_sagemaker_data_quality_job_definition" "empty_block" {
  role_arn = "arn:aws:iam::123456789012:role/quality"
  job_resources {
    cluster_config {
      instance_count    = 2
      instance_type     = "ml.m5.large"
      volume_size_in_gb = 20
    }
  }
  network_config {}
}
resource "aws_sagemaker_data_quality_job_definition" "no_block" {
  role_arn = "arn:aws:iam::123456789012:role/quality"
  job_resources {
    cluster_config {
      instance_count    = 2
      instance_type     = "ml.m5.large"
      volume_size_in_gb = 20
    }
  }
}
resource "aws_msk_cluster" "empty_list" {
  cluster_name           = "events"
  kafka_version          = "3.6.0"
  number_of_broker_nodes = 3
  broker_node_group_info {
    instance_type   = "kafka.m7g.large"
    client_subnets  = ["subnet-1"]
    security_groups = ["sg-1"]
  }
}
resource "aws_msk_cluster" "empty_block" {
  cluster_name           = "events2"
  kafka_version          = "3.6.0"
  number_of_broker_nodes = 3
  broker_node_group_info {
    instance_type   = "kafka.m7g.large"
    client_subnets  = ["subnet-1"]
    security_groups = ["sg-1"]
  }
  encryption_info {}
}
resource "aws_redshift_parameter_group" "empty_list" {
  name   = "warehouse"
  family = "redshift-1.0"
}
resource "aws_ecs_task_definition" "zero" {
  family                = "prepare"
  container_definitions = "[]"
  volume {
    name = "data"
    efs_volume_configuration {
      file_system_id = "fs-1"
    }
  }
}
resource "aws_memorydb_cluster" "filled_in" {
  acl_name  = "open-access"
  node_type = "db.r7g.large"
}
resource "aws_mskconnect_connector" "filled_in" {
  name                       = "sink"
  connector_configuration    = { "connector.class" = "S3Sink" }
  kafkaconnect_version       = "2.7.1"
  service_execution_role_arn = "arn:aws:iam::123456789012:role/connect"
  kafka_cluster_encryption_in_transit {}
}
resource "aws_kinesis_stream" "filled_in" {
  name        = "readings"
  shard_count = 1
}
resource "aws_transfer_server" "filled_in" {}
