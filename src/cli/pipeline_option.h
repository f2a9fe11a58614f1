// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/provision.h"

namespace sealane::cli {

// What every command on a pipeline takes: --pipeline, --state, --format.
struct PipelineOptions {
  std::string file = "pipeline.yaml";
  std::string state;
  std::string passphrase_file;
  OutputFormat format = OutputFormat::Text;
};
void add_pipeline_options(CLI::App* command, PipelineOptions& options);
// The same for a command whose subject is the file: it comes as a word.
void add_pipeline_word(CLI::App* command, PipelineOptions& options);

// Loads the file and runs `body`; reports what went wrong.
int with_pipeline(const PipelineOptions& options,
                  const std::function<Result<int>(Env& env, const LoadedPipeline& loaded)>& body);

}  // namespace sealane::cli
