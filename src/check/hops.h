// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "check/rows.h"
#include "iac/system.h"
#include "pipeline/finding.h"
#include "prove/prove.h"

namespace sealane::check {

// Who decides claims about policies: prove::prove with solvers, or a twin.
using Prover = std::function<prove::Proof(const prove::Scope& scope,
                                          std::span<const policy::Document> documents,
                                          const prove::Options& options)>;

struct Options {
  Tls min_tls = Tls::V12;  // the floor of every hop
  // A floor that somebody asked for: a hop whose least version nothing tells is unknown then.
  // Otherwise plaintext alone decides such a hop, and a note says so.
  bool floor_asked = false;
};

// Every hop that the resources of a system make, each with its verdict.
//
// Source:  docs/formats/service-rows.md, "From sides to a verdict".
// Input:   `catalogue` and `prove` for policies; `rows` outlives nothing.
// Result:  one finding for each hop, sorted by id.  Both ends of a hop are judged; what stands
//          behind a balancer, a delivery stream or a rule is a hop of its own.
// Bounds:  linear in resources, edges and their settings; one question to the prover for each
//          policy and claim.
// Threads: one at a time for one prover.
std::vector<pipeline::Finding> judge(const iac::System& system, const Rows& rows,
                                     const policy::Catalogue& catalogue, const Prover& prove,
                                     const Options& options = {});

}  // namespace sealane::check
