// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "prove/prove.h"

namespace sealane::prove {

// A policy text that keeps everything of another but what had to change.
struct Repair {
  std::string text;
  std::string what;  // the edits, for people: `Resource takes in arn:aws:s3:::b`
  // False: requests over TLS that were denied are denied no longer, for the test was the wrong way
  // round.
  bool keeps_denies = true;
  Proof proof;  // that the claim holds for `text`
};

// The smallest edit of a resource's policy that makes Enforce hold and denies nothing over TLS that
// was not denied.
//
// Input:   a text that parse_document reads as a Resource document, and why it fails.
// Result:  nothing when no edit that is known does it, or solvers do not agree about it.  Allows
//          are never touched.  Both that the claim holds and that no request over TLS is denied
//          anew are proved for the text that is returned; the latter for requests that carry
//          aws:SecureTransport, also when A1 is off.
// Bounds:  kRepairProofsMax proofs.
// Threads: one at a time for one set of solvers.
std::optional<Repair> repair(const policy::Catalogue& catalogue, const Scope& scope,
                             std::string_view text, const Counterexample& example,
                             std::span<solver::Solver> solvers, const Options& options);
constexpr std::size_t kRepairProofsMax = 24;

}  // namespace sealane::prove
