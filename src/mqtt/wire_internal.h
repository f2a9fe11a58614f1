// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "mqtt/decode_error.h"
#include "mqtt/limits.h"
#include "mqtt/packet.h"

namespace sealane::mqtt {

// MQTT 3.1.1 §2.2.1.
enum class PacketType : std::uint8_t {
  Connect = 1,
  Connack,
  Publish,
  Puback,
  Pubrec,
  Pubrel,
  Pubcomp,
  Subscribe,
  Suback,
  Unsubscribe,
  Unsuback,
  Pingreq,
  Pingresp,
  Disconnect,
};

inline constexpr std::uint32_t kRemainingLengthMax = 268'435'455;
inline constexpr std::size_t kStringBytesMax = 65'535;

inline DecodeError malformed(std::string_view clause, std::string_view message) {
  return {DecodeErrorKind::Malformed, clause, message, 0};
}

// Reads a UTF-8 string field.  `clause` is the packet's own clause about this field.
Result<std::string_view, DecodeError> read_text(ByteReader& body, std::string_view clause);
// Reads a length-prefixed byte field.
Result<ByteSpan, DecodeError> read_binary(ByteReader& body, std::string_view clause);
// Reads a packet id, which is not 0.
Result<std::uint16_t, DecodeError> read_packet_id(ByteReader& body, std::string_view clause);

// The body of one packet, its fixed header read and its flags checked (PUBLISH: not checked).
Result<ConnectPacket, DecodeError> decode_connect(ByteSpan body);
Result<ConnackPacket, DecodeError> decode_connack(ByteSpan body);
Result<PublishPacket, DecodeError> decode_publish(std::uint8_t flags, ByteSpan body);
Result<std::uint16_t, DecodeError> decode_ack(ByteSpan body, std::string_view clause);
Result<SubscribePacket, DecodeError> decode_subscribe(ByteSpan body, const Limits& limits);
Result<UnsubscribePacket, DecodeError> decode_unsubscribe(ByteSpan body, const Limits& limits);
Result<SubackPacket, DecodeError> decode_suback(ByteSpan body, const Limits& limits);

// Writes fields into the space that one growth of the output made.
class PacketWriter {
 public:
  // Makes room for a packet whose body has `remaining` bytes, at most kRemainingLengthMax, and
  // writes its fixed header.
  PacketWriter(PacketType type, std::uint8_t flags, std::size_t remaining, Bytes& to);

  void byte(std::uint8_t value) { room_[at_++] = static_cast<std::byte>(value); }
  void be16(std::uint16_t value) {
    byte(static_cast<std::uint8_t>(value >> 8));
    byte(static_cast<std::uint8_t>(value & 0xff));
  }
  void raw(ByteSpan bytes) {
    copy_bytes(room_.subspan(at_), bytes);
    at_ += bytes.size();
  }
  void prefixed(ByteSpan bytes) {
    be16(checked_cast<std::uint16_t>(bytes.size()));
    raw(bytes);
  }
  void prefixed(std::string_view text) { prefixed(as_bytes(text)); }

 private:
  MutableByteSpan room_;
  std::size_t at_ = 0;
};

}  // namespace sealane::mqtt
