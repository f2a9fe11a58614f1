// SPDX-License-Identifier: Apache-2.0
// The automata against looking at every short topic and filter, one by one.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "mqtt/topic.h"
#include "policy/evaluate.h"
#include "prove/confined.h"
#include "prove/confined_question_internal.h"

namespace sealane::prove {
namespace {

constexpr std::string_view kHead = "arn:aws:iot:local:000000000000:";
constexpr std::size_t kLengthMax = 4;

// Every text of up to kLengthMax of the characters.
std::vector<std::string> texts_over(std::string_view characters) {
  std::vector<std::string> out{""};
  for (std::size_t begin = 0, length = 0; length < kLengthMax; ++length) {
    const std::size_t end = out.size();
    for (; begin < end; ++begin)
      for (const char c : characters) out.push_back(out[begin] + c);
  }
  out.erase(out.begin());
  return out;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  template <class T, std::size_t N>
  T of(const std::array<T, N>& all) {
    return all[below(N)];
  }

 private:
  std::mt19937_64 engine_;
};

std::string random_statement(Random& random) {
  constexpr std::array<std::string_view, 5> kActions{"iot:Publish", "iot:Subscribe", "iot:Receive",
                                                     "iot:*", "iot:Connect"};
  constexpr std::array<std::string_view, 10> kPieces{
      "a", "b", "/", "/", "*", "?", "${iot:Connection.Thing.ThingName}", "${iot:ClientId}",
      "+", "a/"};
  constexpr std::array<std::string_view, 8> kConditions{
      "",
      "",
      "",
      "",
      R"("Bool":{"iot:Connection.Thing.IsAttached":"true"})",
      R"("StringEquals":{"iot:Connection.Thing.ThingName":"a"})",
      R"("StringLike":{"iot:ClientId":"?"})",
      R"("StringNotEquals":{"iot:ClientId":"${iot:Connection.Thing.ThingName}"})"};
  const std::string_view action = random.of(kActions);
  const std::string_view type = action == "iot:*"           ? "*"
                                : action == "iot:Subscribe" ? "topicfilter/"
                                : action == "iot:Connect"   ? "client/"
                                                            : "topic/";
  const auto resource = [&]() {
    std::string out = std::string(kHead) + std::string(type);
    for (std::size_t n = 1 + random.below(4); n > 0; --n) out += random.of(kPieces);
    return out;
  };
  std::string out = R"({"Effect":")" + std::string(random.below(3) == 0 ? "Deny" : "Allow") +
                    R"(","Action":")" + std::string(action) + R"(",")" +
                    (random.below(6) == 0 ? "NotResource" : "Resource") + R"(":[")" + resource();
  if (random.below(3) == 0) out += "\",\"" + resource();
  out += "\"]";
  if (const auto condition = random.of(kConditions); !condition.empty())
    out += R"(,"Condition":{)" + std::string(condition) + "}";
  return out + "}";
}

std::string random_policy(Random& random) {
  std::string out = R"({"Version":"2012-10-17","Statement":[)";
  if (random.below(2) == 0)
    out += R"({"Effect":"Allow","Action":["iot:Connect","iot:Subscribe"],"Resource":"*"},)";
  if (random.below(2) == 0)
    out += R"({"Effect":"Allow","Action":["iot:Connect"],"Resource":")" + std::string(kHead) +
           R"(client/${iot:Connection.Thing.ThingName}"},)";
  for (std::size_t n = 1 + random.below(3); n > 0; --n) out += random_statement(random) + ",";
  out.back() = ']';
  return out + "}";
}

// Tries everything there is among short texts.
class BruteForce {
 public:
  BruteForce(const policy::CompiledPolicies& policies, const ConfinedOptions& options)
      : policies_(policies), options_(options) {}

  std::string found() {
    for (const char* thing : {"a", "b", "ab"})
      for (const char* client : {"a", "b", "ab", "+", "#", "a/b", "x"}) {
        if (auto out = tried(thing, client); !out.empty()) return out;
      }
    return "";
  }

 private:
  bool allowed(IotAction action, const std::string& text) const {
    const std::string name(to_string(action));
    const std::string resource = std::string(kHead) + std::string(resource_type_of(action)) + text;
    return policy::decide(policies_, {.principal = policy::Principal::device(),
                                      .action = name,
                                      .resource = resource,
                                      .context = context_,
                                      .now = Time(),
                                      .variables = rule()})
        .allowed();
  }
  policy::VariableRule rule() const {
    return options_.profile == mqtt::Profile::AwsIotCore ? policy::VariableRule::AsSent
                                                         : policy::VariableRule::Guarded;
  }
  bool own(const std::string& thing, const std::string& topic) const {
    for (std::string filter : options_.own) {
      if (const auto at = filter.find(kThingPlaceholder); at != std::string::npos)
        filter.replace(at, kThingPlaceholder.size(), thing);
      if (mqtt::filter_matches(filter, topic, options_.profile)) return true;
    }
    return false;
  }

  std::string tried(const std::string& thing, const std::string& client) {
    static const std::vector<std::string> topics = texts_over("ab/");
    static const std::vector<std::string> filters = [] {
      std::vector<std::string> out = texts_over("ab/+#");
      std::erase_if(out, [](const std::string& filter) {
        return mqtt::check_topic_filter(filter, mqtt::Limits()) != mqtt::TopicError::None;
      });
      return out;
    }();
    const bool attached = thing == client;
    context_ = {};
    context_.set("iot:ClientId", client);
    context_.set_bool("iot:Connection.Thing.IsAttached", attached);
    if (attached) context_.set("iot:Connection.Thing.ThingName", thing);
    if (!allowed(IotAction::Connect, client)) return "";
    std::vector<std::string> subscribed;
    for (const std::string& filter : filters)
      if (allowed(IotAction::Subscribe, filter)) subscribed.push_back(filter);
    for (const std::string& topic : topics) {
      if (own(thing, topic)) continue;
      if (allowed(IotAction::Publish, topic)) return thing + " " + client + " " + topic;
      if (!allowed(IotAction::Receive, topic)) continue;
      for (const std::string& filter : subscribed)
        if (mqtt::filter_matches(filter, topic, options_.profile))
          return thing + " " + client + " " + filter + " " + topic;
    }
    return "";
  }
  const policy::CompiledPolicies& policies_;
  const ConfinedOptions& options_;
  policy::Context context_;
};

TEST(ConfinedDifferential, WhatHoldsIsBrokenByNoShortTopicAndWhatFailsIsNeverUnknown) {
  constexpr std::array<std::string_view, 4> kOwn{"${thing}/#", "a/${thing}/#", "+/${thing}",
                                                 "a/b${thing}/#"};
  std::array<std::size_t, 3> counts{};
  std::size_t broken = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    Random random(seed);
    const std::string text = random_policy(random);
    const auto parsed = policy::parse_document(text, policy::DocumentKind::IotDevice, "p.json");
    ASSERT_TRUE(parsed.value) << text;
    ConfinedOptions options;
    options.profile =
        random.below(2) == 0 ? mqtt::Profile::AwsIotCore : mqtt::Profile::MqttStandard;
    options.own = {std::string(random.of(kOwn))};
    const std::span documents(&*parsed.value, 1);
    const Confinement proved = confined(documents, options);
    ++counts[static_cast<std::size_t>(proved.outcome)];
    const auto policies = policy::compile(documents);
    const std::string way = BruteForce(policies, options).found();
    if (way.empty()) continue;
    ++broken;
    EXPECT_EQ(proved.outcome, Outcome::Fails)
        << "seed " << seed << ": " << way << "\n"
        << options.own[0] << (options.profile == mqtt::Profile::AwsIotCore ? " aws" : " standard")
        << "\n"
        << text << "\n"
        << proved.detail;
  }
  // Each outcome must come up, or the test compares nothing.
  EXPECT_GT(counts[static_cast<std::size_t>(Outcome::Holds)], 10U);
  EXPECT_GT(broken, 10U);
  EXPECT_LE(counts[static_cast<std::size_t>(Outcome::Unknown)], 15U);
}

// The product of a filter's and a topic's automata against the matcher of the broker.
TEST(ConfinedDifferential, AFilterIsFoundForATopicWhereTheBrokerMatchesOne) {
  const std::vector<std::string> topics = texts_over("ab/");
  std::vector<std::string> filters = texts_over("a/+#");
  const std::vector<Symbol> alphabet{'a', 'b', '/', '+', '#', '$'};
  for (const mqtt::Profile profile : {mqtt::Profile::AwsIotCore, mqtt::Profile::MqttStandard})
    for (std::size_t i = 0; i < filters.size(); i += 3)
      for (std::size_t j = 0; j < topics.size(); j += 5) {
        const bool valid =
            mqtt::check_topic_filter(filters[i], mqtt::Limits()) == mqtt::TopicError::None;
        const auto exactly = [](const std::string& text) {
          Elements out;
          append_text(out, text);
          Question question;
          question.require(Automaton(std::move(out), Reading::Narrow, ""));
          return question;
        };
        Question filter = exactly(filters[i]);
        Question topic = exactly(topics[j]);
        const auto found = shortest_match(filter, topic, alphabet, profile);
        ASSERT_TRUE(found.ok());
        EXPECT_EQ(found->has_value(), valid && mqtt::filter_matches(filters[i], topics[j], profile))
            << filters[i] << " " << topics[j];
      }
}

}  // namespace
}  // namespace sealane::prove
