// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "iac/system.h"

namespace sealane::iac {

struct Limits {
  std::size_t bytes_max = 512u << 20;  // of one file
  std::size_t depth_max = 64;
  std::size_t resources_max = 1'000'000;
  std::size_t expansion_max = 1u << 20;  // bytes that the intrinsics of one template may produce
};

// Which resources somebody will look at: the rest is counted and skipped unread.  Types as the
// input spells them; a null function wants everything.
using Wanted = std::function<bool(std::string_view type)>;

struct Input {
  std::string name;
  std::string_view text;  // outlives the reading; the system keeps no view of it
};

// Values for parameters and pseudo parameters (`AWS::Region`, `Environment`), before defaults.
using Parameters = std::vector<std::pair<std::string, std::string>>;

// The format of a file, told from its content alone.
// Result: nothing – no format of this build.
// Bounds: the beginning of the text, and the names of a JSON text's outermost members.
std::optional<Format> recognise(std::string_view text, std::string_view name);

// Reads several files as one system.
//
// Source:  Terraform JSON output format 0.1 to 1.x (plan and state, as `terraform show -json`
//          writes them; UTF-8 or UTF-16, with or without a byte order mark), CloudFormation
//          template reference (JSON; YAML 1.1 with short intrinsics), and the constructs that
//          `sealane synth` writes of Terraform JSON configuration and Pulumi YAML.
// Result:  resources with the values that the input tells; what it does not tell is Unknown with
//          the reason, and never absent.  Modules, count and for_each are separate resources.
// Errors:  all found: syntax, a format that is not known, limits; each with its place.
// Bounds:  one pass over each text; memory for what is wanted alone.
// Threads: pure.
Parsed<System> read(std::span<const Input> inputs, const Wanted& wanted,
                    const Parameters& parameters, const Limits& limits = {});

}  // namespace sealane::iac
