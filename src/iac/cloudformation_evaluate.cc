// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "iac/cloudformation_internal.h"

namespace sealane::iac {
namespace {

constexpr std::size_t kDepthMax = 200;
constexpr std::size_t kStepsMax = 2'000'000;  // for one template
constexpr std::size_t kReferencesMax = 256;

bool is_function(std::string_view name) { return name == "Ref" || name.starts_with("Fn::"); }

// References anywhere in a value, as far as they are few.
void gather(const Value& value, std::vector<Reference>& out) {
  if (out.size() >= kReferencesMax) return;
  auto add = [&](const Reference& reference) {
    if (std::ranges::find(out, reference) == out.end()) out.push_back(reference);
  };
  if (const auto* list = value.list()) {
    for (const Value& item : *list) gather(item, out);
  } else if (const auto* map = value.map()) {
    for (const Field& field : *map) gather(field.value, out);
  } else if (const auto* unknown = value.unknown()) {
    for (const Reference& reference : unknown->references) add(reference);
  } else if (const auto* text = value.template_text()) {
    for (const Part& part : text->parts)
      if (!part.reference.resource.empty()) add(part.reference);
  }
}

Value reference_value(Reference reference, Place place) {
  Value out;
  out.place = place;
  out.data = Template{{Part{{}, std::move(reference)}}};
  return out;
}

bool is_list_type(std::string_view type) {
  return type == "CommaDelimitedList" || type.starts_with("List<");
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

Value comma_list(std::string_view text, Place place) {
  Value out;
  out.place = place;
  auto& items = out.data.emplace<Value::List>();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    Value& item = items.emplace_back();
    item.place = place;
    item.data = std::string(trimmed(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

const Value* item(const Value& argument, std::size_t i) {
  const auto* list = argument.list();
  return list != nullptr && i < list->size() ? &(*list)[i] : nullptr;
}

void replace_place(Value& value, Place place) {
  value.place = place;
  if (auto* list = std::get_if<Value::List>(&value.data))
    for (Value& each : *list) replace_place(each, place);
}

}  // namespace

void Evaluator::begin_document() { steps_ = produced_ = 0; }

std::optional<Value> Evaluator::evaluate(const Value& raw, const Stack& stack) {
  return node(raw, stack);
}

Value Evaluator::unknown(std::string why, Place place, std::vector<Reference> references) {
  Value out;
  out.place = place;
  out.data = Unknown{std::move(why), std::move(references)};
  return out;
}

std::optional<Value> Evaluator::node(const Value& raw, const Stack& stack) {
  if (++steps_ > kStepsMax)
    return unknown("the template's functions take too many steps", raw.place);
  if (depth_ >= kDepthMax)
    return unknown("the template's functions refer to each other too deeply", raw.place);
  ++depth_;
  std::optional<Value> out;
  if (const auto* fields = raw.map())
    out = map(raw, *fields, stack);
  else if (const auto* items = raw.list())
    out = list(raw, *items, stack);
  else
    out = raw;
  --depth_;
  return out;
}

std::optional<Value> Evaluator::map(const Value& raw, const Value::Map& fields,
                                    const Stack& stack) {
  if (fields.size() == 1 && is_function(fields[0].name)) {
    const Function function = function_named(fields[0].name);
    if (function != nullptr) return (this->*function)(fields[0].value, raw.place, stack);
    return unknown(fmt::format("`{}` is not known", fields[0].name), raw.place);
  }
  Value out;
  out.place = raw.place;
  auto& made = out.data.emplace<Value::Map>();
  for (const Field& field : fields) {
    if (field.name == "Fn::Transform" || field.name.starts_with("Fn::ForEach"))
      return unknown(fmt::format("`{}` is computed when the template is deployed", field.name),
                     raw.place);
    auto value = node(field.value, stack);
    if (value) made.push_back({field.name, *std::move(value)});
  }
  return out;
}

std::optional<Value> Evaluator::list(const Value& raw, const Value::List& items,
                                     const Stack& stack) {
  Value out;
  out.place = raw.place;
  auto& made = out.data.emplace<Value::List>();
  for (const Value& each : items) {
    auto value = node(each, stack);
    if (value) made.push_back(*std::move(value));
  }
  return out;
}

Evaluator::Function Evaluator::function_named(std::string_view name) {
  static constexpr std::pair<std::string_view, Function> kFunctions[] = {
      {"Ref", &Evaluator::ref},
      {"Fn::GetAtt", &Evaluator::get_att},
      {"Fn::Sub", &Evaluator::sub},
      {"Fn::Join", &Evaluator::join},
      {"Fn::Select", &Evaluator::select},
      {"Fn::Split", &Evaluator::split},
      {"Fn::If", &Evaluator::choose},
      {"Fn::FindInMap", &Evaluator::find_in_map},
      {"Fn::ImportValue", &Evaluator::import},
      {"Fn::Base64", &Evaluator::only_at_deploy},
      {"Fn::Cidr", &Evaluator::only_at_deploy},
      {"Fn::GetAZs", &Evaluator::only_at_deploy},
      {"Fn::Length", &Evaluator::only_at_deploy},
      {"Fn::ToJsonString", &Evaluator::only_at_deploy},
      {"Fn::Transform", &Evaluator::only_at_deploy},
  };
  for (const auto& [known, function] : kFunctions)
    if (known == name) return function;
  return nullptr;
}

std::optional<std::string> Evaluator::text_of(const Value& raw, const Stack& stack) {
  const auto value = node(raw, stack);
  return value ? scalar_text(*value) : std::nullopt;
}

// --- references
// -----------------------------------------------------------------------------------

std::optional<Value> Evaluator::ref(const Value& argument, Place place, const Stack& stack) {
  if (argument.text() == nullptr) return unknown("`Ref` without a name", place);
  return named(*argument.text(), place, stack);
}

std::optional<Value> Evaluator::named(std::string_view name, Place place, const Stack& stack) {
  if (name == "AWS::NoValue") return std::nullopt;
  if (stack.parameters != nullptr)
    if (const Value* declared = stack.parameters->find(name))
      return parameter(name, *declared, place, stack);
  if (stack.resources != nullptr && stack.resources->find(name) != nullptr)
    return attribute(name, "Ref", place, stack);
  if (name.starts_with("AWS::")) {
    const bool of_stack = name == "AWS::StackName" || name == "AWS::StackId";
    for (const auto& [given, value] : collector_.parameters()) {
      if (given != name || (of_stack && stack.parent != nullptr)) continue;
      Value out;
      out.place = place;
      out.data = value;
      return out;
    }
    return reference_value({std::string(name), "Ref", kNoResource, Reference::Kind::Parameter},
                           place);
  }
  return unknown(fmt::format("`{}` is declared nowhere in the template", name), place);
}

Value Evaluator::parameter(std::string_view name, const Value& declaration, Place place,
                           const Stack& stack) {
  const Value* type = declaration.find("Type");
  const std::string type_text = type == nullptr ? "String" : scalar_text(*type).value_or("String");
  const Value* no_echo = declaration.find("NoEcho");
  const bool secret = no_echo != nullptr && scalar_text(*no_echo) == "true";
  auto finished = [&](Value value, bool from_default) {
    const auto text = scalar_text(value);
    if (text && is_list_type(type_text)) value = comma_list(*text, place);
    replace_place(value, place);
    value.from_default = value.from_default || from_default;
    value.sensitive = value.sensitive || secret;
    return value;
  };
  if (stack.ambiguous_parent)
    return unknown(fmt::format("several stacks give the parameter `{}`", name), place);
  // What stands there is the name of a parameter in Systems Manager.
  const bool stored_elsewhere = type_text.starts_with("AWS::SSM::Parameter::Value");
  if (stack.parent != nullptr && stack.arguments != nullptr) {
    const Value* argument = stack.arguments->find(name);
    if (argument != nullptr && !stored_elsewhere)
      if (auto value = node(*argument, *stack.parent)) return finished(*std::move(value), false);
  } else if (!stored_elsewhere) {
    for (const auto& [given, text] : collector_.parameters()) {
      if (given != name) continue;
      Value value;
      value.data = text;
      return finished(std::move(value), false);
    }
  }
  const Value* fallback = declaration.find("Default");
  if (fallback != nullptr && !stored_elsewhere) return finished(*fallback, true);
  Value out =
      reference_value({std::string(name), "Ref", kNoResource, Reference::Kind::Parameter}, place);
  out.sensitive = secret;
  return out;
}

std::optional<Value> Evaluator::get_att(const Value& argument, Place place, const Stack& stack) {
  if (const std::string* text = argument.text()) {
    const std::size_t dot = text->find('.');
    if (dot == std::string::npos) return unknown("`Fn::GetAtt` without an attribute", place);
    return attribute(text->substr(0, dot), text->substr(dot + 1), place, stack);
  }
  const Value* id = item(argument, 0);
  const Value* name = item(argument, 1);
  if (id == nullptr || name == nullptr || id->text() == nullptr)
    return unknown("`Fn::GetAtt` takes a name and an attribute", place);
  const auto wanted = text_of(*name, stack);
  if (!wanted)
    return unknown("which attribute `Fn::GetAtt` takes depends on what the input does not tell",
                   place, {{stack.address_of(*id->text()), ""}});
  return attribute(*id->text(), *wanted, place, stack);
}

std::optional<Value> Evaluator::attribute(std::string_view id, std::string_view name, Place place,
                                          const Stack& stack) {
  const Value* declared = stack.resources == nullptr ? nullptr : stack.resources->find(id);
  if (declared == nullptr)
    return unknown(fmt::format("`{}` is declared nowhere in the template", id), place);
  if (const Value* condition = declared->find("Condition"))
    if (condition->text() != nullptr && decide(*condition->text(), stack).truth == Truth::False)
      return unknown(fmt::format("`{}` does not exist, as its condition is false", id), place);
  const auto nested = stack.nested.find(id);
  if (nested != stack.nested.end() && name.starts_with("Outputs.")) {
    const Stack& child = *nested->second;
    const Value* output = child.outputs == nullptr ? nullptr : child.outputs->find(name.substr(8));
    const Value* value = output == nullptr ? nullptr : output->find("Value");
    if (value != nullptr && child.parent == &stack)
      if (auto made = node(*value, child)) {
        replace_place(*made, place);
        return made;
      }
  }
  Reference reference{stack.address_of(id), std::string(name)};
  const auto number = stack.numbers.find(id);
  if (number != stack.numbers.end()) reference.target = number->second;
  return reference_value(std::move(reference), place);
}

std::optional<Value> Evaluator::import(const Value& argument, Place place, const Stack& stack) {
  auto name = node(argument, stack);
  const auto text = name ? scalar_text(*name) : std::nullopt;
  std::vector<Reference> references;
  if (name) gather(*name, references);
  if (!text)
    return unknown("which export it is depends on what the input does not tell", place,
                   std::move(references));
  const auto found = exports_.find(*text);
  if (found == exports_.end())
    return unknown(fmt::format("no template of the input exports `{}`", *text), place);
  auto value = node(*found->second.value, *found->second.stack);
  if (value) replace_place(*value, place);
  return value;
}

// --- texts and lists
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
      for (const Value& each : pieces) gather(each, references);
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
    const Value* variable = variables == nullptr ? nullptr : variables->find(name);
    const std::size_t dot = name.find('.');
    std::optional<Value> value;
    if (variable != nullptr)
      value = node(*variable, stack);
    else if (dot == std::string_view::npos)
      value = named(name, place, stack);
    else
      value = attribute(name.substr(0, dot), name.substr(dot + 1), place, stack);
    if (value) pieces.push_back(*std::move(value));
  }
  return concatenated(std::move(pieces), place);
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
    gather(*list, references);
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
  if (known && found != nullptr && index < found->size()) return std::move((*found)[index]);
  std::vector<Reference> references;
  if (list) gather(*list, references);
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
    if (value) gather(*value, references);
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
    if (value && decided.from_default) value->from_default = true;
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
  if (first) gather(*first, references);
  if (second) gather(*second, references);
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
  const auto names = {text_of(*table, stack), text_of(*top, stack), text_of(*second, stack)};
  const Value* at = stack.mappings;
  for (const auto& name : names) {
    if (!name)
      return unknown("which entry of a mapping it is depends on what the input does not tell",
                     place);
    if (at != nullptr) at = at->find(*name);
  }
  if (at != nullptr) return *at;
  const Value* options = item(argument, 3);
  if (options != nullptr)
    if (const Value* fallback = options->find("DefaultValue")) return node(*fallback, stack);
  return unknown("the mapping has no such entry", place);
}

std::optional<Value> Evaluator::only_at_deploy(const Value& argument, Place place,
                                               const Stack& stack) {
  std::vector<Reference> references;
  if (const auto value = node(argument, stack)) gather(*value, references);
  return unknown("a function computes it when the template is deployed", place,
                 std::move(references));
}

}  // namespace sealane::iac
