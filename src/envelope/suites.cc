// SPDX-License-Identifier: Apache-2.0
#include "envelope/suites.h"

#include <array>

#include "base/check.h"

namespace sealane::envelope {
namespace {

using enum KeyDerivation;
using Signature = SuiteSignature;

constexpr std::array<Suite, 11> kSuites = {{
    {SuiteId::Aes128, "0x0014", 1, 16, None, Signature::None},
    {SuiteId::Aes192, "0x0046", 1, 24, None, Signature::None},
    {SuiteId::Aes256, "0x0078", 1, 32, None, Signature::None},
    {SuiteId::Aes128Hkdf, "0x0114", 1, 16, HkdfSha256, Signature::None},
    {SuiteId::Aes192Hkdf, "0x0146", 1, 24, HkdfSha256, Signature::None},
    {SuiteId::Aes256Hkdf, "0x0178", 1, 32, HkdfSha256, Signature::None},
    {SuiteId::Aes128HkdfSigned, "0x0214", 1, 16, HkdfSha256, Signature::EcdsaP256},
    {SuiteId::Aes192HkdfSigned, "0x0346", 1, 24, HkdfSha384, Signature::EcdsaP384},
    {SuiteId::Aes256HkdfSigned, "0x0378", 1, 32, HkdfSha384, Signature::EcdsaP384},
    {SuiteId::Aes256Commit, "0x0478", 2, 32, HkdfSha512, Signature::None},
    {SuiteId::Aes256CommitSigned, "0x0578", 2, 32, HkdfSha512, Signature::EcdsaP384},
}};

std::uint32_t bit_of(SuiteId id) {
  return std::uint32_t{1} << static_cast<std::size_t>(&suite_of(id) - kSuites.data());
}

}  // namespace

std::span<const Suite> all_suites() { return kSuites; }

const Suite* find_suite(std::uint16_t id) {
  for (const Suite& suite : kSuites)
    if (static_cast<std::uint16_t>(suite.id) == id) return &suite;
  return nullptr;
}

const Suite* find_suite(std::string_view name) {
  for (const Suite& suite : kSuites)
    if (suite.name == name) return &suite;
  return nullptr;
}

const Suite& suite_of(SuiteId id) {
  const Suite* const suite = find_suite(static_cast<std::uint16_t>(id));
  SEALANE_CHECK(suite != nullptr);
  return *suite;
}

SuiteSet SuiteSet::all() {
  SuiteSet out;
  for (const Suite& suite : kSuites) out.add(suite.id);
  return out;
}
void SuiteSet::add(SuiteId id) { bits_ |= bit_of(id); }
bool SuiteSet::has(SuiteId id) const { return (bits_ & bit_of(id)) != 0; }

}  // namespace sealane::envelope
