// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/document.h"

namespace sealane::policy {

// An operator's name taken apart.
struct OperatorName {
  Operator op{};
  Quantifier quantifier = Quantifier::None;
  bool negated = false;
  bool if_exists = false;
  std::string canonical;  // as AWS spells it
};
// Errors: Invalid – no such operator.
Result<OperatorName> parse_operator(std::string_view text);

// Errors: Invalid – no `prefix:name`, or a name that a closed family of keys does not have.
Status check_key(std::string_view lower_key, DocumentKind kind);

}  // namespace sealane::policy
