// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "fronts/denial_budget.h"
#include "fronts/refusal_log.h"
#include "policy/evaluate.h"
#include "tls/connection.h"

namespace sealane::fronts {

// The log lines of a connection, the same for every front (docs/json.md).

// Writes `connection-open`.  `identity` is that of the certificate, or the registry's.
void log_connection_open(const std::string& listener, const std::string& peer,
                         const std::string& identity, const tls::PeerFacts& facts);
// Who a peer is, beyond what its certificate says.
struct KnownPeer {
  std::string thing;     // whose the certificate is, when the registry knows it
  bool foreign = false;  // somebody else's CA issued it: what names it has proves nothing here
};
// Writes `connection-refused`, and keeps a record of it.
void log_connection_refused(const std::string& listener, const std::string& peer,
                            const tls::Refusal& refusal, Time now, RefusalLog& refusals,
                            const KnownPeer& known = {});

// A request that policy denied.
struct DeniedRequest {
  const std::string& listener;
  const std::string& peer;
  const std::string& identity;
  std::string name;  // of the thing or node
  std::string action;
  std::string resource;
  const policy::CompiledPolicies& policies;
  const policy::Decision& decision;
};
// Keeps a record of it and, within the connection's budget, writes `request-denied`; before it
// `requests-denied-unlogged` when the budget had been used up.
void log_request_denied(const DeniedRequest& denied, Time now, RefusalLog& refusals,
                        DenialBudget& budget);
// At the end of a connection: writes `requests-denied-unlogged` when it has such.
void log_denied_unlogged(const std::string& listener, const std::string& peer,
                         const std::string& identity, const DenialBudget& budget);

}  // namespace sealane::fronts
