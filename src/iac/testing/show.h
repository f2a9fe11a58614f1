// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "iac/read.h"

namespace sealane::iac {

// What a reading found as JSON, for golden files: values, references, places, edges, findings.
std::string show(const Parsed<System>& parsed);
std::string show(const Value& value);

}  // namespace sealane::iac
