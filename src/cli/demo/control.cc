// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/control.h"

#include <poll.h>
#include <sys/socket.h>

#include <thread>

#include "cli/demo/processes.h"
#include "cli/demo/socket.h"

namespace sealane::cli::demo {
namespace {

constexpr std::chrono::milliseconds kLimit{20'000};
constexpr Endpoint kAnyPort{0x7f000001, 0};

// Takes one connection and throws away what it brings.
std::uint64_t drain(const Descriptor& listener) {
  pollfd wait{listener.get(), POLLIN, 0};
  if (::poll(&wait, 1, static_cast<int>(kLimit.count())) != 1) return 0;
  const Descriptor socket(
      ::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket.open()) return 0;
  std::uint64_t bytes = 0;
  for (;;) {
    auto got = receive_until_closed(socket, 1 << 20, kLimit);
    if (!got.ok() || (got->bytes.empty() && !got->closed)) return bytes;
    bytes += got->bytes.size();
    if (got->closed) return bytes;
  }
}

}  // namespace

Result<std::uint64_t> run_control_hop(const ControlOptions& options, Env& env) {
  SEALANE_ASSIGN(const Descriptor listener, listen_tcp(kAnyPort));
  SEALANE_ASSIGN(RelayProcess relay, RelayProcess::start(env, "control", local_endpoint(listener),
                                                         options.capture, options.folder));
  std::uint64_t received = 0;
  std::thread sink([&] { received = drain(listener); });
  const Status sent = [&]() -> Status {
    SEALANE_ASSIGN(const Descriptor client, connect_tcp(relay.address(), kLimit));
    for (const std::string& payload : options.payloads)
      SEALANE_TRY(send_all(client, as_bytes(payload + "\n"), kLimit));
    return {};
  }();
  sink.join();
  SEALANE_TRY(sent);
  SEALANE_TRY(relay.stop());
  return received;
}

}  // namespace sealane::cli::demo
