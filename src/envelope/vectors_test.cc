// SPDX-License-Identifier: Apache-2.0
// Other people's messages: the AWS Encryption SDK's commitment vectors and its decrypt vectors.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "base/json.h"
#include "base/process.h"
#include "crypto/testing/seeded_random.h"
#include "envelope/data_keys.h"
#include "envelope/inspect.h"
#include "envelope/message.h"
#include "envelope/seekable.h"
#include "envelope/stream_opener.h"

namespace sealane::envelope {
namespace {

// The folder of vectors, or nothing.  Where CI runs, missing vectors are a failure.
std::string vectors_folder() {
  const char* folder = std::getenv("SEALANE_VECTORS");
  return folder == nullptr ? "" : folder;
}

#define SEALANE_NEEDS_VECTORS()                                            \
  if (vectors_folder().empty()) {                                          \
    ASSERT_EQ(std::getenv("CI"), nullptr) << "SEALANE_VECTORS is not set"; \
    GTEST_SKIP() << "SEALANE_VECTORS is not set";                          \
  }

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
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

DataKeyFor always(const Secret& key) {
  return [&key](const Header&) -> Result<Secret> { return key.clone(); };
}

// The plaintext through a StreamOpener, in pieces.
Result<Bytes> streamed(ByteSpan message, const DataKeyFor& find, StreamOpenerOptions options,
                       std::size_t piece) {
  Cipher cipher;
  Bytes out;
  StreamOpener opener(
      cipher, find,
      [&](ByteSpan bytes) -> Status {
        append(out, bytes);
        return {};
      },
      std::move(options));
  while (!message.empty()) {
    SEALANE_TRY(opener.write(message.first(std::min(piece, message.size()))));
    message = message.subspan(std::min(piece, message.size()));
  }
  SEALANE_TRY(opener.finish());
  return out;
}

// --- commitment vectors -----------------------------------------------------------------------

// Some of the messages have frames whose IV is not the sequence number, and some of the signed ones
// a context that is not sorted.
const Limits kAsWritten = {.frame_ivs = FrameIvs::AsWritten,
                           .context_order = ContextOrder::AsWritten};

using Decoder = std::function<Result<Bytes>(const Bytes& message, const Secret& data_key)>;

Result<Bytes> decode(const Bytes& message, const Secret& data_key) {
  Cipher cipher;
  SEALANE_ASSIGN(OpenedMessage opened,
                 decrypt_message(cipher, message, always(data_key), kAsWritten));
  return std::move(opened.plaintext);
}

// The same decoder with one defect: it takes the data key's commitment for the message's.
Result<Bytes> decode_without_commitment(const Bytes& message, const Secret& data_key) {
  Cipher cipher;
  SEALANE_ASSIGN(auto decoded, decode_header(message, kAsWritten));
  crypto::Hkdf hkdf;
  hkdf.extract(decoded->header.id(), data_key.reveal());
  hkdf.expand(as_bytes("COMMITKEY"), decoded->header.commitment);
  SEALANE_ASSIGN(const Secret key, open_header(cipher, *decoded, message, data_key));
  cipher.gcm.set_key(key.reveal());
  const ByteSpan body = ByteSpan(message).subspan(decoded->size);
  if (decoded->header.framing == Framing::Unframed) {
    SEALANE_ASSIGN(const std::uint64_t length, unframed_content_bytes(body));
    Bytes out(length);
    SEALANE_TRY(open_unframed(cipher.gcm, decoded->header.id(),
                              body.first(length + kUnframedOverheadBytes), out));
    return out;
  }
  SEALANE_ASSIGN(const auto inspection,
                 inspect_message(reader_of(message), message.size(), kAsWritten));
  SEALANE_ASSIGN(const BodyLayout layout,
                 layout_for_body(inspection.body_bytes, decoded->header.frame_length));
  Bytes out;
  for (std::uint64_t i = 1; i <= layout.frames; ++i) {
    const bool last = i == layout.frames;
    Bytes plaintext(last ? layout.final_bytes : layout.frame_length);
    SEALANE_TRY(open_frame(
        cipher.gcm, decoded->header.id(), last ? FrameKind::Final : FrameKind::Regular,
        static_cast<std::uint32_t>(i), body.subspan(layout.frame_offset(i), layout.frame_bytes(i)),
        plaintext, FrameIvs::AsWritten));
    append(out, plaintext);
  }
  return out;
}

// Numbers of the tests, from 1, that the decoder does not accept or refuse as it must.
std::vector<std::size_t> wrong_answers(const json::Value& tests, const Decoder& decoder) {
  std::vector<std::size_t> out;
  std::size_t number = 0;
  for (const json::Value& test : *tests.array()) {
    ++number;
    const auto opened =
        decoder(binary(test, "ciphertext"), Secret::take(binary(test, "decrypted-dek")));
    const bool right = *test.find("status")->boolean()
                           ? opened.ok() && as_text(*opened) == plaintext_of(test)
                           : !opened.ok() && opened.error().message == kCommitmentMismatch;
    if (!right) out.push_back(number);
  }
  return out;
}

json::Value commitment_tests() {
  auto parsed =
      json::parse(read_text(vectors_folder() + "/esdk/commitment_known_answer_tests.json"));
  SEALANE_CHECK(parsed.value.has_value());
  return *parsed.value->find("tests");
}

TEST(CommitmentVectors, All46AreAcceptedOrRefusedForTheirReason) {
  SEALANE_NEEDS_VECTORS();
  const json::Value tests = commitment_tests();
  ASSERT_EQ(tests.array()->size(), 46u);
  EXPECT_EQ(wrong_answers(tests, decode), std::vector<std::size_t>());
  for (const Release release : {Release::AsAuthenticated, Release::WhenComplete})
    EXPECT_EQ(wrong_answers(tests,
                            [&](const Bytes& message, const Secret& key) {
                              return streamed(message, always(key),
                                              {.limits = kAsWritten, .release = release}, 7);
                            }),
              std::vector<std::size_t>());
}

// Test 2 opens to `BadCommitment` without the check; the other four fail for another reason.
TEST(CommitmentVectors, ADecoderWithoutTheCommitmentCheckFailsThem) {
  SEALANE_NEEDS_VECTORS();
  const json::Value tests = commitment_tests();
  EXPECT_EQ(wrong_answers(tests, decode_without_commitment),
            (std::vector<std::size_t>{2, 12, 13, 20, 21}));
  const json::Value& second = (*tests.array())[1];
  const auto opened = decode_without_commitment(binary(second, "ciphertext"),
                                                Secret::take(binary(second, "decrypted-dek")));
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(as_text(*opened), "BadCommitment");
}

TEST(CommitmentVectors, EveryPartIsThePublishedOne) {
  SEALANE_NEEDS_VECTORS();
  const json::Value tests = commitment_tests();
  int accepted = 0, is_signed = 0, not_framed = 0, derived = 0, frames = 0, by_range = 0,
      other_ivs = 0, not_sorted = 0;
  Cipher cipher;
  for (const json::Value& test : *tests.array()) {
    if (!*test.find("status")->boolean()) continue;
    ++accepted;
    const std::string_view comment = test.text_or_empty("comment");
    const Bytes message = binary(test, "ciphertext");
    const Secret data_key = Secret::take(binary(test, "decrypted-dek"));
    const auto decoded = decode_header(message, kAsWritten).value();
    EXPECT_EQ(to_bytes(decoded->header.commitment), binary(test, "commitment")) << comment;
    if (const Bytes header = binary(test, "header"); !header.empty())
      EXPECT_EQ(to_bytes(ByteSpan(message).first(decoded->size)), header) << comment;
    if (decode_header(message).ok())
      EXPECT_EQ(encode_header(decoded->header).value(),
                to_bytes(ByteSpan(message).first(decoded->authenticated_bytes)))
          << comment;
    else
      ++not_sorted;
    if (suite_of(decoded->header.suite).is_signed()) ++is_signed;
    const Bytes content_key = binary(test, "content-encryption-key");
    if (!content_key.empty()) {
      const Secret ours = open_header(cipher, *decoded, message, data_key).value();
      EXPECT_EQ(to_bytes(ours.reveal()), content_key) << comment;
      ++derived;
    }
    const auto inspection = inspect_message(reader_of(message), message.size(), kAsWritten).value();
    frames += static_cast<int>(inspection.frames);
    EXPECT_EQ(inspection.header_bytes + inspection.body_bytes + inspection.footer_bytes,
              message.size());
    auto reader =
        SeekableReader::open(reader_of(message), message.size(), always(data_key), kAsWritten);
    if (decoded->header.framing == Framing::Unframed) {
      ++not_framed;
      EXPECT_EQ(reader.error().kind, ErrorKind::Unsupported);
      continue;
    }
    ASSERT_TRUE(reader.ok()) << comment << ": " << reader.error().message;
    EXPECT_EQ(as_text(reader->read(0, reader->size()).value()), plaintext_of(test)) << comment;
    ++by_range;
    const auto strict = decrypt_message(cipher, message, always(data_key),
                                        {.context_order = ContextOrder::AsWritten});
    if (!strict.ok()) ++other_ivs;
  }
  EXPECT_EQ(accepted, 41);
  EXPECT_EQ(is_signed, 21);
  EXPECT_EQ(derived, 16);
  EXPECT_EQ(frames, 208);
  EXPECT_EQ(not_framed, 7);
  EXPECT_EQ(by_range, 34);
  EXPECT_EQ(other_ivs, 12);
  EXPECT_EQ(not_sorted, 3);
}

// --- decrypt vectors --------------------------------------------------------------------------

struct DecryptTest {
  std::string name;
  Bytes message;
  std::vector<std::string> keys;
  std::vector<UnwrappingKey> unwrapping;  // empty for KMS
  EncryptionContext caller_context;       // pairs that the message does not store
};

struct DecryptVectors {
  std::filesystem::path folder;
  std::string plaintext;
  std::vector<DecryptTest> tests;

  DecryptVectors() {
    folder = std::filesystem::path(testing::TempDir()) / "sealane_esdk_vectors";
    std::filesystem::remove_all(folder);
    // Python's own module, so that the product needs no reader of zip files.
    auto unzip =
        ChildProcess::spawn({.argv = {"/usr/bin/python3", "-m", "zipfile", "-e",
                                      vectors_folder() + "/esdk/v4-Net-4.0.1.zip", folder.string()},
                             .stdout_file = {},
                             .stderr_file = {}});
    if (!unzip.ok() || !unzip->wait(std::chrono::seconds(60)).ok()) return;
    plaintext = read_text(folder / "plaintexts/small");
    const auto manifest = json::parse(read_text(folder / "manifest.json"));
    const auto key_file = json::parse(read_text(folder / "keys.json"));
    if (!manifest.value || !key_file.value) return;
    for (const json::Member& test : *manifest.value->find("tests")->object())
      add(test, *key_file.value->find("keys"));
  }
  ~DecryptVectors() { std::filesystem::remove_all(folder); }

  void add(const json::Member& member, const json::Value& keys) {
    DecryptTest& test = tests.emplace_back();
    test.name = member.name;
    const auto path = member.value.text_or_empty("ciphertext").substr(sizeof("file://") - 1);
    test.message = to_bytes(read_text(folder / path));
    if (member.value.text_or_empty("cmm") == "RequiredEncryptionContext")
      for (const json::Member& pair : *member.value.find("encryption-context")->object())
        test.caller_context[pair.name] = *pair.value.text();
    for (const json::Value& master : *member.value.find("master-keys")->array())
      add_key(test, master, keys);
  }

  static void add_key(DecryptTest& test, const json::Value& master, const json::Value& keys) {
    const std::string name(master.text_or_empty("key"));
    test.keys.push_back(name);
    if (master.text_or_empty("type") != "raw") return;
    const json::Value& key = *keys.find(name);
    WrappingKeyName known = {std::string(master.text_or_empty("provider-id")),
                             std::string(key.text_or_empty("key-id"))};
    if (master.text_or_empty("encryption-algorithm") == "aes") {
      test.unwrapping.push_back(
          RawAesKey{known, Secret::take(from_base64(key.text_or_empty("material")).value())});
      return;
    }
    // The public key is the public half of the private one.
    const std::string_view pem = keys.find("rsa-4096-private")->text_or_empty("material");
    test.unwrapping.push_back(
        RawRsaKey{known,
                  master.text_or_empty("padding-hash") == "sha512" ? crypto::RsaPadding::OaepSha512
                                                                   : crypto::RsaPadding::OaepSha256,
                  crypto::RsaPrivateKey::from_pem(Secret(as_bytes(pem))).value()});
  }
};

const Limits kAllSuites = {.suites = SuiteSet::all()};

TEST(DecryptVectors, EveryRawKeyMessageOpensWholeInPiecesAndByRange) {
  SEALANE_NEEDS_VECTORS();
  const DecryptVectors vectors;
  ASSERT_EQ(vectors.tests.size(), 132u);
  ASSERT_EQ(vectors.plaintext.size(), 10240u);
  int opened_whole = 0, single = 0, refused_by_default = 0;
  std::map<std::string_view, int> by_suite;
  Cipher cipher;
  for (const DecryptTest& test : vectors.tests) {
    if (test.unwrapping.empty()) continue;
    const DataKeyFor find = data_key_from(test.unwrapping);
    const auto opened =
        decrypt_message(cipher, test.message, find, kAllSuites, test.caller_context);
    ASSERT_TRUE(opened.ok()) << test.name << ": " << opened.error().message;
    EXPECT_EQ(as_text(opened->plaintext), vectors.plaintext) << test.name;
    ++opened_whole;
    const Suite& suite = suite_of(opened->header.suite);
    ++by_suite[suite.name];
    const auto pieces = streamed(
        test.message, find, {.limits = kAllSuites, .caller_context = test.caller_context}, 1000);
    ASSERT_TRUE(pieces.ok()) << test.name << ": " << pieces.error().message;
    EXPECT_EQ(*pieces, opened->plaintext);
    auto reader = SeekableReader::open(reader_of(test.message), test.message.size(), find,
                                       kAllSuites, test.caller_context);
    ASSERT_TRUE(reader.ok()) << test.name << ": " << reader.error().message;
    EXPECT_EQ(as_text(reader->read(500, 1100).value()), vectors.plaintext.substr(500, 1100));
    const auto by_default = decrypt_message(cipher, test.message, find, {}, test.caller_context);
    EXPECT_EQ(by_default.ok(), suite.commits()) << test.name;
    if (!by_default.ok()) {
      EXPECT_EQ(by_default.error().kind, ErrorKind::Unsupported);
      ++refused_by_default;
    }
    if (test.unwrapping.size() != 2) continue;
    for (std::size_t i = 0; i < 2; ++i) {  // one recipient alone
      std::vector<UnwrappingKey> alone;
      const auto& rsa = std::get<RawRsaKey>(test.unwrapping[i]);
      alone.push_back(RawRsaKey{rsa.name, rsa.padding, rsa.key});
      EXPECT_TRUE(decrypt_message(cipher, test.message, data_key_from(alone), kAllSuites,
                                  test.caller_context)
                      .ok())
          << test.name;
      ++single;
    }
  }
  EXPECT_EQ(opened_whole, 99);
  EXPECT_EQ(by_suite.size(), 11u);
  for (const auto& [name, count] : by_suite) EXPECT_EQ(count, 9) << name;
  EXPECT_EQ(single, 66);
  EXPECT_EQ(refused_by_default, 81);
}

TEST(DecryptVectors, EveryMessageParsesToItsLastByteAndNamesItsRecipients) {
  SEALANE_NEEDS_VECTORS();
  const DecryptVectors vectors;
  int parsed = 0;
  std::map<WrapKind, int> kinds;
  Cipher cipher;
  for (const DecryptTest& test : vectors.tests) {
    const auto inspection = inspect_message(reader_of(test.message), test.message.size());
    ASSERT_TRUE(inspection.ok()) << test.name << ": " << inspection.error().message;
    const Suite& suite = suite_of(inspection->header.suite);
    EXPECT_EQ(inspection->problems.size(), suite.commits() ? 0u : 1u) << test.name;
    EXPECT_EQ(inspection->frames, 20u);
    EXPECT_EQ(inspection->plaintext_bytes, 10240u);
    EXPECT_EQ(inspection->footer_bytes > 0, suite.is_signed());
    EXPECT_EQ(inspection->recipients.size(), test.keys.size()) << test.name;
    for (const WrapDescription& wrap : inspection->recipients) ++kinds[wrap.kind];
    ++parsed;
    if (!test.unwrapping.empty()) continue;
    const std::vector<UnwrappingKey> none;
    const auto refused =
        decrypt_message(cipher, test.message, data_key_from(none), kAllSuites, test.caller_context);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::Denied);
    EXPECT_EQ(refused.error().message,
              "no key at hand opens the message; it is sealed for aws-kms "
              "`arn:aws:kms:us-west-2:658956600833:key/b3537ef1-d8dc-4780-9f5a-55776cbb2f7f`");
  }
  EXPECT_EQ(parsed, 132);
  EXPECT_EQ(kinds[WrapKind::RawAes], 33);
  EXPECT_EQ(kinds[WrapKind::RawRsa], 99);
  EXPECT_EQ(kinds[WrapKind::AwsKms], 33);
}

TEST(DecryptVectors, ChangedMessagesAndChangedContextsAreRefused) {
  SEALANE_NEEDS_VECTORS();
  const DecryptVectors vectors;
  Cipher cipher;
  crypto::SeededRandom random(4);
  int without = 0, changed = 0, flipped = 0, cut = 0;
  for (const DecryptTest& test : vectors.tests) {
    if (test.unwrapping.empty()) continue;
    const DataKeyFor real = data_key_from(test.unwrapping);
    // The data key is unwrapped once: RSA would take most of the test's time.
    Secret data_key;
    std::vector<EncryptedDataKey> wrapped;
    const DataKeyFor keep = [&](const Header& header) -> Result<Secret> {
      SEALANE_ASSIGN(data_key, real(header));
      wrapped = header.data_keys;
      return data_key.clone();
    };
    ASSERT_TRUE(decrypt_message(cipher, test.message, keep, kAllSuites, test.caller_context).ok());
    const DataKeyFor cached = [&](const Header& header) -> Result<Secret> {
      if (header.data_keys != wrapped) return real(header);
      return data_key.clone();
    };
    if (!test.caller_context.empty()) {
      EXPECT_FALSE(decrypt_message(cipher, test.message, real, kAllSuites).ok()) << test.name;
      ++without;
      EncryptionContext other = test.caller_context;
      other.begin()->second += "x";
      EXPECT_FALSE(decrypt_message(cipher, test.message, real, kAllSuites, other).ok());
      EXPECT_FALSE(decrypt_message(cipher, test.message, cached, kAllSuites, other).ok());
      ++changed;
    }
    for (int i = 0; i < 40; ++i) {
      Bytes message = test.message;
      const Bytes draw = random.bytes(8);
      const auto bit = load_be<std::uint64_t>(draw) % (message.size() * 8);
      message[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
      EXPECT_FALSE(decrypt_message(cipher, message, cached, kAllSuites, test.caller_context).ok())
          << test.name << ", bit " << bit;
      ++flipped;
    }
    for (const std::size_t bytes : {1u, 16u, 512u}) {
      const ByteSpan shorter = ByteSpan(test.message).first(test.message.size() - bytes);
      EXPECT_FALSE(decrypt_message(cipher, shorter, cached, kAllSuites, test.caller_context).ok());
      ++cut;
    }
  }
  EXPECT_EQ(without, 33);
  EXPECT_EQ(changed, 33);
  EXPECT_EQ(flipped, 3960);
  EXPECT_EQ(cut, 297);
}

}  // namespace
}  // namespace sealane::envelope
