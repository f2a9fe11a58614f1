// SPDX-License-Identifier: Apache-2.0
#include "fronts/mqtt_front.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "base/testing/fault_env.h"
#include "crypto/x509.h"
#include "mqtt/client_session.h"
#include "net/listener.h"
#include "policy/document.h"
#include "store/reader.h"
#include "store/testing/test_keys.h"
#include "tls/blocking_client.h"
#include "tls/testing/pki.h"

namespace sealane::fronts {
namespace {

using namespace std::chrono_literals;
constexpr Duration kWait = std::chrono::seconds(20);

constexpr std::string_view kPolicy = R"({
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Action": "iot:Connect",
      "Resource": "arn:aws:iot:local:000000000000:client/${iot:Connection.Thing.ThingName}" },
    { "Effect": "Allow", "Action": "iot:Publish",
      "Resource": "arn:aws:iot:local:000000000000:topic/${iot:Connection.Thing.ThingName}/*" },
    { "Effect": "Allow", "Action": "iot:Subscribe",
      "Resource": "arn:aws:iot:local:000000000000:topicfilter/*" },
    { "Effect": "Allow", "Action": "iot:Receive",
      "Resource": "arn:aws:iot:local:000000000000:topic/*/open" }
  ]
})";

std::shared_ptr<const PolicySnapshot> policies_of(std::string_view text) {
  auto parsed = policy::parse_document(text, policy::DocumentKind::IotDevice, "test");
  SEALANE_CHECK(parsed.value.has_value());
  return std::make_shared<const PolicySnapshot>(policy::compile(std::span(&*parsed.value, 1)));
}

// A device: a TLS connection and the client's side of MQTT.
class Device {
 public:
  Device(tls::BlockingClient connection, const std::string& client_id)
      : connection_(std::move(connection)), session_({.client_id = client_id}) {}

  // Whether the server accepted.
  bool connect() {
    EXPECT_TRUE(session_.connect(output_).ok());
    send();
    const auto answer = next();
    return answer && std::holds_alternative<mqtt::Connected>(*answer);
  }
  std::uint16_t publish(std::string_view topic, std::string_view payload,
                        mqtt::Qos qos = mqtt::Qos::AtLeastOnce) {
    auto id = session_.publish(topic, as_bytes(payload), qos, output_);
    EXPECT_TRUE(id.ok());
    send();
    return id.ok() ? *id : std::uint16_t{0};
  }
  // The code of the SUBACK; Failure when none came.
  mqtt::SubscribeCode subscribe(std::string_view filter, mqtt::Qos qos) {
    const mqtt::Subscription wanted{.filter = filter, .qos = qos};
    EXPECT_TRUE(session_.subscribe(std::span(&wanted, 1), output_).ok());
    send();
    codes_.clear();
    const auto answer = next();
    return answer && !codes_.empty() ? codes_.front() : mqtt::SubscribeCode::Failure;
  }
  void ping() {
    session_.ping(output_);
    send();
  }
  bool send_raw(ByteSpan bytes) { return connection_.write(bytes, kWait).ok(); }
  // The next event; nothing at the connection's end.
  std::optional<mqtt::ClientEvent> next() {
    while (events_.empty()) {
      if (!read_packets()) return std::nullopt;
    }
    const mqtt::ClientEvent event = events_.front();
    events_.erase(events_.begin());
    return event;
  }
  bool acknowledged(std::uint16_t id) {
    const auto event = next();
    const auto* ack = event ? std::get_if<mqtt::PublishAcknowledged>(&*event) : nullptr;
    return ack != nullptr && ack->packet_id == id;
  }
  // What the next message says, `topic payload`; empty when something else came.
  std::string message() {
    texts_.clear();
    const auto event = next();
    return event && std::holds_alternative<mqtt::MessageReceived>(*event) && !texts_.empty()
               ? texts_.front()
               : "";
  }
  // Reads on to the answer to ping().
  bool pong() {
    while (pongs_ == 0) {
      if (!read_packets()) return false;
    }
    return --pongs_ == 0;
  }
  bool ended() { return !next().has_value(); }

 private:
  void send() {
    static_cast<void>(connection_.write(output_, kWait).ok());
    output_.clear();
  }
  // Decodes what is there, or reads more first.
  bool read_packets() {
    for (;;) {
      auto decoded = mqtt::decode_packet(input_, {});
      if (decoded.ok()) {
        if (std::holds_alternative<mqtt::PingrespPacket>(decoded->packet)) ++pongs_;
        const std::size_t before = events_.size();
        session_.on_packet(decoded->packet, events_, output_);
        for (std::size_t i = before; i < events_.size(); ++i) keep(events_[i]);
        input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(decoded->bytes));
        if (!output_.empty()) send();
        return true;
      }
      Bytes more(64u << 10);
      auto got = connection_.read(more, kWait);
      if (!got.ok() || *got == 0) return false;
      append(input_, ByteSpan(more).first(*got));
    }
  }
  // Views into a packet are copied before it goes.
  void keep(const mqtt::ClientEvent& event) {
    if (const auto* message = std::get_if<mqtt::MessageReceived>(&event))
      texts_.push_back(std::string(message->topic) + " " + std::string(as_text(message->payload)));
    if (const auto* subscribed = std::get_if<mqtt::Subscribed>(&event))
      codes_.assign(subscribed->codes.begin(), subscribed->codes.end());
  }

  tls::BlockingClient connection_;
  mqtt::ClientSession session_;
  Bytes output_;
  Bytes input_;
  std::vector<mqtt::ClientEvent> events_;
  std::vector<std::string> texts_;
  std::vector<mqtt::SubscribeCode> codes_;
  int pongs_ = 0;
};

class MqttFrontTest : public testing::Test {
 protected:
  MqttFrontTest()
      : sealer_(*keys_.keyring, "journal", keys_.clock),
        mark_sealer_(*keys_.keyring, "journal", keys_.clock),
        opener_(keys::Opener::with_keyring(*keys_.keyring)) {}

  void start(MqttFrontOptions options = {}, std::string_view policy = kPolicy) {
    store::JournalOptions journal_options;
    journal_options.name = name_;
    journal_ = store::Journal::open(env_, mark_sealer_, opener_, journal_options).value();
    committer_ = std::make_unique<store::Committer>(*journal_, keys_.clock);
    options.listener = "mqtt";
    options.arn_prefix = "arn:aws:iot:local:000000000000:";
    policies_ = policies_of(policy);
    front_ = std::make_unique<MqttFront>(MqttFrontParts{.loop = loop_,
                                                        .journal = *journal_,
                                                        .sealer = sealer_,
                                                        .committer = *committer_,
                                                        .clock = keys_.clock,
                                                        .hub = hub_,
                                                        .refusals = refusals_},
                                         options, snapshot());
    listener_ = net::TlsListener::open(loop_, {.name = "mqtt"},
                                       tls::Context::server(pki_.server("edge")).value())
                    .value();
    listener_->start([this](net::TlsStream stream) { return front_->serve(std::move(stream)); },
                     [](const std::string&, const tls::Refusal&) {});
    if (committer_runs_) committer_->start();
    thread_ = std::thread([this] { loop_.run(); });
  }
  void stop() {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    if (committer_) committer_->stop();
  }
  ~MqttFrontTest() override { stop(); }

  // Registers `thing` with a certificate of its own; the same one each time.
  std::shared_ptr<const tls::Credentials> credentials_of(const std::string& thing) {
    auto& credentials = credentials_[thing];
    if (credentials) return credentials;
    credentials = pki_.device(thing);
    const auto certificate =
        crypto::Certificate::from_pem(as_bytes(credentials->certificate_pem)).value();
    devices_.push_back(
        {.thing = thing, .certificate_sha256 = certificate.facts().sha256, .serial = "1"});
    publish_registry();
    return credentials;
  }
  void publish_registry() {
    registry_ = std::make_shared<const identity::RegistrySnapshot>(++generation_, devices_);
    if (thread_.joinable()) apply();
  }
  std::shared_ptr<const FrontSnapshot> snapshot() const {
    return std::make_shared<const FrontSnapshot>(
        FrontSnapshot{.policies = policies_, .registry = registry_, .ended = ended_});
  }
  // What the front decides by from now on; returns how many connections were closed.
  std::size_t apply() {
    std::size_t closed = 0;
    EXPECT_TRUE(on_loop([&, next = snapshot()] { closed = front_->apply(next); }));
    return closed;
  }
  void set_policy(std::string_view text) {
    policies_ = policies_of(text);
    apply();
  }
  tls::BlockingClient connection_with(std::shared_ptr<const tls::Credentials> credentials) {
    return tls::BlockingClient::connect({"127.0.0.1", listener_->port()},
                                        pki_.client(std::move(credentials), "edge"), kWait)
        .value();
  }
  Device device(const std::string& thing) {
    return Device(connection_with(credentials_of(thing)), thing);
  }
  // Everything durable, `thing topic payload`.
  std::vector<std::string> records() {
    store::JournalReader reader(env_, opener_, name_, 1);
    std::vector<std::string> out;
    const store::JournalView view = journal_->view();
    for (;;) {
      auto block = reader.next(view);
      EXPECT_TRUE(block.ok());
      if (!block.ok() || !*block) return out;
      for (const store::Record& record : (*block)->records)
        out.push_back(std::string(record.thing) + " " + std::string(record.topic) + " " +
                      std::string(as_text(record.payload)));
    }
  }
  // Runs on the loop's thread and waits for it; false when the loop does not come round in time.
  bool on_loop(std::function<void()> work) {
    auto done = std::make_shared<std::promise<void>>();
    auto finished = done->get_future();
    loop_.post([work = std::move(work), done] {
      work();
      done->set_value();
    });
    return finished.wait_for(20s) == std::future_status::ready;
  }

  tls::Pki pki_;
  FaultEnv env_;
  store::TestKeys keys_;
  const store::JournalName name_{"./journal", "test", "edge"};
  keys::Sealer sealer_;
  keys::Sealer mark_sealer_;
  keys::Opener opener_;
  RefusalLog refusals_;
  std::shared_ptr<const PolicySnapshot> policies_;
  std::function<std::optional<tls::Refusal>(const crypto::CertificateFacts&, Time)> ended_;
  std::vector<identity::Device> devices_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const identity::RegistrySnapshot> registry_ =
      std::make_shared<const identity::RegistrySnapshot>(0, std::vector<identity::Device>());
  std::map<std::string, std::shared_ptr<const tls::Credentials>> credentials_;
  std::unique_ptr<store::Journal> journal_;
  bool committer_runs_ = true;
  std::unique_ptr<store::Committer> committer_;
  MqttHub hub_;
  net::Loop loop_;
  std::unique_ptr<MqttFront> front_;
  std::unique_ptr<net::TlsListener> listener_;
  std::thread thread_;
};

TEST_F(MqttFrontTest, AnAcknowledgedPublishIsInTheJournalInOrder) {
  start();
  Device seattle = device("seattle");
  ASSERT_TRUE(seattle.connect());
  std::vector<std::uint16_t> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(seattle.publish("seattle/t", std::to_string(i)));
  for (const std::uint16_t id : ids) ASSERT_TRUE(seattle.acknowledged(id));
  const auto all = records();
  ASSERT_EQ(all.size(), 20u);
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(all[i], "seattle seattle/t " + std::to_string(i));
}

TEST_F(MqttFrontTest, AForeignClientIdIsRefused) {
  start();
  Device posing(connection_with(credentials_of("seattle")), "newyork");
  EXPECT_FALSE(posing.connect());
}

TEST_F(MqttFrontTest, APublishThatPolicyDeniesIsNotStoredAndEndsTheConnection) {
  start();
  Device seattle = device("seattle");
  ASSERT_TRUE(seattle.connect());
  ASSERT_TRUE(seattle.acknowledged(seattle.publish("seattle/t", "1")));
  seattle.publish("newyork/t", "2");
  EXPECT_TRUE(seattle.ended());
  EXPECT_EQ(records(), std::vector<std::string>{"seattle seattle/t 1"});
}

TEST_F(MqttFrontTest, SubscribersGetWhatPolicyLetsThemReceive) {
  start();
  Device watcher = device("newyork");
  ASSERT_TRUE(watcher.connect());
  ASSERT_EQ(watcher.subscribe("#", mqtt::Qos::AtLeastOnce),
            mqtt::SubscribeCode::GrantedAtLeastOnce);
  Device seattle = device("seattle");
  ASSERT_TRUE(seattle.connect());
  ASSERT_TRUE(seattle.acknowledged(seattle.publish("seattle/closed", "hidden")));
  ASSERT_TRUE(seattle.acknowledged(seattle.publish("seattle/open", "seen")));
  EXPECT_EQ(watcher.message(), "seattle/open seen");
}

TEST_F(MqttFrontTest, RetainedMessagesAndQos2AreRefused) {
  start();
  // PUBLISH, topic `seattle/t`, then a packet id where the QoS has one.
  for (const std::string& head : {std::string("\x31\x0c", 2), std::string("\x34\x0e", 2)}) {
    Device seattle = device("seattle");
    ASSERT_TRUE(seattle.connect());
    std::string packet = head + std::string("\x00\x09seattle/t", 11);
    if (head[0] == '\x34') packet += std::string("\x00\x01", 2);
    packet += "x";
    ASSERT_TRUE(seattle.send_raw(as_bytes(packet)));
    EXPECT_TRUE(seattle.ended());
  }
  EXPECT_TRUE(records().empty());
}

TEST_F(MqttFrontTest, ADeviceThatIsNotRegisteredOrRevokedIsNotServed) {
  start();
  Device stranger(connection_with(pki_.device("seattle")), "seattle");
  EXPECT_FALSE(stranger.connect());
  Device seattle = device("seattle");
  ASSERT_TRUE(seattle.connect());
  devices_[0].state = identity::DeviceState::Revoked;
  publish_registry();
  EXPECT_TRUE(seattle.ended());
  Device again = device("seattle");
  EXPECT_FALSE(again.connect());
  const auto why = refusals_.find({.name = "seattle"});
  ASSERT_FALSE(why.empty());
  EXPECT_EQ(why.back().reason, "revoked");
  ASSERT_TRUE(why.back().certificate);
  EXPECT_EQ(why.back().certificate->sha256, devices_[0].certificate_sha256);
}

TEST_F(MqttFrontTest, ARevokedDeviceIsGoneWhenTheSnapshotIsApplied) {
  start();
  Device seattle = device("seattle");
  Device newyork = device("newyork");
  ASSERT_TRUE(seattle.connect());
  ASSERT_TRUE(newyork.connect());
  devices_[0].state = identity::DeviceState::Revoked;
  registry_ = std::make_shared<const identity::RegistrySnapshot>(++generation_, devices_);
  EXPECT_EQ(apply(), 1u);
  std::vector<ConnectionInfo> open;
  ASSERT_TRUE(on_loop([&] { front_->connections(open, 10); }));
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open.front().thing, "newyork");
  seattle.publish("seattle/t", "too late");
  EXPECT_TRUE(seattle.ended());
  EXPECT_TRUE(newyork.acknowledged(newyork.publish("newyork/t", "undisturbed")));
  EXPECT_EQ(records(), std::vector<std::string>{"newyork newyork/t undisturbed"});
}

constexpr std::string_view kUntilNine = R"({
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Action": ["iot:Connect", "iot:Publish"], "Resource": "*",
      "Condition": { "DateLessThan": { "aws:CurrentTime": "2025-10-09T09:00:00Z" } } }
  ]
})";

// The clock stands at 2025-10-09T08:53:20Z.
TEST_F(MqttFrontTest, WhatIsAllowedUntilATimeIsRefusedAfterIt) {
  start({}, kUntilNine);
  Device seattle = device("seattle");
  ASSERT_TRUE(seattle.connect());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(seattle.acknowledged(seattle.publish("t", "before")));
  keys_.clock.advance(std::chrono::seconds(399));
  ASSERT_TRUE(seattle.acknowledged(seattle.publish("t", "before")));
  keys_.clock.advance(std::chrono::seconds(1));
  seattle.publish("t", "at nine");
  EXPECT_TRUE(seattle.ended());
  EXPECT_EQ(records().size(), 4u);
  Device again = device("seattle");
  EXPECT_FALSE(again.connect());
  const auto why = refusals_.find({.name = "seattle"});
  ASSERT_EQ(why.size(), 2u);
  EXPECT_EQ(why.front().action, "iot:Publish");
  EXPECT_EQ(why.back().action, "iot:Connect");
}

TEST_F(MqttFrontTest, AChangedPolicyEndsConnectionsThatMayNoLongerConnect) {
  start();
  Device seattle = device("seattle");
  Device newyork = device("newyork");
  ASSERT_TRUE(seattle.connect());
  ASSERT_TRUE(newyork.connect());
  ASSERT_TRUE(newyork.acknowledged(newyork.publish("newyork/t", "1")));
  set_policy(R"({ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": "*", "Resource": "*" },
    { "Effect": "Deny", "Action": "iot:Connect",
      "Resource": "arn:aws:iot:local:000000000000:client/seattle" } ] })");
  EXPECT_TRUE(seattle.ended());
  ASSERT_TRUE(newyork.acknowledged(newyork.publish("newyork/t", "2")));
}

TEST_F(MqttFrontTest, AChangedPolicyIsAskedForTopicsThatWereAllowedBefore) {
  start();
  Device seattle = device("seattle");
  ASSERT_TRUE(seattle.connect());
  ASSERT_TRUE(seattle.acknowledged(seattle.publish("seattle/t", "1")));
  set_policy(R"({ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": "iot:Connect", "Resource": "*" } ] })");
  seattle.publish("seattle/t", "2");
  EXPECT_TRUE(seattle.ended());
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(MqttFrontTest, AChangedPolicyDropsSubscriptions) {
  start();
  Device seattle = device("seattle");
  Device newyork = device("newyork");
  ASSERT_TRUE(seattle.connect());
  ASSERT_TRUE(newyork.connect());
  ASSERT_EQ(newyork.subscribe("+/open", mqtt::Qos::AtMostOnce),
            mqtt::SubscribeCode::GrantedAtMostOnce);
  ASSERT_EQ(newyork.subscribe("seattle/#", mqtt::Qos::AtMostOnce),
            mqtt::SubscribeCode::GrantedAtMostOnce);
  EXPECT_TRUE(hub_.anybody_listens());
  const std::string_view rest = R"({ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": ["iot:Connect", "iot:Publish", "iot:Receive"], "Resource": "*" }%s
  ] })";
  std::string one(rest);
  one.replace(one.find("%s"), 2, R"(, { "Effect": "Allow", "Action": "iot:Subscribe",
      "Resource": "arn:aws:iot:local:000000000000:topicfilter/+/open" })");
  set_policy(one);
  EXPECT_TRUE(hub_.anybody_listens());
  std::string none(rest);
  none.replace(none.find("%s"), 2, "");
  set_policy(none);
  EXPECT_FALSE(hub_.anybody_listens());
  ASSERT_TRUE(seattle.acknowledged(seattle.publish("seattle/open", "1")));
  newyork.ping();
  EXPECT_TRUE(newyork.pong());
}

TEST_F(MqttFrontTest, AttributesThatChangeDecideAtOnce) {
  devices_.reserve(4);
  start({}, R"({ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": "iot:Connect", "Resource": "*" },
    { "Effect": "Allow", "Action": "iot:Publish",
      "Resource": "arn:aws:iot:local:000000000000:topic/${iot:Connection.Thing.Attributes[site]}" } ]
  })");
  const auto credentials = credentials_of("seattle");
  devices_[0].attributes = {{"site", "north"}};
  publish_registry();
  Device seattle(connection_with(credentials), "seattle");
  ASSERT_TRUE(seattle.connect());
  ASSERT_TRUE(seattle.acknowledged(seattle.publish("north", "1")));
  devices_[0].attributes = {{"site", "south"}};
  publish_registry();
  ASSERT_TRUE(seattle.acknowledged(seattle.publish("south", "2")));
  seattle.publish("north", "3");
  EXPECT_TRUE(seattle.ended());
}

// As when a handshake that began under the one before ends after the next snapshot was applied.
TEST_F(MqttFrontTest, WhomTheSnapshotEndsIsNotServedThoughTheHandshakeWasGood) {
  start();
  const auto credentials = credentials_of("seattle");
  ended_ = [](const crypto::CertificateFacts&, Time) {
    return std::optional(
        tls::Refusal{.reason = tls::RefusalReason::Revoked, .detail = "its issuer revoked it"});
  };
  apply();
  Device seattle(connection_with(credentials), "seattle");
  EXPECT_FALSE(seattle.connect());
  const auto why = refusals_.find({.name = "seattle"});
  ASSERT_EQ(why.size(), 1u);
  EXPECT_EQ(why.front().detail, "its issuer revoked it");
  EXPECT_TRUE(why.front().proven);
}

TEST_F(MqttFrontTest, ACertificateThatGrowsTooOldIsRefusedOnALiveConnection) {
  const auto credentials = credentials_of("seattle");
  const auto certificate =
      crypto::Certificate::from_pem(as_bytes(credentials->certificate_pem)).value();
  keys_.clock.advance(certificate.facts().not_before + std::chrono::hours(24 * 30 + 23) -
                      keys_.clock.now());
  start({}, R"({ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": "*", "Resource": "*" },
    { "Effect": "Deny", "Action": "iot:Publish", "Resource": "*",
      "Condition": { "NumericGreaterThan": { "sealane:CertificateAgeDays": "30" } } } ] })");
  Device seattle(connection_with(credentials), "seattle");
  ASSERT_TRUE(seattle.connect());
  ASSERT_TRUE(seattle.acknowledged(seattle.publish("seattle/t", "30 days")));
  keys_.clock.advance(std::chrono::hours(1));
  seattle.publish("seattle/t", "31 days");
  EXPECT_TRUE(seattle.ended());
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(MqttFrontTest, ADeviceThatConnectsAgainTakesItsClientIdOver) {
  start();
  Device first = device("seattle");
  ASSERT_TRUE(first.connect());
  Device second = device("seattle");
  ASSERT_TRUE(second.connect());
  EXPECT_TRUE(first.ended());
  EXPECT_TRUE(second.acknowledged(second.publish("seattle/t", "1")));
}

TEST_F(MqttFrontTest, ASecondConnectEndsTheConnection) {
  start();
  Device seattle = device("seattle");
  ASSERT_TRUE(seattle.connect());
  mqtt::ClientSession other({.client_id = "newyork"});
  Bytes packet;
  ASSERT_TRUE(other.connect(packet).ok());
  ASSERT_TRUE(seattle.send_raw(packet));
  EXPECT_TRUE(seattle.ended());
}

TEST_F(MqttFrontTest, WhenTheJournalRefusesNothingIsAcknowledgedAndTheConnectionEnds) {
  start();
  Device seattle = device("seattle");
  ASSERT_TRUE(seattle.connect());
  ASSERT_TRUE(seattle.acknowledged(seattle.publish("seattle/t", "1")));
  env_.set_space_left(0);
  seattle.publish("seattle/t", "2");
  EXPECT_TRUE(seattle.ended());
  // QoS 0 has no acknowledgement to miss: the end tells its sender too.
  Device quiet = device("seattle");
  ASSERT_TRUE(quiet.connect());
  quiet.publish("seattle/t", "3", mqtt::Qos::AtMostOnce);
  EXPECT_TRUE(quiet.ended());
  env_.set_space_unlimited();
  keys_.clock.advance(std::chrono::seconds(2));
  for (int tries = 0; tries < 200; ++tries) {
    Device again = device("seattle");
    ASSERT_TRUE(again.connect());
    if (again.acknowledged(again.publish("seattle/t", "4"))) break;
    keys_.clock.advance(std::chrono::seconds(2));
  }
  EXPECT_EQ(records(), (std::vector<std::string>{"seattle seattle/t 1", "seattle seattle/t 4"}));
}

TEST_F(MqttFrontTest, ADeliveryThatIsDeniedAgainAndAgainIsLoggedOnce) {
  start();
  Device watcher = device("newyork");
  ASSERT_TRUE(watcher.connect());
  ASSERT_EQ(watcher.subscribe("#", mqtt::Qos::AtMostOnce), mqtt::SubscribeCode::GrantedAtMostOnce);
  Device seattle = device("seattle");
  ASSERT_TRUE(seattle.connect());
  testing::internal::CaptureStderr();
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(seattle.acknowledged(seattle.publish("seattle/closed", "hidden")));
  EXPECT_TRUE(on_loop([] {}));
  const std::string log = testing::internal::GetCapturedStderr();
  std::size_t lines = 0;
  for (std::size_t at = log.find("request-denied"); at != std::string::npos;
       at = log.find("request-denied", at + 1))
    ++lines;
  EXPECT_EQ(lines, 1u) << log;
}

// More than its output buffer and the sockets hold.
TEST_F(MqttFrontTest, ASlowSubscriberOfQos0MissesMessagesAndStays) {
  committer_runs_ = false;
  start();
  Device watcher = device("newyork");
  ASSERT_TRUE(watcher.connect());
  ASSERT_EQ(watcher.subscribe("#", mqtt::Qos::AtMostOnce), mqtt::SubscribeCode::GrantedAtMostOnce);
  Device seattle = device("seattle");
  ASSERT_TRUE(seattle.connect());
  const std::string payload(120'000, 'x');
  std::vector<std::uint16_t> ids;
  for (int i = 0; i < 99; ++i) ids.push_back(seattle.publish("seattle/open", payload));
  committer_->start();
  for (const std::uint16_t id : ids) ASSERT_TRUE(seattle.acknowledged(id));
  watcher.ping();
  EXPECT_TRUE(watcher.pong());
}

// A device may send as fast as it likes what needs no answer; the others are served all the same.
TEST_F(MqttFrontTest, ADeviceThatFloodsDoesNotKeepTheOthersFromBeingServed) {
  start();
  Device flooder = device("newyork");
  ASSERT_TRUE(flooder.connect());
  Device seattle = device("seattle");
  ASSERT_TRUE(seattle.connect());
  // PUBACKs of deliveries that never were.
  Bytes flood;
  while (flood.size() < 256u << 10) append(flood, std::string_view("\x40\x02\x12\x34", 4));
  std::atomic<bool> enough = false;
  std::thread sender([&] {
    while (!enough && flooder.send_raw(flood)) {
    }
  });
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(seattle.acknowledged(seattle.publish("seattle/t", "1")));
  enough = true;
  sender.join();
}

}  // namespace
}  // namespace sealane::fronts
