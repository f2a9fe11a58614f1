// SPDX-License-Identifier: Apache-2.0
#include "fronts/refusal_log.h"

#include <gtest/gtest.h>

namespace sealane::fronts {
namespace {

RefusalRecord of(const std::string& name, bool proven, const std::string& peer,
                 const std::string& detail = "") {
  return {.listener = "mqtt", .peer = peer, .name = name, .proven = proven, .detail = detail};
}

TEST(RefusalLog, ANoisyDeviceDoesNotEvictTheOthers) {
  RefusalLog log({.proven_max = 20, .unproven_max = 5, .per_ring_max = 16});
  for (int i = 0; i < 4; ++i) log.add(of("quiet-" + std::to_string(i), true, "10.0.0.1:1"));
  for (int i = 0; i < 1000; ++i) log.add(of("noisy", true, "10.0.0.2:1", std::to_string(i)));
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(log.find({.name = "quiet-" + std::to_string(i)}).size(), 1u);
  const auto noisy = log.find({.name = "noisy", .last = 100});
  ASSERT_EQ(noisy.size(), 16u);
  EXPECT_EQ(noisy.front().detail, "984");
  EXPECT_EQ(noisy.back().detail, "999");
  EXPECT_EQ(log.counts().recorded, 1004u);
  EXPECT_EQ(log.counts().dropped, 984u);
  EXPECT_EQ(log.counts().kept, 20u);
}

TEST(RefusalLog, AFullBudgetTakesFromTheFullestRing) {
  RefusalLog log({.proven_max = 8, .unproven_max = 5, .per_ring_max = 16});
  for (int i = 0; i < 7; ++i) log.add(of("noisy", true, "10.0.0.2:1", std::to_string(i)));
  for (int i = 0; i < 5; ++i) log.add(of("quiet-" + std::to_string(i), true, "10.0.0.1:1"));
  EXPECT_EQ(log.find({.name = "noisy", .last = 100}).size(), 3u);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(log.find({.name = "quiet-" + std::to_string(i)}).size(), 1u);
}

TEST(RefusalLog, StrangersOfManyAddressesCannotEvictDevices) {
  RefusalLog log({.proven_max = 4, .unproven_max = 4, .per_ring_max = 4});
  log.add(of("seattle", true, "10.0.0.1:1"));
  for (int i = 0; i < 100; ++i)
    log.add(of("seattle", false, "10.1.0." + std::to_string(i) + ":7", "claimed"));
  const auto found = log.find({.name = "seattle", .last = 100});
  ASSERT_EQ(found.size(), 5u);
  EXPECT_TRUE(found.front().proven);
  EXPECT_EQ(log.counts().kept, 5u);
}

TEST(RefusalLog, ANameIsProvenByAVerifiedChainWhateverTheReason) {
  crypto::CertificateFacts facts;
  facts.uris = {"spiffe://test/device/seattle"};
  tls::Refusal refusal{.reason = tls::RefusalReason::WrongRole, .certificate = facts};
  EXPECT_EQ(record_of(Time(), "mqtt", "10.0.0.1:1", refusal).name, "seattle");
  EXPECT_FALSE(record_of(Time(), "mqtt", "10.0.0.1:1", refusal).proven);
  refusal.verified = true;
  EXPECT_TRUE(record_of(Time(), "mqtt", "10.0.0.1:1", refusal).proven);
}

TEST(RefusalLog, FindsByAddressAndCutsWhatAPeerChose) {
  RefusalLog log({.text_bytes_max = 8});
  log.add(of(std::string(100, 'n'), false, "10.0.0.1:1"));
  log.add(of("other", false, "[2001:db8:0:1::5]:443"));
  const auto found = log.find({.peer = "10.0.0.1"});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().name, "nnnnnnnn");
  EXPECT_EQ(log.find({.last = 1}).front().name, "other");
}

}  // namespace
}  // namespace sealane::fronts
