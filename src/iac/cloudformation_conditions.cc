// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "iac/cloudformation_internal.h"

namespace sealane::iac {
namespace {

constexpr std::size_t kDepthMax = 64;

Decided undecided(std::string why) { return {Truth::Unknown, false, std::move(why)}; }

// Why a value is not known as text.
std::string why_not(const std::optional<Value>& value) {
  if (!value) return "a compared value is absent";
  if (const Unknown* unknown = value->unknown()) return unknown->why;
  if (const Template* text = value->template_text())
    for (const Part& part : text->parts)
      if (!part.reference.resource.empty())
        return part.reference.kind == Reference::Kind::Parameter
                   ? fmt::format("`{}` has no value in the input", part.reference.resource)
                   : fmt::format("`{}` is known after deployment", to_text(part.reference));
  return "a compared value is a list or a map";
}

Decided negated(Decided decided) {
  if (decided.truth != Truth::Unknown)
    decided.truth = decided.truth == Truth::True ? Truth::False : Truth::True;
  return decided;
}

// True for all of And, or one of Or, ends the search; unknown stays unless ended.
Decided combined(const std::vector<Decided>& all, Truth ends) {
  Decided out{ends == Truth::True ? Truth::False : Truth::True, false, {}};
  for (const Decided& each : all) {
    if (each.truth == ends) return each;
    out.from_default = out.from_default || each.from_default;
    if (each.truth == Truth::Unknown) out = each;
  }
  const auto open = std::ranges::find(all, Truth::Unknown, &Decided::truth);
  return open != all.end() ? *open : out;
}

}  // namespace

Decided Evaluator::decide(std::string_view condition, const Stack& stack) {
  const auto known = stack.decided.find(condition);
  if (known != stack.decided.end()) {
    if (known->second) return *known->second;
    return undecided(fmt::format("the condition `{}` depends on itself", condition));
  }
  const Value* declared = stack.conditions == nullptr ? nullptr : stack.conditions->find(condition);
  if (declared == nullptr)
    return undecided(fmt::format("the condition `{}` is declared nowhere", condition));
  const std::string name(condition);
  stack.decided.emplace(name, std::nullopt);
  Decided decided = decide_node(*declared, stack, 0);
  stack.decided[name] = decided;
  return decided;
}

Decided Evaluator::decide_node(const Value& raw, const Stack& stack, std::size_t depth) {
  const auto* fields = raw.map();
  if (fields == nullptr || fields->size() != 1 || depth > kDepthMax || depth_ > kDepthMax)
    return undecided("its form is not known");
  const std::string& name = (*fields)[0].name;
  const Value& argument = (*fields)[0].value;
  if (name == "Fn::Equals") return decide_equals(argument, stack);
  if (name == "Condition") {
    if (argument.text() == nullptr) return undecided("its form is not known");
    const auto open = stack.decided.find(*argument.text());
    if (open != stack.decided.end() && !open->second)
      collector_.error(raw.place,
                       fmt::format("the condition `{}` depends on itself", *argument.text()));
    ++depth_;
    Decided out = decide(*argument.text(), stack);
    --depth_;
    return out;
  }
  const auto* items = argument.list();
  if (items == nullptr) return undecided("its form is not known");
  std::vector<Decided> all;
  for (const Value& each : *items) all.push_back(decide_node(each, stack, depth + 1));
  if (name == "Fn::Not" && all.size() == 1) return negated(std::move(all[0]));
  if (name == "Fn::And") return combined(all, Truth::False);
  if (name == "Fn::Or") return combined(all, Truth::True);
  return undecided(fmt::format("`{}` is not known in conditions", name));
}

Decided Evaluator::decide_equals(const Value& raw, const Stack& stack) {
  const auto* items = raw.list();
  if (items == nullptr || items->size() != 2) return undecided("`Fn::Equals` takes two values");
  const auto a = node((*items)[0], stack);
  const auto b = node((*items)[1], stack);
  const auto first = a ? scalar_text(*a) : std::nullopt;
  const auto second = b ? scalar_text(*b) : std::nullopt;
  if (!first) return undecided(why_not(a));
  if (!second) return undecided(why_not(b));
  return {*first == *second ? Truth::True : Truth::False, a->from_default || b->from_default, {}};
}

}  // namespace sealane::iac
