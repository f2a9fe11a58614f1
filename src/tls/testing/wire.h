// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/check.h"
#include "tls/connection.h"

namespace sealane::tls {

// Two ends of a connection in one thread.
struct Wire {
  Wire() { SEALANE_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0); }
  ~Wire() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  std::array<int, 2> ends{};
};

struct Outcome {
  Step client = Step::WantRead;
  Step server = Step::WantRead;
};

inline bool is_over(Step step) { return step == Step::Done || step == Step::Failed; }

inline Outcome shake_hands(Connection& client, Connection& server) {
  Outcome out;
  for (int turn = 0; turn < 50 && !(is_over(out.client) && is_over(out.server)); ++turn) {
    if (!is_over(out.client)) out.client = client.handshake();
    if (!is_over(out.server)) out.server = server.handshake();
  }
  return out;
}

}  // namespace sealane::tls
