// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sealane::mqtt {

enum class DecodeErrorKind : std::uint8_t {
  NeedMore,     // the input ends inside the packet; call again with more bytes
  Malformed,    // breaks a MUST; close the connection
  TooLarge,     // Remaining Length, or a list in the packet, exceeds its limit; close
  Unsupported,  // CONNECT of another protocol level; answer CONNACK 1, then close
};

std::string_view to_string(DecodeErrorKind kind);

// Why bytes are not a packet.  The texts are literals.
struct DecodeError {
  DecodeErrorKind kind = DecodeErrorKind::Malformed;
  std::string_view clause;       // `MQTT-2.3.1-1`; empty for NeedMore and TooLarge
  std::string_view message;      // for the operator; one line
  std::size_t bytes_needed = 0;  // NeedMore: the whole packet's length when known, else 0
};

}  // namespace sealane::mqtt
