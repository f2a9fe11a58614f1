// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "crypto/x509_native.h"
#include "tls/connection_internal.h"

namespace sealane::tls {
namespace {

constexpr Duration kClientSessionLifetimeMax = std::chrono::hours(24);

RefusalReason reason_of(int code) {
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return RefusalReason::Expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return RefusalReason::NotYetValid;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK: return RefusalReason::WeakKey;
    case X509_V_ERR_CERT_REVOKED: return RefusalReason::Revoked;
    case X509_V_ERR_INVALID_PURPOSE: return RefusalReason::WrongRole;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED: return RefusalReason::UntrustedIssuer;
    default: return RefusalReason::Handshake;
  }
}

std::optional<Refusal> check_client(const ServerPolicy& policy,
                                    const crypto::CertificateFacts& facts) {
  // A certificate without extended key usage passes OpenSSL's purpose check; it does not pass ours.
  if (!facts.client_auth) {
    return Refusal{.reason = RefusalReason::WrongRole,
                   .detail = "the certificate is not for clients"};
  }
  return policy.check ? policy.check(facts) : std::nullopt;
}

std::optional<Refusal> check_server(const ClientPolicy& policy,
                                    const crypto::CertificateFacts& facts, X509* certificate) {
  if (!facts.server_auth) {
    return Refusal{.reason = RefusalReason::WrongRole,
                   .detail = "the certificate is not for servers"};
  }
  if (!policy.expected_uri.empty()) {
    if (auto refusal = require_uri(policy.expected_uri)(facts)) return refusal;
  }
  if (!policy.expected_host.empty()) {
    const std::string& host = policy.expected_host;
    const bool good =
        X509_check_ip_asc(certificate, host.c_str(), 0) == 1 ||
        X509_check_host(certificate, host.data(), host.size(),
                        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                        nullptr) == 1;
    ERR_clear_error();
    if (!good) {
      return Refusal{.reason = RefusalReason::WrongRole,
                     .detail = "the certificate is not that of `" + host + "`"};
    }
  }
  return std::nullopt;
}

// What is wrong with the key of `certificate`; nothing when it is strong enough.  OpenSSL's own
// level lets 224 bits of an elliptic curve pass.
std::optional<Refusal> check_key(const X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return std::nullopt;
  const int bits = EVP_PKEY_get_bits(key);
  const bool weak = (EVP_PKEY_is_a(key, "RSA") == 1 && bits < 2048) ||
                    (EVP_PKEY_is_a(key, "EC") == 1 && bits < 256);
  if (!weak) return std::nullopt;
  return Refusal{.reason = RefusalReason::WeakKey,
                 .detail = "the certificate's key has " + std::to_string(bits) + " bits"};
}

std::optional<Refusal> check_revocation(const RevocationCheck& check,
                                        const crypto::CertificateFacts& certificate,
                                        const crypto::CertificateFacts& issuer, Time now,
                                        Time& good_until) {
  if (!check) return std::nullopt;
  RevocationAnswer answer = check({certificate, issuer, now});
  const auto refuse = [&](RefusalReason reason, std::string_view otherwise) {
    return Refusal{
        .reason = reason,
        .detail = answer.detail.empty() ? std::string(otherwise) : std::move(answer.detail)};
  };
  switch (answer.state) {
    case RevocationAnswer::State::Good: good_until = answer.good_until; return std::nullopt;
    case RevocationAnswer::State::Revoked:
      return refuse(RefusalReason::Revoked, "its issuer revoked the certificate");
    case RevocationAnswer::State::Stale:
      return refuse(RefusalReason::StaleCrl, "the issuer's CRL is past its nextUpdate");
    case RevocationAnswer::State::Missing: break;
  }
  return refuse(RefusalReason::MissingCrl, "the issuer's CRL is not there");
}

std::string text_of(int code) {
  if (code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
    return "self-signed: the certificate is signed by its own key, and by no CA";
  return X509_verify_cert_error_string(code);
}

Refusal unreadable() {
  return Refusal{.reason = RefusalReason::Handshake,
                 .detail = "the certificate has fields that cannot be read"};
}

// The facts of the CA at the chain's second place.
std::shared_ptr<const crypto::CertificateFacts> issuer_in(X509_STORE_CTX* store,
                                                          const Context::Impl& context) {
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(store);
  X509* issuer = sk_X509_value(chain, sk_X509_num(chain) > 1 ? 1 : 0);
  for (const TrustedCa& ca : context.trusted) {
    if (ca.certificate.get() == issuer) return ca.facts;
  }
  auto facts = crypto::facts_of(*issuer);
  if (!facts.ok()) return nullptr;
  return std::make_shared<const crypto::CertificateFacts>(std::move(facts).value());
}

// Until when a session may live that begins now.
Time session_end(const Context::Impl& context, Time now, Time not_after, Time good_until) {
  const Duration most = context.is_server() && context.server().sessions
                            ? context.server().sessions->impl().limits.lifetime_max
                            : kClientSessionLifetimeMax;
  return std::min({not_after, good_until, now + most});
}

std::optional<Refusal> judge(X509_STORE_CTX* store, Context::Impl& context,
                             Connection::Impl& connection) {
  X509* leaf = X509_STORE_CTX_get0_cert(store);
  auto facts = crypto::facts_of(*leaf);
  if (facts.ok()) connection.peer_certificate = *facts;
  if (auto weak = check_key(leaf)) return weak;
  const Time now = context.now();
  X509_VERIFY_PARAM_set_time(
      X509_STORE_CTX_get0_param(store),
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  if (X509_verify_cert(store) != 1) {
    const int code = X509_STORE_CTX_get_error(store);
    return Refusal{.reason = reason_of(code), .detail = text_of(code)};
  }
  auto issuer = issuer_in(store, context);
  if (!facts.ok() || !issuer) return unreadable();
  // Before the checks: what changes during them is seen by the next one.
  const std::uint64_t generation = context.generation();
  Time good_until = Time::max();
  auto refusal = check_revocation(context.revocation(), *facts, *issuer, now, good_until);
  if (!refusal) {
    refusal = context.is_server() ? check_client(context.server(), *facts)
                                  : check_server(context.client(), *facts, leaf);
  }
  if (refusal) {
    refusal->verified = true;
    return refusal;
  }
  const Time ends_at =
      session_end(context, now, std::min(facts->not_after, issuer->not_after), good_until);
  connection.session_facts =
      std::make_shared<const SessionFacts>(SessionFacts{.certificate = std::move(facts).value(),
                                                        .issuer = std::move(issuer),
                                                        .generation = generation,
                                                        .ends_at = ends_at});
  return std::nullopt;
}

}  // namespace

int connection_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

Connection::Impl& connection_of(const SSL* ssl) {
  return *static_cast<Connection::Impl*>(SSL_get_ex_data(ssl, connection_index()));
}

std::optional<Refusal> check_again(const Context::Impl& context, const SessionFacts& facts) {
  const Time now = context.now();
  if (now >= facts.ends_at)
    return Refusal{.reason = RefusalReason::Expired, .detail = "the session has ended"};
  if (now < facts.certificate.not_before)
    return Refusal{.reason = RefusalReason::NotYetValid,
                   .detail = "the certificate is not yet valid"};
  if (facts.generation != context.generation())
    return Refusal{.reason = RefusalReason::Handshake,
                   .detail = "the session is of another generation"};
  Time good_until = Time::max();
  if (auto refusal =
          check_revocation(context.revocation(), facts.certificate, *facts.issuer, now, good_until))
    return refusal;
  // A client's context has one idea of its server, and the session is its own.
  return context.is_server() ? check_client(context.server(), facts.certificate) : std::nullopt;
}

int verify_peer(X509_STORE_CTX* store, void* context_impl) {
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Connection::Impl& connection = connection_of(ssl);
  connection.verdict = judge(store, *static_cast<Context::Impl*>(context_impl), connection);
  if (!connection.verdict) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }
  // Whatever is wrong, the peer hears `bad certificate`.
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

}  // namespace sealane::tls
