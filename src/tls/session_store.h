// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "crypto/x509.h"

namespace sealane::tls {

// The sessions that a listener's clients may resume, for all of its threads and contexts.  A
// session stays here; the client gets a random name of it and no ticket with content.
//
// A session is found only under the listener, the identity policy and the CAs that it began with.
// Each resumption checks the stored certificate again (dates, CRL, PeerCheck, generation); what
// does not pass is forgotten, and a full handshake decides.  A session ends with its certificate,
// with the CRL that it was judged by, or after lifetime_max since its full handshake, whichever is
// first; resuming does not make it live longer.
//
// Source:  RFC 8446 §2.2, §4.6.1; RFC 5246 §7.3.
// Bounds:  limits; the session used longest ago goes first.  About 13 KiB each, with a P-256
//          certificate; sessions of one full handshake share the certificate.
// Threads: any; one lock.
class SessionStore {
 public:
  struct Limits {
    std::size_t sessions_max = 10'000;
    // A resumption begins a further session; a client that uses the old one again may.
    std::size_t sessions_per_certificate_max = 4;
    Duration lifetime_max = std::chrono::hours(24);
  };
  struct Counts {
    std::uint64_t stored = 0;
    std::uint64_t found = 0;    // asked for and resumed
    std::uint64_t unknown = 0;  // asked for and not here
    std::uint64_t refused = 0;  // here, and the check said no
    std::uint64_t evicted = 0;  // to stay within the limits
    std::uint64_t erased = 0;   // by the functions below
  };

  static std::shared_ptr<SessionStore> create(Limits limits);
  static std::shared_ptr<SessionStore> create() { return create(Limits()); }
  ~SessionStore();
  SessionStore(const SessionStore&) = delete;
  SessionStore& operator=(const SessionStore&) = delete;

  // Forget the sessions of a certificate, of those that `gone` names, or all; and say how many.  A
  // handshake that is under way may add one afterwards; it is checked when it is resumed.
  std::size_t erase(const std::string& certificate_sha256);
  // `gone` runs under the lock: it is short and does not call the store.
  std::size_t erase_if(const std::function<bool(const crypto::CertificateFacts&)>& gone);
  std::size_t clear();

  std::size_t size() const;
  Counts counts() const;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  explicit SessionStore(Limits limits);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sealane::tls
