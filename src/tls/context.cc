// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/x509_native.h"
#include "tls/connection_internal.h"
#include "tls/policy_internal.h"

namespace sealane::tls {
namespace {

int no_passphrase(char*, int, int, void*) { return -1; }

BioPtr bio_over(ByteSpan bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), checked_cast<int>(bytes.size())));
}

int number_of(Version version) {
  return version == Version::Tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

Error unusable(std::string_view what) {
  const std::string why = drain_errors();
  return fail(ErrorKind::Invalid, std::string(what) + (why.empty() ? "" : ": " + why));
}

Status use_credentials(Context::Impl& impl, const Credentials& credentials) {
  SSL_CTX* ssl = impl.ssl.get();
  BioPtr chain = bio_over(as_bytes(credentials.certificate_pem));
  CertificatePtr leaf(PEM_read_bio_X509(chain.get(), nullptr, no_passphrase, nullptr));
  if (!leaf || SSL_CTX_use_certificate(ssl, leaf.get()) != 1)
    return unusable("the certificate cannot be used");
  SEALANE_ASSIGN(const auto facts, crypto::facts_of(*leaf));
  impl.own_not_after = facts.not_after;
  for (;;) {
    CertificatePtr next(PEM_read_bio_X509(chain.get(), nullptr, no_passphrase, nullptr));
    if (!next) break;
    if (SSL_CTX_add1_chain_cert(ssl, next.get()) != 1)
      return unusable("the certificate chain cannot be used");
  }
  ERR_clear_error();
  BioPtr pem = bio_over(credentials.key_pem.reveal());
  KeyPtr key(PEM_read_bio_PrivateKey(pem.get(), nullptr, no_passphrase, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(ssl, key.get()) != 1)
    return unusable("the private key cannot be used");
  if (SSL_CTX_check_private_key(ssl) != 1)
    return unusable("the private key does not belong to the certificate");
  return {};
}

Status trust(Context::Impl& impl, const std::string& pem) {
  SSL_CTX* ssl = impl.ssl.get();
  BioPtr bio = bio_over(as_bytes(pem));
  for (;;) {
    CertificatePtr ca(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (!ca) break;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), ca.get()) != 1)
      return unusable("a CA certificate cannot be used");
    if (impl.is_server() && SSL_CTX_add_client_CA(ssl, ca.get()) != 1)
      return unusable("a CA certificate cannot be used");
    SEALANE_ASSIGN(auto facts, crypto::facts_of(*ca));
    impl.trusted.push_back(
        {std::move(ca), std::make_shared<const crypto::CertificateFacts>(std::move(facts))});
  }
  ERR_clear_error();
  if (impl.trusted.empty()) return fail(ErrorKind::Invalid, "there is no CA certificate to trust");
  return {};
}

Result<ContextPtr> new_context(const SSL_METHOD* method, Version version_min, Version version_max) {
  if (version_max < version_min)
    return fail(ErrorKind::Invalid, "the highest TLS version is below the lowest");
  ContextPtr ssl(SSL_CTX_new(method));
  if (!ssl) return unusable("no TLS context");
  SSL_CTX_set_options(ssl.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_clear_options(ssl.get(),
                        SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
  SSL_CTX_set_mode(ssl.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(ssl.get(), 1);
  SSL_CTX_set_session_cache_mode(ssl.get(), SSL_SESS_CACHE_OFF);
  if (SSL_CTX_set_num_tickets(ssl.get(), 0) != 1 || SSL_CTX_set_max_early_data(ssl.get(), 0) != 1 ||
      SSL_CTX_set_min_proto_version(ssl.get(), number_of(version_min)) != 1 ||
      SSL_CTX_set_max_proto_version(ssl.get(), number_of(version_max)) != 1 ||
      SSL_CTX_set_ciphersuites(ssl.get(), kSuites13) != 1 ||
      SSL_CTX_set_cipher_list(ssl.get(), kSuites12) != 1 ||
      SSL_CTX_set1_groups_list(ssl.get(), kGroups) != 1 ||
      SSL_CTX_set1_sigalgs_list(ssl.get(), kSignatures) != 1) {
    return unusable("the TLS policy cannot be set");
  }
  // A chain is a leaf under a CA of path length 0; room for one intermediate of somebody else's.
  SSL_CTX_set_verify_depth(ssl.get(), 2);
  SSL_CTX_set_security_level(ssl.get(), 2);
  return ssl;
}

int keep_hello(SSL* ssl, int*, void*) {
  connection_of(ssl).hello = copy_hello(ssl);
  return SSL_CLIENT_HELLO_SUCCESS;
}

}  // namespace

const RevocationCheck& Context::Impl::revocation() const {
  return is_server() ? server().revocation : client().revocation;
}

std::uint64_t Context::Impl::generation() const {
  return is_server() && server().generation ? server().generation() : 0;
}

Time Context::Impl::now() const {
  const Clock* clock = is_server() ? server().clock : client().clock;
  return clock == nullptr ? SystemClock().now() : clock->now();
}

Context::Context(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Context::~Context() = default;

Result<std::shared_ptr<Context>> Context::server(ServerPolicy policy) {
  if (!policy.credentials)
    return fail(ErrorKind::Invalid, "a server needs a certificate and its key");
  auto impl = std::make_unique<Impl>(std::move(policy));
  const ServerPolicy& wanted = impl->server();
  SEALANE_ASSIGN(impl->ssl, new_context(TLS_server_method(), wanted.version_min, Version::Tls13));
  SEALANE_TRY(use_credentials(*impl, *wanted.credentials));
  SSL_CTX* ssl = impl->ssl.get();
  if (wanted.client_identity == ClientIdentity::Required) {
    SEALANE_TRY(trust(*impl, wanted.trusted_ca_pem));
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    if (wanted.sessions) SEALANE_TRY(keep_sessions(*impl));
  }
  SSL_CTX_set_client_hello_cb(ssl, keep_hello, nullptr);
  SSL_CTX_set_cert_verify_callback(ssl, verify_peer, impl.get());
  return std::shared_ptr<Context>(new Context(std::move(impl)));
}

Result<std::shared_ptr<Context>> Context::client(ClientPolicy policy) {
  if (policy.expected_uri.empty() && policy.expected_host.empty()) {
    return fail(ErrorKind::Invalid,
                "a client needs to know whom it talks to: an expected URI or host");
  }
  auto impl = std::make_unique<Impl>(std::move(policy));
  const ClientPolicy& wanted = impl->client();
  SEALANE_ASSIGN(impl->ssl,
                 new_context(TLS_client_method(), wanted.version_min, wanted.version_max));
  if (wanted.credentials) SEALANE_TRY(use_credentials(*impl, *wanted.credentials));
  SEALANE_TRY(trust(*impl, wanted.trusted_ca_pem));
  SSL_CTX* ssl = impl->ssl.get();
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  if (wanted.resume) SEALANE_TRY(keep_sessions(*impl));
  SSL_CTX_set_cert_verify_callback(ssl, verify_peer, impl.get());
  return std::shared_ptr<Context>(new Context(std::move(impl)));
}

}  // namespace sealane::tls
