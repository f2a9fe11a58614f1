// SPDX-License-Identifier: Apache-2.0
#include "keys/keyring.h"

namespace sealane::keys {

std::string_view to_string(EpochState state) {
  return state == EpochState::Active ? "active" : "read-only";
}

}  // namespace sealane::keys
