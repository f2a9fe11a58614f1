// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/pcap.h"

#include <gtest/gtest.h>

namespace sealane::cli::demo {
namespace {

constexpr Endpoint kClient{0x7f000001, 40000};
constexpr Endpoint kListener{0x7f000001, 8883};
const Time kNow{std::chrono::seconds(1'700'000'000)};

TEST(Pcap, BothDirectionsComeBackAsTheyWereWritten) {
  Bytes file = capture_head();
  FlowRecorder flow(kClient, kListener);
  flow.open(kNow, file);
  Bytes large(100'000, std::byte{7});
  flow.payload(kNow, Direction::ToListener, as_bytes("hello "), file);
  flow.payload(kNow, Direction::ToClient, large, file);
  flow.payload(kNow, Direction::ToListener, as_bytes("world"), file);
  flow.close(kNow, file);
  auto streams = read_capture(file);
  ASSERT_TRUE(streams.ok()) << streams.error().message;
  ASSERT_EQ(streams->size(), 2u);
  EXPECT_EQ(to_text((*streams)[0].from), "127.0.0.1:40000");
  EXPECT_EQ(as_text((*streams)[0].payload), "hello world");
  EXPECT_EQ((*streams)[1].payload, large);
}

TEST(Pcap, SegmentsOutOfOrderAndTwiceArePutTogether) {
  Bytes head = capture_head(), first, second, third;
  FlowRecorder flow(kClient, kListener);
  flow.open(kNow, head);
  flow.payload(kNow, Direction::ToListener, as_bytes("one"), first);
  flow.payload(kNow, Direction::ToListener, as_bytes("two"), second);
  flow.payload(kNow, Direction::ToListener, as_bytes("three"), third);
  Bytes file = head;
  for (const Bytes& packet : {third, first, first, second}) append(file, packet);
  auto streams = read_capture(file);
  ASSERT_TRUE(streams.ok());
  EXPECT_EQ(as_text((*streams)[0].payload), "onetwothree");
}

TEST(Pcap, AMissingSegmentIsAnError) {
  Bytes file = capture_head(), lost;
  FlowRecorder flow(kClient, kListener);
  flow.open(kNow, file);
  flow.payload(kNow, Direction::ToListener, as_bytes("one"), lost);
  flow.payload(kNow, Direction::ToListener, as_bytes("two"), file);
  EXPECT_EQ(read_capture(file).error().kind, ErrorKind::Corrupt);
}

TEST(Pcap, EveryCutIsRefusedOrEndsBetweenPackets) {
  Bytes file = capture_head();
  FlowRecorder flow(kClient, kListener);
  flow.open(kNow, file);
  flow.payload(kNow, Direction::ToListener, as_bytes("payload"), file);
  std::size_t whole = 0;
  for (std::size_t size = 24; size < file.size(); ++size)
    whole += read_capture(ByteSpan(file).first(size)).ok() ? 1 : 0;
  EXPECT_EQ(whole, 4u);  // after the head and after each packet of the handshake
}

TEST(Pcap, SamePortsReopenedAreTwoStreams) {
  Bytes file = capture_head();
  for (const char* text : {"first", "second"}) {
    FlowRecorder flow(kClient, kListener);
    flow.open(kNow, file);
    flow.payload(kNow, Direction::ToListener, as_bytes(text), file);
    flow.close(kNow, file);
  }
  auto streams = read_capture(file);
  ASSERT_TRUE(streams.ok());
  ASSERT_EQ(streams->size(), 4u);
  EXPECT_EQ(as_text((*streams)[2].payload), "second");
}

}  // namespace
}  // namespace sealane::cli::demo
