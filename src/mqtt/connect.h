// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sealane::mqtt {

enum class Qos : std::uint8_t { AtMostOnce = 0, AtLeastOnce = 1, ExactlyOnce = 2 };

// What the server publishes for a client that goes without DISCONNECT.
struct Will {
  std::string_view topic{};
  ByteSpan payload{};
  Qos qos = Qos::AtMostOnce;
  bool retain = false;
  bool operator==(const Will& other) const;
};

// CONNECT, MQTT 3.1.1 §3.1.  Texts and bytes are views into the decoded input.
struct ConnectPacket {
  std::uint8_t protocol_level = 4;
  bool clean_session = true;
  std::uint16_t keep_alive_s = 0;
  std::string_view client_id{};
  std::optional<Will> will{};
  std::optional<std::string_view> user_name{};
  std::optional<ByteSpan> password{};
  bool operator==(const ConnectPacket& other) const;
};

// Appends the packet.  Errors: Invalid – a field is longer than its length field can say, or a
// password without a user name; nothing is appended then.
Status encode(const ConnectPacket& packet, Bytes& to);

}  // namespace sealane::mqtt
