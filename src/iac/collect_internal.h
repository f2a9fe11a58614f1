// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "iac/read.h"
#include "iac/system.h"

namespace sealane::iac {

constexpr std::size_t kDiagnosticsMax = 200;

// What the readers fill, one document after the other.  Resources are numbered as they come;
// `finish` puts them in the system's order and changes every number with them.
class Collector {
 public:
  Collector(const Wanted& wanted, const Parameters& parameters, const Limits& limits)
      : wanted_(wanted), parameters_(parameters), limits_(limits) {}

  const Limits& limits() const { return limits_; }
  const Parameters& parameters() const { return parameters_; }
  System& built() { return system_; }
  bool wants(std::string_view type) const { return !wanted_ || wanted_(type); }

  // Begins a document, of which no format is known yet; `text` is UTF-8.
  std::uint32_t begin_document(std::string name, std::string_view text);
  Document& document(std::uint32_t number) { return system_.documents[number]; }

  // False, with an error at `place`, when there are too many.
  bool add(Resource resource);
  void skip(std::string_view type) { ++skipped_[std::string(type)]; }
  void add_edge(Edge edge) { system_.edges.push_back(std::move(edge)); }

  // Always false, so that a reader can end with it.
  bool error(Place place, std::string message, std::string hint = {});
  void warn(Place place, std::string message, std::string hint = {});
  bool has_error() const { return errors_ > 0; }

  Parsed<System> finish();

 private:
  void report(Severity severity, Place place, std::string message, std::string hint);

  const Wanted& wanted_;
  const Parameters& parameters_;
  const Limits& limits_;
  System system_;
  std::map<std::string, std::uint32_t, std::less<>> skipped_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

// Calls `visit` with every reference in a value.
template <class Visit>
void each_reference(Value& value, Visit&& visit) {
  if (auto* list = std::get_if<Value::List>(&value.data)) {
    for (Value& item : *list) each_reference(item, visit);
  } else if (auto* map = std::get_if<Value::Map>(&value.data)) {
    for (Field& field : *map) each_reference(field.value, visit);
  } else if (auto* unknown = std::get_if<Unknown>(&value.data)) {
    for (Reference& reference : unknown->references) visit(reference);
  } else if (auto* text = std::get_if<Template>(&value.data)) {
    for (Part& part : text->parts)
      if (!part.reference.resource.empty()) visit(part.reference);
  }
}

}  // namespace sealane::iac
