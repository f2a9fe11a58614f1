// SPDX-License-Identifier: Apache-2.0
#include "mqtt/connack.h"

#include "mqtt/wire_internal.h"

namespace sealane::mqtt {

std::string_view to_string(ConnectCode code) {
  switch (code) {
    case ConnectCode::Accepted: return "accepted";
    case ConnectCode::UnacceptableProtocolLevel: return "unacceptable protocol level";
    case ConnectCode::IdentifierRejected: return "identifier rejected";
    case ConnectCode::ServerUnavailable: return "server unavailable";
    case ConnectCode::BadUserNameOrPassword: return "bad user name or password";
    case ConnectCode::NotAuthorized: return "not authorized";
  }
  return "unknown";
}

Result<ConnackPacket, DecodeError> decode_connack(ByteSpan bytes) {
  ByteReader body(bytes);
  const auto flags = body.be<std::uint8_t>();
  const auto code = body.be<std::uint8_t>();
  if (!flags || !code || !body.empty()) return malformed("§3.2", "a CONNACK is not two bytes");
  if (*flags > 1) return malformed("§3.2.2.1", "a reserved CONNACK flag is set");
  if (*code > 5) return malformed("§3.2.2.3", "the return code is reserved");
  if (*flags == 1 && *code != 0)
    return malformed("MQTT-3.2.2-4", "a refusal says that a session is present");
  return ConnackPacket{*flags == 1, static_cast<ConnectCode>(*code)};
}

void encode(const ConnackPacket& packet, Bytes& to) {
  PacketWriter writer(PacketType::Connack, 0, 2, to);
  writer.byte(
      packet.session_present && packet.code == ConnectCode::Accepted ? 1 : 0);  // [MQTT-3.2.2-4]
  writer.byte(static_cast<std::uint8_t>(packet.code));
}

}  // namespace sealane::mqtt
