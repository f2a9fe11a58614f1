// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "tls/connection.h"

namespace sealane::tls {

struct Endpoint {
  std::string host;  // name or address
  std::uint16_t port = 0;
};

// A plain TCP connection, for attempts that must fail and for tests.  Threads: one.
class PlainSocket {
 public:
  // Errors: Unavailable – refused or no such host; Timeout.
  static Result<PlainSocket> connect(const Endpoint& to, Duration timeout,
                                     const std::atomic<bool>* interrupted = nullptr);
  ~PlainSocket();
  PlainSocket(PlainSocket&& other) noexcept;
  PlainSocket& operator=(PlainSocket&& other) noexcept;

  // Result: bytes read; 0 at the end of the stream.  Errors: Timeout, Unavailable (reset).
  Result<std::size_t> read(MutableByteSpan to, Duration timeout);
  Status write(ByteSpan from, Duration timeout);
  int descriptor() const { return descriptor_; }

 private:
  explicit PlainSocket(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

// A TLS client that blocks: for commands, the demonstration and tests.  Threads: one.
class BlockingClient {
 public:
  // Connects and shakes hands within `timeout`.
  // Errors: Unavailable, Timeout, Denied (the handshake failed; the message says why).
  // With TLS 1.3 a server may still refuse the client's certificate: the first read then fails.
  static Result<BlockingClient> connect(const Endpoint& to, const ClientPolicy& policy,
                                        Duration timeout);
  // The connections of one context resume the session of the one before.
  // When `*interrupted` becomes true, on any thread, what waits here and later fails with
  // Unavailable.  It outlives the client.
  static Result<BlockingClient> connect(const Endpoint& to, std::shared_ptr<Context> context,
                                        Duration timeout,
                                        const std::atomic<bool>* interrupted = nullptr);
  ~BlockingClient();
  BlockingClient(BlockingClient&&) noexcept;
  BlockingClient& operator=(BlockingClient&&) noexcept;

  // Result: bytes read; 0 after the peer's close_notify.  Errors: Timeout; Denied (an alert);
  //         Unavailable (the transport ended without close_notify).
  Result<std::size_t> read(MutableByteSpan to, Duration timeout);
  // Writes all of it.
  Status write(ByteSpan from, Duration timeout);
  // Sends close_notify and closes.
  void close();
  const PeerFacts& facts() const;

 private:
  struct Impl;
  explicit BlockingClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sealane::tls
