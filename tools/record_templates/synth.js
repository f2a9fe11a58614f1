// SPDX-License-Identifier: Apache-2.0
// Writes the templates of each case below to the folder given: node synth.js OUT
import fs from "node:fs";
import path from "node:path";
import * as cdk from "aws-cdk-lib";
import * as elasticache from "aws-cdk-lib/aws-elasticache";
import * as firehose from "aws-cdk-lib/aws-kinesisfirehose";
import * as iot from "aws-cdk-lib/aws-iot";
import * as iam from "aws-cdk-lib/aws-iam";
import * as kinesis from "aws-cdk-lib/aws-kinesis";
import * as msk from "aws-cdk-lib/aws-msk";
import * as opensearch from "aws-cdk-lib/aws-opensearchservice";
import * as s3 from "aws-cdk-lib/aws-s3";
import * as sns from "aws-cdk-lib/aws-sns";
import * as sqs from "aws-cdk-lib/aws-sqs";

// IoT → Kinesis → Firehose → S3, as people write it.
function path_to(scope, bucket) {
  const stream = new kinesis.Stream(scope, "Raw");
  const role = new iam.Role(scope, "RuleRole", { assumedBy: new iam.ServicePrincipal("iot.amazonaws.com") });
  stream.grantWrite(role);
  new iot.CfnTopicRule(scope, "Route", {
    topicRulePayload: {
      sql: "SELECT * FROM 'weather/+/reading'",
      awsIotSqlVersion: "2016-03-23",
      actions: [{ kinesis: { roleArn: role.roleArn, streamName: stream.streamName, partitionKey: "${topic()}" } }],
    },
  });
  new firehose.DeliveryStream(scope, "Deliver", {
    source: new firehose.KinesisStreamSource(stream),
    destination: new firehose.S3Bucket(bucket),
  });
}

const cases = {
  "path-open"(app) {
    const stack = new cdk.Stack(app, "Weather");
    path_to(stack, new s3.Bucket(stack, "Lake"));
  },
  "path-closed"(app) {
    const stack = new cdk.Stack(app, "Weather");
    path_to(stack, new s3.Bucket(stack, "Lake", { enforceSSL: true }));
  },
  "path-floor"(app) {
    const stack = new cdk.Stack(app, "Weather");
    path_to(stack, new s3.Bucket(stack, "Lake", { enforceSSL: true, minimumTLSVersion: 1.3 }));
  },
  "two-stacks"(app) {
    const lake = new cdk.Stack(app, "Lake");
    const ingest = new cdk.Stack(app, "Ingest");
    path_to(ingest, new s3.Bucket(lake, "Bucket", { enforceSSL: true }));
  },
  nested(app) {
    const stack = new cdk.Stack(app, "Weather");
    const inner = new cdk.NestedStack(stack, "Store");
    path_to(stack, new s3.Bucket(inner, "Lake", { enforceSSL: true }));
  },
  services(app) {
    const stack = new cdk.Stack(app, "Services");
    new sns.Topic(stack, "ClosedTopic", { enforceSSL: true });
    new sns.Topic(stack, "OpenTopic");
    new sqs.Queue(stack, "ClosedQueue", { enforceSSL: true });
    new sqs.Queue(stack, "OpenQueue");
    new opensearch.Domain(stack, "ClosedIndex", {
      version: opensearch.EngineVersion.OPENSEARCH_2_17, enforceHttps: true, nodeToNodeEncryption: true,
      encryptionAtRest: { enabled: true }, tlsSecurityPolicy: opensearch.TLSSecurityPolicy.TLS_1_2_PFS,
    });
    new opensearch.Domain(stack, "OpenIndex", { version: opensearch.EngineVersion.OPENSEARCH_2_17 });
    const brokers = (id, more) => new msk.CfnCluster(stack, id, {
      clusterName: id, kafkaVersion: "3.8.x", numberOfBrokerNodes: 3,
      brokerNodeGroupInfo: { instanceType: "kafka.m7g.large", clientSubnets: ["subnet-1", "subnet-2", "subnet-3"] }, ...more,
    });
    brokers("DefaultBrokers", {});
    brokers("MixedBrokers", { encryptionInfo: { encryptionInTransit: { clientBroker: "TLS_PLAINTEXT", inCluster: true } } });
    new elasticache.CfnReplicationGroup(stack, "Cache", {
      replicationGroupDescription: "features", cacheNodeType: "cache.t4g.small", engine: "valkey", transitEncryptionEnabled: true,
    });
  },
};

const out = process.argv[2];
for (const [name, build] of Object.entries(cases)) {
  const app = new cdk.App({
    analyticsReporting: false, treeMetadata: false,
    context: { "aws:cdk:enable-path-metadata": true, "aws:cdk:enable-asset-metadata": true },
  });
  build(app);
  const folder = app.synth().directory;
  fs.mkdirSync(path.join(out, name), { recursive: true });
  for (const file of fs.readdirSync(path.join(out, name)))
    if (file.endsWith(".template.json")) fs.rmSync(path.join(out, name, file));
  for (const file of fs.readdirSync(folder).sort())
    if (file.endsWith(".template.json")) fs.copyFileSync(path.join(folder, file), path.join(out, name, file));
}
const { version } = JSON.parse(fs.readFileSync(new URL("node_modules/aws-cdk-lib/package.json", import.meta.url)));
fs.writeFileSync(path.join(out, "VERSION.txt"), `aws-cdk-lib ${version}, by tools/record_templates/record.sh\n`);
