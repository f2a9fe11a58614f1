// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace sealane::cli::demo {

inline constexpr std::uint64_t kCaptureBytesMax = std::uint64_t{1} << 30;

// An IPv4 address and port, both in host order.
struct Endpoint {
  std::uint32_t address = 0;
  std::uint16_t port = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};
std::string address_text(const Endpoint& endpoint);  // 127.0.0.1
std::string to_text(const Endpoint& endpoint);       // 127.0.0.1:8883

enum class Direction { ToListener, ToClient };

// The beginning of every capture file.
Bytes capture_head();

// Writes one TCP connection, of which only the payload is known, as the packets that would have
// carried it: three-way handshake, payload in segments, FIN both ways.
//
// Source:  pcap 2.4, microseconds, link type Ethernet; RFC 791; RFC 9293, with right checksums.
// Bounds:  adds at most 70 bytes to each 16 KiB of payload.
// Threads: one at a time.
class FlowRecorder {
 public:
  FlowRecorder(Endpoint client, Endpoint listener) : client_(client), listener_(listener) {}

  void open(Time now, Bytes& out);
  void payload(Time now, Direction direction, ByteSpan bytes, Bytes& out);
  void close(Time now, Bytes& out);

 private:
  struct Segment;
  void segment(const Segment& segment, Bytes& out);

  Endpoint client_;
  Endpoint listener_;
  std::uint32_t next_[2] = {1000, 2000};  // sequence number of the next byte, by direction
  std::uint16_t packet_id_ = 0;
};

// One direction of one connection of a capture, put together.
struct CapturedStream {
  Endpoint from;
  Endpoint to;
  Bytes payload;
};

bool is_capture(ByteSpan front);

// Puts the payload of every connection together by sequence number, whatever the order of its
// segments.  A connection that opens anew between the same endpoints is a stream of its own.
//
// Errors:  Invalid – no capture of this kind.  Corrupt – it ends inside a packet, a header does
//          not fit its packet, or bytes of a stream are missing.
// Threads: pure.
Result<std::vector<CapturedStream>> read_capture(ByteSpan file);

}  // namespace sealane::cli::demo
