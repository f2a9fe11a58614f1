// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "gateway/delivery.h"

namespace sealane::gateway {

// Runs delivery's steps on a thread of its own until it is told to stop.
// Threads: start and stop from one.
class DeliveryThread {
 public:
  DeliveryThread(Delivery& delivery, const Clock& clock) : delivery_(delivery), clock_(clock) {}
  ~DeliveryThread() { stop(); }
  DeliveryThread(const DeliveryThread&) = delete;
  DeliveryThread& operator=(const DeliveryThread&) = delete;

  void start();
  void stop();

 private:
  void loop();
  void report(const DeliveryStep& step);

  Delivery& delivery_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sealane::gateway
