// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "cli/demo/pcap.h"

namespace sealane::cli::demo {

// A descriptor that is closed when it goes.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void close();

 private:
  int fd_ = -1;
};

// `127.0.0.1:8883` and `localhost:8883`; IPv4 only.
Result<Endpoint> parse_endpoint(std::string_view text);

// Plain TCP, for the relay and for clients that speak no TLS on purpose.  Sockets do not block and
// are closed on exec.
// Errors: Unavailable or Timeout, with the address.
Result<Descriptor> listen_tcp(const Endpoint& at);
Result<Descriptor> connect_tcp(const Endpoint& to, std::chrono::milliseconds limit);
Endpoint local_endpoint(const Descriptor& socket);
Endpoint remote_endpoint(const Descriptor& socket);

// Sends all of `bytes`.
Status send_all(const Descriptor& socket, ByteSpan bytes, std::chrono::milliseconds limit);
// Receives until the peer closes, `bytes_max` are there, or the time is over; a reset connection
// counts as closed.  Result: what came.
struct Received {
  Bytes bytes;
  bool closed = false;
};
Result<Received> receive_until_closed(const Descriptor& socket, std::size_t bytes_max,
                                      std::chrono::milliseconds limit);

}  // namespace sealane::cli::demo
