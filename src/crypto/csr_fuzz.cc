// SPDX-License-Identifier: Apache-2.0
// Property: a signing request that is accepted reads the same after a round trip through PEM and is
// signed by its own key, and the certificate issued for it has the issuer's names, whatever the
// request asks for.
#include <openssl/err.h>
#include <openssl/x509.h>

#include <cstdlib>

#include "crypto/x509.h"

namespace sealane::crypto {
namespace {

const Time kNow = Time(std::chrono::seconds(1'760'000'000));

void require(bool condition) {
  if (!condition) std::abort();
}

struct Ca {
  CertificateKey key = CertificateKey::generate().value();
  Certificate certificate = make_ca_certificate(key, {.common_name = "test CA",
                                                      .not_before = kNow,
                                                      .not_after = kNow + std::chrono::hours(1)})
                                .value();
};

// Input is DER, so that a mutation is not undone by base64.
std::string pem_of(ByteSpan der) {
  return "-----BEGIN CERTIFICATE REQUEST-----\n" + to_base64(der) +
         "\n-----END CERTIFICATE REQUEST-----\n";
}

#ifdef SEALANE_PLANTED_DEFECT
// Takes a request whose structure is right for one that is signed.
bool is_signed(ByteSpan der) {
  const unsigned char* at = as_uchar(der);
  X509_REQ* request = d2i_X509_REQ(nullptr, &at, checked_cast<long>(der.size()));
  const bool out = request != nullptr && X509_REQ_get0_pubkey(request) != nullptr;
  X509_REQ_free(request);
  ERR_clear_error();
  return out;
}
#endif

void check(ByteSpan der) {
  static const Ca ca;
  const auto request = CertificateRequest::from_pem(as_bytes(pem_of(der)));
#ifdef SEALANE_PLANTED_DEFECT
  if (is_signed(der)) require(request.ok());
#endif
  if (!request.ok()) return;
  const auto again = CertificateRequest::from_pem(as_bytes(request->to_pem()));
  require(again.ok() && as_text(again->der()) == as_text(request->der()));
  const auto issued = issue_certificate(ca.certificate, ca.key, *request,
                                        {.common_name = "station-1",
                                         .uris = {"spiffe://test/device/station-1"},
                                         .uses = {KeyUse::ClientAuth},
                                         .not_before = kNow,
                                         .not_after = kNow + std::chrono::hours(1)});
  require(issued.ok());
  const CertificateFacts& facts = issued->facts();
  require(facts.subject == "CN=station-1" && facts.uris.size() == 1 && facts.dns_names.empty());
  require(!facts.is_ca && !facts.server_auth && facts.client_auth && is_strong_key(facts));
  require(verify_client_certificate(*issued, ca.certificate, kNow).ok());
}

}  // namespace
}  // namespace sealane::crypto

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::span<const unsigned char> input(data, size);
  sealane::crypto::check(std::as_bytes(input));
  static_cast<void>(sealane::crypto::CertificateRequest::from_pem(std::as_bytes(input)));
  return 0;
}
