// SPDX-License-Identifier: Apache-2.0
#include "identity/identity.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "identity/ca.h"
#include "identity/registry.h"

namespace sealane::identity {
namespace {

const Time kNow = Time(std::chrono::seconds(1'760'000'000));

class Folder : public ::testing::Test {
 protected:
  Folder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "sealane-identity-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() override { std::filesystem::remove_all(path_); }
  std::string path_;
  PosixEnv env_;
  Secret passphrase_{as_bytes("correct horse")};
};
using Ca = Folder;
using RegistryFile = Folder;

Device device(const std::string& thing, char digit) {
  return {.thing = thing,
          .certificate_sha256 = std::string(64, digit),
          .serial = "01",
          .not_after = kNow};
}

TEST(IdentityUri, RoundTripsAndRefusesOtherForms) {
  const Identity edge{.pipeline = "weather", .role = Role::Node, .name = "edge"};
  EXPECT_EQ(to_uri(edge), "spiffe://weather/node/edge");
  EXPECT_EQ(parse_uri(to_uri(edge)), edge);
  for (const char* bad : {"spiffe://weather/node/", "spiffe://weather/node/a/b", "spiffe:///node/a",
                          "spiffe://w/x/a", "http://weather/node/edge", "spiffe://weather",
                          "spiffe://w/node/a%2fb", "spiffe://w/node/.."}) {
    EXPECT_FALSE(parse_uri(bad)) << bad;
  }
}

TEST(IdentityUri, TwoIdentitiesInOneCertificateAreNone) {
  crypto::CertificateFacts facts;
  facts.uris = {"https://other", "spiffe://w/node/a"};
  EXPECT_TRUE(identity_of(facts));
  facts.uris.push_back("spiffe://w/node/b");
  EXPECT_FALSE(identity_of(facts));
}

TEST_F(Ca, DeviceCertificatesCannotServe) {
  ASSERT_TRUE(CertificateAuthority::create(env_, path_ + "/ca", "weather", passphrase_, kNow).ok());
  auto ca = CertificateAuthority::open(env_, path_ + "/ca", passphrase_);
  ASSERT_TRUE(ca.ok()) << ca.error().message;
  EXPECT_EQ(ca->pipeline(), "weather");
  auto issued = ca->generate_device("station-1", kNow);
  ASSERT_TRUE(issued.ok()) << issued.error().message;
  const auto& facts = issued->certificate.facts();
  EXPECT_TRUE(facts.client_auth);
  EXPECT_FALSE(facts.server_auth);
  EXPECT_FALSE(facts.is_ca);
  EXPECT_EQ(facts.uris, std::vector<std::string>{"spiffe://weather/device/station-1"});
  EXPECT_EQ(facts.not_after, kNow + kLeafLifetime);
  EXPECT_EQ(facts.key_type, "P-256");
}

TEST_F(Ca, NodeCertificatesServeAndConnectUnderTheNamesAskedFor) {
  ASSERT_TRUE(CertificateAuthority::create(env_, path_ + "/ca", "weather", passphrase_, kNow).ok());
  auto ca = CertificateAuthority::open(env_, path_ + "/ca", passphrase_);
  ASSERT_TRUE(ca.ok());
  auto issued = ca->generate_node(
      {.name = "edge", .dns_names = {"localhost"}, .ip_addresses = {"127.0.0.1", "::1"}}, kNow);
  ASSERT_TRUE(issued.ok()) << issued.error().message;
  const auto& facts = issued->certificate.facts();
  EXPECT_TRUE(facts.client_auth && facts.server_auth);
  EXPECT_EQ(facts.dns_names, std::vector<std::string>{"localhost"});
  EXPECT_EQ(facts.ip_addresses, (std::vector<std::string>{"127.0.0.1", "::1"}));
}

TEST_F(Ca, NamesThatLeaveTheirFieldAreRefused) {
  ASSERT_TRUE(CertificateAuthority::create(env_, path_ + "/ca", "weather", passphrase_, kNow).ok());
  auto ca = CertificateAuthority::open(env_, path_ + "/ca", passphrase_);
  ASSERT_TRUE(ca.ok());
  EXPECT_FALSE(ca->generate_device("../edge", kNow).ok());
  EXPECT_FALSE(ca->generate_device("a/node/edge", kNow).ok());
  EXPECT_FALSE(ca->generate_node({.name = "edge", .dns_names = {"a b"}}, kNow).ok());
  EXPECT_FALSE(ca->generate_node({.name = "edge", .ip_addresses = {"localhost"}}, kNow).ok());
  // A comma does not start another name.
  auto comma =
      ca->generate_node({.name = "edge", .dns_names = {"a,URI:spiffe://weather/node/lake"}}, kNow);
  ASSERT_TRUE(comma.ok());
  EXPECT_EQ(comma->certificate.facts().uris,
            std::vector<std::string>{"spiffe://weather/node/edge"});
}

TEST_F(Ca, OpensOnlyWithItsPassphraseAndIsNeverOverwritten) {
  ASSERT_TRUE(CertificateAuthority::create(env_, path_ + "/ca", "weather", passphrase_, kNow).ok());
  const auto wrong = CertificateAuthority::open(env_, path_ + "/ca", Secret(as_bytes("wrong")));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().kind, ErrorKind::Denied);
  const auto again =
      CertificateAuthority::create(env_, path_ + "/ca", "weather", passphrase_, kNow);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().kind, ErrorKind::Conflict);
}

TEST_F(Ca, UnlockKeyIsMadeOnceAndReadAgain) {
  auto first = read_or_make_unlock_key(env_, path_ + "/unlock.key");
  auto second = read_or_make_unlock_key(env_, path_ + "/unlock.key");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(as_text(first->reveal()), as_text(second->reveal()));
  EXPECT_EQ(first->size(), 64u);
}

TEST_F(RegistryFile, FindsByCertificateAndRevokesByThing) {
  auto registry = Registry::open(path_ + "/registry.db");
  ASSERT_TRUE(registry.ok()) << registry.error().message;
  Device one = device("station-1", 'a');
  one.attributes = {{"site", "roof"}};
  ASSERT_TRUE(registry->add(one).ok());
  ASSERT_TRUE(registry->add(device("station-1", 'b')).ok());
  ASSERT_TRUE(registry->add(device("station-2", 'c')).ok());
  auto found = registry->find(std::string(64, 'a'));
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->attributes, one.attributes);
  EXPECT_EQ((*found)->not_after, kNow);
  ASSERT_TRUE(registry->revoke("station-1", {.at = kNow}).ok());
  EXPECT_EQ((*registry->find(std::string(64, 'a')))->state, DeviceState::Revoked);
  EXPECT_EQ((*registry->find(std::string(64, 'b')))->state, DeviceState::Revoked);
  EXPECT_EQ((*registry->find(std::string(64, 'c')))->state, DeviceState::Active);
  EXPECT_EQ(registry->list()->size(), 3u);
}

TEST_F(RegistryFile, RefusesWhatIsThereOrMalformed) {
  auto registry = Registry::open(path_ + "/registry.db");
  ASSERT_TRUE(registry.ok());
  ASSERT_TRUE(registry->add(device("a", 'a')).ok());
  EXPECT_EQ(registry->add(device("b", 'a')).error().kind, ErrorKind::Conflict);
  EXPECT_EQ(registry->add(device("b", 'Z')).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(registry->add(device("b/c", 'b')).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(registry->revoke("nobody", {.at = kNow}).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(*registry->generation(), 1u);
}

TEST_F(RegistryFile, ReaderSeesAnothersChangesByGeneration) {
  auto registry = Registry::open(path_ + "/registry.db");
  ASSERT_TRUE(registry.ok());
  ASSERT_TRUE(registry->add(device("a", 'a')).ok());
  auto reader = RegistryReader::open(path_ + "/registry.db");
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  const auto before = reader->current();
  EXPECT_FALSE(*reader->refresh());
  ASSERT_TRUE(registry->revoke("a", {.at = kNow}).ok());
  EXPECT_TRUE(*reader->refresh());
  EXPECT_EQ(before->find(std::string(64, 'a'))->state, DeviceState::Active);
  EXPECT_EQ(reader->current()->find(std::string(64, 'a'))->state, DeviceState::Revoked);
  EXPECT_EQ(reader->current()->find(std::string(64, 'b')), nullptr);
}

TEST_F(RegistryFile, ReaderSeesARegistryThatIsPutInTheFilesPlace) {
  for (const char* name : {"/registry.db", "/other.db"}) {
    auto registry = Registry::open(path_ + name);
    ASSERT_TRUE(registry.ok());
    ASSERT_TRUE(registry->add(device("a", *name == '/' && name[1] == 'o' ? 'b' : 'a')).ok());
  }
  auto reader = RegistryReader::open(path_ + "/registry.db");
  ASSERT_TRUE(reader.ok());
  ASSERT_EQ(std::rename((path_ + "/other.db").c_str(), (path_ + "/registry.db").c_str()), 0);
  EXPECT_TRUE(*reader->refresh());
  EXPECT_NE(reader->current()->find(std::string(64, 'b')), nullptr);
  EXPECT_EQ(reader->current()->find(std::string(64, 'a')), nullptr);
  ASSERT_EQ(std::remove((path_ + "/registry.db").c_str()), 0);
  EXPECT_FALSE(reader->refresh().ok());
  EXPECT_NE(reader->current()->find(std::string(64, 'b')), nullptr);
}

TEST_F(RegistryFile, ReaderNeedsARegistry) {
  EXPECT_FALSE(RegistryReader::open(path_ + "/registry.db").ok());
}

}  // namespace
}  // namespace sealane::identity
