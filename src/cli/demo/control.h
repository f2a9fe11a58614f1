// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/env.h"
#include "base/result.h"

namespace sealane::cli::demo {

struct ControlOptions {
  std::vector<std::string> payloads;
  std::string capture;  // must not exist
  std::string folder;   // for the relay's log
};

// The control hop: sends every record once more, over plain TCP on the loopback device and through
// a recording relay like any hop, to a sink that throws it away.  A search that finds nothing on
// the other hops must find everything here.
//
// Result:  bytes that the sink received.
Result<std::uint64_t> run_control_hop(const ControlOptions& options, Env& env);

}  // namespace sealane::cli::demo
