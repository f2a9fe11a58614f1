// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "crypto/testing/seeded_random.h"
#include "envelope/message.h"
#include "envelope/raw_aes.h"
#include "envelope/seekable.h"
#include "envelope/stream_opener.h"
#include "envelope/testdata/known_answer.h"

namespace sealane::envelope {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

DataKeyFor always(const Secret& key) {
  return [&key](const Header&) -> Result<Secret> { return key.clone(); };
}

ReadAt reader_of(const Bytes& message) {
  return [&message](std::uint64_t offset, MutableByteSpan to) -> Status {
    if (offset > message.size() || to.size() > message.size() - offset)
      return fail(ErrorKind::Internal, "read outside the message");
    copy_bytes(to, ByteSpan(message).subspan(offset, to.size()));
    return {};
  };
}

// Plaintexts of every length around the frame borders of 16-byte frames.
struct Sealed {
  KnownAnswer known;
  Bytes plaintext;
  Bytes message;

  explicit Sealed(std::size_t length, std::uint32_t frame_length = 16) {
    plaintext = crypto::SeededRandom(length).bytes(length);
    HeaderPlan plan = known.plan();
    plan.frame_length = frame_length;
    Cipher cipher;
    message = encrypt_message(cipher, plan, known.data_key, plaintext).value();
  }
};

TEST(KnownAnswerMessage, EveryPartHasThePublishedBytes) {
  const KnownAnswer known;
  const HeaderPlan plan = known.plan();
  EXPECT_EQ(encode_context(plan.context).value(),
            hex("00020007646174617365740002643100057368617264000130"));
  EXPECT_EQ(plan.data_keys[0].ciphertext,
            hex("643d8281b8a8e5c40a263d444eac3e3f39d01852f615e44231f7b6a633ca739c"
                "91c2e2e13a9eb9d8b6ec866c4d09ef7a"));
  Cipher cipher;
  auto header = seal_header(cipher, plan, known.data_key);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->bytes.size(), 204u);
  EXPECT_EQ(to_hex(header->content_key.reveal()),
            "30f891fcd92a8abe67342e11f1cfacffa92994861fca7075fb36a21f9edbf6ae");
  EXPECT_EQ(to_hex(header->tag), "90917de8174b2018612828a5fb07fd97");
  const Bytes message = known.message();
  ASSERT_EQ(message.size(), 328u);
  EXPECT_EQ(to_hex(crypto::sha256(message)), known.sha256);
}

TEST(KnownAnswerMessage, OpensFromTheWrappingKeyAlone) {
  const KnownAnswer known;
  const Bytes message = known.message();
  Cipher cipher;
  auto opened = decrypt_message(cipher, message, [&](const Header& header) -> Result<Secret> {
    EXPECT_EQ(wrapping_key_name(header.data_keys[0], "sealane"), "ds1/e1");
    EXPECT_EQ(wrapping_key_name(header.data_keys[0], "other"), "");
    crypto::AesGcm gcm;
    gcm.set_key(known.wrapping_key);
    return unwrap_data_key(gcm, known.name, header.data_keys[0],
                           encode_context(header.context).value());
  });
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(as_text(opened->plaintext), known.plaintext);
}

TEST(Message, EveryLengthAroundFrameBordersComesBack) {
  Cipher cipher;
  for (std::size_t length = 0; length <= 70; ++length) {
    const Sealed sealed(length);
    auto opened = decrypt_message(cipher, sealed.message, always(sealed.known.data_key));
    ASSERT_TRUE(opened.ok()) << length << ": " << opened.error().message;
    EXPECT_EQ(opened->plaintext, sealed.plaintext);
  }
}

TEST(Message, StreamedBodyHasTheBytesOfTheOneShotBody) {
  Cipher cipher;
  for (std::size_t length : {0u, 1u, 15u, 16u, 17u, 32u, 100u}) {
    for (std::size_t piece : {1u, 7u, 16u, 64u}) {
      const Sealed sealed(length);
      HeaderPlan plan = sealed.known.plan();
      plan.frame_length = 16;
      Bytes streamed;
      BodySealer sealer(cipher, seal_header(cipher, plan, sealed.known.data_key).value(),
                        [&](ByteSpan bytes) -> Status {
                          append(streamed, bytes);
                          return {};
                        });
      for (ByteSpan rest(sealed.plaintext); !rest.empty();) {
        const std::size_t count = std::min(piece, rest.size());
        ASSERT_TRUE(sealer.write(rest.first(count)).ok());
        rest = rest.subspan(count);
      }
      auto tag = sealer.finish();
      ASSERT_TRUE(tag.ok());
      EXPECT_EQ(streamed, sealed.message);
      EXPECT_EQ(final_frame_tag(streamed), *tag);
      EXPECT_EQ(sealer.bytes_written(), streamed.size());
      EXPECT_FALSE(sealer.write(as_bytes("more")).ok());
    }
  }
}

TEST(Message, SinkErrorEndsTheBody) {
  const KnownAnswer known;
  Cipher cipher;
  int calls = 0;
  BodySealer sealer(cipher, seal_header(cipher, known.plan(), known.data_key).value(),
                    [&](ByteSpan) -> Status {
                      if (++calls == 2) return fail(ErrorKind::Unavailable, "disk full");
                      return {};
                    });
  EXPECT_EQ(sealer.write(Bytes(100)).error().kind, ErrorKind::Unavailable);
  EXPECT_FALSE(sealer.finish().ok());
}

TEST(Message, EveryFlippedBitIsRefused) {
  const Sealed sealed(40);
  Cipher cipher;
  for (std::size_t at = 0; at < sealed.message.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = sealed.message;
      changed[at] ^= static_cast<std::byte>(1 << bit);
      EXPECT_FALSE(decrypt_message(cipher, changed, always(sealed.known.data_key)).ok()) << at;
      auto reader =
          SeekableReader::open(reader_of(changed), changed.size(), always(sealed.known.data_key));
      if (reader.ok()) {
        EXPECT_FALSE(reader->read(0, reader->size()).ok()) << at;
      }
    }
  }
}

TEST(Message, EveryTruncationAndEveryAdditionIsRefused) {
  const Sealed sealed(40);
  Cipher cipher;
  for (std::size_t size = 0; size < sealed.message.size(); ++size) {
    const Bytes cut(sealed.message.begin(),
                    sealed.message.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(decrypt_message(cipher, cut, always(sealed.known.data_key)).ok()) << size;
    EXPECT_FALSE(SeekableReader::open(reader_of(cut), size, always(sealed.known.data_key)).ok())
        << size;
  }
  for (std::size_t more = 1; more < 200; ++more) {
    Bytes longer = sealed.message;
    longer.resize(longer.size() + more);
    auto opened = decrypt_message(cipher, longer, always(sealed.known.data_key));
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().message, "bytes follow the message's end");
    EXPECT_FALSE(
        SeekableReader::open(reader_of(longer), longer.size(), always(sealed.known.data_key)).ok());
  }
}

TEST(Message, FramesCannotBeReorderedDroppedOrRepeated) {
  const Sealed sealed(64);  // three regular frames and a full final one
  Cipher cipher;
  const std::size_t header = decode_header(sealed.message).value()->size;
  auto frame = [&](std::size_t i) { return ByteSpan(sealed.message).subspan(header + i * 48, 48); };
  auto with = [&](std::initializer_list<std::size_t> order) {
    Bytes out = to_bytes(ByteSpan(sealed.message).first(header));
    for (std::size_t i : order) append(out, frame(i));
    append(out, ByteSpan(sealed.message).subspan(header + 3 * 48));
    return out;
  };
  ASSERT_EQ(with({0, 1, 2}), sealed.message);
  for (const Bytes& wrong : {with({1, 0, 2}), with({0, 1}), with({0, 1, 2, 2}), with({0, 0, 2})}) {
    EXPECT_FALSE(decrypt_message(cipher, wrong, always(sealed.known.data_key)).ok());
    auto reader =
        SeekableReader::open(reader_of(wrong), wrong.size(), always(sealed.known.data_key));
    if (reader.ok()) {
      EXPECT_FALSE(reader->read(0, reader->size()).ok());
    }
  }
}

TEST(Message, FrameIvThatIsNotTheSequenceNumberIsRefusedUnlessAskedFor) {
  const KnownAnswer known;
  Cipher cipher;
  SealedHeader header = seal_header(cipher, known.plan(), known.data_key).value();
  // One empty final frame, sealed under another IV by hand.
  Bytes frame(kFinalFrameOverheadBytes);
  seal_frame(cipher.gcm, header.message_id, FrameKind::Final, 1, {}, frame);
  frame[8] = std::byte{0xff};
  Bytes aad = to_bytes(header.message_id);
  append(aad, "AWSKMSEncryptionClient Final Frame");
  append(aad, hex("000000010000000000000000"));
  cipher.gcm.seal(ByteSpan(frame).subspan(8, 12), aad, {}, {}, MutableByteSpan(frame).subspan(24));
  Bytes message = header.bytes;
  append(message, frame);
  EXPECT_EQ(decrypt_message(cipher, message, always(known.data_key)).error().message,
            "frame 1 is not where it belongs");
  EXPECT_TRUE(
      decrypt_message(cipher, message, always(known.data_key), {.frame_ivs = FrameIvs::AsWritten})
          .ok());
}

// INVARIANT of the format: what one message's header promises never opens under another data key.
TEST(Message, AnotherDataKeyFailsByItsCommitment) {
  const Sealed sealed(10);
  Cipher cipher;
  const Secret other(counting<32>(0x01));
  auto opened = decrypt_message(cipher, sealed.message, always(other));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().message, kCommitmentMismatch);
}

TEST(Message, DataKeyIsBoundToTheContext) {
  const KnownAnswer known;
  crypto::AesGcm gcm;
  gcm.set_key(known.wrapping_key);
  const EncryptedDataKey edk = known.plan().data_keys[0];
  const Bytes other = encode_context({{"dataset", "d2"}, {"shard", "0"}}).value();
  EXPECT_EQ(unwrap_data_key(gcm, known.name, edk, other).error().kind, ErrorKind::Corrupt);
  EXPECT_FALSE(unwrap_data_key(gcm, {"sealane", "ds1/e2"}, edk, other).ok());
}

TEST(Seekable, EveryRangeOfAMessageIsTheRangeOfItsPlaintext) {
  for (std::size_t length : {0u, 1u, 16u, 33u, 48u}) {
    const Sealed sealed(length);
    auto reader = SeekableReader::open(reader_of(sealed.message), sealed.message.size(),
                                       always(sealed.known.data_key));
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    EXPECT_EQ(reader->size(), length);
    for (std::size_t from = 0; from <= length; ++from)
      for (std::size_t to = from; to <= length; ++to) {
        auto range = reader->read(from, to - from);
        ASSERT_TRUE(range.ok());
        EXPECT_EQ(*range, to_bytes(ByteSpan(sealed.plaintext).subspan(from, to - from)));
      }
    EXPECT_EQ(reader->read(0, length + 1).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(reader->read(length + 1, 0).error().kind, ErrorKind::Invalid);
    EXPECT_EQ(reader->read(1, ~0ull).error().kind, ErrorKind::Invalid);
  }
}

// A writer may end a plaintext that fills its frames with an empty final frame.
TEST(Seekable, EmptyFinalFrameAfterFullFramesIsAccepted) {
  const KnownAnswer known;
  HeaderPlan plan = known.plan();
  plan.frame_length = 16;
  Cipher cipher;
  SealedHeader header = seal_header(cipher, plan, known.data_key).value();
  Bytes message = header.bytes;
  cipher.gcm.set_key(header.content_key.reveal());
  const Bytes plaintext = crypto::SeededRandom(1).bytes(16);
  Bytes regular(kFrameOverheadBytes + 16), last(kFinalFrameOverheadBytes);
  seal_frame(cipher.gcm, header.message_id, FrameKind::Regular, 1, plaintext, regular);
  seal_frame(cipher.gcm, header.message_id, FrameKind::Final, 2, {}, last);
  append(message, regular);
  append(message, last);
  EXPECT_EQ(decrypt_message(cipher, message, always(known.data_key)).value().plaintext, plaintext);
  auto reader = SeekableReader::open(reader_of(message), message.size(), always(known.data_key));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->size(), 16u);
  EXPECT_EQ(reader->read(0, 16).value(), plaintext);
}

// Whoever has the key can make one that authenticates; a range's layout would have no place for it.
TEST(Message, AFinalFrameLongerThanAFrameIsRefusedByEveryReader) {
  const KnownAnswer known;
  HeaderPlan plan = known.plan();
  plan.frame_length = 16;
  for (const std::size_t length : {16u, 17u, 40u}) {
    Cipher cipher;
    SealedHeader header = seal_header(cipher, plan, known.data_key).value();
    cipher.gcm.set_key(header.content_key.reveal());
    const Bytes plaintext = crypto::SeededRandom(1).bytes(length);
    Bytes last(kFinalFrameOverheadBytes + length);
    seal_frame(cipher.gcm, header.message_id, FrameKind::Final, 1, plaintext, last);
    Bytes message = header.bytes;
    append(message, last);
    const bool fits = length == 16;
    const DataKeyFor find = always(known.data_key);
    const auto whole = decrypt_message(cipher, message, find);
    ASSERT_EQ(whole.ok(), fits);
    const auto reader = SeekableReader::open(reader_of(message), message.size(), find);
    EXPECT_EQ(reader.ok(), fits);
    Bytes released;
    StreamOpener opener(cipher, find, [&](ByteSpan bytes) -> Status {
      append(released, bytes);
      return {};
    });
    const Status streamed = opener.write(message);
    EXPECT_EQ(streamed.ok(), fits);
    if (fits) continue;
    EXPECT_TRUE(released.empty());
    for (const Error& error : {whole.error(), streamed.error()})
      EXPECT_EQ(error.message, "the final frame is longer than a frame");
  }
}

// With any number of full frames before it; what is asked for is counted to the byte.
TEST(Seekable, AnEmptyFinalFrameIsReadAtOpenAndByNoRange) {
  const KnownAnswer known;
  HeaderPlan plan = known.plan();
  plan.frame_length = 16;
  constexpr std::uint64_t kStep = 16 + kFrameOverheadBytes;
  for (std::uint32_t full = 0; full <= 4; ++full) {
    Cipher cipher;
    SealedHeader header = seal_header(cipher, plan, known.data_key).value();
    cipher.gcm.set_key(header.content_key.reveal());
    Bytes message = header.bytes;
    const std::uint64_t size = std::uint64_t{full} * 16;
    const Bytes plaintext = crypto::SeededRandom(full).bytes(size);
    for (std::uint32_t i = 1; i <= full; ++i) {
      Bytes frame(kStep);
      seal_frame(cipher.gcm, header.message_id, FrameKind::Regular, i,
                 ByteSpan(plaintext).subspan((i - 1) * 16, 16), frame);
      append(message, frame);
    }
    Bytes last(kFinalFrameOverheadBytes);
    seal_frame(cipher.gcm, header.message_id, FrameKind::Final, full + 1, {}, last);
    append(message, last);
    auto reader =
        SeekableReader::open(reader_of(message), message.size(), always(known.data_key)).value();
    EXPECT_EQ(reader.size(), size);
    // The beginning, as much as there is of it, and the final frame.
    EXPECT_EQ(reader.counts().reads, 2u);
    EXPECT_EQ(reader.counts().bytes, message.size() + kFinalFrameOverheadBytes);
    for (std::uint64_t from = 0; from <= size; ++from)
      for (std::uint64_t count = 0; count <= size - from + 1; ++count) {
        auto fresh =
            SeekableReader::open(reader_of(message), message.size(), always(known.data_key))
                .value();
        const ReadCounts before = fresh.counts();
        const auto range = fresh.read(from, count);
        const std::uint64_t asked = fresh.counts().bytes - before.bytes;
        if (count > size - from) {
          EXPECT_EQ(range.error().kind, ErrorKind::Invalid);
          EXPECT_EQ(asked, 0u);
          continue;
        }
        EXPECT_EQ(range.value(), to_bytes(ByteSpan(plaintext).subspan(from, count)));
        const std::uint64_t frames = count == 0 ? 0 : (from + count - 1) / 16 - from / 16 + 1;
        EXPECT_EQ(asked, frames * kStep) << full << " frames, " << from << ", " << count;
        EXPECT_EQ(fresh.counts().reads - before.reads, count == 0 ? 0u : 1u);
      }
  }
}

TEST(Seekable, RangeReadsTouchOnlyTheirFrames) {
  Sealed sealed(64);
  const std::size_t header = decode_header(sealed.message).value()->size;
  std::uint64_t least = ~0ull, most = 0;
  bool watch = false;
  auto inner = reader_of(sealed.message);
  auto reader = SeekableReader::open(
      [&](std::uint64_t offset, MutableByteSpan to) -> Status {
        if (watch) least = std::min(least, offset), most = std::max(most, offset + to.size());
        return inner(offset, to);
      },
      sealed.message.size(), always(sealed.known.data_key));
  ASSERT_TRUE(reader.ok());
  watch = true;
  EXPECT_EQ(reader->read(17, 14).value(), to_bytes(ByteSpan(sealed.plaintext).subspan(17, 14)));
  EXPECT_EQ(least, header + 48);
  EXPECT_EQ(most, header + 96);
  sealed.message[header + 100] ^= std::byte{1};  // in the third frame
  EXPECT_TRUE(reader->read(16, 16).ok());
  EXPECT_EQ(reader->read(31, 2).error().kind, ErrorKind::Corrupt);
}

TEST(Header, EveryPrefixAsksForMoreAndTheWholeRoundTrips) {
  const Bytes message = KnownAnswer().message();
  for (std::size_t size = 0; size < 204; ++size) {
    auto decoded = decode_header(ByteSpan(message).first(size));
    ASSERT_TRUE(decoded.ok());
    EXPECT_FALSE(decoded->has_value());
  }
  auto decoded = decode_header(message);
  ASSERT_TRUE(decoded.ok() && decoded->has_value());
  EXPECT_EQ((*decoded)->size, 204u);
  EXPECT_EQ(encode_header((*decoded)->header).value(), to_bytes(ByteSpan(message).first(188)));
}

TEST(Header, LimitsHoldBeforeTheBytesAreThere) {
  const Bytes message = KnownAnswer().message();
  auto kind = [&](std::size_t prefix, const Limits& limits) {
    return decode_header(ByteSpan(message).first(prefix), limits).error().kind;
  };
  EXPECT_EQ(kind(37, {.context_bytes_max = 24}), ErrorKind::TooLarge);
  EXPECT_EQ(kind(62, {.context_pairs_max = 1}), ErrorKind::TooLarge);
  EXPECT_EQ(kind(64, {.edk_count_max = 0}), ErrorKind::TooLarge);
  EXPECT_EQ(kind(66, {.edk_field_bytes_max = 6}), ErrorKind::TooLarge);
  EXPECT_EQ(kind(204, {.frame_length_max = 31}), ErrorKind::TooLarge);
  EXPECT_EQ(kind(204, {.header_bytes_max = 203}), ErrorKind::TooLarge);
  EXPECT_EQ(kind(150, {.header_bytes_max = 150}), ErrorKind::TooLarge);
}

TEST(Header, WhatIsNoMessageIsInvalid) {
  for (const char* start :
       {"03", "0181", "01800478", "01800015", "020014", "020178", "0204", "50"}) {
    const auto decoded = decode_header(hex(start), {.suites = SuiteSet::all()});
    if (std::string_view(start) == "0204")
      EXPECT_TRUE(decoded.ok() && !*decoded);
    else
      EXPECT_EQ(decoded.error().kind, ErrorKind::Invalid) << start;
  }
  Bytes message = KnownAnswer().message();
  message[151] = std::byte{3};
  EXPECT_EQ(decode_header(message).error().kind, ErrorKind::Invalid);
  message[151] = std::byte{1};  // not framed, and yet a frame length
  EXPECT_EQ(decode_header(message).error().kind, ErrorKind::Invalid);
}

TEST(Header, SuitesAreAcceptedByNameAndTheCommittingOnesByDefault) {
  for (const Suite& suite : all_suites()) {
    Bytes start;
    put_be(start, suite.version);
    if (suite.version == 1) put_be(start, std::uint8_t{0x80});
    put_be(start, static_cast<std::uint16_t>(suite.id));
    const auto by_default = decode_header(start);
    EXPECT_EQ(by_default.ok(), suite.commits()) << suite.name;
    if (!by_default.ok()) {
      EXPECT_EQ(by_default.error().kind, ErrorKind::Unsupported);
      EXPECT_THAT(by_default.error().message, testing::HasSubstr(std::string(suite.name)));
    }
    EXPECT_TRUE(decode_header(start, {.suites = {suite.id}}).ok()) << suite.name;
    EXPECT_FALSE(decode_header(start, {.suites = {}}).ok()) << suite.name;
    EXPECT_EQ(find_suite(suite.name), &suite);
  }
  EXPECT_EQ(all_suites().size(), 11u);
  EXPECT_EQ(find_suite("0x0479"), nullptr);
}

TEST(Context, OnlyOneEncodingIsAccepted) {
  EXPECT_TRUE(encode_context({}).value().empty());
  EXPECT_TRUE(decode_context({}).value().empty());
  const EncryptionContext two = {{"a", "1"}, {"b", ""}};
  EXPECT_EQ(decode_context(encode_context(two).value()).value(), two);
  for (const char* wrong : {"00", "0000", "0001", "00010001", "000100016100013100",
                            "0002000162000131000161000131",  // not sorted
                            "0002000161000131000161000132",  // a key twice
                            "00010001ff000131"}) {           // not UTF-8
    EXPECT_EQ(decode_context(hex(wrong)).error().kind, ErrorKind::Invalid) << wrong;
  }
  EXPECT_EQ(encode_context({{"k", "\xc0\xaf"}}).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(encode_context({{"k", std::string(70000, 'x')}}).error().kind, ErrorKind::TooLarge);
}

TEST(Context, ExpectedPairsAreASubset) {
  const EncryptionContext actual = {{"dataset", "d1"}, {"epoch", "2"}};
  EXPECT_TRUE(require_context(actual, {}).ok());
  EXPECT_TRUE(require_context(actual, {{"epoch", "2"}}).ok());
  EXPECT_EQ(require_context(actual, {{"epoch", "1"}}).error().kind, ErrorKind::Corrupt);
  EXPECT_EQ(require_context(actual, {{"shard", "1"}}).error().kind, ErrorKind::Corrupt);
}

TEST(Plan, WhatStockReadersRefuseIsNotWritten) {
  const KnownAnswer known;
  Cipher cipher;
  HeaderPlan plan = known.plan();
  plan.frame_length = 33;
  EXPECT_EQ(seal_header(cipher, plan, known.data_key).error().kind, ErrorKind::Invalid);
  plan = known.plan();
  plan.context["aws-crypto-public-key"] = "x";
  EXPECT_EQ(seal_header(cipher, plan, known.data_key).error().kind, ErrorKind::Invalid);
  plan = known.plan();
  plan.data_keys.clear();
  EXPECT_EQ(seal_header(cipher, plan, known.data_key).error().kind, ErrorKind::Invalid);
}

TEST(Layout, SizesThatNoBodyHasAreRefused) {
  EXPECT_FALSE(layout_for_body(39, 16).ok());
  EXPECT_EQ(layout_for_body(40, 16).value().plaintext_bytes, 0u);
  EXPECT_EQ(layout_for_body(56, 16).value().plaintext_bytes, 16u);
  EXPECT_FALSE(layout_for_body(57, 16).ok());
  EXPECT_FALSE(layout_for_body(87, 16).ok());
  EXPECT_EQ(layout_for_body(88, 16).value().frames, 2u);
  EXPECT_FALSE(layout_for_plaintext(1ull << 60, 16).ok());
  for (std::uint64_t length = 0; length < 200; ++length) {
    const BodyLayout layout = layout_for_plaintext(length, 16).value();
    const BodyLayout back = layout_for_body(layout.body_bytes, 16).value();
    EXPECT_EQ(back.plaintext_bytes, length);
    EXPECT_EQ(back.frames, layout.frames);
    EXPECT_EQ(back.final_bytes, layout.final_bytes);
  }
}

}  // namespace
}  // namespace sealane::envelope
