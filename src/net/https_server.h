// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/client.h"
#include "http/head.h"
#include "net/tls_stream.h"

namespace sealane::net {

struct HttpServerLimits {
  http::HeadLimits head{};
  std::chrono::milliseconds idle_time_max{60'000};  // between requests
  std::chrono::milliseconds head_time_max{10'000};  // from a head's first byte to its last
  std::chrono::milliseconds body_time_max{30'000};  // between two pieces of a body, either way
  // A body that a handler did not read is skipped up to this; a longer one ends the connection.
  std::uint64_t skip_bytes_max = 64u << 10;
  std::uint64_t requests_max = 100'000;  // on one connection
};

// One request and the chance to answer it.
//
// Lifetime: the call of the handler.  Threads: the loop's.
class HttpExchange {
 public:
  ~HttpExchange();
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  const http::RequestHead& head() const;
  const tls::PeerFacts& peer() const;
  const std::string& peer_address() const;

  // The body's next piece; 0 at its end.  Sends `100 Continue` first when the client waits for it.
  // Errors: Timeout, Unavailable (the client left in the middle): return them from the handler.
  Task<Result<std::size_t>> read_some(MutableByteSpan to);
  // Errors: also TooLarge – the body is longer than `bytes_max`; nothing was read then.
  Task<Result<Bytes>> read_body(std::size_t bytes_max);

  // Answers.  Content-Length and Connection are added; a HEAD request gets no body.
  // Errors: Timeout, Unavailable; Conflict – answered already; Invalid – a header that cannot be.
  Task<Status> respond(std::uint16_t status, std::vector<http::OwnedHeader> headers, Bytes body);
  // The same in pieces: begin(), then write() until `content_length` bytes are written.  For a
  // HEAD request write nothing.
  Task<Status> begin(std::uint16_t status, std::vector<http::OwnedHeader> headers,
                     std::uint64_t content_length);
  Task<Status> write(Bytes piece);
  bool answered() const;
  // The connection closes after this answer.
  void close_after();

 private:
  friend class HttpConnection;
  struct State;
  explicit HttpExchange(State& state) : state_(state) {}
  State& state_;
};

// Answers one request.  An error ends the connection; returning without an answer gives a 500.
// The handler outlives its connections.
using HttpHandler = std::function<Task<Status>(HttpExchange&)>;

// Serves HTTP/1.1 on a connection until it closes.  A head that is not HTTP gets a short answer and
// the connection closes.
Task<> serve_http(TlsStream stream, HttpHandler handler, HttpServerLimits limits);

}  // namespace sealane::net
