// SPDX-License-Identifier: Apache-2.0
#include "policy/operator_numeric.h"

#include <algorithm>

namespace sealane::policy {
namespace {

constexpr std::size_t kDecimalMax = 128;

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
  if (text.size() > kDecimalMax) return std::nullopt;
  Decimal out;
  if (text.starts_with('-')) {
    out.negative = true;
    text.remove_prefix(1);
  }
  const std::size_t dot = text.find('.');
  out.whole = text.substr(0, dot);
  if (!is_digits(out.whole)) return std::nullopt;
  if (dot != std::string_view::npos) {
    out.fraction = text.substr(dot + 1);
    if (!is_digits(out.fraction)) return std::nullopt;
  }
  while (out.whole.starts_with('0')) out.whole.remove_prefix(1);
  while (out.fraction.ends_with('0')) out.fraction.remove_suffix(1);
  if (out.whole.empty() && out.fraction.empty()) out.negative = false;  // -0 is 0
  return out;
}

std::strong_ordering compare(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative)
    return a.negative ? std::strong_ordering::less : std::strong_ordering::greater;
  auto magnitude = a.whole.size() <=> b.whole.size();
  if (magnitude == 0) magnitude = a.whole.compare(b.whole) <=> 0;
  // Digits behind the point compare as text: a prefix is the smaller number.
  if (magnitude == 0) magnitude = a.fraction.compare(b.fraction) <=> 0;
  return a.negative ? 0 <=> magnitude : magnitude;
}

}  // namespace sealane::policy
