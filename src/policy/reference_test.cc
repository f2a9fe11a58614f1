// SPDX-License-Identifier: Apache-2.0
// Random documents and requests must be decided alike by the product and by the reference.
#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "policy/testing/reference.h"

namespace sealane::policy::reference {
namespace {

using std::chrono::seconds;

// --- random documents and requests

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  ModelDocument document() {
    ModelDocument out;
    out.kind = std::array{DocumentKind::Identity, DocumentKind::Resource,
                          DocumentKind::IotDevice}[below(3)];
    out.v2012 = !one_in(4);
    for (std::size_t i = 1 + below(3); i > 0; --i) out.statements.push_back(statement());
    return out;
  }

  ModelRequest request() {
    ModelRequest out;
    out.principal = one_in(3) ? std::string() : pick(kPrincipals);
    out.action =
        pick({"iot:Publish", "s3:GetObject", "S3:getobject", "s3:List", "iot:Connect", "s:x"});
    out.resource =
        one_in(8) ? "*" : "arn:aws:" + pick({"s3::", "iot:r:1", "s3:r:"}) + ":" + own_part(false);
    if (one_in(40)) out.resource = pick({"arn:aws:s3", "b/k", "arn::s3:::b", "arn:aws:s3:::"});
    out.now = 1'800'000'000 + static_cast<std::int64_t>(below(3)) - 1;
    for (const std::string& key : kKeys) {
      if (one_in(3) || key.starts_with("aws:Current") || key.starts_with("aws:Epoch") ||
          key == "aws:PrincipalArn")
        continue;
      ModelValue value{one_in(4), {}};
      for (std::size_t i = value.multi ? below(4) : 1; i > 0; --i)
        value.values.push_back(one_in(9) ? std::string() : pick(pool(below(6))));
      out.context[lower_case(key)] = value;
    }
    return out;
  }

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  using Texts = std::vector<std::string>;
  const std::string& pick(const Texts& from) { return from[below(from.size())]; }
  std::string pick(std::initializer_list<std::string_view> from) {
    return std::string(from.begin()[below(from.size())]);
  }

  ModelStatement statement() {
    ModelStatement out;
    out.allow = !one_in(3);
    out.not_action = one_in(5);
    out.not_resource = one_in(4);
    for (std::size_t i = 1 + below(2); i > 0; --i) {
      out.principals.push_back(one_in(2) ? std::string("*") : pick(kPrincipals));
      out.actions.push_back(pick({"*", "s3:*", "S3:Get*", "iot:Publish", "iot:?ublish",
                                  "s3:GetObject", "s3:*t*", "IOT:Con*t"}));
      out.resources.push_back(one_in(3) ? "*" : resource());
    }
    for (std::size_t i = below(4); i > 0; --i) out.conditions.push_back(condition());
    return out;
  }

  std::string resource() {
    return pick({"arn:aws:s3::", "arn:*:s3:?:", "arn:aws:iot:r:1", "arn:aws:s3:*:*",
                 "arn:a?s:iot:*:"}) +
           ":" + own_part(true);
  }
  std::string own_part(bool pattern) {
    std::string out;
    for (std::size_t i = 1 + below(4); i > 0; --i)
      out +=
          pattern && one_in(2)
              ? pick({"*", "?", "**", "${aws:username}", "${*}", "${?}", "${$}", "${aws:TagKeys}",
                      "${aws:Username, 'a*'}", "${iot:ClientId}", "${aws:SourceIp, 'b'}"})
              : pick({"a", "b", "/", ":", "é", "+", "#", "*", "A"});
    return out;
  }

  ModelCondition condition() {
    static const Texts kBases = {"StringEquals",
                                 "StringNotEquals",
                                 "StringEqualsIgnoreCase",
                                 "StringNotEqualsIgnoreCase",
                                 "StringLike",
                                 "StringNotLike",
                                 "ArnEquals",
                                 "ArnNotEquals",
                                 "ArnLike",
                                 "ArnNotLike",
                                 "NumericEquals",
                                 "NumericNotEquals",
                                 "NumericLessThan",
                                 "NumericLessThanEquals",
                                 "NumericGreaterThan",
                                 "NumericGreaterThanEquals",
                                 "DateEquals",
                                 "DateNotEquals",
                                 "DateLessThan",
                                 "DateLessThanEquals",
                                 "DateGreaterThan",
                                 "DateGreaterThanEquals",
                                 "Bool",
                                 "IpAddress",
                                 "NotIpAddress",
                                 "Null"};
    ModelCondition out;
    out.quantifier = pick({"", "", "ForAllValues:", "ForAnyValue:"});
    out.base = pick(kBases);
    out.if_exists = out.base != "Null" && one_in(3);
    out.key = pick(kKeys);
    for (std::size_t i = one_in(12) ? 0 : 1 + below(3); i > 0; --i)
      out.values.push_back(value_for(out.base));
    return out;
  }
  std::string value_for(const std::string& base) {
    if (base.starts_with("String")) return one_in(3) ? pick(pool(0)) : own_part(true);
    if (base.starts_with("Arn"))
      return one_in(2)   ? resource()
             : one_in(2) ? pick(kPrincipals)
                         : pick({"*", "${aws:PrincipalArn}"});
    if (base.starts_with("Numeric"))
      return pick({"1.2", "1.20", "0", "-0", "-1.5", "12", "00012.0", "1.3", "0.001"});
    if (base.starts_with("Date"))
      return pick({"0", "1800000000", "2024", "2027-01-15", "2027-01-15T08:00:00Z",
                   "2027-01-15T08:00Z", "2027-01-15T10:00:00+02:00", "2027-01-14T23:30:00.5-08:30",
                   "2027-01", "2028-02-29T00:00:00Z"});
    if (base == "Bool" || base == "Null") return pick({"true", "false", "TRUE", "False"});
    return pick({"192.0.2.0/24", "192.0.2.7", "0.0.0.0/0", "10.0.0.0/9", "2001:db8::/32", "::/0",
                 "::1", "::ffff:192.0.2.0/120", "::ffff:192.0.2.7", "2001:db8:0:8000::/49",
                 "192.0.2.7/31"});
  }
  // Request values by the type that they may have; each has malformed ones.
  static const Texts& pool(std::size_t type) {
    static const std::array<Texts, 6> kPools = {
        Texts{"a", "b", "ab", "A", "a/b", "a*", "*", "?", "é", "+", "#", "$", "${aws:username}",
              "a:b"},
        Texts{"1.2", "1.200", "1.10", "0", "-1", "12", "x", "1e3", ".5", "1.", "--1", "", " 1",
              "+1"},
        Texts{"2027-01-15T08:00:00Z", "1800000000", "2027-01", "2027-13-01", "yesterday",
              "2027-01-15T08:00:00", "0"},
        Texts{"192.0.2.7", "192.0.2.6", "10.128.0.1", "2001:db8::1", "::1", "::ffff:192.0.2.9",
              "2001:db8:0:8001::5", "192.0.2", "1.2.3.4.5", ":::", "1::2::3", "::ffff:1.2.3",
              "012.0.0.1", "12345::", "fe80::1%eth0"},
        Texts{"true", "false", "True", "FALSE", "yes", "1"},
        Texts{"arn:aws:iam::1:role/a", "arn:aws:s3:::a/b", "arn:aws:s3", "arn:aws:iam::1:role/a:b",
              "nothing"}};
    return kPools[type];
  }

  const Texts kPrincipals = {"arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b",
                             "arn:aws:iam::2:user/a:b"};
  const Texts kKeys = {"aws:username",     "aws:SourceIp",       "aws:TagKeys",
                       "iot:ClientId",     "aws:CurrentTime",    "aws:EpochTime",
                       "aws:PrincipalArn", "aws:SecureTransport"};
  std::mt19937_64 random_;
};

// --- the document as JSON

std::string quoted(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ",\"" : "\"") + text + "\"";
  return out + "]";
}

std::string to_json(const ModelDocument& document) {
  std::string out = std::string(R"({"Version":")") +
                    (document.v2012 ? "2012-10-17" : "2008-10-17") + R"(","Statement":[)";
  for (std::size_t i = 0; i < document.statements.size(); ++i) {
    const ModelStatement& statement = document.statements[i];
    out += std::string(i == 0 ? "" : ",") + R"({"Effect":")" +
           (statement.allow ? "Allow" : "Deny") + "\"";
    if (document.kind == DocumentKind::Resource)
      out += R"(,"Principal":{"AWS":)" + quoted(statement.principals) + "}";
    out += std::string(",\"") + (statement.not_action ? "NotAction" : "Action") +
           "\":" + quoted(statement.actions);
    out += std::string(",\"") + (statement.not_resource ? "NotResource" : "Resource") +
           "\":" + quoted(statement.resources);
    std::map<std::string, std::string> blocks;
    for (const ModelCondition& one : statement.conditions) {
      std::string& block = blocks[one.quantifier + one.base + (one.if_exists ? "IfExists" : "")];
      block += (block.empty() ? "\"" : ",\"") + one.key + "\":" + quoted(one.values);
    }
    std::string conditions;
    for (const auto& [name, block] : blocks)
      conditions += (conditions.empty() ? "\"" : ",\"") + name + "\":{" + block + "}";
    out += ",\"Condition\":{" + conditions + "}}";
  }
  return out + "]}";
}

Context context_of(const ModelRequest& request) {
  Context out;
  for (const auto& [key, value] : request.context) {
    if (value.multi)
      out.set_list(key, value.values);
    else
      out.set(key, value.values[0]);
  }
  return out;
}

Decision ask(const CompiledPolicies& policies, const ModelRequest& request) {
  const Context context = context_of(request);
  const Principal principal =
      request.principal.empty() ? Principal::device() : parse_principal(request.principal).value();
  // The reference knows one account.
  return decide(policies, {.principal = principal,
                           .action = request.action,
                           .resource = request.resource,
                           .context = context,
                           .now = Time(seconds(request.now)),
                           .resource_account = principal.account});
}

constexpr std::size_t kDocuments = 1'000;
constexpr std::size_t kRequestsEach = 60;

// Calls `test(policies, models, request, generator)` for random documents, one or two together.
template <class Test>
std::size_t for_random_cases(std::uint64_t seed, std::size_t documents, Test test) {
  Generator generator(seed);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < documents; ++i) {
    std::vector<ModelDocument> models;
    std::vector<Document> read;
    for (std::size_t k = 1 + generator.below(2); k > 0; --k) {
      models.push_back(generator.document());
      auto parsed = parse_document(to_json(models.back()), models.back().kind, "p.json");
      if (parsed.value) read.push_back(std::move(*parsed.value));
    }
    if (read.size() != models.size()) {
      ++refused;
      continue;
    }
    const CompiledPolicies policies = compile(read);
    // A device has no IAM principal; with one, its IoT policies are a gate that the reference
    // lacks.
    const bool is_device = std::ranges::any_of(
        models, [](const auto& model) { return model.kind == DocumentKind::IotDevice; });
    for (std::size_t k = 0; k < kRequestsEach; ++k) {
      ModelRequest request = generator.request();
      if (is_device) request.principal.clear();
      test(policies, models, request, generator);
      if (::testing::Test::HasFailure()) return refused;
    }
  }
  return refused;
}

std::string described(std::span<const ModelDocument> models, const ModelRequest& request) {
  std::string out;
  for (const ModelDocument& model : models)
    out += std::string(to_string(model.kind)) + " " + to_json(model) + "\n";
  out += "`" + request.principal + "` " + request.action + " " + request.resource + " at " +
         std::to_string(request.now);
  for (const auto& [key, value] : request.context)
    out += "\n" + key + (value.multi ? " list " : " ") + quoted(value.values);
  return out;
}

TEST(ReferenceEvaluator, AgreesOnRandomDocumentsAndRequests) {
  std::map<Outcome, std::size_t> outcomes;
  const std::size_t refused = for_random_cases(
      1, kDocuments,
      [&](const auto& policies, const auto& models, const ModelRequest& request, auto&) {
        const Outcome expected = Reference(request).decide(models);
        ++outcomes[expected];
        EXPECT_EQ(to_string(ask(policies, request).outcome()), to_string(expected))
            << described(models, request);
      });
  // The generator makes documents that are read, and each outcome often.
  EXPECT_LT(refused, kDocuments / 4);
  for (const Outcome one : {Outcome::Allowed, Outcome::ExplicitlyDenied, Outcome::ImplicitlyDenied,
                            Outcome::NotEvaluable})
    EXPECT_GT(outcomes[one], 2'000U) << to_string(one);
}

// A decision may be kept as long as what it names as read stays the same and the instant that it
// names has not come.
TEST(ReferenceEvaluator, WhatADecisionDidNotReadCannotChangeIt) {
  for_random_cases(
      2, kDocuments / 4,
      [&](const auto& policies, const auto& models, const ModelRequest& request,
          Generator& generator) {
        const Decision decision = ask(policies, request);
        ModelRequest other = generator.request();
        if (request.principal.empty()) other.principal.clear();
        other.action = request.action;
        other.resource = request.resource;
        const auto keys = policies.keys();
        for (std::size_t i = 0; i < keys.size(); ++i) {
          if (!decision.keys_read().contains(i)) continue;
          if (keys[i] == "aws:principalarn") other.principal = request.principal;
          other.context.erase(keys[i]);
          if (const auto at = request.context.find(keys[i]); at != request.context.end())
            other.context.insert(*at);
        }
        // Identity of the asker is part of the question where documents name principals.
        for (const ModelDocument& model : models)
          if (model.kind == DocumentKind::Resource) other.principal = request.principal;
        other.now = decision.changes_at() ? request.now : std::max(request.now, other.now);
        EXPECT_EQ(to_string(ask(policies, other).outcome()), to_string(decision.outcome()))
            << described(models, request) << "\nand\n"
            << described(models, other);
      });
}

}  // namespace
}  // namespace sealane::policy::reference
