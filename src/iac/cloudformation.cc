// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "iac/cloudformation_internal.h"
#include "iac/program_internal.h"

namespace sealane::iac {
namespace {

constexpr std::string_view kServerless = "AWS::Serverless-2016-10-31";

// Transforms after which the properties of other resources are what they were.
bool leaves_properties(std::string_view name) { return name.starts_with("AWS::"); }

std::string_view last_segment(std::string_view path) {
  const std::size_t query = path.find_first_of("?#");
  if (query != std::string_view::npos) path = path.substr(0, query);
  const std::size_t slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

const Value* section(const Value& root, std::string_view name) {
  const Value* found = root.find(name);
  return found != nullptr && found->map() != nullptr ? found : nullptr;
}

std::string_view text_at(const Value& value, std::string_view name) {
  const Value* found = value.find(name);
  return found != nullptr && found->text() != nullptr ? std::string_view(*found->text())
                                                      : std::string_view();
}

}  // namespace

void CloudFormationReader::add(std::uint32_t document, Value tree) {
  auto stack = std::make_unique<Stack>();
  stack->document = document;
  stack->root = std::move(tree);
  sections(*stack);
  stacks_.push_back(std::move(stack));
}

void CloudFormationReader::sections(Stack& stack) {
  Document& document = collector_.document(stack.document);
  stack.asset = last_segment(document.name);
  const Value& root = stack.root;
  if (root.map() == nullptr) {
    collector_.error(root.place, "a template is a map");
    return;
  }
  document.version = text_at(root, "AWSTemplateFormatVersion");
  stack.parameters = section(root, "Parameters");
  stack.mappings = section(root, "Mappings");
  stack.conditions = section(root, "Conditions");
  stack.resources = section(root, "Resources");
  stack.outputs = section(root, "Outputs");
  if (stack.resources == nullptr)
    collector_.error(root.place, "the template has no resources");
  else
    find_name(stack);
  transforms(stack);
}

void CloudFormationReader::transforms(Stack& stack) {
  const Value* transform = stack.root.find("Transform");
  if (transform == nullptr) return;
  std::vector<const Value*> all{transform};
  if (const auto* list = transform->list()) {
    all.clear();
    for (const Value& item : *list) all.push_back(&item);
  }
  for (const Value* each : all) {
    const std::string name =
        each->text() != nullptr ? *each->text() : std::string(text_at(*each, "Name"));
    if (!leaves_properties(name)) {
      stack.macro = name;
      collector_.warn(each->place,
                      fmt::format("the macro `{}` may change every property of the template", name),
                      "give the template as it is after the macro: get-template with the processed "
                      "stage");
    } else if (name == kServerless || name == "AWS::Include") {
      collector_.warn(each->place, fmt::format("what `{}` adds is not in the input", name),
                      "give the template as it is after the transform");
    }
  }
}

// CDK writes the path of each construct; it begins with the stack's name.
void CloudFormationReader::find_name(Stack& stack) {
  for (const Field& field : *stack.resources->map()) {
    const Value* metadata = field.value.find("Metadata");
    const std::string_view path =
        metadata == nullptr ? std::string_view() : text_at(*metadata, "aws:cdk:path");
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos || slash == 0) continue;
    stack.name = path.substr(0, slash);
    return;
  }
}

void CloudFormationReader::find_parents() {
  std::map<std::string, std::vector<Stack*>, std::less<>> by_asset;
  for (const auto& stack : stacks_) by_asset[stack->asset].push_back(stack.get());
  for (const auto& stack : stacks_) {
    if (stack->resources == nullptr) continue;
    for (const Field& field : *stack->resources->map()) {
      if (text_at(field.value, "Type") != "AWS::CloudFormation::Stack") continue;
      const Value* properties = section(field.value, "Properties");
      if (properties == nullptr) continue;
      const Value* metadata = field.value.find("Metadata");
      std::string_view asset =
          metadata == nullptr ? std::string_view() : text_at(*metadata, "aws:asset:path");
      if (asset.empty()) asset = text_at(*properties, "TemplateURL");
      const auto found = by_asset.find(last_segment(asset));
      if (asset.empty() || found == by_asset.end()) continue;
      for (Stack* child : found->second) {
        if (child == stack.get()) continue;
        if (child->parent != nullptr || found->second.size() > 1) child->ambiguous_parent = true;
        child->parent = stack.get();
        child->arguments = section(*properties, "Parameters");
        stack->nested[field.name] = child;
      }
    }
  }
}

void CloudFormationReader::find_exports(Evaluator& evaluator) {
  for (const auto& stack : stacks_) {
    if (stack->outputs == nullptr) continue;
    for (const Field& field : *stack->outputs->map()) {
      const Value* exported = field.value.find("Export");
      const Value* name = exported == nullptr ? nullptr : exported->find("Name");
      const Value* value = field.value.find("Value");
      if (name == nullptr || value == nullptr) continue;
      const auto text = evaluator.text_of(*name, *stack);
      if (!text) continue;
      const auto [at, added] = exports_.try_emplace(*text, Export{stack.get(), value});
      if (!added)
        collector_.error(name->place, fmt::format("`{}` is exported twice", *text),
                         "the templates are of different accounts or regions; check them apart");
    }
  }
}

void CloudFormationReader::number_resources(Stack& stack, Evaluator& evaluator) {
  if (stack.resources == nullptr) return;
  evaluator.begin_document();
  for (const Field& field : *stack.resources->map()) {
    if (field.name.starts_with("Fn::ForEach")) {
      collector_.warn(field.value.place, "the resources that `Fn::ForEach` makes are not read",
                      "give the template as it is after the transform");
      continue;
    }
    const std::string_view type = text_at(field.value, "Type");
    if (type.empty() || field.name.empty()) {
      collector_.warn(field.value.place,
                      fmt::format("`{}` has no name or no type and is left", field.name));
      continue;
    }
    Decided decided{Truth::True, false, {}};
    if (const Value* condition = field.value.find("Condition"))
      decided = condition->text() != nullptr ? evaluator.decide(*condition->text(), stack)
                                             : Decided{Truth::Unknown, false, {}};
    if (!collector_.wants(type)) {
      if (decided.truth != Truth::False) collector_.skip(type);
      continue;
    }
    if (decided.truth == Truth::False) {
      if (decided.from_default)
        collector_.warn(field.value.place,
                        fmt::format("`{}` is left, as its condition is false with the defaults of "
                                    "the parameters",
                                    field.name));
      continue;
    }
    Resource resource;
    resource.dialect = Dialect::CloudFormation;
    resource.type = type;
    resource.address = stack.address_of(field.name);
    resource.place = field.value.place;
    resource.conditional = decided.truth == Truth::Unknown;
    stack.numbers[field.name] = checked_cast<std::uint32_t>(collector_.built().resources.size());
    if (!collector_.add(std::move(resource))) return;
  }
}

void CloudFormationReader::fill_resources(Stack& stack, Evaluator& evaluator) {
  evaluator.begin_document();
  for (const auto& [id, number] : stack.numbers) {
    const Value* declared = stack.resources->find(id);
    const Value* properties = declared == nullptr ? nullptr : declared->find("Properties");
    Value& out = collector_.built().resources[number].properties;
    if (!stack.macro.empty()) {
      out.place = declared->place;
      out.data = Unknown{fmt::format("the macro `{}` may change it", stack.macro), {}};
      continue;
    }
    auto value = properties == nullptr ? std::nullopt : evaluator.evaluate(*properties, stack);
    if (value)
      out = *std::move(value);
    else
      out.data = Value::Map{};
    if (out.is_null()) out.data = Value::Map{};
    if (properties == nullptr) out.place = declared->place;
    add_edges(collector_, number, out, "");
  }
}

void CloudFormationReader::finish() {
  find_parents();
  Evaluator evaluator(collector_, exports_);
  for (const auto& stack : stacks_) number_resources(*stack, evaluator);
  find_exports(evaluator);
  for (const auto& stack : stacks_) fill_resources(*stack, evaluator);
}

}  // namespace sealane::iac
