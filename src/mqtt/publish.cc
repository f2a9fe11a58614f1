// SPDX-License-Identifier: Apache-2.0
#include "mqtt/publish.h"

#include <algorithm>

#include "mqtt/wire_internal.h"

namespace sealane::mqtt {

bool PublishPacket::operator==(const PublishPacket& other) const {
  return topic == other.topic && std::ranges::equal(payload, other.payload) && qos == other.qos &&
         retain == other.retain && dup == other.dup && packet_id == other.packet_id;
}

Result<PublishPacket, DecodeError> decode_publish(std::uint8_t flags, ByteSpan bytes) {
  const unsigned qos = (flags >> 1) & 3U;
  if (qos == 3) return malformed("MQTT-3.3.1-4", "the QoS of a PUBLISH is 3");
  PublishPacket packet;
  packet.qos = static_cast<Qos>(qos);
  packet.dup = (flags & 8U) != 0;
  packet.retain = (flags & 1U) != 0;
  if (packet.dup && qos == 0) return malformed("MQTT-3.3.1-2", "DUP on a PUBLISH of QoS 0");

  ByteReader body(bytes);
  SEALANE_ASSIGN(packet.topic, read_text(body, "MQTT-3.3.2-1"));
  if (packet.topic.empty()) return malformed("MQTT-4.7.3-1", "the topic is empty");
  if (packet.topic.find_first_of("+#") != std::string_view::npos)
    return malformed("MQTT-3.3.2-2", "a topic name has a wildcard");
  if (qos != 0) {  // [MQTT-2.3.1-5]: QoS 0 has no packet id.
    SEALANE_ASSIGN(packet.packet_id, read_packet_id(body, "MQTT-2.3.1-1"));
  }
  packet.payload = body.rest();
  return packet;
}

Status encode(const PublishPacket& packet, Bytes& to) {
  const bool has_id = packet.qos != Qos::AtMostOnce;
  if (packet.topic.empty() || packet.topic.size() > kStringBytesMax)
    return fail(ErrorKind::Invalid, "a topic has 1 to 65,535 bytes");
  if (has_id != (packet.packet_id != 0))  // [MQTT-2.3.1-1] [MQTT-2.3.1-5]
    return fail(ErrorKind::Invalid, "a packet id belongs to QoS 1 and 2 and is not 0");
  if (packet.dup && !has_id) return fail(ErrorKind::Invalid, "DUP on a PUBLISH of QoS 0");
  const std::size_t head = 2 + packet.topic.size() + (has_id ? 2U : 0U);
  if (packet.payload.size() > kRemainingLengthMax - head)
    return fail(ErrorKind::Invalid, "the payload does not fit into one packet");

  const unsigned flags =
      (packet.dup ? 8U : 0U) | (static_cast<unsigned>(packet.qos) << 1) | (packet.retain ? 1U : 0U);
  PacketWriter writer(PacketType::Publish, static_cast<std::uint8_t>(flags),
                      head + packet.payload.size(), to);
  writer.prefixed(packet.topic);
  if (has_id) writer.be16(packet.packet_id);
  writer.raw(packet.payload);
  return {};
}

}  // namespace sealane::mqtt
