// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tls/client_hello_internal.h"
#include "tls/connection.h"
#include "tls/session_store_internal.h"

namespace sealane::tls {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using SslPtr = std::unique_ptr<SSL, FreeWith<SSL_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, FreeWith<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;

// A CA that a context trusts.
struct TrustedCa {
  CertificatePtr certificate;
  std::shared_ptr<const crypto::CertificateFacts> facts;
};

struct Context::Impl {
  std::variant<ServerPolicy, ClientPolicy> policy;
  std::vector<TrustedCa> trusted{};
  Time own_not_after = Time::max();
  // The session id context: sessions of another one are not found.
  std::string scope{};
  ContextPtr ssl{};

  // The newest session of a client's connections.
  std::mutex kept_mutex{};
  SessionPtr kept{};

  bool is_server() const { return std::holds_alternative<ServerPolicy>(policy); }
  const ServerPolicy& server() const { return std::get<ServerPolicy>(policy); }
  const ClientPolicy& client() const { return std::get<ClientPolicy>(policy); }
  const RevocationCheck& revocation() const;
  std::uint64_t generation() const;
  Time now() const;

  // A copy of the session that a client may offer; null when there is none.
  SessionPtr session_to_offer();
  void keep(SessionPtr session);
};

// Makes a context keep and resume sessions; `impl` is where its policy and its scope are.
Status keep_sessions(Context::Impl& impl);

// A socket as OpenSSL sees it.
struct SocketState {
  int descriptor = -1;
  bool at_end = false;
  int error = 0;  // errno of the last call that failed for good
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
};
// A BIO over `state`, which outlives it.  Never raises SIGPIPE.
BioPtr socket_bio(SocketState& state);

struct Connection::Impl {
  std::shared_ptr<Context> context;
  SocketState socket;
  SslPtr ssl;
  bool sniffed = false;
  bool handshaken = false;
  bool clean_end = false;
  PeerFacts facts;
  Refusal refusal;
  std::string error;
  // What the verify callback saw.
  std::optional<Refusal> verdict;
  std::optional<crypto::CertificateFacts> peer_certificate;
  SessionFactsPtr session_facts;  // of a full handshake whose peer was let in
  std::optional<RawHello> hello;  // at a server

  Impl() = default;
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  // A fatal error of TLS itself: RFC 8446 §6.2 has its session forgotten.
  void forget_session();
  Step fail_handshake(RefusalReason reason, std::string detail);
  Step sniff();
  Step after(int result);
  Step handshake_failed();
  void collect_facts();
};

// Decides about the peer's chain for a connection whose Impl hangs on the SSL.
int verify_peer(X509_STORE_CTX* store, void* context_impl);
// Where a Connection::Impl hangs on its SSL.
int connection_index();
Connection::Impl& connection_of(const SSL* ssl);
// What speaks against resuming a session now.
std::optional<Refusal> check_again(const Context::Impl& context, const SessionFacts& facts);
// All that is in OpenSSL's error queue, one line; empties it.
std::string drain_errors();

}  // namespace sealane::tls
