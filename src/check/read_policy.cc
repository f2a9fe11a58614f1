// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "check/side_internal.h"
#include "iac/policy_text.h"

namespace sealane::check {
namespace {

using prove::Outcome;

pipeline::Fact fact_of(const Context& context, const PolicyQuestion& question,
                       std::string meaning) {
  const iac::Resource& holder = context.names.at(question.holder);
  return {.resource = holder.address,
          .property = question.setting->path,
          .value = question.setting->presence == iac::Presence::Unknown ? "unknown" : "a policy",
          .meaning = std::move(meaning),
          .location = context.system.at(question.setting->place),
          .row = {}};
}

Control unknown(const Context& context, const Row& row, const PolicyQuestion& question,
                const std::string& why, const std::string& hint) {
  Control out;
  out.row = &row;
  out.basis = row.basis;
  out.code = "policy-not-known";
  out.effect.transport = Transport::Unknown;
  out.effect.says =
      "the policy of `" + context.names.at(question.holder).address + "` cannot be decided: " + why;
  if (!hint.empty()) out.notes.push_back(hint);
  out.facts.push_back(fact_of(context, question, why));
  return out;
}

std::optional<policy::Document> document_of(const std::string& text, policy::DocumentKind kind,
                                            const std::string& name, std::string& why) {
  auto parsed = policy::parse_document(text, kind, name);
  if (parsed.value) return std::move(parsed.value);
  for (const Diagnostic& d : parsed.diagnostics)
    if (d.severity == Severity::Error) {
      why = d.message;
      break;
    }
  return std::nullopt;
}

bool is_everything(const std::vector<policy::SourceText>& texts, std::string_view service) {
  return std::ranges::any_of(texts, [&](const policy::SourceText& one) {
    return one.text == "*" || same_value(one.text, std::string(service) + ":*");
  });
}

bool denies_plaintext(const policy::Statement& statement, std::string_view service,
                      const std::string& subject) {
  if (statement.effect != policy::Effect::Deny || !statement.principals ||
      statement.principals->polarity != policy::Polarity::Listed ||
      statement.action_polarity != policy::Polarity::Listed ||
      statement.resource_polarity != policy::Polarity::Listed || statement.conditions.size() != 1)
    return false;
  const policy::Condition& condition = statement.conditions.front();
  const bool plain =
      condition.key == "aws:securetransport" && condition.quantifier == policy::Quantifier::None &&
      !condition.negated &&
      (condition.op == policy::Operator::Bool || condition.op == policy::Operator::StringEquals) &&
      condition.values.size() == 1 && same_value(condition.values[0].text, "false");
  const bool everyone =
      std::ranges::find(statement.principals->entries, policy::PrincipalEntry::Type::Everyone,
                        &policy::PrincipalEntry::type) != statement.principals->entries.end();
  const bool whole = std::ranges::any_of(statement.resources, [&](const policy::SourceText& one) {
    return one.text == "*" || one.text == subject;
  });
  return plain && everyone && whole && is_everything(statement.actions, service);
}

// For services whose requests the prover does not know: what is plain to see, or nothing.
Control read_plainly(const Context& context, const Row& row, const PolicyQuestion& question,
                     const iac::PolicyText& text) {
  std::string why;
  const auto document = document_of(text.least, policy::DocumentKind::Resource, "policy", why);
  if (!document) return unknown(context, row, question, why, "");
  Control out;
  out.row = &row;
  out.basis = row.basis;
  const std::string service(question.kind);
  bool denies = false;
  for (const policy::Statement& statement : document->statements) {
    denies = denies || statement.effect == policy::Effect::Deny;
    if (!denies_plaintext(statement, service, text.subject)) continue;
    out.effect.transport = Transport::Tls;
    out.effect.says = "the policy of `" + context.names.at(question.holder).address +
                      "` denies every request without TLS";
    out.facts.push_back(fact_of(context, question, out.effect.says));
    return out;
  }
  if (denies || !text.exact())
    return unknown(context, row, question,
                   "it is not plain that it denies every request without TLS",
                   "write one Deny for everybody, " + service +
                       ":* and *, with the one condition Bool aws:SecureTransport false");
  out.effect.says = "the policy of `" + context.names.at(question.holder).address +
                    "` denies nothing without TLS";
  out.facts.push_back(fact_of(context, question, out.effect.says));
  return out;
}

struct Decided {
  Outcome outcome = Outcome::Unknown;
  std::string words;
  std::vector<std::string> assumptions;
};

Decided decide(const Context& context, const prove::Scope& scope, const std::string& text,
               const prove::Options& options) {
  Decided out;
  const auto document = document_of(text, policy::DocumentKind::Resource, "policy", out.words);
  if (!document) return out;
  const prove::Proof proof = context.prove(scope, std::span(&*document, 1), options);
  out.outcome = proof.outcome;
  out.assumptions = proof.assumptions;
  if (proof.outcome == Outcome::Unknown) out.words = proof.detail;
  if (proof.counterexample) out.words = proof.counterexample->sentence;
  return out;
}

// A claim about what may be more or less than what the input tells.
Decided decide_both(const Context& context, const prove::Scope& scope, const iac::PolicyText& text,
                    const prove::Options& options) {
  Decided out = decide(context, scope, text.least, options);
  if (out.outcome != Outcome::Fails || text.exact()) return out;
  if (const Decided most = decide(context, scope, text.most, options);
      most.outcome == Outcome::Fails)
    return most;
  return {Outcome::Unknown, text.missing, {}};
}

// Leaves the targets whose requests never have the service's TlsVersion key out of a scope, unless
// all are so: no policy can hold them to a version, and none of them carries an object.
// Result: their actions.
std::string leave_out_unversioned(prove::Scope& scope) {
  const auto has_none = [](const prove::Target& target) { return !target.carries_tls_version; };
  if (std::ranges::all_of(scope.targets, has_none)) return "";
  std::set<std::string> actions;
  for (const prove::Target& target : scope.targets)
    if (has_none(target)) actions.insert(target.action);
  std::erase_if(scope.targets, has_none);
  std::string out;
  for (const std::string& action : actions) out += (out.empty() ? "" : ", ") + action;
  return out;
}

}  // namespace

Control read_policy(const Context& context, const Row& row, const PolicyQuestion& question) {
  const iac::Resource& holder = context.names.at(question.holder);
  const auto type = prove::parse_resource_type(question.kind);
  auto text = iac::policy_text(context.system, question.holder, *question.setting,
                               type ? std::optional(question.resource) : std::nullopt);
  if (!text.ok()) return unknown(context, row, question, text.error().message, text.error().hint);
  if (!type) return read_plainly(context, row, question, *text);
  const auto scope = prove::scope_of(context.catalogue, *type, text->subject);
  if (!scope.ok())
    return unknown(context, row, question, scope.error().message, scope.error().hint);
  Control out;
  out.row = &row;
  out.basis = row.basis;
  prove::Options options;
  options.claim = prove::Claim::Enforce;
  const Decided plaintext = decide_both(context, *scope, *text, options);
  if (plaintext.outcome == Outcome::Unknown)
    return unknown(context, row, question, plaintext.words, text->hint);
  const bool denies = plaintext.outcome == Outcome::Holds;
  out.effect.transport = denies ? Transport::Tls : Transport::Unsaid;
  out.effect.says =
      denies ? "the policy of `" + holder.address + "` denies every request over plaintext"
             : plaintext.words;
  if (denies) out.proven = "enforce: " + out.effect.says;
  if (context.options.min_tls == Tls::V13) {
    options.claim = prove::Claim::Floor;
    options.min_tls = "1.3";
    prove::Scope versioned = *scope;
    const std::string left_out = leave_out_unversioned(versioned);
    const Decided floor = decide_both(context, versioned, *text, options);
    if (!left_out.empty())
      out.notes.push_back(
          "the floor is asked of requests that say their TLS version; without it are " + left_out);
    if (floor.outcome == Outcome::Holds) {
      out.effect.min_tls = Tls::V13;
      out.proven += (out.proven.empty() ? "" : "; ") +
                    std::string("floor: every request below TLS 1.3 is denied");
      out.effect.says += (denies ? " and below TLS 1.3" : "");
    } else if (floor.outcome == Outcome::Unknown) {
      out.effect.min_tls = Tls::Verify;
    } else {
      out.notes.push_back("floor: " + floor.words);
    }
  }
  out.facts.push_back(fact_of(context, question, out.effect.says));
  for (const std::string& assumed : text->assumed) out.notes.push_back("assumed: " + assumed);
  return out;
}

}  // namespace sealane::check
