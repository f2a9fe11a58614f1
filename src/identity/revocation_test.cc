// SPDX-License-Identifier: Apache-2.0
#include "identity/revocation.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "identity/ca.h"

namespace sealane::identity {
namespace {

using Verdict = RevocationLists::Verdict;
const Time kNow = Time(std::chrono::seconds(1'760'000'000));

// Two CAs with a device each; the files are written as a test needs them.
class RevocationTest : public ::testing::Test {
 protected:
  RevocationTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sealane-crl-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    for (const auto* ca : {own_, other_}) {
      EXPECT_TRUE(env_.make_folder(folder_ + "/" + ca->pipeline()).ok());
      write(ca->pipeline() + "/ca.pem", ca->certificate().to_pem());
    }
  }
  ~RevocationTest() override { std::filesystem::remove_all(folder_); }

  // Making a CA stretches a passphrase, so these two are made once.
  static void SetUpTestSuite() {
    own_ = new CertificateAuthority(make_ca("weather"));
    other_ = new CertificateAuthority(make_ca("acme"));
  }
  static void TearDownTestSuite() {
    delete own_;
    delete other_;
  }

  static CertificateAuthority make_ca(const std::string& name) {
    PosixEnv env;
    std::string folder = (std::filesystem::temp_directory_path() / "sealane-ca-XXXXXX").string();
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    const Secret passphrase(as_bytes("p"));
    EXPECT_TRUE(CertificateAuthority::create(env, folder, name, passphrase, kNow).ok());
    auto ca = CertificateAuthority::open(env, folder, passphrase).value();
    std::filesystem::remove_all(folder);
    return ca;
  }
  void write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(
        write_file_atomic(env_, folder_ + "/" + name, as_bytes(text), IfExists::Replace).ok());
  }
  void write_crl(const std::string& name, const CertificateAuthority& ca,
                 const std::vector<std::string>& serials, Time at = kNow) {
    std::vector<RevokedCertificate> revoked;
    for (const std::string& serial : serials)
      revoked.push_back({.serial = serial, .revocation = {.at = at}});
    write(name, ca.issue_crl(1, revoked, at).value().to_pem());
  }
  Result<std::shared_ptr<const RevocationLists>> load() {
    return RevocationLists::load(
        env_, {.ca_file = folder_ + "/weather/ca.pem", .crl_file = folder_ + "/own.crl"},
        {{.ca_file = folder_ + "/acme/ca.pem", .crl_file = other_crl_}});
  }
  crypto::CertificateFacts device_of(const CertificateAuthority& ca) {
    return ca.generate_device("station-1", kNow)->certificate.facts();
  }

  std::string folder_;
  PosixEnv env_;
  static CertificateAuthority* own_;
  static CertificateAuthority* other_;
  std::string other_crl_{};
};

CertificateAuthority* RevocationTest::own_ = nullptr;
CertificateAuthority* RevocationTest::other_ = nullptr;

TEST_F(RevocationTest, AListOfOurOwnIsOptionalAndWithoutListsEverythingIsGood) {
  const auto lists = load();
  ASSERT_TRUE(lists.ok()) << lists.error().message;
  ASSERT_EQ((*lists)->authorities().size(), 2u);
  EXPECT_TRUE((*lists)->authorities().front().own);
  const auto ours = (*lists)->check(device_of(*own_), kNow);
  EXPECT_EQ(ours.verdict, Verdict::Good);
  EXPECT_TRUE(ours.authority->own);
  const auto theirs = (*lists)->check(device_of(*other_), kNow);
  EXPECT_EQ(theirs.verdict, Verdict::Good);
  EXPECT_FALSE(theirs.authority->own);
  // Their missing list is said, ours is not missed.
  ASSERT_EQ((*lists)->warnings(kNow).size(), 1u);
  EXPECT_NE((*lists)->warnings(kNow).front().find("without a revocation list"), std::string::npos);
}

TEST_F(RevocationTest, EachListDecidesAboutItsOwnCaAlone) {
  const auto ours = device_of(*own_);
  const auto theirs = device_of(*other_);
  // Each list names the serial of the other CA's device too: that is nobody.
  write_crl("own.crl", *own_, {theirs.serial});
  write_crl("acme.crl", *other_, {ours.serial, theirs.serial});
  other_crl_ = folder_ + "/acme.crl";
  const auto lists = load();
  ASSERT_TRUE(lists.ok()) << lists.error().message;
  EXPECT_EQ((*lists)->check(ours, kNow).verdict, Verdict::Good);
  const auto answer = (*lists)->check(theirs, kNow);
  EXPECT_EQ(answer.verdict, Verdict::Revoked);
  EXPECT_NE(answer.detail.find(theirs.serial), std::string::npos);
}

TEST_F(RevocationTest, ACertificateOfNobodyWeTrustIsOfAnUnknownAuthority) {
  const auto stranger = make_ca("stranger");
  const auto lists = load();
  EXPECT_EQ((*lists)->check(device_of(stranger), kNow).verdict, Verdict::UnknownAuthority);
  // The right name with another key.
  auto facts = device_of(*own_);
  facts.authority_key_id = "00";
  EXPECT_EQ((*lists)->check(facts, kNow).verdict, Verdict::UnknownAuthority);
  facts.authority_key_id.clear();
  EXPECT_EQ((*lists)->check(facts, kNow).verdict, Verdict::Good);
}

TEST_F(RevocationTest, AListWarnsFromHalfOfItsLifeAndRefusesPastItsEnd) {
  const auto ours = device_of(*own_);
  write_crl("own.crl", *own_, {"0a"});
  const auto lists = load();
  ASSERT_TRUE(lists.ok()) << lists.error().message;
  const Time half = kNow + kCrlLifetime / 2;
  const Time end = kNow + kCrlLifetime;
  const Duration moment = std::chrono::seconds(1);
  const crypto::CrlFacts& facts = (*lists)->authorities().front().crl->facts();
  EXPECT_EQ(state_of(facts, half - moment), CrlState::Fresh);
  EXPECT_EQ(state_of(facts, half), CrlState::PastHalf);
  EXPECT_EQ(state_of(facts, end - moment), CrlState::PastHalf);
  EXPECT_EQ(state_of(facts, end), CrlState::Expired);
  // Issued in the future, beyond what clocks differ by.
  EXPECT_EQ(state_of(facts, kNow - std::chrono::minutes(4)), CrlState::Fresh);
  EXPECT_EQ(state_of(facts, kNow - std::chrono::minutes(6)), CrlState::Expired);
  EXPECT_EQ((*lists)->check(ours, half).verdict, Verdict::Good);
  EXPECT_EQ((*lists)->check(ours, end).verdict, Verdict::ListExpired);
  EXPECT_EQ((*lists)->check(device_of(*other_), end).verdict, Verdict::Good);
  EXPECT_EQ((*lists)->warnings(half - moment).size(), 1u);  // the other's missing list
  EXPECT_NE((*lists)->warnings(half).front().find("past half"), std::string::npos);
  EXPECT_NE((*lists)->warnings(end).front().find("are refused"), std::string::npos);
  // What the list revokes stays revoked when it is old.
  auto revoked = ours;
  revoked.serial = "0a";
  EXPECT_EQ((*lists)->check(revoked, end).verdict, Verdict::Revoked);
}

TEST_F(RevocationTest, OneFileThatIsWrongFailsTheWholeAndIsNamed) {
  const auto fails_with = [&](const std::string& file, const std::string& part) {
    const auto lists = load();
    ASSERT_FALSE(lists.ok());
    EXPECT_NE(lists.error().message.find(file), std::string::npos) << lists.error().message;
    EXPECT_NE(lists.error().message.find(part), std::string::npos) << lists.error().message;
  };
  other_crl_ = folder_ + "/acme.crl";
  fails_with("acme.crl", "No such file");
  write("acme.crl", "rubbish");
  fails_with("acme.crl", "X509 CRL");
  write_crl("acme.crl", *own_, {});
  fails_with("acme.crl", "not that of this CA");
  write_crl("acme.crl", *other_, {});
  ASSERT_TRUE(load().ok());
  write_crl("own.crl", *other_, {});
  fails_with("own.crl", "not that of this CA");
  write_crl("own.crl", *own_, {});
  ASSERT_TRUE(load().ok());
  const std::string ca = other_->certificate().to_pem();
  write("acme/ca.pem", ca + ca);
  fails_with("acme/ca.pem", "several certificates");
  write("acme/ca.pem", other_->generate_device("x", kNow)->certificate.to_pem());
  fails_with("acme/ca.pem", "not that of a CA");
  write("acme/ca.pem", own_->certificate().to_pem());
  other_crl_.clear();
  fails_with("acme/ca.pem", "has the name of that of");
}

TEST_F(RevocationTest, TrustedPemHasEveryAuthorityAndLimitsHold) {
  const auto lists = load();
  EXPECT_EQ((*lists)->trusted_pem(), own_->certificate().to_pem() + other_->certificate().to_pem());
  const std::vector<AuthorityFiles> many(17, {.ca_file = folder_ + "/acme/ca.pem"});
  EXPECT_EQ(
      RevocationLists::load(env_, {.ca_file = folder_ + "/weather/ca.pem"}, many).error().kind,
      ErrorKind::TooLarge);
}

TEST_F(RevocationTest, TheCaIssuesAListThatNamesWhatIsRevoked) {
  const auto crl = own_->issue_crl(
      3,
      {{.serial = "0a",
        .revocation = {.at = kNow, .reason = crypto::RevocationReason::KeyCompromise}}},
      kNow);
  ASSERT_TRUE(crl.ok()) << crl.error().message;
  EXPECT_EQ(crl->facts().number, "03");
  EXPECT_EQ(crl->facts().next_update, kNow + kCrlLifetime);
  EXPECT_EQ(crl->find("0a")->reason, crypto::RevocationReason::KeyCompromise);
  EXPECT_TRUE(crl->verify(own_->certificate()).ok());
  EXPECT_EQ(own_->issue_crl(4, {}, kNow, std::chrono::seconds(59)).error().kind,
            ErrorKind::Invalid);
}

TEST_F(RevocationTest, ACertificateIsVerifiedAgainstItsIssuerPurposeAndDates) {
  const auto device = own_->generate_device("station-1", kNow)->certificate;
  const auto& ca = own_->certificate();
  EXPECT_TRUE(crypto::verify_client_certificate(device, ca, kNow).ok());
  const auto refused = [&](const crypto::Certificate& certificate,
                           const crypto::Certificate& issuer, Time now) {
    const auto status = crypto::verify_client_certificate(certificate, issuer, now);
    return !status.ok() && status.error().kind == ErrorKind::Denied;
  };
  EXPECT_TRUE(refused(device, other_->certificate(), kNow));
  EXPECT_TRUE(refused(device, ca, kNow + kLeafLifetime + std::chrono::seconds(1)));
  EXPECT_TRUE(refused(device, ca, kNow - std::chrono::hours(1)));
  EXPECT_TRUE(refused(ca, ca, kNow));
  EXPECT_TRUE(refused(device, device, kNow));
}

}  // namespace
}  // namespace sealane::identity
