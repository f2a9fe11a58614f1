// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"
#include "cli/demo/report.h"

namespace sealane::cli::demo {

struct DemoOptions {
  std::string keep;   // folder for captures, lake, keys and result; empty: nothing is kept
  std::string input;  // CSV of observations; empty: the example's
  std::function<void(const std::string&)> progress;  // one line for each step
};

// The whole demonstration, in a scratch folder: lake and edge as processes, every connection
// through a recording relay, stations, attempts, trainer, search, hop table.
//
// Result:  what the run showed, also when that is not what it promises (DemoResult::failures).
// Errors:  Invalid, NotFound – the input; Conflict – `keep` is a folder with something in it; what
//          else kept the run from coming to its end.
// Threads: the main one; processes that it starts end with it.
Result<DemoResult> run_demo(const DemoOptions& options, Env& env, const Clock& clock);

}  // namespace sealane::cli::demo
