// SPDX-License-Identifier: Apache-2.0
#include "policy/evaluate.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sealane::policy {
namespace {

using std::chrono::seconds;

constexpr Time kNow{seconds(1'800'000'000)};  // 2027-01-15T08:00:00Z

CompiledPolicies compiled(const std::string& text, DocumentKind kind = DocumentKind::Identity) {
  auto parsed = parse_document(text, kind, "p.json");
  EXPECT_TRUE(parsed.value) << text << "\n"
                            << (parsed.diagnostics.empty() ? "" : to_text(parsed.diagnostics[0]));
  if (!parsed.value) return CompiledPolicies::not_evaluable("did not parse");
  return compile(std::span(&*parsed.value, 1));
}

std::string document(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}
std::string allow_all() { return R"({"Effect":"Allow","Action":"*","Resource":"*"})"; }
std::string statement(const std::string& effect, const std::string& condition) {
  return R"({"Effect":")" + effect + R"(","Action":"*","Resource":"*","Condition":)" + condition +
         "}";
}

Decision ask(const CompiledPolicies& policies, const Context& context = {},
             std::string_view action = "s3:GetObject",
             std::string_view resource = "arn:aws:s3:::b/k") {
  return decide(policies, {.principal = Principal::device(),
                           .action = action,
                           .resource = resource,
                           .context = context,
                           .now = kNow});
}

Context with(std::string_view key, std::string_view value) {
  Context context;
  context.set(key, value);
  return context;
}
Context with_list(std::string_view key, std::vector<std::string> values) {
  Context context;
  context.set_list(key, values);
  return context;
}

// Whether `condition` holds, asked through an Allow; the same must come out through a Deny.
bool holds(const std::string& condition, const Context& context = {}) {
  const Outcome allow = ask(compiled(document(statement("Allow", condition))), context).outcome();
  const Outcome deny =
      ask(compiled(document(allow_all() + "," + statement("Deny", condition))), context).outcome();
  if (allow == Outcome::Allowed)
    EXPECT_EQ(deny, Outcome::ExplicitlyDenied) << condition;
  else if (allow == Outcome::ImplicitlyDenied)
    EXPECT_EQ(deny, Outcome::Allowed) << condition;
  else
    EXPECT_EQ(deny, Outcome::NotEvaluable) << condition;
  EXPECT_NE(allow, Outcome::NotEvaluable) << condition;
  return allow == Outcome::Allowed;
}

Outcome outcome_of(const std::string& condition, const Context& context,
                   const std::string& effect = "Allow") {
  const std::string text = effect == "Deny" ? allow_all() + "," + statement("Deny", condition)
                                            : statement(effect, condition);
  return ask(compiled(document(text)), context).outcome();
}

// --- policy.md §3, missing keys

TEST(MissingKey, DenyWithBoolDoesNotDeny) {
  EXPECT_EQ(outcome_of(R"({"Bool":{"aws:SecureTransport":"false"}})", {}, "Deny"),
            Outcome::Allowed);
}
TEST(MissingKey, DenyWithBoolIfExistsDenies) {
  EXPECT_EQ(outcome_of(R"({"BoolIfExists":{"aws:SecureTransport":"false"}})", {}, "Deny"),
            Outcome::ExplicitlyDenied);
}
TEST(MissingKey, DenyWithStringNotEqualsDenies) {
  EXPECT_EQ(outcome_of(R"({"StringNotEquals":{"aws:SourceVpce":"vpce-1"}})", {}, "Deny"),
            Outcome::ExplicitlyDenied);
}
TEST(MissingKey, AllowWithForAllValuesAllows) {
  EXPECT_EQ(outcome_of(R"({"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}})", {}),
            Outcome::Allowed);
}
TEST(MissingKey, EveryPositiveOperatorIsFalse) {
  for (const char* c :
       {R"({"StringEquals":{"a:k":"x"}})", R"({"StringEqualsIgnoreCase":{"a:k":"x"}})",
        R"({"StringLike":{"a:k":"*"}})", R"({"NumericLessThan":{"a:k":1}})",
        R"({"NumericEquals":{"a:k":1}})", R"({"DateLessThan":{"a:k":"2030-01-01"}})",
        R"({"Bool":{"a:k":false}})", R"({"IpAddress":{"a:k":"0.0.0.0/0"}})",
        R"({"ArnLike":{"a:k":"*"}})"})
    EXPECT_FALSE(holds(c)) << c;
}
TEST(MissingKey, EveryNegatedOperatorIsTrue) {
  for (const char* c :
       {R"({"StringNotEquals":{"a:k":"x"}})", R"({"StringNotEqualsIgnoreCase":{"a:k":"x"}})",
        R"({"StringNotLike":{"a:k":"*"}})", R"({"NumericNotEquals":{"a:k":1}})",
        R"({"DateNotEquals":{"a:k":"2030-01-01"}})", R"({"NotIpAddress":{"a:k":"0.0.0.0/0"}})",
        R"({"ArnNotLike":{"a:k":"*"}})"})
    EXPECT_TRUE(holds(c)) << c;
}
TEST(MissingKey, IfExistsIsTrueForEveryBase) {
  for (const char* c :
       {R"({"StringEqualsIfExists":{"a:k":"x"}})", R"({"StringNotLikeIfExists":{"a:k":"x"}})",
        R"({"NumericGreaterThanIfExists":{"a:k":1}})",
        R"({"IpAddressIfExists":{"a:k":"10.0.0.0/8"}})", R"({"ArnEqualsIfExists":{"a:k":"*"}})"})
    EXPECT_TRUE(holds(c)) << c;
}
TEST(MissingKey, NullAsksForPresence) {
  EXPECT_TRUE(holds(R"({"Null":{"a:k":"true"}})"));
  EXPECT_FALSE(holds(R"({"Null":{"a:k":"false"}})"));
  EXPECT_FALSE(holds(R"({"Null":{"a:k":"true"}})", with("a:k", "")));
  EXPECT_TRUE(holds(R"({"Null":{"a:k":false}})", with("a:k", "v")));
}
TEST(MissingKey, ForAnyValueIsFalseForNegatedOperatorsToo) {
  EXPECT_FALSE(holds(R"({"ForAnyValue:StringEquals":{"a:k":"x"}})"));
  EXPECT_FALSE(holds(R"({"ForAnyValue:StringNotEquals":{"a:k":"x"}})"));
}
TEST(MissingKey, IsReportedAsAnAssumption) {
  const auto policies =
      compiled(document(statement("Allow", R"({"StringNotEquals":{"a:k":"x"}})")));
  const Decision decision = ask(policies);
  EXPECT_TRUE(decision.keys_missing().contains(0));
  EXPECT_TRUE(ask(policies, with("A:K", "y")).keys_missing().empty());
}

// --- §3, frame

TEST(Condition, ValuesAreOredAndNegatedOnesAreNored) {
  EXPECT_TRUE(holds(R"({"StringEquals":{"a:k":["x","y"]}})", with("a:k", "y")));
  EXPECT_FALSE(holds(R"({"StringNotEquals":{"a:k":["x","y"]}})", with("a:k", "y")));
  EXPECT_TRUE(holds(R"({"StringNotEquals":{"a:k":["x","y"]}})", with("a:k", "z")));
}
TEST(Condition, OperatorsAndKeysAreAnded) {
  Context context = with("a:k", "x");
  context.set("a:l", "1");
  EXPECT_TRUE(
      holds(R"({"StringEquals":{"a:k":"x","a:l":"1"},"NumericLessThan":{"a:l":2}})", context));
  EXPECT_FALSE(
      holds(R"({"StringEquals":{"a:k":"x","a:l":"2"},"NumericLessThan":{"a:l":2}})", context));
  EXPECT_FALSE(holds(R"({"StringEquals":{"a:k":"x"},"NumericLessThan":{"a:l":1}})", context));
}
TEST(Condition, KeyNamesIgnoreCase) {
  EXPECT_TRUE(
      holds(R"({"IpAddress":{"AWS:sourceip":"192.0.2.0/24"}})", with("aws:SourceIp", "192.0.2.7")));
}
TEST(MultiValuedKey, OperatorWithoutQuantifierDoesNotMatchNegatedIncluded) {
  const Context context = with_list("a:k", {"x"});
  EXPECT_FALSE(holds(R"({"StringEquals":{"a:k":"x"}})", context));
  EXPECT_FALSE(holds(R"({"StringNotEquals":{"a:k":"y"}})", context));
}
TEST(MultiValuedKey, ForAllValuesNeedsEveryRequestValue) {
  EXPECT_TRUE(
      holds(R"({"ForAllValues:StringEquals":{"a:k":["x","y"]}})", with_list("a:k", {"x", "y"})));
  EXPECT_FALSE(
      holds(R"({"ForAllValues:StringEquals":{"a:k":["x","y"]}})", with_list("a:k", {"x", "z"})));
  EXPECT_TRUE(
      holds(R"({"ForAllValues:StringNotEquals":{"a:k":["x","y"]}})", with_list("a:k", {"z"})));
  EXPECT_FALSE(
      holds(R"({"ForAllValues:StringNotEquals":{"a:k":["x","y"]}})", with_list("a:k", {"z", "x"})));
}
TEST(MultiValuedKey, ForAnyValueNeedsOneRequestValue) {
  EXPECT_TRUE(
      holds(R"({"ForAnyValue:StringEquals":{"a:k":["x","y"]}})", with_list("a:k", {"q", "y"})));
  EXPECT_FALSE(holds(R"({"ForAnyValue:StringEquals":{"a:k":["x","y"]}})", with_list("a:k", {"q"})));
  EXPECT_TRUE(
      holds(R"({"ForAnyValue:StringNotEquals":{"a:k":["x","y"]}})", with_list("a:k", {"x", "q"})));
  EXPECT_FALSE(
      holds(R"({"ForAnyValue:StringNotEquals":{"a:k":["x","y"]}})", with_list("a:k", {"x"})));
}
TEST(MultiValuedKey, EmptySetAndEmptyTextAreNoValue) {
  EXPECT_TRUE(holds(R"({"ForAllValues:StringEquals":{"a:k":"x"}})", with_list("a:k", {})));
  EXPECT_FALSE(holds(R"({"ForAnyValue:StringEquals":{"a:k":"x"}})", with_list("a:k", {})));
  EXPECT_TRUE(holds(R"({"ForAllValues:StringEquals":{"a:k":"x"}})", with("a:k", "")));
  EXPECT_FALSE(holds(R"({"ForAnyValue:StringEquals":{"a:k":""}})", with("a:k", "")));
}
TEST(MultiValuedKey, QuantifierTakesASingleValueAsASetOfOne) {
  EXPECT_TRUE(holds(R"({"ForAllValues:StringEquals":{"a:k":"x"}})", with("a:k", "x")));
  EXPECT_FALSE(holds(R"({"ForAllValues:StringEquals":{"a:k":"x"}})", with("a:k", "y")));
}
TEST(NullWithQuantifier, DoesNotDependOnTheRequest) {
  for (const Context& context : {Context(), with("a:k", "v")}) {
    EXPECT_TRUE(holds(R"({"ForAllValues:Null":{"a:k":"true"}})", context));
    EXPECT_FALSE(holds(R"({"ForAnyValue:Null":{"a:k":"true"}})", context));
  }
}
TEST(EmptyList, PositiveNeverNegatedAlwaysIfExistsOnlyWhenMissing) {
  const Context present = with("a:k", "v");
  EXPECT_FALSE(holds(R"({"StringEquals":{"a:k":[]}})"));
  EXPECT_FALSE(holds(R"({"StringEquals":{"a:k":[]}})", present));
  EXPECT_TRUE(holds(R"({"StringNotEquals":{"a:k":[]}})"));
  EXPECT_TRUE(holds(R"({"StringNotEquals":{"a:k":[]}})", present));
  EXPECT_TRUE(holds(R"({"StringNotEqualsIfExists":{"a:k":[]}})"));
  EXPECT_FALSE(holds(R"({"StringNotEqualsIfExists":{"a:k":[]}})", present));
  EXPECT_TRUE(holds(R"({"ForAllValues:StringNotEquals":{"a:k":[]}})"));
  EXPECT_FALSE(holds(R"({"ForAllValues:StringNotEquals":{"a:k":[]}})", present));
  EXPECT_FALSE(holds(R"({"ForAnyValue:StringNotEquals":{"a:k":[]}})"));
  EXPECT_FALSE(holds(R"({"ForAnyValue:StringNotEquals":{"a:k":[]}})", present));
}

// --- §4, operators

TEST(StringOperators, WildcardsAreLiteralInEqualsAndActiveInLike) {
  EXPECT_FALSE(holds(R"({"StringEquals":{"a:k":"a*"}})", with("a:k", "abc")));
  EXPECT_TRUE(holds(R"({"StringEquals":{"a:k":"a*"}})", with("a:k", "a*")));
  EXPECT_TRUE(holds(R"({"StringLike":{"a:k":"a*c"}})", with("a:k", "abbbc")));
  EXPECT_FALSE(holds(R"({"StringLike":{"a:k":"A*"}})", with("a:k", "abc")));
  EXPECT_TRUE(holds(R"({"StringEqualsIgnoreCase":{"a:k":"ABc"}})", with("a:k", "aBC")));
  EXPECT_TRUE(holds(R"({"StringLike":{"a:k":"?"}})", with("a:k", "\xe2\x82\xac")));
  EXPECT_FALSE(holds(R"({"StringLike":{"a:k":"??"}})", with("a:k", "\xe2\x82\xac")));
}
TEST(StringOperators, EscapesAreTheCharactersThemselves) {
  EXPECT_TRUE(holds(R"({"StringLike":{"a:k":"a${*}b"}})", with("a:k", "a*b")));
  EXPECT_FALSE(holds(R"({"StringLike":{"a:k":"a${*}b"}})", with("a:k", "axb")));
  EXPECT_TRUE(holds(R"({"StringLike":{"a:k":"${?}${$}"}})", with("a:k", "?$")));
}
TEST(NumericOperators, CompareExactDecimals) {
  EXPECT_TRUE(holds(R"({"NumericLessThan":{"a:k":1.2}})", with("a:k", "1.10")));
  EXPECT_FALSE(holds(R"({"NumericLessThan":{"a:k":"1.2"}})", with("a:k", "1.20")));
  EXPECT_TRUE(holds(R"({"NumericEquals":{"a:k":"007.50"}})", with("a:k", "7.5")));
  EXPECT_TRUE(holds(R"({"NumericGreaterThanEquals":{"a:k":"1.3"}})", with("a:k", "1.3")));
  EXPECT_TRUE(holds(R"({"NumericGreaterThan":{"a:k":-2}})", with("a:k", "-1.5")));
  EXPECT_TRUE(holds(R"({"NumericLessThan":{"a:k":0}})", with("a:k", "-0.0001")));
  EXPECT_TRUE(holds(R"({"NumericEquals":{"a:k":0}})", with("a:k", "-0")));
  EXPECT_TRUE(holds(R"({"NumericLessThanEquals":{"a:k":"9007199254740993"}})",
                    with("a:k", "9007199254740992.9")));
}
TEST(DateOperators, CompareInstants) {
  EXPECT_TRUE(
      holds(R"({"DateLessThan":{"a:k":"2027-06-30"}})", with("a:k", "2027-06-29T23:59:59Z")));
  EXPECT_TRUE(holds(R"({"DateEquals":{"a:k":"2027-01-15T08:00:00Z"}})", with("a:k", "1800000000")));
  EXPECT_TRUE(
      holds(R"({"DateEquals":{"a:k":"2027-01-15T10:00+02:00"}})", with("a:k", "1800000000")));
  EXPECT_TRUE(holds(R"({"DateGreaterThan":{"aws:CurrentTime":"2027-01-15T07:59:59.5Z"}})"));
  EXPECT_FALSE(holds(R"({"DateGreaterThan":{"aws:EpochTime":1800000000}})"));
  EXPECT_TRUE(holds(R"({"DateLessThan":{"a:k":"2024-01"}})", with("a:k", "2024")));
}
TEST(BoolOperator, IgnoresCaseAndTakesJsonBooleans) {
  EXPECT_TRUE(holds(R"({"Bool":{"a:k":true}})", with("a:k", "TRUE")));
  EXPECT_FALSE(holds(R"({"Bool":{"a:k":"True"}})", with("a:k", "false")));
}
TEST(IpOperators, ComparePrefixesOfOneFamily) {
  EXPECT_TRUE(holds(R"({"IpAddress":{"a:k":"192.0.2.0/25"}})", with("a:k", "192.0.2.127")));
  EXPECT_FALSE(holds(R"({"IpAddress":{"a:k":"192.0.2.0/25"}})", with("a:k", "192.0.2.128")));
  EXPECT_TRUE(holds(R"({"IpAddress":{"a:k":"2001:db8::/33"}})", with("a:k", "2001:DB8:7fff::1")));
  EXPECT_FALSE(holds(R"({"IpAddress":{"a:k":"2001:db8::1"}})", with("a:k", "2001:db8::2")));
  EXPECT_FALSE(holds(R"({"IpAddress":{"a:k":"0.0.0.0/0"}})", with("a:k", "2001:db8::1")));
  EXPECT_TRUE(holds(R"({"NotIpAddress":{"a:k":"10.0.0.1"}})", with("a:k", "2001:db8::1")));
  EXPECT_TRUE(holds(R"({"IpAddress":{"a:k":"10.0.0.0/8"}})", with("a:k", "::ffff:10.1.2.3")));
}
TEST(ArnOperators, MatchPartsAndNotTheWholeText) {
  const std::string pattern = "arn:aws:someservice:*:111122223333:finance/*";
  const Context other = with(
      "a:k",
      "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt");
  EXPECT_TRUE(holds(R"({"StringLike":{"a:k":")" + pattern + R"("}})", other));
  EXPECT_FALSE(holds(R"({"ArnLike":{"a:k":")" + pattern + R"("}})", other));
  EXPECT_TRUE(holds(R"({"ArnEquals":{"a:k":"arn:aws:iam::1:role/*"}})",
                    with("a:k", "arn:aws:iam::1:role/x:y")));
  EXPECT_FALSE(holds(R"({"ArnNotEquals":{"a:k":"arn:aws:iam::?:role/*"}})",
                     with("a:k", "arn:aws:iam::1:role/x")));
}
TEST(BinaryOperator, ComparesBytesWithTheDecodedValue) {
  EXPECT_TRUE(holds(R"({"BinaryEquals":{"a:k":"AP8h"}})", with("a:k", std::string("\0\xff!", 3))));
  EXPECT_FALSE(holds(R"({"BinaryEquals":{"a:k":"AP8h"}})", with("a:k", "AP8h")));
  EXPECT_FALSE(holds(R"({"BinaryEquals":{"a:k":"AP8h"}})"));
  EXPECT_TRUE(holds(R"({"BinaryEqualsIfExists":{"a:k":"AP8h"}})"));
  EXPECT_TRUE(
      holds(R"({"ForAnyValue:BinaryEquals":{"a:k":["","IQ=="]}})", with_list("a:k", {"x", "!"})));
  EXPECT_FALSE(holds(R"({"BinaryEquals":{"a:k":"IQ=="}})", with("a:k", "!!")));
}
TEST(MalformedRequestValue, IsNotEvaluableForPositiveAndNegatedOperatorsAndDenies) {
  const Context context = with("a:k", "junk");
  for (const char* c :
       {R"({"NumericLessThan":{"a:k":1}})", R"({"NumericNotEquals":{"a:k":1}})",
        R"({"DateLessThan":{"a:k":"2030-01-01"}})", R"({"Bool":{"a:k":true}})",
        R"({"NotIpAddress":{"a:k":"10.0.0.0/8"}})", R"({"ArnNotLike":{"a:k":"arn:aws:s3:::b"}})"}) {
    EXPECT_EQ(outcome_of(c, context), Outcome::NotEvaluable) << c;
    EXPECT_EQ(outcome_of(c, context, "Deny"), Outcome::NotEvaluable) << c;
  }
  // Whatever the value were: the statement is false by another condition.
  EXPECT_EQ(
      outcome_of(R"({"NumericLessThan":{"a:k":1},"Bool":{"a:absent":true}})", context, "Deny"),
      Outcome::Allowed);
}

// --- §2, matching

TEST(Action, IgnoresCaseAndTakesWildcardsInTheName) {
  auto allows = [](const std::string& action, std::string_view asked) {
    return ask(compiled(
                   document(R"({"Effect":"Allow","Action":")" + action + R"(","Resource":"*"})")),
               {}, asked)
        .allowed();
  };
  EXPECT_TRUE(allows("S3:getobject", "s3:GetObject"));
  EXPECT_TRUE(allows("s3:Get*", "s3:GetObjectAcl"));
  EXPECT_TRUE(allows("s3:?etObject", "s3:GetObject"));
  EXPECT_FALSE(allows("s3:Get*", "s3:PutObject"));
  EXPECT_FALSE(allows("s3:*", "iot:Publish"));
  EXPECT_TRUE(allows("*", "kms:Decrypt"));
}
TEST(Action, NotActionNegatesTheWholeList) {
  const auto policies =
      compiled(document(R"({"Effect":"Allow","NotAction":["s3:Get*","s3:Put*"],"Resource":"*"})"));
  EXPECT_FALSE(ask(policies, {}, "s3:GetObject").allowed());
  EXPECT_FALSE(ask(policies, {}, "s3:PutObject").allowed());
  EXPECT_TRUE(ask(policies, {}, "s3:DeleteObject").allowed());
}
TEST(Action, MalformedOnesAreDenied) {
  const auto policies = compiled(document(allow_all()));
  for (const char* action : {"", "s3", ":x", "s3:", "s3:Get Object", "s3:*"})
    EXPECT_EQ(ask(policies, {}, action).outcome(), Outcome::NotEvaluable) << action;
}

bool resource_matches(const std::string& pattern, std::string_view resource,
                      DocumentKind kind = DocumentKind::Identity) {
  const std::string principal = kind == DocumentKind::Resource ? R"("Principal":"*",)" : "";
  const std::string text = document(
      "{" + principal + R"("Effect":"Allow","Action":"*","Resource":")" + pattern + R"("})");
  return ask(compiled(text, kind), {}, "s3:GetObject", resource).allowed();
}
TEST(Resource, StarCrossesSlashesInTheSixthPart) {
  EXPECT_TRUE(resource_matches("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1///test///o"));
  EXPECT_TRUE(resource_matches("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b//test/o"));
  EXPECT_FALSE(resource_matches("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1-test/o"));
  EXPECT_FALSE(resource_matches("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/test/o"));
}
TEST(Resource, PartsAreMatchedSeparatelyAndCaseMatters) {
  EXPECT_FALSE(resource_matches("arn:aws:s3:*:1:b/*", "arn:aws:s3:r:2:x:1:b/k"));
  EXPECT_TRUE(resource_matches("arn:aws:s3:*:*:b/*", "arn:aws:s3:::b/k:with:colons"));
  EXPECT_FALSE(resource_matches("arn:aws:s3:::B/k", "arn:aws:s3:::b/k"));
  EXPECT_FALSE(resource_matches("arn:aws:s3:::b", "arn:aws:s3:::b/k"));
  EXPECT_FALSE(resource_matches("arn:aws:s3:::b/*", "arn:aws:s3:::b"));
}
TEST(Resource, ShortArnsFillUpInIdentityPoliciesAndMatchOnlyByWildcardInResourcePolicies) {
  EXPECT_TRUE(resource_matches("arn:aws:s3", "arn:aws:s3:::b/k"));
  EXPECT_TRUE(resource_matches("arn:a*:s3", "arn:aws:s3:::b/k", DocumentKind::Resource));
  EXPECT_FALSE(
      parse_document(
          document(R"({"Principal":"*","Effect":"Allow","Action":"*","Resource":"arn:aws:s3"})"),
          DocumentKind::Resource, "p")
          .value);
}
TEST(Resource, ActionWithoutResourceIsMatchedByALiteralStarAlone) {
  EXPECT_TRUE(resource_matches("*", "*"));
  EXPECT_FALSE(resource_matches("arn:*", "*"));
}
TEST(Resource, MalformedRequestIsDeniedEvenByAStar) {
  EXPECT_FALSE(resource_matches("*", "not-an-arn"));
}
TEST(Resource, NotResourceNegatesTheWholeList) {
  const auto policies = compiled(document(
      R"({"Effect":"Allow","Action":"*","NotResource":["arn:aws:s3:::b/x","arn:aws:s3:::b/y"]})"));
  EXPECT_FALSE(ask(policies, {}, "s3:GetObject", "arn:aws:s3:::b/x").allowed());
  EXPECT_TRUE(ask(policies, {}, "s3:GetObject", "arn:aws:s3:::b/z").allowed());
}

TEST(Principal, ExactArnOrEveryone) {
  const std::string text = document(
      R"({"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::0:role/edge"]},"Action":"*","Resource":"*"})");
  const auto policies = compiled(text, DocumentKind::Resource);
  auto as = [&](std::string_view arn) {
    const Context context;
    const Principal principal = parse_principal(arn).value();
    return decide(policies, {.principal = principal,
                             .action = "s3:GetObject",
                             .resource = "arn:aws:s3:::b/k",
                             .context = context,
                             .now = kNow})
        .allowed();
  };
  EXPECT_TRUE(as("arn:aws:iam::0:role/edge"));
  EXPECT_FALSE(as("arn:aws:iam::0:role/edge2"));
  EXPECT_FALSE(as("arn:aws:iam::0:role/Edge"));
  EXPECT_FALSE(as("*"));
}

// --- §6, variables

std::string publish_to(const std::string& topic, const std::string& effect = "Allow") {
  return R"({"Effect":")" + effect +
         R"(","Action":"iot:Publish","Resource":"arn:aws:iot:local:0:topic/)" + topic + R"("})";
}
Outcome publish(const std::string& statements, const Context& context, std::string_view topic,
                DocumentKind kind = DocumentKind::IotDevice) {
  return ask(compiled(document(statements), kind), context, "iot:Publish",
             "arn:aws:iot:local:0:topic/" + std::string(topic))
      .outcome();
}

TEST(Variables, AreReplacedInResources) {
  const std::string s = publish_to("stations/${iot:Connection.Thing.ThingName}/observations");
  const Context context = with("iot:Connection.Thing.ThingName", "seattle");
  EXPECT_EQ(publish(s, context, "stations/seattle/observations"), Outcome::Allowed);
  EXPECT_EQ(publish(s, context, "stations/new-york/observations"), Outcome::ImplicitlyDenied);
  EXPECT_EQ(publish(s, {}, "stations/seattle/observations"), Outcome::ImplicitlyDenied);
}
TEST(Variables, AreLiteralTextInVersion2008) {
  const auto policies = compiled(
      R"({"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}"}})");
  Context context = with("aws:username", "u");
  EXPECT_FALSE(ask(policies, context, "s3:GetObject", "arn:aws:s3:::b/u").allowed());
  EXPECT_TRUE(ask(policies, context, "s3:GetObject", "arn:aws:s3:::b/${aws:username}").allowed());
}
TEST(Variables, DefaultStandsInForAMissingValueAlone) {
  const std::string s =
      R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username, 'nobody'}"})";
  EXPECT_TRUE(ask(compiled(document(s)), {}, "s3:GetObject", "arn:aws:s3:::b/nobody").allowed());
  EXPECT_FALSE(
      ask(compiled(document(s)), with("aws:username", "u"), "s3:GetObject", "arn:aws:s3:::b/nobody")
          .allowed());
}
TEST(Variables, ValuesAreLiteralText) {
  const std::string s =
      R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}/*"})";
  EXPECT_FALSE(
      ask(compiled(document(s)), with("aws:username", "*"), "s3:GetObject", "arn:aws:s3:::b/u/k")
          .allowed());
  EXPECT_TRUE(
      ask(compiled(document(s)), with("aws:username", "*"), "s3:GetObject", "arn:aws:s3:::b/*/k")
          .allowed());
}
TEST(Variables, WithoutValueMatchNothingInResourceAndStopNotResource) {
  const std::string not_resource =
      R"({"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::b/${aws:username}"})";
  EXPECT_FALSE(ask(compiled(document(not_resource))).allowed());
  EXPECT_TRUE(ask(compiled(document(not_resource)), with("aws:username", "u")).allowed());
}
TEST(Variables, WithoutValuePositiveConditionsFailAndNegatedOnesHold) {
  const Context context = with("a:k", "x");
  EXPECT_FALSE(holds(R"({"StringEquals":{"a:k":"${a:absent}"}})", context));
  EXPECT_TRUE(holds(R"({"StringNotEquals":{"a:k":"${a:absent}"}})", context));
  EXPECT_TRUE(holds(R"({"ArnNotLike":{"a:arn":"${a:absent}"}})", with("a:arn", "arn:aws:s3:::b")));
}
TEST(Variables, OfSeveralValuesAreNotReplaced) {
  EXPECT_FALSE(holds(R"({"StringEquals":{"a:k":"${a:list}"}})", [] {
    Context context = with("a:k", "x");
    context.set_list("a:list", std::vector<std::string>{"x"});
    return context;
  }()));
}
TEST(Variables, MayHoldAWholeArn) {
  Context context = with("a:k", "arn:aws:s3:::b/k");
  context.set("a:other", "arn:aws:s3:::b/k");
  EXPECT_TRUE(holds(R"({"ArnLike":{"a:k":"${a:other}"}})", context));
}

// --- §9, IoT devices

TEST(IotDevice, PlusAndHashAreLiteralInThePolicy) {
  auto subscribe = [](const std::string& pattern, std::string_view filter) {
    const std::string s =
        R"({"Effect":"Allow","Action":"iot:Subscribe","Resource":"arn:aws:iot:local:0:topicfilter/)" +
        pattern + R"("})";
    return ask(compiled(document(s), DocumentKind::IotDevice), {}, "iot:Subscribe",
               "arn:aws:iot:local:0:topicfilter/" + std::string(filter))
        .allowed();
  };
  EXPECT_TRUE(subscribe("some/+/topic", "some/+/topic"));
  EXPECT_FALSE(subscribe("some/+/topic", "some/x/topic"));
  EXPECT_FALSE(subscribe("a/#", "a/b"));
  EXPECT_TRUE(subscribe("a/*", "a/#"));
}
TEST(IotDevice, DenyOfAFilterDoesNotCatchAWiderFilter) {
  const std::string s =
      R"({"Effect":"Allow","Action":"iot:Subscribe","Resource":"arn:aws:iot:local:0:topicfilter/a/*"},)"
      R"({"Effect":"Deny","Action":"iot:Subscribe","Resource":"arn:aws:iot:local:0:topicfilter/a/restricted/*"})";
  const auto policies = compiled(document(s), DocumentKind::IotDevice);
  EXPECT_TRUE(ask(policies, {}, "iot:Subscribe", "arn:aws:iot:local:0:topicfilter/a/#").allowed());
  EXPECT_EQ(ask(policies, {}, "iot:Subscribe", "arn:aws:iot:local:0:topicfilter/a/restricted/x")
                .outcome(),
            Outcome::ExplicitlyDenied);
}
TEST(IotDevice, UnsafeValuesAreNotReplacedAndNeverAllow) {
  const std::string s = publish_to("my/${iot:ClientId}/topic");
  for (const char* id : {"+", "#", "*", "a/b", "$x", "a?", "a+b"}) {
    EXPECT_EQ(publish(s, with("iot:ClientId", id), "my/" + std::string(id) + "/topic"),
              Outcome::ImplicitlyDenied)
        << id;
    EXPECT_EQ(publish(s, with("iot:ClientId", id), "my/x/topic"), Outcome::ImplicitlyDenied) << id;
    EXPECT_EQ(publish(s, with("iot:ClientId", id), "my/${iot:ClientId}/topic"),
              Outcome::ImplicitlyDenied)
        << id;
  }
}
TEST(IotDevice, UnsafeValueInADenyIsNotEvaluableWhereItCouldApply) {
  const std::string s = publish_to("*") + "," + publish_to("my/${iot:ClientId}/x", "Deny");
  EXPECT_EQ(publish(s, with("iot:ClientId", "a/b"), "my/a/b/x"), Outcome::NotEvaluable);
  EXPECT_EQ(publish(s, with("iot:ClientId", "a/b"), "other"), Outcome::Allowed);
  EXPECT_EQ(publish(s, with("iot:ClientId", "ab"), "my/ab/x"), Outcome::ExplicitlyDenied);
}
TEST(IotDevice, UnsafeValueInAConditionIsNotEvaluable) {
  Context context = with("iot:ClientId", "a#");
  context.set("iot:Connection.Thing.ThingName", "a#");
  const std::string s =
      R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"iot:Connection.Thing.ThingName":"${iot:ClientId}"}}})";
  EXPECT_EQ(publish(s, context, "t"), Outcome::NotEvaluable);
}
TEST(IotDevice, AttributesAndCertificateNamesAreVariables) {
  const std::string s =
      publish_to("${iot:Connection.Thing.Attributes[site]}/${iot:Certificate.Subject.CommonName}");
  Context context = with("iot:Connection.Thing.Attributes[site]", "roof");
  context.set("iot:Certificate.Subject.CommonName", "s1");
  EXPECT_EQ(publish(s, context, "roof/s1"), Outcome::Allowed);
}
TEST(IotDevice, IsAttachedIsACondition) {
  const std::string s =
      R"({"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:local:0:client/${iot:ClientId}","Condition":{"Bool":{"iot:Connection.Thing.IsAttached":"true"}}})";
  const auto policies = compiled(document(s), DocumentKind::IotDevice);
  Context context = with("iot:ClientId", "c");
  EXPECT_FALSE(ask(policies, context, "iot:Connect", "arn:aws:iot:local:0:client/c").allowed());
  context.set_bool("iot:Connection.Thing.IsAttached", true);
  EXPECT_TRUE(ask(policies, context, "iot:Connect", "arn:aws:iot:local:0:client/c").allowed());
}

TEST(IotCertificate, TheBareNameIsTheFirstValueAndDotOneTheSecond) {
  Context context;
  context.set_certificate_field("iot:Certificate.Subject.OrganizationalUnit",
                                std::vector<std::string>{"roof", "cellar"});
  const std::string unit = "${iot:Certificate.Subject.OrganizationalUnit";
  EXPECT_EQ(publish(publish_to(unit + "}"), context, "roof"), Outcome::Allowed);
  EXPECT_EQ(publish(publish_to(unit + ".0}"), context, "roof"), Outcome::Allowed);
  EXPECT_EQ(publish(publish_to(unit + ".1}"), context, "cellar"), Outcome::Allowed);
  EXPECT_EQ(publish(publish_to(unit + ".1}"), context, "roof"), Outcome::ImplicitlyDenied);
  // A place that has no value is not substituted, and nothing is allowed.
  EXPECT_EQ(publish(publish_to(unit + ".2}"), context, "roof"), Outcome::ImplicitlyDenied);
  EXPECT_EQ(publish(publish_to(unit + ".2}"), context, unit + ".2}"), Outcome::ImplicitlyDenied);
  // All of them together are several values, which cannot be substituted either.
  EXPECT_EQ(publish(publish_to(unit + ".List}"), context, "roof"), Outcome::ImplicitlyDenied);
}
TEST(IotCertificate, ListIsAllValuesOfWhichThereAreFiveAtMost) {
  const std::string key = "iot:Certificate.Issuer.AlternativeName.DNSName";
  auto any = [&](const std::string& value, const std::vector<std::string>& values) {
    Context context;
    context.set_certificate_field(key, values);
    return ask(compiled(document(statement("Allow", R"({"ForAnyValue:StringEquals":{")" + key +
                                                        R"(.List":")" + value + R"("}})")),
                        DocumentKind::IotDevice),
               context)
        .allowed();
  };
  const std::vector<std::string> six = {"a", "b", "c", "d", "e", "f"};
  EXPECT_TRUE(any("a", six));
  EXPECT_TRUE(any("e", six));
  EXPECT_FALSE(any("f", six));
  EXPECT_FALSE(any("a", {}));
}
TEST(IotCertificate, ForAllValuesOnAListIsTrueWhenThereIsNone) {
  const std::string s = statement(
      "Allow",
      R"({"ForAllValues:StringEquals":{"iot:Certificate.Subject.OrganizationalUnit.List":["roof"]}})");
  EXPECT_TRUE(ask(compiled(document(s), DocumentKind::IotDevice)).allowed());
}
TEST(IotDevice, ThingTypeAndGroupsAreKeys) {
  const std::string s =
      R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{
          "StringEquals":{"iot:Connection.Thing.ThingTypeName":"station"},
          "ForAnyValue:StringEquals":{"sealane:ThingGroups":"roofs"}}})";
  Context context = with("iot:Connection.Thing.ThingTypeName", "station");
  EXPECT_EQ(publish(s, context, "t"), Outcome::ImplicitlyDenied);
  context.set_list("sealane:ThingGroups", std::vector<std::string>{"cellars", "roofs"});
  EXPECT_EQ(publish(s, context, "t"), Outcome::Allowed);
}

// --- §7, decision

TEST(Decide, ExplicitDenyWinsOverAllowAcrossDocuments) {
  auto identity = parse_document(document(allow_all()), DocumentKind::Identity, "i.json");
  auto resource = parse_document(
      document(R"({"Sid":"no","Effect":"Deny","Principal":"*","Action":"*","Resource":"*"})"),
      DocumentKind::Resource, "r.json");
  ASSERT_TRUE(identity.value && resource.value);
  const std::vector<Document> both = {*identity.value, *resource.value};
  const auto policies = compile(both);
  const Decision decision = ask(policies);
  EXPECT_EQ(decision.outcome(), Outcome::ExplicitlyDenied);
  EXPECT_EQ(decision.decided_by()->document, 1u);
  EXPECT_EQ(explain(policies, decision), "denied by r.json:1 statement `no`");
}
TEST(Decide, EitherOfIdentityAndResourcePolicySuffices) {
  auto identity =
      parse_document(document(R"({"Effect":"Allow","Action":"s3:PutObject","Resource":"*"})"),
                     DocumentKind::Identity, "i");
  auto resource = parse_document(
      document(R"({"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"})"),
      DocumentKind::Resource, "r");
  const std::vector<Document> both = {*identity.value, *resource.value};
  const auto policies = compile(both);
  EXPECT_TRUE(ask(policies, {}, "s3:GetObject").allowed());
  EXPECT_TRUE(ask(policies, {}, "s3:PutObject").allowed());
  EXPECT_EQ(ask(policies, {}, "s3:ListBucket").outcome(), Outcome::ImplicitlyDenied);
}
TEST(Decide, NothingAllowsWithoutDocuments) {
  EXPECT_EQ(ask(compile({})).outcome(), Outcome::ImplicitlyDenied);
  EXPECT_EQ(ask(CompiledPolicies::not_evaluable("x")).outcome(), Outcome::NotEvaluable);
}
TEST(Decide, ADenyThatCannotBeEvaluatedStopsAnAllowAndYieldsToADenyThatApplies) {
  const std::string stuck = statement("Deny", R"({"Bool":{"a:k":"true"}})");
  const std::string plain = R"({"Effect":"Deny","Action":"*","Resource":"*"})";
  EXPECT_EQ(ask(compiled(document(allow_all() + "," + stuck)), with("a:k", "?")).outcome(),
            Outcome::NotEvaluable);
  EXPECT_EQ(ask(compiled(document(stuck + "," + plain)), with("a:k", "?")).outcome(),
            Outcome::ExplicitlyDenied);
}
TEST(Decide, AnAllowThatCannotBeEvaluatedDoesNotStopAnother) {
  const std::string stuck = statement("Allow", R"({"Bool":{"a:k":"true"}})");
  EXPECT_EQ(ask(compiled(document(stuck + "," + allow_all())), with("a:k", "?")).outcome(),
            Outcome::Allowed);
}
TEST(Decide, RequestsInFrontReadTheContextBehind) {
  const Context connection = with("a:k", "x");
  Context request = Context::in_front_of(connection);
  request.set("a:l", "y");
  EXPECT_TRUE(holds(R"({"StringEquals":{"a:k":"x","a:l":"y"}})", request));
}

// --- the policy that a cloud's answer showed as "encryption in transit"

std::pair<Outcome, std::string> seed(const std::string& effect, const std::string& op,
                                     const std::string& value, const Context& context) {
  const std::string s = R"({"Effect":")" + effect +
                        R"(","Action":"iot:*","Resource":"*","Condition":{")" + op +
                        R"(":{"aws:SecureTransport":")" + value + R"("}}})";
  const auto policies = compiled(document(s), DocumentKind::IotDevice);
  const Request request{.principal = Principal::device(),
                        .action = "iot:Publish",
                        .resource = "arn:aws:iot:local:0:topic/t",
                        .context = context,
                        .now = kNow};
  return {decide(policies, request).outcome(), explain_statements(policies, request).at(0).why};
}
TEST(SeedPolicy, AllowsOverTlsAndSaysWhyNotOtherwise) {
  const Context tls = with("aws:SecureTransport", "true");
  const Context plain = with("aws:SecureTransport", "false");
  using Answer = std::pair<Outcome, std::string>;
  EXPECT_EQ(seed("Allow", "Bool", "true", tls), Answer(Outcome::Allowed, "every element matches"));
  EXPECT_EQ(seed("Allow", "Bool", "true", {}),
            Answer(Outcome::ImplicitlyDenied,
                   "Condition Bool aws:SecureTransport: the request has no such key"));
  EXPECT_EQ(seed("Allow", "Bool", "true", plain),
            Answer(Outcome::ImplicitlyDenied,
                   "Condition Bool aws:SecureTransport: the request's `false` does not match"));
}
TEST(SeedPolicy, VariantsAreExplainedOtherwise) {
  const Context tls = with("aws:SecureTransport", "true");
  using Answer = std::pair<Outcome, std::string>;
  // Without the key: IfExists lets everything pass, `StringNotEquals` too, and `Null` asks for it.
  EXPECT_EQ(seed("Allow", "BoolIfExists", "true", {}),
            Answer(Outcome::Allowed, "every element matches"));
  EXPECT_EQ(seed("Allow", "StringNotEquals", "true", tls),
            Answer(Outcome::ImplicitlyDenied,
                   "Condition StringNotEquals aws:SecureTransport: the request's `true` is among "
                   "the values"));
  EXPECT_EQ(seed("Allow", "Null", "true", tls),
            Answer(Outcome::ImplicitlyDenied,
                   "Condition Null aws:SecureTransport: the request has the key"));
  EXPECT_EQ(seed("Deny", "Bool", "false", tls),
            Answer(Outcome::ImplicitlyDenied,
                   "Condition Bool aws:SecureTransport: the request's `true` does not match"));
}

// --- caching

TEST(Cacheable, OnlyIfEveryKeyReadIsConstantAndNoTime) {
  const auto policies = compiled(document(
      statement("Allow", R"({"StringEquals":{"a:connection":"x"},"Bool":{"a:request":"true"}})")));
  Context context = with("a:connection", "x");
  context.set("a:request", "true");
  const KeySet constant = policies.key_set({"A:Connection"});
  EXPECT_FALSE(decision_cacheable(ask(policies, context), constant));
  EXPECT_TRUE(decision_cacheable(ask(policies, context), policies.key_set({"a:*"})));
  // The first condition fails, so the second key was not read.
  EXPECT_TRUE(decision_cacheable(ask(policies, with("a:connection", "z")), constant));
  EXPECT_TRUE(decision_cacheable(ask(compiled(document(allow_all()))), KeySet()));
}
TEST(Cacheable, TimeTellsWhenTheDecisionChanges) {
  const auto policies = compiled(document(
      statement("Allow", R"({"DateLessThan":{"aws:CurrentTime":"2027-06-30T00:00:00Z"}})")));
  const Decision decision = ask(policies);
  EXPECT_TRUE(decision.allowed());
  EXPECT_FALSE(decision_cacheable(decision, policies.key_set({"aws:*"})));
  ASSERT_TRUE(decision.changes_at());
  EXPECT_EQ(to_rfc3339(*decision.changes_at()), "2027-06-30T00:00:00.000000Z");
}
TEST(Cacheable, EveryFormOfADateConditionTellsWhenItTurns) {
  for (const char* form : {"DateLessThan", "DateLessThanIfExists", "ForAllValues:DateLessThan",
                           "ForAnyValue:DateLessThan", "ForAnyValue:DateLessThanIfExists"}) {
    const auto policies = compiled(document(
        statement("Allow", R"({")" + std::string(form) +
                               R"(":{"aws:CurrentTime":["2027-06-30T00:00:00Z","2027-03-01"]}})")));
    const Decision decision = ask(policies);
    EXPECT_TRUE(decision.allowed()) << form;
    ASSERT_TRUE(decision.changes_at()) << form;
    EXPECT_EQ(to_rfc3339(*decision.changes_at()), "2027-03-01T00:00:00.000000Z") << form;
  }
}
// What a caller would do that kept a decision up to its `changes_at`, and one that kept it longer.
TEST(Cacheable, ADecisionKeptBeyondItsInstantWouldAllowForEver) {
  const auto policies = compiled(document(
      statement("Allow", R"({"DateLessThan":{"aws:CurrentTime":"2027-06-30T00:00:00Z"}})")));
  const Context context;
  auto at = [&](Time now) {
    return decide(policies, {.principal = Principal::device(),
                             .action = "s3:GetObject",
                             .resource = "arn:aws:s3:::b/k",
                             .context = context,
                             .now = now});
  };
  const Time turns = at(kNow).changes_at().value();
  EXPECT_TRUE(at(turns - Duration(1)).allowed());
  EXPECT_FALSE(at(turns).allowed());
  EXPECT_FALSE(at(turns).changes_at());
  EXPECT_FALSE(decision_cacheable(at(kNow), policies.key_set({"aws:*"})));
}
TEST(Cacheable, EqualityWithAnInstantTurnsTwice) {
  const auto policies = compiled(
      document(statement("Allow", R"({"DateEquals":{"aws:CurrentTime":"2027-01-15T08:00:00Z"}})")));
  const Decision decision = ask(policies);
  EXPECT_TRUE(decision.allowed());
  EXPECT_EQ(decision.changes_at(), kNow + Duration(1));
}
TEST(Cacheable, TextAndNumberOfTheTimeHoldForASecond) {
  for (const char* condition : {R"({"StringLike":{"aws:CurrentTime":"2027-*"}})",
                                R"({"NumericLessThan":{"aws:EpochTime":1900000000}})"}) {
    const Decision decision = ask(compiled(document(statement("Allow", condition))));
    EXPECT_TRUE(decision.allowed()) << condition;
    EXPECT_EQ(decision.changes_at(), kNow + seconds(1)) << condition;
  }
}
TEST(Cacheable, ADateOfTheRequestDoesNotTurn) {
  const auto policies = compiled(
      document(statement("Allow", R"({"DateLessThan":{"aws:TokenIssueTime":"2027-06-30"}})")));
  EXPECT_FALSE(ask(policies, with("aws:TokenIssueTime", "2027-01-01")).changes_at());
}
TEST(Cacheable, ADenyByTimeInAnotherDocumentCounts) {
  auto identity = parse_document(document(allow_all()), DocumentKind::Identity, "i");
  auto scp = parse_document(
      document(allow_all() + "," +
               statement("Deny", R"({"DateGreaterThan":{"aws:CurrentTime":"2027-06-30"}})")),
      DocumentKind::Scp, "s");
  const std::vector<Document> both = {*identity.value, *scp.value};
  const Context context;
  const Principal user = parse_principal("arn:aws:iam::111111111111:user/u").value();
  const Decision decision = decide(compile(both), {.principal = user,
                                                   .action = "s3:GetObject",
                                                   .resource = "arn:aws:s3:::b/k",
                                                   .context = context,
                                                   .now = kNow});
  EXPECT_TRUE(decision.allowed());
  ASSERT_TRUE(decision.changes_at());
  EXPECT_EQ(to_rfc3339(*decision.changes_at()), "2027-06-30T00:00:00.000001Z");
}
TEST(KeySet, MoreKeysThanItHoldsMakeTheWholeNotEvaluable) {
  auto document_of = [](int from, int count) {
    std::string keys;
    for (int i = from; i < from + count; ++i)
      keys += (keys.empty() ? "\"" : ",\"") + ("a:k" + std::to_string(i)) + "\":\"x\"";
    return document(statement("Deny", R"({"StringEquals":{)" + keys + "}}"));
  };
  constexpr int kMax = static_cast<int>(KeySet::kKeysMax);
  const auto full = parse_document(document_of(0, kMax), DocumentKind::Identity, "p");
  const auto other = parse_document(document_of(kMax, 1), DocumentKind::Identity, "p");
  ASSERT_TRUE(full.value && other.value);
  std::vector<Document> documents = {*full.value};
  EXPECT_EQ(ask(compile(documents)).outcome(), Outcome::ImplicitlyDenied);
  documents.push_back(*other.value);
  const CompiledPolicies broken = compile(documents);
  EXPECT_EQ(ask(broken).outcome(), Outcome::NotEvaluable);
  EXPECT_EQ(explain(broken, ask(broken)),
            "the policy cannot be evaluated: the documents name more than 256 condition keys");
}
TEST(Cacheable, KeysReadThroughVariablesCount) {
  const auto policies = compiled(document(publish_to("${iot:ClientId}")), DocumentKind::IotDevice);
  const Decision decision =
      ask(policies, with("iot:ClientId", "c"), "iot:Publish", "arn:aws:iot:local:0:topic/c");
  EXPECT_FALSE(decision_cacheable(decision, KeySet()));
  EXPECT_TRUE(decision_cacheable(decision, policies.key_set({"iot:ClientId"})));
}

}  // namespace
}  // namespace sealane::policy
