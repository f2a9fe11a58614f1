// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tls/connection.h"

namespace sealane::fronts {

// The log lines of a connection, the same for every front (docs/json.md).

// Writes `connection-open`.
void log_connection_open(const std::string& listener, const std::string& peer,
                         const tls::PeerFacts& facts);
// Writes `connection-refused`.
void log_connection_refused(const std::string& listener, const std::string& peer,
                            const tls::Refusal& refusal);

}  // namespace sealane::fronts
