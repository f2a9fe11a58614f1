// SPDX-License-Identifier: Apache-2.0
#include "mqtt/packet.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "mqtt/testdata/packets.h"

namespace sealane::mqtt {
namespace {

using testdata::catalogue;
using testdata::CatalogueEntry;
using testdata::Refusal;

bool refuses(const CatalogueEntry& entry) { return std::holds_alternative<Refusal>(entry.want); }

TEST(PacketDecode, EveryEntryOfTheCatalogueDecodesAsItSays) {
  for (const CatalogueEntry& entry : catalogue()) {
    SCOPED_TRACE(entry.name);
    const auto decoded = decode_packet(as_bytes(entry.bytes), Limits{});
    if (!refuses(entry)) {
      ASSERT_TRUE(decoded.ok()) << decoded.error().message;
      EXPECT_EQ(decoded->bytes, entry.bytes.size());
      EXPECT_TRUE(decoded->packet == std::get<Packet>(entry.want));
      continue;
    }
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(to_string(decoded.error().kind), to_string(std::get<Refusal>(entry.want).kind));
    EXPECT_EQ(decoded.error().clause, entry.clause);
  }
}

TEST(PacketDecode, TakesOnePacketAndLeavesTheNext) {
  for (const CatalogueEntry& entry : catalogue()) {
    if (refuses(entry)) continue;
    SCOPED_TRACE(entry.name);
    const std::string two = std::string(entry.bytes) + std::string(entry.bytes);
    const auto decoded = decode_packet(as_bytes(two), Limits{});
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->bytes, entry.bytes.size());
  }
}

TEST(PacketDecode, EveryPrefixNeedsMore) {
  for (const CatalogueEntry& entry : catalogue()) {
    if (refuses(entry)) continue;
    SCOPED_TRACE(entry.name);
    for (std::size_t size = 0; size < entry.bytes.size(); ++size) {
      const auto decoded = decode_packet(as_bytes(entry.bytes.substr(0, size)), Limits{});
      ASSERT_FALSE(decoded.ok());
      EXPECT_EQ(decoded.error().kind, DecodeErrorKind::NeedMore);
      if (decoded.error().bytes_needed != 0) {
        EXPECT_EQ(decoded.error().bytes_needed, entry.bytes.size());
      }
    }
  }
}

TEST(PacketDecode, SizeIsRefusedBeforeTheBodyArrives) {
  Limits limits;
  limits.packet_bytes_max = 6;
  const auto decoded = decode_packet(as_bytes("\x30\x07"), limits);
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().kind, DecodeErrorKind::TooLarge);
}

TEST(PacketDecode, ViewsPointIntoTheInput) {
  const std::string input("\x32\x09\0\3a/b\0\x0ahi", 11);
  const auto decoded = decode_packet(as_bytes(input), Limits{});
  ASSERT_TRUE(decoded.ok());
  const auto& publish = std::get<PublishPacket>(decoded->packet);
  EXPECT_EQ(publish.topic.data(), input.data() + 4);
  EXPECT_EQ(publish.payload.data(), as_bytes(input).data() + 9);
}

TEST(PacketEncode, WritesTheCatalogueByteForByte) {
  for (const CatalogueEntry& entry : catalogue()) {
    if (refuses(entry) || !entry.canonical) continue;
    SCOPED_TRACE(entry.name);
    Bytes out = to_bytes("before");
    ASSERT_TRUE(encode(std::get<Packet>(entry.want), out).ok());
    EXPECT_EQ(as_text(out).substr(6), entry.bytes);
  }
}

TEST(PacketEncode, RemainingLengthGrowsAtEachPowerOf128) {
  for (const std::size_t body : {127UL, 128UL, 16'383UL, 16'384UL, 2'097'151UL, 2'097'152UL}) {
    const Bytes payload(body - 3);
    Bytes out;
    ASSERT_TRUE(encode(PublishPacket{.topic = "t", .payload = payload}, out).ok());
    Limits limits;
    limits.packet_bytes_max = 4'000'000;
    const auto decoded = decode_packet(out, limits);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->bytes, out.size());
    EXPECT_EQ(std::get<PublishPacket>(decoded->packet).payload.size(), payload.size());
  }
}

TEST(PacketEncode, RefusesWhatNoPacketCanSayAndAppendsNothing) {
  const std::string long_text(65'536, 'x');
  const std::vector<Packet> impossible{
      PublishPacket{},
      PublishPacket{.topic = long_text},
      PublishPacket{.topic = "t", .qos = Qos::AtLeastOnce},
      PublishPacket{.topic = "t", .packet_id = 1},
      PublishPacket{.topic = "t", .dup = true},
      ConnectPacket{.client_id = long_text},
      ConnectPacket{.password = as_bytes("p")},
      SubscribePacket{1, {}},
      SubscribePacket{0, {{"a", Qos::AtMostOnce}}},
      SubscribePacket{1, {{"", Qos::AtMostOnce}}},
      UnsubscribePacket{1, {long_text}},
      SubackPacket{1, {}},
  };
  for (const Packet& packet : impossible) {
    SCOPED_TRACE(name_of(packet));
    Bytes out;
    EXPECT_FALSE(encode(packet, out).ok());
    EXPECT_TRUE(out.empty());
  }
}

// [MQTT-3.2.2-4]
TEST(PacketEncode, RefusalNeverSaysThatASessionIsPresent) {
  Bytes out;
  encode(ConnackPacket{true, ConnectCode::NotAuthorized}, out);
  EXPECT_EQ(as_text(out), std::string_view("\x20\2\0\5", 4));
}

TEST(PacketCatalogue, IsTheFuzzersSeedCorpus) {
  std::set<std::string_view> names;
  for (const CatalogueEntry& entry : catalogue()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    const std::string path = "testdata/fuzz/mqtt_packet_fuzz/" + std::string(entry.name);
    if (std::getenv("UPDATE_GOLDEN") != nullptr)
      std::ofstream(path, std::ios::binary) << entry.bytes;
    std::ifstream file(path, std::ios::binary);
    const std::string seed{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    EXPECT_EQ(seed, entry.bytes) << path << ": write it with UPDATE_GOLDEN=1";
  }
}

}  // namespace
}  // namespace sealane::mqtt
