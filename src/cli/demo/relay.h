// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"
#include "cli/demo/pcap.h"
#include "cli/demo/socket.h"

namespace sealane::cli::demo {

struct RelayOptions {
  Endpoint listen;  // port 0: any free one
  Endpoint to;
  std::string capture;  // file; must not exist
  std::uint64_t capture_bytes_max = kCaptureBytesMax;
  std::size_t connections_max = 256;
};

// One connection that went through the relay.
struct Relayed {
  Endpoint client;
  Endpoint seen_as;               // the address from which the listener saw it come
  std::uint64_t to_listener = 0;  // payload bytes
  std::uint64_t to_client = 0;
  bool closed = false;
};
// One line of JSON: {"client", "seen_as", "to_listener", "to_client", "closed"}.
std::string to_json_line(const Relayed& relayed);

// Forwards TCP connections both ways and records every byte before it passes it on.  It looks at
// nothing and ends no TLS: it is the wire, made visible.
//
// Errors:   of run(): TooLarge – the capture reached its limit; every connection is closed then, so
//           that no byte passes unrecorded.  Unavailable – the capture cannot be written.
// Bounds:   connections_max connections (more are closed at once), 64 KiB of buffer for each
//           direction of each.
// Threads:  run() on one thread.
class Relay {
 public:
  // `report` gets each connection when it opens and when it closes.
  static Result<Relay> open(const RelayOptions& options, Env& env, const Clock& clock,
                            std::function<void(const Relayed&)> report);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  Relay(Relay&&) noexcept;
  Relay& operator=(Relay&&) = delete;
  ~Relay();

  Endpoint address() const;
  // Until `stop` becomes readable.
  Status run(int stop);

 private:
  struct Pair;
  struct State;
  explicit Relay(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sealane::cli::demo
