// SPDX-License-Identifier: Apache-2.0
#include "iac/testing/hold.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/json.h"
#include "iac/lookup.h"
#include "iac/policy_text.h"

namespace sealane::iac {
namespace {

void must(bool property) {
  if (!property) std::abort();
}

std::vector<std::size_t> line_lengths(std::string_view text) {
  std::vector<std::size_t> out(1, 0);
  for (const char c : text) {
    if (c == '\n')
      out.push_back(0);
    else
      ++out.back();
  }
  return out;
}

void hold_value(const System& system, const Value& value, std::size_t text_size) {
  must(value.place.document < system.documents.size());
  must(value.place.offset <= text_size);
  if (const auto* map = value.map())
    for (const Field& field : *map) hold_value(system, field.value, text_size);
  if (const auto* list = value.list())
    for (const Value& item : *list) hold_value(system, item, text_size);
  if (const auto* unknown = value.unknown()) {
    must(!unknown->why.empty());
    for (const Reference& r : unknown->references)
      must(r.target == kNoResource || r.target < system.resources.size());
  }
  if (const auto* text = value.template_text()) {
    must(!text->parts.empty());
    for (const Part& part : text->parts)
      must(part.reference.target == kNoResource || part.reference.target < system.resources.size());
  }
}

void hold_policy(const System& system, std::uint32_t number) {
  Arena arena;
  for (const char* path : {"PolicyDocument", "policy"}) {
    const auto found = lookup(system.resources[number], path, arena);
    must(found.ok() && !found->empty());
    for (const Setting& setting : *found) {
      must(setting.presence == Presence::Omitted || setting.value != nullptr);
      for (std::uint32_t subject = 0; subject < std::min<std::size_t>(system.resources.size(), 4);
           ++subject) {
        const auto text = policy_text(system, number, setting, subject);
        if (text.ok()) must(json::parse(text->least).value && json::parse(text->most).value);
        if (!text.ok()) must(!text.error().message.empty());
      }
    }
  }
}

}  // namespace

void hold(const Parsed<System>& parsed, std::string_view text, std::size_t past_end) {
  const bool has_error = std::ranges::any_of(
      parsed.diagnostics, [](const Diagnostic& d) { return d.severity == Severity::Error; });
  must(parsed.value.has_value() != has_error);
  const auto lengths = line_lengths(text);
  for (const Diagnostic& d : parsed.diagnostics) {
    must(!d.message.empty() && !d.message.contains('\n'));
    must(d.span.line >= 1 && d.span.line <= lengths.size());
    must(d.span.column >= 1 && d.span.column <= lengths[d.span.line - 1] + past_end);
  }
  if (!parsed.value) return;
  const System& system = *parsed.value;
  for (std::uint32_t i = 0; i < system.resources.size(); ++i) {
    const Resource& r = system.resources[i];
    must(!r.type.empty() && !r.address.empty());
    must(r.properties.map() != nullptr || r.properties.unknown() != nullptr);
    hold_value(system, r.properties, text.size());
    Arena arena;
    for (const char* path : {"**.P", "p[]", "p|json.a", "Properties.P[a=b].c", "p|properties.a"})
      must(lookup(r, path, arena).ok());
    if (i < 8) hold_policy(system, i);
  }
  for (const Edge& edge : system.edges)
    must(edge.from < system.resources.size() && edge.to < system.resources.size());
}

}  // namespace sealane::iac
