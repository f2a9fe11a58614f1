// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

namespace sealane::cli::demo {

// While it lives, SIGINT and SIGTERM do not end the process but make interrupted() true, so that
// processes are ended and the scratch folder is removed on the way out.
//
// Owner: the run; one at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction on_int_{};
  struct sigaction on_term_{};
};

// Whether somebody asked the run to end.  Every wait of a run asks it.
bool interrupted();

}  // namespace sealane::cli::demo
