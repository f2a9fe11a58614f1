// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace sealane::cli {

// What `diff -u` prints of two texts, as one hunk from the first line that differs to the last;
// empty when they are alike.  `patch` takes it.
std::string unified_diff(std::string_view before, std::string_view after, std::string_view name);

}  // namespace sealane::cli
