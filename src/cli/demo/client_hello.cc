// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/client_hello.h"

namespace sealane::cli::demo {
namespace {

constexpr std::uint8_t kRecordAlert = 21, kRecordHandshake = 22;
constexpr std::uint8_t kClientHello = 1, kServerHello = 2;
constexpr std::uint16_t kTls12 = 0x0303, kTls13 = 0x0304;
constexpr std::uint16_t kServerName = 0, kSupportedGroups = 10, kPointFormats = 11,
                        kSignatures = 13, kExtendedMasterSecret = 23, kSupportedVersions = 43,
                        kKeyShare = 51;
constexpr std::uint16_t kX25519 = 29, kP256 = 23;

void put_u8(Bytes& to, std::size_t value) { put_be(to, checked_cast<std::uint8_t>(value)); }
void put_u16(Bytes& to, std::size_t value) { put_be(to, checked_cast<std::uint16_t>(value)); }
// A field with its length in two bytes before it.
void put_sized(Bytes& to, const Bytes& field) {
  put_u16(to, field.size());
  append(to, field);
}
void put_extension(Bytes& to, std::uint16_t type, const Bytes& body) {
  put_be(to, type);
  put_sized(to, body);
}
Bytes u16_list(std::initializer_list<std::uint16_t> values) {
  Bytes out;
  put_u16(out, 2 * values.size());
  for (std::uint16_t value : values) put_be(out, value);
  return out;
}

Bytes server_name_body(std::string_view name) {
  Bytes entry, out;
  put_u8(entry, 0);  // host_name
  put_sized(entry, to_bytes(name));
  put_sized(out, entry);
  return out;
}

Bytes extensions(HelloOffer offer, std::string_view server_name, ByteSpan share) {
  Bytes out;
  if (!server_name.empty()) put_extension(out, kServerName, server_name_body(server_name));
  put_extension(out, kSupportedGroups, u16_list({kX25519, kP256}));
  put_extension(out, kPointFormats, {std::byte{1}, std::byte{0}});
  // ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256, rsa_pkcs1_sha256
  put_extension(out, kSignatures, u16_list({0x0403, 0x0804, 0x0401}));
  put_extension(out, kExtendedMasterSecret, {});
  if (offer == HelloOffer::Tls13) {
    put_extension(out, kSupportedVersions, {std::byte{2}, std::byte{3}, std::byte{4}});
    Bytes entry, shares;
    put_be(entry, kX25519);
    put_sized(entry, to_bytes(share));
    put_sized(shares, entry);
    put_extension(out, kKeyShare, shares);
  }
  return out;
}

struct AlertName {
  std::uint8_t code;
  std::string_view name;
};
// RFC 8446 §6.
constexpr AlertName kAlerts[] = {{0, "close_notify"},
                                 {10, "unexpected_message"},
                                 {20, "bad_record_mac"},
                                 {22, "record_overflow"},
                                 {40, "handshake_failure"},
                                 {42, "bad_certificate"},
                                 {43, "unsupported_certificate"},
                                 {44, "certificate_revoked"},
                                 {45, "certificate_expired"},
                                 {46, "certificate_unknown"},
                                 {47, "illegal_parameter"},
                                 {48, "unknown_ca"},
                                 {49, "access_denied"},
                                 {50, "decode_error"},
                                 {51, "decrypt_error"},
                                 {70, "protocol_version"},
                                 {71, "insufficient_security"},
                                 {80, "internal_error"},
                                 {86, "inappropriate_fallback"},
                                 {109, "missing_extension"},
                                 {110, "unsupported_extension"},
                                 {112, "unrecognized_name"},
                                 {116, "certificate_required"},
                                 {120, "no_application_protocol"}};

Error no_answer() {
  return fail(ErrorKind::Invalid, "the answer is neither an alert nor a ServerHello");
}

// RFC 8446 §4.1.3.
Result<HelloReply> parse_server_hello(ByteReader body) {
  HelloAccepted out;
  const auto version = body.be<std::uint16_t>();
  const auto random = body.take(32);
  const auto session_bytes = body.be<std::uint8_t>();
  if (!version || !random || !session_bytes || !body.take(*session_bytes)) return no_answer();
  const auto suite = body.be<std::uint16_t>();
  if (!suite || !body.take(1)) return no_answer();
  out.version = *version;
  out.suite = *suite;
  if (body.empty()) return HelloReply(out);  // TLS 1.2 may have no extensions
  const auto extension_bytes = body.be<std::uint16_t>();
  const auto listed = extension_bytes ? body.take(*extension_bytes) : std::nullopt;
  if (!listed) return no_answer();
  ByteReader extension(*listed);
  while (!extension.empty()) {
    const auto type = extension.be<std::uint16_t>();
    const auto size = extension.be<std::uint16_t>();
    const auto content = size ? extension.take(*size) : std::nullopt;
    if (!type || !content) return no_answer();
    if (*type == kSupportedVersions && content->size() == 2)
      out.version = load_be<std::uint16_t>(*content);
  }
  return HelloReply(out);
}

}  // namespace

Bytes client_hello(HelloOffer offer, std::string_view server_name, ByteSpan randomness) {
  SEALANE_CHECK(randomness.size() == 64);
  Bytes body;
  put_be(body, kTls12);
  append(body, randomness.first(32));
  put_u8(body, 0);  // no session
  if (offer == HelloOffer::Tls13) {
    append(body, u16_list({0x1301, 0x1302, 0x1303}));
  } else {
    // ECDHE with AES-GCM and ChaCha20 for ECDSA and RSA: the strongest that TLS 1.2 has.
    append(body, u16_list({0xC02B, 0xC02C, 0xCCA9, 0xC02F, 0xC030, 0xCCA8}));
  }
  put_u8(body, 1);
  put_u8(body, 0);  // no compression
  put_sized(body, extensions(offer, server_name, randomness.subspan(32)));

  Bytes record;
  put_u8(record, kRecordHandshake);
  put_be(record, std::uint16_t{0x0301});  // RFC 8446 §5.1 allows it for an initial ClientHello
  put_u16(record, body.size() + 4);
  put_u8(record, kClientHello);
  put_u8(record, 0);
  put_sized(record, body);
  return record;
}

Result<HelloReply> parse_hello_reply(ByteSpan bytes) {
  if (bytes.empty()) return HelloReply(HelloClosed{});
  ByteReader reader(bytes);
  const auto type = reader.be<std::uint8_t>();
  const auto version = reader.be<std::uint16_t>();
  const auto size = version ? reader.be<std::uint16_t>() : std::nullopt;
  const auto fragment = size ? reader.take(*size) : std::nullopt;
  if (!type || !fragment) return no_answer();
  ByteReader body(*fragment);
  if (*type == kRecordAlert && fragment->size() == 2)
    return HelloReply(HelloAlert{std::to_integer<std::uint8_t>((*fragment)[1])});
  if (*type != kRecordHandshake) return no_answer();
  const auto head = body.be<std::uint32_t>();
  if (!head || *head >> 24 != kServerHello) return no_answer();
  const auto hello = body.take(*head & 0xffffff);
  if (!hello) return no_answer();
  return parse_server_hello(ByteReader(*hello));
}

std::string_view alert_name(std::uint8_t code) {
  for (const AlertName& alert : kAlerts)
    if (alert.code == code) return alert.name;
  return "unknown";
}

std::string to_text(const HelloReply& reply) {
  if (const auto* alert = std::get_if<HelloAlert>(&reply))
    return "alert " + std::string(alert_name(alert->code)) + " (" + std::to_string(alert->code) +
           ")";
  if (const auto* accepted = std::get_if<HelloAccepted>(&reply)) {
    if (accepted->version == kTls13) return "ServerHello of TLS 1.3";
    if (accepted->version == kTls12) return "ServerHello of TLS 1.2";
    return "ServerHello of an older version";
  }
  return "closed without an answer";
}

}  // namespace sealane::cli::demo
