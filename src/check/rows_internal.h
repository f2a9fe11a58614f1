// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "check/rows.h"

namespace sealane::check {

// The texts of data/services, made by the build.
std::vector<Rows::Text> shipped_texts();

}  // namespace sealane::check
