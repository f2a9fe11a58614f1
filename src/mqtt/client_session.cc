// SPDX-License-Identifier: Apache-2.0
#include "mqtt/client_session.h"

#include <algorithm>

namespace sealane::mqtt {
namespace {

constexpr std::size_t kPendingMax = 1000;
Error too_many_pending() {
  return fail(ErrorKind::Unavailable, "too many SUBSCRIBE and UNSUBSCRIBE without an answer");
}

}  // namespace

ClientSession::ClientSession(ClientOptions options) : options_(std::move(options)) {
  options_.inflight_max = std::clamp<std::size_t>(options_.inflight_max, 1, 32'768);
  unacknowledged_.reserve(options_.inflight_max);
}

Status ClientSession::connect(Bytes& output) {
  ConnectPacket packet;
  packet.client_id = options_.client_id;
  packet.keep_alive_s = options_.keep_alive_s;
  packet.clean_session = options_.clean_session;
  return encode(packet, output);
}

Result<std::uint16_t> ClientSession::publish(std::string_view topic, ByteSpan payload, Qos qos,
                                             Bytes& output) {
  if (qos == Qos::ExactlyOnce) return fail(ErrorKind::Unsupported, "QoS 2 is not in this version");
  if (qos == Qos::AtLeastOnce && !can_publish())
    return fail(ErrorKind::Unavailable, "the window of unacknowledged publishes is full");
  const std::uint16_t id = qos == Qos::AtLeastOnce ? next_packet_id() : std::uint16_t{0};
  SEALANE_TRY(encode(PublishPacket{.topic = topic, .payload = payload, .qos = qos, .packet_id = id},
                     output));
  if (id != 0) unacknowledged_.push_back(id);
  return id;
}

Result<std::uint16_t> ClientSession::subscribe(std::span<const Subscription> subscriptions,
                                               Bytes& output) {
  if (pending_.size() >= kPendingMax) return too_many_pending();
  const std::uint16_t id = next_packet_id();
  SEALANE_TRY(encode(SubscribePacket{id, {subscriptions.begin(), subscriptions.end()}}, output));
  pending_.push_back(id);
  return id;
}

Result<std::uint16_t> ClientSession::unsubscribe(std::span<const std::string_view> filters,
                                                 Bytes& output) {
  if (pending_.size() >= kPendingMax) return too_many_pending();
  const std::uint16_t id = next_packet_id();
  SEALANE_TRY(encode(UnsubscribePacket{id, {filters.begin(), filters.end()}}, output));
  pending_.push_back(id);
  return id;
}

void ClientSession::ping(Bytes& output) { encode(PingreqPacket{}, output); }

void ClientSession::disconnect(Bytes& output) {
  encode(DisconnectPacket{}, output);
  connected_ = false;
}

void ClientSession::on_packet(const Packet& packet, std::vector<ClientEvent>& events,
                              Bytes& output) {
  const auto broke = [&events](std::string_view detail) {
    events.emplace_back(ServerBroke{detail});
  };
  if (const auto* connack = std::get_if<ConnackPacket>(&packet)) {
    if (connected_) return broke("a second CONNACK");
    if (connack->code != ConnectCode::Accepted) {
      events.emplace_back(ConnectRefused{connack->code});
      return;
    }
    connected_ = true;
    events.emplace_back(Connected{connack->session_present});
    return;
  }
  if (!connected_) return broke("a packet before CONNACK");  // [MQTT-3.2.0-1]
  if (const auto* puback = std::get_if<PubackPacket>(&packet)) {
    if (std::erase(unacknowledged_, puback->packet_id) == 0)
      return broke("a PUBACK for no publish");
    events.emplace_back(PublishAcknowledged{puback->packet_id});
  } else if (const auto* publish = std::get_if<PublishPacket>(&packet)) {
    if (publish->qos == Qos::ExactlyOnce) return broke("a PUBLISH of QoS 2");
    if (publish->qos == Qos::AtLeastOnce) encode(PubackPacket{publish->packet_id}, output);
    events.emplace_back(
        MessageReceived{publish->topic, publish->payload, publish->qos, publish->retain});
  } else if (const auto* suback = std::get_if<SubackPacket>(&packet)) {
    if (std::erase(pending_, suback->packet_id) == 0) return broke("a SUBACK for no SUBSCRIBE");
    events.emplace_back(Subscribed{suback->packet_id, suback->codes});
  } else if (const auto* unsuback = std::get_if<UnsubackPacket>(&packet)) {
    if (std::erase(pending_, unsuback->packet_id) == 0)
      return broke("an UNSUBACK for no UNSUBSCRIBE");
    events.emplace_back(Unsubscribed{unsuback->packet_id});
  } else if (!std::holds_alternative<PingrespPacket>(packet)) {
    broke("a packet that only a client sends");
  }
}

std::uint16_t ClientSession::next_packet_id() {
  const auto in_use = [this](std::uint16_t id) {
    return std::ranges::find(unacknowledged_, id) != unacknowledged_.end() ||
           std::ranges::find(pending_, id) != pending_.end();
  };
  do {
    ++last_id_;
  } while (last_id_ == 0 || in_use(last_id_));
  return last_id_;
}

}  // namespace sealane::mqtt
