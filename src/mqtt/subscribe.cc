// SPDX-License-Identifier: Apache-2.0
#include "mqtt/subscribe.h"

#include "mqtt/wire_internal.h"

namespace sealane::mqtt {
namespace {

constexpr DecodeError kTooManyFilters{DecodeErrorKind::TooLarge, "",
                                      "too many filters in one packet", 0};

Result<std::string_view, DecodeError> read_filter(ByteReader& body, std::string_view clause) {
  SEALANE_ASSIGN(const std::string_view filter, read_text(body, clause));
  if (filter.empty()) return malformed("MQTT-4.7.3-1", "a topic filter is empty");
  return filter;
}

Error bad_list() {
  return fail(ErrorKind::Invalid, "a packet id of 0, an empty list or an oversized filter");
}

}  // namespace

Result<SubscribePacket, DecodeError> decode_subscribe(ByteSpan bytes, const Limits& limits) {
  ByteReader body(bytes);
  SubscribePacket packet;
  SEALANE_ASSIGN(packet.packet_id, read_packet_id(body, "MQTT-2.3.1-1"));
  while (!body.empty()) {
    if (packet.subscriptions.size() == limits.filters_per_packet_max) return kTooManyFilters;
    SEALANE_ASSIGN(const std::string_view filter, read_filter(body, "MQTT-3.8.3-1"));
    const auto options = body.be<std::uint8_t>();
    if (!options || *options > 2)
      return malformed("MQTT-3.8.3-4", "the requested QoS is missing, 3, or has reserved bits");
    packet.subscriptions.push_back({filter, static_cast<Qos>(*options)});
  }
  if (packet.subscriptions.empty()) return malformed("MQTT-3.8.3-3", "a SUBSCRIBE without filters");
  return packet;
}

Result<UnsubscribePacket, DecodeError> decode_unsubscribe(ByteSpan bytes, const Limits& limits) {
  ByteReader body(bytes);
  UnsubscribePacket packet;
  SEALANE_ASSIGN(packet.packet_id, read_packet_id(body, "MQTT-2.3.1-1"));
  while (!body.empty()) {
    if (packet.filters.size() == limits.filters_per_packet_max) return kTooManyFilters;
    SEALANE_ASSIGN(const std::string_view filter, read_filter(body, "MQTT-3.10.3-1"));
    packet.filters.push_back(filter);
  }
  if (packet.filters.empty()) return malformed("MQTT-3.10.3-2", "an UNSUBSCRIBE without filters");
  return packet;
}

Result<SubackPacket, DecodeError> decode_suback(ByteSpan bytes, const Limits& limits) {
  ByteReader body(bytes);
  SubackPacket packet;
  SEALANE_ASSIGN(packet.packet_id, read_packet_id(body, "MQTT-2.3.1-7"));
  if (body.empty()) return malformed("MQTT-3.8.4-5", "a SUBACK without return codes");
  if (body.left() > limits.filters_per_packet_max) return kTooManyFilters;
  for (const std::byte code : body.rest()) {
    const auto value = std::to_integer<std::uint8_t>(code);
    if (value > 2 && value != 0x80)
      return malformed("MQTT-3.9.3-2", "a return code of a SUBACK is reserved");
    packet.codes.push_back(static_cast<SubscribeCode>(value));
  }
  return packet;
}

Status encode(const SubscribePacket& packet, Bytes& to) {
  std::size_t remaining = 2;
  for (const Subscription& line : packet.subscriptions) {
    if (line.filter.empty() || line.filter.size() > kStringBytesMax) return bad_list();
    remaining += 3 + line.filter.size();
  }
  if (packet.packet_id == 0 || packet.subscriptions.empty() || remaining > kRemainingLengthMax)
    return bad_list();
  PacketWriter writer(PacketType::Subscribe, 2, remaining, to);  // [MQTT-3.8.1-1]
  writer.be16(packet.packet_id);
  for (const Subscription& line : packet.subscriptions) {
    writer.prefixed(line.filter);
    writer.byte(static_cast<std::uint8_t>(line.qos));
  }
  return {};
}

Status encode(const UnsubscribePacket& packet, Bytes& to) {
  std::size_t remaining = 2;
  for (const std::string_view filter : packet.filters) {
    if (filter.empty() || filter.size() > kStringBytesMax) return bad_list();
    remaining += 2 + filter.size();
  }
  if (packet.packet_id == 0 || packet.filters.empty() || remaining > kRemainingLengthMax)
    return bad_list();
  PacketWriter writer(PacketType::Unsubscribe, 2, remaining, to);  // [MQTT-3.10.1-1]
  writer.be16(packet.packet_id);
  for (const std::string_view filter : packet.filters) writer.prefixed(filter);
  return {};
}

Status encode(const SubackPacket& packet, Bytes& to) {
  const std::size_t remaining = 2 + packet.codes.size();
  if (packet.packet_id == 0 || packet.codes.empty() || remaining > kRemainingLengthMax)
    return bad_list();
  PacketWriter writer(PacketType::Suback, 0, remaining, to);
  writer.be16(packet.packet_id);
  for (const SubscribeCode code : packet.codes) writer.byte(static_cast<std::uint8_t>(code));
  return {};
}

}  // namespace sealane::mqtt
