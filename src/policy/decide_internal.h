// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/document.h"
#include "policy/request.h"

namespace sealane::policy {

// Which kinds of documents bind a request; what is not bound is as if it were not there.
struct Standing {
  PrincipalKind kind{};
  std::uint32_t kinds = 0;

  void set(DocumentKind document, bool bound) {
    const std::uint32_t bit = 1u << static_cast<unsigned>(document);
    kinds = bound ? kinds | bit : kinds & ~bit;
  }
  bool is_bound_by(DocumentKind document) const {
    return ((kinds >> static_cast<unsigned>(document)) & 1) != 0;
  }
};
Standing standing_of(const Request& request, std::string_view lower_action);

}  // namespace sealane::policy
