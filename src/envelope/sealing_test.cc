// SPDX-License-Identifier: Apache-2.0
// What the writer can do beyond the known answer: signatures, threads, pairs that are not stored,
// and every way to wrap a data key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/testing/seeded_random.h"
#include "envelope/data_keys.h"
#include "envelope/footer.h"
#include "envelope/inspect.h"
#include "envelope/message.h"
#include "envelope/testdata/known_answer.h"
#include "envelope/testdata/opening.h"

namespace sealane::envelope {
namespace {

constexpr std::string_view kArn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd";

DataKeyFor always(const Secret& key) {
  return [&key](const Header&) -> Result<Secret> { return key.clone(); };
}

HeaderPlan signed_plan(const KnownAnswer& known) {
  HeaderPlan plan = known.plan();
  plan.suite = SuiteId::Aes256CommitSigned;
  plan.signing_key = std::make_shared<const crypto::EcdsaPrivateKey>(
      crypto::EcdsaPrivateKey::generate(crypto::EcdsaCurve::P384));
  add_public_key(plan.context, *plan.signing_key);
  return plan;
}

const crypto::RsaPrivateKey& rsa_key() {
  static const crypto::RsaPrivateKey kKey = crypto::RsaPrivateKey::generate(2048).value();
  return kKey;
}

// The message that a BodySealer gives in pieces.
Bytes sealed_in_pieces(const HeaderPlan& plan, const Secret& data_key, ByteSpan plaintext,
                       const BodyOptions& options, bool in_place, std::size_t piece = 23) {
  Cipher cipher;
  Bytes out;
  BodySealer sealer(
      cipher, seal_header(cipher, plan, data_key).value(),
      [&](ByteSpan bytes) -> Status {
        append(out, bytes);
        return {};
      },
      options);
  while (!plaintext.empty()) {
    const std::size_t count = std::min(plaintext.size(), piece);
    if (in_place) {
      const MutableByteSpan room = sealer.room().value();
      const std::size_t fits = std::min(count, room.size());
      copy_bytes(room, plaintext.first(fits));
      sealer.commit(fits);
      plaintext = plaintext.subspan(fits);
    } else {
      EXPECT_TRUE(sealer.write(plaintext.first(count)).ok());
      plaintext = plaintext.subspan(count);
    }
  }
  const auto tag = sealer.finish();
  EXPECT_TRUE(tag.ok());
  EXPECT_EQ(sealer.bytes_written(), out.size());
  return out;
}

TEST(BodySealer, AnyNumberOfThreadsAndFramesAtOnceGivesTheSameMessage) {
  const KnownAnswer known;
  Cipher cipher;
  for (const std::size_t length : {0u, 1u, 31u, 32u, 33u, 64u, 96u, 200u, 1000u}) {
    const Bytes plaintext = crypto::SeededRandom(length).bytes(length);
    const Bytes expected = encrypt_message(cipher, known.plan(), known.data_key, plaintext).value();
    for (const std::size_t threads : {1u, 2u, 3u})
      for (const std::size_t frames : {1u, 2u, 5u, 64u})
        for (const bool in_place : {false, true})
          for (const std::size_t piece : {23u, 97u, 5000u})
            EXPECT_EQ(
                sealed_in_pieces(known.plan(), known.data_key, plaintext,
                                 {.threads = threads, .frames_at_once = frames}, in_place, piece),
                expected)
                << length << " bytes, " << threads << " threads, " << frames << " frames";
  }
}

TEST(Signed, MessagesOpenWholeInPiecesAndByRange) {
  const KnownAnswer known;
  Cipher cipher;
  for (const std::size_t length : {0u, 1u, 32u, 33u, 64u, 200u}) {
    const Bytes plaintext = crypto::SeededRandom(length).bytes(length);
    const HeaderPlan plan = signed_plan(known);
    const Bytes whole = encrypt_message(cipher, plan, known.data_key, plaintext).value();
    const Bytes pieces = sealed_in_pieces(plan, known.data_key, plaintext,
                                          {.threads = 2, .frames_at_once = 3}, true);
    // The signatures differ and nothing else does.
    ASSERT_EQ(whole.size(), pieces.size());
    const std::size_t footer = 2 + crypto::ecdsa_signature_bytes(crypto::EcdsaCurve::P384);
    EXPECT_EQ(to_bytes(ByteSpan(whole).first(whole.size() - footer)),
              to_bytes(ByteSpan(pieces).first(whole.size() - footer)));
    for (const Bytes& message : {whole, pieces}) {
      EXPECT_EQ(decrypt_message(cipher, message, always(known.data_key)).value().plaintext,
                plaintext);
      const Streamed streamed = open_in_pieces(message, always(known.data_key), {}, 50);
      EXPECT_TRUE(streamed.status.ok());
      EXPECT_EQ(streamed.released, plaintext);
      auto reader =
          SeekableReader::open(reader_of(message), message.size(), always(known.data_key)).value();
      EXPECT_EQ(reader.read(0, length).value(), plaintext);
    }
  }
}

TEST(Signed, TheLastFrameWaitsForTheSignatureAndTheWholeOnRequest) {
  const KnownAnswer known;
  Cipher cipher;
  const Bytes plaintext = crypto::SeededRandom(1).bytes(80);  // two frames and a half
  Bytes message = encrypt_message(cipher, signed_plan(known), known.data_key, plaintext).value();
  message.back() ^= std::byte{1};
  const Streamed frames = open_in_pieces(message, always(known.data_key), {}, 10);
  EXPECT_EQ(frames.status.error().message, "the message's signature does not verify");
  EXPECT_EQ(frames.released, to_bytes(ByteSpan(plaintext).first(64)));
  const Streamed whole =
      open_in_pieces(message, always(known.data_key), {.release = Release::WhenComplete}, 10);
  EXPECT_EQ(whole.status.error().message, "the message's signature does not verify");
  EXPECT_TRUE(whole.released.empty());
}

TEST(Signed, TheKeyOfTheContextMustBeTheSigningKey) {
  const KnownAnswer known;
  Cipher cipher;
  const auto refused = [&](const HeaderPlan& plan) {
    return seal_header(cipher, plan, known.data_key).error().kind;
  };
  HeaderPlan plan = signed_plan(known);
  plan.context.erase(std::string(kPublicKeyPair));
  EXPECT_EQ(refused(plan), ErrorKind::Invalid);
  plan.context = signed_plan(known).context;  // somebody else's
  EXPECT_EQ(refused(plan), ErrorKind::Invalid);
  plan = signed_plan(known);
  plan.signing_key = nullptr;
  EXPECT_EQ(refused(plan), ErrorKind::Invalid);
  plan = signed_plan(known);
  plan.suite = kDefaultSuite;
  EXPECT_EQ(refused(plan), ErrorKind::Invalid);
}

TEST(Suites, WithoutCommitmentAreNeverWritten) {
  const KnownAnswer known;
  Cipher cipher;
  for (const Suite& suite : all_suites()) {
    HeaderPlan plan = known.plan();
    plan.suite = suite.id;
    if (!suite.commits())
      EXPECT_EQ(seal_header(cipher, plan, known.data_key).error().kind, ErrorKind::Unsupported);
  }
}

// Source: AWS Encryption SDK specification, framework/required-encryption-context-cmm.
TEST(CallerContext, IsBoundByTheDataKeyAndTheHeaderAndNotStored) {
  const KnownAnswer known;
  Cipher cipher;
  HeaderPlan plan = known.plan();
  plan.caller_context = {{"tenant", "t1"}};
  EncryptionContext full = plan.context;
  full.insert(plan.caller_context.begin(), plan.caller_context.end());
  crypto::AesGcm gcm;
  gcm.set_key(known.wrapping_key);
  plan.data_keys = {wrap_data_key(gcm, known.name, counting<12>(0xc0), known.data_key.reveal(),
                                  encode_context(full).value())};
  const Bytes plaintext = to_bytes(as_bytes(known.plaintext));
  const Bytes message = encrypt_message(cipher, plan, known.data_key, plaintext).value();
  EXPECT_EQ(to_text(message).find("tenant"), std::string::npos);
  std::vector<UnwrappingKey> keys;
  keys.push_back(RawAesKey{known.name, Secret(known.wrapping_key)});
  const auto open = [&](const DataKeyFor& find, const EncryptionContext& brought) {
    return decrypt_message(cipher, message, find, {}, brought);
  };
  const auto opened = open(data_key_from(keys), {{"tenant", "t1"}, {"shard", "0"}});
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->plaintext, plaintext);
  EXPECT_EQ(opened->header.caller_context, plan.caller_context);
  for (const EncryptionContext& wrong : {EncryptionContext{},
                                         {{"tenant", "t2"}},
                                         {{"tenant", "t1"}, {"more", ""}},
                                         {{"tenant", "t1"}, {"shard", "1"}}}) {
    EXPECT_FALSE(open(data_key_from(keys), wrong).ok());
    // A raw RSA data key does not bind the context; then the header does.
    EXPECT_FALSE(open(always(known.data_key), wrong).ok());
  }
  EXPECT_TRUE(open(always(known.data_key), {{"tenant", "t1"}}).ok());
}

// A device seals with a public key alone.
TEST(RsaDataKeys, APublicKeySealsAndThePrivateOneOpensUnderEveryPadding) {
  const KnownAnswer known;
  Cipher cipher;
  for (const auto padding :
       {crypto::RsaPadding::Pkcs1, crypto::RsaPadding::OaepSha1, crypto::RsaPadding::OaepSha256,
        crypto::RsaPadding::OaepSha384, crypto::RsaPadding::OaepSha512}) {
    const auto public_key = crypto::RsaPublicKey::from_pem(rsa_key().public_key().pem()).value();
    HeaderPlan plan = known.plan();
    plan.data_keys = {
        wrap_data_key(public_key, padding, known.name, known.data_key.reveal()).value()};
    const Bytes message =
        encrypt_message(cipher, plan, known.data_key, as_bytes(known.plaintext)).value();
    std::vector<UnwrappingKey> keys;
    keys.push_back(RawRsaKey{known.name, padding, rsa_key()});
    EXPECT_EQ(as_text(decrypt_message(cipher, message, data_key_from(keys)).value().plaintext),
              known.plaintext);
    EXPECT_EQ(to_string(describe_data_key(plan.data_keys[0])), "raw-rsa sealane `ds1/e1`");
  }
}

TEST(RsaDataKeys, EveryFailureHasOneText) {
  const KnownAnswer known;
  const std::string wanted = "the data key does not unwrap under `ds1/e1`";
  for (const auto padding : {crypto::RsaPadding::Pkcs1, crypto::RsaPadding::OaepSha256}) {
    const EncryptedDataKey good =
        wrap_data_key(rsa_key().public_key(), padding, known.name, known.data_key.reveal()).value();
    std::vector<EncryptedDataKey> wrong(5, good);
    wrong[0].ciphertext[5] ^= std::byte{1};
    wrong[1].ciphertext.pop_back();
    wrong[2].ciphertext.clear();
    wrong[3].ciphertext.assign(good.ciphertext.size(), std::byte{0xff});  // over the modulus
    wrong[4] = wrap_data_key(rsa_key().public_key(), padding, known.name, Bytes(31)).value();
    for (const EncryptedDataKey& edk : wrong) {
      const auto opened = unwrap_data_key(rsa_key(), padding, known.name, edk, 32);
      ASSERT_FALSE(opened.ok());
      EXPECT_EQ(opened.error().message, wanted);
    }
  }
  EXPECT_EQ(wrap_data_key(rsa_key().public_key(), crypto::RsaPadding::OaepSha256,
                          {"aws-kms-mine", "k"}, known.data_key.reveal())
                .error()
                .kind,
            ErrorKind::Invalid);
}

TEST(KmsDataKeys, AreWrittenAsKmsReturnsThemAndNamedByTheirArn) {
  const EncryptedDataKey edk = kms_data_key(kArn, Bytes(184)).value();
  EXPECT_EQ(edk.provider, "aws-kms");
  EXPECT_EQ(as_text(edk.info), kArn);
  EXPECT_EQ(to_string(describe_data_key(edk)), "aws-kms `" + std::string(kArn) + "`");
  const KmsKeyArn arn = parse_kms_key_arn(kArn).value();
  EXPECT_EQ(arn.region, "eu-central-1");
  EXPECT_EQ(arn.key, "1234abcd");
  for (const char* wrong :
       {"", "arn", "arn:aws:kms:eu-central-1:123456789012:alias/training",
        "arn:aws:s3:eu-central-1:123456789012:key/1", "arn:aws:kms::123456789012:key/1",
        "arn:aws:kms:eu-central-1:123456789012:key/", "arn:aws:kms:eu-central-1:1:key/a/b",
        "arn:aws:kms:eu-central-1:1:key/a:b"}) {
    EXPECT_EQ(kms_data_key(wrong, Bytes(184)).error().kind, ErrorKind::Invalid) << wrong;
    EncryptedDataKey foreign = edk;
    foreign.info = to_bytes(std::string_view(wrong));
    EXPECT_FALSE(describe_data_key(foreign).problem.empty()) << wrong;
  }
}

TEST(KmsRsaDataKeys, BindTheContextAndRefuseSignedSuites) {
  const KnownAnswer known;
  const Bytes context = encode_context(known.plan().context).value();
  const auto wrap = [&](crypto::RsaPadding padding, SuiteId suite) {
    return wrap_kms_rsa_data_key(rsa_key().public_key(), padding, kArn, suite,
                                 known.data_key.reveal(), context);
  };
  for (const auto padding : {crypto::RsaPadding::OaepSha1, crypto::RsaPadding::OaepSha256}) {
    const EncryptedDataKey edk = wrap(padding, kDefaultSuite).value();
    EXPECT_EQ(edk.provider, "aws-kms-rsa");
    EXPECT_EQ(describe_data_key(edk).kind, WrapKind::AwsKmsRsa);
    EXPECT_EQ(describe_data_key(edk).problem, "");
    EXPECT_EQ(
        to_bytes(
            unwrap_kms_rsa_data_key(rsa_key(), padding, kArn, edk, 32, context).value().reveal()),
        to_bytes(known.data_key.reveal()));
    EXPECT_FALSE(unwrap_kms_rsa_data_key(rsa_key(), padding, kArn, edk, 32, {}).ok());
    EXPECT_FALSE(unwrap_kms_rsa_data_key(rsa_key(), padding, kArn, edk, 16, context).ok());
  }
  EXPECT_EQ(wrap(crypto::RsaPadding::OaepSha256, SuiteId::Aes256CommitSigned).error().kind,
            ErrorKind::Invalid);
  EXPECT_EQ(wrap(crypto::RsaPadding::Pkcs1, kDefaultSuite).error().kind, ErrorKind::Invalid);
}

TEST(DataKeys, OfAnUnknownKindAreNamedAndSkipped) {
  const KnownAnswer known;
  Cipher cipher;
  HeaderPlan plan = known.plan();
  plan.data_keys.insert(plan.data_keys.begin(),
                        {.provider = "somebody", .info = {std::byte{0xff}}, .ciphertext = {}});
  plan.data_keys.push_back(kms_data_key(kArn, Bytes(184)).value());
  const Bytes message =
      encrypt_message(cipher, plan, known.data_key, as_bytes(known.plaintext)).value();
  std::vector<UnwrappingKey> keys;
  EXPECT_EQ(decrypt_message(cipher, message, data_key_from(keys)).error().message,
            "no key at hand opens the message; it is sealed for unknown somebody `ff`, raw-aes "
            "sealane `ds1/e1`, aws-kms `" +
                std::string(kArn) + "`");
  keys.push_back(RawAesKey{known.name, Secret(known.wrapping_key)});
  EXPECT_TRUE(decrypt_message(cipher, message, data_key_from(keys)).ok());
  keys.clear();
  keys.push_back(RawAesKey{known.name, Secret(counting<32>(1))});  // of that name, another key
  EXPECT_EQ(decrypt_message(cipher, message, data_key_from(keys)).error().kind, ErrorKind::Corrupt);
}

TEST(StreamOpener, KeepsRefusingAfterAnErrorAndAfterTheEnd) {
  const KnownAnswer known;
  Cipher cipher;
  const Sink nowhere = [](ByteSpan) -> Status { return {}; };
  StreamOpener opener(cipher, always(known.data_key), nowhere);
  EXPECT_FALSE(opener.header());
  EXPECT_TRUE(opener.write(known.message()).ok());
  ASSERT_TRUE(opener.header());
  EXPECT_EQ(opener.header()->context, known.plan().context);
  EXPECT_EQ(opener.plaintext_bytes(), known.plaintext.size());
  EXPECT_TRUE(opener.finish().ok());
  EXPECT_FALSE(opener.write({}).ok());
  EXPECT_FALSE(opener.finish().ok());
  StreamOpener wrong(cipher, always(known.data_key), nowhere);
  EXPECT_FALSE(wrong.write(as_bytes("no message")).ok());
  EXPECT_EQ(wrong.write(known.message()).error().message, "not a sealed message");
}

TEST(StreamOpener, HoldsWithinItsLimit) {
  const KnownAnswer known;
  Limits limits;
  limits.message_bytes_max = 51;
  const Streamed streamed =
      open_in_pieces(known.message(), always(known.data_key),
                     {.limits = limits, .release = Release::WhenComplete}, 100);
  EXPECT_EQ(streamed.status.error().kind, ErrorKind::TooLarge);
  EXPECT_TRUE(streamed.released.empty());
  EXPECT_TRUE(
      open_in_pieces(known.message(), always(known.data_key), {.limits = limits}, 100).status.ok());
}

}  // namespace
}  // namespace sealane::envelope
