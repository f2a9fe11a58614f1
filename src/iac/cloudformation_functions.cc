// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "iac/cloudformation_internal.h"

// The functions that make texts, lists and choices.
namespace sealane::iac {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

const Value* item(const Value& argument, std::size_t i) {
  const auto* list = argument.list();
  return list != nullptr && i < list->size() ? &(*list)[i] : nullptr;
}

}  // namespace

void mark_default(Value& value) {
  value.from_default = true;
  if (auto* list = std::get_if<Value::List>(&value.data))
    for (Value& item : *list) mark_default(item);
  if (auto* map = std::get_if<Value::Map>(&value.data))
    for (Field& field : *map) mark_default(field.value);
}

// ------------------------------------------------------------------------------

Value Evaluator::concatenated(std::vector<Value> pieces, Place place) {
  Value out;
  out.place = place;
  Template made;
  for (Value& piece : pieces) {
    out.sensitive = out.sensitive || piece.sensitive;
    out.from_default = out.from_default || piece.from_default;
    std::vector<Part> parts;
    if (const auto text = scalar_text(piece)) {
      parts.push_back({*text, {}});
    } else if (auto* inner = std::get_if<Template>(&piece.data)) {
      parts = std::move(inner->parts);
    } else {
      std::vector<Reference> references;
      for (const Value& each : pieces) gather_references(each, references);
      const Unknown* why = piece.unknown();
      Value lost = unknown(why != nullptr ? why->why : "a list or map stands where text is joined",
                           place, std::move(references));
      lost.sensitive = out.sensitive;
      return lost;
    }
    for (Part& part : parts) {
      produced_ += part.literal.size() + 1;
      if (produced_ > collector_.limits().expansion_max)
        return unknown("the template's functions make more text than the limit", place);
      const bool literal = part.reference.resource.empty();
      if (literal && !made.parts.empty() && made.parts.back().reference.resource.empty())
        made.parts.back().literal += part.literal;
      else if (!literal || !part.literal.empty())
        made.parts.push_back(std::move(part));
    }
  }
  if (made.parts.empty())
    out.data = std::string();
  else if (made.parts.size() == 1 && made.parts[0].reference.resource.empty())
    out.data = std::move(made.parts[0].literal);
  else
    out.data = std::move(made);
  return out;
}

std::optional<Value> Evaluator::sub(const Value& argument, Place place, const Stack& stack) {
  if (argument.text() != nullptr) return substitute(*argument.text(), nullptr, place, stack);
  const Value* text = item(argument, 0);
  const Value* variables = item(argument, 1);
  if (text == nullptr || text->text() == nullptr) return unknown("`Fn::Sub` without a text", place);
  return substitute(*text->text(), variables, place, stack);
}

std::optional<Value> Evaluator::substitute(std::string_view text, const Value* variables,
                                           Place place, const Stack& stack) {
  std::vector<Value> pieces;
  std::map<std::string_view, std::optional<Value>> computed;  // a name may stand often
  auto literal = [&](std::string_view part) { pieces.emplace_back().data = std::string(part); };
  while (!text.empty()) {
    const std::size_t open = text.find("${");
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) {
      literal(text);
      break;
    }
    literal(text.substr(0, open));
    const std::string_view name = trimmed(text.substr(open + 2, close - open - 2));
    text.remove_prefix(close + 1);
    if (name.starts_with('!')) {
      literal("${" + std::string(name.substr(1)) + "}");
      continue;
    }
    auto known = computed.find(name);
    if (known == computed.end())
      known = computed.emplace(name, substituted(name, variables, place, stack)).first;
    if (known->second) pieces.push_back(*known->second);
  }
  return concatenated(std::move(pieces), place);
}

std::optional<Value> Evaluator::substituted(std::string_view name, const Value* variables,
                                            Place place, const Stack& stack) {
  const Value* variable = variables == nullptr ? nullptr : variables->find(name);
  if (variable != nullptr) return node(*variable, stack);
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return named(name, place, stack);
  return attribute(name.substr(0, dot), name.substr(dot + 1), place, stack);
}

std::optional<Value> Evaluator::join(const Value& argument, Place place, const Stack& stack) {
  const Value* delimiter = item(argument, 0);
  const Value* items = item(argument, 1);
  if (delimiter == nullptr || items == nullptr)
    return unknown("`Fn::Join` takes two values", place);
  auto list = node(*items, stack);
  if (!list || delimiter->text() == nullptr) return unknown("`Fn::Join` without a list", place);
  if (list->list() == nullptr) {
    std::vector<Reference> references;
    gather_references(*list, references);
    return unknown("a list that the input does not tell is joined", place, std::move(references));
  }
  std::vector<Value> pieces;
  for (Value& each : std::get<Value::List>(list->data)) {
    if (!pieces.empty()) pieces.emplace_back().data = *delimiter->text();
    pieces.push_back(std::move(each));
  }
  return concatenated(std::move(pieces), place);
}

std::optional<Value> Evaluator::select(const Value& argument, Place place, const Stack& stack) {
  const Value* which = item(argument, 0);
  const Value* items = item(argument, 1);
  if (which == nullptr || items == nullptr) return unknown("`Fn::Select` takes two values", place);
  const auto text = text_of(*which, stack);
  auto list = node(*items, stack);
  std::size_t index = 0;
  const bool known =
      text && std::from_chars(text->data(), text->data() + text->size(), index).ptr ==
                  text->data() + text->size();
  auto* found = list ? std::get_if<Value::List>(&list->data) : nullptr;
  if (known && found != nullptr && index < found->size()) {
    Value chosen = std::move((*found)[index]);
    chosen.from_default = chosen.from_default || list->from_default;
    return chosen;
  }
  std::vector<Reference> references;
  if (list) gather_references(*list, references);
  return unknown("one of a list that the input does not tell is selected", place,
                 std::move(references));
}

std::optional<Value> Evaluator::split(const Value& argument, Place place, const Stack& stack) {
  const Value* delimiter = item(argument, 0);
  const Value* source = item(argument, 1);
  if (delimiter == nullptr || source == nullptr)
    return unknown("`Fn::Split` takes two values", place);
  const auto by = text_of(*delimiter, stack);
  auto value = node(*source, stack);
  const auto text = value ? scalar_text(*value) : std::nullopt;
  if (!by || by->empty() || !text) {
    std::vector<Reference> references;
    if (value) gather_references(*value, references);
    return unknown("a text that the input does not tell is split", place, std::move(references));
  }
  Value out;
  out.place = place;
  auto& items = out.data.emplace<Value::List>();
  std::string_view rest = *text;
  for (;;) {
    const std::size_t end = std::min(rest.find(*by), rest.size());
    Value& each = items.emplace_back();
    each.place = place;
    each.data = std::string(rest.substr(0, end));
    each.from_default = value->from_default;
    if (end == rest.size()) return out;
    rest.remove_prefix(end + by->size());
  }
}

std::optional<Value> Evaluator::choose(const Value& argument, Place place, const Stack& stack) {
  const Value* condition = item(argument, 0);
  const Value* yes = item(argument, 1);
  const Value* no = item(argument, 2);
  if (condition == nullptr || yes == nullptr || no == nullptr || condition->text() == nullptr)
    return unknown("`Fn::If` takes a condition and two values", place);
  const Decided decided = decide(*condition->text(), stack);
  if (decided.truth != Truth::Unknown) {
    auto value = node(decided.truth == Truth::True ? *yes : *no, stack);
    if (value && decided.from_default) mark_default(*value);
    return value;
  }
  const auto first = node(*yes, stack);
  const auto second = node(*no, stack);
  if (first && second) {
    const auto a = scalar_text(*first);
    const auto b = scalar_text(*second);
    if (a && a == b) return first;
  }
  std::vector<Reference> references;
  if (first) gather_references(*first, references);
  if (second) gather_references(*second, references);
  return unknown(
      fmt::format("it depends on the condition `{}`: {}", *condition->text(), decided.why), place,
      std::move(references));
}

std::optional<Value> Evaluator::find_in_map(const Value& argument, Place place,
                                            const Stack& stack) {
  const Value* table = item(argument, 0);
  const Value* top = item(argument, 1);
  const Value* second = item(argument, 2);
  if (table == nullptr || top == nullptr || second == nullptr)
    return unknown("`Fn::FindInMap` takes three names", place);
  bool from_default = false;
  const Value* at = stack.mappings;
  for (const Value* each : {table, top, second}) {
    const auto value = node(*each, stack);
    const auto name = value ? scalar_text(*value) : std::nullopt;
    from_default = from_default || (value && value->from_default);
    if (!name)
      return unknown("which entry of a mapping it is depends on what the input does not tell",
                     place);
    if (at != nullptr) at = at->find(*name);
  }
  if (at != nullptr) {
    Value out = *at;
    if (from_default) mark_default(out);
    return out;
  }
  const Value* options = item(argument, 3);
  if (options != nullptr)
    if (const Value* fallback = options->find("DefaultValue")) return node(*fallback, stack);
  return unknown("the mapping has no such entry", place);
}

std::optional<Value> Evaluator::only_at_deploy(const Value& argument, Place place,
                                               const Stack& stack) {
  std::vector<Reference> references;
  if (const auto value = node(argument, stack)) gather_references(*value, references);
  return unknown("a function computes it when the template is deployed", place,
                 std::move(references));
}

}  // namespace sealane::iac
