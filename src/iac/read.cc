// SPDX-License-Identifier: Apache-2.0
#include "iac/read.h"

namespace sealane::iac {

std::optional<Format> recognise(std::string_view, std::string_view) { return std::nullopt; }

Parsed<System> read(std::span<const Input>, const Wanted&, const Parameters&, const Limits&) {
  return {};
}

}  // namespace sealane::iac
