// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/mqtt_device.h"

#include <utility>

namespace sealane::cli::demo {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;
// Output is sent when it has grown to this, so that the window fills in few writes.
constexpr std::size_t kFlushBytes = 16 << 10;

}  // namespace

MqttDevice::MqttDevice(tls::BlockingClient client, const DeviceOptions& options)
    : client_(std::move(client)),
      session_({.client_id = options.client_id, .inflight_max = options.inflight_max}),
      timeout_(options.timeout) {}

Result<MqttDevice> MqttDevice::connect(const DeviceOptions& options) {
  SEALANE_ASSIGN(tls::BlockingClient client,
                 tls::BlockingClient::connect(options.to, options.policy, options.timeout));
  MqttDevice device(std::move(client), options);
  SEALANE_TRY(device.session_.connect(device.output_));
  while (!device.session_.connected()) {
    SEALANE_TRY(device.exchange());
    if (device.refused_)
      return fail(ErrorKind::Denied,
                  "CONNECT refused: " + std::string(mqtt::to_string(*device.refused_)));
  }
  return device;
}

Result<std::uint64_t> MqttDevice::publish_all(const std::function<std::optional<Message>()>& next) {
  const std::uint64_t before = acknowledged_;
  bool more = true;
  while (more || session_.unacknowledged() > 0) {
    while (more && session_.can_publish()) {
      const std::optional<Message> message = next();
      if (!message) {
        more = false;
        break;
      }
      auto sent = session_.publish(message->topic, as_bytes(message->payload),
                                   mqtt::Qos::AtLeastOnce, output_);
      if (!sent.ok()) return std::move(sent).error();
      if (output_.size() >= kFlushBytes) SEALANE_TRY(flush());
    }
    if (session_.unacknowledged() > 0) SEALANE_TRY(exchange());
  }
  return acknowledged_ - before;
}

void MqttDevice::close() {
  session_.disconnect(output_);
  (void)flush();
  client_.close();
}

Status MqttDevice::flush() {
  if (output_.empty()) return {};
  auto written = client_.write(output_, timeout_);
  output_.clear();
  if (!written.ok()) return closed_by_listener(written.error());
  return {};
}

Error MqttDevice::closed_by_listener(const Error& cause) const {
  if (cause.kind == ErrorKind::Timeout) return cause;
  return fail(ErrorKind::Denied, "the listener closed the connection: " + cause.message);
}

Status MqttDevice::exchange() {
  SEALANE_TRY(flush());
  Bytes piece(kReadBytes);
  auto got = client_.read(piece, timeout_);
  if (!got.ok()) return closed_by_listener(got.error());
  if (*got == 0) return closed_by_listener(fail(ErrorKind::Unavailable, "end of stream"));
  append(input_, ByteSpan(piece).first(*got));
  std::size_t used = 0;
  std::vector<mqtt::ClientEvent> events;
  while (used < input_.size()) {
    auto decoded = mqtt::decode_packet(ByteSpan(input_).subspan(used), limits_);
    if (!decoded.ok()) {
      if (decoded.error().kind == mqtt::DecodeErrorKind::NeedMore) break;
      return fail(ErrorKind::Corrupt, "not MQTT: " + std::string(decoded.error().message));
    }
    used += decoded->bytes;
    events.clear();
    session_.on_packet(decoded->packet, events, output_);
    for (const mqtt::ClientEvent& event : events) {
      if (std::holds_alternative<mqtt::PublishAcknowledged>(event)) ++acknowledged_;
      if (const auto* refused = std::get_if<mqtt::ConnectRefused>(&event)) refused_ = refused->code;
      if (const auto* broke = std::get_if<mqtt::ServerBroke>(&event))
        return fail(ErrorKind::Corrupt,
                    "the listener breaks the protocol: " + std::string(broke->detail));
    }
  }
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(used));
  return {};
}

}  // namespace sealane::cli::demo
