// SPDX-License-Identifier: Apache-2.0
// Every suite, wrap and framing, over messages that the official SDK for Python sealed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "envelope/inspect.h"
#include "envelope/message.h"
#include "envelope/testdata/opening.h"
#include "envelope/testdata/own_vectors.h"

namespace sealane::envelope {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

TEST(OwnVectors, CoverEverySuiteFramedAndNotAndEveryWrap) {
  std::set<std::pair<std::string_view, bool>> suites;
  std::map<WrapKind, int> kinds;
  for (const OwnVector& vector : own_vectors()) {
    suites.emplace(vector.suite->name, vector.frame_length > 0);
    const auto header = decode_header(vector.message, kAllSuites).value()->header;
    for (const EncryptedDataKey& edk : header.data_keys) ++kinds[describe_data_key(edk).kind];
  }
  EXPECT_EQ(suites.size(), 22u);
  EXPECT_EQ(kinds.size(), 2u);
  EXPECT_GE(kinds[WrapKind::RawRsa], 6);
}

TEST(OwnVectors, EachOpensUnderEachOfItsKeysWholeAndInPieces) {
  Cipher cipher;
  for (const OwnVector& vector : own_vectors()) {
    for (std::size_t i = 0; i < vector.keys.size(); ++i) {
      std::vector<UnwrappingKey> one;
      if (const auto* rsa = std::get_if<RawRsaKey>(&vector.keys[i]))
        one.push_back(RawRsaKey{rsa->name, rsa->padding, rsa->key});
      else
        one.push_back(RawAesKey{std::get<RawAesKey>(vector.keys[i]).name,
                                std::get<RawAesKey>(vector.keys[i]).key.clone()});
      const DataKeyFor find = data_key_from(one);
      const auto opened = decrypt_message(cipher, vector.message, find, kAllSuites);
      ASSERT_TRUE(opened.ok()) << name_of(vector) << ": " << opened.error().message;
      EXPECT_EQ(opened->plaintext, vector.plaintext);
      EXPECT_EQ(opened->header.suite, vector.suite->id);
      EXPECT_TRUE(require_context(opened->header.context, vector.context).ok());
      for (const Release release : {Release::AsAuthenticated, Release::WhenComplete})
        for (const std::size_t piece : {1u, 37u, 100000u}) {
          const Streamed streamed = open_in_pieces(
              vector.message, find, {.limits = kAllSuites, .release = release}, piece);
          ASSERT_TRUE(streamed.status.ok())
              << name_of(vector) << ": " << streamed.status.error().message;
          EXPECT_EQ(streamed.released, vector.plaintext);
        }
    }
  }
}

// The length stands before the body: more than the limit is not waited for.
TEST(OwnVectors, AnUnframedBodyOverTheLimitIsRefusedAtItsHead) {
  int seen = 0;
  for (const OwnVector& vector : own_vectors()) {
    if (vector.frame_length > 0) continue;
    ++seen;
    const DataKeyFor find = data_key_from(vector.keys);
    StreamOpenerOptions options{.limits = kAllSuites};
    options.limits.message_bytes_max = vector.plaintext.size();
    EXPECT_TRUE(open_in_pieces(vector.message, find, options, 16).status.ok());
    options.limits.message_bytes_max = vector.plaintext.size() - 1;
    const auto header = decode_header(vector.message, kAllSuites).value()->size;
    const Streamed refused =
        open_in_pieces(ByteSpan(vector.message).first(header + 20), find, options, 1);
    ASSERT_FALSE(refused.status.ok()) << name_of(vector);
    EXPECT_EQ(refused.status.error().kind, ErrorKind::TooLarge) << name_of(vector);
  }
  EXPECT_EQ(seen, 11);
}

TEST(OwnVectors, InspectionTellsThemWithoutAKey) {
  for (const OwnVector& vector : own_vectors()) {
    const auto seen = inspect_message(reader_of(vector.message), vector.message.size());
    ASSERT_TRUE(seen.ok()) << seen.error().message;
    EXPECT_EQ(seen->plaintext_bytes, vector.plaintext.size());
    EXPECT_EQ(seen->recipients.size(), vector.keys.size());
    EXPECT_EQ(seen->frames > 0, vector.frame_length > 0);
    EXPECT_EQ(seen->header_bytes + seen->body_bytes + seen->footer_bytes, vector.message.size());
    const std::size_t expected =
        (vector.suite->commits() ? 0u : 1u) + (vector.frame_length ? 0 : 1);
    EXPECT_EQ(seen->problems.size(), expected) << name_of(vector);
    Bytes longer = vector.message;
    longer.push_back({});
    EXPECT_THAT(inspect_message(reader_of(longer), longer.size()).value().problems,
                testing::Contains("1 bytes follow the message's end"));
    Bytes shorter = vector.message;
    shorter.pop_back();
    EXPECT_THAT(inspect_message(reader_of(shorter), shorter.size()).value().problems,
                testing::Contains("cut short"));
  }
}

// --- ranges -----------------------------------------------------------------------------------

TEST(Ranges, EveryFrameBorderOfEverySuiteAndNoByteMoreThanTheFrames) {
  for (const OwnVector& vector : own_vectors()) {
    const DataKeyFor find = data_key_from(vector.keys);
    auto reader =
        SeekableReader::open(reader_of(vector.message), vector.message.size(), find, kAllSuites);
    if (vector.frame_length == 0) {
      EXPECT_EQ(reader.error().kind, ErrorKind::Unsupported);
      EXPECT_THAT(reader.error().message, HasSubstr("not framed"));
      continue;
    }
    ASSERT_TRUE(reader.ok()) << name_of(vector) << ": " << reader.error().message;
    const std::uint64_t size = vector.plaintext.size(), frame = vector.frame_length;
    ASSERT_EQ(reader->size(), size);
    auto mapped = SeekableReader::open(vector.message, find, kAllSuites).value();
    for (std::uint64_t border = 0; border <= size; border += frame)
      for (std::uint64_t from = border > 0 ? border - 1 : 0; from <= border + 1; ++from)
        for (const std::uint64_t count :
             {std::uint64_t{0}, std::uint64_t{1}, frame - 1, frame, frame + 1, 2 * frame, size}) {
          const ReadCounts before = reader->counts();
          const auto range = reader->read(from, count);
          if (from > size || count > size - from) {
            EXPECT_EQ(range.error().kind, ErrorKind::Invalid);
            EXPECT_EQ(reader->counts().reads, before.reads);
            continue;
          }
          ASSERT_TRUE(range.ok()) << name_of(vector) << ": " << range.error().message;
          EXPECT_EQ(mapped.read(from, count).value(), *range);
          EXPECT_EQ(*range, to_bytes(ByteSpan(vector.plaintext).subspan(from, count)));
          const std::uint64_t touched =
              count == 0 ? 0 : (from + count - 1) / frame - from / frame + 1;
          EXPECT_LE(reader->counts().bytes - before.bytes,
                    touched * (frame + kFinalFrameOverheadBytes));
          EXPECT_LE(reader->counts().reads - before.reads, 1u);
        }
    EXPECT_EQ(reader->read(size, 0).value().size(), 0u);
    EXPECT_EQ(reader->read(size, 1).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(reader->read(~0ull, 2).error().kind, ErrorKind::Invalid);
  }
}

TEST(Ranges, SmallReadsOneAfterTheOtherReadEachFrameOnce) {
  for (const OwnVector& vector : vectors_of("0x0478")) {
    if (vector.frame_length == 0) continue;
    auto reader = SeekableReader::open(reader_of(vector.message), vector.message.size(),
                                       data_key_from(vector.keys), kAllSuites)
                      .value();
    const std::uint64_t before = reader.counts().reads;
    Bytes all;
    for (std::uint64_t at = 0; at < reader.size(); ++at) append(all, reader.read(at, 1).value());
    EXPECT_EQ(all, vector.plaintext);
    EXPECT_EQ(reader.counts().reads - before, 3u);
  }
}

}  // namespace
}  // namespace sealane::envelope
