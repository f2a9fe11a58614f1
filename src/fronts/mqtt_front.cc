// SPDX-License-Identifier: Apache-2.0
#include "fronts/mqtt_front.h"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "crypto/random.h"
#include "fronts/connection_log.h"
#include "fronts/request_context.h"
#include "mqtt/packet.h"
#include "mqtt/topic_tree.h"
#include "store/record.h"

namespace sealane::fronts {
namespace {

constexpr std::size_t kScratchBytes = 64u << 10;
// A connection keeps at most this much memory for the start of a packet while nothing arrives.
constexpr std::size_t kPendingKeptBytes = 4u << 10;
constexpr std::chrono::seconds kRefusalLogInterval{1};
// A subscriber's output is flushed at once over the first, and gets nothing of QoS 0 over the
// second.
constexpr std::size_t kFlushAtOnceBytes = 256u << 10;
constexpr std::size_t kSlowSubscriberBytes = 2u << 20;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

std::string generated_client_id() {
  std::array<std::byte, 16> random{};
  crypto::random_bytes(random);
  return "auto-" + to_hex(random);
}

}  // namespace

// One device's connection.
struct MqttFront::Connection {
  Connection(std::uint64_t the_id, net::TlsStream the_stream, const MqttFrontOptions& options,
             Time now, net::asio::io_context& context_of_loop)
      : id(the_id),
        stream(std::move(the_stream)),
        peer(stream.peer_address()),
        identity(stream.facts().identity),
        since(now),
        session(options.profile, options.limits, now),
        context(connection_context({stream.facts(), ip_of(peer), now})),
        wake(context_of_loop) {}

  const std::uint64_t id;
  net::TlsStream stream;
  const std::string peer;
  std::string identity;
  const Time since;
  identity::Device device;
  std::string client_id;  // empty until CONNECT was accepted
  mqtt::Session session;
  mqtt::Actions actions;
  policy::Context context;
  Time age_until = Time::max();  // when the certificate's age in `context` is one more
  DecisionCache publish_decisions;
  DecisionCache receive_decisions;
  DenialBudget denials;
  std::vector<std::string> filters;  // of its subscriptions
  Bytes pending;                     // the start of a packet whose rest has not come
  net::asio::steady_timer wake;
  bool waiting = false;  // for acknowledgements or for the disk
  bool dirty = false;    // output to flush at the end of the turn
  bool closing = false;
  std::string close_reason = "peer left";
};

// What a sealed block's commit acknowledges and delivers.
struct MqttFront::Waiting {
  struct Acks {
    std::weak_ptr<Connection> connection;
    std::uint64_t id = 0;
    std::size_t count = 0;  // QoS 1 publishes; 0 for a connection that sent QoS 0 alone
  };
  std::vector<Acks> acks;
  std::size_t bytes = 0;
  Bytes plaintext;  // empty when nobody listened
};

// A committed block, for subscribers on every thread.
struct MqttFront::DeliveredBlock {
  Bytes plaintext;
  std::vector<store::Record> records;  // views into plaintext
};

struct MqttFront::State {
  explicit State(const MqttFrontOptions& options) : tree(options.profile, options.limits) {}

  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections;
  std::uint64_t next_id = 1;
  mqtt::TopicTree tree;
  store::BlockBuilder block;
  std::vector<Waiting::Acks> block_acks;
  std::size_t outstanding_blocks = 0;
  std::uint64_t outstanding_generation = 0;  // of the newest of them
  std::size_t outstanding_bytes = 0;
  std::vector<std::shared_ptr<Connection>> dirty;
  std::vector<std::weak_ptr<Connection>> wait_for_disk;
  std::vector<mqtt::Match> matches;
  std::vector<mqtt::SubscribeCode> codes;
  std::string resource;
  // When the batch of packets or the delivery that is being worked on began.
  Time now{};
  Bytes scratch = Bytes(kScratchBytes);
  Time last_refusal_logged{};
};

void MqttHub::add(MqttFront& front) { fronts_.push_back(&front); }

void MqttHub::take_client_id(const std::string& client_id, Holder holder) {
  Holder old;
  {
    const std::lock_guard lock(mutex_);
    Holder& present = client_ids_[client_id];
    old = std::exchange(present, holder);
  }
  if (old.front != nullptr) {
    old.front->parts_.loop.post(
        [old] { old.front->close_connection(old.connection, "its client id connected again"); });
  }
}

void MqttHub::release_client_id(const std::string& client_id, Holder holder) {
  const std::lock_guard lock(mutex_);
  const auto at = client_ids_.find(client_id);
  if (at != client_ids_.end() && at->second.front == holder.front &&
      at->second.connection == holder.connection)
    client_ids_.erase(at);
}

MqttFront::MqttFront(MqttFrontParts parts, MqttFrontOptions options,
                     std::shared_ptr<const FrontSnapshot> snapshot)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      snapshot_(std::move(snapshot)),
      state_(std::make_unique<State>(options_)) {
  parts_.hub.add(*this);
  parts_.loop.on_turn([this] { on_turn(); });
}
MqttFront::~MqttFront() = default;

net::Task<> MqttFront::serve(net::TlsStream stream) {
  auto c = std::make_shared<Connection>(state_->next_id++, std::move(stream), options_,
                                        parts_.clock.now(), parts_.loop.context());
  // The handshake may have begun under an older snapshot.
  state_->now = c->since;
  if (auto refusal = must_end(*c)) {
    refusal->bytes = c->stream.bytes_received();
    refusal->certificate = c->stream.facts().certificate;
    refusal->verified = true;
    const identity::Device* registered = device_of(*c);
    const KnownPeer known = {.thing = registered != nullptr ? registered->thing : std::string(),
                             .foreign = registered == nullptr};
    log_connection_refused(options_.listener, c->peer, *refusal, c->since, parts_.refusals, known);
    c->stream.close();
    co_return;
  }
  const identity::Device& device = *device_of(*c);
  set_device(*c, device);
  // What stands in somebody else's certificate is not who it is.
  if (device.issuer == identity::Issuer::External) c->identity = "thing:" + device.thing;
  log_connection_open(options_.listener, c->peer, c->identity, c->stream.facts());
  state_->connections.emplace(c->id, c);
  co_await read_all(c);
  forget(*c);
  log_denied_unlogged(options_.listener, c->peer, c->identity, c->denials);
  log::write(log::Level::Info, "connection-closed",
             {{"listener", options_.listener},
              {"peer", c->peer},
              {"identity", c->identity},
              {"reason", c->close_reason}});
  co_await c->stream.close_gracefully(options_.farewell);
}

net::Task<> MqttFront::read_all(std::shared_ptr<Connection> c) {
  while (!c->closing) {
    if (!c->session.ready() || backlogged()) {
      co_await wait_for_room(c);
      if (!c->closing) take_bytes(*c, {});
      continue;
    }
    const Time deadline = c->session.next_deadline();
    if (deadline == Time::max()) {
      c->stream.expires_never();
    } else {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - parts_.clock.now());
      c->stream.expires_after(std::max(std::chrono::milliseconds(1), left));
    }
    auto got = co_await c->stream.read_some(state_->scratch);
    if (c->closing) break;
    if (!got.ok() && got.error().kind == ErrorKind::Timeout) {
      state_->now = parts_.clock.now();
      c->session.on_timer(state_->now, c->actions);
      perform(*c);
      send_output(*c);
      continue;
    }
    if (!got.ok()) {
      c->close_reason = got.error().message;
      break;
    }
    if (*got == 0) break;
    // INVARIANT: nothing else ran since the read, so the scratch buffer still holds its bytes.
    take_bytes(*c, ByteSpan(state_->scratch).first(*got));
  }
}

// Waits until the session takes packets again and the disk has caught up.
net::Task<> MqttFront::wait_for_room(std::shared_ptr<Connection> c) {
  while (!c->closing && (!c->session.ready() || backlogged())) {
    c->waiting = true;
    if (backlogged()) state_->wait_for_disk.push_back(c);
    c->wake.expires_at(net::asio::steady_timer::time_point::max());
    co_await c->wake.async_wait(net::kAwait);
    c->waiting = false;
  }
}

void MqttFront::take_bytes(Connection& c, ByteSpan input) {
  if (c.pending.empty()) {
    const std::size_t used = decode_packets(c, input);
    if (!c.closing) append(c.pending, input.subspan(used));
  } else {
    append(c.pending, input);
    const std::size_t used = decode_packets(c, c.pending);
    c.pending.erase(c.pending.begin(), c.pending.begin() + static_cast<std::ptrdiff_t>(used));
    if (c.pending.empty() && c.pending.capacity() > kPendingKeptBytes) c.pending.shrink_to_fit();
  }
  send_output(c);
}

// Decodes and performs whole packets at the front of `input`; returns how many bytes they took.
std::size_t MqttFront::decode_packets(Connection& c, ByteSpan input) {
  std::size_t used = 0;
  const Time now = state_->now = parts_.clock.now();
  while (used < input.size() && !c.closing && c.session.ready()) {
    auto decoded = mqtt::decode_packet(input.subspan(used), options_.limits);
    if (!decoded.ok()) {
      if (decoded.error().kind == mqtt::DecodeErrorKind::NeedMore) break;
      c.session.on_decode_error(decoded.error(), c.actions);
      perform(c);
      break;
    }
    c.session.on_packet(decoded->packet, now, c.actions);
    perform(c);
    used += decoded->bytes;
  }
  return used;
}

// Does what the session asks.  Answers may ask for more; those follow in the same list.
void MqttFront::perform(Connection& c) {
  for (std::size_t i = 0; i < c.actions.asks.size() && !c.closing; ++i) {
    const mqtt::Action action = c.actions.asks[i];
    std::visit(Overloaded{
                   [&](const mqtt::AskPublish& publish) { on_publish(c, publish); },
                   [&](const mqtt::AskConnect& connect) { on_connect(c, connect.client_id); },
                   [&](const mqtt::AskSubscribe& subscribe) { on_subscribe(c, subscribe); },
                   [&](const mqtt::Unsubscribe& unsubscribe) { on_unsubscribe(c, unsubscribe); },
                   [&](const mqtt::Delivered&) {},
                   [&](const mqtt::Close& close) { on_close(c, close); },
               },
               action);
  }
  c.actions.asks.clear();
}

void MqttFront::on_connect(Connection& c, std::string_view client_id) {
  grow_older(c);
  const std::string id = client_id.empty() ? generated_client_id() : std::string(client_id);
  add_device(c.context, c.device, id);
  if (!may(c, "iot:Connect", "client/", id, nullptr)) {
    c.session.connect_decided(mqtt::ConnectCode::NotAuthorized, c.actions);
    return;
  }
  c.client_id = id;
  parts_.hub.take_client_id(id, {this, c.id});
  c.session.connect_decided(mqtt::ConnectCode::Accepted, c.actions);
}

void MqttFront::on_publish(Connection& c, const mqtt::AskPublish& publish) {
  if (!may(c, "iot:Publish", "topic/", publish.topic, &c.publish_decisions)) {
    c.session.publish_refused(c.actions);
    return;
  }
  const Time now = state_->now;
  Status added = state_->block.add(now, c.device.thing, publish.topic, publish.payload);
  if (!added.ok() && added.error().kind == ErrorKind::TooLarge) {
    seal_block();
    // The block held this connection's earlier publishes; this one must not overtake them.
    if (c.closing) return;
    added = state_->block.add(now, c.device.thing, publish.topic, publish.payload);
  }
  if (!added.ok()) {
    close_connection(c, added.error().message);
    return;
  }
  auto& acks = state_->block_acks;
  if (acks.empty() || acks.back().id != c.id)
    acks.push_back({state_->connections.at(c.id), c.id, 0});
  if (publish.qos != mqtt::Qos::AtMostOnce) ++acks.back().count;
}

void MqttFront::on_subscribe(Connection& c, const mqtt::AskSubscribe& subscribe) {
  state_->codes.clear();
  for (const mqtt::Subscription& wanted : subscribe.subscriptions) {
    mqtt::SubscribeCode code = mqtt::SubscribeCode::Failure;
    const mqtt::Qos qos = std::min(wanted.qos, mqtt::Qos::AtLeastOnce);
    if (may(c, "iot:Subscribe", "topicfilter/", wanted.filter, nullptr)) {
      const std::size_t before = state_->tree.size();
      if (state_->tree.subscribe(wanted.filter, c.id, qos).ok()) {
        code = mqtt::granted(qos);
        if (std::ranges::find(c.filters, wanted.filter) == c.filters.end())
          c.filters.emplace_back(wanted.filter);
      }
      parts_.hub.subscriptions_ += state_->tree.size() - before;
    }
    state_->codes.push_back(code);
  }
  c.session.subscribe_decided(subscribe.packet_id, state_->codes, c.actions);
}

void MqttFront::on_unsubscribe(Connection& c, const mqtt::Unsubscribe& unsubscribe) {
  const std::size_t before = state_->tree.size();
  for (const std::string_view filter : unsubscribe.filters) {
    state_->tree.unsubscribe(filter, c.id);
    std::erase(c.filters, filter);
  }
  parts_.hub.subscriptions_ -= before - state_->tree.size();
}

void MqttFront::on_close(Connection& c, const mqtt::Close& close) {
  c.close_reason = std::string(mqtt::to_string(close.reason));
  if (!close.detail.empty()) c.close_reason += ": " + std::string(close.detail);
  send_output(c);
  c.closing = true;
}

// Whether policy allows it; a refusal is logged with what decided.
bool MqttFront::may(Connection& c, std::string_view action, std::string_view resource_type,
                    std::string_view name, DecisionCache* cache) {
  const Time now = state_->now;
  grow_older(c);
  if (cache != nullptr) {
    // A denial was logged when it was decided.
    if (const auto* known = cache->find(name, now); known != nullptr) return known->allowed;
  }
  std::string& resource = state_->resource;
  resource.assign(options_.arn_prefix).append(resource_type).append(name);
  const PolicySnapshot& policies = *snapshot_->policies;
  const policy::Decision decision = policy::decide(
      policies.policies, {policy::Principal::device(), action, resource, c.context, now});
  if (cache != nullptr && decision.reads_only(policies.constant_keys))
    cache->keep(name, {decision.allowed(), decision.changes_at().value_or(Time::max())});
  if (decision.allowed()) return true;
  log_request_denied({.listener = options_.listener,
                      .peer = c.peer,
                      .identity = c.identity,
                      .name = c.device.thing,
                      .action = std::string(action),
                      .resource = resource,
                      .policies = policies.policies,
                      .decision = decision},
                     now, parts_.refusals, c.denials);
  return false;
}

bool MqttFront::backlogged() const {
  return state_->outstanding_bytes + state_->block.bytes() >= options_.outstanding_bytes_max;
}

void MqttFront::seal_block() {
  State& s = *state_;
  if (s.block.empty()) return;
  auto waiting = std::make_shared<Waiting>();
  waiting->acks = std::exchange(s.block_acks, {});
  waiting->bytes = s.block.bytes();
  if (parts_.hub.anybody_listens()) waiting->plaintext = to_bytes(s.block.plaintext());
  // While blocks of a generation that has failed are not answered yet, what follows them is refused
  // too: a publish must not overtake the one before it.
  auto sealed = parts_.journal.seal(
      parts_.sealer, s.block,
      s.outstanding_blocks > 0 ? std::optional(s.outstanding_generation) : std::nullopt);
  s.block.clear();
  if (!sealed.ok()) {
    refuse_waiting(sealed.error(), *waiting);
    wake_waiting();
    return;
  }
  ++s.outstanding_blocks;
  s.outstanding_generation = sealed->generation;
  s.outstanding_bytes += waiting->bytes;
  Status submitted = parts_.committer.submit(
      std::move(*sealed), options_.ack, [this, waiting](const Status& status) {
        parts_.loop.post([this, waiting, status] { on_committed(status, waiting); });
      });
  if (!submitted.ok()) on_committed(submitted, waiting);
}

void MqttFront::on_turn() {
  State& s = *state_;
  if (!s.block.empty() && (s.outstanding_blocks < options_.outstanding_blocks_max ||
                           s.block.bytes() >= options_.block_bytes_target))
    seal_block();
  for (const auto& c : s.dirty) {
    c->dirty = false;
    c->stream.flush();
  }
  s.dirty.clear();
}

void MqttFront::on_committed(const Status& status, std::shared_ptr<Waiting> waiting) {
  State& s = *state_;
  --s.outstanding_blocks;
  s.outstanding_bytes -= waiting->bytes;
  if (!status.ok()) {
    refuse_waiting(status.error(), *waiting);
  } else {
    s.now = parts_.clock.now();
    for (const Waiting::Acks& acks : waiting->acks) {
      const auto c = acks.connection.lock();
      if (!c || c->closing || acks.count == 0) continue;
      c->session.oldest_durable(acks.count, c->actions);
      perform(*c);
      send_output(*c);
      if (c->waiting) c->wake.cancel();
    }
    if (!waiting->plaintext.empty()) {
      auto block = std::make_shared<DeliveredBlock>();
      block->plaintext = std::move(waiting->plaintext);
      auto records = store::decode_block(block->plaintext, 1);
      SEALANE_CHECK(records.ok());
      block->records = std::move(*records);
      for (MqttFront* front : parts_.hub.fronts_) {
        if (front == this) {
          deliver_block(*block);
        } else {
          front->parts_.loop.post([front, block] { front->deliver_block(*block); });
        }
      }
    }
  }
  wake_waiting();
}

// Wakes the connections that wait for the disk, if it has caught up.
void MqttFront::wake_waiting() {
  if (backlogged()) return;
  for (const auto& weak : std::exchange(state_->wait_for_disk, {}))
    if (const auto c = weak.lock(); c && c->waiting) c->wake.cancel();
}

// MQTT 3.1.1 has no negative acknowledgement: the connections are closed, and devices send again
// what was not acknowledged.
void MqttFront::refuse_waiting(const Error& error, const Waiting& waiting) {
  const Time now = parts_.clock.now();
  const Time last = state_->last_refusal_logged;
  if (now < last || now - last >= kRefusalLogInterval) {
    state_->last_refusal_logged = now;
    log::write(log::Level::Error, "journal-refuses",
               {{"listener", options_.listener}, {"detail", error.message}});
  }
  for (const Waiting::Acks& acks : waiting.acks)
    if (const auto c = acks.connection.lock()) close_connection(*c, error.message);
}

void MqttFront::deliver_block(const DeliveredBlock& block) {
  State& s = *state_;
  if (s.tree.empty()) return;
  s.now = parts_.clock.now();
  for (const store::Record& record : block.records) {
    s.tree.match(record.topic, s.matches);
    for (const mqtt::Match& match : s.matches) {
      const auto at = s.connections.find(match.subscriber);
      if (at == s.connections.end() || at->second->closing) continue;
      Connection& c = *at->second;
      if (!may(c, "iot:Receive", "topic/", record.topic, &c.receive_decisions)) continue;
      if (c.stream.unsent() >= kFlushAtOnceBytes) c.stream.flush();
      if (match.qos == mqtt::Qos::AtMostOnce && c.stream.unsent() >= kSlowSubscriberBytes) continue;
      c.session.deliver(record.topic, record.payload, match.qos, c.actions);
      send_output(c);
    }
  }
}

void MqttFront::send_output(Connection& c) {
  if (c.actions.output.empty()) return;
  const Status written = c.stream.write(c.actions.output);
  c.actions.output.clear();
  if (!written.ok()) {
    close_connection(c, written.error().message);
    return;
  }
  if (!c.dirty) {
    c.dirty = true;
    state_->dirty.push_back(state_->connections.at(c.id));
  }
}

void MqttFront::close_connection(Connection& c, std::string_view why) {
  if (c.closing) return;
  c.closing = true;
  c.close_reason = std::string(why);
  c.wake.cancel();
  c.stream.close();
}

void MqttFront::close_connection(std::uint64_t id, std::string_view why) {
  const auto at = state_->connections.find(id);
  if (at != state_->connections.end()) close_connection(*at->second, why);
}

void MqttFront::forget(Connection& c) {
  const std::size_t before = state_->tree.size();
  state_->tree.remove(c.id);
  parts_.hub.subscriptions_ -= before - state_->tree.size();
  if (!c.client_id.empty()) parts_.hub.release_client_id(c.client_id, {this, c.id});
  c.closing = true;
  state_->connections.erase(c.id);
}

const identity::Device* MqttFront::device_of(const Connection& c) const {
  const auto& certificate = c.stream.facts().certificate;
  return certificate ? snapshot_->registry->find(certificate->sha256) : nullptr;
}

// The facts of the device stand in the connection's context, where policies read them.
void MqttFront::set_device(Connection& c, const identity::Device& device) {
  c.device = device;
  c.context = connection_context({c.stream.facts(), ip_of(c.peer), state_->now});
  if (const auto& certificate = c.stream.facts().certificate)
    c.age_until = next_age(*certificate, state_->now);
  if (!c.client_id.empty()) add_device(c.context, c.device, c.client_id);
}

// The age of the certificate is a fact too, and grows while the connection lives.
void MqttFront::grow_older(Connection& c) {
  if (state_->now < c.age_until) return;
  set_device(c, identity::Device(c.device));
  c.publish_decisions.clear();
  c.receive_decisions.clear();
}

// Why the present snapshot does not bear this connection.
std::optional<tls::Refusal> MqttFront::must_end(const Connection& c) const {
  const identity::Device* device = device_of(c);
  if (device == nullptr)
    return tls::Refusal{.reason = tls::RefusalReason::Unregistered,
                        .detail = "its certificate is not in the registry"};
  if (device->state == identity::DeviceState::Revoked)
    return tls::Refusal{.reason = tls::RefusalReason::Revoked,
                        .detail = "its certificate was revoked"};
  if (!snapshot_->ended) return std::nullopt;
  return snapshot_->ended(*c.stream.facts().certificate, state_->now);
}

// False: it was closed.
bool MqttFront::recheck(Connection& c, bool policies_changed) {
  if (const auto why = must_end(c)) {
    close_connection(c, std::string(tls::to_string(why->reason)) + ": " + why->detail);
    return false;
  }
  const identity::Device& device = *device_of(c);
  const bool facts_changed = device.thing != c.device.thing ||
                             device.attributes != c.device.attributes ||
                             device.type != c.device.type || device.groups != c.device.groups;
  if (facts_changed) set_device(c, device);
  if (!policies_changed && !facts_changed) return true;
  c.publish_decisions.clear();
  c.receive_decisions.clear();
  if (c.client_id.empty()) return true;
  if (!may(c, "iot:Connect", "client/", c.client_id, nullptr)) {
    close_connection(c, "policy: it may no longer connect");
    return false;
  }
  drop_denied_subscriptions(c);
  return true;
}

void MqttFront::drop_denied_subscriptions(Connection& c) {
  const std::size_t before = state_->tree.size();
  std::erase_if(c.filters, [&](const std::string& filter) {
    if (may(c, "iot:Subscribe", "topicfilter/", filter, nullptr)) return false;
    state_->tree.unsubscribe(filter, c.id);
    return true;
  });
  parts_.hub.subscriptions_ -= before - state_->tree.size();
}

std::size_t MqttFront::apply(std::shared_ptr<const FrontSnapshot> snapshot) {
  const bool policies_changed = snapshot->policies != snapshot_->policies;
  snapshot_ = std::move(snapshot);
  state_->now = parts_.clock.now();
  std::size_t closed = 0;
  for (auto& [id, c] : state_->connections)
    if (!c->closing && !recheck(*c, policies_changed)) ++closed;
  return closed;
}

std::size_t MqttFront::connections(std::vector<ConnectionInfo>& out, std::size_t most) const {
  std::size_t count = 0;
  for (const auto& [id, c] : state_->connections) {
    if (c->closing) continue;
    ++count;
    if (out.size() >= most) continue;
    out.push_back(ConnectionInfo::of(c->stream.facts(), c->peer, c->since));
    out.back().thing = c->device.thing;
    out.back().client_id = c->client_id;
  }
  return count;
}

}  // namespace sealane::fronts
