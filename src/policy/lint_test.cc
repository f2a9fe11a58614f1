// SPDX-License-Identifier: Apache-2.0
#include "policy/lint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace sealane::policy {
namespace {

using Kind = DocumentKind;

const Catalogue& shipped() {
  static const Catalogue catalogue = Catalogue::shipped();
  return catalogue;
}
LintReport lint_text(const std::string& text, DocumentKind kind) {
  return lint(text, kind, "p.json", shipped());
}
std::vector<std::string> rules_of(const LintReport& report) {
  std::vector<std::string> out;
  for (const LintFinding& finding : report.findings) out.emplace_back(finding.rule);
  return out;
}
bool has_rule(const LintReport& report, std::string_view rule) {
  return std::ranges::any_of(report.findings,
                             [&](const LintFinding& finding) { return finding.rule == rule; });
}
std::string all(const LintReport& report) {
  std::string out;
  for (const LintFinding& finding : report.findings)
    out += to_text(finding.diagnostic) + " [" + std::string(finding.rule) + "]\n";
  return out;
}

std::string document(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}
// A statement of an identity's policy with a condition.
std::string with(const std::string& condition, const std::string& action = "s3:GetObject",
                 const std::string& effect = "Allow") {
  return document(R"({"Effect":")" + effect + R"(","Action":")" + action +
                  R"(","Resource":"*","Condition":{)" + condition + "}}");
}
// A bucket's policy that denies.
std::string bucket(const std::string& condition, const std::string& more = {}) {
  return document(
      R"({"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{)" +
      condition + "}}" + more);
}
std::string of_resource(const std::string& resource, const std::string& action = "iot:Publish") {
  return document(R"({"Effect":"Allow","Action":")" + action + R"(","Resource":")" + resource +
                  "\"}");
}
std::string topic(const std::string& own, const std::string& action = "iot:Publish") {
  return of_resource("arn:aws:iot:eu-central-1:123456789012:" + own, action);
}
std::string principal(const std::string& member, const std::string& effect = "Allow") {
  return document(R"({"Effect":")" + effect +
                  R"(","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*",)" + member + "}");
}
const std::string kPlain = R"("Bool":{"aws:SecureTransport":"false"})";
const std::string kTls = R"("Bool":{"aws:SecureTransport":"true"})";
const std::string kFloor = R"("NumericLessThan":{"s3:TlsVersion":"1.2"})";
const std::string kDenyPlain =
    R"(,{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{)" + kPlain +
    "}}";
const std::string kGood = of_resource("arn:aws:s3:::b/*", "s3:GetObject");

struct Case {
  const char* rule;
  DocumentKind kind;
  std::string bad;
  std::string good;
};

std::vector<Case> cases() {
  const std::string two_sids =
      R"({"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"})";
  std::string long_document = kGood;
  long_document.insert(long_document.size() - 1, ",\"Id\":\"" + std::string(3000, 'x') + "\"");
  return {
      {"action-resource-mismatch", Kind::Identity, of_resource("arn:aws:s3:::b", "s3:GetObject"),
       kGood},
      {"action-resource-mismatch", Kind::Identity, of_resource("arn:aws:s3:::b/*", "s3:ListBucket"),
       of_resource("arn:aws:s3:::b*", "s3:ListBucket")},
      {"action-resource-mismatch", Kind::IotDevice, topic("topic/a", "iot:Connect"),
       topic("client/a", "iot:Connect")},
      {"action-without-resource", Kind::Identity,
       of_resource("arn:aws:s3:::b", "s3:ListAllMyBuckets"),
       of_resource("*", "s3:ListAllMyBuckets")},
      {"allow-not-principal", Kind::Resource,
       principal(R"("NotPrincipal":{"AWS":"arn:aws:iam::123456789012:user/u"})"),
       principal(R"("Principal":{"AWS":"arn:aws:iam::123456789012:user/u"})")},
      {"allow-only-transit-condition", Kind::Resource,
       document(
           R"({"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{)" +
           kTls + "}}"),
       document(
           R"({"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{)" +
           kTls + "}}" + kDenyPlain)},
      {"arn-service-case", Kind::Identity, of_resource("arn:aws:S3:::b/*", "s3:*"), kGood},
      {"broad-allow", Kind::IotDevice, of_resource("*", "iot:*"), topic("topic/a")},
      {"broad-allow", Kind::Identity, of_resource("*", "*"), of_resource("*", "s3:*")},
      {"broad-allow", Kind::Identity, of_resource("*", "iot:*"), topic("topic/a")},
      {"contradictory-conditions", Kind::Resource, bucket(kPlain + "," + kFloor), bucket(kPlain)},
      {"contradictory-conditions", Kind::Identity,
       with(R"("Null":{"s3:prefix":"true"},"StringEquals":{"s3:prefix":"a"})", "s3:ListBucket"),
       with(R"("Null":{"s3:prefix":"false"},"StringEquals":{"s3:prefix":"a"})", "s3:ListBucket")},
      {"contradictory-conditions", Kind::Identity,
       with(kTls + R"(,"StringEquals":{"aws:SecureTransport":"false"})"),
       with(kTls + R"(,"StringEquals":{"aws:SecureTransport":["true","false"]})")},
      {"deleted-principal", Kind::Resource,
       principal(R"("Principal":{"AWS":"AIDAJQABLZS4A3QDU576Q"})"),
       principal(R"("Principal":"*")")},
      {"deny-not-principal", Kind::Resource,
       principal(R"("NotPrincipal":{"AWS":"arn:aws:iam::123456789012:user/u"})", "Deny"),
       principal(R"("Principal":"*")", "Deny")},
      {"duplicate-key", Kind::Identity,
       with(R"("Bool":{"aws:SecureTransport":"true","aws:securetransport":"true"})"), with(kTls)},
      {"duplicate-member", Kind::Identity, with(kTls + "," + kTls), with(kTls)},
      {"duplicate-operator", Kind::Identity, with(kTls + R"(,"bool":{"aws:ViaAWSService":"true"})"),
       with(kTls + R"(,"StringEquals":{"aws:ViaAWSService":"true"})")},
      {"duplicate-sid", Kind::Identity, document(two_sids + "," + two_sids), document(two_sids)},
      {"element-form", Kind::Identity, with(R"("Bool":"x")"), with(kTls)},
      {"empty-list", Kind::Identity, with(R"("StringEquals":{"s3:prefix":[]})", "s3:ListBucket"),
       with(R"("StringEquals":{"s3:prefix":["a"]})", "s3:ListBucket")},
      {"endpoint-key", Kind::VpcEndpoint,
       principal(R"("Principal":"*","Condition":{"StringLike":{"aws:SourceVpce":"vpce-*"}})"),
       principal(R"("Principal":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}})")},
      {"for-all-values-single", Kind::Identity,
       with(R"("ForAllValues:StringEquals":{"s3:prefix":"a"})", "s3:ListBucket"),
       with(R"("StringEquals":{"s3:prefix":"a"})", "s3:ListBucket")},
      {"for-all-values-without-null", Kind::Identity,
       with(R"("ForAllValues:StringEquals":{"aws:TagKeys":["a"]})", "sqs:CreateQueue"),
       with(R"("ForAllValues:StringEquals":{"aws:TagKeys":["a"]},"Null":{"aws:TagKeys":"false"})",
            "sqs:CreateQueue")},
      {"for-any-value-single", Kind::Identity,
       with(R"("ForAnyValue:StringEquals":{"s3:prefix":"a"})", "s3:ListBucket"),
       with(R"("StringEquals":{"s3:prefix":"a"})", "s3:ListBucket")},
      {"foreign-character", Kind::Identity, document("") + "\xe2\x82\xac", kGood},
      {"forbidden-element", Kind::Identity, principal(R"("Principal":"*")"), kGood},
      {"invalid-action", Kind::Identity, of_resource("*", "GetObject"), kGood},
      {"invalid-arn", Kind::Identity, of_resource("b/*", "s3:GetObject"), kGood},
      {"invalid-effect", Kind::Identity, with(kTls, "s3:GetObject", "allow"), with(kTls)},
      {"invalid-key", Kind::Identity, with(R"("Bool":{"SecureTransport":"true"})"), with(kTls)},
      {"invalid-key", Kind::IotDevice, topic("topic/${iot:Thing.ThingName}"),
       topic("topic/${iot:Connection.Thing.ThingName}")},
      {"invalid-principal", Kind::Resource, principal(R"("Principal":{"AWS":"u"})"),
       principal(R"("Principal":{"AWS":"123456789012"})")},
      {"invalid-sid", Kind::Identity,
       document(R"({"Sid":"a b","Effect":"Allow","Action":"s3:GetObject","Resource":"*"})"),
       document(two_sids)},
      {"invalid-version", Kind::Identity, R"({"Version":"2012-10-18","Statement":[]})", kGood},
      {"inverted-transit-deny", Kind::Resource, bucket(kTls), bucket(kPlain)},
      {"iot-any-client-id", Kind::IotDevice, topic("client/${iot:ClientId}", "iot:Connect"),
       topic("client/${iot:Connection.Thing.ThingName}", "iot:Connect")},
      {"iot-any-client-id", Kind::IotDevice, topic("client/${iot:ClientId}", "iot:Connect"),
       document(
           R"({"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:r:1:client/${iot:ClientId}","Condition":{"Bool":{"iot:Connection.Thing.IsAttached":"true"}}})")},
      {"iot-client-id-injection", Kind::IotDevice,
       document(
           R"({"Effect":"Allow","Action":"iot:Connect","Resource":"*"},{"Effect":"Allow","Action":"iot:Subscribe","Resource":"arn:aws:iot:r:1:topicfilter/my/${iot:ClientId}/t"})"),
       document(
           R"({"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:r:1:client/${iot:Connection.Thing.ThingName}"},{"Effect":"Allow","Action":"iot:Subscribe","Resource":"arn:aws:iot:r:1:topicfilter/my/${iot:ClientId}/t"})")},
      {"iot-mqtt-wildcard", Kind::IotDevice, topic("topic/a/#"), topic("topic/a/*")},
      {"iot-no-plaintext-port", Kind::IotDevice, with(kTls, "iot:Publish"), topic("topic/a")},
      {"iot-subscribe-deny-bypass", Kind::IotDevice,
       document(
           R"({"Effect":"Allow","Action":["iot:Subscribe","iot:Receive"],"Resource":"*"},{"Effect":"Deny","Action":"iot:Subscribe","Resource":"arn:aws:iot:r:1:topicfilter/a/secret/*"})"),
       document(
           R"({"Effect":"Allow","Action":["iot:Subscribe","iot:Receive"],"Resource":"*"},{"Effect":"Deny","Action":["iot:Subscribe","iot:Receive"],"Resource":["arn:aws:iot:r:1:topicfilter/a/secret/*","arn:aws:iot:r:1:topic/a/secret/*"]})")},
      {"iot-undocumented-key", Kind::IotDevice, with(kTls, "iot:Publish"),
       with(R"("IpAddress":{"aws:SourceIp":"192.0.2.0/24"})", "iot:Publish")},
      {"key-not-carried", Kind::Identity,
       with(R"("Bool":{"elasticache:TransitEncryptionEnabled":"true"})",
            "elasticache:CreateCacheCluster"),
       with(R"("Bool":{"elasticache:TransitEncryptionEnabled":"true"})",
            "elasticache:CreateReplicationGroup")},
      {"key-not-carried", Kind::Identity,
       document(
           R"({"Effect":"Deny","Action":["s3:GetObject","s3:InitiateReplication"],"Resource":"*","Condition":{)" +
           kFloor + "}}"),
       with(kFloor, "s3:GetObject", "Deny")},
      {"key-not-sent", Kind::Identity, with(kFloor, "sqs:SendMessage"), with(kFloor)},
      {"limit", Kind::Identity, of_resource("arn:aws:s3:::" + std::string(3000, 'x')), kGood},
      {"missing-element", Kind::Identity, document(R"({"Action":"s3:GetObject","Resource":"*"})"),
       kGood},
      {"missing-qualifier", Kind::Identity,
       with(R"("StringEquals":{"aws:TagKeys":"a"})", "sqs:CreateQueue"),
       with(R"("ForAnyValue:StringEquals":{"aws:TagKeys":"a"})", "sqs:CreateQueue")},
      {"missing-version", Kind::Identity,
       R"({"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}})", kGood},
      {"missing-version", Kind::Rcp,
       R"({"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"*"}})",
       document(R"({"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"*"})")},
      {"multi-valued-variable", Kind::Identity,
       of_resource("arn:aws:s3:::b/${aws:CalledVia}", "s3:GetObject"),
       of_resource("arn:aws:s3:::b/${aws:username}", "s3:GetObject")},
      {"multiple-bool", Kind::Identity, with(R"("Bool":{"aws:SecureTransport":["true","false"]})"),
       with(kTls)},
      {"null-with-if-exists", Kind::Identity,
       with(R"("NullIfExists":{"s3:prefix":"true"})", "s3:ListBucket"),
       with(R"("Null":{"s3:prefix":"true"})", "s3:ListBucket")},
      {"null-with-qualifier", Kind::Identity,
       with(R"("ForAnyValue:Null":{"aws:TagKeys":"true"})", "sqs:CreateQueue"),
       with(R"("Null":{"aws:TagKeys":"true"})", "sqs:CreateQueue")},
      {"operator-spelling", Kind::Identity, with(R"("bool":{"aws:SecureTransport":"true"})"),
       with(kTls)},
      {"principal-wildcard", Kind::Resource,
       principal(R"("Principal":{"AWS":"arn:aws:iam::123456789012:role/*"})"),
       principal(R"("Principal":{"AWS":"arn:aws:iam::123456789012:role/r"})")},
      {"private-source-ip", Kind::Identity, with(R"("IpAddress":{"aws:SourceIp":"10.1.0.0/16"})"),
       with(R"("IpAddress":{"aws:SourceIp":"192.0.2.0/24"})")},
      {"quota-size", Kind::Session,
       document(R"({"Sid":")" + std::string(2000, 'x') +
                R"(","Effect":"Allow","Action":"s3:GetObject","Resource":"*"})"),
       document(two_sids)},
      {"rcp-allow", Kind::Rcp,
       document(R"({"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"})"),
       document(R"({"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"*"})")},
      {"short-arn", Kind::Identity, of_resource("arn:aws:s3:*", "s3:GetObject"), kGood},
      {"syntax", Kind::Identity, R"({"Version")", kGood},
      {"syntax", Kind::Identity, "", kGood},
      {"tls-floor-without-plaintext-deny", Kind::Resource, bucket(kFloor),
       bucket(kFloor, kDenyPlain)},
      {"tls-floor-without-plaintext-deny", Kind::Resource, bucket(kTls + "," + kFloor),
       bucket(R"("NumericLessThanIfExists":{"s3:TlsVersion":"1.2"})")},
      {"transit-deny-bucket-only", Kind::Resource,
       document(
           R"({"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b","Condition":{)" +
           kPlain + "}}"),
       bucket(kPlain)},
      {"transit-deny-carve-out", Kind::Resource,
       bucket(R"("Bool":{"aws:SecureTransport":"false","aws:PrincipalIsAWSService":"false"})"),
       bucket(kPlain + R"(,"BoolIfExists":{"aws:PrincipalIsAWSService":"false"})")},
      {"transit-deny-objects-only", Kind::Resource,
       document(
           R"({"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{)" +
           kPlain + "}}"),
       bucket(kPlain)},
      {"transit-deny-some-actions", Kind::Resource,
       document(
           R"({"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"*","Condition":{)" +
           kPlain + "}}"),
       bucket(kPlain)},
      {"transit-deny-some-principals", Kind::Resource,
       document(
           R"({"Effect":"Deny","Principal":{"AWS":"123456789012"},"Action":"s3:*","Resource":"*","Condition":{)" +
           kPlain + "}}"),
       document(
           R"({"Effect":"Deny","Principal":{"AWS":["*"]},"Action":"s3:*","Resource":"*","Condition":{)" +
           kPlain + "}}")},
      {"type-mismatch", Kind::Identity,
       with(R"("NumericEquals":{"aws:PrincipalAccount":"123456789012"})"),
       with(R"("StringEquals":{"aws:PrincipalAccount":"123456789012"})")},
      {"unknown-action", Kind::Identity, of_resource("*", "s3:GetObjekt"), kGood},
      {"unknown-action", Kind::Identity, of_resource("*", "s3:Fetch*"),
       of_resource("*", "s3:Get*")},
      {"unknown-action", Kind::IotDevice, topic("thing/a", "iot:GetPendingJob"),
       topic("thing/a", "iot:GetPendingJobExecutions")},
      {"unknown-element", Kind::Identity, document(R"({"Efect":"Allow"})"), kGood},
      {"unknown-key", Kind::Identity, with(R"("Bool":{"aws:SecureTransprot":"true"})"), with(kTls)},
      {"unknown-key", Kind::Identity, with(R"("StringEquals":{"nosuch:Key":"x"})"),
       with(R"("StringEquals":{"oidc.example.com/id/1:sub":"x"})")},
      {"unknown-operator", Kind::Identity, with(R"("StringEqual":{"s3:prefix":"a"})"), with(kTls)},
      {"unknown-service", Kind::Identity, of_resource("*", "kineses:PutRecord"),
       of_resource("*", "kinesis:PutRecord")},
      {"vacuous-deny", Kind::Resource, bucket(kPlain + "," + kFloor), bucket(kPlain)},
      {"vacuous-deny", Kind::Identity, with(kFloor, "sqs:SendMessage", "Deny"),
       with(R"("NumericLessThanIfExists":{"s3:TlsVersion":"1.2"})", "sqs:SendMessage", "Deny")},
      {"vacuous-deny", Kind::Identity,
       with(R"("Bool":{"aws:SecureTransprot":"false"})", "s3:GetObject", "Deny"),
       with(kPlain, "s3:GetObject", "Deny")},
      {"vacuous-deny", Kind::Identity,
       with(R"("StringEquals":{"aws:TagKeys":"a"})", "sqs:CreateQueue", "Deny"),
       with(R"("ForAnyValue:StringEquals":{"aws:TagKeys":"a"})", "sqs:CreateQueue", "Deny")},
      {"value-type", Kind::Identity, with(R"("Bool":{"aws:SecureTransport":"yes"})"), with(kTls)},
      {"variable-in-2008", Kind::Identity,
       R"({"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}"}})",
       of_resource("arn:aws:s3:::b/${aws:username}", "s3:GetObject")},
      {"variable-in-element", Kind::Identity, of_resource("*", "s3:${aws:username}"), kGood},
      {"variable-place", Kind::Identity,
       of_resource("arn:aws:s3:${aws:RequestedRegion}::b/*", "s3:GetObject"), kGood},
      {"variable-syntax", Kind::Identity, of_resource("arn:aws:s3:::b/${aws:username"), kGood},
      {"variable-syntax", Kind::Identity, of_resource("arn:aws:s3:::b/${aws: username}"), kGood},
      {"wildcard-without-like", Kind::Identity,
       with(R"("StringEquals":{"s3:prefix":"home/*"})", "s3:ListBucket"),
       with(R"("StringLike":{"s3:prefix":"home/*"})", "s3:ListBucket")},
  };
}

TEST(PolicyLint, FindsEachMistakeAndSparesItsCorrection) {
  for (const Case& c : cases()) {
    const LintReport bad = lint_text(c.bad, c.kind);
    EXPECT_TRUE(has_rule(bad, c.rule)) << c.rule << "\n" << c.bad << "\n" << all(bad);
    const LintReport good = lint_text(c.good, c.kind);
    EXPECT_FALSE(has_rule(good, c.rule)) << c.rule << "\n" << c.good << "\n" << all(good);
    EXPECT_TRUE(good.evaluable) << c.rule << "\n" << c.good << "\n" << all(good);
  }
}
TEST(PolicyLint, EveryRuleHasACase) {
  std::set<std::string_view> covered;
  for (const Case& c : cases()) covered.insert(c.rule);
  // What keeps a document from being evaluated and has no rule of its own.
  covered.insert("not-evaluable");
  for (const LintRule& rule : lint_rules()) EXPECT_TRUE(covered.contains(rule.id)) << rule.id;
  for (const Case& c : cases())
    EXPECT_FALSE(has_rule(lint_text(c.bad, c.kind), "not-evaluable")) << c.bad;
}
TEST(PolicyLint, RulesAreSortedAndDocumented) {
  std::ifstream file("../../docs/policy-lint.md", std::ios::binary);
  ASSERT_TRUE(file);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(std::ranges::is_sorted(lint_rules(), {}, &LintRule::id));
  std::size_t rows = 0;
  for (const LintRule& rule : lint_rules()) {
    const std::string row =
        "| `" + std::string(rule.id) + "` | " + std::string(to_string(rule.severity)) + " | ";
    EXPECT_TRUE(text.contains("\n" + row)) << row;
    ++rows;
  }
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')) > rows, true);
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find("\n| `", at)) != std::string::npos; ++at) ++found;
  EXPECT_EQ(found, rows);
}
TEST(PolicyLint, ADocumentWithAnErrorOfTheParserIsNotEvaluable) {
  for (const Case& c : cases()) {
    const bool evaluable = parse_document(c.bad, c.kind, "p.json").value.has_value();
    EXPECT_EQ(lint_text(c.bad, c.kind).evaluable, evaluable) << c.rule;
    if (!evaluable) EXPECT_TRUE(lint_text(c.bad, c.kind).has(Severity::Error)) << c.rule;
  }
}
TEST(PolicyLint, FindingsStandInTheOrderOfTheText) {
  const LintReport report = lint_text(
      "{\n \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:GetObjekt\",\n"
      "  \"Resource\": \"*\",\n  \"Condition\": {\"Bool\": {\"aws:SecureTransprot\": \"true\"}}}]}",
      DocumentKind::Identity);
  ASSERT_EQ(rules_of(report),
            (std::vector<std::string>{"missing-version", "unknown-action", "unknown-key"}));
  EXPECT_EQ(report.findings[1].diagnostic.span, (SourceSpan{"p.json", 2, 46}));
  EXPECT_EQ(report.findings[1].diagnostic.hint, "did you mean `s3:GetObject`?");
  EXPECT_EQ(report.findings[2].diagnostic.span.line, 4u);
  EXPECT_EQ(report.findings[2].diagnostic.hint, "did you mean `aws:SecureTransport`?");
}
TEST(PolicyLint, StringEqualsOnABooleanKeyIsNoMistake) {
  const LintReport report =
      lint_text(bucket(R"("StringEquals":{"aws:SecureTransport":"false"})"), Kind::Resource);
  EXPECT_TRUE(report.findings.empty()) << all(report);
}
TEST(PolicyLint, WellKnownGoodPoliciesHaveNoFindings) {
  for (
      const std::string& text :
      {bucket(kPlain),
       bucket(
           kPlain,
           R"(,{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{)" +
               kFloor + "}}"),
       bucket(R"("BoolIfExists":{"aws:SecureTransport":"false"})")}) {
    const LintReport report = lint_text(text, Kind::Resource);
    EXPECT_TRUE(report.findings.empty()) << all(report);
  }
}
TEST(PolicyLint, HoldsItsBounds) {
  std::string many =
      R"({"Effect":"Deny","Action":["*","s3:*","s3:Gett*"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransprot":"false","s3:TlsVersion":"x"}}})";
  std::string statements = many;
  for (int i = 0; i < 3'000; ++i) statements += "," + many;
  const LintReport report = lint_text(document(statements), Kind::Identity);
  EXPECT_LE(report.findings.size(), kLintFindingsMax);
  EXPECT_GE(report.findings.size(), 100u);
}

TEST(RecogniseKind, ByPrincipalsAndActions) {
  EXPECT_EQ(recognise_kind(kGood), Kind::Identity);
  EXPECT_EQ(recognise_kind(bucket(kPlain)), Kind::Resource);
  EXPECT_EQ(recognise_kind(of_resource("*", "iot:*")), Kind::IotDevice);
  EXPECT_EQ(recognise_kind(topic("topic/a")), Kind::IotDevice);
  EXPECT_EQ(recognise_kind(topic("thing/a", "iot:UpdateJobExecution")), Kind::IotDevice);
  EXPECT_EQ(recognise_kind(of_resource("*", "iot:CreateThing")), Kind::Identity);
  EXPECT_EQ(
      recognise_kind(document(R"({"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"})")),
      Kind::Trust);
  EXPECT_EQ(recognise_kind(
                document(R"({"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"})")),
            Kind::Kms);
  EXPECT_EQ(recognise_kind("{"), Kind::Identity);
}

}  // namespace
}  // namespace sealane::policy
