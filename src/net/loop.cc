// SPDX-License-Identifier: Apache-2.0
#include "net/loop.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <exception>
#include <utility>

#include "base/log.h"
#include "net/deadline.h"

namespace sealane::net {

void spawn(const asio::any_io_executor& executor, std::string name, Task<> task) {
  asio::co_spawn(executor, std::move(task), [name = std::move(name)](std::exception_ptr escaped) {
    if (!escaped) return;
    std::string what = "unknown exception";
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& e) {
      what = e.what();
    } catch (...) {
    }
    log::write(log::Level::Error, "task-failed", {{"task", name}, {"what", what}});
  });
}

Task<Status> sleep_for(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  const auto result = co_await timer.async_wait(kAwait);
  if (std::get<0>(result)) co_return fail(ErrorKind::Unavailable, "cancelled");
  co_return Status();
}

Loop::Loop() = default;
Loop::~Loop() = default;

namespace {

// A turn ends after this time though more is ready, so that hooks run while peers send without a
// pause.
constexpr std::chrono::milliseconds kTurnTimeMax{5};

}  // namespace

void Loop::run() {
  const auto work = asio::make_work_guard(context_);
  while (!stopped_.load(std::memory_order_acquire)) {
    const auto end = std::chrono::steady_clock::now() + kTurnTimeMax;
    while (context_.poll_one() != 0 && std::chrono::steady_clock::now() < end) {
    }
    for (const auto& hook : hooks_) hook();
    if (stopped_.load(std::memory_order_acquire)) break;
    context_.run_one();
  }
}

void Loop::stop() {
  stopped_.store(true, std::memory_order_release);
  asio::post(context_, [] {});  // wakes run_one()
}

void Loop::post(std::function<void()> work) { asio::post(context_, std::move(work)); }

void Loop::on_turn(std::function<void()> hook) { hooks_.push_back(std::move(hook)); }

void Loop::spawn(std::string name, Task<> task) {
  net::spawn(context_.get_executor(), std::move(name), std::move(task));
}

}  // namespace sealane::net
