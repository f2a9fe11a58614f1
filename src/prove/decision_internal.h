// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "prove/encode_internal.h"
#include "prove/prove.h"

namespace sealane::prove {

// Documents of any kinds as terms, and what they decide together.
//
// Source:  policy/evaluate.h, decide(): gates, accounts, and whom each kind binds.
class Decision {
 public:
  // Of no documents.
  explicit Decision(const Encoder& encoder) : encoder_(&encoder) {}
  // Errors: Unsupported – a construct that has no exact encoding; says which and where.
  static Result<Decision> create(Encoder& encoder, std::span<const policy::Document> documents);

  struct Deny {
    Place place;
    Term applies;
  };
  const std::vector<Deny>& denies() const { return denies_; }
  Term denied() const;
  // An Allow of a policy that grants applies; where none grants, an Allow of each that limits.
  Term granted() const;
  // The request is allowed by all together; `denied` is what denies it.
  Term allowed(const Term& denied) const;
  Term allowed() const { return allowed(denied()); }

 private:
  struct Allow {
    policy::DocumentKind kind{};
    std::uint32_t level = 0;
    Term applies;
    Encoder::Naming naming;
  };
  bool has(policy::DocumentKind kind) const;
  Term gate(policy::DocumentKind kind) const;
  Term limit(policy::DocumentKind kind) const;
  Term scp_levels() const;
  Term identity() const;
  Term limits_of_identity() const;

  const Encoder* encoder_;
  std::vector<std::pair<policy::DocumentKind, std::uint32_t>> documents_;  // kind and level of each
  std::vector<Deny> denies_;
  std::vector<Allow> allows_;
};

// True for kinds whose Allows grant; the others' limit.
constexpr bool grants(policy::DocumentKind kind) {
  using enum policy::DocumentKind;
  return kind == Identity || kind == Resource || kind == Trust || kind == Kms || kind == IotDevice;
}

}  // namespace sealane::prove
