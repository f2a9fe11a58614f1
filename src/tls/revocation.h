// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "identity/revocation.h"
#include "tls/policy.h"

namespace sealane::tls {

// Judges by the lists that `current` gives at each handshake, so that a reloaded list holds for the
// next one, resumed or not.  Without lists, or for an issuer that is none of their authorities, the
// answer is Missing: nothing says that the certificate is not revoked.
// Threads: any that may call `current`.
RevocationCheck revocation_check(
    std::function<std::shared_ptr<const identity::RevocationLists>()> current);

}  // namespace sealane::tls
