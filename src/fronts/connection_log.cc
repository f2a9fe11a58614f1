// SPDX-License-Identifier: Apache-2.0
#include "fronts/connection_log.h"

#include "base/log.h"

namespace sealane::fronts {

void log_connection_open(const std::string& listener, const std::string& peer,
                         const tls::PeerFacts& facts) {
  log::write(log::Level::Info, "connection-open",
             {{"listener", listener},
              {"peer", peer},
              {"identity", facts.identity},
              {"tls", facts.version},
              {"group", facts.group},
              {"suite", facts.suite},
              {"resumed", facts.resumed}});
}

void log_connection_refused(const std::string& listener, const std::string& peer,
                            const tls::Refusal& refusal) {
  log::write(log::Level::Warning, "connection-refused",
             {{"listener", listener},
              {"peer", peer},
              {"bytes", refusal.bytes},
              {"reason", std::string(tls::to_string(refusal.reason))},
              {"detail", refusal.detail}});
}

}  // namespace sealane::fronts
