// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace sealane::mqtt {

// Takes the first level of a topic or filter off `rest`, which is nothing after the last level.
inline std::string_view take_level(std::optional<std::string_view>& rest) {
  const std::string_view all = rest.value_or(std::string_view());
  const std::size_t slash = all.find('/');
  if (slash == std::string_view::npos) {
    rest.reset();
    return all;
  }
  rest = all.substr(slash + 1);
  return all.substr(0, slash);
}

}  // namespace sealane::mqtt
