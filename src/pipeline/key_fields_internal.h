// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pipeline/fields_internal.h"
#include "pipeline/model.h"

namespace sealane::pipeline {

// One entry of `keys`: who wraps the key, and how that is reached.
KeySpec read_key(Fields& fields, const json::Member& entry);

}  // namespace sealane::pipeline
