// SPDX-License-Identifier: Apache-2.0
// Rules about policies that are meant to keep requests encrypted.
#include <algorithm>

#include "policy/lint_internal.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

constexpr std::string_view kSecureTransport = "aws:securetransport";

// The version of the TLS connection; a plain HTTP request has none.  Sealane's own listeners take
// TLS alone, so that its key is always there.
bool is_tls_version(const LintCondition& condition) {
  return condition.key.ends_with(":tlsversion") && !condition.key.starts_with("sealane:");
}
bool is_floor(const LintCondition& condition) {
  return is_tls_version(condition) && condition.op && condition.op->op != Operator::Null;
}

// The condition holds for plaintext requests, and for encrypted ones.
bool tests_plaintext(const LintCondition& c) {
  if (c.key != kSecureTransport || !c.op || c.values.size() != 1) return false;
  return c.equals("false") || (c.op->negated && equal_ignoring_case(c.values[0].text, "true"));
}
bool tests_encrypted(const LintCondition& c) {
  if (c.key != kSecureTransport || !c.op || c.values.size() != 1) return false;
  return c.equals("true") || (c.op->negated && equal_ignoring_case(c.values[0].text, "false"));
}
bool has(const LintStatement& statement, bool (*test)(const LintCondition&)) {
  return std::ranges::any_of(statement.conditions, test);
}

// A floor that no plaintext request meets because it has no TLS version.
bool floor_needs_tls(const LintCondition& c) { return is_floor(c) && c.fails_without_key(); }
// A floor that takes in requests without a TLS version.
bool floor_takes_plaintext(const LintCondition& c) { return is_floor(c) && !c.fails_without_key(); }

// A Deny that plaintext requests run into, whatever else it asks.
bool denies_plaintext(const LintStatement& statement) {
  return statement.denies() && !has(statement, tests_encrypted) &&
         !has(statement, floor_needs_tls) &&
         (has(statement, tests_plaintext) || has(statement, floor_takes_plaintext));
}

void lint_impossible_pair(Linter& linter, const LintStatement& statement) {
  if (!has(statement, tests_plaintext)) return;
  const auto floor = std::ranges::find_if(statement.conditions, floor_needs_tls);
  if (floor == statement.conditions.end()) return;
  linter.report("contradictory-conditions", floor->span,
                "`aws:SecureTransport` \"false\" and `" + floor->key_text +
                    "` exclude one another: a plaintext request has no TLS version",
                "write two statements");
  if (statement.denies())
    linter.report("vacuous-deny", statement.span,
                  "this `Deny` denies nothing: its conditions exclude one another",
                  "write one Deny for plaintext and one for old TLS versions");
}

void lint_inverted(Linter& linter, const LintStatement& statement) {
  if (!statement.denies()) return;
  const auto encrypted = std::ranges::find_if(statement.conditions, tests_encrypted);
  if (encrypted == statement.conditions.end() || has(statement, is_floor)) return;
  linter.report("inverted-transit-deny", encrypted->span,
                "this `Deny` denies the encrypted requests and lets plaintext pass",
                "deny when `aws:SecureTransport` is \"false\"");
}

void lint_floor(Linter& linter, const LintStatement& statement, bool plaintext_denied) {
  if (!statement.denies() || plaintext_denied || has(statement, tests_plaintext)) return;
  const auto floor = std::ranges::find_if(statement.conditions, floor_needs_tls);
  if (floor == statement.conditions.end()) return;
  linter.report(
      "tls-floor-without-plaintext-deny", floor->span,
      "a plaintext request has no `" + floor->key_text + "`, so that it passes this `Deny`",
      "add a Deny with `Bool` `aws:SecureTransport` \"false\"");
}

void lint_allow_only(Linter& linter, const LintStatement& statement, bool plaintext_denied) {
  const DocumentKind kind = linter.document().kind;
  const bool limits = kind == DocumentKind::Boundary || kind == DocumentKind::Session ||
                      kind == DocumentKind::Scp || kind == DocumentKind::VpcEndpoint;
  if (!statement.allows() || plaintext_denied || limits || kind == DocumentKind::IotDevice) return;
  const auto condition = std::ranges::find_if(statement.conditions, [](const LintCondition& c) {
    return tests_encrypted(c) || is_floor(c);
  });
  if (condition == statement.conditions.end()) return;
  linter.report("allow-only-transit-condition", condition->span,
                "an `Allow` over TLS forbids nothing: plaintext requests that another policy "
                "allows pass",
                "add a Deny with `Bool` `aws:SecureTransport` \"false\"");
}

// --- the reach of the Denies of plaintext -------------------------------------------------------

struct Reach {
  std::vector<const LintStatement*> denies;
  bool any_unconditional = false;
};

const LintCondition* carve_out(const LintStatement& statement) {
  const auto at = std::ranges::find_if(statement.conditions, [](const LintCondition& c) {
    if (c.key == kSecureTransport || is_tls_version(c) || !c.fails_without_key()) return false;
    const GlobalKey* global = find_global_key(c.key);
    return global == nullptr || global->presence != Presence::Always;
  });
  return at == statement.conditions.end() ? nullptr : &*at;
}

void lint_actions_reach(Linter& linter, const Reach& reach) {
  for (const LintStatement* statement : reach.denies)
    if (statement->action_polarity == Polarity::NotListed ||
        std::ranges::any_of(statement->actions,
                            [](const SourceText& a) { return takes_in_service(a.text); }))
      return;
  const LintStatement& first = *reach.denies.front();
  linter.report("transit-deny-some-actions",
                first.actions.empty() ? first.span : first.actions.front().span,
                "plaintext is denied for some actions alone; the others stay open",
                "deny `*`, or `service:*`");
}

void lint_resources_reach(Linter& linter, const Reach& reach) {
  bool buckets = false;
  bool objects = false;
  for (const LintStatement* statement : reach.denies) {
    if (statement->resource_polarity == Polarity::NotListed || statement->resources.empty()) return;
    for (const SourceText& resource : statement->resources) {
      const std::string& text = resource.text;
      if (!text.contains(":s3:::")) return;  // `*`, or another service
      const std::string name = text.substr(text.find(":s3:::") + 6);
      const bool has_slash = name.contains('/');
      objects = objects || has_slash || name.ends_with('*');
      buckets = buckets || !has_slash;
    }
  }
  if (buckets && objects) return;
  const SourceText& place = reach.denies.front()->resources.front();
  if (objects)
    linter.report("transit-deny-objects-only", place.span,
                  "plaintext is denied for the objects alone; actions on the bucket stay open",
                  "add the bucket's own ARN, without `/*`");
  else
    linter.report("transit-deny-bucket-only", place.span,
                  "plaintext is denied for the bucket alone; its objects stay open",
                  "add the objects' ARN, with `/*`");
}

void lint_principals_reach(Linter& linter, const Reach& reach) {
  if (linter.document().kind != DocumentKind::Resource) return;
  for (const LintStatement* statement : reach.denies) {
    if (statement->principal == nullptr) return;
    const json::Value& value = statement->principal->value;
    const json::Value* aws = value.find("AWS");
    auto everyone = [](const json::Value* v) {
      if (v == nullptr) return false;
      if (v->text() != nullptr) return *v->text() == "*";
      return v->array() != nullptr && std::ranges::any_of(*v->array(), [](const json::Value& item) {
               return item.text() != nullptr && *item.text() == "*";
             });
    };
    if (everyone(&value) || everyone(aws)) return;
  }
  linter.report("transit-deny-some-principals", reach.denies.front()->principal->span,
                "plaintext is denied to some principals alone; others stay free to use it",
                "write `Principal` \"*\"");
}

void lint_reach(Linter& linter) {
  Reach reach;
  for (const LintStatement& statement : linter.document().statements)
    if (denies_plaintext(statement)) {
      reach.denies.push_back(&statement);
      reach.any_unconditional = reach.any_unconditional || carve_out(statement) == nullptr;
    }
  if (reach.denies.empty()) return;
  lint_actions_reach(linter, reach);
  lint_resources_reach(linter, reach);
  lint_principals_reach(linter, reach);
  if (reach.any_unconditional) return;
  const LintCondition& condition = *carve_out(*reach.denies.front());
  linter.report("transit-deny-carve-out", condition.span,
                "plaintext passes where the request has no `" + condition.key_text +
                    "`, as for anonymous callers",
                condition.op ? "use `" + condition.op->canonical + "IfExists`"
                             : "use the operator with `IfExists`");
}

}  // namespace

void lint_transit(Linter& linter) {
  const auto& statements = linter.document().statements;
  const bool plaintext_denied = std::ranges::any_of(statements, denies_plaintext);
  for (const LintStatement& statement : statements) {
    lint_impossible_pair(linter, statement);
    lint_inverted(linter, statement);
    lint_floor(linter, statement, plaintext_denied);
    lint_allow_only(linter, statement, plaintext_denied);
  }
  lint_reach(linter);
}

}  // namespace sealane::policy
