// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "mqtt/ack.h"
#include "mqtt/connack.h"
#include "mqtt/connect.h"
#include "mqtt/decode_error.h"
#include "mqtt/limits.h"
#include "mqtt/publish.h"
#include "mqtt/subscribe.h"

namespace sealane::mqtt {

// MQTT 3.1.1 §3.12, §3.13, §3.14: a fixed header and nothing else.
struct PingreqPacket {
  bool operator==(const PingreqPacket&) const = default;
};
struct PingrespPacket {
  bool operator==(const PingrespPacket&) const = default;
};
struct DisconnectPacket {
  bool operator==(const DisconnectPacket&) const = default;
};

// Every control packet of either side.
using Packet =
    std::variant<PublishPacket, PubackPacket, ConnectPacket, ConnackPacket, PubrecPacket,
                 PubrelPacket, PubcompPacket, SubscribePacket, SubackPacket, UnsubscribePacket,
                 UnsubackPacket, PingreqPacket, PingrespPacket, DisconnectPacket>;

// `PUBLISH`, `CONNECT`, …
std::string_view name_of(const Packet& packet);

struct DecodedPacket {
  Packet packet;
  std::size_t bytes = 0;  // taken from the front of the input
};

// Reads one MQTT control packet from the front of a byte stream.
//
// Source:   OASIS MQTT 3.1.1 §2, §3 (clauses covered: docs/conformance/mqtt311.md).
// Input:    bytes as received; may hold less or more than one packet.
// Result:   the packet and the number of bytes it took.  Texts and payloads are views into `input`.
// Errors:   DecodeError; what to do for each kind is at DecodeErrorKind.
// Bounds:   O(packet) time; allocates for SUBSCRIBE, UNSUBSCRIBE and SUBACK only, after the size
//           check, at most limits.filters_per_packet_max entries.
// Threads:  pure.
Result<DecodedPacket, DecodeError> decode_packet(ByteSpan input, const Limits& limits);

void encode(const PingreqPacket& packet, Bytes& to);
void encode(const PingrespPacket& packet, Bytes& to);
void encode(const DisconnectPacket& packet, Bytes& to);
// Appends whichever packet it is.  Errors: as the packet's own encoder.
Status encode(const Packet& packet, Bytes& to);

}  // namespace sealane::mqtt
