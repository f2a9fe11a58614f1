// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "crypto/aead.h"
#include "crypto/compare.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"
#include "crypto/scrypt.h"
#include "crypto/sign.h"
#include "crypto/testing/seeded_random.h"

namespace sealane::crypto {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

TEST(Hash, MatchesPublishedDigests) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(ByteSpan(sha512(as_bytes("abc"))).first(8)), "ddaf35a193617aba");
  EXPECT_EQ(to_hex(md5_for_s3_etag(as_bytes("abc"))), "900150983cd24fb0d6963f7d28e17f72");
  // RFC 4231, test case 2.
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Hash, PiecesHashLikeTheWholeAndTheHasherIsReusable) {
  Sha256Hasher hasher;
  Md5ForS3EtagHasher md5;
  for (int round = 0; round < 2; ++round) {
    hasher.update(as_bytes("a"));
    hasher.update({});
    hasher.update(as_bytes("bc"));
    EXPECT_EQ(hasher.finish(), sha256(as_bytes("abc")));
    md5.update(as_bytes("ab"));
    md5.update(as_bytes("c"));
    EXPECT_EQ(md5.finish(), md5_for_s3_etag(as_bytes("abc")));
  }
}

// OpenSSL's HKDF command gives the same:
// openssl kdf -keylen 42 -kdfopt digest:SHA512 -kdfopt hexkey:0b*22 -kdfopt hexsalt:00..0c -kdfopt
// hexinfo:f0..f9 HKDF
TEST(Hkdf, MatchesRfc5869InputsUnderSha512) {
  Hkdf hkdf;
  hkdf.extract(hex("000102030405060708090a0b0c"),
               hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"));
  Bytes out(42);
  hkdf.expand(hex("f0f1f2f3f4f5f6f7f8f9"), out);
  EXPECT_EQ(to_hex(out),
            "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cb");
}

TEST(Hkdf, SecondExtractForgetsTheFirst) {
  Hkdf used;
  used.extract(as_bytes("salt one"), as_bytes("key one"));
  used.extract(as_bytes("salt"), as_bytes("key"));
  Hkdf fresh;
  fresh.extract(as_bytes("salt"), as_bytes("key"));
  Bytes a(64), b(64);
  used.expand(as_bytes("info"), a);
  fresh.expand(as_bytes("info"), b);
  EXPECT_EQ(a, b);
}

// The GCM specification's test case 16: 256-bit key, 12-byte IV, 20 bytes of additional data.
struct GcmCase {
  Bytes key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  Bytes iv = hex("cafebabefacedbaddecaf888");
  Bytes aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  Bytes plaintext =
      hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
          "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
  Bytes ciphertext =
      hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
          "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662");
  Bytes tag = hex("76fc6ece0f4e1768cddf8853bb2d551b");
};

TEST(AesGcm, MatchesThePublishedCaseInPlaceAndApart) {
  const GcmCase c;
  AesGcm gcm;
  gcm.set_key(c.key);
  Bytes out(c.plaintext.size());
  GcmTag tag{};
  gcm.seal(c.iv, c.aad, c.plaintext, out, tag);
  EXPECT_EQ(out, c.ciphertext);
  EXPECT_EQ(to_bytes(ByteSpan(tag)), c.tag);
  ASSERT_TRUE(gcm.open(c.iv, c.aad, out, tag, out));
  EXPECT_EQ(out, c.plaintext);
  gcm.seal(c.iv, c.aad, out, out, tag);
  EXPECT_EQ(out, c.ciphertext);
}

TEST(AesGcm, AnyChangedInputIsRefusedAndLeavesZeros) {
  const GcmCase c;
  AesGcm gcm;
  gcm.set_key(c.key);
  Bytes out(c.plaintext.size(), std::byte{0x55});
  auto changed = [](Bytes bytes) {
    bytes.back() ^= std::byte{1};
    return bytes;
  };
  EXPECT_FALSE(gcm.open(changed(c.iv), c.aad, c.ciphertext, c.tag, out));
  EXPECT_FALSE(gcm.open(c.iv, changed(c.aad), c.ciphertext, c.tag, out));
  EXPECT_FALSE(gcm.open(c.iv, c.aad, changed(c.ciphertext), c.tag, out));
  EXPECT_FALSE(gcm.open(c.iv, c.aad, c.ciphertext, changed(c.tag), out));
  EXPECT_EQ(out, Bytes(c.plaintext.size()));
  gcm.set_key(changed(c.key));
  EXPECT_FALSE(gcm.open(c.iv, c.aad, c.ciphertext, c.tag, out));
  gcm.set_key(c.key);
  EXPECT_TRUE(gcm.open(c.iv, c.aad, c.ciphertext, c.tag, out));
}

// What stands apart is taken in pieces from 16 KiB on.
TEST(AesGcm, LongInputApartGivesTheBytesOfInputInPlace) {
  AesGcm gcm;
  gcm.set_key(Bytes(32, std::byte{7}));
  const Bytes iv(12), aad = to_bytes("aad");
  for (const std::size_t size : {16383u, 16384u, 16385u, 17280u, 17281u, 19839u, 65536u, 100003u}) {
    Bytes plaintext(size);
    for (std::size_t i = 0; i < size; ++i) plaintext[i] = static_cast<std::byte>(i * 31 / 7);
    Bytes in_place = plaintext, apart(size), tag(16), tag_apart(16), opened(size);
    gcm.seal(iv, aad, in_place, in_place, tag);
    gcm.seal(iv, aad, plaintext, apart, tag_apart);
    EXPECT_EQ(apart, in_place) << size;
    EXPECT_EQ(tag_apart, tag) << size;
    EXPECT_TRUE(gcm.open(iv, aad, apart, tag, opened)) << size;
    EXPECT_EQ(opened, plaintext) << size;
    apart.back() ^= std::byte{1};
    EXPECT_FALSE(gcm.open(iv, aad, apart, tag, opened));
    EXPECT_EQ(opened, Bytes(size));
    EXPECT_TRUE(gcm.open(iv, aad, in_place, tag, in_place));
    EXPECT_EQ(in_place, plaintext);
  }
}

TEST(AesGcm, EmptyPlaintextStillAuthenticatesItsAdditionalData) {
  AesGcm gcm;
  gcm.set_key(Bytes(32));
  GcmTag tag{};
  const GcmIv iv{};
  gcm.seal(iv, as_bytes("header"), {}, {}, tag);
  EXPECT_TRUE(gcm.open(iv, as_bytes("header"), {}, tag, {}));
  EXPECT_FALSE(gcm.open(iv, as_bytes("headex"), {}, tag, {}));
}

// RFC 8032 §7.1, test 2.
TEST(Ed25519, MatchesTheRfcAndRefusesChanges) {
  auto key = Ed25519PrivateKey::from_raw(
      hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  ASSERT_TRUE(key.ok());
  const Ed25519PublicKey pub = key->public_key();
  EXPECT_EQ(to_hex(pub.raw()), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  Ed25519Signature signature = key->sign(hex("72"));
  EXPECT_EQ(to_hex(signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(pub.verify(hex("72"), signature));
  EXPECT_FALSE(pub.verify(hex("73"), signature));
  signature[3] ^= std::byte{1};
  EXPECT_FALSE(pub.verify(hex("72"), signature));
  EXPECT_FALSE(pub.verify(hex("72"), {}));
}

TEST(Ed25519, KeysSurvivePemAndRawForms) {
  const auto key = Ed25519PrivateKey::generate();
  auto again = Ed25519PrivateKey::from_raw(key.raw().reveal());
  ASSERT_TRUE(again.ok());
  auto pub = Ed25519PublicKey::from_pem(again->public_key().pem());
  ASSERT_TRUE(pub.ok());
  EXPECT_TRUE(pub->verify(as_bytes("m"), key.sign(as_bytes("m"))));
  EXPECT_FALSE(Ed25519PublicKey::from_pem("no key").ok());
  EXPECT_FALSE(Ed25519PublicKey::from_raw(Bytes(31)).ok());
  EXPECT_FALSE(Ed25519PrivateKey::from_raw(Bytes(33)).ok());
}

// RFC 7914 §12, the first 32 bytes of the second and third vectors, whose salts are shorter than
// what this function accepts; hence one vector made with Python's hashlib.scrypt.
TEST(Scrypt, MatchesAnotherImplementation) {
  auto key = scrypt(as_bytes("pleaseletmein"),
                    {.n = 1024, .r = 8, .p = 1, .salt = to_bytes("SodiumChlorideSodiumChloride")});
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(to_hex(key->reveal()),
            "e656f3fefc356f528599833568263aa35d2a6ee4831fe149ce40b58b03835fcd");
}

TEST(Scrypt, RefusesParametersThatAreNoneOrTooMuch) {
  auto kind = [](std::uint64_t n, std::uint32_t r, std::uint32_t p, std::size_t salt) {
    return scrypt(as_bytes("x"), {.n = n, .r = r, .p = p, .salt = Bytes(salt)}).error().kind;
  };
  EXPECT_EQ(kind(1000, 8, 1, 16), ErrorKind::Invalid);
  EXPECT_EQ(kind(1024, 0, 1, 16), ErrorKind::Invalid);
  EXPECT_EQ(kind(1024, 8, 1, 15), ErrorKind::Invalid);
  EXPECT_EQ(kind(1ull << 40, 8, 1, 16), ErrorKind::TooLarge);
  EXPECT_EQ(kind(1ull << 63, 1u << 31, 1, 16), ErrorKind::TooLarge);
  EXPECT_EQ(kind(1024, 8, 100000, 16), ErrorKind::TooLarge);
}

TEST(Compare, EqualOnlyWhenLengthAndBytesAre) {
  EXPECT_TRUE(equal_constant_time({}, {}));
  EXPECT_TRUE(equal_constant_time(as_bytes("ab"), as_bytes("ab")));
  EXPECT_FALSE(equal_constant_time(as_bytes("ab"), as_bytes("ac")));
  EXPECT_FALSE(equal_constant_time(as_bytes("ab"), as_bytes("abc")));
}

TEST(Random, DoesNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    Bytes sixteen(16);
    random_bytes(sixteen);
    EXPECT_TRUE(seen.insert(to_hex(sixteen)).second);
    EXPECT_TRUE(seen.insert(to_hex(random_secret(16).reveal())).second);
  }
}

TEST(SeededRandom, SameSeedSameBytes) {
  SeededRandom a(7), b(7), c(8);
  const Bytes first = a.bytes(100);
  EXPECT_EQ(first, b.bytes(100));
  EXPECT_NE(first, c.bytes(100));
  EXPECT_NE(first, a.bytes(100));
}

}  // namespace
}  // namespace sealane::crypto
