// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"

namespace sealane::cli {

// The commands under `sealane policy`.
void add_policy_eval_command(CLI::App& policy, Chosen& chosen);
void add_policy_lint_command(CLI::App& policy, Chosen& chosen);

}  // namespace sealane::cli
