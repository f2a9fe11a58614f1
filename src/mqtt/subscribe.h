// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mqtt/connect.h"

namespace sealane::mqtt {

// One line of a SUBSCRIBE.
struct Subscription {
  std::string_view filter{};
  Qos qos = Qos::AtMostOnce;
  bool operator==(const Subscription&) const = default;
};

// SUBSCRIBE, MQTT 3.1.1 §3.8.  Filters are views into the decoded input.
struct SubscribePacket {
  std::uint16_t packet_id = 0;
  std::vector<Subscription> subscriptions{};
  bool operator==(const SubscribePacket&) const = default;
};

// UNSUBSCRIBE, MQTT 3.1.1 §3.10.  Filters are views into the decoded input.
struct UnsubscribePacket {
  std::uint16_t packet_id = 0;
  std::vector<std::string_view> filters{};
  bool operator==(const UnsubscribePacket&) const = default;
};

// MQTT 3.1.1 §3.9.3: the granted QoS, or failure.
enum class SubscribeCode : std::uint8_t {
  GrantedAtMostOnce = 0,
  GrantedAtLeastOnce = 1,
  GrantedExactlyOnce = 2,
  Failure = 0x80,
};

constexpr SubscribeCode granted(Qos qos) { return static_cast<SubscribeCode>(qos); }

// SUBACK, MQTT 3.1.1 §3.9.
struct SubackPacket {
  std::uint16_t packet_id = 0;
  std::vector<SubscribeCode> codes{};
  bool operator==(const SubackPacket&) const = default;
};

// Each appends the packet.  Errors: Invalid – packet id 0, an empty list, or a filter over 65,535
// bytes; nothing is appended then.
Status encode(const SubscribePacket& packet, Bytes& to);
Status encode(const UnsubscribePacket& packet, Bytes& to);
Status encode(const SubackPacket& packet, Bytes& to);

}  // namespace sealane::mqtt
