// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "net/loop.h"
#include "net/tls_stream.h"

namespace sealane::net {

// Who connected, after a good handshake.  The stream ends when the certificate of either side does.
using OnConnection = std::function<Task<>(TlsStream)>;
// Called once for each connection that was refused, with `ip:port`.
using OnRefusal = std::function<void(const std::string& peer, const tls::Refusal&)>;

// Accepts TLS connections on one loop.  Several loops listen on the same port (SO_REUSEPORT) and
// share the connections; each connection stays with its loop.
//
// Owner:   the loop's thread; lives as long as the loop runs.
// Threads: the loop's; open() and active() before run() too.
class TlsListener {
 public:
  struct Limits {
    std::size_t connections_max = 20'000;
    std::size_t handshakes_max = 512;  // at the same time; further connections wait in the backlog
    std::chrono::milliseconds handshake_time_max{10'000};
    // Of one address (IPv6: one /64) on this loop: further connections wait for their turn, at most
    // handshake_time_max and at most so many; who does not get one is refused (`source-limit`).
    std::size_t handshakes_per_source_max = 64;
    std::size_t waiting_per_source_max = 2048;
    TlsStream::Limits stream{};
  };
  struct Options {
    std::string name{};  // for log lines
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: the system chooses; see port()
    Limits limits{};
    const Clock* clock = nullptr;  // for certificates' ends; null: the system's; outlives this
  };

  // Binds and listens; accepting starts with start().
  // Errors: Unavailable – the address is in use or not ours; Invalid – not an address.
  static Result<std::unique_ptr<TlsListener>> open(Loop& loop, Options options,
                                                   std::shared_ptr<tls::Context> context);
  ~TlsListener();

  void start(OnConnection on_connection, OnRefusal on_refusal);
  // New connections get this configuration; those that are open keep theirs.
  void set_context(std::shared_ptr<tls::Context> context);
  void stop();

  std::uint16_t port() const;
  const std::string& name() const;
  // Connections now, those that shake hands included.
  std::size_t active() const;

 private:
  struct State;
  explicit TlsListener(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace sealane::net
