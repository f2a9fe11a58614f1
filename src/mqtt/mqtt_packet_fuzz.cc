// SPDX-License-Identifier: Apache-2.0
// Properties of decode_packet: it never takes more than it is given, its views lie inside what it
// took, every shorter input needs more, and decode(encode(packet)) is the packet again.
#include <cstdint>
#include <cstdlib>

#include "mqtt/packet.h"

namespace {

using namespace sealane;
using namespace sealane::mqtt;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_inside(ByteSpan part, ByteSpan whole) {
  if (part.empty()) return;
  require(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void require_views_inside(const Packet& packet, ByteSpan taken) {
  if (const auto* publish = std::get_if<PublishPacket>(&packet)) {
    require_inside(as_bytes(publish->topic), taken);
    require_inside(publish->payload, taken);
  }
  if (const auto* connect = std::get_if<ConnectPacket>(&packet)) {
    require_inside(as_bytes(connect->client_id), taken);
    if (connect->password) require_inside(*connect->password, taken);
  }
  if (const auto* subscribe = std::get_if<SubscribePacket>(&packet))
    for (const Subscription& line : subscribe->subscriptions)
      require_inside(as_bytes(line.filter), taken);
}

void write(Packet packet, Bytes& to) {
#ifdef SEALANE_PLANTED_DEFECT
  // A writer that treats DUP as meaningless on retained messages.
  if (auto* publish = std::get_if<PublishPacket>(&packet); publish && publish->retain)
    publish->dup = false;
#endif
  require(encode(packet, to).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan input = std::as_bytes(std::span(data, size));
  const Limits limits;
  const auto decoded = decode_packet(input, limits);
  if (!decoded.ok()) {
    const DecodeError& error = decoded.error();
    require((error.kind == DecodeErrorKind::NeedMore) == error.message.empty());
    require(error.bytes_needed == 0 || error.bytes_needed > size);
    return 0;
  }
  require(decoded->bytes >= 2 && decoded->bytes <= size);
  const ByteSpan taken = input.first(decoded->bytes);
  require_views_inside(decoded->packet, taken);

  const auto shorter = decode_packet(taken.first(taken.size() - 1), limits);
  require(!shorter.ok() && shorter.error().kind == DecodeErrorKind::NeedMore);

  Bytes once;
  write(decoded->packet, once);
  require(once.size() <= taken.size());
  const auto again = decode_packet(once, limits);
  require(again.ok() && again->bytes == once.size() && again->packet == decoded->packet);
  return 0;
}
