// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <vector>

#include "report/findings.h"
#include "report/sarif.h"

namespace sealane::report {
namespace {

using pipeline::Finding;
using pipeline::Verdict;

constexpr std::array kRules = {
    SarifRule{"hop-closed", Severity::Note, "plaintext and TLS below the floor are impossible"},
    SarifRule{"below-floor", Severity::Error, "TLS below the floor is taken"},
    SarifRule{"not-enforceable", Severity::Error, "the service has no setting that closes the hop"},
    SarifRule{"plaintext", Severity::Error, "plaintext is possible"},
    SarifRule{"undecided", Severity::Warning, "the input does not decide the hop"},
    SarifRule{"unverified-peer", Severity::Error, "TLS is used and any certificate is taken"},
};

}  // namespace

std::string findings_sarif(std::span<const Finding> findings, std::string_view tool_version) {
  std::vector<SarifResult> results;
  for (const Finding& finding : findings) {
    if (finding.verdict == Verdict::NotApplicable) continue;
    SarifResult result;
    switch (finding.verdict) {
      case Verdict::Open:
        result.rule = finding.code;
        result.level = Severity::Error;
        break;
      case Verdict::Unknown:
        result.rule = "undecided";
        result.level = Severity::Warning;
        break;
      default: result.rule = "hop-closed"; result.level = Severity::Note;
    }
    result.span = finding.location;
    result.message = finding.id + ": " + finding.reason;
    result.hint = finding.fix;
    result.fingerprint = finding.id + " " + std::string(to_string(finding.verdict));
    result.suppressed = finding.accepted;
    results.push_back(std::move(result));
  }
  return sarif_json({.tool_version = tool_version,
                     .rules = kRules,
                     .results = results,
                     .files = {},
                     .successful = true});
}

}  // namespace sealane::report
