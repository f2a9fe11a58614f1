#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Infrastructure of any size, the same for the same seed.

  check_inputs.py plan --megabytes N [--seed N] FILE
  check_inputs.py templates --count N [--yaml] [--seed N] FOLDER

A plan has the sections of `terraform show -json` (planned_values, resource_changes, prior_state, configuration) on one line. Its root
calls modules with for_each, these call a module with count; eight instances share one configuration. Of a module's resources about a third are
there already (`before`, `prior_state`, no unknowns); of those that are new, computed attributes and references are known after apply. A fifth of
the resources has a say in some hop. Of bucket policies a third is a literal, a third a data source with unknown ARNs, a third is absent.
A template has 10 KB: parameters, conditions, intrinsics (in YAML their short forms), outputs.
"""
import argparse
import json
import pathlib
import random

ACCOUNT, REGION = "123456789012", "eu-west-1"
PROVIDER = "example.com/hashicorp/aws"


class Ref:
    """An attribute of something else: known when that is there already."""

    def __init__(self, reference, known):
        self.reference, self.known = reference, known


class Computed:
    """What the provider fills in."""

    def __init__(self, known):
        self.known = known


class Default:
    """What nobody wrote, and a plan shows nevertheless."""

    def __init__(self, value):
        self.value = value


class Named:
    """A text made of each.key."""

    def __init__(self, text):
        self.text = text


def after_of(value, there):
    """(the value, its unknowns, its sensitive shape): in lists null stands for what is not known, elsewhere nothing."""
    if isinstance(value, (Ref, Computed)):
        return (value.known, False, False) if there else (None, True, False)
    if isinstance(value, Default):
        return after_of(value.value, there)
    if isinstance(value, Named):
        return value.text, False, False
    if isinstance(value, dict):
        after, unknown, shape = {}, {}, {}
        for name, inner in value.items():
            a, u, s = after_of(inner, there)
            if u is True:
                unknown[name] = True
                continue
            after[name] = a
            if isinstance(a, (dict, list)):
                unknown[name], shape[name] = u, s
        return after, unknown, shape
    if isinstance(value, list):
        parts = [after_of(inner, there) for inner in value]
        return [a for a, _, _ in parts], [u for _, u, _ in parts], [s for _, _, s in parts]
    return value, False, False


def expressions_of(value):
    """What a configuration shows of a value; None when nobody wrote it."""
    if isinstance(value, (Computed, Default)) or value is None:
        return None
    if isinstance(value, Ref):
        return {"references": references(value.reference)}
    if isinstance(value, Named):
        return {"references": ["each.key"]}
    if isinstance(value, dict):
        found = {name: expressions_of(inner) for name, inner in value.items()}
        return {name: inner for name, inner in found.items() if inner is not None}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [expressions_of(inner) for inner in value]
    if isinstance(value, list) and any(isinstance(inner, Ref) for inner in value):
        return {"references": [r for inner in value if isinstance(inner, Ref) for r in references(inner.reference)]}
    return {"constant_value": value}


def references(reference):
    parts = reference.split(".")
    return [".".join(parts[:n]) for n in range(len(parts), 1, -1)]


def arn(service, name):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


def deny_plaintext(bucket):
    return {"Version": "2012-10-17", "Statement": [
        {"Sid": "NoPlaintext", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
         "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Sid": "Readers", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/reader"},
         "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}]}


def tags(key, name):
    each = {"Environment": "production", "Owner": "platform", "Service": key, "Name": name, "CostCentre": "4711"}
    return {"tags": Default(each), "tags_all": Default(dict(each, ManagedBy="terraform"))}


def assume(service):
    return Default(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": service}}]}))


def common(key, rng):
    """What every service has: roles, rules, logs, alarms, and no hop of its own."""
    name = f"svc-{key}"
    yield "aws_iam_role", "this", 1, {
        "name": Named(name), "assume_role_policy": assume("ecs-tasks.amazonaws.com"), "description": Default(""),
        "force_detach_policies": Default(False), "max_session_duration": Default(3600), "path": Default("/"),
        "permissions_boundary": Default(None), "arn": Computed(f"arn:aws:iam::{ACCOUNT}:role/{name}"), "id": Computed(name),
        "create_date": Computed("2026-03-01T10:00:00Z"), "unique_id": Computed("AROA" + key.upper()), **tags(key, name)}
    yield "aws_iam_role_policy", "this", 1, {
        "name": Named(name), "role": Ref("aws_iam_role.this.id", name), "id": Computed(f"{name}:{name}"), "name_prefix": Computed(""),
        "policy": Default(json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["kms:Decrypt", "logs:PutLogEvents", "s3:GetObject", "sqs:SendMessage"], "Resource": "*"}]}))}
    yield "aws_security_group", "this", 1, {
        "name": Named(name), "description": "service", "vpc_id": "vpc-0a1b2c3d4e5f", "revoke_rules_on_delete": Default(False),
        "egress": Computed([]), "ingress": Computed([]), "arn": Computed(arn("ec2", f"security-group/sg-{key}")), "id": Computed(f"sg-{key}"),
        "owner_id": Computed(ACCOUNT), **tags(key, name)}
    yield "aws_security_group_rule", "in", rng.randint(2, 4), {
        "type": "ingress", "from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/16", "10.1.0.0/16"],
        "description": Default(None), "ipv6_cidr_blocks": Default(None), "prefix_list_ids": Default(None), "self": Default(False),
        "security_group_id": Ref("aws_security_group.this.id", f"sg-{key}"), "id": Computed(f"sgrule-{key}"),
        "source_security_group_id": Computed(None), "security_group_rule_id": Computed(f"sgr-{key}")}
    yield "aws_cloudwatch_log_group", "this", 1, {
        "name": Named(f"/service/{name}"), "retention_in_days": 30, "kms_key_id": Default(None), "skip_destroy": Default(False),
        "log_group_class": Computed("STANDARD"), "arn": Computed(arn("logs", f"log-group:/service/{name}")), "id": Computed(name), **tags(key, name)}
    yield "aws_cloudwatch_metric_alarm", "errors", rng.randint(1, 4), {
        "alarm_name": Named(f"{name}-errors"), "comparison_operator": "GreaterThanThreshold", "evaluation_periods": 3, "metric_name": "Errors",
        "namespace": "AWS/Lambda", "period": 60, "statistic": "Sum", "threshold": 5, "actions_enabled": Default(True),
        "alarm_actions": Default(["arn:aws:sns:eu-west-1:123456789012:ops"]), "alarm_description": Default(None), "datapoints_to_alarm": Default(None),
        "dimensions": Default({"FunctionName": name}), "extended_statistic": Default(None), "insufficient_data_actions": Default(None),
        "metric_query": Default([]), "ok_actions": Default(None), "threshold_metric_id": Default(None), "treat_missing_data": Default("missing"),
        "unit": Default(None), "evaluate_low_sample_count_percentiles": Computed(""), "arn": Computed(arn("cloudwatch", f"alarm:{name}")),
        "id": Computed(name), **tags(key, name)}
    yield "aws_kms_key", "this", 1, {
        "description": "data of the service", "enable_key_rotation": True, "deletion_window_in_days": 30, "is_enabled": Default(True),
        "customer_master_key_spec": Default("SYMMETRIC_DEFAULT"), "key_usage": Default("ENCRYPT_DECRYPT"), "custom_key_store_id": Default(None),
        "bypass_policy_lockout_safety_check": Default(False), "arn": Computed(arn("kms", f"key/{key}")), "id": Computed(key), "key_id": Computed(key),
        "multi_region": Computed(False), "policy": Computed("{}"), "rotation_period_in_days": Computed(365), **tags(key, name)}


def ingest(key, rng):
    name = f"svc-{key}"
    yield "aws_iot_topic_rule", "this", 1, {
        "name": Named(name.replace("-", "_")), "enabled": True, "sql": "SELECT * FROM 'readings/#'", "sql_version": "2016-03-23",
        "description": Default(None), "firehose": Default([]), "http": Default([]), "kafka": Default([]), "s3": Default([]),
        "kinesis": [{"partition_key": "${topic()}", "stream_name": Named(name), "role_arn": Ref("aws_iam_role.this.arn", f"arn:aws:iam::{ACCOUNT}:role/{name}")}],
        "arn": Computed(arn("iot", f"rule/{name}")), "id": Computed(name), **tags(key, name)}
    yield "aws_kinesis_stream", "this", 1, {
        "name": Named(name), "shard_count": 2, "encryption_type": "KMS", "kms_key_id": "alias/aws/kinesis", "retention_period": Default(24),
        "enforce_consumer_deletion": Default(False), "shard_level_metrics": Default(None), "stream_mode_details": Computed([]),
        "arn": Computed(arn("kinesis", f"stream/{name}")), "id": Computed(name), **tags(key, name)}
    destination = rng.random()
    yield "aws_kinesis_firehose_delivery_stream", "this", 1, {
        "name": Named(name), "destination": "extended_s3",
        "extended_s3_configuration": [{
            "bucket_arn": Ref("module.store.arn", f"arn:aws:s3:::{name}-0"), "role_arn": Ref("aws_iam_role.this.arn", f"arn:aws:iam::{ACCOUNT}:role/{name}"),
            "buffering_interval": 300, "buffering_size": 64, "compression_format": Default("GZIP"), "kms_key_arn": Default(None),
            "prefix": Default("year=!{timestamp:yyyy}/"), "error_output_prefix": Default(None), "dynamic_partitioning_configuration": Default([]),
            "processing_configuration": Default([]), "s3_backup_mode": Default("Disabled")}],
        "kinesis_source_configuration": [{"kinesis_stream_arn": Ref("aws_kinesis_stream.this.arn", arn("kinesis", f"stream/{name}")),
                                          "role_arn": Ref("aws_iam_role.this.arn", f"arn:aws:iam::{ACCOUNT}:role/{name}")}],
        "http_endpoint_configuration": [{"url": "https://intake.example.com/v1" if destination < 0.7 else "http://intake.example.com/v1",
                                         "name": "intake", "retry_duration": 60}] if destination < 0.2 else Default([]),
        "redshift_configuration": Default([]), "opensearch_configuration": Default([]), "splunk_configuration": Default([]),
        "arn": Computed(arn("firehose", f"deliverystream/{name}")), "id": Computed(name), "version_id": Computed("1"), **tags(key, name)}


def web(key, rng):
    name = f"svc-{key}"
    balancer = arn("elasticloadbalancing", f"loadbalancer/app/{name}/50dc6c495c0c9188")
    yield "aws_lb", "this", 1, {
        "name": Named(name), "load_balancer_type": "application", "internal": False, "idle_timeout": Default(60), "enable_http2": Default(True),
        "drop_invalid_header_fields": Default(False), "subnets": ["subnet-0a", "subnet-0b"], "access_logs": Default([]), "subnet_mapping": Computed([]),
        "security_groups": [Ref("aws_security_group.this.id", f"sg-{key}")], "arn": Computed(balancer), "id": Computed(balancer),
        "dns_name": Computed(f"{name}.elb.amazonaws.com"), "zone_id": Computed("Z32O12XQLNTSW2"), "arn_suffix": Computed(name), **tags(key, name)}
    yield "aws_lb_target_group", "this", 2, {
        "name": Named(name), "port": 8080, "protocol": rng.choice(["HTTP", "HTTP", "HTTPS"]), "target_type": "ip", "vpc_id": "vpc-0a1b2c3d4e5f",
        "deregistration_delay": Default("300"), "slow_start": Default(0), "stickiness": Computed([]), "protocol_version": Computed("HTTP1"),
        "health_check": [{"path": "/health", "matcher": "200", "interval": Default(30), "timeout": Default(5), "protocol": Default("HTTP"), "port": Default("traffic-port")}],
        "arn": Computed(arn("elasticloadbalancing", f"targetgroup/{name}/1")), "id": Computed(name), "arn_suffix": Computed(name), **tags(key, name)}
    yield "aws_lb_listener", "https", 1, {
        "load_balancer_arn": Ref("aws_lb.this.arn", balancer), "port": 443, "protocol": "HTTPS",
        "ssl_policy": rng.choice(["ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS13-1-3-2021-06"]),
        "certificate_arn": arn("acm", "certificate/0f"), "alpn_policy": Default(None),
        "default_action": [{"type": "forward", "target_group_arn": Ref("aws_lb_target_group.this", arn("elasticloadbalancing", f"targetgroup/{name}/1")),
                            "order": Computed(1), "authenticate_oidc": Default([]), "fixed_response": Default([]), "forward": Default([]), "redirect": Default([])}],
        "arn": Computed(balancer + "/l1"), "id": Computed(balancer + "/l1"), "mutual_authentication": Computed([]), **tags(key, name)}
    if rng.random() < 0.6:
        yield "aws_lb_listener", "http", 1, {
            "load_balancer_arn": Ref("aws_lb.this.arn", balancer), "port": 80, "protocol": "HTTP", "alpn_policy": Default(None), "certificate_arn": Default(None),
            "default_action": [{"type": "redirect", "redirect": [{"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301", "host": Default("#{host}")}],
                                "order": Computed(1), "fixed_response": Default([]), "forward": Default([])}],
            "arn": Computed(balancer + "/l2"), "id": Computed(balancer + "/l2"), "ssl_policy": Computed(""), **tags(key, name)}
    yield "aws_cloudfront_distribution", "this", 1, {
        "enabled": True, "comment": Default(None), "is_ipv6_enabled": True, "price_class": "PriceClass_100", "aliases": Default([f"{name}.example.com"]),
        "default_cache_behavior": [{"allowed_methods": ["GET", "HEAD"], "cached_methods": ["GET", "HEAD"], "target_origin_id": "app",
                                    "viewer_protocol_policy": rng.choice(["redirect-to-https", "https-only", "allow-all"]), "compress": Default(True),
                                    "min_ttl": Default(0), "smooth_streaming": Default(None), "lambda_function_association": Default([])}],
        "origin": [{"domain_name": Ref("aws_lb.this.dns_name", f"{name}.elb.amazonaws.com"), "origin_id": "app", "connection_attempts": Default(3),
                    "custom_origin_config": [{"http_port": 80, "https_port": 443, "origin_protocol_policy": "https-only", "origin_ssl_protocols": ["TLSv1.2"],
                                              "origin_keepalive_timeout": Default(5), "origin_read_timeout": Default(30)}],
                    "custom_header": Default([]), "s3_origin_config": Default([])}],
        "restrictions": [{"geo_restriction": [{"restriction_type": "none"}]}],
        "viewer_certificate": [{"acm_certificate_arn": arn("acm", "certificate/0f"), "minimum_protocol_version": "TLSv1.2_2021", "ssl_support_method": "sni-only",
                                "cloudfront_default_certificate": Default(None)}],
        "ordered_cache_behavior": Default([]), "logging_config": Default([]), "web_acl_id": Default(None), "wait_for_deployment": Default(True),
        "arn": Computed(f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"), "id": Computed("E1"), "domain_name": Computed("d1.cloudfront.net"),
        "etag": Computed("E2"), "status": Computed("Deployed"), **tags(key, name)}
    yield "aws_ecs_task_definition", "this", 1, {
        "family": Named(name), "cpu": "512", "memory": "1024", "network_mode": "awsvpc", "requires_compatibilities": ["FARGATE"],
        "container_definitions": Default(json.dumps([{"name": "app", "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}:1", "essential": True,
                                                      "portMappings": [{"containerPort": 8080, "protocol": "tcp"}], "environment": [
                                                          {"name": f"SETTING_{i}", "value": f"value-{i}"} for i in range(12)]}])),
        "execution_role_arn": Ref("aws_iam_role.this.arn", f"arn:aws:iam::{ACCOUNT}:role/{name}"), "task_role_arn": Default(None), "skip_destroy": Default(False),
        "volume": [{"name": "shared", "host_path": Default(""), "efs_volume_configuration": [
            {"file_system_id": "fs-0a1b2c", "transit_encryption": rng.choice(["ENABLED", "ENABLED", "DISABLED"]), "root_directory": Default("/")}]}] if rng.random() < 0.3 else Default([]),
        "arn": Computed(arn("ecs", f"task-definition/{name}:1")), "id": Computed(name), "revision": Computed(1), **tags(key, name)}


def data(key, rng):
    name = f"svc-{key}"
    yield "aws_db_parameter_group", "this", 1, {
        "name": Named(name), "family": "postgres16", "description": Default("Managed by Terraform"), "skip_destroy": Default(False),
        "parameter": [{"name": "rds.force_ssl", "value": rng.choice(["0", "1", "1"]), "apply_method": Default("immediate")},
                      {"name": "log_statement", "value": "ddl", "apply_method": Default("immediate")}],
        "arn": Computed(arn("rds", f"pg:{name}")), "id": Computed(name), "name_prefix": Computed(""), **tags(key, name)}
    yield "aws_db_instance", "this", 1, {
        "identifier": Named(name), "engine": "postgres", "engine_version": "16.3", "instance_class": "db.r6g.large", "allocated_storage": 100,
        "parameter_group_name": Ref("aws_db_parameter_group.this.name", name), "storage_encrypted": True, "multi_az": True, "username": "app",
        "apply_immediately": Default(False), "auto_minor_version_upgrade": Default(True), "backup_retention_period": Default(7), "copy_tags_to_snapshot": Default(False),
        "deletion_protection": Default(True), "iam_database_authentication_enabled": Default(None), "publicly_accessible": Default(False),
        "skip_final_snapshot": Default(False), "timeouts": Default(None), "address": Computed(f"{name}.rds.amazonaws.com"), "arn": Computed(arn("rds", f"db:{name}")),
        "id": Computed(name), "endpoint": Computed(f"{name}.rds.amazonaws.com:5432"), "port": Computed(5432), "ca_cert_identifier": Computed("rds-ca-rsa2048-g1"),
        "resource_id": Computed("db-1"), "status": Computed("available"), "vpc_security_group_ids": Computed([f"sg-{key}"]), **tags(key, name)}
    yield "aws_elasticache_replication_group", "this", 1, {
        "replication_group_id": Named(name), "description": "cache", "engine": "redis", "node_type": "cache.r6g.large", "num_cache_clusters": 2,
        **({"transit_encryption_enabled": rng.random() < 0.7} if rng.random() < 0.8 else {"transit_encryption_enabled": Computed(False)}),
        "at_rest_encryption_enabled": Computed("true"), "automatic_failover_enabled": Default(True), "snapshot_retention_limit": Default(None), "timeouts": Default(None),
        "arn": Computed(arn("elasticache", f"replicationgroup:{name}")), "id": Computed(name), "primary_endpoint_address": Computed(name),
        "transit_encryption_mode": Computed(""), "engine_version": Computed("7.1"), **tags(key, name)}
    yield "aws_msk_cluster", "this", 1, {
        "cluster_name": Named(name), "kafka_version": "3.6.0", "number_of_broker_nodes": 3, "enhanced_monitoring": Default("DEFAULT"),
        "broker_node_group_info": [{"instance_type": "kafka.m5.large", "client_subnets": ["subnet-0a", "subnet-0b"], "security_groups": [Ref("aws_security_group.this.id", f"sg-{key}")],
                                    "az_distribution": Default("DEFAULT"), "storage_info": Computed([])}],
        "encryption_info": [{"encryption_in_transit": [{"client_broker": rng.choice(["TLS", "TLS", "TLS_PLAINTEXT"]), "in_cluster": True}],
                             "encryption_at_rest_kms_key_arn": Computed(arn("kms", "key/1"))}] if rng.random() < 0.7 else Default([]),
        "client_authentication": Default([]), "configuration_info": Default([]), "logging_info": Default([]), "open_monitoring": Default([]),
        "arn": Computed(arn("kafka", f"cluster/{name}/1")), "id": Computed(name), "bootstrap_brokers": Computed(""), "bootstrap_brokers_tls": Computed("b-1:9094"),
        "zookeeper_connect_string": Computed(""), **tags(key, name)}


def jobs(key, rng):
    name = f"svc-{key}"
    yield "aws_sqs_queue", "this", rng.randint(1, 3), {
        "name": Named(name), "fifo_queue": Default(False), "delay_seconds": Default(0), "max_message_size": Default(262144), "message_retention_seconds": Default(345600),
        "receive_wait_time_seconds": Default(0), "visibility_timeout_seconds": Default(30), "kms_master_key_id": Default(None), "arn": Computed(arn("sqs", name)),
        "id": Computed(name), "url": Computed(name), "policy": Computed(""), "redrive_policy": Computed(""), "sqs_managed_sse_enabled": Computed(True), **tags(key, name)}
    yield "aws_sns_topic", "this", 1, {
        "name": Named(name), "fifo_topic": Default(False), "display_name": Default(None), "kms_master_key_id": Default("alias/aws/sns"), "delivery_policy": Default(None),
        "arn": Computed(arn("sns", name)), "id": Computed(name), "owner": Computed(ACCOUNT), "policy": Computed("{}"), **tags(key, name)}
    yield "aws_sns_topic_policy", "this", 1, {
        "arn": Ref("aws_sns_topic.this.arn", arn("sns", name)), "id": Computed(name), "owner": Computed(ACCOUNT),
        "policy": Default(json.dumps({"Version": "2012-10-17", "Statement": [
            {"Sid": "NoPlaintext", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": arn("sns", name),
             "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}))}
    yield "aws_sns_topic_subscription", "this", 2, {
        "topic_arn": Ref("aws_sns_topic.this.arn", arn("sns", name)), "protocol": rng.choice(["sqs", "https", "http"]), "endpoint": Default(f"https://{name}.example.com/hook"),
        "raw_message_delivery": Default(False), "filter_policy": Default(None), "redrive_policy": Default(None), "confirmation_timeout_in_minutes": Default(1),
        "endpoint_auto_confirms": Default(False), "arn": Computed(arn("sns", f"{name}:1")), "id": Computed(name), "owner_id": Computed(ACCOUNT)}
    yield "aws_lambda_function", "this", rng.randint(1, 3), {
        "function_name": Named(name), "handler": "main.handler", "runtime": "python3.12", "memory_size": 256, "timeout": 30, "s3_bucket": "artifacts", "s3_key": "app.zip",
        "role": Ref("aws_iam_role.this.arn", f"arn:aws:iam::{ACCOUNT}:role/{name}"), "publish": Default(False), "package_type": Default("Zip"), "layers": Default(None),
        "environment": [{"variables": {f"SETTING_{i}": f"value-{i}" for i in range(10)}}], "dead_letter_config": Default([]), "file_system_config": Default([]),
        "image_config": Default([]), "reserved_concurrent_executions": Default(-1), "skip_destroy": Default(False), "vpc_config": Default([]), "timeouts": Default(None),
        "arn": Computed(arn("lambda", f"function:{name}")), "id": Computed(name), "invoke_arn": Computed(name), "last_modified": Computed("2026-03-01"), "version": Computed("1"),
        "source_code_hash": Computed("x"), **tags(key, name)}
    yield "aws_lambda_permission", "this", 2, {
        "action": "lambda:InvokeFunction", "principal": "sns.amazonaws.com", "function_name": Ref("aws_lambda_function.this", name), "statement_id": Default("sns"),
        "source_arn": Ref("aws_sns_topic.this.arn", arn("sns", name)), "qualifier": Default(None), "source_account": Default(None), "id": Computed("sns"),
        "statement_id_prefix": Computed("")}
    yield "aws_dynamodb_table", "this", 1, {
        "name": Named(name), "billing_mode": "PAY_PER_REQUEST", "hash_key": "id", "range_key": Default(None), "stream_enabled": Default(None), "table_class": Default(None),
        "attribute": [{"name": "id", "type": "S"}], "global_secondary_index": Default([]), "local_secondary_index": Default([]), "point_in_time_recovery": [{"enabled": True}],
        "server_side_encryption": Computed([]), "ttl": Default([]), "replica": Default([]), "arn": Computed(arn("dynamodb", f"table/{name}")), "id": Computed(name),
        "stream_arn": Computed(""), **tags(key, name)}


KINDS = [ingest, web, data, jobs]


def bucket(name, key, form):
    """The module that keeps data; its policy in one of three forms."""
    yield "aws_s3_bucket", "this", 0, {
        "bucket": Named(name), "force_destroy": Default(False), "object_lock_enabled": Computed(False), "timeouts": Default(None), "arn": Computed(f"arn:aws:s3:::{name}"),
        "id": Computed(name), "bucket_domain_name": Computed(f"{name}.s3.amazonaws.com"), "bucket_prefix": Computed(""), "policy": Computed(""),
        "acceleration_status": Computed(""), "region": Computed(REGION), "server_side_encryption_configuration": Computed([]), **tags(key, name)}
    yield "aws_s3_bucket_public_access_block", "this", 0, {
        "bucket": Ref("aws_s3_bucket.this.id", name), "block_public_acls": True, "block_public_policy": True, "ignore_public_acls": True, "restrict_public_buckets": True,
        "id": Computed(name)}
    yield "aws_s3_bucket_versioning", "this", 0, {
        "bucket": Ref("aws_s3_bucket.this.id", name), "versioning_configuration": [{"status": "Enabled", "mfa_delete": Computed("")}], "expected_bucket_owner": Default(None),
        "mfa": Default(None), "id": Computed(name)}
    if form == "literal":
        yield "aws_s3_bucket_policy", "this", 0, {"bucket": Ref("aws_s3_bucket.this.id", name), "policy": Named(json.dumps(deny_plaintext(name))), "id": Computed(name)}
    if form == "document":
        yield "aws_s3_bucket_policy", "this", 0, {
            "bucket": Ref("aws_s3_bucket.this.id", name), "policy": Ref("data.aws_iam_policy_document.this.json", json.dumps(deny_plaintext(name))), "id": Computed(name)}
        yield "data.aws_iam_policy_document", "this", 0, {
            "statement": [{"sid": "NoPlaintext", "effect": "Deny", "actions": ["s3:*"], "not_actions": Default(None), "not_resources": Default(None),
                           "resources": [Ref("aws_s3_bucket.this.arn", f"arn:aws:s3:::{name}"), Ref("aws_s3_bucket.this.arn", f"arn:aws:s3:::{name}/*")],
                           "principals": [{"type": "*", "identifiers": ["*"]}], "not_principals": Default([]),
                           "condition": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}]}],
            "version": Default(None), "policy_id": Default(None), "override_policy_documents": Default(None), "source_policy_documents": Default(None),
            "json": Computed(json.dumps(deny_plaintext(name))), "minified_json": Computed(json.dumps(deny_plaintext(name))), "id": Computed("1")}


class Sections:
    """The sections of a plan, as texts that grow together."""

    def __init__(self):
        self.planned, self.changes, self.prior, self.calls, self.bytes = [], [], [], [], 0

    def module(self, address, resources, there, children=()):
        """One instance of a module: adds its changes; gives its planned and its prior text."""
        planned, prior = [], []
        for kind, name, count, value in resources:
            after, unknown, shape = after_of(value, there)
            data_source = kind.startswith("data.")
            for index in range(max(count, 1)):
                key = f"[{index}]" if count else ""
                head = {"address": f"{address}.{kind}.{name}{key}", "mode": "data" if data_source else "managed", "type": kind.removeprefix("data."), "name": name}
                if count:
                    head["index"] = index
                head["provider_name"] = PROVIDER
                state = json.dumps({**head, "schema_version": 0, "values": after, "sensitive_values": shape}, separators=(",", ":"))
                if data_source and there:
                    prior.append(state)
                    continue  # read already: it is in the prior state alone
                if not data_source:
                    planned.append(state)
                if there:
                    prior.append(state)
                change = {"address": head["address"], "module_address": address, **{k: v for k, v in head.items() if k != "address"}}
                change["change"] = {"actions": ["read"] if data_source else ["no-op"] if there else ["create"], "before": after if there else None, "after": after,
                                    "after_unknown": {} if there else unknown, "before_sensitive": shape if there else False, "after_sensitive": shape}
                text = json.dumps(change, separators=(",", ":"))
                self.changes.append(text)
                self.bytes += len(text)
        self.bytes += sum(map(len, planned)) + sum(map(len, prior))
        wrapped = '{"resources":[%s],"address":%s%s}'
        inner = [",\"child_modules\":[" + ",".join(texts) + "]" if texts else "" for texts in zip(*children)] if children else ["", ""]
        return [wrapped % (",".join(texts), json.dumps(address), more) for texts, more in zip((planned, prior), inner)]


def configured(resources):
    out = []
    for kind, name, count, value in resources:
        plain = kind.removeprefix("data.")
        one = {"address": f"{kind}.{name}", "mode": "data" if plain != kind else "managed", "type": plain, "name": name, "provider_config_key": "aws",
               "expressions": expressions_of(value), "schema_version": 0}
        if count:
            one["count_expression"] = {"constant_value": count}
        out.append(one)
    return out


def write_plan(path, megabytes, seed):
    rng = random.Random(seed)
    sections = Sections()
    target = int(megabytes * 1e6)
    number = 0
    while sections.bytes < target:
        kind, call = KINDS[number % len(KINDS)], f"{KINDS[number % len(KINDS)].__name__}_{number}"
        shape, form = rng.random(), rng.choice(["literal", "document", "none"])
        for instance in range(8):
            if instance > 0 and sections.bytes >= target:
                break
            key = f"{number}-{instance}"
            there = rng.random() < 0.33
            # The same module: the shape is the same, however often it is there.
            parts = random.Random(shape)
            resources = [*common(key, parts), *kind(key, parts)]
            address = f'module.{call}["{key}"]'
            stores = [sections.module(f"{address}.module.store[{i}]", list(bucket(f"svc-{key}-{i}", key, form)), there) for i in range(2)]
            planned, prior = sections.module(address, resources, there, stores)
            sections.planned.append(planned)
            if there:
                sections.prior.append(prior)
        store = {"resources": configured(bucket("b", "k", form)), "variables": {"name": {}},
                 "outputs": {"arn": {"expression": {"references": ["aws_s3_bucket.this.arn", "aws_s3_bucket.this"]}}}}
        text = json.dumps({call: {
            "source": f"./{kind.__name__}", "for_each_expression": {"references": ["var.services"]}, "expressions": {"name": {"references": ["each.key"]}},
            "module": {"resources": configured(resources), "variables": {"name": {}},
                       "module_calls": {"store": {"source": "../store", "count_expression": {"constant_value": 2}, "expressions": {"name": {"references": ["var.name"]}},
                                                  "module": store}}}}}, separators=(",", ":"))
        sections.calls.append(text[1:-1])
        sections.bytes += len(text)
        number += 1
    with open(path, "w", encoding="utf-8") as out:
        out.write('{"format_version":"1.2","terraform_version":"1.10.6","variables":{"services":{"value":[]}},"planned_values":{"root_module":{"child_modules":[')
        out.write(",".join(sections.planned))
        out.write(']}},"resource_changes":[' + ",".join(sections.changes))
        out.write('],"prior_state":{"format_version":"1.0","terraform_version":"1.10.6","values":{"root_module":{"child_modules":[')
        out.write(",".join(sections.prior))
        out.write(']}}},"configuration":{"provider_config":{"aws":{"name":"aws","full_name":"%s","version_constraint":"5.100.0"}},' % PROVIDER)
        out.write('"root_module":{"variables":{"services":{}},"module_calls":{' + ",".join(sections.calls) + "}}},")
        out.write('"relevant_attributes":[],"timestamp":"2026-03-01T10:00:00Z","applyable":true,"complete":true,"errored":false}\n')
    return len(sections.changes)


class Tag:
    """An intrinsic: `Fn::Sub` in JSON, `!Sub` in YAML."""

    def __init__(self, name, argument):
        self.name, self.argument = name, argument

    def plain(self):
        argument = self.argument.split(".") if self.name == "GetAtt" else plain(self.argument)
        return {self.name if self.name in ("Ref", "Condition") else "Fn::" + self.name: argument}


def plain(value):
    if isinstance(value, Tag):
        return value.plain()
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def yaml_text(value, indent=0):
    """As people write it: blocks, short intrinsics."""
    pad = "  " * indent
    if isinstance(value, Tag):
        if isinstance(value.argument, (list, dict)):
            return f" !{value.name}" + yaml_text(value.argument, indent)
        return f" !{value.name} {scalar(value.argument)}\n"
    if isinstance(value, dict):
        return "\n" + "".join(f"{pad}{name}:{yaml_text(inner, indent + 1)}" for name, inner in value.items())
    if isinstance(value, list):
        out = ["\n"]
        for inner in value:
            text = yaml_text(inner, indent + 1)
            out.append(f"{pad}- {text[1:].lstrip()}" if isinstance(inner, dict) else f"{pad}-{text}")
        return "".join(out)
    return f" {scalar(value)}\n"


def scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    plain_text = isinstance(value, int) or (text and all(c.isalnum() or c in "_./-" for c in text) and not text[0].isdigit() and text[0] not in "-.")
    return text if plain_text and not text.lower() in ("true", "false", "yes", "no", "on", "off", "null", "y", "n") or isinstance(value, int) else json.dumps(text)


def template(number, rng, size, render):
    out = {"AWSTemplateFormatVersion": "2010-09-09", "Description": f"service {number}",
           "Parameters": {"Environment": {"Type": "String", "Default": "production", "AllowedValues": ["production", "test"]},
                          "Certificate": {"Type": "String", "Description": "of the listener"}},
           "Conditions": {"Production": Tag("Equals", [Tag("Ref", "Environment"), "production"])}, "Resources": {}, "Outputs": {}}
    resources = out["Resources"]
    index = 0
    while len(render(out)) < size:
        name, kind = f"{rng.choice(['Raw', 'Curated', 'Events', 'Readings'])}{index}", rng.randrange(6)
        tagged = {"Tags": [{"Key": "Service", "Value": Tag("Sub", "${AWS::StackName}-" + name.lower())}, {"Key": "Owner", "Value": "platform"}]}
        role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}]}, **tagged}}
        if kind == 0:
            resources[name] = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {
                "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]},
                "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": True}, **tagged}}
            if rng.random() < 0.67:
                resources[name + "Policy"] = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": Tag("Ref", name), "PolicyDocument": {
                    "Version": "2012-10-17", "Statement": [{"Sid": "NoPlaintext", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                                                            "Resource": [Tag("GetAtt", name + ".Arn"), Tag("Sub", "${" + name + ".Arn}/*")],
                                                            "Condition": {"Bool": {"aws:SecureTransport": False}}}]}}}
        elif kind == 1:
            resources[name + "Role"] = role
            resources[name + "Bucket"] = {"Type": "AWS::S3::Bucket"}
            resources[name] = {"Type": "AWS::KinesisFirehose::DeliveryStream", "Properties": {
                "DeliveryStreamType": "DirectPut", "ExtendedS3DestinationConfiguration": {
                    "BucketARN": Tag("GetAtt", name + "Bucket.Arn"), "RoleARN": Tag("GetAtt", name + "Role.Arn"), "CompressionFormat": "GZIP",
                    "BufferingHints": {"IntervalInSeconds": 300, "SizeInMBs": 64}, "Prefix": "year=!{timestamp:yyyy}/"}, **tagged}}
        elif kind == 2:
            resources[name + "Balancer"] = {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {
                "Type": "application", "Scheme": "internal", "Subnets": Tag("Split", [",", Tag("ImportValue", "network-subnets")]), **tagged}}
            resources[name] = {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
                "LoadBalancerArn": Tag("Ref", name + "Balancer"), "Port": 443, "Protocol": "HTTPS", "Certificates": [{"CertificateArn": Tag("Ref", "Certificate")}],
                "SslPolicy": Tag("If", ["Production", "ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-2016-08"]),
                "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]}}
        elif kind == 3:
            resources[name] = {"Type": "AWS::SQS::Queue", "Condition": "Production", "Properties": {"MessageRetentionPeriod": 345600, "VisibilityTimeout": 60, **tagged}}
            resources[name + "Topic"] = {"Type": "AWS::SNS::Topic", "Properties": {"Subscription": [{"Protocol": "sqs", "Endpoint": Tag("GetAtt", name + ".Arn")}], **tagged}}
        elif kind == 4:
            resources[name] = {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": {
                "ReplicationGroupDescription": "cache", "CacheNodeType": "cache.r6g.large", "Engine": "redis", "NumCacheClusters": 2,
                "TransitEncryptionEnabled": rng.random() < 0.7, "AtRestEncryptionEnabled": True, **tagged}}
        else:
            resources[name + "Role"] = role
            resources[name] = {"Type": "AWS::Lambda::Function", "Properties": {
                "Handler": "main.handler", "Runtime": "python3.12", "Role": Tag("GetAtt", name + "Role.Arn"), "Timeout": 30, "Code": {"S3Bucket": "artifacts", "S3Key": "app.zip"},
                "Environment": {"Variables": {"STAGE": Tag("Ref", "Environment"), "TABLE": Tag("Sub", "${AWS::StackName}-table")}}, **tagged}}
        out["Outputs"][name] = {"Value": Tag("Ref", name), "Export": {"Name": Tag("Sub", "${AWS::StackName}-" + name)}}
        index += 1
    return render(out)


def write_templates(folder, count, yaml, seed, size=10_000):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    for number in range(count):
        render = (lambda value: yaml_text(value)[1:]) if yaml else (lambda value: json.dumps(plain(value), indent=2) + "\n")
        text = template(number, rng, size, render)
        (folder / f"stack-{number:04}.{'yaml' if yaml else 'json'}").write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    plan = kinds.add_parser("plan")
    plan.add_argument("--megabytes", type=float, default=1)
    plan.add_argument("--seed", type=int, default=1)
    plan.add_argument("file")
    templates = kinds.add_parser("templates")
    templates.add_argument("--count", type=int, default=1000)
    templates.add_argument("--yaml", action="store_true")
    templates.add_argument("--seed", type=int, default=1)
    templates.add_argument("folder")
    arguments = parser.parse_args()
    if arguments.kind == "plan":
        print(f"{write_plan(arguments.file, arguments.megabytes, arguments.seed)} resources")
    else:
        write_templates(arguments.folder, arguments.count, arguments.yaml, arguments.seed)


if __name__ == "__main__":
    main()
