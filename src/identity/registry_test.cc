// SPDX-License-Identifier: Apache-2.0
#include "identity/registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "db/database.h"

namespace sealane::identity {
namespace {

const Time kNow = Time(std::chrono::seconds(1'760'000'000));
// Of testdata/registry-format-1.db, which version 0.1 wrote.
const std::string kDevice1 = "0aadc7ea323bd4e23eca154600c9bbc36324d70d6a93c50da1af1c4d6dfdb44c";
const std::string kSeattleRevoked =
    "3c5596cba2c5ea3d8b2a22999f82b38308ab001dfec1b097b6cb722669bdd85f";
const std::string kSeattle = "b41bb39092dc2933d23bde398259e62bce69c78e4048ad45be6aedb1495f78be";

class RegistryTest : public ::testing::Test {
 protected:
  RegistryTest() {
    std::string name =
        (std::filesystem::temp_directory_path() / "sealane-registry-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~RegistryTest() override { std::filesystem::remove_all(folder_); }

  Registry open() {
    auto registry = Registry::open(path());
    EXPECT_TRUE(registry.ok()) << registry.error().message;
    return std::move(registry).value();
  }
  std::string path() const { return folder_ + "/registry.db"; }
  void copy_old_file() {
    std::filesystem::copy_file("testdata/registry-format-1.db", path());
    std::filesystem::permissions(path(), std::filesystem::perms::owner_all);
  }

  std::string folder_;
};

Device device(const std::string& thing, char digit, Time not_after = kNow + std::chrono::hours(1)) {
  return {.thing = thing,
          .certificate_sha256 = std::string(64, digit),
          .serial = std::string("0") + digit,
          .not_after = not_after};
}

TEST_F(RegistryTest, AFileOfFormat1IsBroughtUpToDate) {
  copy_old_file();
  Registry registry = open();
  const auto all = registry.list();
  ASSERT_TRUE(all.ok()) << all.error().message;
  ASSERT_EQ(all->size(), 4u);
  EXPECT_EQ(*registry.generation(), 6u);  // it was 5
  const auto device1 = registry.find(kDevice1);
  ASSERT_TRUE(device1.ok() && device1->has_value());
  EXPECT_EQ((*device1)->thing, "device-1");
  EXPECT_EQ((*device1)->serial, "5f4adf921358e3154efbe535e8106b8f");
  EXPECT_EQ((*device1)->not_after, Time(Duration(1803241388000000)));
  EXPECT_EQ((*device1)->attributes,
            (std::vector<std::pair<std::string, std::string>>{{"site", "somewhere"}}));
  EXPECT_EQ((*device1)->state, DeviceState::Active);
  EXPECT_EQ((*device1)->issuer, Issuer::Own);
  // A thing's attributes are those that were written last, for each of its certificates.
  for (const std::string& sha256 : {kSeattle, kSeattleRevoked})
    EXPECT_EQ((*registry.find(sha256))->attributes.at(0).second, "cellar");
  EXPECT_EQ((*registry.find(kSeattle))->state, DeviceState::Active);
  const auto revoked = registry.find(kSeattleRevoked);
  EXPECT_EQ((*revoked)->state, DeviceState::Revoked);
  EXPECT_GT((*revoked)->revoked_at, Time());
  const auto listed = registry.revoked(kNow);
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().serial, (*revoked)->serial);
  // Once, not at every open.
  Registry again = open();
  EXPECT_EQ(*again.generation(), 6u);
}

TEST_F(RegistryTest, AReaderReadsFormat1AndSeesItBroughtUpToDate) {
  copy_old_file();
  auto reader = RegistryReader::open(path());
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_EQ(reader->current()->size(), 4u);
  EXPECT_EQ(reader->current()->find(kSeattleRevoked)->state, DeviceState::Revoked);
  EXPECT_EQ(reader->current()->find(kSeattleRevoked)->attributes.at(0).second, "roof");
  Registry registry = open();
  ASSERT_TRUE(registry.set("seattle", {.groups = {{"roof", "lab"}}}).ok());
  EXPECT_TRUE(*reader->refresh());
  EXPECT_EQ(reader->current()->find(kSeattle)->groups, (std::vector<std::string>{"lab", "roof"}));
}

TEST_F(RegistryTest, AFormatOfALaterVersionIsRefused) {
  {
    Registry registry = open();
  }
  {
    auto database = db::Database::open(path());
    ASSERT_TRUE((*database)->run("UPDATE registry SET format = 3").ok());
  }
  EXPECT_EQ(Registry::open(path()).error().kind, ErrorKind::Unsupported);
  EXPECT_EQ(RegistryReader::open(path()).error().kind, ErrorKind::Unsupported);
}

TEST_F(RegistryTest, TypeGroupsAndAttributesAreTheThingsInEachCertificate) {
  Registry registry = open();
  Device first = device("seattle", 'a');
  first.type = "station";
  first.groups = {"roof", "lab", "roof"};
  first.attributes = {{"site", "north"}};
  ASSERT_TRUE(registry.add(first).ok());
  // A further certificate keeps them; one that says so replaces them.
  ASSERT_TRUE(registry.add(device("seattle", 'b')).ok());
  for (char digit : {'a', 'b'}) {
    const auto found = registry.find(std::string(64, digit));
    EXPECT_EQ((*found)->type, "station");
    EXPECT_EQ((*found)->groups, (std::vector<std::string>{"lab", "roof"}));
    EXPECT_EQ((*found)->attributes, first.attributes);
  }
  Device third = device("seattle", 'c');
  third.type = "buoy";
  ASSERT_TRUE(registry.add(std::span(&third, 1), IfThingExists::Replace).ok());
  EXPECT_EQ((*registry.find(std::string(64, 'a')))->type, "buoy");
  EXPECT_TRUE((*registry.find(std::string(64, 'a')))->groups.empty());
}

TEST_F(RegistryTest, SetChangesWhatIsNamedAndNothingElse) {
  Registry registry = open();
  Device first = device("seattle", 'a');
  first.type = "station";
  first.groups = {"roof"};
  first.attributes = {{"site", "north"}, {"floor", "2"}};
  ASSERT_TRUE(registry.add(first).ok());
  EXPECT_EQ(*registry.set("seattle", {.attributes = {{"site", "south"}, {"room", "7"}},
                                      .attributes_removed = {"floor", "no-such"}}),
            2u);
  auto facts = registry.find_thing("seattle");
  ASSERT_TRUE(facts.ok() && facts->has_value());
  EXPECT_EQ(**facts, (ThingFacts{.type = "station",
                                 .groups = {"roof"},
                                 .attributes = {{"site", "south"}, {"room", "7"}}}));
  EXPECT_EQ(*registry.set("seattle", {.type = "", .groups = std::vector<std::string>()}), 3u);
  facts = registry.find_thing("seattle");
  EXPECT_EQ((*facts)->type, "");
  EXPECT_TRUE((*facts)->groups.empty());
  EXPECT_EQ(registry.set("nobody", {.type = "x"}).error().kind, ErrorKind::NotFound);
  EXPECT_FALSE(registry.find_thing("nobody")->has_value());
}

TEST_F(RegistryTest, RefusesFactsBeyondTheRulesAndKeepsWhatItHad) {
  Registry registry = open();
  ASSERT_TRUE(registry.add(device("seattle", 'a')).ok());
  EXPECT_EQ(registry.set("seattle", {.type = "a b"}).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(registry.set("seattle", {.groups = {{"a/b"}}}).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(registry.set("seattle", {.attributes = {{"", "x"}}}).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(registry.set("seattle", {.attributes = {{"x", "\xff"}}}).error().kind,
            ErrorKind::Invalid);
  EXPECT_EQ(registry.set("seattle", {.attributes = {{"x", std::string(1025, 'x')}}}).error().kind,
            ErrorKind::TooLarge);
  std::vector<std::string> many;
  for (int i = 0; i < 11; ++i) many.push_back("g" + std::to_string(i));
  EXPECT_EQ(registry.set("seattle", {.groups = many}).error().kind, ErrorKind::TooLarge);
  EXPECT_EQ(**registry.find_thing("seattle"), ThingFacts());
  EXPECT_EQ(*registry.generation(), 1u);
}

TEST_F(RegistryTest, ABatchIsRegisteredWholeOrNotAtAll) {
  Registry registry = open();
  ASSERT_TRUE(registry.add(device("present", 'a')).ok());
  const std::vector<Device> good = {device("one", 'b'), device("two", 'c')};
  ASSERT_TRUE(registry.add(good).ok());
  EXPECT_EQ(*registry.generation(), 2u);
  const std::vector<Device> bad = {device("three", 'd'), device("four", 'a')};
  EXPECT_EQ(registry.add(bad).error().kind, ErrorKind::Conflict);
  EXPECT_EQ(registry.list()->size(), 3u);
  EXPECT_FALSE(registry.find_thing("three")->has_value());
  EXPECT_EQ(*registry.generation(), 2u);
  auto small = Registry::open(path(), {.devices_max = 4});
  EXPECT_EQ(small->add(std::vector{device("e", 'e'), device("f", 'f')}).error().kind,
            ErrorKind::TooLarge);
}

TEST_F(RegistryTest, RevocationsKeepTheirFirstTimeAndReason) {
  Registry registry = open();
  ASSERT_TRUE(registry.add(device("seattle", 'a')).ok());
  ASSERT_TRUE(registry.add(device("seattle", 'b')).ok());
  using enum crypto::RevocationReason;
  EXPECT_EQ(*registry.revoke_certificate(std::string(64, 'a'), {.at = kNow, .reason = Superseded}),
            3u);
  EXPECT_EQ((*registry.find(std::string(64, 'b')))->state, DeviceState::Active);
  const Time later = kNow + std::chrono::hours(2);
  EXPECT_EQ(*registry.revoke("seattle", {.at = later, .reason = KeyCompromise}), 4u);
  const auto first = registry.find(std::string(64, 'a'));
  EXPECT_EQ((*first)->revoked_at, kNow);
  EXPECT_EQ((*first)->reason, Superseded);
  const auto second = registry.find(std::string(64, 'b'));
  EXPECT_EQ((*second)->revoked_at, later);
  EXPECT_EQ((*second)->reason, KeyCompromise);
  ASSERT_TRUE(
      registry.revoke_certificate(std::string(64, 'a'), {.at = later, .reason = KeyCompromise})
          .ok());
  EXPECT_EQ((*registry.find(std::string(64, 'a')))->reason, Superseded);
  EXPECT_EQ(registry.revoke_certificate(std::string(64, 'f'), {.at = kNow}).error().kind,
            ErrorKind::NotFound);
}

TEST_F(RegistryTest, TheListHasWhatOurCaIssuedIsRevokedAndHasNotExpired) {
  Registry registry = open();
  Device external = device("d", 'd');
  external.issuer = Issuer::External;
  ASSERT_TRUE(registry
                  .add(std::vector{device("a", 'a'), device("b", 'b'),
                                   device("c", 'c', kNow - std::chrono::hours(1)), external})
                  .ok());
  for (const char* thing : {"a", "c", "d"}) ASSERT_TRUE(registry.revoke(thing, {.at = kNow}).ok());
  ASSERT_TRUE(registry
                  .revoke_node_certificate({.serial = "0e",
                                            .not_after = kNow + std::chrono::hours(1),
                                            .revocation = {.at = kNow}})
                  .ok());
  const auto revoked = registry.revoked(kNow);
  ASSERT_TRUE(revoked.ok());
  ASSERT_EQ(revoked->size(), 2u);
  EXPECT_EQ(revoked->at(0).serial, "0a");
  EXPECT_EQ(revoked->at(1).serial, "0e");
  EXPECT_EQ(*registry.next_crl_number(), 1u);
  EXPECT_EQ(*registry.next_crl_number(), 2u);
}

}  // namespace
}  // namespace sealane::identity
