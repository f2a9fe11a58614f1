// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace sealane::mqtt {

// The packets that are a packet id and nothing else: MQTT 3.1.1 §3.4-3.7 and §3.11.  The id is
// never 0.
struct PubackPacket {
  std::uint16_t packet_id = 0;
  bool operator==(const PubackPacket&) const = default;
};
struct PubrecPacket {
  std::uint16_t packet_id = 0;
  bool operator==(const PubrecPacket&) const = default;
};
struct PubrelPacket {
  std::uint16_t packet_id = 0;
  bool operator==(const PubrelPacket&) const = default;
};
struct PubcompPacket {
  std::uint16_t packet_id = 0;
  bool operator==(const PubcompPacket&) const = default;
};
struct UnsubackPacket {
  std::uint16_t packet_id = 0;
  bool operator==(const UnsubackPacket&) const = default;
};

void encode(const PubackPacket& packet, Bytes& to);
void encode(const PubrecPacket& packet, Bytes& to);
void encode(const PubrelPacket& packet, Bytes& to);
void encode(const PubcompPacket& packet, Bytes& to);
void encode(const UnsubackPacket& packet, Bytes& to);

}  // namespace sealane::mqtt
