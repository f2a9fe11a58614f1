// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "check/rows.h"
#include "iac/system.h"

namespace sealane::check {

// Which resource a text, a reference or an edge means.
//
// Lifetime: the system outlives it.
class Names {
 public:
  explicit Names(const iac::System& system);

  // The resources that `from` names in a property, by edges and by what the property says.  An
  // empty list of types takes any.  Sorted, without `from` itself.
  std::vector<std::uint32_t> named_by(std::uint32_t from, std::string_view property,
                                      std::span<const std::string> types) const;
  // Those of `types` that name `to` in their property `by`.
  std::vector<std::uint32_t> naming(std::uint32_t to, std::string_view by,
                                    std::span<const std::string> types) const;
  // The resources that a value means: a reference, an ARN, a name, an address with a host name.
  std::vector<std::uint32_t> meant_by(const iac::Value& value,
                                      std::span<const std::string> types) const;
  const iac::Resource& at(std::uint32_t index) const { return system_->resources[index]; }

 private:
  void add(std::string text, std::uint32_t resource);
  std::vector<std::uint32_t> of_text(std::string_view text) const;

  using Linked = std::multimap<std::uint32_t, std::uint32_t>;  // whom by whom
  const Linked& links(std::string_view by, std::span<const std::string> types) const;

  const iac::System* system_;
  mutable std::map<std::string, Linked, std::less<>> links_;  // made when first asked for
  std::multimap<std::string, std::uint32_t, std::less<>> by_text_;
};

// A path without what picks elements: `origin[2].s3` is `origin.s3`.
std::string bare_path(std::string_view path);

}  // namespace sealane::check
