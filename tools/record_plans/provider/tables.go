// SPDX-License-Identifier: Apache-2.0

package main

// The part of the AWS provider's schema (5.100.0) that our cases use: names, types and which
// attributes the provider computes when nobody sets them.
var tables = map[string]string{
	"aws_iam_role": `
arn string c
name string oc
assume_role_policy string r
tags map o`,
	"aws_iam_role_policy": `
name string oc
role string r
policy string r`,
	"aws_iot_policy": `
arn string c
name string r
policy string r`,
	"aws_iot_thing": `
arn string c
name string r`,
	"aws_iot_domain_configuration": `
arn string c
name string r
application_protocol string oc
authentication_type string oc
domain_name string o
service_type string o DATA
server_certificate_arns set:string o
tls_config block oc1
  security_policy string oc`,
	"aws_iot_topic_rule": `
arn string c
name string r
enabled bool r
sql string r
sql_version string r
kinesis set-block o
  role_arn string r
  stream_name string r
  partition_key string o
firehose set-block o
  role_arn string r
  delivery_stream_name string r
s3 set-block o
  role_arn string r
  bucket_name string r
  key string r
http set-block o
  url string r
  confirmation_url string o
kafka set-block o
  destination_arn string r
  topic string r
  client_properties map r`,
	"aws_kinesis_stream": `
arn string oc
name string r
shard_count int o
encryption_type string o NONE
kms_key_id string o`,
	"aws_kms_key": `
arn string c
key_id string c
policy string oc
enable_key_rotation bool o`,
	"aws_kinesis_firehose_delivery_stream": `
arn string oc
name string r
destination string r
kinesis_source_configuration block o1
  kinesis_stream_arn string r
  role_arn string r
extended_s3_configuration block o1
  bucket_arn string r
  role_arn string r
  prefix string o
  kms_key_arn string o
http_endpoint_configuration block o1
  url string r
  name string o
  s3_configuration block r1
    bucket_arn string r
    role_arn string r
redshift_configuration block o1
  cluster_jdbcurl string r
  username string o
  data_table_name string r
  role_arn string r`,
	"aws_s3_bucket": `
arn string c
bucket string oc
bucket_prefix string oc
bucket_domain_name string c
force_destroy bool o false
policy string oc
tags map o`,
	"aws_s3_bucket_policy": `
bucket string r
policy string r`,
	"aws_s3_bucket_public_access_block": `
bucket string r
block_public_acls bool o false
block_public_policy bool o false
ignore_public_acls bool o false
restrict_public_buckets bool o false`,
	"aws_sqs_queue": `
arn string c
name string oc
url string c
policy string oc`,
	"aws_sqs_queue_policy": `
queue_url string r
policy string r`,
	"aws_sns_topic": `
arn string c
name string oc
policy string oc`,
	"aws_sns_topic_subscription": `
arn string c
topic_arn string r
protocol string r
endpoint string r`,
	"aws_msk_cluster": `
arn string c
cluster_name string r
kafka_version string r
number_of_broker_nodes int r
bootstrap_brokers_tls string c
broker_node_group_info block r1
  instance_type string r
  client_subnets set:string r
  security_groups set:string r
encryption_info block o1
  encryption_at_rest_kms_key_arn string oc
  encryption_in_transit block o1
    client_broker string o TLS
    in_cluster bool o true`,
	"aws_mskconnect_connector": `
arn string c
name string r
connector_configuration map r
kafkaconnect_version string r
service_execution_role_arn string r
kafka_cluster_encryption_in_transit block r1
  encryption_type string o PLAINTEXT`,
	"aws_elasticache_replication_group": `
arn string c
replication_group_id string r
description string r
engine string o redis
transit_encryption_enabled bool oc
transit_encryption_mode string oc`,
	"aws_elasticache_cluster": `
arn string c
cluster_id string r
engine string oc
transit_encryption_enabled bool oc`,
	"aws_memorydb_cluster": `
arn string c
name string oc
acl_name string r
node_type string r
tls_enabled bool o true`,
	"aws_dax_cluster": `
arn string c
cluster_name string r
iam_role_arn string r
node_type string r
replication_factor int r
cluster_endpoint_encryption_type string o`,
	"aws_dms_endpoint": `
endpoint_arn string c
endpoint_id string r
endpoint_type string r
engine_name string r
server_name string o
port int o
ssl_mode string oc`,
	"aws_opensearch_domain": `
arn string c
domain_name string r
endpoint string c
node_to_node_encryption block oc1
  enabled bool r
domain_endpoint_options block oc1
  enforce_https bool o true
  tls_security_policy string oc`,
	"aws_lb": `
arn string c
name string oc
load_balancer_type string o application
internal bool oc`,
	"aws_lb_target_group": `
arn string c
name string oc
port int o
protocol string o
vpc_id string o`,
	"aws_lb_listener": `
arn string c
load_balancer_arn string r
port int o
protocol string oc
ssl_policy string oc
certificate_arn string o
default_action block r
  type string r
  target_group_arn string o
  redirect block o1
    port string o #{port}
    protocol string o #{protocol}
    status_code string r`,
	"aws_transfer_server": `
arn string c
protocols set:string oc
security_policy_name string o TransferSecurityPolicy-2018-11`,
	"aws_db_proxy": `
arn string c
name string r
engine_family string r
role_arn string r
vpc_subnet_ids set:string r
require_tls bool o`,
	"aws_datasync_location_efs": `
arn string c
efs_file_system_arn string r
in_transit_encryption string o
ec2_config block r1
  security_group_arns set:string r
  subnet_arn string r`,
	"aws_datasync_location_object_storage": `
arn string c
agent_arns set:string r
bucket_name string r
server_hostname string r
server_protocol string o HTTPS
server_port int o`,
	"aws_sagemaker_data_quality_job_definition": `
arn string c
name string oc
role_arn string r
job_resources block r1
  cluster_config block r1
    instance_count int r
    instance_type string r
    volume_size_in_gb int r
network_config block o1
  enable_inter_container_traffic_encryption bool o
  enable_network_isolation bool o`,
	"aws_sagemaker_pipeline": `
arn string c
pipeline_name string r
pipeline_display_name string r
pipeline_definition string o
role_arn string o`,
	"aws_redshift_parameter_group": `
arn string c
name string r
family string r
parameter set-block o
  name string r
  value string r`,
	"aws_redshift_cluster": `
arn string c
cluster_identifier string r
node_type string r
cluster_parameter_group_name string oc`,
	"aws_ecs_task_definition": `
arn string c
family string r
container_definitions string r
volume set-block o
  name string r
  efs_volume_configuration block o1
    file_system_id string r
    root_directory string o /
    transit_encryption string o
    transit_encryption_port int o`,
	"aws_glue_connection": `
arn string c
name string r
connection_type string o JDBC
connection_properties map o`,
	"aws_cloudfront_distribution": `
arn string c
domain_name string c
enabled bool r
origin set-block r
  domain_name string r
  origin_id string r
  custom_origin_config block o1
    http_port int r
    https_port int r
    origin_protocol_policy string r
    origin_ssl_protocols set:string r
default_cache_behavior block r1
  allowed_methods set:string r
  cached_methods set:string r
  target_origin_id string r
  viewer_protocol_policy string r
viewer_certificate block r1
  acm_certificate_arn string o
  cloudfront_default_certificate bool o
  minimum_protocol_version string o TLSv1
  ssl_support_method string o
restrictions block r1
  geo_restriction block r1
    restriction_type string r`,
}
