// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "policy/lint_internal.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

// A text, number or boolean, or those of a list.
std::vector<SourceText> read_values(const json::Value& value) {
  std::vector<SourceText> out;
  auto take = [&](const json::Value& item) {
    if (const std::string* text = item.text())
      out.push_back({*text, item.span});
    else if (const json::Number* number = item.number())
      out.push_back({number->lexeme, item.span});
    else if (const bool* boolean = item.boolean())
      out.push_back({*boolean ? "true" : "false", item.span});
  };
  if (const json::Value::Array* items = value.array())
    for (const json::Value& item : *items) take(item);
  else
    take(value);
  return out;
}

void read_conditions(const json::Value& value, LintStatement& out) {
  if (value.object() == nullptr) return;
  for (const json::Member& block : *value.object()) {
    if (block.value.object() == nullptr) continue;
    auto op = parse_operator(block.name);
    for (const json::Member& entry : *block.value.object()) {
      LintCondition condition;
      if (op) condition.op = *op;
      condition.operator_text = block.name;
      condition.operator_span = block.span;
      condition.key = to_lower(entry.name);
      condition.key_text = entry.name;
      condition.span = entry.span;
      condition.values = read_values(entry.value);
      condition.empty_list = entry.value.array() != nullptr && entry.value.array()->empty();
      out.conditions.push_back(std::move(condition));
    }
  }
}

LintStatement read_statement(const json::Value& value) {
  LintStatement out;
  out.span = value.span;
  for (const json::Member& member : *value.object()) {
    if (member.name == "Effect") {
      out.effect_span = member.value.span;
      if (const std::string* text = member.value.text(); text != nullptr && *text == "Allow")
        out.effect = Effect::Allow;
      else if (text != nullptr && *text == "Deny")
        out.effect = Effect::Deny;
    } else if (member.name == "Principal") {
      out.principal = &member;
    } else if (member.name == "NotPrincipal") {
      out.not_principal = &member;
    } else if (member.name == "Action" || member.name == "NotAction") {
      out.action_polarity = member.name == "Action" ? Polarity::Listed : Polarity::NotListed;
      out.actions = read_values(member.value);
    } else if (member.name == "Resource" || member.name == "NotResource") {
      out.resource_polarity = member.name == "Resource" ? Polarity::Listed : Polarity::NotListed;
      out.resources = read_values(member.value);
    } else if (member.name == "Condition") {
      read_conditions(member.value, out);
    }
  }
  return out;
}

}  // namespace

LintDocument read_lint_document(const json::Value& root, DocumentKind kind) {
  LintDocument out;
  out.kind = kind;
  out.span = root.span;
  if (const json::Value* version = root.find("Version")) {
    out.version_span = version->span;
    out.version = version->text() == nullptr ? "" : *version->text();
  }
  const json::Value* statements = root.find("Statement");
  if (statements == nullptr) return out;
  if (const json::Value::Array* items = statements->array()) {
    for (const json::Value& item : *items)
      if (item.object() != nullptr) out.statements.push_back(read_statement(item));
  } else if (statements->object() != nullptr) {
    out.statements.push_back(read_statement(*statements));
  }
  return out;
}

bool LintCondition::fails_without_key() const {
  if (!op) return false;
  if (op->op == Operator::Null)
    return op->quantifier == Quantifier::None && values.size() == 1 &&
           equal_ignoring_case(values[0].text, "false");
  if (op->if_exists || op->quantifier == Quantifier::ForAllValues) return false;
  return op->quantifier == Quantifier::ForAnyValue || !op->negated;
}

bool LintCondition::equals(std::string_view text) const {
  if (!op || op->negated) return false;
  const bool sameness = op->op == Operator::Bool || op->op == Operator::StringEquals ||
                        op->op == Operator::StringEqualsIgnoreCase ||
                        op->op == Operator::StringLike;
  return sameness && std::ranges::any_of(values, [&](const SourceText& value) {
           return equal_ignoring_case(value.text, text);
         });
}

const LintCondition* LintStatement::find(std::string_view lower_key) const {
  const auto at = std::ranges::find(conditions, lower_key, &LintCondition::key);
  return at == conditions.end() ? nullptr : &*at;
}

bool is_everything(std::string_view text) { return text == "*"; }

bool takes_in_service(std::string_view action) { return action == "*" || action.ends_with(":*"); }

std::vector<std::string_view> variables_in(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t at = 0;
  while ((at = text.find("${", at)) != std::string_view::npos) {
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) break;
    out.push_back(text.substr(at + 2, end - at - 2));
    at = end + 1;
  }
  return out;
}

}  // namespace sealane::policy
