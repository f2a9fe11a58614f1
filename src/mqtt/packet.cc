// SPDX-License-Identifier: Apache-2.0
#include "mqtt/packet.h"

#include <array>
#include <type_traits>

#include "mqtt/wire_internal.h"

namespace sealane::mqtt {
namespace {

struct FixedHeader {
  PacketType type;
  std::uint8_t flags = 0;
  std::size_t body_at = 0;
  std::size_t remaining = 0;
};

// §2.2.3: one to four bytes, seven bits each, low bits first.
Result<FixedHeader, DecodeError> decode_fixed_header(ByteSpan input) {
  constexpr DecodeError kMore{DecodeErrorKind::NeedMore, "", "", 0};
  if (input.empty()) return kMore;
  const auto first = std::to_integer<std::uint8_t>(input[0]);
  FixedHeader header{static_cast<PacketType>(first >> 4), static_cast<std::uint8_t>(first & 15U), 0,
                     0};
  for (std::size_t i = 0; i < 4; ++i) {
    if (1 + i >= input.size()) return kMore;
    const auto byte = std::to_integer<std::uint8_t>(input[1 + i]);
    header.remaining |= static_cast<std::size_t>(byte & 0x7fU) << (7 * i);
    if ((byte & 0x80U) == 0) {
      header.body_at = 2 + i;
      return header;
    }
  }
  return malformed("§2.2.3", "the Remaining Length has a fifth byte");
}

// [MQTT-2.2.2-1] [MQTT-2.2.2-2]: the flags of each type but PUBLISH are fixed.
std::optional<DecodeError> flags_error(const FixedHeader& header) {
  switch (header.type) {
    case PacketType::Publish: return std::nullopt;
    case PacketType::Pubrel:
      if (header.flags != 2) return malformed("MQTT-3.6.1-1", "the flags of a PUBREL are not 2");
      return std::nullopt;
    case PacketType::Subscribe:
      if (header.flags != 2) return malformed("MQTT-3.8.1-1", "the flags of a SUBSCRIBE are not 2");
      return std::nullopt;
    case PacketType::Unsubscribe:
      if (header.flags != 2)
        return malformed("MQTT-3.10.1-1", "the flags of an UNSUBSCRIBE are not 2");
      return std::nullopt;
    case PacketType::Disconnect:
      if (header.flags != 0)
        return malformed("MQTT-3.14.1-1", "the flags of a DISCONNECT are not 0");
      return std::nullopt;
    default:
      if (header.flags != 0) return malformed("MQTT-2.2.2-2", "a reserved flag is set");
      return std::nullopt;
  }
}

template <class T>
Result<Packet, DecodeError> widen(Result<T, DecodeError> decoded) {
  if (!decoded.ok()) return std::move(decoded).error();
  return Packet(std::move(decoded).value());
}

template <class T>
Result<Packet, DecodeError> decode_id_packet(ByteSpan body, std::string_view clause) {
  SEALANE_ASSIGN(const std::uint16_t id, decode_ack(body, clause));
  return Packet(T{id});
}

template <class T>
Result<Packet, DecodeError> decode_empty(ByteSpan body) {
  if (!body.empty()) return malformed("§2.2.3", "a packet without a body has one");
  return Packet(T{});
}

Result<Packet, DecodeError> decode_body(const FixedHeader& header, ByteSpan body,
                                        const Limits& limits) {
  switch (header.type) {
    case PacketType::Publish: return widen(decode_publish(header.flags, body));
    case PacketType::Puback: return decode_id_packet<PubackPacket>(body, "MQTT-2.3.1-6");
    case PacketType::Connect: return widen(decode_connect(body));
    case PacketType::Connack: return widen(decode_connack(body));
    case PacketType::Pubrec: return decode_id_packet<PubrecPacket>(body, "MQTT-2.3.1-6");
    case PacketType::Pubrel: return decode_id_packet<PubrelPacket>(body, "MQTT-2.3.1-6");
    case PacketType::Pubcomp: return decode_id_packet<PubcompPacket>(body, "MQTT-2.3.1-6");
    case PacketType::Subscribe: return widen(decode_subscribe(body, limits));
    case PacketType::Suback: return widen(decode_suback(body, limits));
    case PacketType::Unsubscribe: return widen(decode_unsubscribe(body, limits));
    case PacketType::Unsuback: return decode_id_packet<UnsubackPacket>(body, "MQTT-2.3.1-7");
    case PacketType::Pingreq: return decode_empty<PingreqPacket>(body);
    case PacketType::Pingresp: return decode_empty<PingrespPacket>(body);
    case PacketType::Disconnect: return decode_empty<DisconnectPacket>(body);
  }
  return malformed("§2.2.1", "the packet type is reserved");
}

void encode_empty(PacketType type, Bytes& to) { PacketWriter(type, 0, 0, to); }

}  // namespace

std::string_view name_of(const Packet& packet) {
  static constexpr std::array<std::string_view, std::variant_size_v<Packet>> kNames{
      "PUBLISH",   "PUBACK", "CONNECT",     "CONNACK",  "PUBREC",  "PUBREL",   "PUBCOMP",
      "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT"};
  return kNames[packet.index()];
}

Result<DecodedPacket, DecodeError> decode_packet(ByteSpan input, const Limits& limits) {
  SEALANE_ASSIGN(const FixedHeader header, decode_fixed_header(input));
  const auto type = static_cast<unsigned>(header.type);
  if (type == 0 || type == 15) return malformed("§2.2.1", "the packet type is reserved");
  if (auto error = flags_error(header)) return *error;
  if (header.remaining > limits.packet_bytes_max)
    return DecodeError{DecodeErrorKind::TooLarge, "", "the packet exceeds its limit", 0};
  const std::size_t total = header.body_at + header.remaining;
  if (input.size() < total) return DecodeError{DecodeErrorKind::NeedMore, "", "", total};
  SEALANE_ASSIGN(Packet packet,
                 decode_body(header, input.subspan(header.body_at, header.remaining), limits));
  return DecodedPacket{std::move(packet), total};
}

void encode(const PingreqPacket&, Bytes& to) { encode_empty(PacketType::Pingreq, to); }
void encode(const PingrespPacket&, Bytes& to) { encode_empty(PacketType::Pingresp, to); }
void encode(const DisconnectPacket&, Bytes& to) { encode_empty(PacketType::Disconnect, to); }

Status encode(const Packet& packet, Bytes& to) {
  return std::visit(
      [&to](const auto& one) -> Status {
        if constexpr (std::is_void_v<decltype(encode(one, to))>) {
          encode(one, to);
          return {};
        } else {
          return encode(one, to);
        }
      },
      packet);
}

}  // namespace sealane::mqtt
