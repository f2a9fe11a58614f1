// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include "net/task.h"

namespace sealane::net {

// Waits; cancelled with the task that awaits it.
Task<Status> sleep_for(std::chrono::milliseconds time);

// The result of `operation`, or Timeout when it takes longer than `limit`; it is then cancelled.
// Costs two coroutines; a connection's own reads and writes use TlsStream::expires_after.
template <class T>
Task<Result<T>> with_deadline(Task<Result<T>> operation, std::chrono::milliseconds limit) {
  using namespace asio::experimental::awaitable_operators;
  auto first = co_await (std::move(operation) || sleep_for(limit));
  if (first.index() == 1) co_return fail(ErrorKind::Timeout, "took longer than allowed");
  co_return std::move(std::get<0>(first));
}

}  // namespace sealane::net
