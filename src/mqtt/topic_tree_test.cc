// SPDX-License-Identifier: Apache-2.0
#include "mqtt/topic_tree.h"

#include <cstdint>

#include <gtest/gtest.h>

#include "mqtt/topic.h"

namespace sealane::mqtt {
namespace {

std::vector<Match> match(const TopicTree& tree, std::string_view topic) {
  std::vector<Match> out;
  tree.match(topic, out);
  return out;
}

TEST(TopicTree, HighestQosOfASubscribersFiltersWins) {
  TopicTree tree(Profile::MqttStandard, Limits{});
  ASSERT_TRUE(tree.subscribe("a/#", 1, Qos::AtMostOnce).ok());
  ASSERT_TRUE(tree.subscribe("a/b", 1, Qos::AtLeastOnce).ok());
  ASSERT_TRUE(tree.subscribe("+/b", 2, Qos::AtMostOnce).ok());
  // [MQTT-3.3.5-1]
  EXPECT_EQ(match(tree, "a/b"), (std::vector<Match>{{1, Qos::AtLeastOnce}, {2, Qos::AtMostOnce}}));
  EXPECT_EQ(match(tree, "a/c"), (std::vector<Match>{{1, Qos::AtMostOnce}}));
}

// [MQTT-3.8.4-3]
TEST(TopicTree, SameFilterReplacesItsQos) {
  TopicTree tree(Profile::MqttStandard, Limits{});
  ASSERT_TRUE(tree.subscribe("a", 1, Qos::AtLeastOnce).ok());
  ASSERT_TRUE(tree.subscribe("a", 1, Qos::AtMostOnce).ok());
  EXPECT_EQ(tree.size(), 1U);
  EXPECT_EQ(match(tree, "a"), (std::vector<Match>{{1, Qos::AtMostOnce}}));
}

TEST(TopicTree, UnsubscribeTakesTheExactFilterOnly) {
  TopicTree tree(Profile::MqttStandard, Limits{});
  ASSERT_TRUE(tree.subscribe("a/#", 1, Qos::AtMostOnce).ok());
  ASSERT_TRUE(tree.subscribe("a/+", 1, Qos::AtMostOnce).ok());
  tree.unsubscribe("a/b", 1);  // [MQTT-3.10.4-1]
  tree.unsubscribe("a/#", 2);
  EXPECT_EQ(tree.size(), 2U);
  tree.unsubscribe("a/#", 1);
  EXPECT_EQ(tree.size(), 1U);
  EXPECT_EQ(match(tree, "a/b").size(), 1U);
  EXPECT_TRUE(match(tree, "a/b/c").empty());
}

TEST(TopicTree, RemoveForgetsASubscriberAndNobodyElse) {
  TopicTree tree(Profile::MqttStandard, Limits{});
  for (const auto filter : {"a/b/c", "a/#", "#", "+/b/+"}) {
    ASSERT_TRUE(tree.subscribe(filter, 1, Qos::AtMostOnce).ok());
    ASSERT_TRUE(tree.subscribe(filter, 2, Qos::AtMostOnce).ok());
  }
  tree.remove(1);
  EXPECT_EQ(tree.size(), 4U);
  EXPECT_EQ(match(tree, "a/b/c"), (std::vector<Match>{{2, Qos::AtMostOnce}}));
  tree.remove(2);
  EXPECT_TRUE(tree.empty());
}

TEST(TopicTree, LimitsPerSubscriberAndInAllAreKept) {
  Limits limits;
  limits.subscriptions_per_session_max = 2;
  limits.subscriptions_max = 3;
  TopicTree tree(Profile::MqttStandard, limits);
  EXPECT_TRUE(tree.subscribe("a", 1, Qos::AtMostOnce).ok());
  EXPECT_TRUE(tree.subscribe("b", 1, Qos::AtMostOnce).ok());
  EXPECT_EQ(tree.subscribe("c", 1, Qos::AtMostOnce).error().kind, ErrorKind::TooLarge);
  EXPECT_TRUE(tree.subscribe("b", 1, Qos::AtLeastOnce).ok());
  EXPECT_TRUE(tree.subscribe("c", 2, Qos::AtMostOnce).ok());
  EXPECT_EQ(tree.subscribe("d", 2, Qos::AtMostOnce).error().kind, ErrorKind::TooLarge);
}

TEST(TopicTree, RefusesInvalidFiltersAndSharedSubscriptionsOfAws) {
  TopicTree tree(Profile::AwsIotCore, Limits{});
  EXPECT_EQ(tree.subscribe("a/#/b", 1, Qos::AtMostOnce).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(tree.subscribe("$share/g/a", 1, Qos::AtMostOnce).error().kind, ErrorKind::Unsupported);
  EXPECT_TRUE(tree.empty());
}

// The tree and filter_matches are two readings of §4.7; they agree on every pair of small texts.
TEST(TopicTree, AgreesWithFilterMatchesOnEverySmallPair) {
  const std::vector<std::string_view> names{"", "a", "b", "$s"};
  std::vector<std::string> topics, filters;
  const auto grow = [](std::vector<std::string>& out, const std::vector<std::string_view>& levels) {
    std::vector<std::string> last{levels.begin(), levels.end()};
    for (int depth = 0; depth < 3; ++depth) {
      out.insert(out.end(), last.begin(), last.end());
      std::vector<std::string> next;
      for (const std::string& one : last)
        for (const std::string_view level : levels) next.push_back(one + "/" + std::string(level));
      last = std::move(next);
    }
  };
  grow(topics, names);
  grow(filters, {"", "a", "$s", "+", "#"});
  Limits limits;
  for (const Profile profile : {Profile::MqttStandard, Profile::AwsIotCore}) {
    for (const std::string& filter : filters) {
      if (check_topic_filter(filter, limits) != TopicError::None) continue;
      TopicTree tree(profile, limits);
      ASSERT_TRUE(tree.subscribe(filter, 1, Qos::AtMostOnce).ok());
      for (const std::string& topic : topics) {
        if (check_topic_name(topic, limits) != TopicError::None) continue;
        EXPECT_EQ(!match(tree, topic).empty(), filter_matches(filter, topic, profile))
            << filter << " " << topic;
      }
    }
  }
}

}  // namespace
}  // namespace sealane::mqtt
