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

const Limits kAllSuites = {.suites = SuiteSet::all()};

std::string name_of(const OwnVector& vector) {
  return std::string(vector.suite->name) + (vector.frame_length > 0 ? " framed" : " not framed");
}

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

// --- tampering --------------------------------------------------------------------------------

// Where the parts of a message stand.
struct Parts {
  std::size_t header = 0;             // bytes
  std::vector<std::size_t> frames{};  // where each begins
  std::size_t body_end = 0;
};
Parts parts_of(const OwnVector& vector) {
  const auto seen = inspect_message(reader_of(vector.message), vector.message.size()).value();
  Parts out{.header = seen.header_bytes};
  for (std::uint64_t i = 0; i < seen.frames; ++i)
    out.frames.push_back(seen.header_bytes + i * (vector.frame_length + kFrameOverheadBytes));
  out.body_end = seen.header_bytes + seen.body_bytes;
  return out;
}

class Tamper : public testing::TestWithParam<std::string_view> {
 protected:
  // The message that is not to open, by every way to open one; the reason of the whole opener.
  // `first_changed` bounds what may be released: only what stands wholly before it.
  std::string refused(const OwnVector& vector, const Bytes& changed) {
    const DataKeyFor find = data_key_from(vector.keys);
    const auto opened = decrypt_message(cipher_, changed, find, kAllSuites);
    EXPECT_FALSE(opened.ok()) << name_of(vector);
    for (const std::size_t piece : {std::size_t{13}, changed.size() + 1}) {
      const Streamed nothing = open_in_pieces(
          changed, find, {.limits = kAllSuites, .release = Release::WhenComplete}, piece);
      EXPECT_FALSE(nothing.status.ok()) << name_of(vector);
      EXPECT_TRUE(nothing.released.empty()) << name_of(vector);
      const Streamed some = open_in_pieces(changed, find, {.limits = kAllSuites}, piece);
      EXPECT_FALSE(some.status.ok()) << name_of(vector);
      EXPECT_TRUE(some.released.size() <= vector.plaintext.size() &&
                  std::equal(some.released.begin(), some.released.end(), vector.plaintext.begin()))
          << name_of(vector) << ": something else was released";
      if (vector.frame_length == 0 && vector.suite->is_signed())
        EXPECT_TRUE(some.released.empty()) << name_of(vector);
    }
    auto reader = SeekableReader::open(reader_of(changed), changed.size(), find, kAllSuites);
    if (reader.ok()) {
      // A footer is no part of a range; everything else that opens is the plaintext.
      for (std::uint64_t at = 0; at < reader->size(); at += 16) {
        const std::uint64_t count = std::min<std::uint64_t>(16, reader->size() - at);
        const auto range = reader->read(at, count);
        if (range.ok())
          EXPECT_EQ(*range, to_bytes(ByteSpan(vector.plaintext).subspan(at, count)))
              << name_of(vector);
      }
    }
    return opened.ok() ? "" : opened.error().message;
  }

  // flip, delete, insert and duplicate at one byte.
  std::vector<Bytes> edits_at(const Bytes& message, std::size_t at) {
    const auto place = static_cast<std::ptrdiff_t>(at);
    std::vector<Bytes> out(4, message);
    out[0][at] ^= std::byte{0x01};
    out[1].erase(out[1].begin() + place);
    out[2].insert(out[2].begin() + place, std::byte{0x5a});
    out[3].insert(out[3].begin() + place, message[at]);
    return out;
  }

  Cipher cipher_;
};

std::vector<OwnVector> vectors_of(std::string_view suite) {
  std::vector<OwnVector> out;
  for (OwnVector& vector : own_vectors())
    if (vector.suite->name == suite && vector.keys.size() == 1 && !vector.context.empty() &&
        std::holds_alternative<RawAesKey>(vector.keys[0]))
      out.push_back(std::move(vector));
  return out;
}

TEST_P(Tamper, EveryByteOfTheHeaderFlippedDeletedInsertedDuplicated) {
  for (const OwnVector& vector : vectors_of(GetParam())) {
    const Parts parts = parts_of(vector);
    for (std::size_t at = 0; at < parts.header; ++at)
      for (const Bytes& changed : edits_at(vector.message, at)) {
        // An inserted or repeated byte equal to its neighbour may leave the message as it was.
        if (changed != vector.message) refused(vector, changed);
      }
  }
}

TEST_P(Tamper, HeaderPartsAreRefusedForTheirReason) {
  for (const OwnVector& vector : vectors_of(GetParam())) {
    const Parts parts = parts_of(vector);
    const bool commits = vector.suite->commits();
    const auto flip = [&](std::size_t at) {
      Bytes changed = vector.message;
      changed[at] ^= std::byte{0x01};
      return refused(vector, changed);
    };
    const std::size_t id = commits ? 3 : 4;
    EXPECT_EQ(flip(id), commits ? std::string(kCommitmentMismatch)
                                : "the message's header does not authenticate");
    EXPECT_EQ(flip(parts.header - 1), "the message's header does not authenticate");
    if (commits) EXPECT_EQ(flip(parts.header - 17), kCommitmentMismatch);
    // The last byte of the context's last value: the data key no longer unwraps.
    const std::string text = to_text(ByteSpan(vector.message).first(parts.header));
    EXPECT_THAT(flip(text.find("d1") + 1), HasSubstr("the context was changed"));
    EXPECT_THAT(flip(text.find("sealane-vectors")), HasSubstr("no key at hand"));
  }
}

TEST_P(Tamper, SampledBytesOfEveryFrameAndTheFooter) {
  for (const OwnVector& vector : vectors_of(GetParam())) {
    const Parts parts = parts_of(vector);
    const std::size_t stride = 5;
    for (std::size_t at = parts.header; at < vector.message.size(); at += stride)
      for (const Bytes& changed : edits_at(vector.message, at))
        if (changed != vector.message) refused(vector, changed);
  }
}

TEST_P(Tamper, FramePartsAreRefusedForTheirReason) {
  for (const OwnVector& vector : vectors_of(GetParam())) {
    const Parts parts = parts_of(vector);
    const bool is_signed = vector.suite->is_signed();
    const auto flip = [&](std::size_t at) {
      Bytes changed = vector.message;
      changed[at] ^= std::byte{0x01};
      refused(vector, changed);
      // In pieces frames are opened before the signature is there.
      return open_in_pieces(changed, data_key_from(vector.keys), {.limits = kAllSuites}, 64)
          .status.error()
          .message;
    };
    if (is_signed) {
      EXPECT_EQ(flip(vector.message.size() - 1), "the message's signature does not verify");
      EXPECT_THAT(flip(parts.body_end), HasSubstr("a length that no signature has"));
    }
    if (vector.frame_length == 0) {
      EXPECT_EQ(flip(parts.header + 25), "the message's body does not authenticate");
      EXPECT_EQ(flip(parts.body_end - 1), "the message's body does not authenticate");
      continue;
    }
    ASSERT_EQ(parts.frames.size(), 3u);
    EXPECT_EQ(flip(parts.frames[0] + 3), "frame 1 is not where it belongs");
    EXPECT_EQ(flip(parts.frames[1] + 15), vector.suite->version == 2
                                              ? "frame 2 is not where it belongs"
                                              : "frame 2 does not authenticate");
    EXPECT_EQ(flip(parts.frames[1] + 20), "frame 2 does not authenticate");
    EXPECT_EQ(flip(parts.frames[2] + 7), "frame 3 is not where it belongs");
    EXPECT_EQ(flip(parts.body_end - 1), "frame 3 does not authenticate");
  }
}

TEST_P(Tamper, FramesSwappedDroppedRepeatedOrSplicedFromAnotherMessage) {
  for (const OwnVector& vector : vectors_of(GetParam())) {
    if (vector.frame_length == 0) continue;
    const Parts parts = parts_of(vector);
    const ByteSpan message(vector.message);
    const auto piece = [&](std::size_t i) {
      const std::size_t end = i + 1 < parts.frames.size() ? parts.frames[i + 1] : parts.body_end;
      return message.subspan(parts.frames[i], end - parts.frames[i]);
    };
    const auto with = [&](std::initializer_list<std::size_t> order) {
      Bytes out = to_bytes(message.first(parts.header));
      for (std::size_t i : order) append(out, piece(i));
      append(out, message.subspan(parts.body_end));
      return out;
    };
    ASSERT_EQ(with({0, 1, 2}), vector.message);
    for (const Bytes& changed :
         {with({1, 0, 2}), with({0, 2}), with({1, 2}), with({2}), with({}), with({0, 1}),
          with({0, 0, 1, 2}), with({0, 1, 1, 2}), with({0, 1, 2, 2}), with({0, 2, 1})})
      refused(vector, changed);
    // Header of one message, body of another under the same keys, suite and context; and one frame.
    for (const OwnVector& other : own_vectors()) {
      if (other.message == vector.message || other.frame_length != vector.frame_length ||
          other.plaintext.size() != vector.plaintext.size())
        continue;
      const Parts theirs = parts_of(other);
      Bytes body = to_bytes(message.first(parts.header));
      append(body, ByteSpan(other.message).subspan(theirs.header));
      refused(vector, body);
      Bytes frame = vector.message;
      copy_bytes(MutableByteSpan(frame).subspan(parts.frames[1]),
                 ByteSpan(other.message).subspan(theirs.frames[1], piece(1).size()));
      refused(vector, frame);
      if (theirs.body_end < other.message.size() && parts.body_end < vector.message.size()) {
        Bytes footer = to_bytes(message.first(parts.body_end));
        append(footer, ByteSpan(other.message).subspan(theirs.body_end));
        EXPECT_EQ(refused(vector, footer), "the message's signature does not verify");
      }
    }
  }
}

TEST_P(Tamper, EveryTruncationAndEveryAddition) {
  for (const OwnVector& vector : vectors_of(GetParam())) {
    for (std::size_t size = 0; size < vector.message.size(); ++size) {
      const Bytes cut = to_bytes(ByteSpan(vector.message).first(size));
      EXPECT_THAT(refused(vector, cut), HasSubstr("cut short"));
    }
    for (const std::size_t more : {1u, 2u, 16u, 40u, 160u, 300u}) {
      Bytes longer = vector.message;
      longer.resize(longer.size() + more);
      EXPECT_EQ(refused(vector, longer), "bytes follow the message's end");
    }
    Bytes twice = vector.message;
    append(twice, vector.message);
    EXPECT_EQ(refused(vector, twice), "bytes follow the message's end");
  }
}

INSTANTIATE_TEST_SUITE_P(Suites, Tamper,
                         testing::Values("0x0014", "0x0178", "0x0214", "0x0378", "0x0478",
                                         "0x0578"),
                         [](const auto& each) { return std::string(each.param); });

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
