// SPDX-License-Identifier: Apache-2.0
#include "mqtt/ack.h"

#include <array>

#include "mqtt/wire_internal.h"

namespace sealane::mqtt {
namespace {

void encode_ack(PacketType type, std::uint8_t flags, std::uint16_t packet_id, Bytes& to) {
  const std::array<std::byte, 4> packet{
      static_cast<std::byte>((static_cast<unsigned>(type) << 4) | flags), std::byte{2},
      static_cast<std::byte>(packet_id >> 8), static_cast<std::byte>(packet_id & 0xff)};
  append(to, packet);
}

}  // namespace

Result<std::uint16_t, DecodeError> decode_ack(ByteSpan bytes, std::string_view clause) {
  ByteReader body(bytes);
  SEALANE_ASSIGN(const std::uint16_t id, read_packet_id(body, clause));
  if (!body.empty()) return malformed("§3.4", "bytes after the packet id");
  return id;
}

void encode(const PubackPacket& packet, Bytes& to) {
  encode_ack(PacketType::Puback, 0, packet.packet_id, to);
}
void encode(const PubrecPacket& packet, Bytes& to) {
  encode_ack(PacketType::Pubrec, 0, packet.packet_id, to);
}
void encode(const PubrelPacket& packet, Bytes& to) {
  encode_ack(PacketType::Pubrel, 2, packet.packet_id, to);  // [MQTT-3.6.1-1]
}
void encode(const PubcompPacket& packet, Bytes& to) {
  encode_ack(PacketType::Pubcomp, 0, packet.packet_id, to);
}
void encode(const UnsubackPacket& packet, Bytes& to) {
  encode_ack(PacketType::Unsuback, 0, packet.packet_id, to);
}

}  // namespace sealane::mqtt
