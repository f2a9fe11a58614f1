// SPDX-License-Identifier: Apache-2.0
#include "store/record.h"

#include <gtest/gtest.h>

#include "store/entry.h"
#include "store/segment.h"
#include "store/tar.h"

namespace sealane::store {
namespace {

Time at(std::int64_t micros) { return Time(Duration(micros)); }

TEST(BlockCodec, RecordsComeBackInOrderWithTheirSequenceNumbers) {
  BlockBuilder block;
  ASSERT_TRUE(block.add(at(1'700'000'000'000'000), "kjfk", "weather/kjfk", as_bytes("cold")).ok());
  ASSERT_TRUE(block.add(at(1'699'999'999'999'999), "ksea", "", {}).ok());
  ASSERT_TRUE(block.add(at(-5), "", "t", as_bytes(std::string(300, 'x'))).ok());
  auto records = decode_block(block.plaintext(), 41);
  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->size(), 3u);
  EXPECT_EQ((*records)[0].sequence, 41u);
  EXPECT_EQ((*records)[0].received, at(1'700'000'000'000'000));
  EXPECT_EQ((*records)[0].thing, "kjfk");
  EXPECT_EQ((*records)[0].topic, "weather/kjfk");
  EXPECT_EQ(as_text((*records)[0].payload), "cold");
  EXPECT_EQ((*records)[1].received, at(1'699'999'999'999'999));
  EXPECT_EQ((*records)[2].sequence, 43u);
  EXPECT_EQ((*records)[2].received, at(-5));
  EXPECT_EQ((*records)[2].payload.size(), 300u);
}

TEST(BlockCodec, EveryTruncationIsCorrupt) {
  BlockBuilder block;
  ASSERT_TRUE(block.add(at(7), "thing", "topic", as_bytes("payload")).ok());
  ASSERT_TRUE(block.add(at(9), "thing", "topic", as_bytes("payload")).ok());
  const Bytes whole = to_bytes(block.plaintext());
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(decode_block(ByteSpan(whole).first(size), 1).error().kind, ErrorKind::Corrupt)
        << size;
}

TEST(BlockCodec, BytesAfterTheLastRecordAreCorrupt) {
  BlockBuilder block;
  ASSERT_TRUE(block.add(at(7), "a", "b", as_bytes("c")).ok());
  Bytes whole = to_bytes(block.plaintext());
  whole.push_back(std::byte{0});
  EXPECT_EQ(decode_block(whole, 1).error().kind, ErrorKind::Corrupt);
}

TEST(BlockCodec, ACountThatTheBytesCannotHoldIsCorruptBeforeAnythingIsAllocated) {
  const Bytes lie = {std::byte{1}, std::byte{0}, std::byte{1}, std::byte{0}, std::byte{0}};
  EXPECT_EQ(decode_block(lie, 1).error().kind, ErrorKind::Corrupt);
}

TEST(BlockBuilder, AFullBlockIsTooLargeAndARecordThatNeverFitsIsInvalid) {
  BlockBuilder block({.records_max = 2, .payload_bytes_max = 10});
  EXPECT_EQ(block.add(at(0), "t", "t", as_bytes("01234567890")).error().kind, ErrorKind::Invalid);
  EXPECT_TRUE(block.add(at(0), "t", "t", as_bytes("0123456789")).ok());
  EXPECT_TRUE(block.add(at(0), "t", "t", {}).ok());
  EXPECT_EQ(block.add(at(0), "t", "t", {}).error().kind, ErrorKind::TooLarge);
  block.clear();
  EXPECT_TRUE(block.add(at(0), "t", "t", {}).ok());
}

TEST(Crc32c, MatchesTheCheckValueOfItsCatalogue) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283u);
  EXPECT_EQ(crc32c(Bytes(32)), 0x8a9136aau);  // RFC 3720 §B.4
}

TEST(EntryHeader, RoundTripsAndEveryFlippedBitIsSeen) {
  EntryHeader header{
      .flags = 0, .message_bytes = 300, .count = 2, .first = 77, .synced_offset = 90};
  std::array<std::byte, kEntryHeaderBytes> bytes{};
  store_entry_header(bytes, header);
  EXPECT_EQ(*load_entry_header(bytes), header);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    EXPECT_EQ(load_entry_header(flipped).error().kind, ErrorKind::Corrupt) << bit;
  }
}

TEST(EntryHeader, IsFoundBehindFalseStarts) {
  Bytes bytes = to_bytes("SLJSLJE nothing SLJE");
  const std::size_t at = bytes.size();
  bytes.resize(at + kEntryHeaderBytes);
  store_entry_header(MutableByteSpan(bytes).subspan(at),
                     {.message_bytes = 1, .count = 1, .first = 1, .synced_offset = 0});
  EXPECT_EQ(find_entry_header(bytes, 0), at);
  EXPECT_EQ(find_entry_header(bytes, at + 1), std::nullopt);
}

TEST(SegmentHeader, RoundTripsAndEveryFlippedBitIsSeen) {
  SegmentHeader header;
  header.journal = "edge";
  header.first = 12;
  header.previous = segment_name(3);
  header.previous_bytes = 999;
  header.previous_last = 11;
  header.chain[3] = std::byte{7};
  const Bytes bytes = encode_segment_header(header);
  auto decoded = decode_segment_header(bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->header, header);
  EXPECT_EQ(decoded->bytes, bytes.size());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    EXPECT_FALSE(decode_segment_header(flipped).ok()) << bit;
  }
}

TEST(SegmentName, IsReadBackAndNothingElseIs) {
  EXPECT_EQ(segment_name(42), "00000000000000000042.journal");
  EXPECT_EQ(segment_first("00000000000000000042.journal"), 42u);
  for (const char* name :
       {"42.journal", "00000000000000000042.journal.tmp1-2", "0000000000000000004x.journal",
        "99999999999999999999.journal", "00000000000000000000.journal"})
    EXPECT_EQ(segment_first(name), std::nullopt) << name;
}

TEST(Tar, MembersComeBackAndTheBytesAreTheSameEachTime) {
  Bytes one;
  Bytes two;
  for (Bytes* archive : {&one, &two}) {
    ASSERT_TRUE(tar_append(*archive, "a.json", as_bytes("{}"), 1'700'000'000).ok());
    ASSERT_TRUE(tar_append(*archive, "a.bin", Bytes(513), 1'700'000'000).ok());
    ASSERT_TRUE(tar_append(*archive, "empty", {}, 0).ok());
    tar_finish(*archive);
  }
  EXPECT_EQ(one, two);
  EXPECT_EQ(one.size(), tar_member_bytes(2) + tar_member_bytes(513) + tar_member_bytes(0) + 1024);
  auto members = tar_read(one);
  ASSERT_TRUE(members.ok());
  ASSERT_EQ(members->size(), 3u);
  EXPECT_EQ((*members)[0].name, "a.json");
  EXPECT_EQ(as_text((*members)[0].data), "{}");
  EXPECT_EQ((*members)[1].data.size(), 513u);
  EXPECT_EQ((*members)[2].name, "empty");
}

TEST(Tar, AHeaderWithAWrongChecksumIsCorrupt) {
  Bytes archive;
  ASSERT_TRUE(tar_append(archive, "a", as_bytes("b"), 0).ok());
  tar_finish(archive);
  archive[0] = std::byte{'c'};
  EXPECT_EQ(tar_read(archive).error().kind, ErrorKind::Corrupt);
}

}  // namespace
}  // namespace sealane::store
