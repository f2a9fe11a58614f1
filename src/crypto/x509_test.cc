// SPDX-License-Identifier: Apache-2.0
#include "crypto/x509.h"

#include <gtest/gtest.h>

#include <functional>

namespace sealane::crypto {
namespace {

const Time kNow = Time(std::chrono::seconds(1'760'000'000));

class X509 : public ::testing::Test {
 protected:
  CertificateProfile profile() const {
    return {.common_name = "station-1",
            .uris = {"spiffe://test/device/station-1"},
            .uses = {KeyUse::ClientAuth},
            .not_before = kNow,
            .not_after = kNow + std::chrono::hours(1)};
  }
  CertificateKey ca_key_ = CertificateKey::generate().value();
  Certificate ca_ = make_ca_certificate(ca_key_, {.common_name = "test CA",
                                                  .not_before = kNow,
                                                  .not_after = kNow + std::chrono::hours(1)})
                        .value();
  CertificateKey key_ = CertificateKey::generate().value();
  CertificateRequest request_ = CertificateRequest::create(key_, "anything").value();
};

TEST_F(X509, KeysRoundTripInBothForms) {
  const Secret pem = key_.to_pem().value();
  EXPECT_TRUE(as_text(pem.reveal()).starts_with("-----BEGIN PRIVATE KEY-----"));
  auto plain = CertificateKey::from_pem(pem);
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(as_text(plain->to_pem()->reveal()), as_text(pem.reveal()));

  const Secret passphrase(as_bytes("correct horse"));
  const Bytes sealed = key_.to_encrypted_pem(passphrase).value();
  EXPECT_TRUE(as_text(sealed).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
  auto opened = CertificateKey::from_encrypted_pem(sealed, passphrase);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(as_text(opened->to_pem()->reveal()), as_text(pem.reveal()));
}

TEST_F(X509, EncryptedKeysNeedTheirPassphrase) {
  const Bytes sealed = key_.to_encrypted_pem(Secret(as_bytes("right"))).value();
  EXPECT_EQ(CertificateKey::from_encrypted_pem(sealed, Secret(as_bytes("wrong"))).error().kind,
            ErrorKind::Denied);
  EXPECT_EQ(CertificateKey::from_pem(Secret(ByteSpan(sealed))).error().kind, ErrorKind::Invalid);
  // Two encryptions of one key differ: salt and IV are fresh.
  EXPECT_NE(sealed, key_.to_encrypted_pem(Secret(as_bytes("right"))).value());
}

TEST_F(X509, TheCaSaysWhatItIs) {
  EXPECT_TRUE(ca_.facts().is_ca);
  EXPECT_EQ(ca_.facts().subject, "CN=test CA");
  EXPECT_EQ(ca_.facts().issuer, ca_.facts().subject);
  EXPECT_FALSE(ca_.facts().server_auth || ca_.facts().client_auth);
}

TEST_F(X509, IssuedCertificatesCarryTheProfileAndNothingOfTheRequest) {
  auto issued = issue_certificate(ca_, ca_key_, request_, profile());
  ASSERT_TRUE(issued.ok()) << issued.error().message;
  const CertificateFacts& facts = issued->facts();
  EXPECT_EQ(facts.common_name, "station-1");
  EXPECT_EQ(facts.issuer, "CN=test CA");
  EXPECT_EQ(facts.uris, profile().uris);
  EXPECT_TRUE(facts.client_auth);
  EXPECT_FALSE(facts.server_auth || facts.is_ca);
  EXPECT_EQ(facts.not_before, kNow);
  EXPECT_EQ(facts.not_after, kNow + std::chrono::hours(1));
  EXPECT_EQ(facts.serial.size(), 32u);
  EXPECT_EQ(facts.key_type, "P-256");
}

TEST_F(X509, SerialNumbersDiffer) {
  EXPECT_NE(issue_certificate(ca_, ca_key_, request_, profile())->facts().serial,
            issue_certificate(ca_, ca_key_, request_, profile())->facts().serial);
}

TEST_F(X509, PemAndDerAreTheSameCertificate) {
  auto again = Certificate::from_pem(as_bytes(ca_.to_pem()));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->facts().sha256, ca_.facts().sha256);
  auto longer = to_bytes(ca_.der());
  longer.push_back(std::byte{0});
  EXPECT_FALSE(Certificate::from_der(longer).ok());
  EXPECT_FALSE(Certificate::from_der(ca_.der().first(ca_.der().size() - 1)).ok());
  EXPECT_FALSE(Certificate::from_pem(as_bytes("-----BEGIN CERTIFICATE-----\nAAAA\n")).ok());
}

TEST_F(X509, ARequestThatWasChangedIsRefused) {
  auto der = to_bytes(request_.der());
  const std::string_view name = "anything";
  const std::size_t at = as_text(der).find(name);
  ASSERT_NE(at, std::string_view::npos);
  der[at] = std::byte{'A'};
  const std::string pem = "-----BEGIN CERTIFICATE REQUEST-----\n" + to_base64(der) +
                          "\n-----END CERTIFICATE REQUEST-----\n";
  const auto parsed = CertificateRequest::from_pem(as_bytes(pem));
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().kind, ErrorKind::Invalid);
  EXPECT_TRUE(CertificateRequest::from_pem(as_bytes(request_.to_pem())).ok());
}

TEST_F(X509, OnlyTheCasOwnKeyIssues) {
  EXPECT_EQ(issue_certificate(ca_, key_, request_, profile()).error().kind, ErrorKind::Invalid);
}

TEST_F(X509, BadNamesAreRefused) {
  for (const auto& change : std::vector<std::function<void(CertificateProfile&)>>{
           [](auto& p) { p.common_name.clear(); },
           [](auto& p) { p.common_name = std::string(65, 'a'); },
           [](auto& p) { p.common_name = std::string("a\0b", 3); },
           [](auto& p) { p.uris = {""}; },
           [](auto& p) { p.dns_names = {std::string("a\0b", 3)}; },
           [](auto& p) { p.ip_addresses = {"300.1.1.1"}; },
       }) {
    auto bad = profile();
    change(bad);
    const auto issued = issue_certificate(ca_, ca_key_, request_, bad);
    ASSERT_FALSE(issued.ok());
    EXPECT_EQ(issued.error().kind, ErrorKind::Invalid);
  }
}

}  // namespace
}  // namespace sealane::crypto
