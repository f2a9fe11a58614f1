// SPDX-License-Identifier: Apache-2.0
#include "mqtt/topic.h"

#include <algorithm>
#include <optional>

#include "base/utf8.h"
#include "mqtt/levels_internal.h"

namespace sealane::mqtt {
namespace {

// `$aws/rules/<rule>/`: three levels that the quota does not count.
constexpr std::string_view kBasicIngest = "$aws/rules/";
constexpr std::size_t kBasicIngestLevels = 3;

// What names and filters have in common.
TopicError check_text(std::string_view text, const Limits& limits) {
  if (text.empty()) return TopicError::Empty;  // [MQTT-4.7.3-1]
  // [MQTT-4.7.3-3]: at most 65,535 bytes; the limit is far below.
  if (text.size() > limits.topic_bytes_max) return TopicError::TooLong;
  if (text.find('\0') != std::string_view::npos) return TopicError::Nul;  // [MQTT-4.7.3-2]
  if (!is_utf8(text)) return TopicError::NotUtf8;                         // [MQTT-1.5.3-1]
  return check_topic_limits(text, limits);
}

}  // namespace

std::string_view to_string(TopicError error) {
  switch (error) {
    case TopicError::None: return "none";
    case TopicError::Empty: return "the topic is empty";
    case TopicError::NotUtf8: return "the topic is not UTF-8";
    case TopicError::Nul: return "the topic has a null character";
    case TopicError::Wildcard: return "a wildcard stands where none may";
    case TopicError::TooLong: return "the topic is too long";
    case TopicError::TooDeep: return "the topic has too many levels";
  }
  return "unknown";
}

TopicError check_topic_limits(std::string_view topic, const Limits& limits) {
  if (topic.size() > limits.topic_bytes_max) return TopicError::TooLong;
  std::size_t levels = 1 + static_cast<std::size_t>(std::ranges::count(topic, '/'));
  if (topic.starts_with(kBasicIngest) && levels > kBasicIngestLevels) levels -= kBasicIngestLevels;
  return levels > limits.topic_levels_max ? TopicError::TooDeep : TopicError::None;
}

TopicError check_topic_name(std::string_view topic, const Limits& limits) {
  if (const TopicError error = check_text(topic, limits); error != TopicError::None) return error;
  // [MQTT-4.7.1-1]
  return topic.find_first_of("+#") == std::string_view::npos ? TopicError::None
                                                             : TopicError::Wildcard;
}

TopicError check_topic_filter(std::string_view filter, const Limits& limits) {
  if (const TopicError error = check_text(filter, limits); error != TopicError::None) return error;
  std::optional<std::string_view> rest = filter;
  while (rest) {
    const std::string_view level = take_level(rest);
    if (level.find_first_of("+#") == std::string_view::npos) continue;
    if (level.size() != 1) return TopicError::Wildcard;     // [MQTT-4.7.1-3]
    if (level == "#" && rest) return TopicError::Wildcard;  // [MQTT-4.7.1-2]
  }
  return TopicError::None;
}

bool filter_matches(std::string_view filter, std::string_view topic, Profile profile) {
  // [MQTT-4.7.2-1]
  if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  std::optional<std::string_view> filter_rest = filter;
  std::optional<std::string_view> topic_rest = topic;
  while (filter_rest) {
    const std::string_view wanted = take_level(filter_rest);
    // §4.7.1.2: the levels below and, in the standard, the parent too.
    if (wanted == "#") return topic_rest.has_value() || profile == Profile::MqttStandard;
    if (!topic_rest) return false;
    const std::string_view level = take_level(topic_rest);
    if (wanted != "+" && wanted != level) return false;  // [MQTT-4.7.3-4]: byte by byte
  }
  return !topic_rest;
}

}  // namespace sealane::mqtt
