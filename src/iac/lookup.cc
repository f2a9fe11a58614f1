// SPDX-License-Identifier: Apache-2.0
#include "iac/lookup.h"

namespace sealane::iac {

Result<std::vector<Setting>> lookup(const Resource&, std::string_view, Arena&) {
  return fail(ErrorKind::Unsupported, "not yet");
}

}  // namespace sealane::iac
