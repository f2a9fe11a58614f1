// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "mqtt/limits.h"
#include "mqtt/packet.h"

namespace sealane::mqtt {

enum class CloseReason : std::uint8_t {
  ClientDisconnect,    // a DISCONNECT; the regular end
  Refused,             // the CONNACK in `output` says why
  ProtocolError,       // a packet that the state does not allow
  Malformed,           // bytes that are not a packet
  TooLarge,            // a packet, topic or list over its limit
  KeepAliveTimeout,    // [MQTT-3.1.2-24]
  ConnectTimeout,      // no CONNECT in time
  NotAuthorized,       // the application refused a PUBLISH
  QosNotSupported,     // QoS 2
  RetainNotSupported,  // a retained PUBLISH: not in this version
  WindowExceeded,      // the front fed packets while ready() was false
};

std::string_view to_string(CloseReason reason);

// The application decides whether this client may connect, then calls connect_decided().
struct AskConnect {
  std::string_view client_id{};  // empty: the application assigns one
  bool clean_session = true;
  std::uint16_t keep_alive_s = 0;
  std::optional<std::string_view> user_name{};
  std::optional<ByteSpan> password{};
};
// The application decides and stores.  QoS 1: publish_durable(packet_id) when the promise of the
// hop holds; QoS 0: nothing to answer.  Refused: publish_refused().
struct AskPublish {
  std::string_view topic{};
  ByteSpan payload{};
  Qos qos = Qos::AtMostOnce;
  bool retain = false;
  bool dup = false;
  std::uint16_t packet_id = 0;
};
// The application decides each filter, then calls subscribe_decided() with as many codes.
struct AskSubscribe {
  std::uint16_t packet_id = 0;
  std::span<const Subscription> subscriptions{};
};
// The application forgets the filters; the UNSUBACK is already in `output`.
struct Unsubscribe {
  std::span<const std::string_view> filters{};
};
// The client has a delivery of QoS 1.
struct Delivered {
  std::uint16_t packet_id = 0;
};
// Send `output`, then close the connection.  The session takes no packet after it.
struct Close {
  CloseReason reason = CloseReason::ProtocolError;
  std::string_view detail{};  // for the operator; a literal
};

using Action = std::variant<AskPublish, AskConnect, AskSubscribe, Unsubscribe, Delivered, Close>;

// What a session wants done: first the asks in order, then `output` to the socket.
// Input:  views point into the packet that was given and die with it.
// Bounds: clear() keeps the memory, so that a reused object allocates nothing.
struct Actions {
  std::vector<Action> asks{};
  Bytes output{};
  void clear() {
    asks.clear();
    output.clear();
  }
};

enum class DeliverResult : std::uint8_t {
  Sent,     // the PUBLISH is in `output`
  Queued,   // the window is full; it goes out when the client acknowledges
  Dropped,  // the queue is full, or the session is not connected
};

// One client's connection as the server sees it, without a socket.
//
// Source:   MQTT 3.1.1 §3, §4.  Not in this version: QoS 2, retained messages (the connection is
//           closed, as for a client without iot:RetainPublish), a will (CONNACK 5), sessions that
//           outlive their connection (clean session 0 is accepted and gets session present 0).
// Lifetime: one per connection, owned by the front's connection task.
// Bounds:   a PUBLISH in and its PUBACK out allocate nothing once `Actions` has grown.
// Threads:  one at a time.
class Session {
 public:
  // `now` starts the time within which a CONNECT must come.
  Session(Profile profile, const Limits& limits, Time now);

  // Whether the front may decode and feed another packet: false while a CONNECT or SUBSCRIBE is
  // being decided, while limits.inflight_max publishes are unacknowledged, and after Close.
  bool ready() const;

  // One packet of the client.
  void on_packet(const Packet& packet, Time now, Actions& actions);
  // Bytes that decode_packet refused (not NeedMore): answers and closes.
  void on_decode_error(const DecodeError& error, Actions& actions);
  // Call at or after next_deadline(); earlier calls do nothing.  A keep alive does not run out
  // while ready() is false, because the front does not read then.
  void on_timer(Time now, Actions& actions);
  // Time::max() when there is none.
  Time next_deadline() const;

  // The answers to the asks.  Refused means CONNACK with the code and Close.
  void connect_decided(ConnectCode code, Actions& actions);
  // PUBACKs leave in the order of their PUBLISHes [MQTT-4.6.0-2]: one whose predecessors are
  // not durable waits for them.
  void publish_durable(std::uint16_t packet_id, Actions& actions);
  void publishes_durable(std::span<const std::uint16_t> packet_ids, Actions& actions);
  // The oldest `count` unacknowledged publishes, all at once; the cheapest form.
  void oldest_durable(std::size_t count, Actions& actions);
  void publish_refused(Actions& actions);
  void subscribe_decided(std::uint16_t packet_id, std::span<const SubscribeCode> codes,
                         Actions& actions);

  // Sends a message to the client with the lower of the message's and the subscription's QoS.
  // QoS 0 is never queued: the front drops it when its own output is too long.
  DeliverResult deliver(std::string_view topic, ByteSpan payload, Qos qos, Actions& actions);

  bool connected() const { return state_ == State::Connected; }
  bool closed() const { return state_ == State::Closed; }
  std::size_t unacknowledged() const { return received_count_; }
  std::size_t queued() const { return queue_.size(); }

 private:
  enum class State : std::uint8_t { AwaitConnect, DecideConnect, Connected, Closed };
  struct Received {
    std::uint16_t packet_id = 0;
    bool durable = false;
  };
  struct Queued {
    std::string topic;
    Bytes payload;
  };

  void on(const ConnectPacket& packet, Actions& actions);
  void on(const PublishPacket& packet, Actions& actions);
  void on(const PubackPacket& packet, Actions& actions);
  void on(const SubscribePacket& packet, Actions& actions);
  void on(const UnsubscribePacket& packet, Actions& actions);
  void close(CloseReason reason, std::string_view detail, Actions& actions);
  void refuse(ConnectCode code, std::string_view detail, Actions& actions);
  Received& received_at(std::size_t index);
  bool mark_durable(std::uint16_t packet_id);
  void flush_pubacks(Bytes& output);
  std::uint16_t next_packet_id();
  void send_qos1(std::string_view topic, ByteSpan payload, Bytes& output);

  Profile profile_;
  Limits limits_;
  State state_ = State::AwaitConnect;
  Time deadline_;
  Time last_packet_{};
  Duration keep_alive_{0};         // with the grace of a half; 0: none
  std::uint16_t subscribing_ = 0;  // packet id of the SUBSCRIBE that is being decided
  std::size_t subscribing_count_ = 0;
  // A ring of the unacknowledged publishes in the order received.
  std::vector<Received> received_;
  std::size_t received_first_ = 0;
  std::size_t received_count_ = 0;
  std::vector<std::uint16_t> sent_;  // packet ids of unacknowledged deliveries, oldest first
  std::uint16_t last_sent_id_ = 0;
  std::deque<Queued> queue_;
  std::size_t queue_bytes_ = 0;
};

}  // namespace sealane::mqtt
