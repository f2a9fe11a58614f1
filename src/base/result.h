// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace sealane {

// What a caller can act on.  The set is closed and project-wide.
enum class ErrorKind {
  Invalid,      // the input is wrong; nothing will make it right
  NotFound,     // the thing named does not exist
  Denied,       // policy, identity or a key refuses
  Conflict,     // it exists already, or somebody else changed it
  TooLarge,     // a limit is exceeded
  Timeout,      // a deadline passed
  Unavailable,  // try again later: disk full, peer down, key store away
  Corrupt,      // stored or received data fails authentication or its own structure
  Unsupported,  // this build or version cannot do it
  Internal,     // a bug, or a library that failed where it must not
};

std::string_view to_string(ErrorKind kind);

// `message` is one line, lower-case, without a final stop, user input in backticks.
// `hint` says what to do about it, in the same form; empty when there is nothing to say.
struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::Internal;
  std::string message;
  std::string hint;

  // The same error, its message preceded by `where` and a colon.
  Error within(std::string_view where) const;
};

// Builds an Error for `return`.
inline Error fail(ErrorKind kind, std::string message, std::string hint = {}) {
  return Error{kind, std::move(message), std::move(hint)};
}
// ErrorKind::Unavailable or another kind that fits `errno_value`, with the system's text.
Error fail_errno(int errno_value, std::string_view what);

// A value or an error, which cannot be dropped silently.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = E;

  Result(T value) : state_(std::move(value)) {}
  Result(E error) : state_(std::unexpected(std::move(error))) {}
  template <class U>
    requires(std::is_constructible_v<T, U &&> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, E> &&
             !std::is_same_v<std::remove_cvref_t<U>, T>)
  Result(U&& value) : state_(T(std::forward<U>(value))) {}

  bool ok() const { return state_.has_value(); }
  explicit operator bool() const { return ok(); }

  T& value() & { return SEALANE_CHECK(ok()), *state_; }
  const T& value() const& { return SEALANE_CHECK(ok()), *state_; }
  T&& value() && { return SEALANE_CHECK(ok()), *std::move(state_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const E& error() const& { return SEALANE_CHECK(!ok()), state_.error(); }
  E&& error() && { return SEALANE_CHECK(!ok()), std::move(state_).error(); }

 private:
  std::expected<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  using value_type = void;
  using error_type = E;

  Result() = default;
  Result(E error) : state_(std::unexpected(std::move(error))) {}

  bool ok() const { return state_.has_value(); }
  explicit operator bool() const { return ok(); }
  const E& error() const& { return SEALANE_CHECK(!ok()), state_.error(); }
  E&& error() && { return SEALANE_CHECK(!ok()), std::move(state_).error(); }

 private:
  std::expected<void, E> state_;
};

using Status = Result<void>;

}  // namespace sealane

#define SEALANE_CONCAT_INNER(a, b) a##b
#define SEALANE_CONCAT(a, b) SEALANE_CONCAT_INNER(a, b)
// Leaves the function with the error of `expr`, a Result whose value is not wanted.
#define SEALANE_TRY(expr)                                                                    \
  do {                                                                                       \
    if (auto sealane_try = (expr); !sealane_try.ok()) return std::move(sealane_try).error(); \
  } while (false)
// Declares or assigns `lhs` from the value of `expr`, or leaves the function with its error.
#define SEALANE_ASSIGN(lhs, expr) \
  SEALANE_ASSIGN_IMPL(SEALANE_CONCAT(sealane_r_, __LINE__), lhs, expr)
#define SEALANE_ASSIGN_IMPL(name, lhs, expr)      \
  auto name = (expr);                             \
  if (!name.ok()) return std::move(name).error(); \
  lhs = std::move(name).value()
// The same two inside a coroutine.
#define SEALANE_CO_TRY(expr)                                                                    \
  do {                                                                                          \
    if (auto sealane_try = (expr); !sealane_try.ok()) co_return std::move(sealane_try).error(); \
  } while (false)
#define SEALANE_CO_ASSIGN(lhs, expr) \
  SEALANE_CO_ASSIGN_IMPL(SEALANE_CONCAT(sealane_r_, __LINE__), lhs, expr)
#define SEALANE_CO_ASSIGN_IMPL(name, lhs, expr)      \
  auto name = (expr);                                \
  if (!name.ok()) co_return std::move(name).error(); \
  lhs = std::move(name).value()
