// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace sealane::envelope {

// Algorithm suites of the AWS Encryption SDK; the low byte names the AES key's length.
enum class SuiteId : std::uint16_t {
  Aes128 = 0x0014,
  Aes192 = 0x0046,
  Aes256 = 0x0078,
  Aes128Hkdf = 0x0114,
  Aes192Hkdf = 0x0146,
  Aes256Hkdf = 0x0178,
  Aes128HkdfSigned = 0x0214,
  Aes192HkdfSigned = 0x0346,
  Aes256HkdfSigned = 0x0378,
  Aes256Commit = 0x0478,
  Aes256CommitSigned = 0x0578,
};
inline constexpr SuiteId kDefaultSuite = SuiteId::Aes256Commit;

enum class KeyDerivation { None, HkdfSha256, HkdfSha384, HkdfSha512 };
enum class SuiteSignature { None, EcdsaP256, EcdsaP384 };

// Source: AWS Encryption SDK specification, framework/algorithm-suites.
struct Suite {
  SuiteId id;
  std::string_view name;  // `0x0478`
  std::uint8_t version;   // of the message format: 1 or 2
  std::size_t key_bytes;  // of the data key and of the content key
  KeyDerivation derivation;
  SuiteSignature signature;

  // Format version 2 is the one with commitment.
  bool commits() const { return version == 2; }
  bool is_signed() const { return signature != SuiteSignature::None; }
  std::size_t message_id_bytes() const { return version == 2 ? 32 : 16; }
};

std::span<const Suite> all_suites();
// nullptr when there is no such suite.
const Suite* find_suite(std::uint16_t id);
const Suite* find_suite(std::string_view name);
const Suite& suite_of(SuiteId id);

// The suites that a reader accepts.
class SuiteSet {
 public:
  SuiteSet() = default;
  SuiteSet(std::initializer_list<SuiteId> ids) {
    for (SuiteId id : ids) add(id);
  }
  static SuiteSet committing() { return {SuiteId::Aes256Commit, SuiteId::Aes256CommitSigned}; }
  static SuiteSet all();
  void add(SuiteId id);
  bool has(SuiteId id) const;

 private:
  std::uint32_t bits_ = 0;  // by place in all_suites()
};

}  // namespace sealane::envelope
