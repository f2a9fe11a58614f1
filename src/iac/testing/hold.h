// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "iac/read.h"

namespace sealane::iac {

// Ends the program when what a reading promises of every text does not hold: a value or an error;
// places inside the text, `past_end` columns behind a line's last character at most; edges and
// references between resources that are there; lookups and policy texts that end.
void hold(const Parsed<System>& parsed, std::string_view text, std::size_t past_end);

}  // namespace sealane::iac
