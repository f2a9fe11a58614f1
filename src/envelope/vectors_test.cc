// SPDX-License-Identifier: Apache-2.0
// Other people's messages: the AWS Encryption SDK's commitment vectors.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "envelope/message.h"
#include "envelope/seekable.h"

namespace sealane::envelope {
namespace {

// The folder of vectors, or nothing.  Where CI runs, missing vectors are a failure.
std::string vectors_folder() {
  const char* folder = std::getenv("SEALANE_VECTORS");
  return folder == nullptr ? "" : folder;
}

Bytes binary(const json::Value& test, std::string_view name) {
  return from_base64(test.text_or_empty(name)).value_or(Bytes());
}

std::string plaintext_of(const json::Value& test) {
  std::string out;
  const json::Value* frames = test.find("plaintext-frames");
  if (frames != nullptr && frames->array() != nullptr)
    for (const json::Value& frame : *frames->array()) out += *frame.text();
  return out;
}

ReadAt reader_of(const Bytes& message) {
  return [&message](std::uint64_t offset, MutableByteSpan to) -> Status {
    copy_bytes(to, ByteSpan(message).subspan(offset, to.size()));
    return {};
  };
}

TEST(CommitmentVectors, EveryMessageOfOurSuiteIsAcceptedOrRefusedForItsReason) {
  const std::string folder = vectors_folder();
  if (folder.empty()) {
    ASSERT_EQ(std::getenv("CI"), nullptr) << "SEALANE_VECTORS is not set";
    GTEST_SKIP() << "SEALANE_VECTORS is not set";
  }
  std::ifstream file(folder + "/esdk/commitment_known_answer_tests.json");
  std::stringstream text;
  text << file.rdbuf();
  auto parsed = json::parse(text.str());
  ASSERT_TRUE(parsed.value.has_value());
  const json::Value* tests = parsed.value->find("tests");
  ASSERT_NE(tests, nullptr);
  ASSERT_NE(tests->array(), nullptr);
  int accepted = 0, refused = 0, not_framed = 0, signed_suite = 0, derived = 0;
  Cipher cipher;
  // Six of the messages have frames whose IV is not the sequence number.
  const Limits as_written = {.frame_ivs = FrameIvs::AsWritten};
  int other_ivs = 0;
  for (const json::Value& test : *tests->array()) {
    const std::string_view comment = test.text_or_empty("comment");
    const Bytes message = binary(test, "ciphertext");
    ASSERT_GT(message.size(), 3u) << comment;
    const Secret data_key(binary(test, "decrypted-dek"));
    const DataKeyFor find = [&](const Header&) -> Result<Secret> { return data_key.clone(); };
    auto opened = decrypt_message(cipher, message, find, as_written);
    if (message[1] == std::byte{0x05}) {
      ++signed_suite;
      EXPECT_EQ(opened.error().kind, ErrorKind::Unsupported) << comment;
      continue;
    }
    if (!opened.ok() && opened.error().kind == ErrorKind::Unsupported) {
      EXPECT_EQ(opened.error().message, "a message whose body is not framed") << comment;
      ++not_framed;
      continue;
    }
    if (!*test.find("status")->boolean()) {
      ASSERT_FALSE(opened.ok()) << comment;
      EXPECT_EQ(opened.error().message, kCommitmentMismatch) << comment;
      ++refused;
      continue;
    }
    ASSERT_TRUE(opened.ok()) << comment << ": " << opened.error().message;
    EXPECT_EQ(as_text(opened->plaintext), plaintext_of(test)) << comment;
    const auto decoded = decode_header(message).value();
    EXPECT_EQ(to_bytes(decoded->header.commitment), binary(test, "commitment")) << comment;
    EXPECT_EQ(to_bytes(ByteSpan(message).first(decoded->size)), binary(test, "header")) << comment;
    const Bytes content_key = binary(test, "content-encryption-key");
    if (!content_key.empty()) {
      const Secret ours = envelope::open_header(cipher, *decoded, message, data_key).value();
      EXPECT_EQ(to_bytes(ours.reveal()), content_key) << comment;
      ++derived;
    }
    // The same plaintext by random access.
    auto reader = SeekableReader::open(reader_of(message), message.size(), find, as_written);
    ASSERT_TRUE(reader.ok()) << comment << ": " << reader.error().message;
    EXPECT_EQ(reader->read(0, reader->size()).value(), opened->plaintext) << comment;
    if (!decrypt_message(cipher, message, find).ok()) ++other_ivs;
    ++accepted;
  }
  EXPECT_EQ(signed_suite, 23);
  EXPECT_EQ(accepted + refused + not_framed, 23);
  EXPECT_EQ(accepted, 17);
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(not_framed, 3);
  EXPECT_EQ(derived, 8);
  EXPECT_EQ(other_ivs, 6);
}

}  // namespace
}  // namespace sealane::envelope
