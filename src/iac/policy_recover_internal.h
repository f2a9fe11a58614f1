// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "iac/policy_text.h"

namespace sealane::iac {

// Puts the document of an unknown policy together from `data.aws_iam_policy_document`.
//
// Source:  Terraform AWS provider, data source aws_iam_policy_document.
// Result:  the document as AWS writes it.  What the plan does not tell of it is Unknown: of ARNs
// that
//          are known after apply the plan has the references and not the text around them, so that
//          `[arn, "${arn}/*"]` and `["${arn}/a", "${arn}/b"]` look the same.  Adds to `out.assumed`
//          and `out.hint`.
// Errors:  Unsupported – computed in another way, with how to write it.
Result<Value> recover_policy(const System& system, std::uint32_t owner, const Setting& setting,
                             PolicyText& out);

}  // namespace sealane::iac
