// SPDX-License-Identifier: Apache-2.0
#include "mqtt/wire_internal.h"

#include "base/utf8.h"

namespace sealane::mqtt {

Result<std::string_view, DecodeError> read_text(ByteReader& body, std::string_view clause) {
  SEALANE_ASSIGN(const ByteSpan bytes, read_binary(body, clause));
  const std::string_view text = as_text(bytes);
  // [MQTT-1.5.3-1]: surrogates and whatever else is not UTF-8.  [MQTT-1.5.3-3]: a byte order
  // mark is a character like others and stays.
  if (!is_utf8(text)) return malformed("MQTT-1.5.3-1", "a text is not UTF-8");
  if (text.find('\0') != std::string_view::npos)
    return malformed("MQTT-1.5.3-2", "a text has a null character");
  return text;
}

Result<ByteSpan, DecodeError> read_binary(ByteReader& body, std::string_view clause) {
  const auto length = body.be<std::uint16_t>();
  if (!length) return malformed(clause, "a field is missing");
  const auto bytes = body.take(*length);
  if (!bytes) return malformed(clause, "a field is longer than its packet");
  return *bytes;
}

Result<std::uint16_t, DecodeError> read_packet_id(ByteReader& body, std::string_view clause) {
  const auto id = body.be<std::uint16_t>();
  if (!id) return malformed(clause, "the packet id is missing");
  if (*id == 0) return malformed(clause, "the packet id is 0");
  return *id;
}

PacketWriter::PacketWriter(PacketType type, std::uint8_t flags, std::size_t remaining, Bytes& to) {
  SEALANE_CHECK(remaining <= kRemainingLengthMax);
  std::size_t length_bytes = 1;
  for (std::size_t rest = remaining >> 7; rest != 0; rest >>= 7) ++length_bytes;
  const std::size_t before = to.size();
  to.resize(before + 1 + length_bytes + remaining);
  room_ = MutableByteSpan(to).subspan(before);
  byte(static_cast<std::uint8_t>((static_cast<unsigned>(type) << 4) | flags));
  std::size_t rest = remaining;
  do {
    const auto low = static_cast<std::uint8_t>(rest & 0x7f);
    rest >>= 7;
    byte(rest != 0 ? static_cast<std::uint8_t>(low | 0x80) : low);
  } while (rest != 0);
}

}  // namespace sealane::mqtt
