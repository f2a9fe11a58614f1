// SPDX-License-Identifier: Apache-2.0
#include "identity/ca.h"

#include "crypto/random.h"

namespace sealane::identity {
namespace {

constexpr std::uint64_t kFileBytesMax = 64u << 10;
constexpr std::string_view kCommonNameEnd = " CA";

std::string certificate_path(const std::string& folder) { return folder + "/ca.pem"; }
std::string key_path(const std::string& folder) { return folder + "/ca.key"; }

Error not_a_name(const std::string& text) {
  return fail(ErrorKind::Invalid, "`" + text + "` is no name",
              "use 1 to 128 of A-Z a-z 0-9 . _ : - and no dot in front");
}

// Common names hold at most 64 characters; the name that counts is in the URI.
std::string short_name(const std::string& name) { return name.substr(0, 64); }

crypto::CertificateProfile leaf_profile(const Identity& identity, Time now) {
  return {.common_name = short_name(identity.name),
          .uris = {to_uri(identity)},
          .uses = {crypto::KeyUse::ClientAuth},
          .not_before = now - kBackdate,
          .not_after = now + kLeafLifetime};
}

}  // namespace

Status CertificateAuthority::create(Env& env, const std::string& folder,
                                    const std::string& pipeline, const Secret& passphrase,
                                    Time now) {
  if (!is_name(pipeline) || pipeline.size() > 60) return not_a_name(pipeline);
  SEALANE_ASSIGN(const crypto::CertificateKey key, crypto::CertificateKey::generate());
  SEALANE_ASSIGN(
      const crypto::Certificate certificate,
      crypto::make_ca_certificate(key, {.common_name = pipeline + std::string(kCommonNameEnd),
                                        .not_before = now - kBackdate,
                                        .not_after = now + kCaLifetime}));
  SEALANE_ASSIGN(const Bytes sealed_key, key.to_encrypted_pem(passphrase));
  SEALANE_TRY(env.make_folder(folder));
  // The key first: a certificate without its key would look like a CA that is complete.
  SEALANE_TRY(write_file_atomic(env, key_path(folder), sealed_key, IfExists::Refuse));
  return write_file_atomic(env, certificate_path(folder), as_bytes(certificate.to_pem()),
                           IfExists::Refuse);
}

Result<CertificateAuthority> CertificateAuthority::open(Env& env, const std::string& folder,
                                                        const Secret& passphrase) {
  SEALANE_ASSIGN(const Bytes pem, read_file(env, certificate_path(folder), kFileBytesMax));
  SEALANE_ASSIGN(crypto::Certificate certificate, crypto::Certificate::from_pem(pem));
  SEALANE_ASSIGN(const Bytes sealed_key, read_file(env, key_path(folder), kFileBytesMax));
  SEALANE_ASSIGN(crypto::CertificateKey key,
                 crypto::CertificateKey::from_encrypted_pem(sealed_key, passphrase));
  const std::string subject = certificate.facts().subject;
  constexpr std::string_view kBegin = "CN=";
  if (!certificate.facts().is_ca || !subject.starts_with(kBegin) ||
      !subject.ends_with(kCommonNameEnd)) {
    return fail(ErrorKind::Corrupt, "`" + certificate_path(folder) + "` is not a CA of ours");
  }
  std::string pipeline =
      subject.substr(kBegin.size(), subject.size() - kBegin.size() - kCommonNameEnd.size());
  if (!is_name(pipeline))
    return fail(ErrorKind::Corrupt, "`" + certificate_path(folder) + "` is not a CA of ours");
  return CertificateAuthority(std::move(pipeline), std::move(certificate), std::move(key));
}

Result<crypto::Crl> CertificateAuthority::issue_crl(std::uint64_t number,
                                                    const std::vector<RevokedCertificate>& revoked,
                                                    Time now, Duration lifetime) const {
  if (lifetime < std::chrono::minutes(1))
    return fail(ErrorKind::Invalid, "a revocation list holds for a minute at least");
  crypto::CrlProfile profile{.number = number, .this_update = now, .next_update = now + lifetime};
  for (const RevokedCertificate& each : revoked)
    profile.revoked.push_back({.serial = each.serial,
                               .revoked_at = each.revocation.at,
                               .reason = each.revocation.reason});
  return crypto::make_crl(certificate_, key_, profile);
}

Result<crypto::Certificate> CertificateAuthority::issue_node(
    const NodeRequest& node, const crypto::CertificateRequest& request, Time now) const {
  if (!is_name(node.name)) return not_a_name(node.name);
  auto profile = leaf_profile({.pipeline = pipeline_, .role = Role::Node, .name = node.name}, now);
  profile.uses = {crypto::KeyUse::ServerAuth, crypto::KeyUse::ClientAuth};
  profile.dns_names = node.dns_names;
  profile.ip_addresses = node.ip_addresses;
  return crypto::issue_certificate(certificate_, key_, request, profile);
}

Result<Issued> CertificateAuthority::generate_node(const NodeRequest& node, Time now) const {
  if (!is_name(node.name)) return not_a_name(node.name);
  SEALANE_ASSIGN(crypto::CertificateKey key, crypto::CertificateKey::generate());
  SEALANE_ASSIGN(const auto request,
                 crypto::CertificateRequest::create(key, short_name(node.name)));
  SEALANE_ASSIGN(crypto::Certificate certificate, issue_node(node, request, now));
  return Issued{std::move(certificate), std::move(key)};
}

Result<crypto::Certificate> CertificateAuthority::issue_device(
    const std::string& thing, const crypto::CertificateRequest& request, Time now) const {
  if (!is_name(thing)) return not_a_name(thing);
  const auto profile =
      leaf_profile({.pipeline = pipeline_, .role = Role::Device, .name = thing}, now);
  return crypto::issue_certificate(certificate_, key_, request, profile);
}

Result<Issued> CertificateAuthority::generate_device(const std::string& thing, Time now) const {
  if (!is_name(thing)) return not_a_name(thing);
  SEALANE_ASSIGN(crypto::CertificateKey key, crypto::CertificateKey::generate());
  SEALANE_ASSIGN(const auto request, crypto::CertificateRequest::create(key, short_name(thing)));
  SEALANE_ASSIGN(crypto::Certificate certificate, issue_device(thing, request, now));
  return Issued{std::move(certificate), std::move(key)};
}

Result<Secret> read_unlock_key(Env& env, const std::string& path) {
  SEALANE_ASSIGN(Bytes text, read_file(env, path, 4096));
  while (!text.empty() && (text.back() == std::byte{'\n'} || text.back() == std::byte{'\r'}))
    text.pop_back();
  Secret key = Secret::take(std::move(text));
  if (key.empty()) return fail(ErrorKind::Invalid, "`" + path + "` is empty");
  return key;
}

Result<Secret> read_or_make_unlock_key(Env& env, const std::string& path) {
  auto existing = read_unlock_key(env, path);
  if (existing.ok() || existing.error().kind != ErrorKind::NotFound) return existing;
  const Secret raw = crypto::random_secret(32);
  std::string hex = to_hex(raw.reveal());
  Secret key(as_bytes(hex));
  ::explicit_bzero(hex.data(), hex.size());
  SEALANE_TRY(write_file_atomic(env, path, key.reveal(), IfExists::Refuse));
  return key;
}

}  // namespace sealane::identity
