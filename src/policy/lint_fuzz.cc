// SPDX-License-Identifier: Apache-2.0
// Property: lint ends on any bytes; it says that a document is evaluable just when parse_document
// takes it; every finding has a known rule and stands within the text; an empty line in front moves
// all findings by one line and changes nothing else.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "policy/lint.h"

namespace sealane::policy {
namespace {

void must(bool property) {
  if (!property) std::abort();
}

const Catalogue& catalogue() {
  static const Catalogue shipped = Catalogue::shipped();
  return shipped;
}

void check_places(const LintReport& report, const std::string& text) {
#ifdef SEALANE_PLANTED_DEFECT
  // Forgets a last line without a line feed.
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
#else
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
#endif
  for (const LintFinding& finding : report.findings) {
    const Diagnostic& d = finding.diagnostic;
    must(std::ranges::binary_search(lint_rules(), finding.rule, {}, &LintRule::id));
    must(d.span.line >= 1 && d.span.line <= lines && d.span.column >= 1);
    must(!d.message.empty() && !d.message.contains('\n') && !d.hint.contains('\n'));
  }
}

}  // namespace
}  // namespace sealane::policy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealane;
  using namespace sealane::policy;
  if (size > 2048) return 0;
  const std::string text(data, data + size);
  const DocumentKind kind = recognise_kind(text);
  const LintReport report = lint(text, kind, "p.json", catalogue());
  must(report.findings.size() <= kLintFindingsMax);
  must(report.evaluable == parse_document(text, kind, "p.json").value.has_value());
  must(report.evaluable || report.has(Severity::Error));
  check_places(report, text);
  // Where JSON ends too early is nowhere in particular.
  if (std::ranges::any_of(report.findings, [](const LintFinding& f) { return f.rule == "syntax"; }))
    return 0;
  const LintReport moved = lint("\n" + text, kind, "p.json", catalogue());
  must(moved.findings.size() == report.findings.size());
  for (std::size_t i = 0; i < moved.findings.size(); ++i) {
    must(moved.findings[i].rule == report.findings[i].rule);
    must(moved.findings[i].diagnostic.span.line == report.findings[i].diagnostic.span.line + 1);
  }
  return 0;
}
