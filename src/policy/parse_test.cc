// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

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

// --- policy.md §1.3: what each kind may have

std::string one(const std::string& members) {
  return R"({"Version":"2012-10-17","Statement":{)" + members + "}}";
}
bool accepted(const std::string& text, DocumentKind kind) {
  return parse(text, kind).value.has_value();
}
using enum DocumentKind;
constexpr std::array kAllKinds = {IotDevice, Identity, Resource, Trust, Kms,
                                  Boundary,  Session,  Scp,      Rcp,   VpcEndpoint};

TEST(PolicyKinds, NamesAreReadBack) {
  for (const DocumentKind kind : kAllKinds) EXPECT_EQ(parse_document_kind(to_string(kind)), kind);
  EXPECT_FALSE(parse_document_kind("bucket"));
}
TEST(PolicyKinds, PrincipalIsRequiredOrForbidden) {
  for (const DocumentKind kind : kAllKinds) {
    const std::string effect = kind == Rcp ? "Deny" : "Allow";
    const std::string rest = R"("Effect":")" + effect + R"(","Action":"sts:AssumeRole")" +
                             (kind == Trust ? "" : R"(,"Resource":"*")");
    EXPECT_EQ(accepted(one(rest), kind), !names_principals(kind)) << to_string(kind);
    EXPECT_EQ(accepted(one(rest + R"(,"Principal":"*")"), kind), names_principals(kind))
        << to_string(kind);
    EXPECT_EQ(accepted(one(rest + R"(,"NotPrincipal":{"AWS":"123456789012"})"), kind),
              kind == Resource || kind == Kms || kind == VpcEndpoint)
        << to_string(kind);
    EXPECT_FALSE(
        accepted(one(rest + R"(,"Principal":"*","NotPrincipal":{"AWS":"123456789012"})"), kind))
        << to_string(kind);
  }
}
TEST(PolicyKinds, IdBelongsToPoliciesOfResources) {
  for (const DocumentKind kind : {Identity, Boundary, Session, Scp})
    expect_refused(
        R"({"Version":"2012-10-17","Id":"x","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})",
        "has no `Id`", kind);
  for (const DocumentKind kind : {Resource, Kms, VpcEndpoint})
    EXPECT_TRUE(accepted(
        R"({"Version":"2012-10-17","Id":"x","Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}})",
        kind));
}
TEST(PolicyKinds, TrustPoliciesHaveNoResource) {
  for (const char* element : {"Resource", "NotResource"})
    expect_refused(one(R"("Effect":"Allow","Principal":"*","Action":"sts:AssumeRole",")" +
                       std::string(element) + R"(":"*")"),
                   "a trust policy has no `" + std::string(element) + "`", Trust);
}
TEST(PolicyKinds, ServiceControlPoliciesHaveTheFullLanguage) {
  EXPECT_TRUE(accepted(
      one(R"("Effect":"Allow","NotAction":"s3:*Object","NotResource":"arn:aws:s3:::b/*","Condition":{"Bool":{"a:k":"true"}})"),
      Scp));
}
TEST(PolicyKinds, ResourceControlPoliciesDenyEveryone) {
  const std::string rest = R"("Action":"s3:*","Resource":"*")";
  EXPECT_TRUE(accepted(one(R"("Effect":"Deny","Principal":"*",)" + rest), Rcp));
  EXPECT_TRUE(accepted(one(R"("Effect":"Deny","Principal":{"AWS":"*"},)" + rest), Rcp));
  EXPECT_TRUE(
      accepted(one(R"("Effect":"Allow","Principal":"*","Action":"*","Resource":"*")"), Rcp));
  expect_refused(one(R"("Effect":"Allow","Principal":"*",)" + rest), "cannot allow", Rcp);
  expect_refused(one(R"("Effect":"Deny","Principal":{"AWS":"123456789012"},)" + rest), "is \"*\"",
                 Rcp);
  expect_refused(one(R"("Effect":"Deny","Principal":"*","NotAction":"s3:*","Resource":"*")"),
                 "no `NotAction`", Rcp);
  const std::string statement =
      R"("Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}})";
  expect_refused("{" + statement, "has a `Version`", Rcp);
  expect_refused(R"({"Version":"2008-10-17",)" + statement, "is of version", Rcp);
}
TEST(PolicyKinds, ShortArnsAreTakenByKind) {
  auto takes = [](const std::string& arn, DocumentKind kind) {
    const std::string principal = names_principals(kind) ? R"("Principal":"*",)" : "";
    return accepted(one(principal + R"("Effect":"Deny","Action":"s3:*","Resource":")" + arn + "\""),
                    kind);
  };
  for (const DocumentKind kind : {Identity, Session, Boundary, IotDevice})
    EXPECT_TRUE(takes("arn:aws:s3", kind)) << to_string(kind);
  for (const DocumentKind kind : {Resource, Kms, VpcEndpoint}) {
    EXPECT_FALSE(takes("arn:aws:s3", kind)) << to_string(kind);
    EXPECT_TRUE(takes("arn:*:s3", kind)) << to_string(kind);
  }
  EXPECT_FALSE(takes("arn:aws:s3", Scp));
  EXPECT_FALSE(takes("arn:*:s3", Scp));
  EXPECT_TRUE(takes("arn:aws:s3:*", Scp));
  EXPECT_FALSE(takes("arn:aws:s3:*", Rcp));
  for (const DocumentKind kind : kAllKinds)
    if (kind != Trust) EXPECT_TRUE(takes("arn:aws:s3:::b/*", kind)) << to_string(kind);
}
TEST(PolicyKinds, SidsOfIamAreLettersAndDigitsAndUniqueEverywhere) {
  auto with_sid = [](const std::string& sid, DocumentKind kind) {
    const std::string principal = names_principals(kind) ? R"("Principal":"*",)" : "";
    return one(principal + R"("Sid":")" + sid + R"(","Effect":"Deny","Action":"s3:*")" +
               (kind == Trust ? "" : R"(,"Resource":"*")"));
  };
  for (const DocumentKind kind : kAllKinds) {
    EXPECT_TRUE(accepted(with_sid("No1", kind), kind)) << to_string(kind);
    EXPECT_EQ(accepted(with_sid("no one", kind), kind),
              kind == Resource || kind == Kms || kind == VpcEndpoint)
        << to_string(kind);
  }
  expect_refused(
      R"({"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"}]})",
      "stands twice");
}
TEST(PolicyKinds, VpcKeysOfAnEndpointTakeNoWildcard) {
  const auto parsed = parse(
      one(R"("Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:SourceVpc":"vpc-*"}})"),
      VpcEndpoint);
  ASSERT_TRUE(parsed.value);
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_TRUE(parsed.diagnostics[0].message.contains("takes no wildcard"));
}
TEST(PolicyParse, BinaryValuesAreBase64) {
  EXPECT_TRUE(accepted(with_statement(R"("Condition":{"BinaryEquals":{"a:k":"AP8="}})"), Identity));
  for (const char* value : {"A", "AP8", "A P8=", "AP9=", "${aws:username}"})
    expect_refused(
        with_statement(R"("Condition":{"BinaryEquals":{"a:k":")" + std::string(value) + R"("}})"),
        "is not base64");
}
TEST(PolicyParse, MalformedValueOfANegatedOperatorMakesTheDocumentNotEvaluable) {
  for (const char* c :
       {R"({"NumericNotEquals":{"a:k":"1e3"}})", R"({"DateNotEquals":{"a:k":"soon"}})",
        R"({"NotIpAddress":{"a:k":"10.0.0.0/40"}})", R"({"ArnNotEquals":{"a:k":"role/x"}})",
        R"({"StringNotEquals":{"a:k":"${aws:username"}})"})
    EXPECT_FALSE(accepted(with_statement(std::string(R"("Condition":)") + c), Identity)) << c;
}
TEST(PolicyParse, EveryCertificateVariableOfIotIsKnown) {
  for (const char* of : {"Subject", "Issuer"})
    for (const char* field :
         {"Country", "Organization", "OrganizationalUnit", "State", "CommonName", "SerialNumber",
          "Title", "Surname", "GivenName", "Initials", "Pseudonym", "GenerationQualifier",
          "DistinguishedNameQualifier", "AlternativeName.RFC822Name", "AlternativeName.DNSName",
          "AlternativeName.DirectoryName", "AlternativeName.UniformResourceIdentifier",
          "AlternativeName.IPAddress"})
      for (const char* place : {"", ".1", ".4", ".List"}) {
        const std::string key = std::string("iot:Certificate.") + of + "." + field + place;
        EXPECT_TRUE(accepted(
            with_statement(R"("Condition":{"StringEquals":{")" + key + R"(":"x"}})"), IotDevice))
            << key;
      }
  for (const char* key :
       {"iot:Certificate.SerialNumber", "iot:Certificate.AvailableKeys", "iot:DomainName",
        "iot:ConnectAttributes", "sealane:ThingGroups", "iot:Connection.Thing.ThingTypeName"})
    EXPECT_TRUE(accepted(with_statement(R"("Condition":{"ForAnyValue:StringEquals":{")" +
                                        std::string(key) + R"(":"x"}})"),
                         IotDevice))
        << key;
  for (const char* key : {"iot:Certificate.Subject.CommonName.5", "iot:Certificate.Subject.Phone",
                          "iot:Certificate.Subject.", "iot:Thing.ThingName"})
    EXPECT_FALSE(accepted(
        with_statement(R"("Condition":{"StringEquals":{")" + std::string(key) + R"(":"x"}})"),
        IotDevice))
        << key;
}

// --- limits

TEST(PolicyLimits, NulAndOtherControlCharactersAreNamedWithTheirPlace) {
  const std::string text = with_statement(R"("Sid":"x")");
  for (const std::size_t at : {std::size_t{0}, std::size_t{20}, text.size() - 1}) {
    std::string with_nul = text;
    with_nul[at] = '\0';
    const auto parsed = parse(with_nul);
    EXPECT_FALSE(parsed.value);
    ASSERT_EQ(parsed.diagnostics.size(), 1u);
    EXPECT_EQ(parsed.diagnostics[0].message, "a NUL byte cannot stand in a policy document");
    EXPECT_EQ(parsed.diagnostics[0].span,
              (SourceSpan{"p.json", 1, static_cast<std::uint32_t>(at + 1)}));
    EXPECT_FALSE(parsed.diagnostics[0].hint.empty());
  }
  expect_refused(with_statement("\"Sid\":\"\x01\""), "a control character cannot stand");
  expect_refused(with_statement(R"("Condition":{"StringEquals":{"a:k":"x\u0000y"}})"),
                 "written as an escape");
  expect_refused(with_statement("\"Sid\":\"\xe2\x82\xac\""), "beyond U+00FF");
}
TEST(PolicyLimits, ADocumentOfTenMegabytesIsRefusedUnread) {
  const auto parsed = parse(std::string(10u << 20, '['));
  EXPECT_FALSE(parsed.value);
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_TRUE(parsed.diagnostics[0].message.contains("more than 2097152 bytes"));
}
TEST(PolicyLimits, DeepNestingIsRefusedAtItsPlace) {
  for (const std::size_t depth : {std::size_t{17}, std::size_t{100}, std::size_t{100'000}}) {
    const auto parsed = parse(R"({"Statement":)" + std::string(depth, '['));
    EXPECT_FALSE(parsed.value);
    ASSERT_FALSE(parsed.diagnostics.empty()) << depth;
    EXPECT_TRUE(parsed.diagnostics[0].message.contains("nested deeper")) << depth;
    EXPECT_EQ(parsed.diagnostics[0].span.column, 29u) << depth;
  }
}
std::string many_statements(std::size_t count) {
  std::string out = R"({"Version":"2012-10-17","Statement":[)";
  for (std::size_t i = 0; i < count; ++i)
    out += std::string(i == 0 ? "" : ",") + R"({"Effect":"Deny","Action":"s3:a)" +
           std::to_string(i) + R"(","Resource":"*"})";
  return out + "]}";
}
TEST(PolicyLimits, TenThousandStatementsAreReadAndOneMoreIsRefusedAtItsPlace) {
  const auto most = parse(many_statements(10'000), Identity);
  ASSERT_TRUE(most.value) << to_text(most.diagnostics.at(0));
  EXPECT_EQ(most.value->statements.size(), 10'000u);
  const auto over = parse(many_statements(10'001), Identity);
  EXPECT_FALSE(over.value);
  ASSERT_EQ(over.diagnostics.size(), 1u);
  EXPECT_TRUE(over.diagnostics[0].message.contains("more than 10000 statements"));
  EXPECT_GT(over.diagnostics[0].span.column, 400'000u);
}
TEST(PolicyLimits, ManyMistakesAreCutOffAndStillRefuse) {
  std::string members;
  for (int i = 0; i < 20'000; ++i) members += ",\"x" + std::to_string(i) + "\":1";
  const auto parsed =
      parse(R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*")" +
            members + "}}");
  EXPECT_FALSE(parsed.value);
  EXPECT_EQ(parsed.diagnostics.size(), 100u);
}
TEST(PolicyLimits, AnErrorBehindManyWarningsIsShown) {
  std::string conditions;
  for (int i = 0; i < 150; ++i)
    conditions += (i == 0 ? "" : ",") + ("\"a:k" + std::to_string(i) + "\":\"x*\"");
  const auto parsed =
      parse(with_statement(R"("Condition":{"StringEquals":{)" + conditions + R"(}},"Sid":7)"));
  EXPECT_FALSE(parsed.value);
  ASSERT_EQ(parsed.diagnostics.size(), 100u);
  EXPECT_EQ(parsed.diagnostics.back().message, "`Sid` is text");
}
TEST(PolicyLimits, LongNamesAreCutInMessages) {
  const auto parsed = parse(with_statement("\"" + std::string(1u << 20, 'x') + "\":1"));
  EXPECT_FALSE(parsed.value);
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_LT(parsed.diagnostics[0].message.size(), 500u);
}
TEST(PolicyLimits, MoreKeysThanADecisionCanNoteAreRefusedWhereTheyBegin) {
  auto with_keys = [](int count) {
    std::string keys;
    for (int i = 0; i < count; ++i)
      keys += (i == 0 ? "\"" : ",\n\"") + ("a:k" + std::to_string(i)) + "\":\"x\"";
    return with_statement(R"("Condition":{"StringEquals":{)" + keys + "}}");
  };
  EXPECT_TRUE(accepted(with_keys(256), Identity));
  const auto parsed = parse(with_keys(300), Identity);
  EXPECT_FALSE(parsed.value);
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_EQ(parsed.diagnostics[0].span.line, 257u);
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
