// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sealane::iac {

// One step of a lookup's path.
struct PathStep {
  enum class Kind : std::uint8_t { Name, Every, Field, Index, Select, Json, Properties, Deep };
  Kind kind = Kind::Name;
  std::string name;  // Name, Deep; the field of Select
  std::string text;  // the wanted text of Select
  std::size_t index = 0;
};

// Errors: Invalid – with the place in the path.
Result<std::vector<PathStep>> parse_path(std::string_view path);

}  // namespace sealane::iac
