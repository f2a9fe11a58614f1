// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "policy/evaluate.h"

namespace sealane::policy {

// Whether something holds, or why that cannot be told.  `Unknown` never widens: it becomes
// NotEvaluable unless the rest is false anyway.
struct Truth {
  enum class Value : std::uint8_t { False, True, Unknown };
  Value value = Value::False;
  Obstacle obstacle = Obstacle::None;

  constexpr bool is_true() const { return value == Value::True; }
  constexpr bool is_false() const { return value == Value::False; }
  constexpr bool is_unknown() const { return value == Value::Unknown; }
};
constexpr Truth kTrue{Truth::Value::True, Obstacle::None};
constexpr Truth kFalse{Truth::Value::False, Obstacle::None};
constexpr Truth truth_of(bool value) { return value ? kTrue : kFalse; }
constexpr Truth unknown(Obstacle obstacle) { return {Truth::Value::Unknown, obstacle}; }
constexpr Truth negate(Truth truth) {
  return truth.is_unknown() ? truth : truth_of(truth.is_false());
}
constexpr Truth either(Truth a, Truth b) {
  if (a.is_true() || b.is_true()) return kTrue;
  return a.is_unknown() ? a : b;
}
constexpr Truth both(Truth a, Truth b) {
  if (a.is_false() || b.is_false()) return kFalse;
  return a.is_unknown() ? a : b;
}

// True if any holds; else unknown if any is; else false.
template <class Items, class Test>
Truth any_of(const Items& items, Test test) {
  Truth out = kFalse;
  for (const auto& item : items) {
    const Truth truth = test(item);
    if (truth.is_true()) return kTrue;
    if (truth.is_unknown()) out = truth;
  }
  return out;
}

template <class Items, class Test>
Truth all_of(const Items& items, Test test) {
  return negate(any_of(items, [&](const auto& item) { return negate(test(item)); }));
}

}  // namespace sealane::policy
