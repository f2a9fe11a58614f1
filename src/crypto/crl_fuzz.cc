// SPDX-License-Identifier: Apache-2.0
// Property: a revocation list that is accepted is exactly the bytes given, within its limits; each
// of its entries is found by its serial number and nothing else is; it reads the same after a round
// trip through PEM; and it is verified by no CA that did not sign it.
#include <algorithm>
#include <cstdlib>

#include "crypto/crl.h"

namespace sealane::crypto {
namespace {

constexpr CrlLimits kLimits{.bytes_max = 64u << 10, .entries_max = 200};

void require(bool condition) {
  if (!condition) std::abort();
}

#ifdef SEALANE_PLANTED_DEFECT
// Searches a list that keeps the order of the file: right as long as that order is sorted.
const RevokedSerial* find(const Crl& crl, std::string_view serial) {
  std::vector<const RevokedSerial*> in_file;
  for (const RevokedSerial& each : crl.facts().revoked) in_file.push_back(&each);
  std::ranges::sort(in_file, [](const auto* a, const auto* b) {
    return std::pair(a->serial.size(), a->serial) < std::pair(b->serial.size(), b->serial);
  });
  const auto at = std::ranges::lower_bound(
      in_file, serial, {}, [](const auto* each) { return std::string_view(each->serial); });
  return at != in_file.end() && (*at)->serial == serial ? *at : nullptr;
}
#else
const RevokedSerial* find(const Crl& crl, std::string_view serial) { return crl.find(serial); }
#endif

const Certificate& somebody() {
  static const Certificate ca = [] {
    const CertificateKey key = CertificateKey::generate().value();
    return make_ca_certificate(key, {.common_name = "test CA",
                                     .not_before = Time(std::chrono::seconds(1'760'000'000)),
                                     .not_after = Time(std::chrono::seconds(1'860'000'000))})
        .value();
  }();
  return ca;
}

void check(ByteSpan input) {
  const auto parsed = Crl::parse(input, kLimits);
  if (!parsed.ok()) {
    require(!parsed.error().message.empty());
    return;
  }
  const CrlFacts& facts = parsed->facts();
  require(parsed->der().size() <= kLimits.bytes_max && facts.revoked.size() <= kLimits.entries_max);
  require(facts.this_update < facts.next_update);
  for (const RevokedSerial& each : facts.revoked) {
    require(find(*parsed, each.serial) == &each);
    require(find(*parsed, each.serial + "00") == nullptr ||
            std::ranges::find(facts.revoked, each.serial + "00", &RevokedSerial::serial) !=
                facts.revoked.end());
  }
  const auto again = Crl::from_pem(as_bytes(parsed->to_pem()), {.bytes_max = 1u << 20});
  require(again.ok() && as_text(again->der()) == as_text(parsed->der()));
  require(again->facts().revoked == facts.revoked && again->facts().issuer == facts.issuer);
  require(!parsed->verify(somebody()).ok());
}

}  // namespace
}  // namespace sealane::crypto

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  sealane::crypto::check(std::as_bytes(std::span<const unsigned char>(data, size)));
  return 0;
}
