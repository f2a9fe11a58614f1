// SPDX-License-Identifier: Apache-2.0
#include "tls/testing/pki.h"

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
