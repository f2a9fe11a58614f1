// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "policy/testing/model.h"

namespace sealane::policy::reference {

// Random documents and requests over small alphabets, so that they often meet.  The same seed gives
// the same cases on every machine.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  // Of Encodable what the prover's encoding mostly has: no device policies, callers of one
  // partition, values of their key's type, no exemptions.  Every operator, quantifier and element
  // is in both.
  enum class Style : std::uint8_t { Anything, Encodable };

  // Documents that together decide one kind of request, and what its requests are about.
  std::vector<ModelDocument> documents(Style style = Style::Anything);
  // A request that fits the last documents().
  ModelRequest request();

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  using Texts = std::vector<std::string>;
  enum class Theme : std::uint8_t { Account, Device, Trust, Key, Cognito };

  const std::string& pick(const Texts& from) { return from[below(from.size())]; }
  std::string pick(std::initializer_list<std::string_view> from) {
    return std::string(from.begin()[below(from.size())]);
  }

  void add(DocumentKind kind, std::uint32_t level, std::vector<ModelDocument>& out);
  ModelStatement statement(const ModelDocument& document);
  void add_principals(ModelStatement& out, DocumentKind kind);
  void add_conditions(ModelStatement& out, DocumentKind kind);
  std::string action(bool pattern);
  std::string resource_pattern(DocumentKind kind);
  std::string own_part(bool pattern);
  std::string encodable_pattern(bool variables);
  std::string value_for(const std::string& base);
  ModelPrincipal somebody();

  bool encodable() const { return style_ == Style::Encodable; }

  std::mt19937_64 random_;
  Style style_ = Style::Anything;
  Theme theme_ = Theme::Account;
  std::vector<ModelPrincipal> cast_;  // who asks about these documents
};

}  // namespace sealane::policy::reference
