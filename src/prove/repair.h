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

// The smallest edit of a policy that makes a claim hold and denies nothing over TLS, of Floor over
// TLS at or over the floor, that was not denied.
//
// Input:   a text that parse_document reads as what the scope's type has, why it fails, and the
//          documents that decide together with it, which are left as they are.
// Result:  nothing when no edit that is known does it, or solvers do not agree about it; nothing
// for
//          claims that compare.  Of Grant and GrantClosed an Allow may come to hold over TLS alone;
//          else Allows are not touched.  Both that the claim holds and that what was allowed over
//          TLS still is are proved for the text that is returned; the latter for requests that
//          carry aws:SecureTransport, also when A1 is off.
// Bounds:  kRepairProofsMax proofs.
// Threads: one at a time for one set of solvers.
std::optional<Repair> repair(const policy::Catalogue& catalogue, const Scope& scope,
                             std::string_view text, const Counterexample& example,
                             std::span<solver::Solver> solvers, const Options& options,
                             std::span<const policy::Document> beside = {});
constexpr std::size_t kRepairProofsMax = 24;

}  // namespace sealane::prove
