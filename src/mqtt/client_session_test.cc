// SPDX-License-Identifier: Apache-2.0
#include "mqtt/client_session.h"

#include <gtest/gtest.h>

#include "mqtt/session.h"

namespace sealane::mqtt {
namespace {

// A client and a server session joined by two byte buffers; the application accepts everything and
// delivers every publish back to the client.
class Loop {
 public:
  void run() {
    feed_server();
    feed_client();
    feed_server();
  }

  ClientSession client{ClientOptions{.client_id = "c", .inflight_max = 2}};
  Session server{Profile::AwsIotCore, Limits{}, Time{}};
  Bytes to_server, to_client;
  std::vector<std::string> seen;
  bool echo = false;

 private:
  void feed_server() {
    ByteSpan rest = to_server;
    while (!rest.empty()) {
      const auto decoded = decode_packet(rest, Limits{});
      ASSERT_TRUE(decoded.ok());
      Actions actions;
      server.on_packet(decoded->packet, Time{}, actions);
      answer(actions);
      rest = rest.subspan(decoded->bytes);
    }
    to_server.clear();
  }
  void answer(Actions& actions) {
    const std::vector<Action> asks = actions.asks;
    for (const Action& ask : asks) {
      if (std::holds_alternative<AskConnect>(ask))
        server.connect_decided(ConnectCode::Accepted, actions);
      if (const auto* publish = std::get_if<AskPublish>(&ask)) {
        if (publish->packet_id != 0) server.publish_durable(publish->packet_id, actions);
        if (echo) server.deliver(publish->topic, publish->payload, publish->qos, actions);
      }
      if (const auto* subscribe = std::get_if<AskSubscribe>(&ask)) {
        const std::vector<SubscribeCode> codes(subscribe->subscriptions.size(),
                                               SubscribeCode::GrantedAtLeastOnce);
        server.subscribe_decided(subscribe->packet_id, codes, actions);
      }
      if (std::holds_alternative<Delivered>(ask)) seen.push_back("server: delivered");
    }
    append(to_client, actions.output);
  }
  void feed_client() {
    ByteSpan rest = to_client;
    while (!rest.empty()) {
      const auto decoded = decode_packet(rest, Limits{});
      ASSERT_TRUE(decoded.ok());
      std::vector<ClientEvent> events;
      client.on_packet(decoded->packet, events, to_server);
      for (const ClientEvent& event : events) note(event);
      rest = rest.subspan(decoded->bytes);
    }
    to_client.clear();
  }
  void note(const ClientEvent& event) {
    if (std::holds_alternative<Connected>(event)) seen.push_back("connected");
    if (const auto* ack = std::get_if<PublishAcknowledged>(&event))
      seen.push_back("acknowledged " + std::to_string(ack->packet_id));
    if (std::holds_alternative<Subscribed>(event)) seen.push_back("subscribed");
    if (std::holds_alternative<Unsubscribed>(event)) seen.push_back("unsubscribed");
    if (const auto* message = std::get_if<MessageReceived>(&event))
      seen.push_back("message " + to_text(message->payload));
    if (const auto* broke = std::get_if<ServerBroke>(&event))
      seen.push_back("broke: " + std::string(broke->detail));
  }
};

TEST(ClientSession, ConnectsSubscribesPublishesAndReceives) {
  Loop loop;
  loop.echo = true;
  ASSERT_TRUE(loop.client.connect(loop.to_server).ok());
  loop.run();
  const Subscription subscription{"a/#", Qos::AtLeastOnce};
  ASSERT_TRUE(loop.client.subscribe({&subscription, 1}, loop.to_server).ok());
  ASSERT_TRUE(loop.client.publish("a/b", as_bytes("one"), Qos::AtLeastOnce, loop.to_server).ok());
  loop.run();
  const std::string_view filter = "a/#";
  ASSERT_TRUE(loop.client.unsubscribe({&filter, 1}, loop.to_server).ok());
  loop.client.ping(loop.to_server);
  loop.run();
  EXPECT_EQ(loop.seen,
            (std::vector<std::string>{"connected", "subscribed", "acknowledged 2", "message one",
                                      "server: delivered", "unsubscribed"}));
  loop.client.disconnect(loop.to_server);
  loop.run();
  EXPECT_TRUE(loop.server.closed());
}

TEST(ClientSession, WindowIsKept) {
  Loop loop;
  ASSERT_TRUE(loop.client.connect(loop.to_server).ok());
  loop.run();
  EXPECT_TRUE(loop.client.publish("t", {}, Qos::AtLeastOnce, loop.to_server).ok());
  EXPECT_TRUE(loop.client.publish("t", {}, Qos::AtLeastOnce, loop.to_server).ok());
  EXPECT_FALSE(loop.client.can_publish());
  EXPECT_EQ(loop.client.publish("t", {}, Qos::AtLeastOnce, loop.to_server).error().kind,
            ErrorKind::Unavailable);
  EXPECT_EQ(*loop.client.publish("t", {}, Qos::AtMostOnce, loop.to_server), 0);
  loop.run();
  EXPECT_EQ(loop.client.unacknowledged(), 0U);
}

TEST(ClientSession, ServerThatAnswersNothingAskedIsBroken) {
  const auto broken = [](std::vector<Packet> packets) {
    ClientSession client(ClientOptions{.client_id = "c"});
    Bytes output;
    std::vector<ClientEvent> events;
    for (const Packet& packet : packets) client.on_packet(packet, events, output);
    return std::holds_alternative<ServerBroke>(events.back());
  };
  EXPECT_TRUE(broken({PubackPacket{1}}));
  EXPECT_TRUE(broken({ConnackPacket{}, ConnackPacket{}}));
  EXPECT_TRUE(broken({ConnackPacket{}, PubackPacket{1}}));
  EXPECT_TRUE(broken({ConnackPacket{}, SubackPacket{1, {SubscribeCode::Failure}}}));
  EXPECT_TRUE(broken({ConnackPacket{}, UnsubackPacket{1}}));
  EXPECT_TRUE(broken({ConnackPacket{}, PingreqPacket{}}));
  EXPECT_FALSE(broken({ConnackPacket{false, ConnectCode::NotAuthorized}}));
}

}  // namespace
}  // namespace sealane::mqtt
