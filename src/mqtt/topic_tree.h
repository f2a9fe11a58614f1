// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "mqtt/connect.h"
#include "mqtt/limits.h"

namespace sealane::mqtt {

using SubscriberId = std::uint64_t;

struct Match {
  SubscriberId subscriber = 0;
  Qos qos = Qos::AtMostOnce;
  bool operator==(const Match&) const = default;
};

// Who wants which topics.
//
// Lifetime: ids are the caller's; remove(id) when a session ends.
// Bounds:   limits.subscriptions_max in all, subscriptions_per_session_max per subscriber;
//           match() is O(levels × branches that match) and does not allocate once `out` has grown.
// Threads:  one at a time.
class TopicTree {
 public:
  TopicTree(Profile profile, const Limits& limits);
  ~TopicTree();
  TopicTree(const TopicTree&) = delete;
  TopicTree& operator=(const TopicTree&) = delete;

  // Adds, or replaces the QoS of the same filter [MQTT-3.8.4-3].
  // Errors: answer SUBACK failure.  Invalid – not a filter; TooLarge – a limit is reached;
  //         Unsupported – a shared subscription under AwsIotCore.
  Status subscribe(std::string_view filter, SubscriberId subscriber, Qos qos);
  // Nothing happens when there was no such subscription [MQTT-3.10.4-1].
  void unsubscribe(std::string_view filter, SubscriberId subscriber);
  void remove(SubscriberId subscriber);

  // Replaces `out` by one entry per subscriber that wants `topic`, with the highest QoS of its
  // matching filters [MQTT-3.3.5-1], ordered by id.
  void match(std::string_view topic, std::vector<Match>& out) const;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  struct Node;
  void match_from(const Node& node, std::optional<std::string_view> rest, bool first,
                  std::vector<Match>& out) const;
  bool erase(std::string_view filter, SubscriberId subscriber);

  Profile profile_;
  Limits limits_;
  std::unique_ptr<Node> root_;
  std::size_t size_ = 0;
  std::unordered_map<SubscriberId, std::vector<std::string>> filters_;
};

}  // namespace sealane::mqtt
