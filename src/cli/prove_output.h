// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "cli/prove_batch.h"

namespace sealane::cli {

// `enforced`, `open`, `unknown`; empty for claims that say nothing about enforcement.
std::string verdict_of(const ProvedPolicy& policy, prove::Claim claim);
// Why a policy is undecided; empty when it is decided.
std::string reason_of(const ProvedPolicy& policy);

std::string prove_text(std::span<const ProvedPolicy> policies, const ProveSettings& settings,
                       bool verbose);
std::string prove_json(std::span<const ProvedPolicy> policies, const ProveSettings& settings);
std::string prove_sarif(std::span<const ProvedPolicy> policies, const ProveSettings& settings);

}  // namespace sealane::cli
