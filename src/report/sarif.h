// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace sealane::report {

// A rule that results may name.
struct SarifRule {
  std::string_view id;
  Severity level{};
  std::string_view text;  // one sentence
};

// One finding at a place.
struct SarifResult {
  std::string rule;  // the id of one of the rules
  Severity level{};
  SourceSpan span;
  std::string message;
  std::string hint;  // shown behind the message
  // Stays when the place moves; empty: none.
  std::string fingerprint{};
  std::string suppressed{};  // somebody takes it as it is: why
};

// A file that results are about.
struct SarifFile {
  std::string name;       // as results name it
  std::string_view text;  // for counting columns in characters
};

struct SarifLog {
  std::string_view tool_version;
  std::span<const SarifRule> rules;
  std::span<const SarifResult> results;
  std::span<const SarifFile> files;
  bool successful = true;  // false when a file could not be read to its end
};

// The log as JSON with a line feed at its end.  Columns count characters, not bytes; those of files
// that are not given are bytes.  Results whose rule is not among the rules have no ruleIndex.
//
// Source:  SARIF 2.1.0 (Errata 01): §3.14 run, §3.27 result, §3.29 location, §3.30 region.
// Threads: pure.
std::string sarif_json(const SarifLog& log);

}  // namespace sealane::report
