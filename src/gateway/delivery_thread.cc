// SPDX-License-Identifier: Apache-2.0
#include "gateway/delivery_thread.h"

#include <algorithm>

#include "base/log.h"

namespace sealane::gateway {
namespace {

// How long newly durable records wait at most before they are looked at.
constexpr Duration kLookInterval = std::chrono::milliseconds(50);

}  // namespace

void DeliveryThread::start() {
  thread_ = std::thread([this] { loop(); });
}

void DeliveryThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void DeliveryThread::loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const Time now = clock_.now();
    const DeliveryStep step = delivery_.step(now);
    report(step);
    lock.lock();
    if (step.progressed) continue;
    const Duration until =
        step.next_attempt == Time::max() ? kLookInterval : step.next_attempt - now;
    const Duration pause = step.error ? std::max(until, kLookInterval)
                                      : std::clamp(until, Duration(1000), kLookInterval);
    wake_.wait_for(lock, pause, [this] { return stopping_; });
  }
}

void DeliveryThread::report(const DeliveryStep& step) {
  if (step.stored)
    log::write(log::Level::Info, "bundle-stored",
               {{"name", step.stored->name},
                {"index", step.stored->index},
                {"first", step.stored->first},
                {"last", step.stored->last},
                {"bytes", step.stored->size}});
  if (step.error)
    log::write(
        log::Level::Error, "delivery-failed",
        {{"detail", step.error->message}, {"kind", std::string(to_string(step.error->kind))}});
}

}  // namespace sealane::gateway
