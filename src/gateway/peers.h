// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/snapshot.h"
#include "tls/policy.h"

namespace sealane::gateway {

// Who may connect to a listener, as a snapshot has it.  Asked in the handshake of a connection, at
// each resumption, and again of what is open and of what may be resumed when the snapshot changes.
// Threads: pure.
using PeerRule = std::function<std::optional<tls::Refusal>(const NodeSnapshot&,
                                                           const crypto::CertificateFacts&)>;

// A device whose certificate the registry has and whose thing the hop's things file lists.  A
// certificate of the pipeline's CA names its thing itself; of another CA the registry alone says
// which thing it is.
PeerRule registered_devices(std::string pipeline);
// The nodes with one of these URIs.
PeerRule nodes_named(std::vector<std::string> uris);

// The same for a handshake, always by the present snapshot.
tls::PeerCheck check_by(const CurrentSnapshot& current, PeerRule rule);
tls::RevocationCheck revocation_by(const CurrentSnapshot& current);

// Why a connection that is open, or a session that may be resumed, must end under `snapshot`.  A
// revocation list that is too old ends nothing: it keeps new connections out.
std::optional<tls::Refusal> must_end(const NodeSnapshot& snapshot, const PeerRule& rule,
                                     const crypto::CertificateFacts& facts, Time now);

}  // namespace sealane::gateway
