// SPDX-License-Identifier: Apache-2.0
// Rules about condition operators, keys and values.
#include <algorithm>
#include <array>
#include <map>

#include "policy/lint_internal.h"
#include "policy/operator_ip.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

std::string quoted(std::string_view text) { return "`" + std::string(text) + "`"; }

// What a condition comes to when the request never has its key.
std::string outcome_without_key(const LintCondition& condition) {
  return condition.fails_without_key() ? "so the condition never holds"
                                       : "so the condition always holds";
}

// --- keys ---------------------------------------------------------------------------------------

void lint_unknown_key(Linter& linter, const LintCondition& condition) {
  const auto near = linter.catalogue().closest_key(condition.key_text);
  linter.report(
      "unknown-key", condition.span,
      "AWS documents no key " + quoted(condition.key_text) + ", " + outcome_without_key(condition),
      near ? "did you mean " + quoted(*near) + "?" : "");
}

// The services that the statement's actions are of; nothing when it takes in all.
std::string services_of(const LintStatement& statement) {
  std::vector<std::string> names;
  for (const SourceText& action : statement.actions) {
    const std::string name = to_lower(action.text.substr(0, action.text.find(':')));
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    if (names.size() > 3) break;
  }
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < 3; ++i) out += (i ? ", " : "") + quoted(names[i]);
  return names.size() > 3 ? out + " and others" : out;
}

void lint_carried(Linter& linter, const LintStatement& statement, const LintCondition& condition) {
  if (statement.action_polarity != Polarity::Listed || !linter.spend(16 * statement.actions.size()))
    return;
  if (linter.never_carried(statement, condition)) {
    bool by_service = false;
    for (const SourceText& action : statement.actions)
      by_service = by_service || linter.carriers(action.text, condition.key).by_service;
    linter.report(by_service ? "key-not-carried" : "key-not-sent", condition.span,
                  by_service
                      ? "none of the statement's actions carries " + quoted(condition.key_text) +
                            ", " + outcome_without_key(condition)
                      : services_of(statement) + " never sends " + quoted(condition.key_text) +
                            ", " + outcome_without_key(condition),
                  "use a key that the action is documented with, or an action that has this one");
    return;
  }
  for (const SourceText& action : statement.actions) {
    if (action.text.find_first_of("*?") != std::string::npos) continue;
    const Linter::Carriers carriers = linter.carriers(action.text, condition.key);
    if (carriers.any || carriers.none_known) continue;
    linter.report("key-not-carried", action.span,
                  quoted(action.text) + " does not carry " + quoted(condition.key_text) +
                      "; for it the condition " +
                      (condition.fails_without_key() ? "never holds" : "always holds"),
                  "put the action in a statement of its own");
    return;
  }
}

void lint_key(Linter& linter, const LintStatement& statement, const LintCondition& condition) {
  const KnownKey known = linter.known_key(condition.key);
  switch (known.source) {
    case KnownKey::Source::Unknown:
      // A name that the closed families do not have is an error of parse_document already.
      if (condition.key.contains(':') && !condition.key.starts_with("sealane:") &&
          !(linter.document().kind == DocumentKind::IotDevice && condition.key.starts_with("iot:")))
        lint_unknown_key(linter, condition);
      break;
    case KnownKey::Source::Service: lint_carried(linter, statement, condition); break;
    default: break;
  }
}

// --- arity --------------------------------------------------------------------------------------

void lint_arity(Linter& linter, const LintStatement& statement, const LintCondition& condition) {
  if (!condition.op) return;
  const OperatorName& op = *condition.op;
  const KnownKey known = linter.known_key(condition.key);
  if (op.op == Operator::Null) {
    if (op.quantifier != Quantifier::None)
      linter.report("null-with-qualifier", condition.operator_span,
                    "`Null` with a quantifier does not depend on the request",
                    "remove the quantifier");
    return;
  }
  if (!known.facts) return;
  if (known.multi() && op.quantifier == Quantifier::None)
    linter.report(
        "missing-qualifier", condition.span,
        quoted(condition.key_text) +
            " has several values; without a quantifier the condition never holds",
        "write `ForAnyValue:" + op.canonical + "` or `ForAllValues:" + op.canonical + "`");
  if (!known.multi() && op.quantifier == Quantifier::ForAllValues)
    linter.report("for-all-values-single", condition.span,
                  quoted(condition.key_text) +
                      " has one value; `ForAllValues` also holds when the request has none",
                  "remove the quantifier");
  if (!known.multi() && op.quantifier == Quantifier::ForAnyValue)
    linter.report("for-any-value-single", condition.span,
                  quoted(condition.key_text) + " has one value and needs no quantifier",
                  "remove the quantifier");
  if (known.multi() && op.quantifier == Quantifier::ForAllValues && statement.allows() &&
      linter.spend(statement.conditions.size())) {
    const bool guarded = std::ranges::any_of(statement.conditions, [&](const LintCondition& other) {
      return other.key == condition.key && other.fails_without_key();
    });
    if (!guarded)
      linter.report("for-all-values-without-null", condition.span,
                    "`ForAllValues` also holds when the request has no " +
                        quoted(condition.key_text) + ", so this allows such requests",
                    "add `Null` with \"false\" for the key");
  }
}

// --- types --------------------------------------------------------------------------------------

enum class Family { String, Arn, Numeric, Date, Bool, Ip, Binary, Presence };

Family family_of(Operator op) {
  switch (op) {
    case Operator::StringEquals:
    case Operator::StringEqualsIgnoreCase:
    case Operator::StringLike: return Family::String;
    case Operator::ArnLike: return Family::Arn;
    case Operator::NumericEquals:
    case Operator::NumericLessThan:
    case Operator::NumericLessThanEquals:
    case Operator::NumericGreaterThan:
    case Operator::NumericGreaterThanEquals: return Family::Numeric;
    case Operator::DateEquals:
    case Operator::DateLessThan:
    case Operator::DateLessThanEquals:
    case Operator::DateGreaterThan:
    case Operator::DateGreaterThanEquals: return Family::Date;
    case Operator::Bool: return Family::Bool;
    case Operator::IpAddress: return Family::Ip;
    case Operator::Null: return Family::Presence;
    default: return Family::Binary;
  }
}

// Text operators on booleans and ARNs mean what they say and are common.
bool fits(Family family, ValueType type, std::string_view key) {
  switch (family) {
    case Family::Presence: return true;
    case Family::String:
      return type == ValueType::String || type == ValueType::Bool || type == ValueType::Arn;
    case Family::Arn: return type == ValueType::Arn;
    case Family::Numeric: return type == ValueType::Numeric || key == "aws:epochtime";
    case Family::Date: return type == ValueType::Date;
    case Family::Bool: return type == ValueType::Bool;
    case Family::Ip: return type == ValueType::IpAddress;
    case Family::Binary: return type == ValueType::Binary || type == ValueType::String;
  }
  return true;
}

std::string_view operators_for(ValueType type) {
  switch (type) {
    case ValueType::String: return "a string operator";
    case ValueType::Bool: return "`Bool`";
    case ValueType::Numeric: return "a numeric operator";
    case ValueType::Date: return "a date operator";
    case ValueType::Arn: return "an ARN operator";
    case ValueType::IpAddress: return "`IpAddress` or `NotIpAddress`";
    case ValueType::Binary: return "`BinaryEquals`";
  }
  return "a string operator";
}

void lint_type(Linter& linter, const LintCondition& condition) {
  if (!condition.op) return;
  const KnownKey known = linter.known_key(condition.key);
  if (!known.facts || fits(family_of(condition.op->op), known.facts->type, condition.key)) return;
  linter.report("type-mismatch", condition.span,
                quoted(condition.key_text) + " is of type " +
                    std::string(to_string(known.facts->type)) + ", and " +
                    quoted(condition.op->canonical) + " compares something else",
                "use " + std::string(operators_for(known.facts->type)));
}

// --- values -------------------------------------------------------------------------------------

void lint_wildcards(Linter& linter, const LintCondition& condition, const OperatorName& name) {
  const Operator op = name.op;
  if (op != Operator::StringEquals && op != Operator::StringEqualsIgnoreCase) return;
  for (const SourceText& value : condition.values) {
    const bool escaped = value.text.contains("${*}") || value.text.contains("${?}");
    if (escaped || value.text.find_first_of("*?") == std::string::npos) continue;
    linter.report("wildcard-without-like", value.span,
                  quoted(value.text) +
                      " is compared letter by letter: `*` and `?` mean "
                      "themselves in " +
                      quoted(name.canonical),
                  name.negated ? "use `StringNotLike`" : "use `StringLike`");
  }
}

void lint_empty_list(Linter& linter, const LintCondition& condition) {
  if (!condition.empty_list || !condition.op) return;
  const OperatorName& op = *condition.op;
  std::string meaning = op.negated ? "always holds" : "never holds";
  if (op.quantifier == Quantifier::ForAnyValue)
    meaning = "never holds";
  else if (op.if_exists || op.quantifier == Quantifier::ForAllValues)
    meaning = "holds only when the request has no such key";
  linter.report(
      "empty-list", condition.span,
      "the list of values of " + quoted(condition.key_text) + " is empty; the condition " + meaning,
      "write the values, or remove the condition");
}

bool is_private(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kPrivate = {
      "10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
      "169.254.0.0/16", "127.0.0.0/8",   "fc00::/7",       "fe80::/10"};
  const auto range = parse_cidr(text);
  if (!range) return false;
  return std::ranges::any_of(kPrivate, [&](std::string_view name) {
    const auto known = parse_cidr(name);
    return known && range->prefix >= known->prefix && contains(*known, range->address);
  });
}

void lint_addresses(Linter& linter, const LintCondition& condition) {
  if (condition.key != "aws:sourceip") return;
  for (const SourceText& value : condition.values)
    if (is_private(value.text))
      linter.report("private-source-ip", value.span,
                    quoted(value.text) + " is private, and `aws:SourceIp` is a public address",
                    "through a VPC endpoint the address is in `aws:VpcSourceIp`");
}

void lint_values(Linter& linter, const LintCondition& condition) {
  if (!condition.op) return;
  lint_wildcards(linter, condition, *condition.op);
  lint_empty_list(linter, condition);
  lint_addresses(linter, condition);
  if (condition.op->op == Operator::Bool && condition.values.size() > 1)
    linter.report("multiple-bool", condition.span,
                  "`Bool` with several values: one decides, two take in everything",
                  "keep one value");
  if (condition.op->canonical != condition.operator_text)
    linter.report("operator-spelling", condition.operator_span,
                  "the operator is spelt " + quoted(condition.op->canonical));
}

// --- variables ----------------------------------------------------------------------------------

void lint_multi_variables(Linter& linter, const SourceText& text) {
  if (!linter.document().has_variables()) return;
  for (std::string_view variable : variables_in(text.text)) {
    const std::string key = to_lower(variable.substr(0, variable.find(',')));
    if (key.contains(':') && linter.known_key(key).multi())
      linter.report(
          "multi-valued-variable", text.span,
          "`${" + std::string(variable) + "}` has several values and never stands for one",
          "a variable takes a key with one value");
  }
}

// --- conditions that exclude one another --------------------------------------------------------

bool compares_sameness(const LintCondition& condition) {
  if (!condition.op || condition.op->negated || condition.op->if_exists ||
      condition.op->quantifier != Quantifier::None || condition.values.empty())
    return false;
  const Operator op = condition.op->op;
  const bool plain = std::ranges::none_of(
      condition.values, [](const SourceText& value) { return value.text.contains("${"); });
  return plain && (op == Operator::StringEquals || op == Operator::StringEqualsIgnoreCase ||
                   op == Operator::Bool);
}

bool disjoint(const LintCondition& a, const LintCondition& b) {
  for (const SourceText& value : a.values)
    if (b.equals(value.text)) return false;
  return true;
}

void lint_contradictions(Linter& linter, const LintStatement& statement) {
  // INVARIANT: one pass over pairs of the same key; a statement's conditions are few or spend()
  // ends it.
  std::multimap<std::string_view, const LintCondition*> by_key;
  for (const LintCondition& condition : statement.conditions)
    by_key.emplace(condition.key, &condition);
  for (auto first = by_key.begin(); first != by_key.end(); ++first)
    for (auto second = std::next(first); second != by_key.end() && second->first == first->first;
         ++second) {
      const LintCondition& a = *first->second;
      const LintCondition& b = *second->second;
      if (!linter.spend(a.values.size() * b.values.size() + 1)) return;
      auto wants_absent = [](const LintCondition& c) {
        return c.op && c.op->op == Operator::Null && c.op->quantifier == Quantifier::None &&
               c.values.size() == 1 && equal_ignoring_case(c.values[0].text, "true");
      };
      const bool absent =
          (wants_absent(a) && b.fails_without_key()) || (wants_absent(b) && a.fails_without_key());
      const bool different = compares_sameness(a) && compares_sameness(b) && disjoint(a, b);
      if (absent || different)
        linter.report("contradictory-conditions", b.span,
                      "two conditions on " + quoted(b.key_text) +
                          " exclude one another, so the statement applies to nothing",
                      "conditions are joined by and; write two statements for or");
    }
}

// --- a Deny that denies nothing -----------------------------------------------------------------

void lint_vacuous(Linter& linter, const LintStatement& statement) {
  if (!statement.denies()) return;
  for (const LintCondition& condition : statement.conditions) {
    if (!condition.op) continue;
    const KnownKey known = linter.known_key(condition.key);
    std::string why;
    auto severity = Severity::Error;
    if (condition.empty_list && condition.fails_without_key()) {
      why = "the list of values of " + quoted(condition.key_text) + " is empty";
    } else if (known.multi() && condition.op->quantifier == Quantifier::None &&
               condition.op->op != Operator::Null) {
      why = quoted(condition.key_text) + " has several values and the operator no quantifier";
    } else if (condition.fails_without_key() && known.source == KnownKey::Source::Service &&
               linter.never_carried(statement, condition)) {
      why = "its actions are not documented with " + quoted(condition.key_text);
      severity = Severity::Warning;
    } else if (condition.fails_without_key() && known.source == KnownKey::Source::Unknown &&
               condition.key.starts_with("aws:")) {
      why = "there is no documented key " + quoted(condition.key_text);
      severity = Severity::Warning;
    }
    if (why.empty()) continue;
    linter.report_as(severity, "vacuous-deny", statement.span, "this `Deny` denies nothing: " + why,
                     "correct the condition, or remove the statement");
    return;
  }
}

}  // namespace

void lint_conditions(Linter& linter) {
  for (const LintStatement& statement : linter.document().statements) {
    if (linter.full()) return;
    for (const LintCondition& condition : statement.conditions) {
      lint_key(linter, statement, condition);
      lint_arity(linter, statement, condition);
      lint_type(linter, condition);
      lint_values(linter, condition);
      for (const SourceText& value : condition.values) lint_multi_variables(linter, value);
    }
    for (const SourceText& resource : statement.resources) lint_multi_variables(linter, resource);
    lint_contradictions(linter, statement);
    lint_vacuous(linter, statement);
  }
}

}  // namespace sealane::policy
