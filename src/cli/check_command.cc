// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "base/bytes.h"
#include "cli/check_infrastructure.h"
#include "cli/check_pipeline.h"
#include "iac/read.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kPipelineBytesMax = 512ull << 20;

struct CheckArguments {
  std::vector<std::string> words;
  PipelineOptions pipeline;
  InfrastructureArguments infrastructure;
};

OutputFormat format_of(const CheckArguments& a) {
  return a.infrastructure.format == "json" ? OutputFormat::Json : OutputFormat::Text;
}

// One YAML file that is no infrastructure: a pipeline file, or one that wants to be.
bool is_pipeline(Env& env, const std::vector<std::string>& words) {
  if (words.empty()) return true;
  if (words.size() > 1) return false;
  std::error_code code;
  const std::filesystem::path path(words.front());
  if (std::filesystem::is_directory(path, code)) return false;
  if (path.extension() != ".yaml" && path.extension() != ".yml") return false;
  const auto text = read_file(env, words.front(), kPipelineBytesMax);
  return !text.ok() || !iac::recognise(as_text(*text), words.front());
}

// Words that ask about infrastructure alone.
Status check_pipeline_words(const InfrastructureArguments& a) {
  const char* word = !a.min_tls.empty()        ? "--min-tls"
                     : !a.baseline.empty()     ? "--baseline"
                     : !a.suppressions.empty() ? "--suppressions"
                     : !a.source_root.empty()  ? "--source-root"
                     : !a.outputs.empty()      ? "--output"
                     : !a.explain.empty()      ? "--explain"
                                               : nullptr;
  if (word != nullptr)
    return fail(ErrorKind::Invalid, std::string(word) + " is about files of infrastructure",
                "a pipeline file says its floors and what it accepts itself");
  if (a.format != "text" && a.format != "json")
    return fail(ErrorKind::Invalid, "a pipeline file is checked with --format text or json");
  return {};
}

int run_check(CheckArguments& a) {
  PosixEnv env;
  a.pipeline.format = format_of(a);
  if (is_pipeline(env, a.words)) {
    if (auto words = check_pipeline_words(a.infrastructure); !words.ok())
      return report_error(words.error(), a.pipeline.format);
    if (!a.words.empty()) a.pipeline.file = a.words.front();
    return with_pipeline(a.pipeline, [&](Env& there, const LoadedPipeline& loaded) {
      auto code = check_pipeline(there, loaded, a.pipeline.format, a.infrastructure.verbose);
      if (code.ok() && *code == kUnknown && a.infrastructure.fail_on == "open")
        return Result<int>(kOk);
      return code;
    });
  }
  auto files = read_infrastructure(env, a.words);
  if (!files.ok()) return report_error(files.error(), format_of(a));
  auto code = check_infrastructure(env, *files, a.infrastructure);
  return code.ok() ? *code : report_error(code.error(), format_of(a));
}

void add_options(CLI::App* command, CheckArguments& a) {
  InfrastructureArguments& i = a.infrastructure;
  command
      ->add_option("INPUT", a.words,
                   "a pipeline file; or plans, states, templates, and folders of them "
                   "(default: pipeline.yaml)")
      ->type_name("FILE|DIR");
  command
      ->add_option("--min-tls", i.min_tls,
                   "the floor of every hop (default: 1.2 where the "
                   "input tells versions)")
      ->check(CLI::IsMember({"1.2", "1.3"}))
      ->type_name("1.2|1.3");
  command->add_option("--fail-on", i.fail_on, "the least that is an exit code of its own")
      ->check(CLI::IsMember({"unknown", "open"}))
      ->type_name("unknown|open")
      ->capture_default_str();
  command->add_option("--baseline", i.baseline, "JSON of an earlier run: what it found counts not")
      ->type_name("FILE");
  command
      ->add_option("--suppressions", i.suppressions,
                   "hops that are taken as they are, with "
                   "reason and date")
      ->type_name("FILE");
  command->add_option("--source-root", i.source_root, "folder with the *.tf files of a plan")
      ->type_name("DIR");
  command->add_option("--output", i.outputs, "write a format to a file as well")
      ->type_name("FORMAT=FILE");
  command->add_option("--explain", i.explain, "what decided about one hop")->type_name("HOP");
  command->add_flag("-v,--verbose", i.verbose, "basis, facts and fixes of each hop");
  command->add_option("--format", i.format, "output for people, for programs, for CI")
      ->check(CLI::IsMember({"text", "json", "sarif", "junit", "markdown", "github", "mermaid"}))
      ->type_name("text|json|sarif|junit|markdown|github|mermaid")
      ->capture_default_str();
  command->add_option("--cvc5", i.cvc5, "the program")->type_name("FILE")->capture_default_str();
  command->add_option("--z3", i.z3, "the program")->type_name("FILE")->capture_default_str();
  command
      ->add_option("--state", a.pipeline.state,
                   "state folder (default: .sealane beside the pipeline file)")
      ->type_name("DIR");
  command
      ->add_option("--passphrase-file", a.pipeline.passphrase_file,
                   "file whose first line opens keyrings, in place of their unlock.key")
      ->type_name("FILE");
}

}  // namespace

void add_check_command(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<CheckArguments>();
  CLI::App* command = add_command(
      app, "check", "One verdict per hop of a pipeline or of infrastructure, with the reason",
      "  sealane check pipeline.yaml\n"
      "  terraform show -json plan.out > plan.json && sealane check plan.json\n"
      "  sealane check template.yaml --min-tls 1.3 --format sarif > check.sarif\n"
      "  sealane check stacks/ --suppressions accepted.yaml --output junit=check.xml\n"
      "  sealane check plan.json --explain 'clients->aws_s3_bucket.raw'\n"
      "docs/check.md says what a verdict rests on. Exit codes: 0 every hop is enforced, inherent "
      "or\n"
      "carries no data, 1 some hop is open, 2 an input that cannot be read, 3 some hop is unknown\n"
      "and none open (0 with --fail-on open).");
  add_options(command, *a);
  on_run(command, chosen, [a] { return run_check(*a); });
}

}  // namespace sealane::cli
