// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "mqtt/limits.h"
#include "mqtt/packet.h"

namespace sealane::mqtt {

struct Connected {
  bool session_present = false;
};
struct ConnectRefused {
  ConnectCode code = ConnectCode::NotAuthorized;
};
struct PublishAcknowledged {
  std::uint16_t packet_id = 0;
};
// Codes are a view into the packet that was given.
struct Subscribed {
  std::uint16_t packet_id = 0;
  std::span<const SubscribeCode> codes{};
};
struct Unsubscribed {
  std::uint16_t packet_id = 0;
};
// Topic and payload are views into the packet that was given.  A QoS 1 message is already
// acknowledged in `output`.
struct MessageReceived {
  std::string_view topic{};
  ByteSpan payload{};
  Qos qos = Qos::AtMostOnce;
  bool retain = false;
};
struct ServerBroke {
  std::string_view detail{};  // a literal; close the connection
};

using ClientEvent = std::variant<PublishAcknowledged, MessageReceived, Connected, ConnectRefused,
                                 Subscribed, Unsubscribed, ServerBroke>;

struct ClientOptions {
  std::string client_id{};
  std::uint16_t keep_alive_s = 60;
  bool clean_session = true;
  std::size_t inflight_max = 100;
};

// The device's side of a connection, without a socket: for the demo's devices, the load generator
// and tests.  What it wants sent it appends to the `Bytes` it is given.
//
// Lifetime: one per connection.
// Bounds:   publish() and its acknowledgement allocate nothing once the buffers have grown.
// Threads:  one at a time.
class ClientSession {
 public:
  explicit ClientSession(ClientOptions options);

  // CONNECT.  Errors: Invalid – the client id does not fit.
  Status connect(Bytes& output);
  // PUBLISH.  Result: the packet id, 0 for QoS 0.
  // Errors: Unavailable – inflight_max publishes wait for their PUBACK: read first;
  //         Unsupported – QoS 2; Invalid – the topic.
  Result<std::uint16_t> publish(std::string_view topic, ByteSpan payload, Qos qos, Bytes& output);
  Result<std::uint16_t> subscribe(std::span<const Subscription> subscriptions, Bytes& output);
  Result<std::uint16_t> unsubscribe(std::span<const std::string_view> filters, Bytes& output);
  void ping(Bytes& output);
  void disconnect(Bytes& output);

  // One packet of the server; appends what happened to `events` and answers to `output`.
  void on_packet(const Packet& packet, std::vector<ClientEvent>& events, Bytes& output);

  bool connected() const { return connected_; }
  std::size_t unacknowledged() const { return unacknowledged_.size(); }
  bool can_publish() const { return unacknowledged_.size() < options_.inflight_max; }

 private:
  std::uint16_t next_packet_id();

  ClientOptions options_;
  bool connected_ = false;
  std::uint16_t last_id_ = 0;
  std::vector<std::uint16_t> unacknowledged_;  // oldest first
  std::vector<std::uint16_t> pending_;         // SUBSCRIBE and UNSUBSCRIBE without answer
};

}  // namespace sealane::mqtt
