// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "net/loop.h"
#include "net/task.h"
#include "tls/connection.h"

namespace sealane::net {

// `ip:port` of who is at the other end; `unknown` once it has left.
std::string peer_of(const asio::ip::tcp::socket& socket);

// A TLS connection on a loop: reads are awaited, writes are appended to an output buffer and sent
// by flush() without waiting.
//
// Lifetime: copies share the connection; it closes with the last copy or with close().  Waits
//           inside a copy's calls keep it alive.
// Threads:  the loop's.
// Bounds:   limits.output_bytes_max; one record each way inside TLS.
class TlsStream {
 public:
  struct Limits {
    std::size_t output_bytes_max = 4u << 20;
    // drained() waits until no more than this is unsent.
    std::size_t output_bytes_low = 64u << 10;
  };

  // Takes the socket over; sets it non-blocking and TCP_NODELAY.
  TlsStream(asio::ip::tcp::socket socket, std::shared_ptr<tls::Context> context, Limits limits);
  TlsStream(asio::ip::tcp::socket socket, std::shared_ptr<tls::Context> context)
      : TlsStream(std::move(socket), std::move(context), Limits()) {}

  // The deadline of everything awaited on this stream until the next call; at the deadline what
  // waits returns Timeout.  Cheap: one timer per connection, re-armed only when it fires early.
  void expires_after(std::chrono::milliseconds time);
  void expires_never();

  // Ends the stream when `clock` reaches `at`: what waits returns Denied with `why`, and so does
  // every later read and write; close_gracefully still sends close_notify.  The clock is looked at
  // when it should be `at`, and once a minute, as it may be set.  TlsListener does this for the end
  // of either side's certificate.  `clock` outlives the stream.
  void end_at(Time at, const Clock& clock, std::string why);
  // Looks at the clock now; true when the stream has ended.
  bool end_if_due();
  // Ends it now, in the same way.
  void end(std::string why);
  // Why the stream was ended; empty while it was not.
  const std::string& ended_because() const;

  // Shakes hands within `limit`, and afterwards leaves the stream without a deadline.
  // Errors: a Refusal, also when time is out or the peer leaves.
  Task<Result<tls::PeerFacts, tls::Refusal>> handshake(std::chrono::milliseconds limit);

  // Reads what there is, at least one byte; 0 at the end of the stream.
  // Errors: Timeout, Unavailable (reset, or ended without close_notify), Denied (alert, or end()).
  Task<Result<std::size_t>> read_some(MutableByteSpan to);
  // The same without waiting; nothing when there is nothing to read now.
  std::optional<Result<std::size_t>> try_read(MutableByteSpan to);

  // Appends to the output buffer.
  // Errors: TooLarge – the peer does not take its data and the buffer is full; close it.
  //         Unavailable – the stream failed or is closed.  Denied – it was ended.
  Status write(ByteSpan data);
  // Sends what the socket takes now; the rest follows by itself when it becomes writable.
  void flush();
  // Bytes appended and not yet taken by the socket.
  std::size_t unsent() const;
  // Flushes, and waits until unsent() is at most limits.output_bytes_low (back-pressure) …
  Task<Status> drained();
  // … or nothing.
  Task<Status> drained_all();

  // Sends close_notify if the socket takes it, and closes.  Waits end with Unavailable.
  void close();
  // Sends everything and close_notify, waits for the peer's end at most `limit`, and closes.
  Task<> close_gracefully(std::chrono::milliseconds limit);
  // Ends our side and takes what the peer still sends for at most `limit`, so that a reset does not
  // overtake what was sent last; then closes.
  Task<> linger(std::chrono::milliseconds limit);
  bool is_open() const;

  const tls::PeerFacts& facts() const;
  const std::string& peer_address() const;  // `ip:port`
  std::uint64_t bytes_received() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Connects and shakes hands.  `host` is a name or an address.
// Errors: Unavailable, Timeout, Denied (handshake; the message says why).
Task<Result<TlsStream>> connect_tls(std::string host, std::uint16_t port,
                                    std::shared_ptr<tls::Context> context,
                                    std::chrono::milliseconds limit);

}  // namespace sealane::net
