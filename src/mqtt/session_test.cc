// SPDX-License-Identifier: Apache-2.0
#include "mqtt/session.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace sealane::mqtt {
namespace {

using namespace std::chrono_literals;

// A connection's script: what the client sends, what the session asks, what comes back.
class Script {
 public:
  explicit Script(Profile profile = Profile::MqttStandard, Limits limits = {})
      : session(profile, limits, now) {}

  Script& send(const Packet& packet) {
    actions.clear();
    session.on_packet(packet, now, actions);
    return *this;
  }
  Script& connected(std::uint16_t keep_alive_s = 60) {
    send(ConnectPacket{.keep_alive_s = keep_alive_s, .client_id = "c"});
    actions.clear();
    session.connect_decided(ConnectCode::Accepted, actions);
    return *this;
  }
  Script& publish(std::uint16_t id, std::string_view topic = "t") {
    return send(PublishPacket{
        .topic = topic, .payload = as_bytes("p"), .qos = Qos::AtLeastOnce, .packet_id = id});
  }
  Script& durable(std::uint16_t id) {
    actions.clear();
    session.publish_durable(id, actions);
    return *this;
  }
  template <class T>
  const T* asked() const {
    return actions.asks.size() == 1 ? std::get_if<T>(&actions.asks[0]) : nullptr;
  }
  bool closed_for(CloseReason reason) const {
    const auto* close = actions.asks.empty() ? nullptr : std::get_if<Close>(&actions.asks.back());
    return close != nullptr && close->reason == reason && session.closed();
  }
  std::vector<std::string> output() const {
    std::vector<std::string> out;
    ByteSpan rest = actions.output;
    while (!rest.empty()) {
      const auto decoded = decode_packet(rest, Limits{});
      if (!decoded.ok()) return {"not a packet"};
      std::string text(name_of(decoded->packet));
      if (const auto* ack = std::get_if<PubackPacket>(&decoded->packet))
        text += " " + std::to_string(ack->packet_id);
      if (const auto* ack = std::get_if<ConnackPacket>(&decoded->packet))
        text += " " + std::to_string(static_cast<int>(ack->code));
      if (const auto* message = std::get_if<PublishPacket>(&decoded->packet))
        text += " " + std::to_string(message->packet_id) + " " + to_text(message->payload);
      out.push_back(text);
      rest = rest.subspan(decoded->bytes);
    }
    return out;
  }

  Time now{};
  Session session;
  Actions actions;
};

using Texts = std::vector<std::string>;

// [MQTT-3.2.0-1] [MQTT-3.2.2-1] [MQTT-3.2.2-3]
TEST(SessionConnect, AsksThenAnswers) {
  Script script;
  script.send(ConnectPacket{.keep_alive_s = 7, .client_id = "station", .user_name = "u"});
  const auto* ask = script.asked<AskConnect>();
  ASSERT_NE(ask, nullptr);
  EXPECT_EQ(ask->client_id, "station");
  EXPECT_EQ(ask->user_name, "u");
  EXPECT_FALSE(script.session.ready());
  EXPECT_TRUE(script.output().empty());
  script.actions.clear();
  script.session.connect_decided(ConnectCode::Accepted, script.actions);
  EXPECT_EQ(script.output(), Texts{"CONNACK 0"});
  EXPECT_TRUE(script.session.connected());
}

// [MQTT-3.2.2-5]
TEST(SessionConnect, RefusalIsAConnackAndAClose) {
  Script script;
  script.send(ConnectPacket{.client_id = "c"});
  script.actions.clear();
  script.session.connect_decided(ConnectCode::NotAuthorized, script.actions);
  EXPECT_EQ(script.output(), Texts{"CONNACK 5"});
  EXPECT_TRUE(script.closed_for(CloseReason::Refused));
}

// [MQTT-3.1.0-1]
TEST(SessionConnect, AnythingElseFirstCloses) {
  EXPECT_TRUE(Script().send(PingreqPacket{}).closed_for(CloseReason::ProtocolError));
}

// [MQTT-3.1.0-2]
TEST(SessionConnect, SecondConnectCloses) {
  EXPECT_TRUE(Script()
                  .connected()
                  .send(ConnectPacket{.client_id = "c"})
                  .closed_for(CloseReason::ProtocolError));
}

// [MQTT-3.1.3-8] [MQTT-3.1.3-9]
TEST(SessionConnect, EmptyIdWithoutCleanSessionAndLongIdAreRejected) {
  Script empty;
  empty.send(ConnectPacket{.clean_session = false});
  EXPECT_EQ(empty.output(), Texts{"CONNACK 2"});
  EXPECT_TRUE(empty.closed_for(CloseReason::Refused));
  const std::string id(129, 'x');
  Script long_id;
  long_id.send(ConnectPacket{.client_id = id});
  EXPECT_EQ(long_id.output(), Texts{"CONNACK 2"});
}

TEST(SessionConnect, EmptyIdWithCleanSessionIsAsked) {  // [MQTT-3.1.3-6]
  EXPECT_NE(Script().send(ConnectPacket{}).asked<AskConnect>(), nullptr);
}

TEST(SessionConnect, WillIsRefused) {
  Script script;
  script.send(ConnectPacket{.client_id = "c", .will = Will{"t", {}, Qos::AtMostOnce, false}});
  EXPECT_EQ(script.output(), Texts{"CONNACK 5"});
  EXPECT_TRUE(script.closed_for(CloseReason::Refused));
}

// [MQTT-3.1.2-2]
TEST(SessionConnect, OtherProtocolLevelIsAnswered) {
  Script script;
  script.session.on_decode_error({DecodeErrorKind::Unsupported, "MQTT-3.1.2-2", "", 0},
                                 script.actions);
  EXPECT_EQ(script.output(), Texts{"CONNACK 1"});
  EXPECT_TRUE(script.closed_for(CloseReason::Refused));
}

// [MQTT-3.1.4-1] [MQTT-4.8.0-1]
TEST(SessionConnect, MalformedBytesCloseWithoutAWord) {
  Script script;
  script.session.on_decode_error({DecodeErrorKind::Malformed, "", "", 0}, script.actions);
  EXPECT_TRUE(script.output().empty());
  EXPECT_TRUE(script.closed_for(CloseReason::Malformed));
}

TEST(SessionTimer, ConnectMustComeInTime) {
  Script script;
  EXPECT_EQ(script.session.next_deadline(), script.now + 10s);
  script.session.on_timer(script.now + 9s, script.actions);
  EXPECT_TRUE(script.actions.asks.empty());
  script.session.on_timer(script.now + 10s, script.actions);
  EXPECT_TRUE(script.closed_for(CloseReason::ConnectTimeout));
  EXPECT_EQ(script.session.next_deadline(), Time::max());
}

// [MQTT-3.1.2-24]
TEST(SessionTimer, OneAndAHalfKeepAlivesWithoutAPacketClose) {
  Script script;
  script.connected(60);
  script.now += 89s;
  script.actions.clear();
  script.session.on_timer(script.now, script.actions);
  EXPECT_FALSE(script.session.closed());
  script.send(PingreqPacket{});
  EXPECT_EQ(script.output(), Texts{"PINGRESP"});  // [MQTT-3.12.4-1]
  EXPECT_EQ(script.session.next_deadline(), script.now + 90s);
  script.now += 90s;
  script.session.on_timer(script.now, script.actions);
  EXPECT_TRUE(script.closed_for(CloseReason::KeepAliveTimeout));
}

TEST(SessionTimer, ClientThatIsNotReadIsNotTimedOut) {
  Limits limits;
  limits.inflight_max = 1;
  Script script(Profile::MqttStandard, limits);
  script.connected(60).publish(1);
  script.now += 200s;
  script.actions.clear();
  script.session.on_timer(script.now, script.actions);
  EXPECT_FALSE(script.session.closed());
  EXPECT_EQ(script.session.next_deadline(), script.now + 90s);
  script.durable(1);
  script.session.on_timer(script.now + 90s, script.actions);
  EXPECT_TRUE(script.closed_for(CloseReason::KeepAliveTimeout));
}

TEST(SessionTimer, KeepAliveZeroIsOffInTheStandardAndTheMaximumAtAws) {
  EXPECT_EQ(Script().connected(0).session.next_deadline(), Time::max());
  EXPECT_EQ(Script(Profile::AwsIotCore).connected(0).session.next_deadline(), Time{} + 1800s);
  EXPECT_EQ(Script(Profile::AwsIotCore).connected(1).session.next_deadline(), Time{} + 45s);
}

TEST(SessionPublish, PubackLeavesOnlyWhenDurable) {
  Script script;
  script.connected().publish(7);
  const auto* ask = script.asked<AskPublish>();
  ASSERT_NE(ask, nullptr);
  EXPECT_EQ(ask->topic, "t");
  EXPECT_EQ(ask->packet_id, 7);
  EXPECT_TRUE(script.output().empty());
  EXPECT_EQ(script.durable(7).output(), Texts{"PUBACK 7"});
  EXPECT_EQ(script.session.unacknowledged(), 0U);
  EXPECT_TRUE(script.durable(7).output().empty());
}

// [MQTT-4.6.0-2]
TEST(SessionPublish, PubacksKeepTheOrderOfTheirPublishes) {
  Script script;
  script.connected().publish(3).publish(1).publish(2);
  EXPECT_TRUE(script.durable(2).output().empty());
  EXPECT_TRUE(script.durable(1).output().empty());
  EXPECT_EQ(script.durable(3).output(), (Texts{"PUBACK 3", "PUBACK 1", "PUBACK 2"}));
}

TEST(SessionPublish, OldestDurableAnswersABatch) {
  Script script;
  script.connected().publish(3).publish(1).publish(2);
  script.actions.clear();
  script.session.oldest_durable(2, script.actions);
  EXPECT_EQ(script.output(), (Texts{"PUBACK 3", "PUBACK 1"}));
  const std::uint16_t ids[]{2, 99};
  script.actions.clear();
  script.session.publishes_durable(ids, script.actions);
  EXPECT_EQ(script.output(), Texts{"PUBACK 2"});
}

// [MQTT-4.3.2-2]
TEST(SessionPublish, SameIdTwiceIsAcknowledgedTwice) {
  Script script;
  script.connected().publish(5).publish(5);
  EXPECT_EQ(script.session.unacknowledged(), 2U);
  EXPECT_EQ(script.durable(5).output(), Texts{"PUBACK 5"});
  EXPECT_EQ(script.durable(5).output(), Texts{"PUBACK 5"});
}

TEST(SessionPublish, FullWindowIsNotReadyAndWrapsAround) {
  Limits limits;
  limits.inflight_max = 3;
  Script script(Profile::MqttStandard, limits);
  script.connected();
  for (std::uint16_t id = 1; id <= 50; ++id) {
    script.publish(id);
    EXPECT_EQ(script.session.ready(), script.session.unacknowledged() < 3);
    if (!script.session.ready()) {
      script.actions.clear();
      script.session.oldest_durable(3, script.actions);
      EXPECT_EQ(script.output().size(), 3U);
    }
  }
  script.publish(51);
  EXPECT_FALSE(script.session.ready());
  EXPECT_TRUE(script.publish(52).closed_for(CloseReason::WindowExceeded));
}

TEST(SessionPublish, WhatThisVersionLacksCloses) {
  Script qos2;
  qos2.connected().send(PublishPacket{.topic = "t", .qos = Qos::ExactlyOnce, .packet_id = 1});
  EXPECT_TRUE(qos2.closed_for(CloseReason::QosNotSupported));
  Script retain;
  retain.connected().send(PublishPacket{.topic = "t", .retain = true});
  EXPECT_TRUE(retain.closed_for(CloseReason::RetainNotSupported));
  EXPECT_TRUE(Script().connected().send(PubrelPacket{1}).closed_for(CloseReason::QosNotSupported));
  EXPECT_TRUE(Script().connected().send(PingrespPacket{}).closed_for(CloseReason::ProtocolError));
}

TEST(SessionPublish, TopicOverItsLimitsCloses) {
  EXPECT_TRUE(
      Script().connected().publish(1, "1/2/3/4/5/6/7/8/9").closed_for(CloseReason::TooLarge));
  const std::string topic(257, 'x');
  EXPECT_TRUE(Script().connected().publish(1, topic).closed_for(CloseReason::TooLarge));
}

// [MQTT-3.3.5-2]
TEST(SessionPublish, RefusalCloses) {
  Script script;
  script.connected().publish(1);
  script.session.publish_refused(script.actions);
  EXPECT_TRUE(script.closed_for(CloseReason::NotAuthorized));
  EXPECT_TRUE(script.durable(1).output().empty());
}

// [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.9.3-1]
TEST(SessionSubscribe, AnswersOneCodePerFilter) {
  Script script;
  script.connected().send(SubscribePacket{9, {{"a/#", Qos::ExactlyOnce}, {"b", Qos::AtMostOnce}}});
  const auto* ask = script.asked<AskSubscribe>();
  ASSERT_NE(ask, nullptr);
  ASSERT_EQ(ask->subscriptions.size(), 2U);
  EXPECT_FALSE(script.session.ready());
  const SubscribeCode codes[]{SubscribeCode::GrantedExactlyOnce, SubscribeCode::Failure};
  script.actions.clear();
  script.session.subscribe_decided(9, codes, script.actions);
  // [MQTT-3.8.4-6]: QoS 2 becomes 1.
  EXPECT_EQ(as_text(script.actions.output), std::string_view("\x90\x04\0\x09\x01\x80", 6));
  EXPECT_TRUE(script.session.ready());
}

TEST(SessionSubscribe, BadFiltersClose) {
  EXPECT_TRUE(Script()
                  .connected()
                  .send(SubscribePacket{1, {{"a/#/b", Qos::AtMostOnce}}})
                  .closed_for(CloseReason::ProtocolError));
  EXPECT_TRUE(Script()
                  .connected()
                  .send(SubscribePacket{1, {{"1/2/3/4/5/6/7/8/9", Qos::AtMostOnce}}})
                  .closed_for(CloseReason::TooLarge));
  EXPECT_TRUE(Script(Profile::AwsIotCore)
                  .connected()
                  .send(SubscribePacket{1, {{"a", Qos::ExactlyOnce}}})
                  .closed_for(CloseReason::QosNotSupported));
}

// [MQTT-3.10.4-4] [MQTT-3.10.4-5]
TEST(SessionUnsubscribe, IsAnsweredAtOnce) {
  Script script;
  script.connected().send(UnsubscribePacket{4, {"a/#"}});
  EXPECT_NE(script.asked<Unsubscribe>(), nullptr);
  EXPECT_EQ(script.output(), Texts{"UNSUBACK"});
}

TEST(SessionDeliver, WindowThenQueueThenDropped) {
  Limits limits;
  limits.inflight_max = 2;
  limits.queue_messages_max = 1;
  Script script(Profile::MqttStandard, limits);
  script.connected();
  script.actions.clear();
  const auto deliver = [&](std::string_view text) {
    return script.session.deliver("t", as_bytes(text), Qos::AtLeastOnce, script.actions);
  };
  EXPECT_EQ(deliver("a"), DeliverResult::Sent);
  EXPECT_EQ(deliver("b"), DeliverResult::Sent);
  EXPECT_EQ(deliver("c"), DeliverResult::Queued);
  EXPECT_EQ(deliver("d"), DeliverResult::Dropped);
  EXPECT_EQ(script.output(), (Texts{"PUBLISH 1 a", "PUBLISH 2 b"}));
  script.send(PubackPacket{2});
  ASSERT_NE(script.asked<Delivered>(), nullptr);
  EXPECT_EQ(script.output(), Texts{"PUBLISH 3 c"});
  EXPECT_EQ(script.session.queued(), 0U);
  script.send(PubackPacket{99});
  EXPECT_TRUE(script.actions.asks.empty());
}

TEST(SessionDeliver, QueueIsBoundedInBytes) {
  Limits limits;
  limits.inflight_max = 1;
  limits.queue_bytes_max = 4;
  Script script(Profile::MqttStandard, limits);
  script.connected();
  EXPECT_EQ(script.session.deliver("t", as_bytes("abc"), Qos::AtLeastOnce, script.actions),
            DeliverResult::Sent);
  EXPECT_EQ(script.session.deliver("t", as_bytes("abc"), Qos::AtLeastOnce, script.actions),
            DeliverResult::Queued);
  EXPECT_EQ(script.session.deliver("t", {}, Qos::AtLeastOnce, script.actions),
            DeliverResult::Dropped);
}

TEST(SessionDeliver, QosZeroHasNoIdAndNoWindow) {
  Limits limits;
  limits.inflight_max = 1;
  Script script(Profile::MqttStandard, limits);
  script.connected();
  script.actions.clear();
  EXPECT_EQ(script.session.deliver("t", as_bytes("a"), Qos::AtLeastOnce, script.actions),
            DeliverResult::Sent);
  EXPECT_EQ(script.session.deliver("t", as_bytes("b"), Qos::AtMostOnce, script.actions),
            DeliverResult::Sent);
  EXPECT_EQ(script.output(), (Texts{"PUBLISH 1 a", "PUBLISH 0 b"}));
}

// [MQTT-2.3.1-2] [MQTT-2.3.1-4]
TEST(SessionDeliver, PacketIdsWrapPastZeroAndSkipThoseInUse) {
  Limits limits;
  limits.inflight_max = 2;
  Script script(Profile::MqttStandard, limits);
  script.connected();
  script.actions.clear();
  ASSERT_EQ(script.session.deliver("t", {}, Qos::AtLeastOnce, script.actions), DeliverResult::Sent);
  for (std::uint32_t id = 2; id <= 65'535; ++id) {
    script.actions.clear();
    ASSERT_EQ(script.session.deliver("t", {}, Qos::AtLeastOnce, script.actions),
              DeliverResult::Sent);
    script.session.on_packet(PubackPacket{static_cast<std::uint16_t>(id)}, script.now,
                             script.actions);
  }
  script.actions.clear();
  ASSERT_EQ(script.session.deliver("t", {}, Qos::AtLeastOnce, script.actions), DeliverResult::Sent);
  EXPECT_EQ(script.output(), Texts{"PUBLISH 2 "});
}

// [MQTT-3.14.4-2]
TEST(SessionClose, NothingHappensAfterIt) {
  Script script;
  script.connected().publish(1).send(DisconnectPacket{});
  EXPECT_TRUE(script.closed_for(CloseReason::ClientDisconnect));
  EXPECT_TRUE(script.durable(1).output().empty());
  script.publish(2);
  EXPECT_TRUE(script.actions.asks.empty());
  EXPECT_EQ(script.session.deliver("t", {}, Qos::AtMostOnce, script.actions),
            DeliverResult::Dropped);
  EXPECT_FALSE(script.session.ready());
}

}  // namespace
}  // namespace sealane::mqtt
