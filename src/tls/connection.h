// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "tls/policy.h"

namespace sealane::tls {

// What a finished handshake established.  Of a resumed session, certificate and identity are those
// of the full handshake that began it.
struct PeerFacts {
  std::string version;  // `TLSv1.3`
  std::string suite;
  std::string group;
  bool resumed = false;
  std::optional<crypto::CertificateFacts> certificate;
  std::string identity;          // the certificate's spiffe URI; empty when there is none
  Time not_after = Time::max();  // of the peer's certificate
  // The connection is not used any longer than this: the peer's certificate ends, or our own.
  Time ends_at = Time::max();
};

// One side's TLS configuration, ready for connections.
// Threads: one at a time; build one for each thread from the same policy.
class Context {
 public:
  // Errors: Invalid – credentials or CA cannot be used; names which.
  static Result<std::shared_ptr<Context>> server(ServerPolicy policy);
  // Errors: also Invalid – neither expected_uri nor expected_host is given.
  static Result<std::shared_ptr<Context>> client(ClientPolicy policy);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  explicit Context(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

enum class Step {
  Done,
  WantRead,   // call again when the descriptor is readable
  WantWrite,  // … writable
  Closed,     // the peer ended the stream; see closed_cleanly()
  Failed,     // see refusal() for a handshake, error() otherwise
};

struct Io {
  Step step = Step::Failed;
  std::size_t bytes = 0;
};

// TLS on a non-blocking socket.
//
// Lifetime: `descriptor` is borrowed and stays open longer than the connection.
// Threads:  one.
// Bounds:   a handshake is limited by OpenSSL's message limits; nothing is buffered beyond one
//           record in each direction.  An idle connection gives its buffers back.
class Connection {
 public:
  Connection(std::shared_ptr<Context> context, int descriptor);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // A server looks at the first bytes before OpenSSL does, and names a peer that does not speak
  // TLS.  Result: Done, WantRead, WantWrite or Failed.
  Step handshake();
  // Errors: Failed – the connection is unusable.
  Io read(MutableByteSpan to);
  // May take less than all; after WantRead or WantWrite repeat with the same bytes at the front.
  Io write(ByteSpan from);
  // Sends close_notify; does not wait for the peer's.
  Step shutdown();

  // Valid after handshake() returned Done.
  const PeerFacts& facts() const;
  // Valid after handshake() returned Failed.
  const Refusal& refusal() const;
  // The refusal of a handshake that is given up from outside, with what is known of the peer.
  Refusal abandon(RefusalReason reason, std::string detail);
  // Why read or write failed; one line for the operator.
  const std::string& error() const;
  // False: the transport ended without close_notify, so the end may be an attacker's.
  bool closed_cleanly() const;
  std::uint64_t bytes_received() const;
  std::uint64_t bytes_sent() const;
  // Decrypted bytes wait inside: read() will not return WantRead.
  bool has_pending() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

// What the first bytes of a connection look like: `TLS`, `MQTT`, `HTTP`, `SSH`, or `unknown`.
std::string_view guess_protocol(ByteSpan first);

}  // namespace sealane::tls
