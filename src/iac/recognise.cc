// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "iac/json_cursor_internal.h"
#include "iac/read.h"
#include "iac/text_internal.h"

namespace sealane::iac {
namespace {

constexpr std::size_t kDepthMax = 256;
// Enough of a YAML text for its outermost keys; a template's sections come in any order.
constexpr std::size_t kYamlLinesMax = 100'000;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

// Whether the members of the object that comes next are resources of CloudFormation.
bool has_cloud_types(JsonCursor json) {
  if (!json.enter_object()) return false;
  std::string_view name;
  while (json.member(name)) {
    if (json.kind() != JsonCursor::Kind::Object || !json.enter_object()) return false;
    while (json.member(name)) {
      std::string type;
      if (name == "Type" && json.kind() == JsonCursor::Kind::Text)
        return json.text(type) && type.contains("::");
      if (!json.skip()) return false;
    }
  }
  return false;
}

std::optional<Format> recognise_json(std::string_view text) {
  JsonCursor json(text, kDepthMax);
  if (!json.enter_object()) return std::nullopt;
  bool versioned = false;
  bool runtime = false;
  bool terraform = false;
  std::string_view name;
  while (json.member(name)) {
    if (name == "format_version") versioned = true;
    if (versioned && is_one_of(name, {"planned_values", "resource_changes", "configuration",
                                      "prior_state", "resource_drift", "output_changes"}))
      return Format::TerraformPlan;
    if (versioned && name == "values") return Format::TerraformState;
    if (name == "AWSTemplateFormatVersion") return Format::CloudFormation;
    if (name == "Resources" && json.kind() == JsonCursor::Kind::Object && has_cloud_types(json))
      return Format::CloudFormation;
    if (name == "runtime") runtime = true;
    if (name == "resources" && runtime) return Format::PulumiYaml;
    if (is_one_of(name, {"resource", "provider"}) && json.kind() == JsonCursor::Kind::Object)
      terraform = true;
    if (!json.skip()) break;
  }
  // Also of a text that breaks off: the reader then says where.
  if (terraform) return Format::TerraformJson;
  if (versioned) return Format::TerraformPlan;
  return std::nullopt;
}

std::optional<Format> recognise_yaml(std::string_view text) {
  bool runtime = false;
  bool resources = false;
  for (std::size_t lines = 0; !text.empty() && lines < kYamlLinesMax; ++lines) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    auto begins = [&](std::string_view key) {
      return line.starts_with(key) && line.substr(key.size()).starts_with(':');
    };
    if (begins("AWSTemplateFormatVersion")) return Format::CloudFormation;
    if (begins("Resources")) resources = true;
    if (resources && line.contains("Type:") && line.contains("::")) return Format::CloudFormation;
    if (begins("runtime") && line.contains("yaml")) runtime = true;
    if (begins("runtime")) runtime = true;
    if (runtime && begins("resources")) return Format::PulumiYaml;
    if (begins("resources")) resources = true;
    if (resources && begins("runtime")) return Format::PulumiYaml;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Format> recognise(std::string_view bytes, std::string_view) {
  std::string owned;
  auto text = utf8_of(bytes, owned);
  if (!text.ok()) return std::nullopt;
  const std::size_t begin = text->find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return std::nullopt;
  if ((*text)[begin] == '{') {
    const auto format = recognise_json(*text);
    if (format) return format;
  }
  return recognise_yaml(*text);
}

}  // namespace sealane::iac
