// SPDX-License-Identifier: Apache-2.0
// Conditions: operators over the values of keys.
#include <algorithm>
#include <chrono>

#include "policy/glob.h"
#include "policy/match_internal.h"
#include "policy/operator_date.h"
#include "policy/operator_numeric.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

// An empty text counts as no value for quantifiers.
bool is_null_set(const KeyValues& values) {
  if (values.state == KeyValues::State::Single) return values.single.empty();
  return std::ranges::all_of(values.multi, [](const std::string& value) { return value.empty(); });
}

bool is_time_key(KeySource source) {
  return source == KeySource::CurrentTime || source == KeySource::EpochTime;
}

Truth compare_numbers(Operator op, const Decimal& request, const Decimal& policy) {
  const auto order = compare(request, policy);
  switch (op) {
    case Operator::NumericEquals: return truth_of(order == 0);
    case Operator::NumericLessThan: return truth_of(order < 0);
    case Operator::NumericLessThanEquals: return truth_of(order <= 0);
    case Operator::NumericGreaterThan: return truth_of(order > 0);
    default: return truth_of(order >= 0);
  }
}

Truth compare_dates(Operator op, Time request, Time policy) {
  switch (op) {
    case Operator::DateEquals: return truth_of(request == policy);
    case Operator::DateLessThan: return truth_of(request < policy);
    case Operator::DateLessThanEquals: return truth_of(request <= policy);
    case Operator::DateGreaterThan: return truth_of(request > policy);
    default: return truth_of(request >= policy);
  }
}

}  // namespace

Truth Matcher::condition(const CompiledCondition& condition, DocumentKind kind) {
  if (condition.op == Operator::Null) return null_holds(condition);
  const bool is_time = is_time_key(program_.key_sources[condition.key]);
  if (is_time) note_changes(condition);
  const KeyValues values = read(condition.key);
  const bool missing = values.state == KeyValues::State::Missing;
  auto base = [&](std::string_view value) { return base_holds(condition, kind, value, is_time); };
  switch (condition.quantifier) {
    case Quantifier::None:
      if (missing) return truth_of(condition.if_exists || condition.negated);
      // An operator without quantifier does not match a key of several values, negated or not.
      if (values.state == KeyValues::State::Multi) return kFalse;
      if (condition.values.empty() && condition.if_exists) return kFalse;
      return base(values.single);
    case Quantifier::ForAllValues:
      if (missing || is_null_set(values)) return kTrue;
      if (condition.values.empty()) return kFalse;
      if (values.state == KeyValues::State::Single) return base(values.single);
      return all_of(values.multi, base);
    case Quantifier::ForAnyValue:
      if (condition.values.empty()) return kFalse;
      if (missing) return truth_of(condition.if_exists);
      if (is_null_set(values)) return kFalse;
      if (values.state == KeyValues::State::Single) return base(values.single);
      return any_of(values.multi, base);
  }
  return kFalse;
}

Truth Matcher::null_holds(const CompiledCondition& condition) {
  if (condition.quantifier == Quantifier::ForAllValues) return kTrue;
  if (condition.quantifier == Quantifier::ForAnyValue) return kFalse;
  const bool missing = read(condition.key).state == KeyValues::State::Missing;
  return any_of(condition.values, [&](const Operand& operand) {
    const bool* wanted = std::get_if<bool>(&operand);
    return truth_of(wanted != nullptr && *wanted == missing);
  });
}

// One request value against all values of the condition; negation turns OR into NOR.
Truth Matcher::base_holds(const CompiledCondition& condition, DocumentKind kind,
                          std::string_view value, bool is_time) {
  const Truth any = any_of(condition.values, [&](const Operand& operand) {
    return operand_matches(condition.op, kind, operand, value, is_time);
  });
  return condition.negated ? negate(any) : any;
}

Truth Matcher::operand_matches(Operator op, DocumentKind kind, const Operand& operand,
                               std::string_view value, bool is_time) {
  const Truth malformed = unknown(Obstacle::MalformedRequest);
  if (const auto* pattern = std::get_if<Pattern>(&operand))
    return pattern_matches(op, kind, *pattern, value);
  if (const auto* number = std::get_if<DecimalOperand>(&operand)) {
    const auto request = parse_decimal(value);
    const auto policy = parse_decimal(number->text);
    return request && policy ? compare_numbers(op, *request, *policy) : malformed;
  }
  if (const auto* binary = std::get_if<BinaryOperand>(&operand))
    return truth_of(binary->bytes == value);
  if (const auto* date = std::get_if<Time>(&operand)) {
    const auto request = is_time ? std::optional(request_.now) : parse_date(value);
    return request ? compare_dates(op, *request, *date) : malformed;
  }
  if (const auto* range = std::get_if<Cidr>(&operand)) {
    const auto address = parse_ip(value);
    return address ? truth_of(contains(*range, *address)) : malformed;
  }
  const bool wanted = std::get<bool>(operand);
  if (equal_ignoring_case(value, "true")) return truth_of(wanted);
  if (equal_ignoring_case(value, "false")) return truth_of(!wanted);
  return malformed;
}

Truth Matcher::pattern_matches(Operator op, DocumentKind kind, const Pattern& pattern,
                               std::string_view value) {
  std::optional<ArnParts> arn;
  if (op == Operator::ArnLike) {
    arn = split_arn(value);
    if (!arn) return unknown(Obstacle::MalformedRequest);
  }
  const auto match = [&](std::span<const GlobPiece> pieces) {
    if (arn) {
      const auto result = arn_match(pieces, *arn);
      return result ? truth_of(*result) : unknown(Obstacle::MalformedRequest);
    }
    const auto rule =
        op == Operator::StringEqualsIgnoreCase ? CaseRule::IgnoreAscii : CaseRule::Exact;
    return truth_of(glob_match(pieces, value, rule));
  };
  if (arn && pattern.arn) return truth_of(arn_match(*pattern.arn, *arn));
  if (!pattern.has_variables) return match(pattern.ready);
  Instance instance;
  instantiate(pattern, kind, instance);
  // Without its value the text matches nothing: a negated operator then holds.
  if (instance.state == Instance::State::Missing) return kFalse;
  if (instance.state == Instance::State::Unsafe) return unknown(Obstacle::UnsafeVariable);
  return match(instance.pieces.span());
}

// When a condition on the time of the request may next turn.
void Matcher::note_changes(const CompiledCondition& condition) {
  for (const Operand& operand : condition.values) {
    const Time* threshold = std::get_if<Time>(&operand);
    if (threshold == nullptr) {
      note_next_second();
      continue;
    }
    const Time after = *threshold + Duration(1);
    const bool turns_after =
        condition.op == Operator::DateLessThanEquals || condition.op == Operator::DateGreaterThan;
    if (request_.now < *threshold && !turns_after)
      note_change(*threshold);
    else if (request_.now < after && (turns_after || condition.op == Operator::DateEquals))
      note_change(after);
  }
}

}  // namespace sealane::policy
