// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls/connection_internal.h"

namespace sealane::tls {
namespace {

RefusalReason reason_of(int code) {
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID: return RefusalReason::Expired;
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

std::optional<Refusal> judge(X509_STORE_CTX* store, Context::Impl& context,
                             Connection::Impl& connection) {
  const bool chain_good = X509_verify_cert(store) == 1;
  X509* leaf = X509_STORE_CTX_get0_cert(store);
  connection.peer_certificate = facts_of(leaf);
  if (!chain_good) {
    const int code = X509_STORE_CTX_get_error(store);
    return Refusal{.reason = reason_of(code), .detail = X509_verify_cert_error_string(code)};
  }
  if (!connection.peer_certificate) {
    return Refusal{.reason = RefusalReason::Handshake,
                   .detail = "the certificate has fields that cannot be read"};
  }
  if (context.is_server())
    return check_client(std::get<ServerPolicy>(context.policy), *connection.peer_certificate);
  return check_server(std::get<ClientPolicy>(context.policy), *connection.peer_certificate, leaf);
}

}  // namespace

int connection_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

std::optional<crypto::CertificateFacts> facts_of(X509* certificate) {
  const int size = i2d_X509(certificate, nullptr);
  if (size <= 0) return std::nullopt;
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* to = as_uchar(MutableByteSpan(der));
  i2d_X509(certificate, &to);
  // TODO(perf): this parses the certificate a second time, about 80 us.
  auto parsed = crypto::Certificate::from_der(der);
  if (!parsed.ok()) return std::nullopt;
  return parsed->facts();
}

int verify_peer(X509_STORE_CTX* store, void* context_impl) {
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* connection = static_cast<Connection::Impl*>(SSL_get_ex_data(ssl, connection_index()));
  connection->verdict = judge(store, *static_cast<Context::Impl*>(context_impl), *connection);
  if (!connection->verdict) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }
  // Whatever is wrong, the peer hears `bad certificate`.
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

}  // namespace sealane::tls
