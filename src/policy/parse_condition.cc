// SPDX-License-Identifier: Apache-2.0
// Conditions.
#include <algorithm>
#include <array>
#include <utility>

#include "policy/compile_internal.h"
#include "policy/parse_internal.h"
#include "policy/text.h"

namespace sealane::policy {

void Reader::read_conditions(const json::Value& value, Statement& out) {
  if (value.object() == nullptr) return error(value.span, "`Condition` is a JSON object");
  std::set<std::string> operators;
  for (const json::Member& block : *value.object()) {
    if (has_enough()) return;
    read_operator(block, operators, out);
  }
}

void Reader::read_operator(const json::Member& block, std::set<std::string>& operators,
                           Statement& out) {
  const auto name = parse_operator(block.name);
  if (!name) return error(block.span, name.error());
  if (!operators.insert(name->canonical).second)
    error(block.span, "the operator `" + name->canonical + "` stands twice, in two spellings");
  if (name->canonical != block.name)
    warn(block.span, "the operator is spelt `" + name->canonical + "`");
  if (name->op == Operator::Null && name->quantifier != Quantifier::None)
    warn(block.span, "`Null` with a quantifier does not depend on the request",
         "remove the quantifier");
  if (block.value.object() == nullptr)
    return error(block.value.span, "an operator holds an object of keys and values");
  std::set<std::string> keys;
  for (const json::Member& entry : *block.value.object()) {
    if (has_enough()) return;
    if (!keys.insert(to_lower(entry.name)).second)
      error(entry.span,
            "the key `" + entry.name + "` stands twice in one operator, in two spellings",
            "keep one");
    read_condition(*name, entry, out);
  }
}

void Reader::read_condition(const OperatorName& name, const json::Member& entry, Statement& out) {
  Condition condition;
  condition.op = name.op;
  condition.quantifier = name.quantifier;
  condition.negated = name.negated;
  condition.if_exists = name.if_exists;
  condition.key = to_lower(entry.name);
  condition.span = entry.span;
  condition.operator_name = name.canonical;
  condition.key_name = one_line(entry.name);
  note_key(condition.key, entry.span);
  if (auto known = check_key(condition.key, document_.kind); !known)
    error(entry.span, known.error());
  if (const json::Value::Array* items = entry.value.array()) {
    if (items->empty()) warn(entry.value.span, "the list of values is empty");
    for (const json::Value& item : *items) {
      if (has_enough()) return;
      read_value(item, condition);
    }
  } else {
    read_value(entry.value, condition);
  }
  if (condition.op == Operator::Bool && condition.values.size() > 1)
    warn(entry.span, "`Bool` with several values", "one value decides; two take in everything");
  if (document_.kind == DocumentKind::VpcEndpoint) check_endpoint_key(condition);
  out.conditions.push_back(std::move(condition));
}

void Reader::read_value(const json::Value& value, Condition& out) {
  std::vector<SourceText> taken;
  if (const std::string* text = value.text())
    take_text(*text, value.span, taken);
  else if (const json::Number* number = value.number())
    take_text(number->lexeme, value.span, taken);
  else if (const bool* boolean = value.boolean())
    take_text(*boolean ? "true" : "false", value.span, taken);
  else
    return error(value.span, "a condition value is text, a number or a boolean");
  for (SourceText& text : taken) {
    auto operand = parse_operand(out.op, text.text, document_.version);
    if (!operand) {
      error(text.span, operand.error());
      continue;
    }
    if (const auto* pattern = std::get_if<Pattern>(&*operand)) {
      check_variables(*pattern, text.span);
      const bool exact =
          out.op == Operator::StringEquals || out.op == Operator::StringEqualsIgnoreCase;
      if (exact && text.text.contains('*'))
        warn(text.span, "`*` means itself in this operator",
             "use the operator with `Like` for a wildcard");
    }
    out.values.push_back(std::move(text));
  }
}

// Source: VPC guide, "Endpoint policies": the keys that speak of VPCs are compared as they are.
void Reader::check_endpoint_key(const Condition& condition) {
  constexpr std::array<std::string_view, 4> kVpcKeys = {"aws:sourcevpc", "aws:sourcevpce",
                                                        "aws:vpcsourceip", "aws:sourcevpcarn"};
  if (std::ranges::find(kVpcKeys, condition.key) == kVpcKeys.end()) return;
  const bool wildcard = std::ranges::any_of(condition.values, [](const SourceText& value) {
    return value.text.find_first_of("*?") != std::string::npos;
  });
  const bool numeric =
      condition.op >= Operator::NumericEquals && condition.op <= Operator::NumericGreaterThanEquals;
  if (wildcard || numeric)
    warn(condition.span,
         "`" + condition.key_name + "` takes no wildcard and no number in an endpoint policy");
}

}  // namespace sealane::policy
