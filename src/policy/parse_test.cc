// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/document.h"

namespace sealane::policy {
namespace {

Parsed<Document> parse(const std::string& text, DocumentKind kind = DocumentKind::IotDevice) {
  return parse_document(text, kind, "p.json");
}
std::string with_statement(const std::string& members) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*",)" +
         members + "}]}";
}
void expect_refused(const std::string& text, const std::string& message,
                    DocumentKind kind = DocumentKind::IotDevice) {
  auto parsed = parse(text, kind);
  EXPECT_FALSE(parsed.value) << text;
  std::string all;
  for (const Diagnostic& d : parsed.diagnostics) all += to_text(d) + "\n";
  EXPECT_TRUE(all.contains(message)) << text << "\n" << all;
}

TEST(PolicyParse, ReportsSeveralMistakesWithTheirPlaces) {
  auto parsed = parse(
      "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\n    \"Effect\": \"allow\",\n"
      "    \"Acton\": \"iot:Publish\",\n    \"Resource\": \"topic/x\"\n  }]\n}");
  EXPECT_FALSE(parsed.value);
  ASSERT_EQ(parsed.diagnostics.size(), 4u);
  EXPECT_EQ(parsed.diagnostics[0].span, (SourceSpan{"p.json", 4, 15}));
  EXPECT_EQ(parsed.diagnostics[1].span, (SourceSpan{"p.json", 5, 5}));
  EXPECT_EQ(parsed.diagnostics[1].hint, "did you mean `Action`?");
  EXPECT_EQ(parsed.diagnostics[2].span, (SourceSpan{"p.json", 6, 17}));
}
TEST(PolicyParse, DuplicateMembersAreErrorsAtEveryDepth) {
  expect_refused(with_statement(R"("Condition":{"Bool":{"a:k":"true"},"Bool":{"a:l":"true"}})"),
                 "stands twice");
  expect_refused(R"({"Version":"2012-10-17","Statement":[],"Statement":[]})", "stands twice");
}
TEST(PolicyParse, TwoSpellingsOfOneKeyInOneOperatorAreAnError) {
  expect_refused(
      with_statement(
          R"("Condition":{"Bool":{"aws:SecureTransport":"true","AWS:securetransport":"false"}})"),
      "in two spellings");
}
TEST(PolicyParse, UnknownOperatorsKeysAndElementsMakeTheDocumentNotEvaluable) {
  expect_refused(with_statement(R"("Condition":{"StringEqual":{"a:k":"x"}})"),
                 "did you mean `StringEquals`?");
  expect_refused(with_statement(R"("Condition":{"Bool":{"SecureTransport":"x"}})"),
                 "is not a condition key");
  expect_refused(with_statement(R"("Conditions":{})"), "did you mean `Condition`?");
  expect_refused(with_statement(R"("Condition":{"NullIfExists":{"a:k":"true"}})"),
                 "`Null` cannot have `IfExists`");
}
TEST(PolicyParse, MisspeltKeysOfClosedFamiliesAreErrors) {
  expect_refused(with_statement(R"("Condition":{"NumericLessThan":{"sealane:TlsVersio":"1.3"}})"),
                 "did you mean `sealane:tlsversion`?");
  expect_refused(
      with_statement(R"("Condition":{"Bool":{"iot:Connection.Thing.IsAtached":"true"}})"),
      "did you mean");
  expect_refused(
      with_statement(R"("Condition":{"StringEquals":{"iot:Certificate.Issuer.ComonName":"x"}})"),
      "did you mean `iot:certificate.issuer.commonname`?");
  expect_refused(
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:iot:l:0:topic/${iot:Thing.ThingName}"}})",
      "there is no key");
}
TEST(PolicyParse, ValuesMustBeOfTheOperatorsType) {
  for (const char* c :
       {R"({"NumericLessThan":{"a:k":"abc"}})", R"({"NumericLessThan":{"a:k":1e3}})",
        R"({"Bool":{"a:k":"yes"}})", R"({"DateLessThan":{"a:k":"2027-13-01"}})",
        R"({"IpAddress":{"a:k":"10.0.0.0/33"}})", R"({"NotIpAddress":{"a:k":"10.0.0"}})",
        R"({"ArnLike":{"a:k":"role/x"}})", R"({"StringEquals":{"a:k":null}})"})
    EXPECT_FALSE(parse(with_statement(std::string(R"("Condition":)") + c)).value) << c;
}
TEST(PolicyParse, ElementsBelongToTheirKinds) {
  expect_refused(with_statement(R"("Principal":"*")"), "no `Principal`");
  expect_refused(with_statement(R"("Sid":"x")"), "names its `Principal`", DocumentKind::Resource);
  expect_refused(
      R"({"Version":"2012-10-17","Id":"x","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})",
      "no `Id`", DocumentKind::Identity);
  expect_refused(with_statement(R"("NotAction":"iot:Publish")"), "has both");
}
TEST(PolicyParse, PrincipalsAreEveryoneAccountsOrExactNames) {
  auto refused = [](const std::string& principal, const std::string& message) {
    expect_refused(with_statement("\"Principal\":" + principal), message, DocumentKind::Resource);
  };
  refused(R"({"AWS":"arn:aws:iam::1:role/*"})", "no wildcards");
  refused(R"({"AWS":"arn:aws:iam::1:group/g"})", "a group cannot be a principal");
  refused(R"({"AWS":"arn:aws:s3:::b"})", "is not the ARN of a principal");
  refused(R"({"AWS":"12345"})", "is not the ARN of a principal");
  refused(R"({"Service":"*.amazonaws.com"})", "no principal of type");
  refused(R"({"Aws":"*"})", "there is no type of principal");
  refused(R"({"AWS":[]})", "`AWS` is empty");
  refused(R"({})", "neither");
  refused(R"("everyone")", "neither");
  for (const char* principal :
       {R"("*")", R"({"AWS":"*"})", R"({"AWS":["123456789012","arn:aws:iam::1:root"]})",
        R"({"AWS":"arn:aws:iam::1:role/r"})", R"({"AWS":"arn:aws:sts::1:assumed-role/r/s"})",
        R"({"AWS":"arn:aws:sts::1:federated-user/u"})",
        R"({"Service":["s3.amazonaws.com","iot.amazonaws.com"]})",
        R"({"Federated":"cognito-identity.amazonaws.com","CanonicalUser":"79a59df900b949e5"})",
        R"({"AWS":"AROADBQP57FF2AEXAMPLE"})"})
    EXPECT_TRUE(
        parse(with_statement(std::string("\"Principal\":") + principal), DocumentKind::Resource)
            .value)
        << principal;
}
TEST(PolicyParse, VariablesMustBeWellFormedAndInTheirPlace) {
  auto resource = [](const std::string& text) {
    return R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":")" +
           text + R"("}})";
  };
  expect_refused(resource("arn:aws:s3:::b/${aws:username"), "not closed");
  expect_refused(resource("arn:aws:s3:::b/${aws: username}"), "does not name a variable");
  expect_refused(resource("arn:aws:s3:::b/${aws:username,'x'}"), "not quoted");
  expect_refused(resource("arn:aws:s3:::b/${username}"), "has no prefix");
  expect_refused(resource("arn:aws:s3:${aws:region}::b"), "before the fifth colon");
  expect_refused(resource("arn:aws:*:::b"), "the service");
}
TEST(PolicyParse, WarnsOfWhatIsLegalAndProbablyNotMeant) {
  auto parsed = parse(
      R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"stringequals":{"a:k":"x*"}}}})");
  ASSERT_TRUE(parsed.value);
  EXPECT_EQ(parsed.diagnostics.size(), 3u);  // no Version, spelling, wildcard without Like
  for (const Diagnostic& d : parsed.diagnostics) EXPECT_EQ(d.severity, Severity::Warning);
}
TEST(PolicyParse, HoldsItsLimits) {
  EXPECT_FALSE(parse(with_statement(R"("Sid":")" + std::string(300'000, 'a') + "\"")).value);
  std::string stars;
  for (int i = 0; i < 100; ++i) stars += "a*";
  expect_refused(with_statement(R"("Condition":{"StringLike":{"a:k":")" + stars + "\"}}"),
                 "more than 48");
}

}  // namespace
}  // namespace sealane::policy
