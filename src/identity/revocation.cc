// SPDX-License-Identifier: Apache-2.0
#include "identity/revocation.h"

#include <algorithm>

namespace sealane::identity {
namespace {

constexpr std::uint64_t kCaBytesMax = 64u << 10;
constexpr std::size_t kOthersMax = 16;

Result<crypto::Certificate> read_ca(Env& env, const std::string& file) {
  const std::string where = "`" + file + "`";
  SEALANE_ASSIGN(const Bytes pem, read_file(env, file, kCaBytesMax));
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  const std::string_view text = as_text(pem);
  if (const std::size_t first = text.find(kBegin);
      first != std::string_view::npos && text.find(kBegin, first + 1) != std::string_view::npos)
    return fail(ErrorKind::Invalid, where + ": it has several certificates",
                "one file for each CA that signs devices");
  auto parsed = crypto::Certificate::from_pem(pem);
  if (!parsed.ok()) return std::move(parsed).error().within(where);
  if (!parsed->facts().is_ca)
    return fail(ErrorKind::Invalid, where + ": the certificate is not that of a CA");
  if (!crypto::is_strong_key(parsed->facts()))
    return fail(ErrorKind::Invalid,
                where + ": the CA's key is `" + parsed->facts().key_type + "`, which is too weak");
  return parsed;
}

Result<crypto::Crl> read_crl(Env& env, const std::string& file, const crypto::Certificate& ca) {
  const crypto::CrlLimits limits;
  SEALANE_ASSIGN(const Bytes bytes, read_file(env, file, limits.bytes_max));
  auto parsed = crypto::Crl::parse(bytes, limits);
  if (!parsed.ok()) return std::move(parsed).error().within("`" + file + "`");
  if (auto verified = parsed->verify(ca); !verified.ok()) {
    Error error = verified.error().within("`" + file + "`");
    // The file is wrong; nobody was refused.
    if (error.kind == ErrorKind::Denied) error.kind = ErrorKind::Invalid;
    return error;
  }
  return parsed;
}

Result<Authority> read_authority(Env& env, const AuthorityFiles& files, bool own) {
  SEALANE_ASSIGN(crypto::Certificate certificate, read_ca(env, files.ca_file));
  Authority out{.own = own,
                .ca_file = files.ca_file,
                .crl_file = files.crl_file,
                .certificate = std::move(certificate)};
  if (files.crl_file.empty()) return out;
  auto crl = read_crl(env, files.crl_file, out.certificate);
  // The own registry is asked at every handshake, so that a list of our own is optional.
  if (!crl.ok() && own && crl.error().kind == ErrorKind::NotFound) return out;
  if (!crl.ok()) return std::move(crl).error();
  out.crl = std::move(*crl);
  return out;
}

bool is_issuer(const crypto::CertificateFacts& ca, const crypto::CertificateFacts& certificate) {
  if (ca.subject != certificate.issuer) return false;
  return certificate.authority_key_id.empty() || ca.subject_key_id.empty() ||
         certificate.authority_key_id == ca.subject_key_id;
}

std::string name_of(const Authority& authority) {
  return "`" + authority.certificate.facts().subject + "`";
}

}  // namespace

std::string_view to_string(CrlState state) {
  switch (state) {
    case CrlState::Fresh: return "fresh";
    case CrlState::PastHalf: return "past-half";
    case CrlState::Expired: return "expired";
  }
  return "expired";
}

CrlState state_of(const crypto::CrlFacts& crl, Time now) {
  // A peer's clock may be a little behind that of the CA.
  constexpr Duration kClockSkew = std::chrono::minutes(5);
  if (now >= crl.next_update || now + kClockSkew < crl.this_update) return CrlState::Expired;
  return now - crl.this_update >= (crl.next_update - crl.this_update) / 2 ? CrlState::PastHalf
                                                                          : CrlState::Fresh;
}

std::string warning_of(const Authority& authority, Time now) {
  if (!authority.crl && !authority.own)
    return "`" + authority.ca_file +
           "` is trusted without a revocation list: what that CA revokes goes on being accepted "
           "until the registry revokes it";
  if (!authority.crl) return {};
  const crypto::CrlFacts& crl = authority.crl->facts();
  const std::string list = "the revocation list `" + authority.crl_file + "`";
  const std::string until = to_rfc3339(crl.next_update);
  switch (state_of(crl, now)) {
    case CrlState::Fresh: break;
    case CrlState::PastHalf:
      return list + " is past half of its life: fetch or issue the next one before " + until +
             ", or new connections are refused then";
    case CrlState::Expired:
      return list + " holds from " + to_rfc3339(crl.this_update) + " to " + until +
             ": new connections with certificates of " + name_of(authority) + " are refused";
  }
  return {};
}

Result<std::shared_ptr<const RevocationLists>> RevocationLists::load(
    Env& env, const AuthorityFiles& own, const std::vector<AuthorityFiles>& others) {
  if (others.size() > kOthersMax)
    return fail(ErrorKind::TooLarge,
                "there are more than " + std::to_string(kOthersMax) + " authorities");
  std::vector<Authority> authorities;
  if (!own.ca_file.empty()) {
    SEALANE_ASSIGN(Authority ours, read_authority(env, own, true));
    authorities.push_back(std::move(ours));
  }
  for (const AuthorityFiles& files : others) {
    SEALANE_ASSIGN(Authority other, read_authority(env, files, false));
    const crypto::CertificateFacts& facts = other.certificate.facts();
    for (const Authority& present : authorities) {
      // A certificate that names no key must still have one issuer.
      if (present.certificate.facts().subject == facts.subject)
        return fail(ErrorKind::Invalid, "the CA of `" + files.ca_file +
                                            "` has the name of that of `" + present.ca_file +
                                            "`, `" + facts.subject + "`");
    }
    authorities.push_back(std::move(other));
  }
  return std::shared_ptr<const RevocationLists>(new RevocationLists(std::move(authorities)));
}

RevocationLists::Answer RevocationLists::check(const crypto::CertificateFacts& certificate,
                                               Time now) const {
  Answer out{.detail = "no trusted authority is `" + certificate.issuer + "`"};
  // Several can fit when the certificate names no key: then each of them is asked, and the worst
  // answer holds.
  for (const Authority& authority : authorities_) {
    if (!is_issuer(authority.certificate.facts(), certificate)) continue;
    Answer answer{.verdict = Verdict::Good, .authority = &authority};
    if (authority.crl) {
      const crypto::RevokedSerial* revoked = authority.crl->find(certificate.serial);
      if (revoked != nullptr) {
        answer.verdict = Verdict::Revoked;
        answer.detail = "serial " + certificate.serial + " was revoked by " + name_of(authority) +
                        " at " + to_rfc3339(revoked->revoked_at) + " (" +
                        std::string(crypto::to_string(revoked->reason)) + ")";
        return answer;
      }
      if (state_of(authority.crl->facts(), now) == CrlState::Expired) {
        answer.verdict = Verdict::ListExpired;
        answer.detail = "the revocation list of " + name_of(authority) + ", `" +
                        authority.crl_file + "`, held from " +
                        to_rfc3339(authority.crl->facts().this_update) + " to " +
                        to_rfc3339(authority.crl->facts().next_update);
      }
    }
    if (out.verdict == Verdict::UnknownAuthority || out.verdict == Verdict::Good)
      out = std::move(answer);
  }
  return out;
}

std::string RevocationLists::trusted_pem() const {
  std::string out;
  for (const Authority& authority : authorities_) out += authority.certificate.to_pem();
  return out;
}

std::vector<std::string> RevocationLists::warnings(Time now) const {
  std::vector<std::string> out;
  for (const Authority& authority : authorities_)
    if (std::string warning = warning_of(authority, now); !warning.empty())
      out.push_back(std::move(warning));
  return out;
}

}  // namespace sealane::identity
