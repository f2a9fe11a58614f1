// SPDX-License-Identifier: Apache-2.0
#include "crypto/crl.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "base/process.h"

namespace sealane::crypto {
namespace {

const Time kNow = Time(std::chrono::seconds(1'760'000'000));

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Ca {
  explicit Ca(const std::string& name)
      : key(CertificateKey::generate().value()),
        certificate(make_ca_certificate(key, {.common_name = name,
                                              .not_before = kNow,
                                              .not_after = kNow + std::chrono::hours(24)})
                        .value()) {}
  CertificateKey key;
  Certificate certificate;
};

CrlProfile profile(std::vector<RevokedSerial> revoked = {}) {
  return {.number = 7,
          .this_update = kNow,
          .next_update = kNow + std::chrono::hours(24 * 7),
          .revoked = std::move(revoked)};
}

std::vector<RevokedSerial> two() {
  return {{.serial = "7f01", .revoked_at = kNow, .reason = RevocationReason::KeyCompromise},
          {.serial = "0a", .revoked_at = kNow - std::chrono::hours(1)}};
}

TEST(CrlMake, SaysWhatItWasGivenAndFindsBySerial) {
  const Ca ca("test CA");
  auto crl = make_crl(ca.certificate, ca.key, profile(two()));
  ASSERT_TRUE(crl.ok()) << crl.error().message;
  const CrlFacts& facts = crl->facts();
  EXPECT_EQ(facts.issuer, "CN=test CA");
  EXPECT_EQ(facts.number, "07");
  EXPECT_EQ(facts.this_update, kNow);
  EXPECT_EQ(facts.next_update, kNow + std::chrono::hours(24 * 7));
  EXPECT_EQ(facts.authority_key_id, ca.certificate.facts().subject_key_id);
  EXPECT_FALSE(facts.authority_key_id.empty());
  ASSERT_EQ(facts.revoked.size(), 2u);
  ASSERT_NE(crl->find("7f01"), nullptr);
  EXPECT_EQ(crl->find("7f01")->reason, RevocationReason::KeyCompromise);
  EXPECT_EQ(crl->find("7f01")->revoked_at, kNow);
  ASSERT_NE(crl->find("0a"), nullptr);
  EXPECT_EQ(crl->find("0a")->reason, RevocationReason::Unspecified);
  for (const char* other : {"7f", "7f0100", "a", "", "-0a"}) EXPECT_EQ(crl->find(other), nullptr);
}

TEST(CrlMake, IsVerifiedByItsOwnCaAlone) {
  const Ca ca("test CA");
  const Ca namesake("test CA");
  const Ca other("other CA");
  const Crl crl = make_crl(ca.certificate, ca.key, profile(two())).value();
  EXPECT_TRUE(crl.verify(ca.certificate).ok());
  for (const Ca* wrong : {&namesake, &other}) {
    const auto status = crl.verify(wrong->certificate);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().kind, ErrorKind::Denied);
  }
  // The name is right and nothing says which key: the signature decides.
  Bytes der = to_bytes(crl.der());
  der.back() = der.back() ^ std::byte{1};
  const auto changed = Crl::from_der(der);
  ASSERT_TRUE(changed.ok()) << changed.error().message;
  EXPECT_NE(changed->verify(ca.certificate).error().message.find("signature"), std::string::npos);
}

TEST(CrlMake, RefusesWhatNoListMayHave) {
  const Ca ca("test CA");
  const Ca other("other CA");
  EXPECT_EQ(make_crl(ca.certificate, other.key, profile()).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(make_crl(ca.certificate, ca.key, profile({{.serial = "xyz"}})).error().kind,
            ErrorKind::Invalid);
  EXPECT_EQ(make_crl(ca.certificate, ca.key, profile({{.serial = ""}})).error().kind,
            ErrorKind::Invalid);
  EXPECT_EQ(
      make_crl(ca.certificate, ca.key, profile({{.serial = "0a"}, {.serial = "0a"}})).error().kind,
      ErrorKind::Invalid);
  CrlProfile backwards = profile();
  backwards.next_update = backwards.this_update;
  EXPECT_EQ(make_crl(ca.certificate, ca.key, backwards).error().kind, ErrorKind::Invalid);
}

TEST(CrlParse, PemAndDerAreTheSameList) {
  const Ca ca("test CA");
  const Crl crl = make_crl(ca.certificate, ca.key, profile(two())).value();
  const auto from_pem = Crl::parse(as_bytes(crl.to_pem()));
  ASSERT_TRUE(from_pem.ok()) << from_pem.error().message;
  EXPECT_EQ(to_hex(from_pem->der()), to_hex(crl.der()));
  EXPECT_TRUE(Crl::parse(crl.der()).ok());
  Bytes longer = to_bytes(crl.der());
  longer.push_back(std::byte{0});
  EXPECT_FALSE(Crl::parse(longer).ok());
  EXPECT_FALSE(Crl::parse(crl.der().first(crl.der().size() - 1)).ok());
  EXPECT_FALSE(Crl::parse({}).ok());
  EXPECT_FALSE(Crl::parse(as_bytes("-----BEGIN X509 CRL-----\nAAAA\n")).ok());
}

TEST(CrlParse, LimitsAreHeldBeforeTheWork) {
  const Ca ca("test CA");
  const Crl crl = make_crl(ca.certificate, ca.key, profile(two())).value();
  EXPECT_EQ(Crl::from_der(crl.der(), {.bytes_max = crl.der().size() - 1}).error().kind,
            ErrorKind::TooLarge);
  EXPECT_EQ(Crl::from_der(crl.der(), {.entries_max = 1}).error().kind, ErrorKind::TooLarge);
  EXPECT_EQ(Crl::from_pem(as_bytes(crl.to_pem()), {.bytes_max = 100}).error().kind,
            ErrorKind::TooLarge);
  EXPECT_TRUE(Crl::from_der(crl.der(), {.entries_max = 2}).ok());
}

TEST(CrlParse, TenThousandEntriesAreSortedAndFound) {
  const Ca ca("test CA");
  std::vector<RevokedSerial> revoked;
  for (std::uint32_t i = 1; i <= 10'000; ++i) {
    Bytes serial;
    put_be(serial, i * 2654435761u);
    revoked.push_back({.serial = to_hex(serial), .revoked_at = kNow});
  }
  // A number has one spelling: no zeros in front.
  std::erase_if(revoked, [](const auto& each) { return each.serial.starts_with("00"); });
  const auto crl = make_crl(ca.certificate, ca.key, profile(revoked));
  ASSERT_TRUE(crl.ok()) << crl.error().message;
  EXPECT_EQ(crl->facts().revoked.size(), revoked.size());
  for (const RevokedSerial& each : revoked) ASSERT_NE(crl->find(each.serial), nullptr);
  EXPECT_EQ(crl->find("01"), nullptr);
}

// What other programs make: files of testdata/crl, made by its make.sh with the openssl program.
struct Refused {
  const char* file;
  ErrorKind kind;
  const char* part;  // of the message
};
class CrlFromElsewhere : public ::testing::TestWithParam<Refused> {};

TEST_P(CrlFromElsewhere, IsRefusedByName) {
  const std::string bytes = slurp(std::string("testdata/crl/") + GetParam().file);
  ASSERT_FALSE(bytes.empty());
  const auto crl = Crl::parse(as_bytes(bytes));
  ASSERT_FALSE(crl.ok());
  EXPECT_EQ(crl.error().kind, GetParam().kind) << crl.error().message;
  EXPECT_NE(crl.error().message.find(GetParam().part), std::string::npos) << crl.error().message;
}
INSTANTIATE_TEST_SUITE_P(
    Testdata, CrlFromElsewhere,
    ::testing::Values(Refused{"delta.pem", ErrorKind::Unsupported, "delta"},
                      Refused{"indirect.pem", ErrorKind::Unsupported, "indirect"},
                      Refused{"only-ca.pem", ErrorKind::Unsupported, "certificates of CAs alone"},
                      Refused{"only-attribute.pem", ErrorKind::Unsupported, "attribute"},
                      Refused{"some-reasons.pem", ErrorKind::Unsupported, "some reasons"},
                      Refused{"one-point.pem", ErrorKind::Unsupported, "one distribution point"},
                      Refused{"unknown-critical.pem", ErrorKind::Unsupported, "1.2.3.4"},
                      Refused{"sha1.pem", ErrorKind::Invalid, "SHA-256"}),
    [](const auto& info) {
      std::string name = info.param.file;
      std::erase_if(name, [](char c) { return c == '-' || c == '.'; });
      return name;
    });

TEST(CrlFromOpenssl, RsaListsWithReasonsAndV1ListsAreRead) {
  const Certificate ca = Certificate::from_pem(as_bytes(slurp("testdata/crl/ca.pem"))).value();
  const auto full = Crl::parse(as_bytes(slurp("testdata/crl/full.pem")));
  ASSERT_TRUE(full.ok()) << full.error().message;
  EXPECT_TRUE(full->verify(ca).ok()) << full->verify(ca).error().message;
  ASSERT_NE(full->find("1001"), nullptr);
  EXPECT_EQ(full->find("1001")->reason, RevocationReason::KeyCompromise);
  ASSERT_NE(full->find("1002"), nullptr);
  EXPECT_EQ(full->find("1002")->reason, RevocationReason::Superseded);
  EXPECT_EQ(full->find("1003"), nullptr);
  const auto old = Crl::parse(as_bytes(slurp("testdata/crl/v1.pem")));
  ASSERT_TRUE(old.ok()) << old.error().message;
  EXPECT_TRUE(old->verify(ca).ok());
  EXPECT_EQ(old->facts().number, "");
  EXPECT_NE(old->find("1001"), nullptr);
  const auto user = Crl::parse(as_bytes(slurp("testdata/crl/only-user.pem")));
  EXPECT_TRUE(user.ok());
}

// The openssl program reads our list and agrees about what it says and who signed it.
TEST(CrlAgainstOpenssl, VerifiesAndReadsOurList) {
  if (!std::filesystem::exists("/usr/bin/openssl")) GTEST_SKIP() << "no openssl program";
  const Ca ca("test CA");
  const Crl crl = make_crl(ca.certificate, ca.key, profile(two())).value();
  std::string folder = (std::filesystem::temp_directory_path() / "sealane-crl-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/ca.pem") << ca.certificate.to_pem();
  std::ofstream(folder + "/list.pem") << crl.to_pem();
  auto openssl =
      ChildProcess::spawn({.argv = {"/usr/bin/openssl", "crl", "-in", folder + "/list.pem",
                                    "-CAfile", folder + "/ca.pem", "-noout", "-text"},
                           .stdout_file = folder + "/out",
                           .stderr_file = folder + "/err"});
  ASSERT_TRUE(openssl.ok()) << openssl.error().message;
  EXPECT_EQ(openssl->wait(std::chrono::seconds(60))->code, 0);
  const std::string out = slurp(folder + "/out");
  EXPECT_NE(slurp(folder + "/err").find("verify OK"), std::string::npos);
  for (const char* part :
       {"Version 2", "ecdsa-with-SHA256", "Issuer: CN = test CA", "Serial Number: 7F01",
        "Serial Number: 0A", "Key Compromise", "X509v3 CRL Number", "Authority Key Identifier"})
    EXPECT_NE(out.find(part), std::string::npos) << part << "\n" << out;
  std::filesystem::remove_all(folder);
}

TEST(RevocationReasonWords, RoundTripAndNothingElseIsOne) {
  for (const RevocationReason reason : kRevocationReasons)
    EXPECT_EQ(revocation_reason_of(to_string(reason)), reason);
  EXPECT_FALSE(revocation_reason_of(""));
  EXPECT_FALSE(revocation_reason_of("remove-from-crl"));
}

}  // namespace
}  // namespace sealane::crypto
