// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace sealane::policy {

// data/catalogue/aws.txt as it was when the program was built.
std::string_view shipped_catalogue_text();

}  // namespace sealane::policy
