// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "mqtt/client_session.h"
#include "tls/blocking_client.h"

namespace sealane::cli::demo {

struct DeviceOptions {
  tls::Endpoint to;
  tls::ClientPolicy policy;
  std::string client_id;
  std::size_t inflight_max = 100;               // publishes without an acknowledgement
  Duration timeout = std::chrono::seconds(10);  // of connecting, and of each wait for an answer
};

// One thing to publish.
struct Message {
  std::string topic;
  std::string payload;
};

// A device's MQTT connection over mutual TLS.
//
// Errors:  Denied – the listener refused: an alert, a CONNACK code, or the connection closed while
//          an acknowledgement was due.  Unavailable, Timeout.
// Bounds:  inflight_max messages are in flight at most.
// Threads: one.
class MqttDevice {
 public:
  // Returns when the listener has accepted CONNECT.
  static Result<MqttDevice> connect(const DeviceOptions& options);

  // Publishes what `next` gives at QoS 1 until it gives nothing, with up to inflight_max messages
  // in flight, and waits for every acknowledgement.  Result: how many were acknowledged.
  Result<std::uint64_t> publish_all(const std::function<std::optional<Message>()>& next);
  // DISCONNECT and close.
  void close();
  const tls::PeerFacts& facts() const { return client_.facts(); }

 private:
  MqttDevice(tls::BlockingClient client, const DeviceOptions& options);
  // Sends what the session wants sent, then reads at least one packet and hands it over.
  Status exchange();
  Status flush();
  Error closed_by_listener(const Error& cause) const;

  tls::BlockingClient client_;
  mqtt::ClientSession session_;
  mqtt::Limits limits_;
  Duration timeout_;
  Bytes output_;
  Bytes input_;
  std::uint64_t acknowledged_ = 0;
  std::optional<mqtt::ConnectCode> refused_;
};

}  // namespace sealane::cli::demo
