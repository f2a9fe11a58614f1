// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"

namespace sealane::cli {

// `sealane device why`.
void add_device_why(CLI::App& device, Chosen& chosen);

}  // namespace sealane::cli
