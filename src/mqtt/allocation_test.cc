// SPDX-License-Identifier: Apache-2.0
// The hot path against its promise: a PUBLISH in and its PUBACK out allocate nothing.
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "mqtt/session.h"

namespace {
std::size_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace sealane::mqtt {
namespace {

TEST(SessionAllocation, PublishAndPubackAllocateNothing) {
  Session session(Profile::AwsIotCore, Limits{}, Time{});
  Actions actions;
  session.on_packet(ConnectPacket{.client_id = "c"}, Time{}, actions);
  session.connect_decided(ConnectCode::Accepted, actions);
  Bytes stream;
  for (std::uint16_t id = 1; id <= 100; ++id)
    ASSERT_TRUE(encode(PublishPacket{.topic = "stations/1",
                                     .payload = as_bytes("12.3 C"),
                                     .qos = Qos::AtLeastOnce,
                                     .packet_id = id},
                       stream)
                    .ok());
  std::size_t before = 0;
  for (int turn = 0; turn < 3; ++turn) {
    if (turn == 1) before = allocations;  // the buffers have grown by then
    ByteSpan rest = stream;
    actions.clear();
    while (!rest.empty()) {
      const auto decoded = decode_packet(rest, Limits{});
      if (!decoded.ok()) FAIL();
      session.on_packet(decoded->packet, Time{}, actions);
      rest = rest.subspan(decoded->bytes);
    }
    ASSERT_EQ(actions.asks.size(), 100U);
    session.oldest_durable(100, actions);
    ASSERT_EQ(actions.output.size(), 400U);
  }
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace sealane::mqtt
