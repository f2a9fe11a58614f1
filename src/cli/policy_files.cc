// SPDX-License-Identifier: Apache-2.0
#include "cli/policy_files.h"

#include "base/bytes.h"

namespace sealane::cli {

Result<std::string> read_text_file(Env& env, const std::string& path) {
  auto bytes = read_file(env, path, kPolicyBytesMax);
  if (!bytes.ok()) return bytes.error();
  return to_text(*bytes);
}

std::vector<std::string> policy_kind_names() {
  std::vector<std::string> out;
  out.reserve(policy::kDocumentKinds);
  for (std::size_t i = 0; i < policy::kDocumentKinds; ++i)
    out.emplace_back(to_string(static_cast<policy::DocumentKind>(i)));
  return out;
}

void write_finding(json::Writer& out, const policy::LintFinding& finding) {
  const Diagnostic& d = finding.diagnostic;
  out.begin_object().field("rule", finding.rule).field("severity", to_string(d.severity));
  out.field("file", d.span.file).field("line", std::uint64_t{d.span.line});
  out.field("column", std::uint64_t{d.span.column}).field("message", d.message);
  out.field("hint", d.hint).end_object();
}

std::string finding_text(const policy::LintFinding& finding) {
  Diagnostic shown = finding.diagnostic;
  shown.message += " [" + std::string(finding.rule) + "]";
  return sealane::to_text(shown) + "\n";
}

}  // namespace sealane::cli
