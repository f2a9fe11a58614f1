// SPDX-License-Identifier: Apache-2.0
#include "policy/catalogue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "base/json.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

const Catalogue& shipped() {
  static const Catalogue catalogue = Catalogue::shipped();
  return catalogue;
}

TEST(Catalogue, HasWhatItsHeadSays) {
  EXPECT_EQ(shipped().service_count(), 456u);
  EXPECT_EQ(shipped().action_count(), 22'091u);
  EXPECT_EQ(shipped().actions_matching("*").size(), 22'091u);
}
TEST(Catalogue, FindsServicesAndActionsInAnyCase) {
  ASSERT_TRUE(shipped().find_service("S3"));
  EXPECT_EQ(shipped().find_service("s3")->title, "Amazon S3");
  EXPECT_TRUE(shipped().find_service("s3")->in_rcps);
  EXPECT_FALSE(shipped().find_service("iot")->in_rcps);
  EXPECT_FALSE(shipped().find_service("s4"));
  ASSERT_TRUE(shipped().find_action("S3:GETOBJECT"));
  EXPECT_EQ(shipped().find_action("s3:getobject")->name, "GetObject");
  EXPECT_EQ(shipped().find_action("iot:Publish")->service, "iot");
  EXPECT_FALSE(shipped().find_action("s3:GetObjekt"));
  EXPECT_FALSE(shipped().find_action("GetObject"));
}
TEST(Catalogue, FindsEveryActionThatItLists) {
  for (const Catalogue::Action& action : shipped().actions_matching("*")) {
    const auto found =
        shipped().find_action(std::string(action.service) + ":" + std::string(action.name));
    ASSERT_TRUE(found) << action.service << ":" << action.name;
    EXPECT_EQ(found->name, action.name);
  }
}
TEST(Catalogue, TakesInActionsByPattern) {
  const auto gets = shipped().actions_matching("s3:getobjec?");
  ASSERT_EQ(gets.size(), 1u);
  EXPECT_EQ(gets[0].name, "GetObject");
  EXPECT_TRUE(shipped().any_action_matches("iot:*"));
  EXPECT_FALSE(shipped().any_action_matches("iot:Fetch*"));
  EXPECT_FALSE(shipped().any_action_matches("nosuch:*"));
}
TEST(Catalogue, KnowsWhichActionsCarryAKey) {
  auto carries = [](const char* action, const char* key) {
    const auto found = shipped().find_action(action);
    return found ? shipped().carries(*found, key) : Carries::No;
  };
  EXPECT_EQ(carries("s3:GetObject", "s3:tlsversion"), Carries::Listed);
  EXPECT_EQ(carries("s3:InitiateReplication", "s3:TlsVersion"), Carries::No);
  EXPECT_EQ(carries("s3:GetObject", "s3:ExistingObjectTag/team"), Carries::Listed);
  EXPECT_EQ(carries("s3:GetObject", "s3:ExistingObjectTag/"), Carries::No);
  EXPECT_EQ(carries("s3:GetObject", "s3:BucketTag/team"), Carries::ByResource);
  constexpr const char* kTransit = "elasticache:TransitEncryptionEnabled";
  EXPECT_EQ(carries("elasticache:CreateReplicationGroup", kTransit), Carries::Listed);
  EXPECT_NE(carries("elasticache:CreateCacheCluster", kTransit), Carries::Listed);
  EXPECT_EQ(carries("iot:Publish", "aws:SecureTransport"), Carries::No);
}
TEST(Catalogue, KnowsKindsOfResources) {
  const auto kinds = shipped().kinds_of(*shipped().find_action("iot:Publish"));
  ASSERT_EQ(kinds.size(), 1u);
  EXPECT_EQ(kinds[0].name, "topic");
  EXPECT_EQ(kinds[0].arn, "arn:${Partition}:iot:${Region}:${Account}:topic/${TopicName}");
  EXPECT_TRUE(kinds[0].required);
  EXPECT_EQ(shipped().kinds_of(*shipped().find_service("sqs")).size(), 1u);
  EXPECT_TRUE(shipped().kinds_of(*shipped().find_action("s3:ListAllMyBuckets")).empty());
}
TEST(Catalogue, KnowsTypesAndArityOfKeys) {
  const auto tls = shipped().find_key("S3:tlsversion");
  ASSERT_TRUE(tls);
  EXPECT_EQ(tls->name, "s3:TlsVersion");
  EXPECT_EQ(tls->type, ValueType::Numeric);
  EXPECT_EQ(tls->arity, Context::Arity::Single);
  EXPECT_EQ(shipped().find_key("elasticloadbalancing:SecurityPolicy")->arity,
            Context::Arity::Multi);
  EXPECT_TRUE(shipped().find_key("iot:JobId"));  // another service declares it
  EXPECT_TRUE(shipped().find_key("saml:aud"));
  EXPECT_FALSE(shipped().find_key("s3:TlsVersio"));
}
TEST(Catalogue, SuggestsWhatIsNear) {
  EXPECT_EQ(shipped().closest_action("s3:GetObjekt"), "s3:GetObject");
  EXPECT_EQ(shipped().closest_service("kineses"), "kinesis");
  EXPECT_EQ(shipped().closest_key("aws:SecureTransprot"), "aws:SecureTransport");
  EXPECT_EQ(shipped().closest_key("aws:PrincipalArns"), "aws:PrincipalArn");
  EXPECT_EQ(shipped().closest_key("aws:PrincipaTag/team"), "aws:PrincipalTag/team");
  EXPECT_EQ(shipped().closest_key("s3:TlsVersio"), "s3:TlsVersion");
}
TEST(Catalogue, LooksUpWithinATextOfFewLines) {
  const auto loaded = Catalogue::from_text(
      "# head\n=a\trcp\tAlpha\nka:K\tS*\nrthing\tarn:x\t0\ns\t0!\ns0\t\naGet\tr\t0\naPut\tw\t1\n"
      "=b\t\tBeta\ns\t\naDo\tp\t0\n");
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->carries(*loaded->find_action("a:get"), "a:k"), Carries::ByResource);
  EXPECT_EQ(loaded->carries(*loaded->find_action("a:put"), "a:k"), Carries::Listed);
  EXPECT_EQ(loaded->keys_of(*loaded->find_action("a:get")).size(), 1u);
  EXPECT_EQ(loaded->find_action("b:Do")->access, AccessLevel::Permissions);
  EXPECT_TRUE(loaded->keys_of(*loaded->find_action("b:do")).empty());
}
TEST(Catalogue, RefusesTextsThatAreNoCatalogue) {
  for (const char* text :
       {"x\n", "aGet\tr\t0\n", "=a\t\tA\ns\t\naGet\tr\t1\n", "=a\t\tA\ns0\t\naGet\tr\t0\n",
        "=a\t\tA\ns\t0\naGet\tr\t0\n", "=a\t\tA\ns\t\naB\tr\t0\naA\tr\t0\n", "=b\t\tB\n=a\t\tA\n",
        "=a\t\tA\naGet\tr\t0\nka:K\tS\n", "=a\t\tA\nka:K\tQ\n", "\n"})
    EXPECT_FALSE(Catalogue::from_text(text).ok()) << text;
}

TEST(KeyMatches, HolesTakeOneCharacterOrMore) {
  EXPECT_TRUE(key_matches("aws:PrincipalTag/${TagKey}", "AWS:principaltag/a"));
  EXPECT_FALSE(key_matches("aws:PrincipalTag/${TagKey}", "aws:PrincipalTag/"));
  EXPECT_TRUE(key_matches("x:${A}.type", "x:one.type"));
  EXPECT_FALSE(key_matches("x:${A}.type", "x:.type"));
  EXPECT_TRUE(key_matches("s3:ExistingObjectTag/<key>", "s3:existingobjecttag/k/l"));
  EXPECT_FALSE(key_matches("s3:prefix", "s3:prefixes"));
}

TEST(GlobalKeys, HaveTypeArityAndPresence) {
  ASSERT_NE(find_global_key("AWS:securetransport"), nullptr);
  EXPECT_EQ(find_global_key("aws:SecureTransport")->presence, Presence::Always);
  EXPECT_EQ(find_global_key("aws:SourceVpce")->presence, Presence::Sometimes);
  EXPECT_EQ(find_global_key("aws:CalledVia")->facts.arity, Context::Arity::Multi);
  EXPECT_EQ(find_global_key("aws:PrincipalTag/team")->facts.name, "aws:PrincipalTag/${TagKey}");
  EXPECT_EQ(find_global_key("aws:PrincipalTag"), nullptr);
  std::set<std::string> names;
  for (const GlobalKey& key : global_keys()) {
    EXPECT_TRUE(names.insert(to_lower(key.facts.name)).second) << key.facts.name;
    EXPECT_EQ(key.when.empty(), key.presence == Presence::Always) << key.facts.name;
  }
}
TEST(IotDeviceKeys, AreTheVariablesOfDevicePolicies) {
  EXPECT_NE(find_iot_device_key("iot:Connection.Thing.Attributes[model]"), nullptr);
  EXPECT_NE(find_iot_device_key("iot:Certificate.Subject.Organization.1"), nullptr);
  EXPECT_EQ(find_iot_device_key("iot:Thing.ThingName"), nullptr);
  EXPECT_EQ(find_iot_device_key("aws:SecureTransport"), nullptr);
}

// The same reference, extracted by others five weeks before the shipped table.  What AWS changed in
// between stands here by name; everything else must agree.
class CatalogueAgainstReference : public testing::Test {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("SEALANE_SHARED");
    const std::string path =
        shared == nullptr ? "" : std::string(shared) + "/data/iam/action-condition-keys.json";
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      if (std::getenv("CI") != nullptr) FAIL() << "no reference data in SEALANE_SHARED";
      GTEST_SKIP() << "set SEALANE_SHARED to compare with the reference";
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto parsed = json::parse(text);
    ASSERT_TRUE(parsed.value);
    root_ = std::move(*parsed.value);
  }
  const json::Value::Object& services() const { return *root_.find("services")->object(); }

  json::Value root_;
};

const std::map<std::string, std::set<std::string>> kNewerActions = {
    {"kinesis",
     {"AssociateStreamsWithChannel", "CreateChannel", "DeleteChannel", "DescribeChannel",
      "ListChannels", "UpdateChannel", "UpdateStreamRecordDistributionStrategy"}},
    {"sagemaker",
     {"AttachClusterNodeNetworkInterface", "BatchRebootClusterNodes", "BatchReplaceClusterNodes",
      "DescribeTrainingPlanExtensionHistory", "ExtendTrainingPlan"}}};
const std::set<std::string> kNewerKeys = {
    "s3:object-lock-event-hold", "s3:object-lock-event-hold-duration-days", "sagemaker:AuthMode",
    "sagemaker:IsUpdateRecord", "sagemaker:UpdatableFeatures"};
const std::set<std::string> kNewerKinds = {"kinesis channel"};
const std::set<std::string> kChangedPairs = {"DeleteFeatureGroup aws:RequestTag/${TagKey}"};

TEST_F(CatalogueAgainstReference, ActionsAndTheirKeysAreTheSame) {
  std::size_t compared = 0;
  for (const json::Member& service : services()) {
    std::set<std::string> theirs;
    for (const json::Member& member : *service.value.find("actions")->object()) {
      theirs.insert(member.name);
      const auto action = shipped().find_action(service.name + ":" + member.name);
      ASSERT_TRUE(action) << service.name << ":" << member.name;
      EXPECT_EQ(action->name, member.name);
      std::set<std::string> expected;
      for (const json::Value& key : *member.value.find("all_keys")->array())
        expected.insert(*key.text());
      std::set<std::string> found;
      for (const KeyFacts& key : shipped().keys_of(*action)) found.emplace(key.name);
      std::vector<std::string> different;
      std::ranges::set_symmetric_difference(expected, found, std::back_inserter(different));
      for (const std::string& key : different)
        EXPECT_TRUE(kNewerKeys.contains(key) || kChangedPairs.contains(member.name + " " + key))
            << service.name << ":" << member.name << " " << key;
      std::set<std::string> kinds;
      if (const json::Value* used = member.value.find("resources"))
        for (const json::Member& kind : *used->object()) kinds.insert(kind.name);
      std::set<std::string> found_kinds;
      for (const Catalogue::Kind& kind : shipped().kinds_of(*action))
        if (!kNewerKinds.contains(service.name + " " + std::string(kind.name)))
          found_kinds.emplace(kind.name);
      EXPECT_EQ(found_kinds, kinds) << service.name << ":" << member.name;
      ++compared;
    }
    for (const Catalogue::Action& action : shipped().actions_matching(service.name + ":*")) {
      const std::string name(action.name);
      const auto newer = kNewerActions.find(service.name);
      EXPECT_TRUE(theirs.contains(name) ||
                  (newer != kNewerActions.end() && newer->second.contains(name)))
          << service.name << ":" << name;
    }
  }
  EXPECT_EQ(compared, 1'477u);
}
TEST_F(CatalogueAgainstReference, KeysHaveTheSameTypesAndArity) {
  for (const json::Member& service : services())
    for (const json::Member& key : *service.value.find("condition_keys")->object()) {
      const bool global = key.name.starts_with("aws:");
      const auto facts = global ? find_global_key(key.name)->facts : *shipped().find_key(key.name);
      std::string type = *key.value.text();
      EXPECT_EQ(type.starts_with("ArrayOf"), facts.arity == Context::Arity::Multi) << key.name;
      if (type.starts_with("ArrayOf")) type.erase(0, 7);
      const std::map<std::string, ValueType> types = {{"String", ValueType::String},
                                                      {"Bool", ValueType::Bool},
                                                      {"Numeric", ValueType::Numeric},
                                                      {"Date", ValueType::Date},
                                                      {"ARN", ValueType::Arn}};
      EXPECT_EQ(types.at(type), facts.type) << key.name;
    }
}
TEST_F(CatalogueAgainstReference, KindsHaveTheSameArns) {
  for (const json::Member& service : services()) {
    std::map<std::string, std::string> theirs;
    for (const json::Member& kind : *service.value.find("resource_types")->object())
      theirs[kind.name] = std::string(kind.value.text_or_empty("arn"));
    const auto found = shipped().find_service(service.name);
    ASSERT_TRUE(found) << service.name;
    for (const Catalogue::Kind& kind : shipped().kinds_of(*found))
      if (theirs.contains(std::string(kind.name)))
        EXPECT_EQ(theirs.at(std::string(kind.name)), kind.arn);
    EXPECT_GE(shipped().kinds_of(*found).size(), theirs.size()) << service.name;
  }
}

}  // namespace
}  // namespace sealane::policy
