// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/pipeline_option.h"
#include "keys/keyring.h"

namespace sealane::cli {

// The gateway that a command means: the one named, or the only one.
// Errors: NotFound – there is none of that name; Invalid – there are several and none was named.
Result<const pipeline::Node*> choose_gateway(const LoadedPipeline& loaded,
                                             const std::string& wanted);

// Opens the keyring of a folder, with the anchor that the gateway's delivery state keeps beside it.
Result<std::unique_ptr<keys::Keyring>> open_keyring(Env& env, const std::string& folder,
                                                    const std::string& passphrase_file,
                                                    const Clock& clock,
                                                    const keys::KeyringLimits& limits = {},
                                                    bool accept_older = false);

// Which keyring a command is about: a folder's, or that of a gateway of the pipeline.
struct KeyringOptions {
  PipelineOptions pipeline;
  std::string folder;
  std::string node;
};
void add_keyring_options(CLI::App* command, KeyringOptions& options);

// Finds the folder, loading the pipeline when it is needed, and runs `body`; reports what went
// wrong.
int with_keyring_folder(
    const KeyringOptions& options,
    const std::function<Result<int>(Env& env, const std::string& folder)>& body);

}  // namespace sealane::cli
