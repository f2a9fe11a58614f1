// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "iac/lookup.h"
#include "iac/system.h"

namespace sealane::iac {

// A policy document as JSON text for the prover.
//
// What is decided about `least` and `most` together is decided about the document: its Deny
// statements are all those of `least` and perhaps those of `most`, wherever the input does not tell
// what a statement is about.  Where the input tells everything both are the same text.
struct PolicyText {
  std::string least;    // every Deny that is there for certain: a claim that this denies holds
  std::string most;     // every Deny as wide as it could be: what this leaves open is open
  std::string subject;  // the ARN of the resource asked for, as both texts write it
  std::vector<std::string> assumed;  // one sentence fragment each: what stands for what
  std::string missing;               // not empty: why `least` and `most` differ
  std::string hint;                  // and how to write the document so that they do not
  bool exact() const { return missing.empty(); }
};

// Renders the policy document in `setting`, a property of resource `owner`.
//
// Input:   Given: a map, a list or a text with JSON in it, with or without references.  Unknown: a
//          Terraform plan's `data.aws_iam_policy_document.x.json` is put together from the data
//          source's statements; every other Unknown is an error.
//          `subject`: the resource whose ARN the caller wants (the bucket of a bucket policy).
// Result:  references are written as ARNs and names.  What the input names has its real name.  What
//          it does not name gets a name that no name of the input matches, and `assumed` says so.
// Errors:  Unsupported – the input does not tell the document, with `hint` saying how to write it
//          so that it does; or a Deny names, by a pattern or literally, what a resource without a
//          known name could be, so that no name can stand for it.
// Bounds:  10,000 texts, 200 of an element with something unknown in them; their product.
// Threads: pure.
Result<PolicyText> policy_text(const System& system, std::uint32_t owner, const Setting& setting,
                               std::optional<std::uint32_t> subject);

// The ARN of a resource if the input tells it, or tells all that it is made of (partition `aws`).
std::optional<std::string> known_arn(const System& system, std::uint32_t resource);
// The name of a resource (a bucket's, a queue's), if the input tells it.
std::optional<std::string> known_name(const System& system, std::uint32_t resource);

}  // namespace sealane::iac
