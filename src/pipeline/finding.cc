// SPDX-License-Identifier: Apache-2.0
#include "pipeline/finding.h"

#include <algorithm>

namespace sealane::pipeline {

int exit_code_of(std::span<const Finding> findings) {
  const auto any = [&](Verdict verdict) {
    return std::ranges::any_of(findings, [&](const Finding& finding) {
      return finding.verdict == verdict && finding.accepted.empty();
    });
  };
  if (any(Verdict::Open)) return 1;
  return any(Verdict::Unknown) ? 3 : 0;
}

}  // namespace sealane::pipeline
