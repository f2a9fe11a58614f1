// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "fronts/refusal_log.h"
#include "policy/evaluate.h"
#include "tls/connection.h"

namespace sealane::fronts {

// The log lines of a connection, the same for every front (docs/json.md).

// Writes `connection-open`.  `identity` is that of the certificate, or the registry's.
void log_connection_open(const std::string& listener, const std::string& peer,
                         const std::string& identity, const tls::PeerFacts& facts);
// Writes `connection-refused`, and keeps a record of it.  `thing`: whose the certificate is, when
// the registry knows it; empty: what the certificate says.
void log_connection_refused(const std::string& listener, const std::string& peer,
                            const tls::Refusal& refusal, Time now, RefusalLog& refusals,
                            const std::string& thing = {});

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
// Writes `request-denied`, and keeps a record of it.
void log_request_denied(const DeniedRequest& denied, Time now, RefusalLog& refusals);

}  // namespace sealane::fronts
