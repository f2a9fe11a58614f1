// SPDX-License-Identifier: Apache-2.0
// Messages of every suite, framed and not, that were changed: each is refused for its reason, and
// what was released before is the plaintext of frames that stand before the change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "crypto/hkdf.h"
#include "envelope/footer.h"
#include "envelope/inspect.h"
#include "envelope/message.h"
#include "envelope/testdata/opening.h"
#include "envelope/testdata/own_vectors.h"

namespace sealane::envelope {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Matcher;

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

// A field of a header and what a reader says when one of its bits is another.
struct Field {
  std::string name;
  std::size_t begin = 0;
  std::size_t end = 0;
  Matcher<std::string> reason;
};

class Fields {
 public:
  explicit Fields(const OwnVector& vector) : message_(vector.message) {
    const bool commits = vector.suite->commits();
    const auto header = HasSubstr("header does not authenticate");
    const Matcher<std::string> key = commits
                                         ? Matcher<std::string>(std::string(kCommitmentMismatch))
                                         : Matcher<std::string>(header);
    const auto unknown = HasSubstr("not a sealed message");
    // An error of form, or the end of the message comes before the end of what a length says.
    const auto malformed =
        AnyOf(HasSubstr("encryption context"), HasSubstr("cut short in its header"));
    add("version", 1, unknown);
    if (!commits) add("type", 1, unknown);
    // Some bits lead to another suite: of another version, or with another derivation.
    add("suite", 2,
        AnyOf(unknown, header, HasSubstr("does not unwrap"), HasSubstr("data key"),
              HasSubstr("public key")));
    add("message id", vector.suite->message_id_bytes(), key);
    // A longer or shorter context takes in what follows it, or leaves some of itself.
    add("context length", 2, AnyOf(malformed, HasSubstr("data key"), HasSubstr("too long")));
    add("context count", 2, malformed);
    for (std::size_t i = 0; i < decode_header(message_, kAllSuites).value()->header.context.size();
         ++i) {
      for (const char* part : {"context key", "context value"}) {
        const std::size_t size = load_be<std::uint16_t>(ByteSpan(message_).subspan(at_));
        add(std::string(part) + " length", 2, AnyOf(malformed, HasSubstr("context was changed")));
        add(part, size, AnyOf(malformed, HasSubstr("context was changed")));
      }
    }
    add("data key count", 2,
        AnyOf(HasSubstr("no encrypted data key"), HasSubstr("too many"),
              HasSubstr("cut short in its header"), HasSubstr("data key is too long"),
              HasSubstr("content type"), HasSubstr("not UTF-8")));
    data_key();
    add("content type", 1, HasSubstr("content type"));
    if (!commits) {
      add("reserved", 4, HasSubstr("header is malformed"));
      add("IV length", 1, HasSubstr("header is malformed"));
    }
    add("frame length", 4,
        vector.frame_length == 0
            ? Matcher<std::string>(HasSubstr("not framed has a frame length"))
            : Matcher<std::string>(
                  AnyOf(header, HasSubstr("frames are too long"), HasSubstr("frame length is 0"))));
    if (commits)
      add("commitment", 32, std::string(kCommitmentMismatch));
    else
      add("IV", 12, header);
    add("tag", 16, header);
  }

  const std::vector<Field>& all() const { return all_; }
  std::size_t end() const { return at_; }

 private:
  void data_key() {
    const auto malformed =
        AnyOf(HasSubstr("cut short in its header"), HasSubstr("data key is too long"),
              HasSubstr("content type"), HasSubstr("not UTF-8"), HasSubstr("no key at hand"),
              HasSubstr("header is malformed"), HasSubstr("frame"));
    add("provider length", 2, malformed);
    add("provider", size_before(), AnyOf(HasSubstr("no key at hand"), HasSubstr("not UTF-8")));
    add("information length", 2, malformed);
    const std::size_t information = size_before();
    add("key name", information - 20, HasSubstr("no key at hand"));
    add("tag and IV length", 8, HasSubstr("no key at hand"));
    add("data key's IV", 12, HasSubstr("does not unwrap"));
    add("data key length", 2, AnyOf(malformed, HasSubstr("does not unwrap")));
    add("data key", size_before(), HasSubstr("does not unwrap"));
  }
  // The length that stands before the place that was reached.
  std::size_t size_before() const {
    return load_be<std::uint16_t>(ByteSpan(message_).subspan(at_ - 2));
  }
  void add(std::string name, std::size_t size, Matcher<std::string> reason) {
    all_.push_back({std::move(name), at_, at_ + size, std::move(reason)});
    at_ += size;
  }

  const Bytes& message_;
  std::size_t at_ = 0;
  std::vector<Field> all_;
};

// What the same data key seals in another message with the same plaintext: its frames, or its body.
class Sibling {
 public:
  explicit Sibling(const OwnVector& vector) : vector_(vector) {
    const auto header = decode_header(vector.message, kAllSuites).value()->header;
    const Secret data_key = data_key_from(vector.keys)(header).value();
    id_ = to_bytes(header.id());
    id_.back() ^= std::byte{1};
    gcm_.set_key(content_key(data_key).reveal());
  }

  Bytes frame(std::size_t index, std::size_t frames) {
    const bool last = index + 1 == frames;
    const ByteSpan rest = ByteSpan(vector_.plaintext).subspan(index * vector_.frame_length);
    const ByteSpan content = last ? rest : rest.first(vector_.frame_length);
    Bytes out(content.size() + (last ? kFinalFrameOverheadBytes : kFrameOverheadBytes));
    seal_frame(gcm_, id_, last ? FrameKind::Final : FrameKind::Regular,
               static_cast<std::uint32_t>(index + 1), content, out);
    return out;
  }

  Bytes unframed_body() {
    Bytes out(12);
    out.back() = std::byte{1};
    put_be(out, std::uint64_t{vector_.plaintext.size()});
    Bytes aad = id_;
    append(aad, "AWSKMSEncryptionClient Single Block");
    put_be(aad, std::uint32_t{1});
    put_be(aad, std::uint64_t{vector_.plaintext.size()});
    const Bytes iv = to_bytes(ByteSpan(out).first(12));
    out.resize(kUnframedOverheadBytes + vector_.plaintext.size());
    gcm_.seal(iv, aad, vector_.plaintext,
              MutableByteSpan(out).subspan(kUnframedHeadBytes, vector_.plaintext.size()),
              MutableByteSpan(out).last(16));
    return out;
  }

 private:
  // Written apart from sealed_header.cc, after framework/algorithm-suites.
  Secret content_key(const Secret& data_key) const {
    if (vector_.suite->derivation == KeyDerivation::None) return data_key.clone();
    Bytes info;
    put_be(info, static_cast<std::uint16_t>(vector_.suite->id));
    append(info, vector_.suite->commits() ? as_bytes("DERIVEKEY") : ByteSpan(id_));
    crypto::Hkdf hkdf(
        vector_.suite->derivation == KeyDerivation::HkdfSha512   ? crypto::HkdfHash::Sha512
        : vector_.suite->derivation == KeyDerivation::HkdfSha384 ? crypto::HkdfHash::Sha384
                                                                 : crypto::HkdfHash::Sha256);
    hkdf.extract(vector_.suite->commits() ? ByteSpan(id_) : ByteSpan(), data_key.reveal());
    Secret out = Secret::zeros(vector_.suite->key_bytes);
    hkdf.expand(info, out.reveal_mutable());
    return out;
  }

  const OwnVector& vector_;
  Bytes id_;
  crypto::AesGcm gcm_;
};

class Tamper : public testing::TestWithParam<std::string_view> {
 protected:
  // The message that is not to open, by every way to open one; the reason of the whole opener.
  std::string refused(const OwnVector& vector, const Bytes& changed) {
    const DataKeyFor find = data_key_from(vector.keys);
    const auto opened = decrypt_message(cipher_, changed, find, kAllSuites);
    EXPECT_FALSE(opened.ok()) << name_of(vector);
    const std::size_t most = releasable(vector, changed);
    for (const std::size_t piece : {std::size_t{13}, changed.size() + 1}) {
      const Streamed nothing = open_in_pieces(
          changed, find, {.limits = kAllSuites, .release = Release::WhenComplete}, piece);
      EXPECT_FALSE(nothing.status.ok()) << name_of(vector);
      EXPECT_TRUE(nothing.released.empty()) << name_of(vector);
      const Streamed some = open_in_pieces(changed, find, {.limits = kAllSuites}, piece);
      EXPECT_FALSE(some.status.ok()) << name_of(vector);
      EXPECT_TRUE(some.released.size() <= most &&
                  std::equal(some.released.begin(), some.released.end(), vector.plaintext.begin()))
          << name_of(vector) << ": " << some.released.size() << " bytes were released, at most "
          << most << " are sound";
    }
    check_ranges(vector, changed);
    if (opened.ok()) return "";
    EXPECT_NE(opened.error().kind, ErrorKind::Internal) << opened.error().message;
    return opened.error().message;
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

 private:
  // The plaintext of what stands whole before the first byte that differs.  The end of a signed
  // message waits for the signature.
  static std::size_t releasable(const OwnVector& vector, const Bytes& changed) {
    const Parts parts = parts_of(vector);
    const auto same = static_cast<std::size_t>(std::ranges::mismatch(changed, vector.message).in1 -
                                               changed.begin());
    const bool whole = same >= parts.body_end && !vector.suite->is_signed();
    if (whole) return vector.plaintext.size();
    std::size_t out = 0;
    for (std::size_t i = 1; i < parts.frames.size(); ++i)
      if (parts.frames[i] <= same) out += vector.frame_length;
    return out;
  }

  // A footer is no part of a range; everything else that opens is the plaintext.
  static void check_ranges(const OwnVector& vector, const Bytes& changed) {
    auto reader = SeekableReader::open(reader_of(changed), changed.size(),
                                       data_key_from(vector.keys), kAllSuites);
    if (!reader.ok()) return;
    EXPECT_EQ(reader->size(), vector.plaintext.size()) << name_of(vector);
    for (std::uint64_t at = 0; at < reader->size(); at += 16) {
      const std::uint64_t count = std::min<std::uint64_t>(16, reader->size() - at);
      const auto range = reader->read(at, count);
      if (range.ok())
        EXPECT_EQ(*range, to_bytes(ByteSpan(vector.plaintext).subspan(at, count)))
            << name_of(vector);
    }
  }
};

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

TEST_P(Tamper, EveryByteOfTheHeaderIsRefusedForTheReasonOfItsField) {
  for (const OwnVector& vector : vectors_of(GetParam())) {
    const Fields fields(vector);
    ASSERT_EQ(fields.end(), parts_of(vector).header);
    for (const Field& field : fields.all())
      for (std::size_t at = field.begin; at < field.end; ++at)
        for (const std::byte bit : {std::byte{0x01}, std::byte{0x80}}) {
          Bytes changed = vector.message;
          changed[at] ^= bit;
          const auto opened =
              decrypt_message(cipher_, changed, data_key_from(vector.keys), kAllSuites);
          ASSERT_FALSE(opened.ok()) << name_of(vector) << ", " << field.name;
          EXPECT_THAT(opened.error().message, field.reason)
              << name_of(vector) << ", " << field.name << ", byte " << at;
        }
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

TEST_P(Tamper, FramesSwappedDroppedOrRepeated) {
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
  }
}

// Header of one message and body of another, under the same keys and context, of every suite.
TEST_P(Tamper, PartsOfOtherMessages) {
  const std::vector<OwnVector> others = own_vectors();
  for (const OwnVector& vector : vectors_of(GetParam())) {
    const Parts parts = parts_of(vector);
    const ByteSpan message(vector.message);
    for (const OwnVector& other : others) {
      if (other.message == vector.message || other.plaintext.size() != vector.plaintext.size() ||
          other.context != vector.context)
        continue;
      const Parts theirs = parts_of(other);
      Bytes body = to_bytes(message.first(parts.header));
      append(body, ByteSpan(other.message).subspan(theirs.header));
      refused(vector, body);
      if (other.frame_length == vector.frame_length && vector.frame_length > 0) {
        Bytes frame = vector.message;
        copy_bytes(MutableByteSpan(frame).subspan(parts.frames[1]),
                   ByteSpan(other.message)
                       .subspan(theirs.frames[1], vector.frame_length + kFrameOverheadBytes));
        refused(vector, frame);
      }
      if (theirs.body_end < other.message.size() && parts.body_end < vector.message.size()) {
        Bytes footer = to_bytes(message.first(parts.body_end));
        append(footer, ByteSpan(other.message).subspan(theirs.body_end));
        EXPECT_EQ(refused(vector, footer), "the message's signature does not verify");
      }
    }
  }
}

// The same data key, the same plaintext, another message: nothing but its id is another.  Where the
// content key is the data key itself, the id in each frame's additional data is all there is.
TEST_P(Tamper, FramesOfAnotherMessageUnderTheSameDataKey) {
  for (const OwnVector& vector : vectors_of(GetParam())) {
    const Parts parts = parts_of(vector);
    Sibling sibling(vector);
    const auto in_pieces = [&](const Bytes& changed) {
      refused(vector, changed);
      return open_in_pieces(changed, data_key_from(vector.keys), {.limits = kAllSuites}, 64)
          .status.error()
          .message;
    };
    if (vector.frame_length == 0) {
      Bytes changed = vector.message;
      copy_bytes(MutableByteSpan(changed).subspan(parts.header), sibling.unframed_body());
      EXPECT_EQ(in_pieces(changed), "the message's body does not authenticate");
      continue;
    }
    for (std::size_t i = 0; i < parts.frames.size(); ++i) {
      Bytes changed = vector.message;
      copy_bytes(MutableByteSpan(changed).subspan(parts.frames[i]),
                 sibling.frame(i, parts.frames.size()));
      EXPECT_EQ(in_pieces(changed), "frame " + std::to_string(i + 1) + " does not authenticate");
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

// Every suite with its vectors, so that none of the above is about nothing.
TEST_P(Tamper, HasAMessageInFramesAndOneInOnePiece) {
  std::set<bool> framed;
  for (const OwnVector& vector : vectors_of(GetParam())) framed.insert(vector.frame_length > 0);
  EXPECT_EQ(framed.size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Suites, Tamper,
                         testing::Values("0x0014", "0x0046", "0x0078", "0x0114", "0x0146", "0x0178",
                                         "0x0214", "0x0346", "0x0378", "0x0478", "0x0578"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace sealane::envelope
