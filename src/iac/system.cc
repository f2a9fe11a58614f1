// SPDX-License-Identifier: Apache-2.0
#include "iac/system.h"

#include <algorithm>

#include "base/bytes.h"

namespace sealane::iac {

std::string_view to_string(Dialect dialect) {
  switch (dialect) {
    case Dialect::Terraform: return "terraform";
    case Dialect::CloudFormation: return "cloudformation";
    case Dialect::Pulumi: return "pulumi";
    case Dialect::Arm: return "arm";
    case Dialect::Kubernetes: return "kubernetes";
  }
  return "terraform";
}

std::string_view to_string(Format format) {
  switch (format) {
    case Format::TerraformPlan: return "terraform-plan";
    case Format::TerraformState: return "terraform-state";
    case Format::TerraformJson: return "terraform-json";
    case Format::CloudFormation: return "cloudformation";
    case Format::PulumiYaml: return "pulumi-yaml";
  }
  return "terraform-plan";
}

SourceSpan Document::at(std::uint32_t offset) const {
  const auto next = std::ranges::lower_bound(line_ends, offset);
  const auto line = static_cast<std::size_t>(next - line_ends.begin());
  const std::uint32_t start = line == 0 ? 0 : line_ends[line - 1] + 1;
  return {name, checked_cast<std::uint32_t>(line + 1), offset - start + 1};
}

SourceSpan System::at(Place place) const {
  if (place.document >= documents.size()) return {};
  return documents[place.document].at(place.offset);
}

std::span<const Edge> System::edges_of(std::uint32_t resource) const {
  const auto range = std::ranges::equal_range(edges, resource, {}, &Edge::from);
  return {range.begin(), range.end()};
}

}  // namespace sealane::iac
