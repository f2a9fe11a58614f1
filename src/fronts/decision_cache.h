// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace sealane::fronts {

// Decisions about one action of one connection, by topic.  Holds only what may be kept: decisions
// that read nothing but connection-constant keys, until the next instant at which they could
// change.
//
// Owner:   one connection, one action.  A change of policy clears it.
// Bounds:  kEntriesMax topics; when full it starts anew.
class DecisionCache {
 public:
  static constexpr std::size_t kEntriesMax = 64;
  struct Entry {
    bool allowed = false;
    Time until{};
  };

  const Entry* find(std::string_view topic, Time now) const {
    const auto at = entries_.find(topic);
    return at != entries_.end() && now < at->second.until ? &at->second : nullptr;
  }
  void keep(std::string_view topic, Entry entry) {
    if (entries_.size() >= kEntriesMax) entries_.clear();
    entries_.insert_or_assign(std::string(topic), entry);
  }
  void clear() { entries_.clear(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
};

}  // namespace sealane::fronts
