// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "tls/connection.h"

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

struct Context::Impl {
  ContextPtr ssl;
  std::variant<ServerPolicy, ClientPolicy> policy;
  bool is_server() const { return std::holds_alternative<ServerPolicy>(policy); }
};

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
// The certificate's facts, or nothing when they cannot be read.
std::optional<crypto::CertificateFacts> facts_of(X509* certificate);
// All that is in OpenSSL's error queue, one line; empties it.
std::string drain_errors();

}  // namespace sealane::tls
