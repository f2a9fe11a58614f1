// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"

namespace sealane::cli {

// Adds every command, in the order in which help lists them.
void add_all_commands(CLI::App& app, Chosen& chosen);

}  // namespace sealane::cli
