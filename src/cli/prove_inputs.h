// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/env.h"
#include "policy/document.h"

namespace sealane::cli {

// One policy: a file, or an element of a file that holds an array of them.
struct PolicyInput {
  std::string name;  // `bucket.json`, `all.json[2]` counted from 0
  std::string file;
  std::shared_ptr<const std::string> text;  // of the whole file
  std::size_t begin = 0;                    // the policy's part of it
  std::size_t end = 0;
  SourceSpan origin;  // where the part begins
  std::string_view policy() const { return std::string_view(*text).substr(begin, end - begin); }
};

// Files, patterns of names (`*`, `?`, `[…]`), and of folders every *.json beneath, in the order of
// their names.  A file whose text is
// no JSON is one policy, so that its reader says what is wrong.
// Errors: NotFound – no such file, or no policy at all; TooLarge – a file or a folder.
Result<std::vector<PolicyInput>> read_policy_inputs(Env& env,
                                                    const std::vector<std::string>& words);

// parse_document, with places in the file.
Parsed<policy::Document> parse_policy(const PolicyInput& input, policy::DocumentKind kind);

}  // namespace sealane::cli
