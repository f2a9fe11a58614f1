// SPDX-License-Identifier: Apache-2.0
#include "mqtt/session.h"

#include <algorithm>

#include "mqtt/topic.h"

namespace sealane::mqtt {
namespace {

// What the server may do with a keep alive: AwsIotCore has a range of its own.
std::chrono::seconds keep_alive_of(std::uint16_t asked, Profile profile, const Limits& limits) {
  const std::chrono::seconds value(asked);
  if (profile == Profile::MqttStandard) return value;
  if (asked == 0) return limits.keep_alive_max;
  return std::clamp(value, limits.keep_alive_min, limits.keep_alive_max);
}

// What the protocol's own fields can say, whatever a configuration asks for.
Limits within_protocol(Limits limits) {
  limits.packet_bytes_max = std::min<std::uint32_t>(limits.packet_bytes_max, 128U << 20);
  limits.topic_bytes_max = std::min<std::size_t>(limits.topic_bytes_max, 65'535);
  limits.inflight_max = std::clamp<std::size_t>(limits.inflight_max, 1, 32'768);
  return limits;
}

}  // namespace

std::string_view to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::ClientDisconnect: return "client-disconnect";
    case CloseReason::Refused: return "refused";
    case CloseReason::ProtocolError: return "protocol-error";
    case CloseReason::Malformed: return "malformed";
    case CloseReason::TooLarge: return "too-large";
    case CloseReason::KeepAliveTimeout: return "keep-alive-timeout";
    case CloseReason::ConnectTimeout: return "connect-timeout";
    case CloseReason::NotAuthorized: return "not-authorized";
    case CloseReason::QosNotSupported: return "qos-not-supported";
    case CloseReason::RetainNotSupported: return "retain-not-supported";
    case CloseReason::WindowExceeded: return "window-exceeded";
  }
  return "unknown";
}

Session::Session(Profile profile, const Limits& limits, Time now)
    : profile_(profile), limits_(within_protocol(limits)), deadline_(now + limits.connect_timeout) {
  received_.resize(limits_.inflight_max);
  sent_.reserve(limits_.inflight_max);
}

bool Session::ready() const {
  if (state_ == State::AwaitConnect) return true;
  return state_ == State::Connected && subscribing_ == 0 && received_count_ < received_.size();
}

void Session::on_packet(const Packet& packet, Time now, Actions& actions) {
  if (state_ == State::Closed) return;
  if (!ready())
    return close(CloseReason::WindowExceeded, "a packet before the last was answered", actions);
  last_packet_ = now;
  if (state_ == State::AwaitConnect) {
    const auto* connect = std::get_if<ConnectPacket>(&packet);
    if (!connect)  // [MQTT-3.1.0-1]
      return close(CloseReason::ProtocolError, "the first packet is not a CONNECT", actions);
    return on(*connect, actions);
  }
  if (keep_alive_ != Duration::zero()) deadline_ = now + keep_alive_;
  if (const auto* publish = std::get_if<PublishPacket>(&packet)) return on(*publish, actions);
  if (const auto* puback = std::get_if<PubackPacket>(&packet)) return on(*puback, actions);
  if (const auto* subscribe = std::get_if<SubscribePacket>(&packet)) return on(*subscribe, actions);
  if (const auto* unsubscribe = std::get_if<UnsubscribePacket>(&packet))
    return on(*unsubscribe, actions);
  if (std::holds_alternative<PingreqPacket>(packet))
    return encode(PingrespPacket{}, actions.output);     // [MQTT-3.12.4-1]
  if (std::holds_alternative<DisconnectPacket>(packet))  // [MQTT-3.14.4-2]
    return close(CloseReason::ClientDisconnect, "", actions);
  if (std::holds_alternative<ConnectPacket>(packet))  // [MQTT-3.1.0-2]
    return close(CloseReason::ProtocolError, "a second CONNECT", actions);
  if (std::holds_alternative<PubrecPacket>(packet) ||
      std::holds_alternative<PubrelPacket>(packet) || std::holds_alternative<PubcompPacket>(packet))
    return close(CloseReason::QosNotSupported, "a packet of QoS 2", actions);
  // [MQTT-4.8.0-1]
  close(CloseReason::ProtocolError, "a packet that only a server sends", actions);
}

void Session::on_decode_error(const DecodeError& error, Actions& actions) {
  if (state_ == State::Closed || error.kind == DecodeErrorKind::NeedMore) return;
  if (error.kind == DecodeErrorKind::Unsupported && state_ == State::AwaitConnect)
    return refuse(ConnectCode::UnacceptableProtocolLevel, error.message,
                  actions);  // [MQTT-3.1.2-2]
  // [MQTT-3.1.4-1] [MQTT-4.8.0-1]: closed without a CONNACK.
  close(error.kind == DecodeErrorKind::TooLarge ? CloseReason::TooLarge : CloseReason::Malformed,
        error.message, actions);
}

void Session::on_timer(Time now, Actions& actions) {
  if (now < next_deadline()) return;
  if (state_ == State::Connected && !ready()) {
    // The front does not read, so that the client's packets may be waiting.
    deadline_ = now + keep_alive_;
    return;
  }
  if (state_ == State::Connected)
    close(CloseReason::KeepAliveTimeout, "nothing for one and a half keep alives", actions);
  else
    close(CloseReason::ConnectTimeout, "no CONNECT in time", actions);
}

Time Session::next_deadline() const { return state_ == State::Closed ? Time::max() : deadline_; }

void Session::on(const ConnectPacket& packet, Actions& actions) {
  if (packet.client_id.empty() && !packet.clean_session)  // [MQTT-3.1.3-8]
    return refuse(ConnectCode::IdentifierRejected, "an empty client id without a clean session",
                  actions);
  // [MQTT-3.1.3-9]; any 1 to 23 bytes are taken [MQTT-3.1.3-5].
  if (packet.client_id.size() > limits_.client_id_bytes_max)
    return refuse(ConnectCode::IdentifierRejected, "the client id is too long", actions);
  if (packet.will)
    return refuse(ConnectCode::NotAuthorized, "a will is not in this version", actions);
  const auto keep_alive = keep_alive_of(packet.keep_alive_s, profile_, limits_);
  keep_alive_ = Duration(keep_alive) * 3 / 2;  // [MQTT-3.1.2-24]
  state_ = State::DecideConnect;  // an empty id is the application's to replace [MQTT-3.1.3-6]
  actions.asks.emplace_back(AskConnect{packet.client_id, packet.clean_session, packet.keep_alive_s,
                                       packet.user_name, packet.password});
}

void Session::connect_decided(ConnectCode code, Actions& actions) {
  if (state_ != State::DecideConnect) return;
  if (code != ConnectCode::Accepted) return refuse(code, "the application refused", actions);
  state_ = State::Connected;
  deadline_ = keep_alive_ == Duration::zero() ? Time::max() : last_packet_ + keep_alive_;
  // [MQTT-3.2.0-1]; no session is kept, so that none is present [MQTT-3.2.2-1] [MQTT-3.2.2-3].
  encode(ConnackPacket{false, ConnectCode::Accepted}, actions.output);
}

void Session::on(const PublishPacket& packet, Actions& actions) {
  if (packet.qos == Qos::ExactlyOnce)
    return close(CloseReason::QosNotSupported, "a PUBLISH of QoS 2", actions);
  if (packet.retain)
    return close(CloseReason::RetainNotSupported, "retained messages are not in this version",
                 actions);
  if (const TopicError error = check_topic_limits(packet.topic, limits_); error != TopicError::None)
    return close(CloseReason::TooLarge, to_string(error), actions);
  if (packet.qos == Qos::AtLeastOnce) {
    // [MQTT-4.3.2-2]: an id that is still unacknowledged is a publication of its own again.
    received_at(received_count_) = {packet.packet_id, false};
    ++received_count_;
  }
  actions.asks.emplace_back(AskPublish{packet.topic, packet.payload, packet.qos, packet.retain,
                                       packet.dup, packet.packet_id});
}

void Session::publish_durable(std::uint16_t packet_id, Actions& actions) {
  if (state_ == State::Closed || !mark_durable(packet_id)) return;
  flush_pubacks(actions.output);
}

void Session::publishes_durable(std::span<const std::uint16_t> packet_ids, Actions& actions) {
  if (state_ == State::Closed) return;
  for (const std::uint16_t id : packet_ids) mark_durable(id);
  flush_pubacks(actions.output);
}

void Session::oldest_durable(std::size_t count, Actions& actions) {
  if (state_ == State::Closed) return;
  const std::size_t marked = std::min(count, received_count_);
  for (std::size_t i = 0; i < marked; ++i) received_at(i).durable = true;
  flush_pubacks(actions.output);
}

// INVARIANT: index is at most received_count_, which is at most the ring's size.
Session::Received& Session::received_at(std::size_t index) {
  const std::size_t slot = received_first_ + index;
  return received_[slot < received_.size() ? slot : slot - received_.size()];
}

bool Session::mark_durable(std::uint16_t packet_id) {
  for (std::size_t i = 0; i < received_count_; ++i) {
    Received& one = received_at(i);
    if (one.durable || one.packet_id != packet_id) continue;
    one.durable = true;
    return true;
  }
  return false;
}

// INVARIANT: a PUBACK leaves only when it and every publish before it is durable [MQTT-4.6.0-2].
void Session::flush_pubacks(Bytes& output) {
  while (received_count_ != 0 && received_[received_first_].durable) {
    encode(PubackPacket{received_[received_first_].packet_id}, output);  // [MQTT-2.3.1-6]
    if (++received_first_ == received_.size()) received_first_ = 0;
    --received_count_;
  }
}

void Session::publish_refused(Actions& actions) {
  // [MQTT-3.3.5-2]: 3.1.1 has no negative acknowledgement, so that the connection goes.
  close(CloseReason::NotAuthorized, "the application refused a PUBLISH", actions);
}

void Session::on(const SubscribePacket& packet, Actions& actions) {
  for (const Subscription& line : packet.subscriptions) {
    const TopicError error = check_topic_filter(line.filter, limits_);
    if (error == TopicError::TooLong || error == TopicError::TooDeep)
      return close(CloseReason::TooLarge, to_string(error), actions);
    if (error != TopicError::None)
      return close(CloseReason::ProtocolError, to_string(error), actions);
    if (line.qos == Qos::ExactlyOnce && profile_ == Profile::AwsIotCore)
      return close(CloseReason::QosNotSupported, "a SUBSCRIBE of QoS 2", actions);
  }
  subscribing_ = packet.packet_id;
  subscribing_count_ = packet.subscriptions.size();
  actions.asks.emplace_back(AskSubscribe{packet.packet_id, packet.subscriptions});
}

void Session::subscribe_decided(std::uint16_t packet_id, std::span<const SubscribeCode> codes,
                                Actions& actions) {
  if (state_ == State::Closed) return;
  SEALANE_CHECK(packet_id != 0 && packet_id == subscribing_ && codes.size() == subscribing_count_);
  subscribing_ = 0;
  SubackPacket suback{
      packet_id, {codes.begin(), codes.end()}};  // [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.9.3-1]
  for (SubscribeCode& code : suback.codes)       // [MQTT-3.8.4-6]: a lower QoS than asked for
    if (code == SubscribeCode::GrantedExactlyOnce) code = SubscribeCode::GrantedAtLeastOnce;
  const Status encoded = encode(suback, actions.output);
  SEALANE_CHECK(encoded.ok());
}

void Session::on(const UnsubscribePacket& packet, Actions& actions) {
  actions.asks.emplace_back(Unsubscribe{packet.filters});
  encode(UnsubackPacket{packet.packet_id}, actions.output);  // [MQTT-3.10.4-4] [MQTT-3.10.4-5]
}

DeliverResult Session::deliver(std::string_view topic, ByteSpan payload, Qos qos,
                               Actions& actions) {
  if (state_ != State::Connected) return DeliverResult::Dropped;
  if (qos == Qos::AtMostOnce) {
    const Status sent = encode(PublishPacket{.topic = topic, .payload = payload}, actions.output);
    return sent.ok() ? DeliverResult::Sent : DeliverResult::Dropped;
  }
  if (topic.empty() || topic.size() > limits_.topic_bytes_max ||
      payload.size() > limits_.packet_bytes_max)
    return DeliverResult::Dropped;
  if (queue_.empty() && sent_.size() < limits_.inflight_max) {
    send_qos1(topic, payload, actions.output);
    return DeliverResult::Sent;
  }
  const std::size_t bytes = topic.size() + payload.size();
  if (queue_.size() >= limits_.queue_messages_max || bytes > limits_.queue_bytes_max - queue_bytes_)
    return DeliverResult::Dropped;
  queue_.push_back({std::string(topic), to_bytes(payload)});
  queue_bytes_ += bytes;
  return DeliverResult::Queued;
}

void Session::on(const PubackPacket& packet, Actions& actions) {
  const auto sent = std::ranges::find(sent_, packet.packet_id);
  if (sent == sent_.end()) return;  // §3.4 does not say; an unknown id changes nothing
  sent_.erase(sent);
  actions.asks.emplace_back(Delivered{packet.packet_id});
  while (!queue_.empty() && sent_.size() < limits_.inflight_max) {
    const Queued next = std::move(queue_.front());
    queue_.pop_front();
    queue_bytes_ -= next.topic.size() + next.payload.size();
    send_qos1(next.topic, next.payload, actions.output);
  }
}

void Session::send_qos1(std::string_view topic, ByteSpan payload, Bytes& output) {
  const std::uint16_t id = next_packet_id();
  const Status encoded = encode(
      PublishPacket{.topic = topic, .payload = payload, .qos = Qos::AtLeastOnce, .packet_id = id},
      output);
  SEALANE_CHECK(encoded.ok());
  sent_.push_back(id);
}

// [MQTT-2.3.1-2] [MQTT-2.3.1-4]: an id that is not in use; the window is far smaller than 65,535.
std::uint16_t Session::next_packet_id() {
  do {
    ++last_sent_id_;
  } while (last_sent_id_ == 0 || std::ranges::find(sent_, last_sent_id_) != sent_.end());
  return last_sent_id_;
}

void Session::close(CloseReason reason, std::string_view detail, Actions& actions) {
  if (state_ == State::Closed) return;
  state_ = State::Closed;
  queue_.clear();
  queue_bytes_ = 0;
  actions.asks.emplace_back(Close{reason, detail});
}

void Session::refuse(ConnectCode code, std::string_view detail, Actions& actions) {
  encode(ConnackPacket{false, code}, actions.output);  // [MQTT-3.2.2-5]
  close(CloseReason::Refused, detail, actions);
}

}  // namespace sealane::mqtt
