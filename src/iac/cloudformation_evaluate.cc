// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "iac/cloudformation_internal.h"

namespace sealane::iac {
namespace {

constexpr std::size_t kDepthMax = 200;
constexpr std::size_t kStepsMax = 300'000;  // for one template, which has a megabyte at most
constexpr std::size_t kHopsMax = 16;        // from one template to another
constexpr std::size_t kReferencesMax = 256;

bool is_function(std::string_view name) { return name == "Ref" || name.starts_with("Fn::"); }

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

void gather_references(const Value& value, std::vector<Reference>& out) {
  if (out.size() >= kReferencesMax) return;
  auto add = [&](const Reference& reference) {
    if (std::ranges::find(out, reference) == out.end()) out.push_back(reference);
  };
  if (const auto* list = value.list()) {
    for (const Value& item : *list) gather_references(item, out);
  } else if (const auto* map = value.map()) {
    for (const Field& field : *map) gather_references(field.value, out);
  } else if (const auto* unknown = value.unknown()) {
    for (const Reference& reference : unknown->references) add(reference);
  } else if (const auto* text = value.template_text()) {
    for (const Part& part : text->parts)
      if (!part.reference.resource.empty()) add(part.reference);
  }
}

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

std::optional<Value> Evaluator::elsewhere(const Value& raw, const Stack& stack) {
  if (hops_ >= kHopsMax) return unknown("the templates refer to each other too deeply", raw.place);
  ++hops_;
  auto out = node(raw, stack);
  --hops_;
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
    if (from_default) mark_default(value);
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
      if (auto value = elsewhere(*argument, *stack.parent))
        return finished(*std::move(value), false);
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
      if (auto made = elsewhere(*value, child)) {
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
  if (name) gather_references(*name, references);
  if (!text)
    return unknown(name && name->unknown() != nullptr
                       ? name->unknown()->why
                       : "which export it is depends on what the input does not tell",
                   place, std::move(references));
  const auto found = exports_.find(*text);
  if (found == exports_.end())
    return unknown(fmt::format("no template of the input exports `{}`", *text), place);
  auto value = elsewhere(*found->second.value, *found->second.stack);
  if (value) replace_place(*value, place);
  return value;
}

}  // namespace sealane::iac
