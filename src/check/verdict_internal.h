// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "check/side_internal.h"

namespace sealane::check {

// The two ends of one hop.  A client that is not in the input may be anybody; a server that is not
// in the input takes whatever the client speaks.
struct HopEnds {
  const OneSide* client = nullptr;
  const OneSide* server = nullptr;
};

// Fills verdict, basis, code, reason, facts, evidence, controls, fix and notes of a finding.
void judge_hop(const Context& context, const HopEnds& ends, pipeline::Finding& finding);

}  // namespace sealane::check
