// SPDX-License-Identifier: Apache-2.0
#include "policy/context.h"

#include <algorithm>

#include "policy/text.h"

namespace sealane::policy {

Context Context::in_front_of(const Context& behind) {
  Context context;
  context.behind_ = &behind;
  return context;
}

Context::Entry& Context::slot(std::string_view key) {
  std::string lower = to_lower(key);
  auto at = std::ranges::lower_bound(entries_, lower, {}, &Entry::key);
  if (at == entries_.end() || at->key != lower)
    at = entries_.insert(at, Entry{std::move(lower), Arity::Single, {}});
  return *at;
}

void Context::set(std::string_view key, std::string_view value) {
  Entry& entry = slot(key);
  entry.arity = Arity::Single;
  entry.values.assign(1, std::string(value));
}

void Context::set_list(std::string_view key, std::span<const std::string> values) {
  Entry& entry = slot(key);
  entry.arity = Arity::Multi;
  entry.values.assign(values.begin(), values.end());
}

void Context::set_certificate_field(std::string_view name, std::span<const std::string> values) {
  constexpr std::size_t kValuesMax = 5;
  const std::string key(name);
  values = values.first(std::min(values.size(), kValuesMax));
  for (std::size_t i = 0; i < kValuesMax; ++i) {
    const std::string place = key + "." + std::to_string(i);
    if (i < values.size())
      set(place, values[i]);
    else
      erase(place);
  }
  if (values.empty()) {
    erase(key);
    erase(key + ".List");
  } else {
    set(key, values.front());
    set_list(key + ".List", values);
  }
}

void Context::erase(std::string_view key) {
  const std::string lower = to_lower(key);
  std::erase_if(entries_, [&](const Entry& entry) { return entry.key == lower; });
}

const Context::Entry* Context::find(std::string_view lower_key) const {
  for (const Context* context = this; context != nullptr; context = context->behind_) {
    const auto& entries = context->entries_;
    const auto at = std::ranges::lower_bound(entries, lower_key, {}, &Entry::key);
    if (at != entries.end() && at->key == lower_key) return &*at;
  }
  return nullptr;
}

}  // namespace sealane::policy
