// SPDX-License-Identifier: Apache-2.0
#include "policy/request_json.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "policy/lint.h"
#include "policy/testing/case_json.h"

namespace sealane::policy {
namespace {

const Catalogue& shipped() {
  static const Catalogue catalogue = Catalogue::shipped();
  return catalogue;
}
Parsed<RequestFile> parse(const std::string& text) {
  return parse_request(text, "r.json", shipped());
}
std::string with_context(const std::string& context) {
  return R"({"principal":"arn:aws:iam::123456789012:user/u","action":"s3:GetObject","context":{)" +
         context + "}}";
}
RequestFile read(const std::string& text) {
  auto parsed = parse(text);
  for (const Diagnostic& d : parsed.diagnostics) ADD_FAILURE() << to_text(d) << "\n" << text;
  return parsed.value ? std::move(*parsed.value) : RequestFile{};
}
const Context::Entry* entry(const RequestFile& request, std::string_view key) {
  return request.context.find(key);
}
void expect_refused(const std::string& text, const std::string& message) {
  const auto parsed = parse(text);
  EXPECT_FALSE(parsed.value) << text;
  std::string all;
  for (const Diagnostic& d : parsed.diagnostics) all += to_text(d) + "\n";
  EXPECT_TRUE(all.contains(message)) << text << "\n" << all;
}

TEST(RequestJson, ReadsEveryMember) {
  const RequestFile request = read(
      R"({"principal":{"AWS":"arn:aws:iam::123456789012:role/edge"},"action":"s3:GetObject",
          "resource":"arn:aws:s3:::b/k","resource_account":"210987654321",
          "context":{"aws:SecureTransport":true,"s3:TlsVersion":1.10,"aws:TagKeys":["a","b"]},
          "now":"2027-06-30T00:00:00Z","exemptions":{"aws_managed_key":true,"service_without_rcps":true}})");
  EXPECT_EQ(request.principal.kind, PrincipalKind::RoleSession);
  EXPECT_TRUE(request.names_principal);
  EXPECT_EQ(request.resource_account, "210987654321");
  EXPECT_EQ(entry(request, "aws:securetransport")->values, std::vector<std::string>{"true"});
  EXPECT_EQ(entry(request, "s3:tlsversion")->values, std::vector<std::string>{"1.10"});
  EXPECT_EQ(entry(request, "aws:tagkeys")->values, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(request.exemptions.aws_managed_key);
  EXPECT_TRUE(request.exemptions.service_without_rcps);
  const Request borrowed = request.at(Time{});
  EXPECT_EQ(borrowed.action, "s3:GetObject");
  EXPECT_EQ(borrowed.now, Time(std::chrono::seconds(1'814'313'600)));
}
TEST(RequestJson, WhatIsLeftOutHasAMeaning) {
  const RequestFile request = read(R"({"action":"iot:Publish"})");
  EXPECT_EQ(request.principal, Principal::device());
  EXPECT_FALSE(request.names_principal);
  EXPECT_EQ(request.resource, "*");
  EXPECT_EQ(request.at(Time(std::chrono::seconds(5))).now, Time(std::chrono::seconds(5)));
}
TEST(RequestJson, ReadsPrincipalsOfEachForm) {
  auto kind = [](const std::string& principal) {
    return read(R"({"action":"a:b","principal":)" + principal + "}").principal.kind;
  };
  EXPECT_EQ(kind(R"("*")"), PrincipalKind::Anonymous);
  EXPECT_EQ(kind(R"({"Service":"s3.amazonaws.com"})"), PrincipalKind::Service);
  EXPECT_EQ(kind(R"({"Federated":"accounts.google.com"})"), PrincipalKind::WebIdentity);
  EXPECT_EQ(kind(R"({"AWS":["arn:aws:iam::123456789012:user/u"]})"), PrincipalKind::User);
  EXPECT_EQ(kind(R"("arn:aws:iot:eu-central-1:123456789012:cert/abc")"), PrincipalKind::Device);
}
TEST(RequestJson, HowManyValuesAKeyHasIsAPropertyOfTheKey) {
  const RequestFile request = read(
      with_context(R"("aws:TagKeys":"a","s3:prefix":["home"],"x:unknown":["a"],"x:other":"a")"));
  EXPECT_EQ(entry(request, "aws:tagkeys")->arity, Context::Arity::Multi);
  EXPECT_EQ(entry(request, "s3:prefix")->arity, Context::Arity::Single);
  EXPECT_EQ(entry(request, "x:unknown")->arity, Context::Arity::Multi);
  EXPECT_EQ(entry(request, "x:other")->arity, Context::Arity::Single);
  expect_refused(with_context(R"("s3:prefix":["a","b"])"), "has one value");
  expect_refused(with_context(R"("s3:prefix":[])"), "has one value");
}
TEST(RequestJson, ADevicesIdIsSubstitutedAsItWasSentWhereTheRequestSaysSo) {
  const auto asked = [](const std::string& more) {
    return read(R"({"action":"iot:Publish","resource":"arn:aws:iot:local:0:topic/my/+/topic",
                    "context":{"iot:ClientId":"+"})" +
                more + "}");
  };
  const auto parsed = parse_document(
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Publish",
          "Resource":"arn:aws:iot:local:0:topic/my/${iot:ClientId}/topic"}]})",
      DocumentKind::IotDevice, "p.json");
  ASSERT_TRUE(parsed.value);
  const auto policies = compile(std::span(&*parsed.value, 1));
  for (const char* guarded : {"", R"(,"variables":"guarded")"})
    EXPECT_FALSE(decide(policies, asked(guarded).at(Time())).allowed()) << guarded;
  EXPECT_TRUE(decide(policies, asked(R"(,"variables":"as-sent")").at(Time())).allowed());
  expect_refused(R"({"action":"a:b","variables":"all"})", "no rule for variables");
}
TEST(RequestJson, TimeIsSaidOnce) {
  EXPECT_EQ(read(with_context(R"("aws:CurrentTime":"2027-06-30")")).now,
            Time(std::chrono::seconds(1'814'313'600)));
  EXPECT_EQ(read(with_context(R"("aws:EpochTime":1814313600,"aws:CurrentTime":"2027-06-30")")).now,
            Time(std::chrono::seconds(1'814'313'600)));
  expect_refused(with_context(R"("aws:EpochTime":1,"aws:CurrentTime":"2027-06-30")"),
                 "another time");
  expect_refused(R"({"action":"a:b","now":"yesterday"})", "is not a time");
}
TEST(RequestJson, PrincipalArnAgreesWithThePrincipal) {
  const std::string session =
      R"({"action":"a:b","principal":"arn:aws:sts::123456789012:assumed-role/r/s","context":{"aws:PrincipalArn":")";
  EXPECT_EQ(read(session + R"(arn:aws:iam::123456789012:role/path/r"}})").principal.role_arn,
            "arn:aws:iam::123456789012:role/path/r");
  expect_refused(session + R"(arn:aws:iam::123456789012:role/other"}})", "is not the ARN");
  EXPECT_EQ(
      read(R"({"action":"a:b","context":{"aws:PrincipalArn":"arn:aws:iam::123456789012:user/u"}})")
          .principal.kind,
      PrincipalKind::User);
}
TEST(RequestJson, MistakesHaveTheirPlace) {
  const auto parsed = parse("{\n \"acton\": \"x:y\",\n \"resource\": 5\n}");
  ASSERT_EQ(parsed.diagnostics.size(), 3u);
  EXPECT_EQ(parsed.diagnostics[0].span, (SourceSpan{"r.json", 2, 2}));
  EXPECT_EQ(parsed.diagnostics[0].hint, "did you mean `action`?");
  EXPECT_EQ(parsed.diagnostics[1].span.line, 3u);
  expect_refused(R"({"action":"s3:Get*"})", "is not one action");
  expect_refused(R"({"action":"a:b","action":"a:c"})", "stands twice");
  expect_refused(R"({"action":"a:b","resource_account":"12"})", "is not an account");
  expect_refused(R"({"action":"a:b","principal":{"AWS":"x","Service":"y"}})", "one member");
  expect_refused(R"({"action":"a:b","exemptions":{"all":true}})", "there is no exemption");
  expect_refused(with_context(R"("a:b":1,"A:B":2)"), "two spellings");
  expect_refused(with_context(R"("a:b":null)"), "a value of a key");
  expect_refused(with_context(R"("ab":1)"), "is not a condition key");
  expect_refused("[]", "a request is a JSON object");
}
TEST(RequestJson, HoldsItsLimits) {
  const RequestLimits limits{
      .bytes_max = 1'000, .keys_max = 2, .values_max = 3, .value_bytes_max = 10};
  auto refused = [&](const std::string& text) {
    return !parse_request(text, "r.json", shipped(), limits).value;
  };
  EXPECT_FALSE(refused(R"({"action":"a:b","context":{"a:b":["1","2","3"]}})"));
  EXPECT_TRUE(refused(R"({"action":"a:b","context":{"a:b":["1","2","3","4"]}})"));
  EXPECT_TRUE(refused(R"({"action":"a:b","context":{"a:b":1,"a:c":1,"a:d":1}})"));
  EXPECT_TRUE(refused(R"({"action":"a:b","context":{"a:b":"12345678901"}})"));
  EXPECT_TRUE(refused(R"({"action":"a:b","resource":")" + std::string(2'000, 'x') + "\"}"));
}

std::string_view word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Allowed: return "allow";
    case Outcome::ExplicitlyDenied: return "explicit-deny";
    case Outcome::ImplicitlyDenied: return "implicit-deny";
    case Outcome::NotEvaluable: return "not-evaluable";
  }
  return "";
}

// Decided as a request's file is: the same rows that the evaluator is held against.
TEST(RequestJson, RequestsOfTheTableAreDecidedAsItSays) {
  std::ifstream file("testdata/decisions.tsv");
  ASSERT_TRUE(file);
  std::size_t rows = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::vector<std::string> columns(1);
    for (const char c : line) {
      if (c == '\t')
        columns.emplace_back();
      else
        columns.back() += c;
    }
    ASSERT_EQ(columns.size(), 6u) << line;
    const auto sources = reference::read_documents(columns[2]);
    ASSERT_TRUE(sources.ok()) << line;
    std::vector<Document> documents;
    for (const reference::SourceDocument& source : *sources) {
      auto parsed = parse_document(source.text, source.kind, "p.json");
      EXPECT_EQ(lint(source.text, source.kind, "p.json", shipped()).evaluable,
                parsed.value.has_value());
      if (!parsed.value) continue;
      parsed.value->level = source.level;
      documents.push_back(std::move(*parsed.value));
    }
    if (columns[4] == "refused-document") {
      EXPECT_LT(documents.size(), sources->size()) << line;
      continue;
    }
    const auto request = parse(columns[3]);
    if (!request.value) {  // what a file may not ask, the evaluator refuses as well
      EXPECT_EQ(columns[4], "not-evaluable") << line;
      continue;
    }
    const Decision decision = decide(compile(documents), request.value->at(Time{}));
    EXPECT_EQ(word_of(decision.outcome()), columns[4]) << line;
    ++rows;
  }
  EXPECT_GT(rows, 400u);
}

}  // namespace
}  // namespace sealane::policy
