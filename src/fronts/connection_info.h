// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "tls/connection.h"

namespace sealane::fronts {

// An open connection, for `connections` of the admin socket.
struct ConnectionInfo {
  std::string identity;
  std::string thing;      // empty for nodes
  std::string client_id;  // empty before CONNECT, and for nodes
  std::string peer;
  std::string version;
  std::string group;
  std::string suite;
  bool resumed = false;
  Time since{};

  static ConnectionInfo of(const tls::PeerFacts& facts, const std::string& peer, Time since) {
    ConnectionInfo info;
    info.identity = facts.identity;
    info.peer = peer;
    info.version = facts.version;
    info.group = facts.group;
    info.suite = facts.suite;
    info.resumed = facts.resumed;
    info.since = since;
    return info;
  }
};

}  // namespace sealane::fronts
