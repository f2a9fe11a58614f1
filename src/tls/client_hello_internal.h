// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <cstdint>

#include "base/bytes.h"
#include "tls/policy.h"

namespace sealane::tls {

// Extensions of a ClientHello as they came, each cut to what is worth naming.  Kept, and read only
// when the handshake is refused.
struct RawHello {
  std::uint16_t legacy_version = 0;
  Bytes server_name{};
  Bytes versions{};
  Bytes groups{};
  Bytes signatures{};
};

// Copies them; to be called while OpenSSL has a ClientHello before it.
RawHello copy_hello(SSL* ssl);

// Source: RFC 8446 §4.1.2, §4.2.1, §4.2.3, §4.2.7; RFC 6066 §3.
// Input:  from an unauthenticated peer; a list that is cut or malformed gives what could be read.
// Bounds: ClientHelloFacts; O(input).
ClientHelloFacts read_hello(const RawHello& hello);

}  // namespace sealane::tls
