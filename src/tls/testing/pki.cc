// SPDX-License-Identifier: Apache-2.0
#include "tls/testing/pki.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "tls/connection_internal.h"

namespace sealane::tls {
namespace {

constexpr Duration kDay = std::chrono::hours(24);

Time now() { return SystemClock().now(); }

crypto::Certificate make_ca(const crypto::CertificateKey& key, const std::string& name) {
  auto ca = crypto::make_ca_certificate(
      key, {.common_name = name, .not_before = now() - kDay, .not_after = now() + kDay});
  return std::move(ca).value();
}

}  // namespace

Pki::Pki(std::string pipeline)
    : pipeline_(std::move(pipeline)),
      key_(crypto::CertificateKey::generate().value()),
      ca_(make_ca(key_, pipeline_ + " CA")),
      ca_pem_(ca_.to_pem()) {}

crypto::CertificateProfile Pki::node_profile(const std::string& name) const {
  return {.common_name = name,
          .uris = {node_uri(name)},
          .dns_names = {"localhost"},
          .ip_addresses = {"127.0.0.1"},
          .uses = {crypto::KeyUse::ServerAuth, crypto::KeyUse::ClientAuth},
          .not_before = now() - kDay,
          .not_after = now() + kDay};
}

crypto::CertificateProfile Pki::device_profile(const std::string& thing) const {
  return {.common_name = thing,
          .uris = {device_uri(thing)},
          .uses = {crypto::KeyUse::ClientAuth},
          .not_before = now() - kDay,
          .not_after = now() + kDay};
}

std::shared_ptr<const Credentials> Pki::node(const std::string& name) const {
  return issue(node_profile(name));
}
std::shared_ptr<const Credentials> Pki::device(const std::string& thing) const {
  return issue(device_profile(thing));
}

std::shared_ptr<const Credentials> Pki::issue(const crypto::CertificateProfile& profile) const {
  const auto key = crypto::CertificateKey::generate().value();
  const auto request = crypto::CertificateRequest::create(key, profile.common_name).value();
  const auto certificate = crypto::issue_certificate(ca_, key_, request, profile).value();
  return std::make_shared<const Credentials>(
      Credentials{.certificate_pem = certificate.to_pem(), .key_pem = key.to_pem().value()});
}

std::shared_ptr<const Credentials> Pki::self_signed(const std::string& name) {
  const auto key = crypto::CertificateKey::generate().value();
  const auto certificate = make_ca(key, name);
  return std::make_shared<const Credentials>(
      Credentials{.certificate_pem = certificate.to_pem(), .key_pem = key.to_pem().value()});
}

std::shared_ptr<const Credentials> Pki::weak_device(const std::string& thing,
                                                    Weakness weakness) const {
  const KeyPtr key(weakness == Weakness::Rsa1024 ? EVP_RSA_gen(1024)
                   : weakness == Weakness::P224  ? EVP_EC_gen("P-224")
                                                 : EVP_EC_gen("P-256"));
  const Secret ca_key_pem = key_.to_pem().value();
  const BioPtr ca_key_bio(
      BIO_new_mem_buf(ca_key_pem.reveal().data(), checked_cast<int>(ca_key_pem.reveal().size())));
  const KeyPtr ca_key(PEM_read_bio_PrivateKey(ca_key_bio.get(), nullptr, nullptr, nullptr));
  const BioPtr ca_bio(BIO_new_mem_buf(ca_pem_.data(), checked_cast<int>(ca_pem_.size())));
  const CertificatePtr ca(PEM_read_bio_X509(ca_bio.get(), nullptr, nullptr, nullptr));
  const CertificatePtr certificate(X509_new());
  X509* x = certificate.get();
  SEALANE_CHECK(key && ca_key && ca && x != nullptr);
  const Bytes name = to_bytes(thing);
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 77);
  X509_NAME_add_entry_by_NID(X509_get_subject_name(x), NID_commonName, MBSTRING_UTF8,
                             as_uchar(name), checked_cast<int>(name.size()), -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(ca.get()));
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, key.get());
  X509V3_CTX context;
  X509V3_set_ctx(&context, ca.get(), x, nullptr, nullptr, 0);
  const std::string uri = "URI:" + device_uri(thing);
  for (const auto& [nid, value] :
       {std::pair<int, const char*>{NID_ext_key_usage, "clientAuth"},
        std::pair<int, const char*>{NID_subject_alt_name, uri.c_str()}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    SEALANE_CHECK(extension != nullptr && X509_add_ext(x, extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }
  SEALANE_CHECK(X509_sign(x, ca_key.get(), weakness == Weakness::Sha1 ? EVP_sha1() : EVP_sha256()) >
                0);
  const BioPtr out(BIO_new(BIO_s_mem()));
  const BioPtr key_out(BIO_new(BIO_s_mem()));
  SEALANE_CHECK(PEM_write_bio_X509(out.get(), x) == 1 &&
                PEM_write_bio_PKCS8PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0,
                                              nullptr, nullptr) == 1);
  const auto text_in = [](BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return std::string(data, static_cast<std::size_t>(size));
  };
  return std::make_shared<const Credentials>(
      Credentials{.certificate_pem = text_in(out.get()),
                  .key_pem = Secret::take(to_bytes(text_in(key_out.get())))});
}

std::string Pki::crl_pem(const crypto::CrlProfile& profile) const {
  return crypto::make_crl(ca_, key_, profile).value().to_pem();
}

ServerPolicy Pki::server(const std::string& node_name) const {
  return {.credentials = node(node_name), .trusted_ca_pem = ca_pem_};
}

ClientPolicy Pki::client(std::shared_ptr<const Credentials> credentials,
                         const std::string& server_name) const {
  return {.credentials = std::move(credentials),
          .trusted_ca_pem = ca_pem_,
          .expected_uri = node_uri(server_name)};
}

}  // namespace sealane::tls
