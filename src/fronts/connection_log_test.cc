// SPDX-License-Identifier: Apache-2.0
#include "fronts/connection_log.h"

#include <gtest/gtest.h>

#include "fronts/denial_budget.h"

namespace sealane::fronts {
namespace {

Time at(std::int64_t milliseconds) {
  return Time(std::chrono::milliseconds(1'000'000 + milliseconds));
}

TEST(DenialBudget, ABurstThenOneLineAnIntervalAndNoneIsLostFromTheCount) {
  DenialBudget budget({.burst = 3, .interval = std::chrono::seconds(1)});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(budget.take(at(0)), 0u);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(budget.take(at(999)));
  EXPECT_EQ(budget.take(at(1000)), 5u);
  EXPECT_FALSE(budget.take(at(1001)));
  EXPECT_EQ(budget.suppressed(), 1u);
  EXPECT_EQ(budget.take(at(2500)), 1u);
  // The half second that was left over counts.
  EXPECT_EQ(budget.take(at(3000)), 0u);
  EXPECT_FALSE(budget.take(at(3001)));
  // No more than a burst is saved up.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(budget.take(at(100'000)));
  EXPECT_FALSE(budget.take(at(100'000)));
}

TEST(DenialBudget, AMillionRefusalsInAMinuteAreEightyLines) {
  DenialBudget budget;
  std::uint64_t lines = 0;
  std::uint64_t told = 0;
  for (std::int64_t i = 0; i < 1'000'000; ++i)
    if (const auto unlogged = budget.take(at(i * 60 / 1000))) {
      ++lines;
      told += *unlogged;
    }
  EXPECT_LE(lines, 80u);
  EXPECT_EQ(lines + told + budget.suppressed(), 1'000'000u);
}

TEST(ConnectionLog, ANameInSomebodyElsesCertificateIsNotProven) {
  tls::Refusal refusal{.reason = tls::RefusalReason::Unregistered, .verified = true};
  refusal.certificate = crypto::CertificateFacts{};
  refusal.certificate->subject = "CN=acme";
  refusal.certificate->uris = {"spiffe://weather/device/seattle"};
  testing::internal::CaptureStderr();
  RefusalLog log;
  log_connection_refused("mqtt", "10.0.0.1:1", refusal, at(0), log);
  log_connection_refused("mqtt", "10.0.0.2:1", refusal, at(1), log, {.thing = "", .foreign = true});
  log_connection_refused("mqtt", "10.0.0.3:1", refusal, at(2), log,
                         {.thing = "boston", .foreign = true});
  testing::internal::GetCapturedStderr();
  const auto seattle = log.find({.name = "seattle"});
  ASSERT_EQ(seattle.size(), 2u);
  EXPECT_TRUE(seattle[0].proven);
  EXPECT_FALSE(seattle[1].proven);
  // The registry knows whose that one is.
  ASSERT_EQ(log.find({.name = "boston"}).size(), 1u);
  EXPECT_TRUE(log.find({.name = "boston"}).front().proven);
}

}  // namespace
}  // namespace sealane::fronts
