// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "mqtt/connect.h"

namespace sealane::mqtt {

// PUBLISH, MQTT 3.1.1 §3.3.  Topic and payload are views into the decoded input.
struct PublishPacket {
  std::string_view topic{};
  ByteSpan payload{};
  Qos qos = Qos::AtMostOnce;
  bool retain = false;
  bool dup = false;
  std::uint16_t packet_id = 0;  // 0 exactly when qos is AtMostOnce
  bool operator==(const PublishPacket& other) const;
};

// Appends the packet.
// Errors: Invalid – topic over 65,535 bytes or empty, packet over 268,435,455, or a packet id that
// does
//         not fit the QoS; nothing is appended then.
// Bounds: one growth of `to` at most.
Status encode(const PublishPacket& packet, Bytes& to);

}  // namespace sealane::mqtt
