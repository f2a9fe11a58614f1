// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "pipeline/model.h"
#include "policy/document.h"

namespace sealane::pipeline {

// The bucket policy of a store, from the hops of the file: who writes to it may s3:PutObject, who
// reads from it may s3:GetObject (HEAD too) and s3:ListBucket, each from the TLS version that its
// hop has at `now`.  Nobody may delete.  JSON text, as `sealane check -v` prints it.
std::string store_policy_text(const Pipeline& pipeline, const Node& store, Time now);

// The same, parsed.  Errors: Internal, when the text does not parse.
Result<policy::Document> store_policy(const Pipeline& pipeline, const Node& store, Time now);

}  // namespace sealane::pipeline
