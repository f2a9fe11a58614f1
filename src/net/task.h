// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <string>

#include "base/result.h"

namespace sealane::net {

namespace asio = boost::asio;

// A coroutine of one thread.  Parameters by value, or references to what the task's owner owns.
template <class T = void>
using Task = asio::awaitable<T>;

// Completion token: the operation's results as a tuple, errors included.  Bind it to a name before
// taking it apart.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<>> kAwait{};

// Starts `task` on the executor's thread.  An exception that leaves it is logged with `name`
// (event `task-failed`) and ends the task alone.
void spawn(const asio::any_io_executor& executor, std::string name, Task<> task);

}  // namespace sealane::net
