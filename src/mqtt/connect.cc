// SPDX-License-Identifier: Apache-2.0
#include "mqtt/connect.h"

#include <algorithm>

#include "mqtt/wire_internal.h"

namespace sealane::mqtt {
namespace {

constexpr std::uint8_t kReserved = 0x01;
constexpr std::uint8_t kCleanSession = 0x02;
constexpr std::uint8_t kWill = 0x04;
constexpr std::uint8_t kWillQosShift = 3;
constexpr std::uint8_t kWillRetain = 0x20;
constexpr std::uint8_t kPassword = 0x40;
constexpr std::uint8_t kUserName = 0x80;

std::optional<DecodeError> flags_error(std::uint8_t flags) {
  if (flags & kReserved) return malformed("MQTT-3.1.2-3", "the reserved connect flag is set");
  const unsigned will_qos = (flags >> kWillQosShift) & 3U;
  if (!(flags & kWill)) {
    if (will_qos != 0) return malformed("MQTT-3.1.2-13", "a will QoS without a will");
    if (flags & kWillRetain) return malformed("MQTT-3.1.2-15", "will retain without a will");
  } else if (will_qos == 3) {
    return malformed("MQTT-3.1.2-14", "the will QoS is 3");
  }
  if ((flags & kPassword) && !(flags & kUserName))
    return malformed("MQTT-3.1.2-22", "a password without a user name");
  return std::nullopt;
}

Result<Will, DecodeError> read_will(ByteReader& body, std::uint8_t flags) {
  Will will;
  SEALANE_ASSIGN(will.topic, read_text(body, "MQTT-3.1.3-10"));
  SEALANE_ASSIGN(will.payload, read_binary(body, "MQTT-3.1.2-9"));
  will.qos = static_cast<Qos>((flags >> kWillQosShift) & 3U);
  will.retain = (flags & kWillRetain) != 0;
  return will;
}

bool fits(std::size_t size) { return size <= kStringBytesMax; }

}  // namespace

bool Will::operator==(const Will& other) const {
  return topic == other.topic && std::ranges::equal(payload, other.payload) && qos == other.qos &&
         retain == other.retain;
}

bool ConnectPacket::operator==(const ConnectPacket& other) const {
  const bool same_password =
      password.has_value() == other.password.has_value() &&
      (!password.has_value() || std::ranges::equal(*password, *other.password));
  return protocol_level == other.protocol_level && clean_session == other.clean_session &&
         keep_alive_s == other.keep_alive_s && client_id == other.client_id && will == other.will &&
         user_name == other.user_name && same_password;
}

Result<ConnectPacket, DecodeError> decode_connect(ByteSpan bytes) {
  ByteReader body(bytes);
  // [MQTT-3.1.2-1]: "MQTT"; the name of 3.1 is an older level rather than another protocol.
  SEALANE_ASSIGN(const std::string_view name, read_text(body, "MQTT-3.1.2-1"));
  if (name != "MQTT" && name != "MQIsdp")
    return malformed("MQTT-3.1.2-1", "the protocol name is not MQTT");
  const auto level = body.be<std::uint8_t>();
  if (!level) return malformed("MQTT-3.1.2-2", "the protocol level is missing");
  if (*level != 4 || name != "MQTT")
    return DecodeError{DecodeErrorKind::Unsupported, "MQTT-3.1.2-2",
                       "the protocol level is not that of MQTT 3.1.1", 0};
  const auto flags = body.be<std::uint8_t>();
  if (!flags) return malformed("MQTT-3.1.2-3", "the connect flags are missing");
  if (auto error = flags_error(*flags)) return *error;
  const auto keep_alive = body.be<std::uint16_t>();
  if (!keep_alive) return malformed("MQTT-3.1.2-24", "the keep alive is missing");

  ConnectPacket packet;
  packet.clean_session = (*flags & kCleanSession) != 0;
  packet.keep_alive_s = *keep_alive;
  // [MQTT-3.1.3-1]: client id, will topic, will message, user name, password, in this order.
  SEALANE_ASSIGN(packet.client_id, read_text(body, "MQTT-3.1.3-3"));
  if (*flags & kWill) {
    SEALANE_ASSIGN(packet.will, read_will(body, *flags));
  }
  if (*flags & kUserName) {  // [MQTT-3.1.2-19]
    SEALANE_ASSIGN(packet.user_name, read_text(body, "MQTT-3.1.3-11"));
  }
  if (*flags & kPassword) {
    SEALANE_ASSIGN(packet.password, read_binary(body, "MQTT-3.1.2-21"));
  }
  if (!body.empty()) return malformed("MQTT-3.1.3-1", "bytes after the last field");
  return packet;
}

Status encode(const ConnectPacket& packet, Bytes& to) {
  if (packet.password && !packet.user_name)  // [MQTT-3.1.2-22]
    return fail(ErrorKind::Invalid, "a password needs a user name");
  std::size_t remaining = 10 + 2 + packet.client_id.size();
  bool all_fit = fits(packet.client_id.size());
  std::uint8_t flags = packet.clean_session ? kCleanSession : 0;
  if (packet.will) {
    all_fit = all_fit && fits(packet.will->topic.size()) && fits(packet.will->payload.size());
    remaining += 4 + packet.will->topic.size() + packet.will->payload.size();
    const unsigned will_bits = kWill | (static_cast<unsigned>(packet.will->qos) << kWillQosShift) |
                               (packet.will->retain ? kWillRetain : 0U);
    flags = static_cast<std::uint8_t>(flags | will_bits);
  }
  if (packet.user_name) {
    all_fit = all_fit && fits(packet.user_name->size());
    remaining += 2 + packet.user_name->size();
    flags |= kUserName;
  }
  if (packet.password) {
    all_fit = all_fit && fits(packet.password->size());
    remaining += 2 + packet.password->size();
    flags |= kPassword;
  }
  if (!all_fit) return fail(ErrorKind::Invalid, "a field of a CONNECT is over 65,535 bytes");

  PacketWriter writer(PacketType::Connect, 0, remaining, to);
  writer.prefixed(std::string_view("MQTT"));
  writer.byte(packet.protocol_level);
  writer.byte(flags);
  writer.be16(packet.keep_alive_s);
  writer.prefixed(packet.client_id);
  if (packet.will) {
    writer.prefixed(packet.will->topic);
    writer.prefixed(packet.will->payload);
  }
  if (packet.user_name) writer.prefixed(*packet.user_name);
  if (packet.password) writer.prefixed(*packet.password);
  return {};
}

}  // namespace sealane::mqtt
