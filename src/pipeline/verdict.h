// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sealane::pipeline {

// What is said of a hop.  Every hop gets exactly one.
enum class Verdict : std::uint8_t {
  Enforced,       // a control that the user owns makes plaintext, or anything below the floor,
                  // impossible
  Inherent,       // the provider's endpoint accepts only TLS at or over the floor
  Open,           // plaintext or weaker TLS than the floor is possible
  Unknown,        // cannot be decided from the input
  NotApplicable,  // the hop carries no data
};

// What the verdict rests on.  Exactly one.
enum class Basis : std::uint8_t {
  Inherent,
  Configuration,
  DenyPolicy,
  OrgGuard,
  Gateway,
  ClientDuty,
  None
};

// How something is known.  Classes are listed side by side and never merged into one mark.
enum class EvidenceClass : std::uint8_t { Declared, Configured, Proven, Probed, Observed };

// The words of the product's vocabulary: `enforced`, `deny-policy`, `observed`.
std::string_view to_string(Verdict verdict);
std::string_view to_string(Basis basis);
std::string_view to_string(EvidenceClass evidence);

struct Evidence {
  EvidenceClass kind{};
  std::optional<Time> at;
  std::string detail;  // one sentence
};

}  // namespace sealane::pipeline
