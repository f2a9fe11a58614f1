// SPDX-License-Identifier: Apache-2.0
#include "mqtt/topic_tree.h"

#include <algorithm>
#include <map>

#include "mqtt/levels_internal.h"
#include "mqtt/topic.h"

namespace sealane::mqtt {

// One level of the filters.  `#` is a list at its parent rather than a child.
struct TopicTree::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> children;  // `+` among them
  std::vector<Match> here;   // filters that end at this level
  std::vector<Match> below;  // filters that end with `#` under it

  bool empty() const { return children.empty() && here.empty() && below.empty(); }
};

namespace {

// Adds or replaces; whether it is new.
bool put(std::vector<Match>& list, Match match) {
  for (Match& one : list) {
    if (one.subscriber != match.subscriber) continue;
    one.qos = match.qos;
    return false;
  }
  list.push_back(match);
  return true;
}

bool drop(std::vector<Match>& list, SubscriberId subscriber) {
  return std::erase_if(list, [&](const Match& one) { return one.subscriber == subscriber; }) != 0;
}

}  // namespace

TopicTree::TopicTree(Profile profile, const Limits& limits)
    : profile_(profile), limits_(limits), root_(std::make_unique<Node>()) {}

TopicTree::~TopicTree() = default;

Status TopicTree::subscribe(std::string_view filter, SubscriberId subscriber, Qos qos) {
  if (const TopicError error = check_topic_filter(filter, limits_); error != TopicError::None)
    return fail(ErrorKind::Invalid, std::string(to_string(error)));
  if (profile_ == Profile::AwsIotCore && filter.starts_with("$share/"))
    return fail(ErrorKind::Unsupported, "shared subscriptions are not in this version");
  std::vector<std::string>& mine = filters_[subscriber];
  const bool known = std::ranges::find(mine, filter) != mine.end();
  if (!known && (size_ >= limits_.subscriptions_max ||
                 mine.size() >= limits_.subscriptions_per_session_max)) {
    if (mine.empty()) filters_.erase(subscriber);
    return fail(ErrorKind::TooLarge, "too many subscriptions");
  }
  Node* node = root_.get();
  std::optional<std::string_view> rest = filter;
  while (rest) {
    const std::string_view level = take_level(rest);
    if (level == "#") {
      put(node->below, {subscriber, qos});
      break;
    }
    auto child = node->children.find(level);
    if (child == node->children.end())
      child = node->children.emplace(std::string(level), std::make_unique<Node>()).first;
    node = child->second.get();
    if (!rest) put(node->here, {subscriber, qos});
  }
  if (!known) {
    mine.emplace_back(filter);
    ++size_;
  }
  return {};
}

void TopicTree::unsubscribe(std::string_view filter, SubscriberId subscriber) {
  const auto mine = filters_.find(subscriber);
  if (mine == filters_.end() || !erase(filter, subscriber)) return;
  std::erase(mine->second, filter);
  if (mine->second.empty()) filters_.erase(mine);
}

void TopicTree::remove(SubscriberId subscriber) {
  const auto mine = filters_.find(subscriber);
  if (mine == filters_.end()) return;
  for (const std::string& filter : mine->second) erase(filter, subscriber);
  filters_.erase(mine);
}

// Takes the entry out and then every level that holds nothing any more.
bool TopicTree::erase(std::string_view filter, SubscriberId subscriber) {
  std::vector<std::pair<Node*, std::string_view>> path;
  Node* node = root_.get();
  std::optional<std::string_view> rest = filter;
  bool erased = false;
  while (rest) {
    const std::string_view level = take_level(rest);
    if (level == "#") {
      erased = drop(node->below, subscriber);
      break;
    }
    const auto child = node->children.find(level);
    if (child == node->children.end()) return false;
    path.emplace_back(node, level);
    node = child->second.get();
    if (!rest) erased = drop(node->here, subscriber);
  }
  while (!path.empty() && node->empty()) {
    const auto [parent, level] = path.back();
    parent->children.erase(parent->children.find(level));
    node = parent;
    path.pop_back();
  }
  if (erased) --size_;
  return erased;
}

void TopicTree::match(std::string_view topic, std::vector<Match>& out) const {
  out.clear();
  if (size_ == 0) return;
  match_from(*root_, topic, true, out);
  if (out.size() < 2) return;
  std::ranges::sort(out, [](const Match& a, const Match& b) {
    return a.subscriber != b.subscriber ? a.subscriber < b.subscriber : a.qos > b.qos;
  });
  // The highest QoS stands first among a subscriber's entries.
  const auto repeated = std::ranges::unique(out, {}, &Match::subscriber);
  out.erase(repeated.begin(), repeated.end());
}

// Recursion is as deep as the longest filter has levels.
void TopicTree::match_from(const Node& node, std::optional<std::string_view> rest, bool first,
                           std::vector<Match>& out) const {
  // [MQTT-4.7.2-1]
  const bool wildcards = !(first && rest && rest->starts_with('$'));
  if (wildcards && (rest || profile_ == Profile::MqttStandard))
    out.insert(out.end(), node.below.begin(), node.below.end());
  if (!rest) {
    out.insert(out.end(), node.here.begin(), node.here.end());
    return;
  }
  const std::string_view level = take_level(rest);
  if (const auto child = node.children.find(level); child != node.children.end() && level != "+")
    match_from(*child->second, rest, false, out);
  if (!wildcards) return;
  if (const auto plus = node.children.find("+"); plus != node.children.end())
    match_from(*plus->second, rest, false, out);
}

}  // namespace sealane::mqtt
