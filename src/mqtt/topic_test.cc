// SPDX-License-Identifier: Apache-2.0
#include "mqtt/topic.h"

#include <string>

#include <gtest/gtest.h>

namespace sealane::mqtt {
namespace {

using namespace std::string_view_literals;

struct MatchCase {
  std::string_view filter;
  std::string_view topic;
  bool standard;
  bool aws;
};

TEST(FilterMatches, FollowsTheStandardAndTheDeviationOfAwsIotCore) {
  const MatchCase cases[]{
      {"a", "a", true, true},
      {"a", "A", false, false},  // [MQTT-4.7.3-4]
      {"a", "a/", false, false},
      {"a/#", "a", true, false},  // §4.7.1.2; AWS IoT Core deviates
      {"a/#", "a/", true, true},
      {"a/#", "a/b/c", true, true},
      {"a/#", "ab", false, false},
      {"#", "a/b", true, true},
      {"#", "a", true, true},
      {"+", "a", true, true},
      {"+", "/a", false, false},
      {"/+", "/a", true, true},
      {"+/+", "/a", true, true},
      {"a/+", "a", false, false},
      {"a/+", "a/", true, true},
      {"a/+/c", "a/b/c", true, true},
      {"a/+/c", "a/b/d/c", false, false},
      {"a/+/#", "a/b", true, false},
      {"#", "$SYS/x", false, false},  // [MQTT-4.7.2-1]
      {"+/x", "$SYS/x", false, false},
      {"$SYS/#", "$SYS/x", true, true},
      {"$SYS/+", "$SYS/x", true, true},
      {"a//b", "a//b", true, true},
      {"a/+/b", "a//b", true, true},
  };
  for (const MatchCase& one : cases) {
    EXPECT_EQ(filter_matches(one.filter, one.topic, Profile::MqttStandard), one.standard)
        << one.filter << " " << one.topic;
    EXPECT_EQ(filter_matches(one.filter, one.topic, Profile::AwsIotCore), one.aws)
        << one.filter << " " << one.topic;
  }
}

TEST(CheckTopicFilter, WildcardsAreWholeLevelsAndHashIsLast) {
  const Limits limits;
  for (const auto good : {"a", "#", "+", "a/#", "a/+/b", "+/+", "/", "//", "$SYS/#"})
    EXPECT_EQ(check_topic_filter(good, limits), TopicError::None) << good;
  for (const auto bad :
       {"a#", "a/#/b", "#/", "a+", "+a", "a/b+/c", "##", "a/#b"})  // [MQTT-4.7.1-2] [MQTT-4.7.1-3]
    EXPECT_EQ(check_topic_filter(bad, limits), TopicError::Wildcard) << bad;
}

TEST(CheckTopicName, RefusesWildcardsEmptyNulAndWhatIsNotUtf8) {
  const Limits limits;
  EXPECT_EQ(check_topic_name("a/b", limits), TopicError::None);
  EXPECT_EQ(check_topic_name("a/+", limits), TopicError::Wildcard);  // [MQTT-4.7.1-1]
  EXPECT_EQ(check_topic_name("", limits), TopicError::Empty);        // [MQTT-4.7.3-1]
  EXPECT_EQ(check_topic_name("a\0b"sv, limits), TopicError::Nul);    // [MQTT-4.7.3-2]
  EXPECT_EQ(check_topic_name("a\xff", limits), TopicError::NotUtf8);
}

TEST(CheckTopicName, CountsBytesAndLevels) {
  const Limits limits;
  EXPECT_EQ(check_topic_name(std::string(256, 'a'), limits), TopicError::None);
  EXPECT_EQ(check_topic_name(std::string(257, 'a'), limits), TopicError::TooLong);
  EXPECT_EQ(check_topic_name("1/2/3/4/5/6/7/8", limits), TopicError::None);
  EXPECT_EQ(check_topic_name("1/2/3/4/5/6/7/8/9", limits), TopicError::TooDeep);
}

TEST(CheckTopicName, LevelsOfBasicIngestDoNotCount) {
  const Limits limits;
  EXPECT_EQ(check_topic_name("$aws/rules/r/1/2/3/4/5/6/7/8", limits), TopicError::None);
  EXPECT_EQ(check_topic_name("$aws/rules/r/1/2/3/4/5/6/7/8/9", limits), TopicError::TooDeep);
}

}  // namespace
}  // namespace sealane::mqtt
