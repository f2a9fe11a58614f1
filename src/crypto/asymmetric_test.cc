// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/ecdsa.h"
#include "crypto/hkdf.h"
#include "crypto/rsa.h"

namespace sealane::crypto {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

// RFC 5869, appendix A.1, cut to what one block gives.
TEST(Hkdf, MatchesRfc5869UnderSha256) {
  Hkdf hkdf(HkdfHash::Sha256);
  hkdf.extract(hex("000102030405060708090a0b0c"), Bytes(22, std::byte{0x0b}));
  Bytes out(32);
  hkdf.expand(hex("f0f1f2f3f4f5f6f7f8f9"), out);
  EXPECT_EQ(to_hex(out), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
}

TEST(Ecdsa, PiecesVerifyAndEveryChangeDoesNot) {
  for (const EcdsaCurve curve : {EcdsaCurve::P256, EcdsaCurve::P384}) {
    const EcdsaPrivateKey key = EcdsaPrivateKey::generate(curve);
    EXPECT_EQ(key.public_point().size(), curve == EcdsaCurve::P256 ? 33u : 49u);
    EcdsaSigner signer(key);
    signer.update(as_bytes("one "));
    signer.update(as_bytes("message"));
    const Bytes signature = signer.finish();
    EXPECT_EQ(signature.size(), ecdsa_signature_bytes(curve));
    const auto verifies = [&](std::string_view message, ByteSpan by, ByteSpan point) {
      auto verifier = EcdsaVerifier::create(curve, point);
      if (!verifier.ok()) return false;
      verifier->update(as_bytes(message));
      return verifier->finish(by);
    };
    EXPECT_TRUE(verifies("one message", signature, key.public_point()));
    EXPECT_FALSE(verifies("two message", signature, key.public_point()));
    EXPECT_FALSE(verifies("one message", {}, key.public_point()));
    EXPECT_FALSE(
        verifies("one message", signature, EcdsaPrivateKey::generate(curve).public_point()));
    for (std::size_t i = 0; i < signature.size(); ++i) {
      Bytes changed = signature;
      changed[i] ^= std::byte{1};
      EXPECT_FALSE(verifies("one message", changed, key.public_point())) << i;
    }
  }
}

TEST(Ecdsa, WhatIsNoPointOfTheCurveIsNoKey) {
  const Bytes point = EcdsaPrivateKey::generate(EcdsaCurve::P256).public_point();
  EXPECT_TRUE(EcdsaVerifier::create(EcdsaCurve::P256, point).ok());
  EXPECT_FALSE(EcdsaVerifier::create(EcdsaCurve::P384, point).ok());
  EXPECT_FALSE(EcdsaVerifier::create(EcdsaCurve::P256, {}).ok());
  EXPECT_FALSE(EcdsaVerifier::create(EcdsaCurve::P256, ByteSpan(point).first(32)).ok());
  EXPECT_FALSE(EcdsaVerifier::create(EcdsaCurve::P256, Bytes(33, std::byte{0xff})).ok());
}

TEST(Rsa, KeysGoThroughPemAndOthersAreRefused) {
  const RsaPrivateKey key = RsaPrivateKey::generate(2048).value();
  const RsaPrivateKey again = RsaPrivateKey::from_pem(key.to_pem().value()).value();
  const RsaPublicKey open = RsaPublicKey::from_pem(again.public_key().pem()).value();
  EXPECT_EQ(open.bits(), 2048);
  const Bytes sealed = open.encrypt(RsaPadding::OaepSha512, as_bytes("data key")).value();
  EXPECT_EQ(as_text(key.decrypt(RsaPadding::OaepSha512, sealed, 8).value().reveal()), "data key");
  EXPECT_FALSE(key.decrypt(RsaPadding::OaepSha384, sealed, 8).ok());
  EXPECT_FALSE(key.decrypt(RsaPadding::OaepSha512, sealed, 9).ok());
  EXPECT_EQ(open.encrypt(RsaPadding::Pkcs1, Bytes(246)).error().kind, ErrorKind::TooLarge);
  EXPECT_EQ(RsaPrivateKey::generate(1024).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(RsaPublicKey::from_pem("no key").error().kind, ErrorKind::Invalid);
  EXPECT_EQ(RsaPrivateKey::from_pem(Secret(as_bytes(open.pem()))).error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace sealane::crypto
