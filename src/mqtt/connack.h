// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace sealane::mqtt {

// MQTT 3.1.1 §3.2.2.3.
enum class ConnectCode : std::uint8_t {
  Accepted = 0,
  UnacceptableProtocolLevel = 1,
  IdentifierRejected = 2,
  ServerUnavailable = 3,
  BadUserNameOrPassword = 4,
  NotAuthorized = 5,
};

std::string_view to_string(ConnectCode code);

// CONNACK, MQTT 3.1.1 §3.2.
struct ConnackPacket {
  bool session_present = false;
  ConnectCode code = ConnectCode::Accepted;
  bool operator==(const ConnackPacket&) const = default;
};

void encode(const ConnackPacket& packet, Bytes& to);

}  // namespace sealane::mqtt
