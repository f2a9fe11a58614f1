// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli/policy_command.h"
#include "cli/policy_files.h"
#include "report/sarif.h"

namespace sealane::cli {
namespace {

struct LintArguments {
  std::vector<std::string> files;
  std::string kind;  // empty: recognised for each file
  std::string format = "text";
  bool strict = false;
};

struct LintedFile {
  std::string name;
  std::string text;
  policy::DocumentKind kind{};
  policy::LintReport report;
};

std::size_t count(const std::vector<LintedFile>& files, Severity severity) {
  std::size_t out = 0;
  for (const LintedFile& file : files)
    out += static_cast<std::size_t>(
        std::ranges::count_if(file.report.findings, [&](const policy::LintFinding& finding) {
          return finding.diagnostic.severity == severity;
        }));
  return out;
}

std::string text_of(const std::vector<LintedFile>& files) {
  std::string out;
  for (const LintedFile& file : files)
    for (const policy::LintFinding& finding : file.report.findings) out += finding_text(finding);
  auto counted = [&](Severity severity, const char* noun) {
    const std::size_t number = count(files, severity);
    return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
  };
  return out + counted(Severity::Error, "error") + ", " + counted(Severity::Warning, "warning") +
         ", " + counted(Severity::Note, "note") + "\n";
}

std::string json_of(const std::vector<LintedFile>& files) {
  json::Writer out(2);
  out.begin_object().key("files").begin_array();
  for (const LintedFile& file : files) {
    out.begin_object().field("file", file.name).field("kind", to_string(file.kind));
    out.field("evaluable", file.report.evaluable).key("findings").begin_array();
    for (const policy::LintFinding& finding : file.report.findings) write_finding(out, finding);
    out.end_array().end_object();
  }
  out.end_array().key("summary").begin_object();
  out.field("errors", std::uint64_t{count(files, Severity::Error)});
  out.field("warnings", std::uint64_t{count(files, Severity::Warning)});
  out.field("notes", std::uint64_t{count(files, Severity::Note)});
  return out.end_object().end_object().str() + "\n";
}

std::string sarif_of(const std::vector<LintedFile>& files) {
  std::vector<report::SarifRule> rules;
  for (const policy::LintRule& rule : policy::lint_rules())
    rules.push_back({rule.id, rule.severity, rule.what});
  std::vector<report::SarifResult> results;
  std::vector<report::SarifFile> texts;
  for (const LintedFile& file : files) {
    texts.push_back({file.name, file.text});
    for (const policy::LintFinding& finding : file.report.findings) {
      const Diagnostic& d = finding.diagnostic;
      results.push_back({std::string(finding.rule), d.severity, d.span, d.message, d.hint});
    }
  }
  return report::sarif_json({.tool_version = SEALANE_VERSION,
                             .rules = rules,
                             .results = results,
                             .files = texts,
                             .successful = true});
}

Result<int> run_lint(const LintArguments& arguments) {
  PosixEnv env;
  const policy::Catalogue catalogue = policy::Catalogue::shipped();
  std::vector<LintedFile> files;
  for (const std::string& name : arguments.files) {
    LintedFile& file = files.emplace_back();
    file.name = name;
    SEALANE_ASSIGN(file.text, read_text_file(env, name));
    file.kind =
        policy::parse_document_kind(arguments.kind).value_or(policy::recognise_kind(file.text));
    file.report = policy::lint(file.text, file.kind, name, catalogue);
  }
  if (arguments.format == "json")
    print(json_of(files));
  else if (arguments.format == "sarif")
    print(sarif_of(files));
  else
    print(text_of(files));
  if (!std::ranges::all_of(files, [](const LintedFile& f) { return f.report.evaluable; }))
    return static_cast<int>(kUsage);
  const bool bad = count(files, Severity::Error) > 0 ||
                   (arguments.strict && count(files, Severity::Warning) > 0);
  return static_cast<int>(bad ? kOpen : kOk);
}

}  // namespace

void add_policy_lint_command(CLI::App& policy, Chosen& chosen) {
  auto a = std::make_shared<LintArguments>();
  CLI::App* command = add_command(
      policy, "lint", "Mistakes in policies, by name, with place and hint",
      "  sealane policy lint policies/station.json\n"
      "  sealane policy lint --kind scp guard.json --strict\n"
      "  sealane policy lint *.json --format sarif > policies.sarif\n"
      "docs/policy-lint.md explains every rule. Exit codes: 0 no error, 1 errors (with\n"
      "--strict: or warnings), 2 a document that cannot be evaluated.");
  command->add_option("FILE", a->files, "policy documents")->required()->type_name("FILE");
  command->add_option("--kind", a->kind, "what the documents are (default: by their content)")
      ->check(CLI::IsMember(policy_kind_names()))
      ->type_name("KIND");
  command->add_flag("--strict", a->strict, "warnings count as errors");
  command->add_option("--format", a->format, "output for people, for programs, or SARIF 2.1.0")
      ->check(CLI::IsMember({"text", "json", "sarif"}))
      ->type_name("text|json|sarif")
      ->capture_default_str();
  on_run(command, chosen, [a] {
    auto done = run_lint(*a);
    if (done.ok()) return *done;
    return report_error(done.error(),
                        a->format == "text" ? OutputFormat::Text : OutputFormat::Json);
  });
}

}  // namespace sealane::cli
