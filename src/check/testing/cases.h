// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "check/hops.h"

namespace sealane::check {

// A folder of testdata: files of infrastructure and the hops they make.
struct Case {
  std::string name;
  std::vector<std::string> files;
  Options options;
};
std::vector<Case> all_cases();

std::string text_of(const std::string& path);

// Judges files, (name, text), with solvers at hand.
std::vector<pipeline::Finding> findings_of(
    const std::vector<std::pair<std::string, std::string>>& files, const Options& options);
std::vector<pipeline::Finding> findings_of(const Case& one);

}  // namespace sealane::check
