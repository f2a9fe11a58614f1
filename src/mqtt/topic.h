// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "mqtt/limits.h"

namespace sealane::mqtt {

enum class TopicError : std::uint8_t {
  None,
  Empty,     // [MQTT-4.7.3-1]
  NotUtf8,   // [MQTT-1.5.3-1]
  Nul,       // [MQTT-4.7.3-2]
  Wildcard,  // a topic name with `+` or `#`; a filter with one that is not a whole level, or `#`
             // not last
  TooLong,   // limits.topic_bytes_max
  TooDeep,   // limits.topic_levels_max
};

std::string_view to_string(TopicError error);

// Whether text is a topic name (no wildcards) or a topic filter within the limits.
// Source: MQTT 3.1.1 §4.7.  The levels `$aws/rules/<rule>/` at the front of a name do not count.
// Bounds: O(text), no allocation.
TopicError check_topic_name(std::string_view topic, const Limits& limits);
TopicError check_topic_filter(std::string_view filter, const Limits& limits);
// The limits alone, for a name that decode_packet has accepted.
TopicError check_topic_limits(std::string_view topic, const Limits& limits);

// Whether a valid filter matches a valid topic name.
// Source: MQTT 3.1.1 §4.7.1, §4.7.2.  `a/#` matches `a` under MqttStandard and does not under
//         AwsIotCore; a wildcard as the first level never matches a topic that begins with `$`.
// Bounds: O(filter + topic), no allocation.
bool filter_matches(std::string_view filter, std::string_view topic, Profile profile);

}  // namespace sealane::mqtt
