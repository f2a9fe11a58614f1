// SPDX-License-Identifier: Apache-2.0
#include "cli/check_infrastructure.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>

#include "base/bytes.h"
#include "base/clock.h"
#include "check/accept.h"
#include "check/hops.h"
#include "cli/command.h"
#include "cli/source_places.h"
#include "iac/read.h"
#include "report/findings.h"
#include "solver/solver.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kFileBytesMax = 512ull << 20;
constexpr std::uint64_t kListBytesMax = 256ull << 20;
constexpr std::size_t kFilesMax = 100'000;
constexpr std::array kFormats = {"text", "json", "sarif", "junit", "markdown", "github", "mermaid"};
constexpr std::array kExtensions = {".json", ".yaml", ".yml", ".template", ".tfstate"};
constexpr std::string_view kKnownFormats =
    "known are Terraform plans and states as JSON, *.tf.json, CloudFormation templates and Pulumi "
    "YAML programs";

Result<std::vector<std::string>> files_beneath(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code code;
  std::filesystem::recursive_directory_iterator at(folder, code);
  for (const std::filesystem::recursive_directory_iterator end; !code && at != end;
       at.increment(code)) {
    const std::string name = at->path().filename().string();
    std::error_code kind;
    if (name.starts_with('.')) {
      if (at->is_directory(kind)) at.disable_recursion_pending();
      continue;
    }
    const std::string extension = at->path().extension().string();
    if (!at->is_regular_file(kind) ||
        std::ranges::find(kExtensions, extension) == kExtensions.end())
      continue;
    if (files.size() == kFilesMax)
      return fail(ErrorKind::TooLarge,
                  "`" + folder + "` has more than " + std::to_string(kFilesMax) + " files");
    files.push_back(at->path().string());
  }
  if (code) return fail_errno(code.value(), "cannot read folder `" + folder + "`");
  std::ranges::sort(files);
  return files;
}

Result<std::string> read_text(Env& env, const std::string& path, std::uint64_t bytes_max) {
  SEALANE_ASSIGN(const Bytes bytes, read_file(env, path, bytes_max));
  return std::string(as_text(bytes));
}

Result<std::string> rendered(const std::string& format, std::span<const pipeline::Finding> findings,
                             bool verbose) {
  if (format == "text")
    return report::findings_text(findings, verbose ? report::Detail::Full : report::Detail::Brief);
  if (format == "json") return report::findings_json(findings);
  if (format == "sarif") return report::findings_sarif(findings, SEALANE_VERSION);
  if (format == "junit") return report::findings_junit(findings);
  if (format == "markdown") return report::findings_markdown(findings);
  if (format == "github") return report::findings_github(findings);
  if (format == "mermaid") return report::findings_mermaid(findings);
  return fail(ErrorKind::Invalid, "there is no format `" + format + "`",
              "say FORMAT=FILE, as --output sarif=result.sarif");
}

// Solvers are started when a policy needs them, which most do not.
class Prover {
 public:
  Prover(const policy::Catalogue& catalogue, const InfrastructureArguments& arguments)
      : catalogue_(catalogue), arguments_(arguments) {}
  prove::Proof operator()(const prove::Scope& scope, std::span<const policy::Document> documents,
                          const prove::Options& options) {
    if (solvers_.empty()) {
      solvers_.emplace_back(solver::cvc5_program(arguments_.cvc5), solver::Limits{});
      solvers_.emplace_back(solver::z3_program(arguments_.z3), solver::Limits{});
    }
    return prove::prove(catalogue_, scope, documents, solvers_, options);
  }

 private:
  const policy::Catalogue& catalogue_;
  const InfrastructureArguments& arguments_;
  std::vector<solver::Solver> solvers_;
};

Status accept(Env& env, const InfrastructureArguments& arguments,
              std::vector<pipeline::Finding>& findings, std::vector<Diagnostic>& diagnostics) {
  if (!arguments.suppressions.empty()) {
    SEALANE_ASSIGN(const std::string text, read_text(env, arguments.suppressions, kListBytesMax));
    auto parsed = check::parse_suppressions(text, arguments.suppressions);
    if (parsed.value) {
      const std::string today = to_rfc3339(SystemClock().now()).substr(0, 10);
      parsed.diagnostics = check::apply(*parsed.value, today, findings);
    }
    diagnostics.insert(diagnostics.end(), parsed.diagnostics.begin(), parsed.diagnostics.end());
  }
  if (!arguments.baseline.empty()) {
    SEALANE_ASSIGN(const std::string text, read_text(env, arguments.baseline, kListBytesMax));
    auto parsed = check::parse_baseline(text, arguments.baseline);
    if (parsed.value) check::apply(*parsed.value, findings);
    diagnostics.insert(diagnostics.end(), parsed.diagnostics.begin(), parsed.diagnostics.end());
  }
  return {};
}

Status write_outputs(Env& env, const InfrastructureArguments& arguments,
                     std::span<const pipeline::Finding> findings) {
  for (const std::string& word : arguments.outputs) {
    const std::size_t equals = word.find('=');
    SEALANE_ASSIGN(const std::string text,
                   rendered(word.substr(0, equals), findings, arguments.verbose));
    SEALANE_TRY(write_file_atomic(env, word.substr(equals + 1), as_bytes(text), IfExists::Replace));
  }
  return {};
}

int exit_code_for(std::span<const pipeline::Finding> findings,
                  const InfrastructureArguments& arguments) {
  const int code = pipeline::exit_code_of(findings);
  return code == kUnknown && arguments.fail_on == "open" ? kOk : code;
}

Result<int> explain(std::span<const pipeline::Finding> findings,
                    const InfrastructureArguments& arguments) {
  const auto found = std::ranges::find(findings, arguments.explain, &pipeline::Finding::id);
  if (found == findings.end()) {
    std::vector<std::string> ids;
    for (const pipeline::Finding& finding : findings) ids.push_back(finding.id);
    const auto near = nearest(arguments.explain, ids);
    return fail(
        ErrorKind::NotFound, "there is no hop `" + arguments.explain + "`",
        near ? "did you mean `" + *near + "`?" : "sealane check without --explain lists every hop");
  }
  print(arguments.format == "json" ? report::findings_json(std::span(&*found, 1))
                                   : report::explanation(*found));
  return exit_code_for(std::span(&*found, 1), arguments);
}

}  // namespace

bool is_findings_format(const std::string& format) {
  return std::ranges::find(kFormats, format) != kFormats.end();
}

Result<std::vector<InfrastructureFile>> read_infrastructure(Env& env,
                                                            const std::vector<std::string>& words) {
  std::vector<InfrastructureFile> out;
  for (const std::string& word : words) {
    std::error_code code;
    const bool is_folder = std::filesystem::is_directory(word, code);
    std::vector<std::string> files = {word};
    if (is_folder) {
      SEALANE_ASSIGN(files, files_beneath(word));
    }
    const std::size_t before = out.size();
    for (const std::string& file : files) {
      SEALANE_ASSIGN(std::string text, read_text(env, file, kFileBytesMax));
      if (iac::recognise(text, file))
        out.push_back({file, std::move(text)});
      else if (!is_folder)
        return fail(ErrorKind::Invalid,
                    "`" + file + "` has no format of infrastructure that is known",
                    std::string(kKnownFormats));
    }
    if (out.size() == before)
      return fail(ErrorKind::NotFound, "there is no infrastructure in `" + word + "`",
                  std::string(kKnownFormats));
  }
  return out;
}

Result<int> check_infrastructure(Env& env, const std::vector<InfrastructureFile>& files,
                                 const InfrastructureArguments& arguments) {
  for (const std::string& word : arguments.outputs)
    if (const std::size_t equals = word.find('=');
        equals == std::string::npos || !is_findings_format(word.substr(0, equals)))
      return fail(ErrorKind::Invalid, "`" + word + "` is no output",
                  "say FORMAT=FILE, as --output sarif=result.sarif");
  const check::Rows& rows = check::Rows::shipped();
  std::vector<iac::Input> inputs;
  for (const InfrastructureFile& file : files) inputs.push_back({file.name, file.text});
  auto parsed = iac::read(inputs, [&](std::string_view type) { return rows.wants(type); }, {});
  const OutputFormat errors = arguments.format == "json" ? OutputFormat::Json : OutputFormat::Text;
  if (!parsed.value) return report_diagnostics(parsed.diagnostics, errors);
  const policy::Catalogue catalogue = policy::Catalogue::shipped();
  Prover prover(catalogue, arguments);
  check::Options options;
  if (!arguments.min_tls.empty()) {
    options.min_tls = check::tls_of(arguments.min_tls).value_or(check::Tls::V12);
    options.floor_asked = true;
  }
  std::vector<pipeline::Finding> findings = check::judge(
      *parsed.value, rows, catalogue,
      [&](const prove::Scope& scope, std::span<const policy::Document> documents,
          const prove::Options& question) { return prover(scope, documents, question); },
      options);
  if (!arguments.source_root.empty())
    SEALANE_TRY(find_source_places(env, arguments.source_root, findings));
  std::vector<Diagnostic> diagnostics = parsed.value->diagnostics;
  SEALANE_TRY(accept(env, arguments, findings, diagnostics));
  const bool is_bad = std::ranges::any_of(
      diagnostics, [](const Diagnostic& d) { return d.severity == Severity::Error; });
  if (is_bad) return report_diagnostics(diagnostics, errors);
  for (const Diagnostic& d : diagnostics) std::cerr << to_text(d) << "\n";
  if (!arguments.explain.empty()) return explain(findings, arguments);
  SEALANE_TRY(write_outputs(env, arguments, findings));
  SEALANE_ASSIGN(const std::string text, rendered(arguments.format, findings, arguments.verbose));
  print(text);
  return exit_code_for(findings, arguments);
}

}  // namespace sealane::cli
