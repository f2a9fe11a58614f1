// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "policy/lint.h"

namespace sealane::cli {

// Longer files are refused unread; parse_document has a limit of its own, with a place.
constexpr std::uint64_t kPolicyBytesMax = 64u << 20;

Result<std::string> read_text_file(Env& env, const std::string& path);

// The names that `--kind` takes: `iot-device`, ..., `vpc-endpoint`.
std::vector<std::string> policy_kind_names();

// Members severity, rule, file, line, column, message, hint of one finding.
void write_finding(json::Writer& out, const policy::LintFinding& finding);
// `file:line:column: warning: message [rule]` and its hint.
std::string finding_text(const policy::LintFinding& finding);

}  // namespace sealane::cli
