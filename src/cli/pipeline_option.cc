// SPDX-License-Identifier: Apache-2.0
#include "cli/pipeline_option.h"

namespace sealane::cli {

namespace {

void add_common_options(CLI::App* command, PipelineOptions& options) {
  command
      ->add_option("--state", options.state,
                   "state folder (default: .sealane beside the pipeline file)")
      ->type_name("DIR");
  command
      ->add_option("--passphrase-file", options.passphrase_file,
                   "file whose first line opens keyrings, in place of their unlock.key")
      ->type_name("FILE");
  add_format_option(command, options.format);
}

}  // namespace

void add_pipeline_options(CLI::App* command, PipelineOptions& options) {
  command->add_option("--pipeline", options.file, "the pipeline file")
      ->type_name("FILE")
      ->capture_default_str();
  add_common_options(command, options);
}

void add_pipeline_word(CLI::App* command, PipelineOptions& options) {
  command->add_option("PIPELINE", options.file, "the pipeline file")
      ->type_name("FILE")
      ->capture_default_str();
  add_common_options(command, options);
}

int with_pipeline(const PipelineOptions& options,
                  const std::function<Result<int>(Env& env, const LoadedPipeline& loaded)>& body) {
  PosixEnv env;
  std::vector<Diagnostic> diagnostics;
  auto loaded = load_pipeline_file(env, options.file, options.state, diagnostics);
  if (const int code = report_diagnostics(diagnostics, options.format); code != kOk) return code;
  if (!loaded.ok()) return report_error(loaded.error(), options.format);
  loaded->passphrase_file = options.passphrase_file;
  auto done = body(env, *loaded);
  return done.ok() ? *done : report_error(done.error(), options.format);
}

}  // namespace sealane::cli
