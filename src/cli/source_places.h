// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "pipeline/finding.h"

namespace sealane::cli {

// Gives facts and findings of Terraform resources the place of their `resource` block in the *.tf
// files beneath `root`, and of their attribute where the block names it.  A block that stands twice
// beneath the root, as in two modules, keeps the place in the plan.
// Errors: NotFound – no such folder; TooLarge – more than 100,000 files.
Status find_source_places(Env& env, const std::string& root,
                          std::vector<pipeline::Finding>& findings);

}  // namespace sealane::cli
