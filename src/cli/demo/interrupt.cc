// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/interrupt.h"

#include <atomic>

namespace sealane::cli::demo {
namespace {

// A signal handler has nothing else to write to.
std::atomic<bool> g_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void note(int) { g_interrupted.store(true); }

}  // namespace

InterruptGuard::InterruptGuard() {
  g_interrupted.store(false);
  struct sigaction action{};
  action.sa_handler = note;
  sigemptyset(&action.sa_mask);
  (void)::sigaction(SIGINT, &action, &on_int_);
  (void)::sigaction(SIGTERM, &action, &on_term_);
}

InterruptGuard::~InterruptGuard() {
  (void)::sigaction(SIGINT, &on_int_, nullptr);
  (void)::sigaction(SIGTERM, &on_term_, nullptr);
}

bool interrupted() { return g_interrupted.load(); }

}  // namespace sealane::cli::demo
