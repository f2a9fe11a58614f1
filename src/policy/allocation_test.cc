// SPDX-License-Identifier: Apache-2.0
// The hot path against its promise: a decision allocates nothing.
#include <array>
#include <chrono>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "policy/evaluate.h"

namespace {
std::size_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
// simdjson asks in this form and gives back through the ones below.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace sealane::policy {
namespace {

// Every family of operators, variables, lists, both kinds of addresses and the time.
constexpr std::string_view kPolicy = R"({"Version":"2012-10-17","Statement":[
  {"Effect":"Deny","Action":"iot:*","Resource":"*","Condition":{"BoolIfExists":{"aws:SecureTransport":"false"}}},
  {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NumericLessThan":{"sealane:TlsVersion":"1.3"}}},
  {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24","2001:db8::/32"]}}},
  {"Effect":"Deny","Action":"*","NotResource":"arn:aws:iot:*:*:topic/stations/${iot:Connection.Thing.ThingName}/*"},
  {"Effect":"Allow","Action":["iot:Pub*","iot:Receive"],
   "Resource":"arn:aws:iot:local:000000000000:topic/stations/${iot:Connection.Thing.ThingName}/*",
   "Condition":{"StringLike":{"iot:ClientId":"${iot:Connection.Thing.ThingName}*"},
                "ArnNotLike":{"aws:SourceArn":"arn:aws:iam::*:role/x"},
                "ForAnyValue:StringEquals":{"aws:TagKeys":["a","c"]},
                "DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"},
                "Null":{"aws:username":"true"}}}]})";

TEST(DecideAllocation, AllowAndDenyAllocateNothing) {
  const auto parsed = parse_document(kPolicy, DocumentKind::IotDevice, "p.json");
  ASSERT_TRUE(parsed.value) << to_text(parsed.diagnostics.at(0));
  const CompiledPolicies policies = compile(std::span(&*parsed.value, 1));
  for (const std::string_view address :
       {"192.0.2.7", "2001:db8:1111:2222:3333:4444:5555:6666", "198.51.100.1"}) {
    Context context;
    context.set("aws:SourceIp", address);
    context.set("aws:SecureTransport", "true");
    context.set("sealane:TlsVersion", "1.3");
    context.set("iot:ClientId", "a-station-with-a-long-name-01");
    context.set("iot:Connection.Thing.ThingName", "a-station-with-a-long-name-01");
    context.set("aws:SourceArn", "arn:aws:iam::123456789012:role/y");
    context.set_list("aws:TagKeys", std::array<std::string, 2>{"b", "c"});
    const Request request{
        .principal = Principal::device(),
        .action = "iot:Publish",
        .resource =
            "arn:aws:iot:local:000000000000:topic/stations/a-station-with-a-long-name-01/data",
        .context = context,
        .now = Time(std::chrono::seconds(1'800'000'000))};
    const std::size_t before = allocations;
    const Decision decision = decide(policies, request);
    EXPECT_EQ(allocations, before) << address;
    EXPECT_EQ(decision.outcome(),
              address.starts_with("198") ? Outcome::ExplicitlyDenied : Outcome::Allowed)
        << explain(policies, decision);
  }
}

TEST(DecideAllocation, EveryKindTogetherAllocatesNothing) {
  constexpr std::string_view kAll = R"({"Effect":"Allow","Action":"*","Resource":"*"})";
  constexpr std::string_view kEveryone =
      R"({"Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/a"]},"Action":"*","Resource":"*"},
         {"Effect":"Deny","NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/a","arn:aws:sts::111122223333:assumed-role/a/b"]},"Action":"*","Resource":"*"})";
  constexpr std::string_view kNoPlaintext =
      R"({"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"BinaryEquals":{"a:k":"AAAA"}}})";
  std::vector<Document> documents;
  for (std::size_t i = 0; i < kDocumentKinds; ++i) {
    const auto kind = static_cast<DocumentKind>(i);
    if (kind == DocumentKind::Trust) continue;
    const std::string_view statements = kind == DocumentKind::Rcp ? kNoPlaintext
                                        : names_principals(kind)  ? kEveryone
                                                                  : kAll;
    auto parsed = parse_document(
        R"({"Version":"2012-10-17","Statement":[)" + std::string(statements) + "]}", kind, "p");
    ASSERT_TRUE(parsed.value) << to_string(kind) << to_text(parsed.diagnostics.at(0));
    documents.push_back(*std::move(parsed.value));
  }
  const CompiledPolicies policies = compile(documents);
  const Principal principal = parse_principal("arn:aws:sts::111122223333:assumed-role/a/b").value();
  Context context;
  context.set("a:k", "xyz");
  for (const std::string_view owner : {"111122223333", "444455556666"}) {
    const Request request{.principal = principal,
                          .action = "iot:Publish",
                          .resource = "arn:aws:iot:eu-central-1:111122223333:topic/t",
                          .context = context,
                          .now = Time(std::chrono::seconds(1'800'000'000)),
                          .resource_account = owner};
    const std::size_t before = allocations;
    const Decision decision = decide(policies, request);
    EXPECT_EQ(allocations, before) << owner;
    EXPECT_TRUE(decision.allowed()) << explain(policies, decision);
  }
}

}  // namespace
}  // namespace sealane::policy
