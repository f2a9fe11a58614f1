// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "identity/revocation.h"

namespace sealane::identity {

// Whether `next` may take the place of `current`: an older list of the same CA certificate would
// let in again what a newer one has revoked.
//
// Source: RFC 5280 §5.2.3: the number of a CA's lists rises, so of two the higher is the newer.
//         Without a number on both sides thisUpdate decides.
// Errors: Conflict – a list is older than the one in use; names the file and both numbers.
Status check_not_older(const RevocationLists& current, const RevocationLists& next);

}  // namespace sealane::identity
