// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "crypto/x509.h"
#include "tls/session_store.h"

namespace sealane::tls {

struct SessionFree {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SessionPtr = std::unique_ptr<SSL_SESSION, SessionFree>;

// What the full handshake that began a session found.  Threads: immutable.
struct SessionFacts {
  crypto::CertificateFacts certificate;
  std::shared_ptr<const crypto::CertificateFacts> issuer;  // the CA that signed it
  std::uint64_t generation = 0;                            // of ServerPolicy::generation
  Time ends_at{};
};
using SessionFactsPtr = std::shared_ptr<const SessionFacts>;

// A session of its own, with the same facts.
SessionPtr copy_of(const SSL_SESSION* session);

// Facts travel with a session, also into the one that a resumption makes of it.
void attach_facts(SSL_SESSION* session, SessionFactsPtr facts);
SessionFactsPtr facts_in(const SSL_SESSION* session);

struct SessionStore::Impl {
  explicit Impl(Limits bounds) : limits(bounds) {}

  const Limits limits;

  // INVARIANT: nobody else refers to a session that is kept here, so that it never changes: OpenSSL
  // marks a connection's own session when the connection breaks.
  //
  // `key` is the session's scope and its id.
  void put(const std::string& key, SessionPtr session);
  // A copy; null when there is none.
  SessionPtr find(const std::string& key);
  void resumed();
  void refuse(const std::string& key);
  void remove(const std::string& key);

  struct Entry {
    std::string key;
    SessionPtr session;
    SessionFactsPtr facts;
  };
  using Entries = std::list<Entry>;
  using Chain = std::vector<Entries::iterator>;  // of one certificate, the newest last

  // Takes an entry out; the caller frees it without the lock.
  void take(Entries::iterator at, Entries& out);

  mutable std::mutex mutex;
  Entries entries;  // the one used last comes first
  std::unordered_map<std::string, Entries::iterator> by_key;
  std::unordered_map<std::string, Chain> by_certificate;
  Counts counts;
};

}  // namespace sealane::tls
