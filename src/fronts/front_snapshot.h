// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "fronts/policy_snapshot.h"
#include "identity/registry.h"
#include "tls/policy.h"

namespace sealane::fronts {

// What a front decides by, of one generation of the node.
// Threads: immutable.
struct FrontSnapshot {
  std::shared_ptr<const PolicySnapshot> policies;
  // Which device a certificate is; null for fronts of nodes.
  std::shared_ptr<const identity::RegistrySnapshot> registry{};
  // Why an open connection with this certificate must end; nothing: it stays.  Optional.
  std::function<std::optional<tls::Refusal>(const crypto::CertificateFacts&, Time)> ended{};
};

}  // namespace sealane::fronts
