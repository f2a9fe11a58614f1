// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "net/task.h"

namespace sealane::net {

// One thread's event loop: handle what is ready, run the turn's hooks (seal the block, flush the
// outputs), then block for the next event.
//
// Bounds:  a turn takes a few milliseconds and one handler; what is ready then waits for the next.
// Owner:   the thread that calls run(); everything of a connection happens there.
// Threads: post() and stop() from any; the rest from the owner, or before run().
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop().
  void run();
  void stop();
  // Runs `work` on the loop's thread, soon.
  void post(std::function<void()> work);
  // `hook` runs once per turn, after what was ready and before blocking, in the order added.
  // What a hook makes ready is handled before the loop blocks, in a further turn.
  void on_turn(std::function<void()> hook);
  void spawn(std::string name, Task<> task);

  asio::io_context& context() { return context_; }

 private:
  asio::io_context context_{1};
  std::vector<std::function<void()>> hooks_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace sealane::net
