// SPDX-License-Identifier: Apache-2.0
// One statement: whom it is about, what it is asked about, and its conditions.
#include <algorithm>
#include <array>
#include <set>
#include <fmt/format.h>

#include "policy/operator_arn.h"
#include "policy/operator_numeric.h"
#include "policy/principal.h"
#include "policy/text.h"
#include "prove/encode_internal.h"
#include "prove/glob_term_internal.h"
#include "solver/smt_text.h"

namespace sealane::prove {
namespace {

using policy::Operator;

std::string_view comparison(Operator op) {
  switch (op) {
    case Operator::NumericLessThan:
    case Operator::DateLessThan: return "<";
    case Operator::NumericLessThanEquals:
    case Operator::DateLessThanEquals: return "<=";
    case Operator::NumericGreaterThan:
    case Operator::DateGreaterThan: return ">";
    case Operator::NumericGreaterThanEquals:
    case Operator::DateGreaterThanEquals: return ">=";
    default: return "=";
  }
}

bool compares(Operator op, std::strong_ordering order) {
  const std::string_view sign = comparison(op);
  if (order == 0) return sign.ends_with('=');
  return order < 0 ? sign.starts_with('<') : sign.starts_with('>');
}

// One value of a key that has few, asked as the evaluator asks it.
bool matches_text(Operator op, const policy::Operand& operand, const std::string& value) {
  if (const auto* wanted = std::get_if<bool>(&operand))
    return value == (*wanted ? "true" : "false");
  if (const auto* number = std::get_if<policy::DecimalOperand>(&operand)) {
    const auto a = policy::parse_decimal(value);
    const auto b = policy::parse_decimal(number->text);
    return a && b && compares(op, policy::compare(*a, *b));
  }
  if (const auto* bytes = std::get_if<policy::BinaryOperand>(&operand))
    return bytes->bytes == value;
  const auto* pattern = std::get_if<policy::Pattern>(&operand);
  return pattern != nullptr && op != Operator::ArnLike &&
         policy::glob_match(pattern->ready, value,
                            op == Operator::StringEqualsIgnoreCase ? policy::CaseRule::IgnoreAscii
                                                                   : policy::CaseRule::Exact);
}

Term bits(std::span<const std::uint8_t> bytes, unsigned count) {
  std::string out = "#b";
  for (unsigned i = 0; i < count; ++i) out += ((bytes[i / 8] >> (7 - i % 8)) & 1u) != 0 ? '1' : '0';
  return out;
}

Term in_range(const KeyModel& key, const policy::Cidr& range) {
  const bool v4 = range.address.family == policy::IpAddressValue::Family::V4;
  const Term family = v4 ? key.is_v4 : negate(key.is_v4);
  if (range.prefix == 0) return family;
  const unsigned high = v4 ? 31 : 127;
  const Term extract = fmt::format("((_ extract {} {}) {})", high, high + 1 - range.prefix,
                                   v4 ? key.bits4 : key.bits6);
  return conj({family, apply("=", {extract, bits(range.address.bytes, range.prefix)})});
}

Term seconds(Time time) {
  const auto micros = time.time_since_epoch().count();
  return micros < 0 ? Term(fmt::format("(- {}.{:06})", -micros / 1'000'000, -micros % 1'000'000))
                    : Term(fmt::format("{}.{:06}", micros / 1'000'000, micros % 1'000'000));
}

constexpr std::string_view kTrueOrFalse = "(re.union (str.to_re \"true\") (str.to_re \"false\"))";

}  // namespace

Result<Term> Encoder::matches(const policy::Document& document,
                              const policy::Statement& statement) {
  SEALANE_ASSIGN(const Naming whom, naming(statement));
  SEALANE_ASSIGN(Term bound, binds(document.kind));
  const Term named = disj({whom.direct, whom.by_session, whom.account_level});
  if (is_false(named) || is_false(bound)) return Term("false");
  SEALANE_ASSIGN(Term what, target(document, statement));
  std::vector<Term> all = {std::move(bound), named, std::move(what)};
  for (const policy::Condition& one : statement.conditions) {
    SEALANE_ASSIGN(Term holds, condition(document, one));
    all.push_back(std::move(holds));
  }
  return conj(all);
}

std::vector<bool> Encoder::action_classes(const policy::Statement& statement) const {
  std::vector<policy::ActionPattern> patterns;
  for (const policy::SourceText& action : statement.actions)
    patterns.push_back(*policy::parse_action(action.text));
  const bool listed = statement.action_polarity == policy::Polarity::Listed;
  std::vector<bool> out;
  for (const ActionClass& one : classes_) {
    const bool any = std::ranges::any_of(patterns, [&](const policy::ActionPattern& pattern) {
      if (one.in_catalogue)
        return policy::matches(pattern, policy::to_lower(scope_.targets[one.targets[0]].action));
      // Nobody knows the name, so only what takes in every name takes it in.
      const auto& pieces = pattern.name.pieces;
      return pattern.everything || (pattern.service == one.service && pieces.size() == 1 &&
                                    pieces[0].kind == policy::PatternPiece::Kind::AnyRun);
    });
    out.push_back(any == listed);
  }
  return out;
}

Result<Term> Encoder::target(const policy::Document& document, const policy::Statement& statement) {
  const std::vector<bool> chosen = action_classes(statement);
  std::vector<Term> any;
  bool everything = true;
  std::set<std::size_t> shapes;
  for (const ActionClass& one : classes_) shapes.insert(one.shape);
  for (const std::size_t shape : shapes) {
    std::vector<bool> here = chosen;
    bool all = true;
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      all = all && (chosen[i] || classes_[i].shape != shape);
      here[i] = chosen[i] && classes_[i].shape == shape;
    }
    if (std::ranges::none_of(here, [](bool h) { return h; })) continue;
    SEALANE_ASSIGN(const Term matched, resource(document, statement, scope_.shapes[shape]));
    everything = everything && all && is_true(matched);
    any.push_back(conj({class_in(here), matched}));
  }
  // Of a statement that takes in every class and resource the classes say nothing.
  return everything && any.size() == shapes.size() ? Term("true") : disj(any);
}

// Whether the first five parts match; what depends on variables of them goes to `conditions`.
Result<bool> Encoder::head_matches(const policy::ResourcePattern& pattern, const ArnShape& shape,
                                   std::vector<Term>& conditions) const {
  const std::string any_arn = shape.head + "x";
  const auto head = policy::split_arn(any_arn);
  for (std::size_t i = 0; i < 5; ++i) {
    const policy::Pattern& wanted = pattern.head[i];
    if (shape.head_variables[i].empty()) {
      if (!policy::glob_match(wanted.ready, (*head)[i])) return false;
      continue;
    }
    SEALANE_ASSIGN(Term matched,
                   matches_pattern(wanted, shape.head_variables[i], policy::CaseRule::Exact));
    conditions.push_back(std::move(matched));
  }
  return true;
}

Result<Term> own_part_term(const ArnShape& shape) {
  if (shape.pieces.empty()) {
    SEALANE_ASSIGN(const std::string text, solver::string_literal(shape.text));
    return shape.has_tail ? apply("str.++", {text, "tail"}) : Term(text);
  }
  Term out;
  for (const ArnPiece& piece : shape.pieces) {
    std::string term = piece.text;
    if (!piece.is_variable) {
      SEALANE_ASSIGN(term, solver::string_literal(piece.text));
    }
    out += " " + term;
  }
  return shape.pieces.size() == 1 ? out.substr(1) : "(str.++" + out + ")";
}

Result<Term> Encoder::resource(const policy::Document& document, const policy::Statement& statement,
                               const ArnShape& shape) {
  const bool listed = statement.resource_polarity == policy::Polarity::Listed;
  if (document.kind == policy::DocumentKind::Trust) return Term("true");
  SEALANE_ASSIGN(const Term subject, own_part_term(shape));
  const bool is_one = !shape.has_tail && std::ranges::none_of(shape.pieces, &ArnPiece::is_variable);
  const std::string begin = shape.pieces.empty()               ? shape.text
                            : shape.pieces.front().is_variable ? std::string()
                                                               : shape.pieces.front().text;
  std::vector<Term> any;
  std::vector<Term> missing;
  for (const policy::SourceText& one : statement.resources) {
    SEALANE_ASSIGN(const auto pattern,
                   policy::parse_resource(one.text, {document.kind, document.version}));
    if (pattern.everything) return Term(listed ? "true" : "false");
    // Of a request for `*` a literal `*` alone matches.
    if (shape.is_any()) continue;
    std::vector<Term> all;
    SEALANE_ASSIGN(const bool head, head_matches(pattern, shape, all));
    if (pattern.resource.has_variables) {
      if (!head && listed) continue;
      SEALANE_ASSIGN(const InstanceTerm instance,
                     matches_instance(pattern.resource, subject,
                                      [this](const auto& piece) { return variable(piece); }));
      missing.push_back(negate(instance.has_values));
      all.insert(all.end(), {instance.has_values, instance.matches});
    } else if (head && is_one) {
      all.push_back(policy::glob_match(pattern.resource.ready, shape.text) ? "true" : "false");
    } else if (head) {
      SEALANE_ASSIGN(Term matched, tail_matches(pattern.resource, begin, subject));
      all.push_back(std::move(matched));
    }
    if (head) any.push_back(conj(all));
  }
  if (listed) return disj(any);
  return conj({negate(disj(any)), negate(disj(missing))});
}

Result<Encoder::Naming> Encoder::naming(const policy::Statement& statement) const {
  if (!statement.principals) return Naming{"true", "false", "false"};
  std::vector<Term> direct;
  std::vector<Term> by_session;
  std::vector<Term> account_level;
  for (const policy::PrincipalEntry& entry : statement.principals->entries) {
    SEALANE_ASSIGN(Naming one, named_by(entry));
    direct.push_back(std::move(one.direct));
    by_session.push_back(std::move(one.by_session));
    account_level.push_back(std::move(one.account_level));
  }
  Naming out{disj(direct), disj(by_session), disj(account_level)};
  if (statement.principals->polarity == policy::Polarity::Listed) return out;
  // Of a Deny's NotPrincipal that names its principal in part the evaluator cannot tell.  Whoever
  // it does not spare is meant as `*` means everyone.
  return Naming{negate(disj({out.direct, out.by_session, out.account_level})), "false", "false"};
}

Result<Encoder::Naming> Encoder::named_by(const policy::PrincipalEntry& entry) const {
  using enum policy::PrincipalEntry::Type;
  const auto equals = [](std::string_view term, std::string_view text) -> Result<Term> {
    SEALANE_ASSIGN(const std::string literal, solver::string_literal(text));
    return apply("=", {term, literal});
  };
  const Term has_account =
      caller_is({Caller::Root, Caller::User, Caller::RoleSession, Caller::FederatedUser});
  Naming out;
  switch (entry.type) {
    case Everyone: out.direct = "true"; return out;
    case Nobody:
    case Federated: return out;  // no caller of these kinds calls a service
    case Service: {
      SEALANE_ASSIGN(const Term same, equals("service", entry.text.text));
      out.direct = conj({caller_is({Caller::Service}), same});
      return out;
    }
    case CanonicalUser: {
      SEALANE_ASSIGN(const Term same, equals("canonical", entry.text.text));
      out.direct = conj({has_account, same});
      return out;
    }
    case Account:
    case Aws: break;
  }
  SEALANE_ASSIGN(const policy::Principal who, policy::parse_principal(entry.text.text));
  if (who.arn.starts_with("arn:") && !who.arn.starts_with("arn:" + scope_.partition + ":"))
    return out;
  SEALANE_ASSIGN(const Term same_account, equals("account", who.account));
  if (entry.type == Account) {
    out.account_level = conj({has_account, same_account});
    return out;
  }
  const auto parts = policy::split_arn(entry.text.text);
  const std::string_view own = (*parts)[5];
  const std::string_view name = own.substr(own.find('/') + 1);
  if (own.starts_with("user/")) {
    SEALANE_ASSIGN(const Term same, equals("user", name));
    out.direct = conj({caller_is({Caller::User}), same_account, same});
    out.by_session = conj({caller_is({Caller::FederatedUser}), "of_user", same_account, same});
  } else if (own.starts_with("role/")) {
    SEALANE_ASSIGN(const Term same, equals("(str.++ role_path role_name)", name));
    out.by_session = conj({caller_is({Caller::RoleSession}), same_account, same});
  } else if (own.starts_with("assumed-role/")) {
    SEALANE_ASSIGN(const Term same, equals("(str.++ role_name \"/\" session)", name));
    out.direct = conj({caller_is({Caller::RoleSession}), same_account, same});
  } else {
    SEALANE_ASSIGN(const Term same, equals("session", name));
    out.direct = conj({caller_is({Caller::FederatedUser}), same_account, same});
  }
  return out;
}

// Source: policy/evaluate.h; the order of cases is that of the evaluator.
Result<Term> Encoder::condition(const policy::Document& document,
                                const policy::Condition& condition) {
  using enum policy::Quantifier;
  const KeyModel& key = keys_.at(condition.key);
  if (condition.op == Operator::Null) {
    if (condition.quantifier != None)
      return Term(condition.quantifier == ForAllValues ? "true" : "false");
    std::vector<Term> any;
    for (const policy::SourceText& value : condition.values)
      any.push_back(policy::to_lower(value.text) == "true" ? negate(key.present) : key.present);
    return disj(any);
  }
  const bool is_set = key.sort == KeySort::TextSet;
  const bool no_values = condition.values.empty();
  if (condition.quantifier == None) {
    const Term missing = condition.if_exists || condition.negated ? "true" : "false";
    Term held = "false";
    if (!is_set && !(no_values && condition.if_exists)) {
      SEALANE_ASSIGN(held, one_value(document, condition, key, key.value));
    }
    return disj({conj({negate(key.present), missing}), conj({key.present, held})});
  }
  // Slots of the key, or the one value as a set.
  std::vector<KeyModel::Slot> slots = key.slots;
  if (!is_set) slots = {{key.present, key.value}};
  const bool can_be_empty = is_set || key.sort == KeySort::Text;
  std::vector<Term> filled;
  std::vector<Term> all;
  std::vector<Term> any;
  for (const KeyModel::Slot& slot : slots) {
    filled.push_back(can_be_empty ? conj({slot.used, negate(apply("=", {slot.text, "\"\""}))})
                                  : slot.used);
    SEALANE_ASSIGN(const Term held, one_value(document, condition, key, slot.text));
    all.push_back(implies(slot.used, held));
    any.push_back(conj({slot.used, held}));
  }
  const Term has_any = disj(filled);
  if (condition.quantifier == ForAllValues)
    return disj({negate(has_any), no_values ? Term("false") : conj(all)});
  if (no_values) return Term("false");
  return disj({conj({negate(key.present), condition.if_exists ? "true" : "false"}),
               conj({has_any, disj(any)})});
}

// One request value against all values of the condition; negation turns OR into NOR.
Result<Term> Encoder::one_value(const policy::Document& document,
                                const policy::Condition& condition, const KeyModel& key,
                                const Term& text) {
  std::vector<Term> any;
  for (const policy::SourceText& value : condition.values) {
    SEALANE_ASSIGN(Term matched, operand(document, condition, key, text, value.text));
    any.push_back(std::move(matched));
  }
  const Term matched = disj(any);
  return condition.negated ? negate(matched) : matched;
}

Result<Term> Encoder::operand(const policy::Document& document, const policy::Condition& condition,
                              const KeyModel& key, const Term& text, const std::string& value) {
  SEALANE_ASSIGN(const auto parsed, policy::parse_operand(condition.op, value, document.version));
  const auto* pattern = std::get_if<policy::Pattern>(&parsed);
  if (key.sort == KeySort::Enumerated && !(pattern != nullptr && pattern->has_variables)) {
    std::vector<Term> any;
    for (std::size_t i = 0; i < key.domain.size(); ++i)
      if (matches_text(condition.op, parsed, key.domain[i])) any.push_back(key.is[i]);
    return any.size() == key.domain.size() ? Term("true") : disj(any);
  }
  if (const auto* number = std::get_if<policy::DecimalOperand>(&parsed)) {
    SEALANE_ASSIGN(const std::string literal, solver::real_literal(number->text));
    return apply(comparison(condition.op), {text, literal});
  }
  if (const auto* date = std::get_if<Time>(&parsed))
    return apply(comparison(condition.op), {text, seconds(*date)});
  if (const auto* range = std::get_if<policy::Cidr>(&parsed)) return in_range(key, *range);
  if (const auto* wanted = std::get_if<bool>(&parsed)) {
    declarations_ += "(assert (str.in_re " + text + " " + std::string(kTrueOrFalse) + "))\n";
    return apply("=", {text, *wanted ? "\"true\"" : "\"false\""});
  }
  if (const auto* binary = std::get_if<policy::BinaryOperand>(&parsed)) {
    SEALANE_ASSIGN(const std::string literal, solver::string_literal(binary->bytes));
    return apply("=", {text, literal});
  }
  if (condition.op == Operator::ArnLike) return matches_arn_pattern(value, text);
  if (!pattern->has_variables)
    return matches_pattern(*pattern, text,
                           condition.op == Operator::StringEqualsIgnoreCase
                               ? policy::CaseRule::IgnoreAscii
                               : policy::CaseRule::Exact);
  const Term subject = key.sort == KeySort::Enumerated ? text_of(key) : text;
  SEALANE_ASSIGN(
      const InstanceTerm instance,
      matches_instance(*pattern, subject, [this](const auto& piece) { return variable(piece); }));
  return conj({instance.has_values, instance.matches});
}

// The value of an enumerated key as a text.
Term Encoder::text_of(const KeyModel& key) const {
  Term out = "\"" + key.domain.back() + "\"";
  for (std::size_t i = key.domain.size() - 1; i-- > 0;)
    out = "(ite " + key.is[i] + " \"" + key.domain[i] + "\" " + out + ")";
  return out;
}

Result<VariableTerm> Encoder::variable(const policy::PatternPiece& piece) const {
  const KeyModel& key = keys_.at(piece.text);
  std::string fallback = "\"\"";
  if (piece.fallback) {
    SEALANE_ASSIGN(fallback, solver::string_literal(*piece.fallback));
  }
  // A key of several values is like one without a value, and has no use for a default.
  if (key.sort == KeySort::TextSet)
    return VariableTerm{fallback, piece.fallback ? negate(key.present) : Term("false")};
  const Term value = key.sort == KeySort::Enumerated ? text_of(key) : key.value;
  return VariableTerm{"(ite " + key.present + " " + value + " " + fallback + ")",
                      piece.fallback ? Term("true") : key.present};
}

// `subject` is `begin` and a tail of one character or more.  What follows from the pattern's own
// beginning is decided here.
Result<Term> Encoder::tail_matches(const policy::Pattern& pattern, const std::string& begin,
                                   const Term& subject) const {
  using Kind = policy::PatternPiece::Kind;
  const auto& pieces = pattern.pieces;
  if (pieces.size() == 1 && pieces[0].kind == Kind::AnyRun) return Term("true");
  if (!pieces.empty() && pieces[0].kind == Kind::Literal) {
    const std::string& literal = pieces[0].text;
    const std::size_t common = std::min(literal.size(), begin.size());
    if (literal.compare(0, common, begin, 0, common) != 0) return Term("false");
    // `bucket*`, `bucket/*`: everything beneath.
    if (literal.size() <= begin.size() && pieces.size() == 2 && pieces[1].kind == Kind::AnyRun)
      return Term("true");
  }
  return matches_pattern(pattern, subject, policy::CaseRule::Exact);
}

}  // namespace sealane::prove
