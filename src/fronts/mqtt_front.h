// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "fronts/connection_info.h"
#include "fronts/decision_cache.h"
#include "fronts/front_snapshot.h"
#include "fronts/refusal_log.h"
#include "identity/registry.h"
#include "mqtt/limits.h"
#include "mqtt/session.h"
#include "net/loop.h"
#include "net/tls_stream.h"
#include "store/committer.h"
#include "store/journal.h"

namespace sealane::fronts {

class MqttFront;

// What the fronts of one listener's threads share: who subscribes at all, and who holds which
// client id.
// Threads: any.
class MqttHub {
 public:
  void add(MqttFront& front);
  // Whether anybody on any thread subscribes to anything.
  bool anybody_listens() const { return subscriptions_.load(std::memory_order_relaxed) != 0; }

 private:
  friend class MqttFront;
  struct Holder {
    MqttFront* front = nullptr;
    std::uint64_t connection = 0;
  };
  // Gives `client_id` to the new holder; the old one's connection is closed [MQTT-3.1.4-2].
  void take_client_id(const std::string& client_id, Holder holder);
  void release_client_id(const std::string& client_id, Holder holder);

  std::atomic<std::size_t> subscriptions_ = 0;
  std::vector<MqttFront*> fronts_;
  std::mutex mutex_;
  std::unordered_map<std::string, Holder> client_ids_;
};

struct MqttFrontOptions {
  std::string listener;    // for log lines
  std::string arn_prefix;  // `arn:aws:iot:local:000000000000:`
  mqtt::Profile profile = mqtt::Profile::AwsIotCore;
  mqtt::Limits limits;
  store::Ack ack = store::Ack::Durable;
  // A block is sealed at the end of a turn unless this many of this thread wait for the disk; then
  // it grows until it has block_bytes_target.
  std::size_t outstanding_blocks_max = 2;
  std::size_t block_bytes_target = 256u << 10;
  // Reading stops while this much of this thread waits for the disk.
  std::size_t outstanding_bytes_max = 32u << 20;
  std::chrono::milliseconds farewell{2000};
};

// What a front works with; all of it outlives the front.
struct MqttFrontParts {
  net::Loop& loop;
  store::Journal& journal;
  keys::Sealer& sealer;  // this thread's own, for the journal's key
  store::Committer& committer;
  const Clock& clock;
  MqttHub& hub;
  RefusalLog& refusals;
};

// MQTT for the connections of one loop: every CONNECT, PUBLISH, SUBSCRIBE and delivery is decided
// by policy; what is allowed goes to the journal and is acknowledged when the committer says so;
// subscribers get it then, never before.
//
// Owner:   assemble.cc; lives as long as the loop runs.
// Threads: the loop's.
class MqttFront {
 public:
  MqttFront(MqttFrontParts parts, MqttFrontOptions options,
            std::shared_ptr<const FrontSnapshot> snapshot);
  ~MqttFront();
  MqttFront(const MqttFront&) = delete;
  MqttFront& operator=(const MqttFront&) = delete;

  // One connection, from its handshake to its end.
  net::Task<> serve(net::TlsStream stream);

  // Decides by `snapshot` from now on, and holds what is open against it: a connection whose
  // certificate is no longer good, or whose device may no longer connect, is closed; a subscription
  // that is no longer allowed is dropped.  Result: how many connections were closed.
  std::size_t apply(std::shared_ptr<const FrontSnapshot> snapshot);
  // Appends the open connections, until `out` has `most`; returns how many there are.
  std::size_t connections(std::vector<ConnectionInfo>& out, std::size_t most) const;

 private:
  friend class MqttHub;
  struct Connection;
  struct Waiting;  // what a block's commit acknowledges
  struct DeliveredBlock;

  void take_bytes(Connection& c, ByteSpan input);
  std::size_t decode_packets(Connection& c, ByteSpan input);
  void perform(Connection& c);
  void on_connect(Connection& c, std::string_view client_id);
  void on_publish(Connection& c, const mqtt::AskPublish& publish);
  void on_subscribe(Connection& c, const mqtt::AskSubscribe& subscribe);
  void on_unsubscribe(Connection& c, const mqtt::Unsubscribe& unsubscribe);
  void on_close(Connection& c, const mqtt::Close& close);
  bool may(Connection& c, std::string_view action, std::string_view resource_type,
           std::string_view name, DecisionCache* cache);
  void set_device(Connection& c, const identity::Device& device);
  const identity::Device* device_of(const Connection& c) const;
  void grow_older(Connection& c);
  std::optional<tls::Refusal> must_end(const Connection& c) const;
  bool recheck(Connection& c, bool policies_changed);
  void drop_denied_subscriptions(Connection& c);
  void seal_block();
  bool backlogged() const;
  void refuse_waiting(const Error& error, const Waiting& waiting);
  void wake_waiting();
  void send_output(Connection& c);
  void on_turn();
  void on_committed(const Status& status, std::shared_ptr<Waiting> waiting);
  void deliver_block(const DeliveredBlock& block);
  void close_connection(std::uint64_t id, std::string_view why);
  void close_connection(Connection& c, std::string_view why);
  net::Task<> wait_for_room(std::shared_ptr<Connection> c);
  net::Task<> read_all(std::shared_ptr<Connection> c);
  void forget(Connection& c);

  struct State;
  MqttFrontParts parts_;
  MqttFrontOptions options_;
  std::shared_ptr<const FrontSnapshot> snapshot_;
  std::unique_ptr<State> state_;
};

}  // namespace sealane::fronts
