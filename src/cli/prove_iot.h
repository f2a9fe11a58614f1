// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/prove_batch.h"

namespace sealane::cli {

// True for what is asked about as a policy of IoT devices: the settings say so, or say nothing and
// it can be nothing else.
bool is_of_devices(const PolicyInput& input, const ProveSettings& settings);

// Decides a claim about a device policy: Confined by automata; claims about plaintext by the table
// of services, for there is no such request.
void decide_device_policy(ProvedPolicy& policy, const ProveSettings& settings);

}  // namespace sealane::cli
