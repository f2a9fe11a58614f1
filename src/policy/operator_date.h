// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace sealane::policy {

// Source:  the W3C note on date and time formats: `2026` is not taken as a year but, as every bare
//          integer, as seconds since 1970; `2026-01`, `2026-01-31`, and those with
//          `Thh:mm[:ss[.ffffff]]` and `Z` or an offset.
std::optional<Time> parse_date(std::string_view text);

}  // namespace sealane::policy
