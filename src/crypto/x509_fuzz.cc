// SPDX-License-Identifier: Apache-2.0
// Property: a certificate that is accepted is exactly the bytes given, reads the same after a round
// trip through PEM, and has no name with a character that is not printed.
#include <openssl/err.h>
#include <openssl/x509.h>

#include <cstdlib>

#include "crypto/x509.h"

namespace sealane::crypto {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_printable(const std::string& text) {
  for (const char c : text) {
    if (c < 0x21 || c > 0x7e) return false;
  }
  return true;
}

#ifdef SEALANE_PLANTED_DEFECT
// Does not look at what follows the certificate: two files, one certificate.
bool accepts(ByteSpan der) {
  const unsigned char* at = as_uchar(der);
  X509* parsed = d2i_X509(nullptr, &at, checked_cast<long>(der.size()));
  ERR_clear_error();
  X509_free(parsed);
  return parsed != nullptr;
}
#endif

void check(ByteSpan der) {
  const auto parsed = Certificate::from_der(der);
#ifdef SEALANE_PLANTED_DEFECT
  const ByteSpan shorter = der.empty() ? der : der.first(der.size() - 1);
  if (accepts(der)) require(!accepts(shorter));
#endif
  if (!parsed.ok()) return;
  require(as_text(parsed->der()) == as_text(der));
  const CertificateFacts& facts = parsed->facts();
  for (const auto& name : facts.uris) require(is_printable(name));
  for (const auto& name : facts.dns_names) require(is_printable(name));
  require(is_printable(facts.common_name));
  const auto again = Certificate::from_pem(as_bytes(parsed->to_pem()));
  require(again.ok() && again->facts().sha256 == facts.sha256);
  require(again->facts().subject == facts.subject && again->facts().uris == facts.uris);
}

}  // namespace
}  // namespace sealane::crypto

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::span<const unsigned char> input(data, size);
  sealane::crypto::check(std::as_bytes(input));
  static_cast<void>(sealane::crypto::CertificateRequest::from_pem(std::as_bytes(input)));
  return 0;
}
