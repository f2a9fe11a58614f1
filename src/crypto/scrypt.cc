// SPDX-License-Identifier: Apache-2.0
#include "crypto/scrypt.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <bit>

#include "crypto/random.h"

namespace sealane::crypto {
namespace {
constexpr std::uint64_t kMemoryMax = 1ull << 30;
}  // namespace

ScryptParameters new_scrypt_parameters() {
  ScryptParameters out;
  out.salt.resize(32);
  random_bytes(out.salt);
  return out;
}

Result<Secret> scrypt(ByteSpan passphrase, const ScryptParameters& p) {
  if (p.n < 2 || !std::has_single_bit(p.n) || p.r == 0 || p.p == 0 || p.salt.size() < 16)
    return fail(ErrorKind::Invalid, "these are no scrypt parameters");
  // Each factor is bounded by itself first, so that no product can wrap.
  if (p.n > kMemoryMax || p.r > 1024 || p.p > 1024 || p.n * p.r > kMemoryMax / 128 || p.p > 64)
    return fail(ErrorKind::TooLarge, "scrypt parameters ask for too much memory or time");
  Secret out = Secret::zeros(32);
  const std::uint64_t memory = 128 * p.n * p.r + 128ull * p.r * p.p + (1u << 20);
  const std::string_view text = as_text(passphrase);
  if (EVP_PBE_scrypt(text.data(), text.size(), as_uchar(ByteSpan(p.salt)), p.salt.size(), p.n, p.r,
                     p.p, memory, as_uchar(out.reveal_mutable()), out.size()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::Invalid, "scrypt refuses these parameters");
  }
  return out;
}

}  // namespace sealane::crypto
