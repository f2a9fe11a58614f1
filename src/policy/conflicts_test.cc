// SPDX-License-Identifier: Apache-2.0
// One test for each row of docs/policy-conflicts.md.
#include <chrono>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "policy/evaluate.h"

namespace sealane::policy {
namespace {

constexpr Time kNow{std::chrono::seconds(1'800'000'000)};

Parsed<Document> read(const std::string& statements, DocumentKind kind = DocumentKind::Identity,
                      const std::string& version = "2012-10-17") {
  const std::string head = version.empty() ? "{" : R"({"Version":")" + version + "\",";
  return parse_document(head + R"("Statement":[)" + statements + "]}", kind, "p.json");
}
std::string with_condition(const std::string& condition, const std::string& effect = "Allow") {
  return R"({"Effect":")" + effect + R"(","Action":"*","Resource":"*","Condition":)" + condition +
         "}";
}
Outcome decided(const Parsed<Document>& document, const Context& context,
                const std::string& principal = "arn:aws:iam::111111111111:user/u",
                std::string_view resource = "arn:aws:s3:::b/k") {
  EXPECT_TRUE(document.value) << (document.diagnostics.empty() ? ""
                                                               : to_text(document.diagnostics[0]));
  if (!document.value) return Outcome::NotEvaluable;
  const Principal who = parse_principal(principal).value();
  return decide(compile(std::span(&*document.value, 1)), {.principal = who,
                                                          .action = "s3:GetObject",
                                                          .resource = resource,
                                                          .context = context,
                                                          .now = kNow})
      .outcome();
}
bool holds(const std::string& condition, const Context& context = {}) {
  return decided(read(with_condition(condition)), context) == Outcome::Allowed;
}
Context with(std::string_view key, std::string_view value) {
  Context out;
  out.set(key, value);
  return out;
}

TEST(PolicyConflict, VariableInBoolIsRefused) {
  const auto parsed = read(with_condition(R"({"Bool":{"a:k":"${a:other}"}})"));
  EXPECT_FALSE(parsed.value);
  EXPECT_TRUE(parsed.diagnostics.at(0).message.contains("is not `true` or `false`"));
}
TEST(PolicyConflict, AccountAloneInNotPrincipalIsNotEvaluable) {
  auto deny = [](const std::string& named) {
    return decided(read(R"({"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},
                {"Effect":"Deny","NotPrincipal":{"AWS":)" +
                            named + R"(},"Action":"*","Resource":"*"})",
                        DocumentKind::Resource),
                   {});
  };
  EXPECT_EQ(deny(R"("111111111111")"), Outcome::NotEvaluable);
  EXPECT_EQ(deny(R"("arn:aws:iam::111111111111:user/u")"), Outcome::NotEvaluable);
  EXPECT_EQ(deny(R"(["111111111111","arn:aws:iam::111111111111:user/u"])"), Outcome::Allowed);
}
TEST(PolicyConflict, AbsentVersionIsTheOldOne) {
  const std::string s =
      R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}"})";
  const auto parsed = read(s, DocumentKind::Identity, "");
  EXPECT_EQ(parsed.diagnostics.at(0).message, "the document has no `Version`");
  const Context context = with("aws:username", "k");
  EXPECT_EQ(decided(parsed, context), Outcome::ImplicitlyDenied);
  EXPECT_EQ(decided(read(s), context), Outcome::Allowed);
}
TEST(PolicyConflict, NullWithAQuantifierDoesNotDependOnTheRequest) {
  for (const Context& context : {Context(), with("a:k", "x")}) {
    EXPECT_TRUE(holds(R"({"ForAllValues:Null":{"a:k":"true"}})", context));
    EXPECT_FALSE(holds(R"({"ForAnyValue:Null":{"a:k":"false"}})", context));
  }
}
TEST(PolicyConflict, ForAnyValueIfExistsOnAMissingKeyHolds) {
  EXPECT_TRUE(holds(R"({"ForAnyValue:StringEqualsIfExists":{"a:k":"x"}})"));
  const auto parsed = read(with_condition(R"({"ForAnyValue:StringEqualsIfExists":{"a:k":"x"}})"));
  const Context none;
  const Decision decision =
      decide(compile(std::span(&*parsed.value, 1)), {.principal = Principal::device(),
                                                     .action = "s3:GetObject",
                                                     .resource = "arn:aws:s3:::b/k",
                                                     .context = none,
                                                     .now = kNow});
  EXPECT_TRUE(decision.keys_missing().contains(0));  // the verdict says what it rests on
}
TEST(PolicyConflict, UnresolvedVariableInArnNotLikeHolds) {
  EXPECT_TRUE(
      holds(R"({"ArnNotLike":{"a:k":"arn:aws:s3:::${a:absent}"}})", with("a:k", "arn:aws:s3:::b")));
}
TEST(PolicyConflict, NotIpAddressOfTheOtherFamilyHolds) {
  for (const char* range : {"192.0.2.1", "192.0.2.0/24"})
    EXPECT_TRUE(holds(R"({"NotIpAddress":{"a:k":")" + std::string(range) + R"("}})",
                      with("a:k", "2001:db8::1")))
        << range;
}
TEST(PolicyConflict, CaseCountsInEveryPartOfAnArn) {
  auto matches = [](const std::string& pattern, std::string_view resource) {
    return decided(read(R"({"Effect":"Allow","Action":"*","Resource":")" + pattern + R"("})"), {},
                   "arn:aws:iam::111111111111:user/u", resource) == Outcome::Allowed;
  };
  EXPECT_TRUE(
      matches("arn:aws:sqs:eu-west-1:111111111111:q", "arn:aws:sqs:eu-west-1:111111111111:q"));
  EXPECT_FALSE(
      matches("arn:aws:SQS:eu-west-1:111111111111:q", "arn:aws:sqs:eu-west-1:111111111111:q"));
  EXPECT_FALSE(
      matches("arn:aws:sqs:EU-west-1:111111111111:q", "arn:aws:sqs:eu-west-1:111111111111:q"));
  EXPECT_FALSE(
      matches("arn:aws:sqs:eu-west-1:111111111111:Q", "arn:aws:sqs:eu-west-1:111111111111:q"));
}
TEST(PolicyConflict, ShortArnsFillUpInPoliciesOfIdentitiesAlone) {
  const std::string s = R"("Action":"*","Resource":"arn:aws:s3"})";
  EXPECT_EQ(decided(read(R"({"Effect":"Allow",)" + s), {}), Outcome::Allowed);
  for (const DocumentKind kind : {DocumentKind::Scp, DocumentKind::Rcp, DocumentKind::Resource})
    EXPECT_FALSE(read((names_principals(kind) ? R"({"Principal":"*","Effect":"Deny",)"
                                              : R"({"Effect":"Deny",)") +
                          s,
                      kind)
                     .value)
        << to_string(kind);
}
TEST(PolicyConflict, PlainOperatorWithoutValuesNeverMatchesAndNegatedAlways) {
  for (const Context& context : {Context(), with("a:k", "x")}) {
    EXPECT_FALSE(holds(R"({"StringLike":{"a:k":[]}})", context));
    EXPECT_TRUE(holds(R"({"StringNotLike":{"a:k":[]}})", context));
  }
}
TEST(PolicyConflict, EpochSecondsAndIsoDatesAreOneScale) {
  EXPECT_TRUE(holds(R"({"DateEquals":{"a:k":"2027-01-15T08:00:00Z"}})", with("a:k", "1800000000")));
  EXPECT_TRUE(holds(R"({"DateLessThan":{"a:k":1800000001}})", with("a:k", "2027-01-15T08:00:00Z")));
  // Four digits alone are seconds, not a year.
  EXPECT_TRUE(holds(R"({"DateLessThan":{"a:k":"1970-01-02"}})", with("a:k", "2024")));
}
TEST(PolicyConflict, MalformedRequestValueIsNotEvaluableForNegatedOperatorsToo) {
  for (const char* c :
       {R"({"ArnNotLike":{"a:k":"arn:aws:s3:::b"}})", R"({"NumericNotEquals":{"a:k":"1"}})",
        R"({"NotIpAddress":{"a:k":"10.0.0.0/8"}})"})
    EXPECT_EQ(decided(read(R"({"Effect":"Allow","Action":"*","Resource":"*"},)" +
                           with_condition(c, "Deny")),
                      with("a:k", "junk")),
              Outcome::NotEvaluable)
        << c;
}
TEST(PolicyConflict, MalformedPolicyValueRefusesTheDocument) {
  EXPECT_FALSE(read(with_condition(R"({"NumericLessThan":{"a:k":"one"}})")).value);
  EXPECT_FALSE(read(with_condition(R"({"NumericNotEquals":{"a:k":"one"}})")).value);
}
TEST(PolicyConflict, RoleNamedByAKeyPolicyNeedsNoIdentityPolicy) {
  const auto parsed = read(
      R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/r"},"Action":"*","Resource":"*"})",
      DocumentKind::Kms);
  EXPECT_EQ(decided(parsed, {}, "arn:aws:sts::111111111111:assumed-role/r/s"), Outcome::Allowed);
  EXPECT_EQ(decided(parsed, {}), Outcome::ImplicitlyDenied);
}
TEST(PolicyConflict, RcpFullAccessIsAlwaysAttached) {
  std::vector<Document> documents = {
      *read(R"({"Effect":"Allow","Action":"*","Resource":"*"})").value,
      *read(R"({"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"})",
            DocumentKind::Rcp)
           .value};
  const Principal who = parse_principal("arn:aws:iam::111111111111:user/u").value();
  const Context none;
  EXPECT_TRUE(decide(compile(documents), {.principal = who,
                                          .action = "s3:GetObject",
                                          .resource = "arn:aws:s3:::b/k",
                                          .context = none,
                                          .now = kNow})
                  .allowed());
}
TEST(PolicyConflict, FederatedUserIsASessionOfTheUserOfItsName) {
  EXPECT_EQ(parse_principal("arn:aws:sts::111111111111:federated-user/u")->user_arn,
            "arn:aws:iam::111111111111:user/u");
}
TEST(PolicyConflict, EmptyTextIsNoValueForQuantifiers) {
  EXPECT_TRUE(holds(R"({"ForAllValues:StringEquals":{"a:k":"x"}})", with("a:k", "")));
  EXPECT_FALSE(holds(R"({"ForAnyValue:StringEquals":{"a:k":""}})", with("a:k", "")));
  EXPECT_TRUE(holds(R"({"StringEquals":{"a:k":""}})", with("a:k", "")));
}
TEST(PolicyConflict, Ipv4MappedIntoIpv6IsIpv4) {
  EXPECT_TRUE(holds(R"({"IpAddress":{"a:k":"10.0.0.0/8"}})", with("a:k", "::ffff:10.1.2.3")));
}
TEST(PolicyConflict, LettersBeyondAsciiKeepTheirCase) {
  EXPECT_TRUE(holds(R"({"StringEqualsIgnoreCase":{"a:k":"AbC"}})", with("a:k", "aBc")));
  EXPECT_FALSE(
      holds("{\"StringEqualsIgnoreCase\":{\"a:k\":\"\xc3\x84\"}}", with("a:k", "\xc3\xa4")));
}
TEST(PolicyConflict, WildcardInTheTypeOfAResourceIsAWildcard) {
  EXPECT_EQ(decided(read(R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::1:u*"})"), {},
                    "arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:user/x"),
            Outcome::Allowed);
}
TEST(PolicyConflict, UnsafeValueOfAnIotVariableDoesNotAllowAndStopsADeny) {
  auto publish = [](const std::string& statements) {
    const auto parsed = read(statements, DocumentKind::IotDevice);
    const Context context = with("iot:ClientId", "a/#");
    return decide(compile(std::span(&*parsed.value, 1)),
                  {.principal = Principal::device(),
                   .action = "iot:Publish",
                   .resource = "arn:aws:iot:r:111111111111:topic/a/#",
                   .context = context,
                   .now = kNow})
        .outcome();
  };
  const std::string own =
      R"("Action":"iot:Publish","Resource":"arn:aws:iot:*:*:topic/${iot:ClientId}"})";
  EXPECT_EQ(publish(R"({"Effect":"Allow",)" + own), Outcome::ImplicitlyDenied);
  EXPECT_EQ(publish(R"({"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny",)" + own),
            Outcome::NotEvaluable);
}
TEST(PolicyConflict, OwnerNobodyNamedIsTheCallersAccount) {
  EXPECT_EQ(decided(read(R"({"Effect":"Allow","Action":"*","Resource":"*"})"), {}),
            Outcome::Allowed);
}

// The table and the tests are one list.
TEST(PolicyConflictTable, NamesEveryTestAndNoOther) {
  std::set<std::string> registered;
  const auto& unit = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < unit.total_test_suite_count(); ++i) {
    const auto& suite = *unit.GetTestSuite(i);
    if (std::string(suite.name()) != "PolicyConflict") continue;
    for (int t = 0; t < suite.total_test_count(); ++t)
      registered.insert(suite.GetTestInfo(t)->name());
  }
  std::set<std::string> named;
  std::ifstream file("../../docs/policy-conflicts.md");
  for (std::string line; std::getline(file, line);) {
    const std::size_t last = line.rfind("| `");
    if (!line.starts_with("| ") || last == std::string::npos) continue;
    const std::size_t end = line.find('`', last + 3);
    named.insert(line.substr(last + 3, end - last - 3));
  }
  EXPECT_EQ(named, registered);
}

}  // namespace
}  // namespace sealane::policy
