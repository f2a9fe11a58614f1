// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"
#include "cli/pipeline_option.h"

namespace sealane::cli {

// One verdict for each hop that a pipeline file declares; the exit code.
Result<int> check_pipeline(Env& env, const LoadedPipeline& loaded, OutputFormat format,
                           bool verbose);

}  // namespace sealane::cli
