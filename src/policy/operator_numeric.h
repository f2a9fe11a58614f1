// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <optional>
#include <string_view>

namespace sealane::policy {

// An exact decimal; views into the text it was read from.
struct Decimal {
  bool negative = false;
  std::string_view whole;     // without leading zeros
  std::string_view fraction;  // without trailing zeros
};

// `-?digits(.digits)?`; no exponent, no blanks, no sign `+`.
std::optional<Decimal> parse_decimal(std::string_view text);
std::strong_ordering compare(const Decimal& a, const Decimal& b);

}  // namespace sealane::policy
