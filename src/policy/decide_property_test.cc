// SPDX-License-Identifier: Apache-2.0
// Random sets of documents of all kinds, asked by principals of all kinds.
//
// The gates are recomputed here from explain_statements and from the formulas of policy.md §7.1 as
// they stand there; a Deny more never allows; what a decision did not read cannot change it.
#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "policy/evaluate.h"

namespace sealane::policy {
namespace {

using enum DocumentKind;
constexpr Time kNow{std::chrono::seconds(1'800'000'000)};
constexpr std::size_t kSets = 1'500;
constexpr std::size_t kRequestsEach = 12;

constexpr std::array<const char*, 10> kPrincipals = {"arn:aws:iam::111111111111:user/u",
                                                     "arn:aws:iam::222222222222:user/v",
                                                     "arn:aws:iam::111111111111:role/r",
                                                     "arn:aws:sts::111111111111:assumed-role/r/s",
                                                     "arn:aws:sts::111111111111:federated-user/u",
                                                     "arn:aws:iam::111111111111:root",
                                                     "arn:aws:iam::222222222222:root",
                                                     "*",
                                                     "Service",
                                                     "Federated"};

Principal principal_of(const std::string& text) {
  if (text == "Service") return parse_principal("Service", "s3.amazonaws.com").value();
  if (text == "Federated") return parse_principal("Federated", "accounts.google.com").value();
  return parse_principal(text).value();
}

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string pick(std::initializer_list<const char*> from) {
    return from.begin()[below(from.size())];
  }

  Document document(DocumentKind kind) {
    std::string statements;
    for (std::size_t i = 1 + below(2); i > 0; --i)
      statements += (statements.empty() ? "" : ",") + statement(kind);
    auto parsed = parse_document(R"({"Version":"2012-10-17","Statement":[)" + statements + "]}",
                                 kind, std::string(to_string(kind)));
    EXPECT_TRUE(parsed.value) << statements << to_text(parsed.diagnostics.at(0));
    parsed.value->level = static_cast<std::uint32_t>(below(3));
    return *std::move(parsed.value);
  }

  std::vector<Document> documents() {
    std::vector<Document> out;
    for (std::size_t i = 1 + below(6); i > 0; --i)
      out.push_back(document(static_cast<DocumentKind>(below(kDocumentKinds))));
    return out;
  }

  Context context() {
    Context out;
    for (const char* key : {"a:x", "a:y"})
      if (!one_in(3)) out.set(key, pick({"true", "true", "false", "?"}));
    return out;
  }

 private:
  std::string statement(DocumentKind kind) {
    std::string effect = kind == Rcp || one_in(5) ? "Deny" : "Allow";
    std::string out = R"({"Effect":")" + effect + "\"";
    if (names_principals(kind)) {
      const bool may_be_not = kind == Resource || kind == Kms || kind == VpcEndpoint;
      out += may_be_not && one_in(5) ? R"(,"NotPrincipal":)" : R"(,"Principal":)";
      out += kind == Rcp || one_in(4) ? std::string("\"*\"") : some_principals();
    }
    out += R"(,"Action":")" + pick({"*", "*", "iot:*", "iot:Publish", "s3:*"}) + "\"";
    if (kind != Trust)
      out += R"(,"Resource":")" +
             pick({"*", "*", "arn:aws:iot:r:111111111111:topic/*", "arn:aws:s3:::b/*"}) + "\"";
    if (one_in(2))
      out += R"(,"Condition":{")" + pick({"Bool", "BoolIfExists", "ForAnyValue:Bool"}) + R"(":{")" +
             pick({"a:x", "a:y"}) + R"(":"true"}})";
    return out + "}";
  }
  std::string some_principals() {
    if (one_in(6)) return R"({"Service":"s3.amazonaws.com"})";
    if (one_in(6)) return R"({"Federated":"accounts.google.com"})";
    std::string out;
    for (std::size_t i = 1 + below(3); i > 0; --i)
      out += (out.empty() ? "\"" : ",\"") +
             pick({"111111111111", "222222222222", "arn:aws:iam::111111111111:user/u",
                   "arn:aws:iam::222222222222:user/v", "arn:aws:iam::111111111111:role/r",
                   "arn:aws:sts::111111111111:assumed-role/r/s",
                   "arn:aws:sts::111111111111:federated-user/u"}) +
             "\"";
    return R"({"AWS":[)" + out + "]}";
  }
  std::mt19937_64 random_;
};

// --- the formulas, over three values: 0 no, 1 cannot be told, 2 yes

using Level = int;
Level level_of(Match match) { return match == Match::Yes ? 2 : match == Match::Unknown ? 1 : 0; }
Level all(std::initializer_list<Level> levels) { return std::min(levels); }
Level any(std::initializer_list<Level> levels) { return std::max(levels); }

bool has_entry(const Principals& principals, PrincipalEntry::Type type, const std::string& text) {
  return std::ranges::any_of(principals.entries, [&](const PrincipalEntry& entry) {
    return entry.type == type && (text.empty() || entry.text.text == text);
  });
}

Outcome expected(const std::vector<Document>& documents, const Request& request) {
  using Type = PrincipalEntry::Type;
  const Principal& who = request.principal;
  Level deny = 0;
  Level direct = 0, by_session = 0, account_level = 0;
  std::map<DocumentKind, Level> gates;
  std::map<std::uint32_t, Level> scps;
  std::set<DocumentKind> present;
  for (const Document& document : documents) {
    present.insert(document.kind);
    if (document.kind == Scp) scps.try_emplace(document.level, 0);
  }
  for (const StatementExplanation& one : explain_statements(compile(documents), request)) {
    const Document& document = documents[one.place.document];
    const Statement& statement = document.statements[one.place.statement];
    const Level matched = level_of(one.matched);
    if (one.effect == Effect::Deny) {
      deny = std::max(deny, matched);
    } else if (one.kind == Resource || one.kind == Trust || one.kind == Kms) {
      const Principals& named = *statement.principals;
      if (named.polarity == Polarity::NotListed || has_entry(named, Type::Everyone, "") ||
          (who.arn != who.role_arn && has_entry(named, Type::Aws, who.arn) && !who.arn.empty()) ||
          (!who.name.empty() && (has_entry(named, Type::Service, who.name) ||
                                 has_entry(named, Type::Federated, who.name))))
        direct = std::max(direct, matched);
      if (!who.role_arn.empty() && has_entry(named, Type::Aws, who.role_arn))
        by_session = std::max(by_session, matched);
      if (!who.user_arn.empty() && has_entry(named, Type::Aws, who.user_arn))
        by_session = std::max(by_session, matched);
      if (!who.account.empty() && has_entry(named, Type::Account, who.account))
        account_level = std::max(account_level, matched);
    } else if (one.kind == Scp) {
      scps[document.level] = std::max(scps[document.level], matched);
    } else {
      gates[one.kind] = std::max(gates[one.kind], matched);
    }
  }
  if (deny == 2) return Outcome::ExplicitlyDenied;
  if (deny == 1) return Outcome::NotEvaluable;

  const bool root = who.kind == PrincipalKind::Root;
  const bool has_account = !who.account.empty();
  auto gate = [&](DocumentKind kind, bool bound) {
    return bound && present.contains(kind) ? gates[kind] : 2;
  };
  const Level identity = root ? 2 : gates[Identity];
  Level boundary = gate(Boundary, has_account && !root);
  Level session = gate(Session, has_account && !root);
  if (who.kind == PrincipalKind::FederatedUser && !present.contains(Session)) session = 0;
  // An IoT policy beside a role is one gate more.
  const Level device = gate(IotDevice, has_account && !root && request.action == "iot:Publish");
  const Level limits = all({boundary, session, device});

  Level out = 0;
  if (!has_account) {
    out = direct;
  } else if (request.resource_account != who.account) {
    out = all({any({direct, by_session, account_level}), identity, limits});
  } else if (present.contains(Trust) || present.contains(Kms)) {
    out = any({direct, all({account_level, identity, limits}), all({by_session, limits})});
  } else {
    out = any({direct, all({identity, limits}), all({by_session, limits})});
  }
  if (has_account)
    for (const auto& [level, allowed] : scps) out = std::min(out, allowed);
  out = std::min(out, gate(VpcEndpoint, true));
  return out == 2 ? Outcome::Allowed : out == 1 ? Outcome::NotEvaluable : Outcome::ImplicitlyDenied;
}

struct Question {
  Principal principal;
  std::string action, resource, owner;
  Context context;
  Request request() const {
    return {.principal = principal,
            .action = action,
            .resource = resource,
            .context = context,
            .now = kNow,
            .resource_account = owner};
  }
};

Question question(Generator& generator) {
  return {.principal = principal_of(kPrincipals[generator.below(kPrincipals.size())]),
          .action = generator.pick({"iot:Publish", "iot:Publish", "s3:GetObject"}),
          .resource = generator.pick({"arn:aws:iot:r:111111111111:topic/t", "arn:aws:s3:::b/k"}),
          .owner = generator.pick({"111111111111", "111111111111", "222222222222"}),
          .context = generator.context()};
}

std::string described(const CompiledPolicies& policies, const Request& request) {
  std::string out = std::string(to_string(request.principal.kind)) + " " + request.principal.arn +
                    " " + std::string(request.action) + " " + std::string(request.resource) +
                    " of " + std::string(request.resource_account) + "\n";
  for (const StatementExplanation& one : explain_statements(policies, request))
    out += one.file + (one.effect == Effect::Allow ? " allow " : " deny ") +
           std::string(to_string(one.matched)) + ": " + one.why + "\n";
  return out + explain(policies, decide(policies, request));
}

TEST(DecideProperty, GatesCombineAsTheFormulasSay) {
  Generator generator(1);
  std::map<Outcome, std::size_t> outcomes;
  for (std::size_t i = 0; i < kSets; ++i) {
    const std::vector<Document> documents = generator.documents();
    const CompiledPolicies policies = compile(documents);
    for (std::size_t k = 0; k < kRequestsEach; ++k) {
      const Question asked = question(generator);
      const Request request = asked.request();
      const Outcome outcome = decide(policies, request).outcome();
      ++outcomes[outcome];
      ASSERT_EQ(to_string(outcome), to_string(expected(documents, request)))
          << described(policies, request);
    }
  }
  for (const Outcome one : {Outcome::Allowed, Outcome::ExplicitlyDenied, Outcome::ImplicitlyDenied,
                            Outcome::NotEvaluable})
    EXPECT_GT(outcomes[one], 500U) << to_string(one);
}

TEST(DecideProperty, ADocumentOfDeniesNeverAllowsMore) {
  Generator generator(2);
  for (std::size_t i = 0; i < kSets / 4; ++i) {
    std::vector<Document> documents = generator.documents();
    const CompiledPolicies policies = compile(documents);
    Document more = generator.document(static_cast<DocumentKind>(generator.below(kDocumentKinds)));
    for (Statement& statement : more.statements) statement.effect = Effect::Deny;
    // A key or trust policy changes what others need; a session policy makes a session.
    if (more.kind == Session) continue;
    documents.push_back(more);
    const CompiledPolicies with = compile(documents);
    for (std::size_t k = 0; k < kRequestsEach; ++k) {
      const Question asked = question(generator);
      if (decide(with, asked.request()).allowed())
        ASSERT_TRUE(decide(policies, asked.request()).allowed())
            << described(with, asked.request());
    }
  }
}

TEST(DecideProperty, TheGateThatIsNamedIsTheOneThatAnAllowOpens) {
  Generator generator(3);
  const std::map<Gate, DocumentKind> kinds = {{Gate::Boundary, Boundary},
                                              {Gate::Session, Session},
                                              {Gate::Device, IotDevice},
                                              {Gate::VpcEndpoint, VpcEndpoint}};
  std::size_t seen = 0;
  for (std::size_t i = 0; i < kSets; ++i) {
    std::vector<Document> documents = generator.documents();
    const CompiledPolicies policies = compile(documents);
    const Question asked = question(generator);
    const Decision decision = decide(policies, asked.request());
    const auto at = kinds.find(decision.gate());
    if (at == kinds.end()) continue;
    ++seen;
    const std::string principal = names_principals(at->second) ? R"("Principal":"*",)" : "";
    documents.push_back(*parse_document(R"({"Version":"2012-10-17","Statement":{)" + principal +
                                            R"("Effect":"Allow","Action":"*","Resource":"*"}})",
                                        at->second, "more")
                             .value);
    ASSERT_NE(decide(compile(documents), asked.request()).gate(), decision.gate())
        << described(policies, asked.request());
  }
  EXPECT_GT(seen, 30U);
}

TEST(DecideProperty, WhatADecisionDidNotReadCannotChangeIt) {
  Generator generator(4);
  for (std::size_t i = 0; i < kSets; ++i) {
    const CompiledPolicies policies = compile(generator.documents());
    const Question asked = question(generator);
    const Decision decision = decide(policies, asked.request());
    for (std::size_t k = 0; k < 4; ++k) {
      Question other = asked;
      other.context = generator.context();
      for (std::size_t key = 0; key < policies.keys().size(); ++key) {
        if (!decision.keys_read().contains(key)) continue;
        other.context.erase(policies.keys()[key]);
        if (const auto* entry = asked.context.find(policies.keys()[key]))
          other.context.set(entry->key, entry->values.front());
      }
      ASSERT_EQ(to_string(decide(policies, other.request()).outcome()),
                to_string(decision.outcome()))
          << described(policies, asked.request());
    }
  }
}

// Between now and `changes_at` the answer is the same; without it, for ever.
TEST(DecideProperty, ADecisionHoldsUntilTheInstantThatItNames) {
  Generator generator(5);
  using std::chrono::seconds;
  std::size_t turned = 0;
  for (std::size_t i = 0; i < kSets; ++i) {
    std::string statements;
    for (std::size_t k = 1 + generator.below(4); k > 0; --k) {
      const std::string op =
          generator.pick({"", "", "ForAllValues:", "ForAnyValue:"}) +
          generator.pick({"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals",
                          "DateGreaterThan", "DateGreaterThanEquals"}) +
          generator.pick({"", "IfExists"});
      const std::string other = generator.one_in(4)
                                    ? R"(,"NumericLessThan":{"aws:EpochTime":"1800000002"})"
                                    : std::string();
      std::string values;
      for (std::size_t v = 1 + generator.below(2); v > 0; --v)
        values += (values.empty() ? "\"" : ",\"") +
                  std::to_string(1'800'000'000 + generator.below(5)) + "\"";
      statements += std::string(statements.empty() ? "" : ",") + R"({"Effect":")" +
                    generator.pick({"Allow", "Allow", "Deny"}) +
                    R"(","Action":"*","Resource":"*","Condition":{")" + op + R"(":{")" +
                    generator.pick({"aws:CurrentTime", "aws:EpochTime"}) + R"(":[)" + values +
                    "]}" + other + "}}";
    }
    const auto parsed = parse_document(
        R"({"Version":"2012-10-17","Statement":[)" + statements + "]}", Identity, "p.json");
    ASSERT_TRUE(parsed.value) << statements << to_text(parsed.diagnostics.at(0));
    const CompiledPolicies policies = compile(std::span(&*parsed.value, 1));
    const Context none;
    auto at = [&](Time now) {
      return decide(policies, {.principal = Principal::device(),
                               .action = "s3:GetObject",
                               .resource = "arn:aws:s3:::b/k",
                               .context = none,
                               .now = now});
    };
    // From instant to instant until nothing changes any more.
    Time now = kNow - seconds(1);
    for (int step = 0; step < 40; ++step) {
      const Decision decision = at(now);
      const Time until = decision.changes_at().value_or(kNow + seconds(1'000'000));
      ASSERT_GT(until, now) << statements;
      const auto width = static_cast<std::uint64_t>((until - now).count());
      for (const Time then :
           {until - Duration(1), now + Duration(static_cast<std::int64_t>(generator.below(width)))})
        ASSERT_EQ(to_string(at(then).outcome()), to_string(decision.outcome()))
            << statements << to_rfc3339(now) << to_rfc3339(then);
      if (!decision.changes_at()) break;
      if (at(until).outcome() != decision.outcome()) ++turned;
      now = until;
    }
  }
  EXPECT_GT(turned, kSets / 4);
}

}  // namespace
}  // namespace sealane::policy
