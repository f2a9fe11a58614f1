// SPDX-License-Identifier: Apache-2.0
#include "cli/trust.h"

#include <sys/stat.h>

namespace sealane::cli {
namespace {

bool exists(const std::string& path) {
  struct stat facts{};
  return ::stat(path.c_str(), &facts) == 0;
}

}  // namespace

Result<std::shared_ptr<const identity::RevocationLists>> load_trust(Env& env,
                                                                    const LoadedPipeline& loaded) {
  identity::AuthorityFiles own;
  if (exists(loaded.trust_ca())) own = {loaded.trust_ca(), loaded.trust_crl()};
  std::vector<identity::AuthorityFiles> others;
  for (const pipeline::ExternalAuthority& authority : loaded.pipeline.authorities)
    others.push_back({.ca_file = loaded.folder + "/" + authority.ca_file,
                      .crl_file = authority.crl_file.empty()
                                      ? std::string()
                                      : loaded.folder + "/" + authority.crl_file});
  return identity::RevocationLists::load(env, own, others);
}

Result<IssuedCrl> issue_crl(Env& env, const LoadedPipeline& loaded,
                            const identity::CertificateAuthority& ca, identity::Registry& registry,
                            Duration lifetime, Time now) {
  SEALANE_ASSIGN(const std::vector<identity::RevokedCertificate> revoked, registry.revoked(now));
  SEALANE_ASSIGN(const std::uint64_t number, registry.next_crl_number());
  SEALANE_ASSIGN(const crypto::Crl crl, ca.issue_crl(number, revoked, now, lifetime));
  SEALANE_TRY(write_public(env, loaded.trust_crl(), as_bytes(crl.to_pem())));
  return IssuedCrl{.file = loaded.trust_crl(),
                   .number = number,
                   .entries = crl.facts().revoked.size(),
                   .this_update = crl.facts().this_update,
                   .next_update = crl.facts().next_update};
}

RefreshedCrl refresh_crl(Env& env, const LoadedPipeline& loaded, identity::Registry& registry,
                         IfNoCrl if_none, Time now) {
  const auto present = read_file(env, loaded.trust_crl(), crypto::CrlLimits().bytes_max);
  if (!present.ok() && present.error().kind == ErrorKind::NotFound && if_none == IfNoCrl::Leave)
    return {.note = "this pipeline has no revocation list; `sealane ca crl` issues one"};
  Duration lifetime = identity::kCrlLifetime;
  if (present.ok()) {
    if (const auto crl = crypto::Crl::parse(*present); crl.ok())
      lifetime = crl->facts().next_update - crl->facts().this_update;
  }
  const auto not_refreshed = [](const Error& error) {
    return RefreshedCrl{.note = "the revocation list is as before: " + error.message +
                                "; run `sealane ca crl` where the CA's key is"};
  };
  const auto ca = open_ca(env, loaded);
  if (!ca.ok()) return not_refreshed(ca.error());
  auto issued = issue_crl(env, loaded, *ca, registry, lifetime, now);
  if (!issued.ok()) return not_refreshed(issued.error());
  return {.issued = std::move(*issued)};
}

std::string to_text(const RefreshedCrl& crl) {
  if (!crl.issued) return "note: " + crl.note + "\n";
  return "revocation list " + std::to_string(crl.issued->number) + ": " + crl.issued->file +
         ", until " + to_rfc3339(crl.issued->next_update) + "\n";
}

void write_issued(json::Writer& out, const IssuedCrl& crl) {
  out.field("file", crl.file)
      .field("number", crl.number)
      .field("entries", static_cast<std::uint64_t>(crl.entries))
      .field("this_update", to_rfc3339(crl.this_update))
      .field("next_update", to_rfc3339(crl.next_update));
}

void write_refreshed(json::Writer& out, const RefreshedCrl& crl) {
  out.key("crl");
  if (crl.issued) {
    out.begin_object();
    write_issued(out, *crl.issued);
    out.end_object();
  } else {
    out.null();
  }
  out.field("crl_note", crl.note);
}

void add_reason_option(CLI::App* command, crypto::RevocationReason& reason) {
  std::vector<std::string> words;
  for (const crypto::RevocationReason each : crypto::kRevocationReasons)
    words.emplace_back(crypto::to_string(each));
  command
      ->add_option_function<std::string>(
          "--reason",
          [&reason](const std::string& word) {
            reason = crypto::revocation_reason_of(word).value_or(reason);
          },
          "why, for the revocation list")
      ->check(CLI::IsMember(words))
      ->type_name("REASON")
      ->default_str("unspecified");
}

}  // namespace sealane::cli
