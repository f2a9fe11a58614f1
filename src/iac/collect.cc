// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "base/bytes.h"
#include "iac/collect_internal.h"

namespace sealane::iac {

std::uint32_t Collector::begin_document(std::string name, std::string_view text) {
  const auto number = checked_cast<std::uint32_t>(system_.documents.size());
  Document& document = system_.documents.emplace_back();
  document.name = std::move(name);
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
    document.line_ends.push_back(checked_cast<std::uint32_t>(at));
  return number;
}

bool Collector::add(Resource resource) {
  if (system_.resources.size() >= limits_.resources_max)
    return error(resource.place, fmt::format("more than {} resources", limits_.resources_max));
  system_.resources.push_back(std::move(resource));
  return true;
}

bool Collector::error(Place place, std::string message, std::string hint) {
  report(Severity::Error, place, std::move(message), std::move(hint));
  return false;
}
void Collector::warn(Place place, std::string message, std::string hint) {
  report(Severity::Warning, place, std::move(message), std::move(hint));
}
void Collector::report(Severity severity, Place place, std::string message, std::string hint) {
  if (++(severity == Severity::Error ? errors_ : warnings_) > kDiagnosticsMax) return;
  system_.diagnostics.push_back(
      {severity, system_.at(place), one_line(std::move(message)), std::move(hint)});
}

Parsed<System> Collector::finish() {
  auto& resources = system_.resources;
  std::vector<std::uint32_t> order(resources.size());
  std::iota(order.begin(), order.end(), 0);
  auto key = [&](std::uint32_t i) {
    const Resource& r = resources[i];
    return std::tie(r.dialect, r.address, r.type, r.place.document, r.place.offset);
  };
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
  std::vector<std::uint32_t> place_of(resources.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) place_of[order[i]] = i;

  std::vector<Resource> sorted;
  sorted.reserve(resources.size());
  for (const std::uint32_t i : order) sorted.push_back(std::move(resources[i]));
  resources = std::move(sorted);
  for (Resource& resource : resources) {
    Value& properties = resource.properties;
    if (properties.map() == nullptr && properties.unknown() == nullptr)
      properties.data = Unknown{"the properties are no map", {}};
    each_reference(resource.properties, [&](Reference& reference) {
      if (reference.target < place_of.size()) reference.target = place_of[reference.target];
    });
  }
  for (Edge& edge : system_.edges) {
    edge.from = place_of[edge.from];
    edge.to = place_of[edge.to];
  }
  auto rank = [](const Edge& e) { return std::tie(e.from, e.property, e.to, e.attribute); };
  std::ranges::sort(system_.edges, [&](const Edge& a, const Edge& b) { return rank(a) < rank(b); });
  const auto twice = std::ranges::unique(
      system_.edges, [&](const Edge& a, const Edge& b) { return rank(a) == rank(b); });
  system_.edges.erase(twice.begin(), twice.end());
  system_.skipped.assign(skipped_.begin(), skipped_.end());

  Parsed<System> out;
  out.diagnostics = system_.diagnostics;
  if (errors_ == 0) out.value = std::move(system_);
  return out;
}

}  // namespace sealane::iac
