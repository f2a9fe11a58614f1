// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "fronts/request_context.h"
#include "policy/evaluate.h"

namespace sealane::fronts {

// The policies of a front, compiled, with the set of keys that a connection never changes.
// Threads: immutable.
struct PolicySnapshot {
  explicit PolicySnapshot(policy::CompiledPolicies compiled)
      : policies(std::move(compiled)), constant_keys(fronts::constant_keys(policies)) {}
  policy::CompiledPolicies policies;
  policy::KeySet constant_keys;
};

}  // namespace sealane::fronts
