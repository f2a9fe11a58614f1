// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"

namespace sealane::cli::demo {

enum class HelloOffer {
  Tls12Only,  // no supported_versions: TLS 1.2 is the most that this client speaks
  Tls13,      // the same, with supported_versions 1.3 and a key share
};

// The first flight of a TLS client, byte by byte, so that a refusal is the listener's own and not
// that of a local TLS library with a floor of its own.
//
// Source:  RFC 5246 §7.4.1.2, RFC 8446 §4.1.2, §4.2.
// Input:   `randomness`: 64 random bytes, half of them the client random, half the X25519 share.
// Result:  one TLS record.
// Threads: pure.
Bytes client_hello(HelloOffer offer, std::string_view server_name, ByteSpan randomness);

struct HelloAlert {
  std::uint8_t code = 0;  // 70 is protocol_version
};
struct HelloAccepted {
  std::uint16_t version = 0;  // 0x0304 is TLS 1.3
  std::uint16_t suite = 0;
};
struct HelloClosed {};  // closed without an answer
using HelloReply = std::variant<HelloAlert, HelloAccepted, HelloClosed>;

// Reads what a listener answered first.
//
// Errors:  Invalid – neither an alert nor a ServerHello, or less than a whole one.
// Threads: pure.
Result<HelloReply> parse_hello_reply(ByteSpan bytes);

// `alert protocol_version (70)`, `ServerHello of TLS 1.3`.
std::string to_text(const HelloReply& reply);
// The name of RFC 8446 §6, or `unknown`.
std::string_view alert_name(std::uint8_t code);

}  // namespace sealane::cli::demo
