// SPDX-License-Identifier: Apache-2.0
// testdata/decisions.tsv: what AWS's documentation says about documents and requests, row by row.
#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "policy/testing/case_json.h"
#include "policy/testing/reference.h"

namespace sealane::policy::reference {
namespace {

constexpr std::size_t kColumns = 6;
constexpr std::size_t kRowsMin = 400;

// Every section of the language's description, and every rule that stands in it.
constexpr std::array<std::string_view, 193> kSections = {
    "§1.1 Version",
    "§1.1 Id",
    "§1.1 Statement",
    "§1.1 Sid",
    "§1.1 Effect",
    "§1.1 Principal xor NotPrincipal",
    "§1.1 Action xor NotAction",
    "§1.1 Resource xor NotResource",
    "§1.1 Condition",
    "§1.1 scalar is one-element array",
    "§1.1 value types",
    "§1.1 characters",
    "§1.1 case of names",
    "§1.1 no key twice",
    "§1.2 duplicate members",
    "§1.2 lexemes",
    "§1.2 lower case",
    "§1.2 principal shorthand",
    "§1.2 unknown",
    "§1.2 empty arrays",
    "§1.3 identity",
    "§1.3 boundary",
    "§1.3 session",
    "§1.3 resource",
    "§1.3 role trust",
    "§1.3 SCP",
    "§1.3 RCP",
    "§1.3 VPC endpoint",
    "§1.3 IoT Core device",
    "§2 Not negates the list",
    "§2 action",
    "§2 resource",
    "§2 resource type word",
    "§2 short ARNs",
    "§2 action without resource",
    "§2 pattern and action",
    "§2 principal everyone",
    "§2 principal no partial wildcards",
    "§2 principal account",
    "§2 principal user",
    "§2 principal role",
    "§2 principal session",
    "§2 principal service",
    "§2 principal federated",
    "§2 principal canonical user",
    "§2 principal never a group",
    "§2 principal unique ids",
    "§2 NotPrincipal Deny",
    "§2 NotPrincipal Allow",
    "§3 AND over operators and keys",
    "§3 OR over values",
    "§3 NOR for negated",
    "§3 missing key",
    "§3 Null",
    "§3 multi-valued key without quantifier",
    "§3 quantifier on a single-valued key",
    "§3 negated base in sets",
    "§3 empty set",
    "§3 Null with quantifier",
    "§3 ForAnyValue IfExists",
    "§4 StringEquals",
    "§4 StringNotEquals",
    "§4 StringEqualsIgnoreCase",
    "§4 StringNotEqualsIgnoreCase",
    "§4 StringLike",
    "§4 StringNotLike",
    "§4 NumericEquals",
    "§4 NumericNotEquals",
    "§4 NumericLessThan",
    "§4 NumericLessThanEquals",
    "§4 NumericGreaterThan",
    "§4 NumericGreaterThanEquals",
    "§4 DateEquals",
    "§4 DateNotEquals",
    "§4 DateLessThan",
    "§4 DateLessThanEquals",
    "§4 DateGreaterThan",
    "§4 DateGreaterThanEquals",
    "§4 Bool",
    "§4 BinaryEquals",
    "§4 IpAddress",
    "§4 NotIpAddress",
    "§4 ArnEquals",
    "§4 ArnNotEquals",
    "§4 ArnLike",
    "§4 ArnNotLike",
    "§4 string",
    "§4 numeric",
    "§4 date",
    "§4 bool",
    "§4 binary",
    "§4 ip",
    "§4 arn",
    "§4 malformed request value",
    "§4 malformed policy value",
    "§5 star",
    "§5 question",
    "§5 escapes",
    "§5 bounds",
    "§6 version",
    "§6 form",
    "§6 single-valued only",
    "§6 where",
    "§6 substituted text is literal",
    "§6 missing value",
    "§6 who has which key",
    "§7.1 explicit deny",
    "§7.1 SCP",
    "§7.1 RCP",
    "§7.1 resource policy same account",
    "§7.1 identity",
    "§7.1 boundary",
    "§7.1 session policy",
    "§7.1 VPC endpoint",
    "§7.1 not evaluable",
    "§7.1 trust and KMS",
    "§7.1 cross account",
    "§7.1 service caller",
    "§7.1 anonymous",
    "§7.2 KMS",
    "§7.2 EFS",
    "§7.2 Kinesis",
    "§7.2 root user",
    "§7.2 S3",
    "§8 aws:SecureTransport",
    "§8 s3:TlsVersion",
    "§8 s3express:TlsVersion",
    "§8 s3-object-lambda:TlsVersion",
    "§8 sagemaker:InterContainerTrafficEncryption",
    "§8 elasticache:TransitEncryptionEnabled",
    "§8 memorydb:TLSEnabled",
    "§8 elasticloadbalancing:ListenerProtocol",
    "§8 elasticloadbalancing:SecurityPolicy",
    "§8 apigateway:Request/SecurityPolicy",
    "§8 apigateway:Resource/SecurityPolicy",
    "§8 apigateway:Request/MtlsTrustStoreUri",
    "§8 apigateway:Request/MtlsTrustStoreVersion",
    "§8 transfer:RequestSecurityPolicyName",
    "§8 transfer:RequestServerProtocols",
    "§8 vpc-lattice:Protocol",
    "§8 sns:Protocol",
    "§8 fsx:NfsDataRepositoryEncryptionInTransitEnabled",
    "§8 codebuild:source.insecureSsl",
    "§8 codebuild:secondarySources.insecureSsl",
    "§8 mediaconvert:HttpsInputsAllowed",
    "§8 aws:PrincipalIsAWSService",
    "§8 aws:ViaAWSService",
    "§8 aws:CalledVia",
    "§8 aws:SourceIp",
    "§8 aws:VpcSourceIp",
    "§8 aws:SourceVpc",
    "§8 aws:SourceVpce",
    "§8 aws:PrincipalArn",
    "§8 aws:PrincipalAccount",
    "§8 aws:PrincipalOrgID",
    "§8 aws:SourceArn",
    "§8 aws:SourceAccount",
    "§9 default deny",
    "§9 action and resource",
    "§9 wildcards",
    "§9 variables",
    "§9 traps",
    "§9 transit",
    "§9 escapes",
    "§10 quotas",
    "§11 lints that change a decision",
    "§12 inverted SecureTransport",
    "§12 true and TlsVersion",
    "§12 false and TlsVersion",
    "§12 objects only",
    "§12 bucket only",
    "§12 short list of actions",
    "§12 Allow if TLS",
    "§12 floor only",
    "§12 carve-out with a misspelt key",
    "§12 SNS forgotten",
    "§12 SNS nine actions",
    "§12 EFS default replaced",
    "§12 operator changed for scanners",
    "§12 scanner disputes",
    "§12 fine points",
    "§13.1",
    "§13.2",
    "§13.3",
    "§13.4",
    "§13.5",
    "§13.6",
    "§13.7",
    "§13.8",
    "§13.9",
    "§13.10",
    "§13.11",
    "§13.12"};

struct Row {
  std::string id, section, documents, request, decision, source;
  std::string name() const { return "`" + id + "` (" + section + "; " + source + ")"; }
};

std::vector<Row> read_rows() {
  std::vector<Row> rows;
  std::ifstream file("testdata/decisions.tsv");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::vector<std::string> columns(1);
    for (const char c : line)
      if (c == '\t')
        columns.emplace_back();
      else
        columns.back() += c;
    EXPECT_EQ(columns.size(), kColumns) << line;
    if (columns.size() == kColumns)
      rows.push_back({columns[0], columns[1], columns[2], columns[3], columns[4], columns[5]});
  }
  return rows;
}

std::string_view word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Allowed: return "allow";
    case Outcome::ExplicitlyDenied: return "explicit-deny";
    case Outcome::ImplicitlyDenied: return "implicit-deny";
    case Outcome::NotEvaluable: return "not-evaluable";
  }
  return "?";
}

void expect_decision(const Row& row) {
  const auto sources = read_documents(row.documents);
  const auto request = read_request(row.request);
  ASSERT_TRUE(sources && request) << row.name();
  const auto documents = parse_all(*sources);
  if (!documents) {
    EXPECT_EQ("refused-document", row.decision) << row.name();
    return;
  }
  ASSERT_TRUE(principal_of(*request)) << row.name();
  const CompiledPolicies policies = compile(*documents);
  const Decision decision = ask(policies, *request);
  EXPECT_EQ(word_of(decision.outcome()), row.decision)
      << row.name() << ": " << explain(policies, decision);
}

TEST(Decisions, TheEvaluatorDecidesEveryRowAsTheDocumentationSays) {
  for (const Row& row : read_rows()) expect_decision(row);
}

void expect_reference(const Row& row) {
  const auto sources = read_documents(row.documents);
  const auto request = read_request(row.request);
  ASSERT_TRUE(sources && request) << row.name();
  std::vector<ModelDocument> models;
  for (const SourceDocument& source : *sources) {
    auto model = read_model(source);
    ASSERT_TRUE(model) << row.name() << ": " << model.error().message;
    models.push_back(*std::move(model));
  }
  EXPECT_EQ(word_of(Reference(*request).decide(models)), row.decision) << row.name();
}

// The reference reads no documents: what is refused is no question for it.
TEST(Decisions, TheReferenceDecidesEveryRowAsTheDocumentationSays) {
  for (const Row& row : read_rows())
    if (row.decision != "refused-document") expect_reference(row);
}

TEST(Decisions, EverySectionIsNamedByARowAndEveryRowNamesASection) {
  std::set<std::string> named;
  for (const Row& row : read_rows()) {
    named.insert(row.section);
    EXPECT_TRUE(std::ranges::find(kSections, row.section) != kSections.end()) << row.name();
    EXPECT_FALSE(row.source.empty()) << row.name();
  }
  for (const std::string_view section : kSections)
    EXPECT_TRUE(named.contains(std::string(section))) << section;
}

TEST(Decisions, RowsAreManyEachWithANameOfItsOwnAndOfEveryDecision) {
  std::set<std::string> ids;
  std::map<std::string, std::size_t> decisions;
  for (const Row& row : read_rows()) {
    EXPECT_TRUE(ids.insert(row.id).second) << row.id;
    ++decisions[row.decision];
  }
  EXPECT_GE(ids.size(), kRowsMin);
  EXPECT_EQ(decisions.size(), 5U);
}

}  // namespace
}  // namespace sealane::policy::reference
