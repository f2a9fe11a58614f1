// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "iac/program_internal.h"

namespace sealane::iac {
namespace {

// Where the expression that begins at `from` ends: its closing brace, braces and quotes inside
// counted.
std::size_t end_of_expression(std::string_view text, std::size_t from) {
  std::size_t depth = 1;
  bool quoted = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (quoted && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      quoted = !quoted;
    else if (!quoted && text[i] == '{')
      ++depth;
    else if (!quoted && text[i] == '}' && --depth == 0)
      return i;
  }
  return std::string_view::npos;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

}  // namespace

Value unknown_value(std::string why, Place place, std::vector<Reference> references) {
  Value out;
  out.place = place;
  out.data = Unknown{std::move(why), std::move(references)};
  return out;
}

bool split_reference(std::string_view expression, std::vector<std::string>& names) {
  while (expression.starts_with(' ')) expression.remove_prefix(1);
  while (expression.ends_with(' ')) expression.remove_suffix(1);
  names.clear();
  std::size_t i = 0;
  while (i < expression.size()) {
    if (expression.substr(i).starts_with("[\"")) {
      const std::size_t end = expression.find("\"]", i);
      if (end == std::string_view::npos || end < i + 2 || names.empty()) return false;
      names.emplace_back(expression.substr(i + 2, end - i - 2));
      i = end + 2;
    } else {
      if (!names.empty() && expression[i++] != '.') return false;
      const std::size_t from = i;
      while (i < expression.size() && is_name_character(expression[i])) ++i;
      if (i == from) return false;
      names.emplace_back(expression.substr(from, i - from));
    }
  }
  return !names.empty() && !(names[0][0] >= '0' && names[0][0] <= '9');
}

Value interpolated(std::string_view text, Place place, Escapes escapes,
                   const std::function<Value(std::string_view expression)>& resolve) {
  Template made;
  Value out;
  out.place = place;
  auto literal = [&](std::string_view part) {
    if (part.empty()) return;
    if (!made.parts.empty() && made.parts.back().reference.resource.empty())
      made.parts.back().literal += part;
    else
      made.parts.push_back({std::string(part), {}});
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    if (escapes == Escapes::Terraform && (rest.starts_with("$${") || rest.starts_with("%%{"))) {
      literal(rest.substr(1, 2));
      i += 3;
    } else if (escapes == Escapes::Pulumi && rest.starts_with("$$")) {
      literal("$");
      i += 2;
    } else if (escapes == Escapes::Terraform && rest.starts_with("%{")) {
      return unknown_value("a template directive makes it", place);
    } else if (rest.starts_with("${")) {
      const std::size_t end = end_of_expression(text, i + 2);
      if (end == std::string_view::npos) return unknown_value("`${` is not closed", place);
      Value value = resolve(text.substr(i + 2, end - i - 2));
      out.from_default = out.from_default || value.from_default;
      out.sensitive = out.sensitive || value.sensitive;
      i = end + 1;
      if (const auto plain = scalar_text(value)) {
        // Alone an expression keeps its type.
        if (rest.size() == text.size() && i == text.size()) return value;
        literal(*plain);
      } else if (auto* parts = std::get_if<Template>(&value.data)) {
        for (Part& part : parts->parts) {
          if (part.reference.resource.empty())
            literal(part.literal);
          else
            made.parts.push_back(std::move(part));
        }
      } else {
        if (value.unknown() == nullptr && rest.size() == text.size() && i == text.size())
          return value;
        return value.unknown() != nullptr ? value
                                          : unknown_value("a list or map stands in a text", place);
      }
    } else {
      const std::size_t next = std::min(rest.find_first_of("$%", 1), rest.size());
      literal(rest.substr(0, next));
      i += next;
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

void add_edges(Collector& collector, std::uint32_t from, const Value& value,
               const std::string& path) {
  auto add = [&](const Reference& reference) {
    if (reference.target != kNoResource)
      collector.add_edge({from, path, reference.target, reference.attribute, false});
  };
  if (const auto* map = value.map()) {
    for (const Field& field : *map)
      add_edges(collector, from, field.value, path.empty() ? field.name : path + "." + field.name);
  } else if (const auto* list = value.list()) {
    for (const Value& item : *list) add_edges(collector, from, item, path);
  } else if (const auto* unknown = value.unknown()) {
    for (const Reference& reference : unknown->references) add(reference);
  } else if (const auto* text = value.template_text()) {
    for (const Part& part : text->parts) add(part.reference);
  }
}

}  // namespace sealane::iac
