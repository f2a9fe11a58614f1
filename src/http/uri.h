// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sealane::http {

// Percent-decodes; `+` stays a plus sign.
// Errors: Invalid – `%` without two hex digits, a control character or a byte over 0x7f in the raw
//         text, or a decoded NUL or text that is not UTF-8.
Result<std::string> percent_decode(std::string_view text);
// Everything but letters, digits and `-._~` becomes %XX; `/` stays when `keep` says so.
enum class Slash : unsigned char { Keep, Encode };
std::string percent_encode(std::string_view text, Slash keep);

// One `name=value` of a query, decoded; `value` is empty without `=`.
struct QueryParameter {
  std::string name{};
  std::string value{};
  bool operator==(const QueryParameter&) const = default;
};

// A target in origin form, split; the path still encoded.
struct SplitTarget {
  std::string_view path{};
  std::vector<QueryParameter> query{};
};
// Errors: Invalid – not in origin form, a fragment, a bad escape, a repeated name, over 32
// parameters. A `+` in a query is a space only in HTML forms, and stays a plus sign.
Result<SplitTarget> split_target(std::string_view target);

}  // namespace sealane::http
