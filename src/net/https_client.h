// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/client.h"
#include "http/head.h"
#include "tls/blocking_client.h"
#include "tls/connection.h"

namespace sealane::net {

// An HTTPS client for one peer, with one connection that is kept and opened again when it went
// stale or a certificate ended; a new one resumes the last one's session.  Blocks.
//
// A request is sent a second time only if the kept connection ended before a byte of the answer
// came, which a server does with a connection that was idle; requests must be safe to repeat
// (create-only PUTs are: the second meets the first's object).
//
// Threads: one caller at a time; interrupt() from any.
class HttpsClient final : public http::HttpClient {
 public:
  struct Options {
    tls::Endpoint endpoint;
    tls::ClientPolicy policy;
    Duration connect_timeout = std::chrono::seconds(10);
    Duration io_timeout = std::chrono::seconds(30);  // for each wait
    http::HeadLimits head{};
    // Called after each handshake (event `upstream-open`).
    std::function<void(const tls::PeerFacts&)> on_open{};
  };
  // Errors: Invalid – the policy's credentials or CA cannot be used.
  static Result<std::unique_ptr<HttpsClient>> create(Options options);
  ~HttpsClient() override;

  Result<http::Response> send(const http::Request& request) override;
  // Of the connection now open; nothing when there is none.
  std::optional<tls::PeerFacts> facts() const;
  // Later requests use a new connection.
  void close();
  // Later requests use a new connection with this certificate and these CAs.  Threads: any.
  // Errors: Invalid – they cannot be used; the client goes on as before.
  Status set_identity(std::shared_ptr<const tls::Credentials> credentials,
                      std::string trusted_ca_pem);
  // What waits, and every later request, fails with Unavailable within a moment.  Threads: any.
  // The look-up of a host name is not cut short.
  void interrupt();

 private:
  struct State;
  explicit HttpsClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sealane::net
