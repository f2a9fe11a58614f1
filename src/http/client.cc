// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include "http/ascii_internal.h"

namespace sealane::http {

std::optional<std::string_view> Response::header(std::string_view name) const {
  for (const OwnedHeader& header : headers)
    if (equal_ignoring_case(header.name, name)) return header.value;
  return std::nullopt;
}

}  // namespace sealane::http
