// SPDX-License-Identifier: Apache-2.0
// Properties of Session under any client: what it sends is packets of a server, a PUBACK leaves for
// each durable publish in the order received, windows are kept, and nothing follows Close.
// Input: one control byte (bit 0: profile; bit 1: acknowledge late, newest first; bit 2: echo
// publishes to the client), then the client's bytes.
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <vector>

#include "mqtt/session.h"

namespace {

using namespace sealane;
using namespace sealane::mqtt;

void require(bool holds) {
  if (!holds) std::abort();
}

class Application {
 public:
  Application(std::uint8_t control, const Limits& limits)
      : late_((control & 2U) != 0),
        echo_((control & 4U) != 0),
        limits_(limits),
        session_((control & 1U) != 0 ? Profile::AwsIotCore : Profile::MqttStandard, limits,
                 Time{}) {}

  void run(ByteSpan stream) {
    while (!session_.closed()) {
      if (!session_.ready()) acknowledge();
      require(session_.ready());
      const auto decoded = decode_packet(stream, limits_);
      actions_.clear();
      if (!decoded.ok()) {
        if (decoded.error().kind == DecodeErrorKind::NeedMore) break;
        session_.on_decode_error(decoded.error(), actions_);
        require(session_.closed());
      } else {
        now_ += std::chrono::seconds(1);
        session_.on_packet(decoded->packet, now_, actions_);
        stream = stream.subspan(decoded->bytes);
      }
      perform();
    }
    acknowledge();
    if (!session_.closed()) return require(expected_.empty());
    actions_.clear();
    session_.on_packet(PingreqPacket{}, now_, actions_);
    require(actions_.asks.empty() && actions_.output.empty());
  }

 private:
  void perform() {
    const std::vector<Action> asks = actions_.asks;
    for (const Action& ask : asks) {
      require(!was_closed_);
      if (std::holds_alternative<AskConnect>(ask))
        session_.connect_decided(ConnectCode::Accepted, actions_);
      if (const auto* publish = std::get_if<AskPublish>(&ask)) on(*publish);
      if (const auto* subscribe = std::get_if<AskSubscribe>(&ask)) {
        const std::vector<SubscribeCode> codes(subscribe->subscriptions.size(),
                                               SubscribeCode::GrantedExactlyOnce);
        session_.subscribe_decided(subscribe->packet_id, codes, actions_);
      }
      was_closed_ = was_closed_ || std::holds_alternative<Close>(ask);
    }
    require(was_closed_ == session_.closed());
    check_output();
    if (!late_) acknowledge();
  }

  void on(const AskPublish& publish) {
    if (echo_) session_.deliver(publish.topic, publish.payload, publish.qos, actions_);
    if (publish.packet_id == 0) return;
    require(publish.qos == Qos::AtLeastOnce);
    waiting_.push_back(publish.packet_id);
#ifdef SEALANE_PLANTED_DEFECT
    // An application that believes that the newest publish is answered first.
    if (late_) return expected_.push_front(publish.packet_id);
#endif
    expected_.push_back(publish.packet_id);
    require(session_.unacknowledged() <= limits_.inflight_max);
  }

  void acknowledge() {
    actions_.clear();
    for (; !waiting_.empty(); waiting_.pop_back())
      session_.publish_durable(waiting_.back(), actions_);
    check_output();
    require(session_.closed() || session_.unacknowledged() == 0);
  }

  void check_output() {
    ByteSpan rest = actions_.output;
    while (!rest.empty()) {
      const auto sent = decode_packet(rest, limits_);
      require(sent.ok());
      if (const auto* puback = std::get_if<PubackPacket>(&sent->packet)) {
        require(!expected_.empty() && expected_.front() == puback->packet_id);
        expected_.pop_front();
      } else {
        require(std::holds_alternative<ConnackPacket>(sent->packet) ||
                std::holds_alternative<PublishPacket>(sent->packet) ||
                std::holds_alternative<SubackPacket>(sent->packet) ||
                std::holds_alternative<UnsubackPacket>(sent->packet) ||
                std::holds_alternative<PingrespPacket>(sent->packet));
      }
      rest = rest.subspan(sent->bytes);
    }
    actions_.output.clear();
  }

  bool late_, echo_;
  Limits limits_;
  Session session_;
  Time now_{};
  Actions actions_;
  bool was_closed_ = false;
  std::vector<std::uint16_t> waiting_;
  std::deque<std::uint16_t> expected_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Limits limits;
  limits.inflight_max = 3;
  limits.queue_messages_max = 4;
  Application(data[0], limits).run(std::as_bytes(std::span(data, size)).subspan(1));
  return 0;
}
