// SPDX-License-Identifier: Apache-2.0
#include "iac/value.h"

#include <algorithm>

namespace sealane::iac {

const Value* Value::find(std::string_view name) const {
  const Map* fields = map();
  if (fields == nullptr) return nullptr;
  const auto found = std::ranges::find(*fields, name, &Field::name);
  return found == fields->end() ? nullptr : &found->value;
}

std::optional<std::string> scalar_text(const Value& value) {
  if (const std::string* text = value.text()) return *text;
  if (const bool* boolean = value.boolean()) return *boolean ? "true" : "false";
  if (const json::Number* number = value.number()) return number->lexeme;
  return std::nullopt;
}

std::string to_text(const Reference& reference) {
  std::string out = reference.resource;
  if (!reference.attribute.empty() && reference.attribute != "Ref")
    out += "." + reference.attribute;
  return out;
}

std::string to_text(const Template& value) {
  std::string out;
  for (const Part& part : value.parts)
    out += part.reference.resource.empty() ? part.literal : "${" + to_text(part.reference) + "}";
  return out;
}

}  // namespace sealane::iac
