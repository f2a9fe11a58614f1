// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/pipeline_option.h"
#include "keys/keyring.h"
#include "keys/provider_finder.h"

namespace sealane::cli {

// The gateway that a command means: the one named, or the only one.
// Errors: NotFound – there is none of that name; Invalid – there are several and none was named.
Result<const pipeline::Node*> choose_gateway(const LoadedPipeline& loaded,
                                             const std::string& wanted);

// Opens the keyring of a folder, with the anchor that the gateway's delivery state keeps beside it.
// `loaded`: the pipeline that it belongs to, if one was named.
Result<std::unique_ptr<keys::Keyring>> open_keyring(Env& env, const std::string& folder,
                                                    const std::string& passphrase_file,
                                                    const Clock& clock,
                                                    const keys::KeyringLimits& limits = {},
                                                    bool accept_older = false,
                                                    const LoadedPipeline* loaded = nullptr);
// What finds the providers of its keys: as the pipeline file says, or, without one, as the keyring
// stores it.
Result<std::shared_ptr<keys::ProviderFinder>> finder_for(Env& env, const LoadedPipeline* loaded);
std::optional<std::string> environment_variable(const std::string& name);

// Which keyring a command is about: a folder's, or that of a gateway of the pipeline.
struct KeyringOptions {
  PipelineOptions pipeline;
  std::string folder;
  std::string node;
};
void add_keyring_options(CLI::App* command, KeyringOptions& options);

// Makes a key that a token's key wraps; also makes that one when it may and there is none.
// Result: whether it did.
enum class MakeTokenKey { No, IfMissing };
Result<bool> create_token_key(keys::Keyring& keyring, keys::ProviderFinder& finder,
                              const std::string& name, keys::KeyPlan plan,
                              const keys::Pkcs11Key& where, MakeTokenKey make);

struct KeyringFolder {
  std::string path;
  const LoadedPipeline* loaded = nullptr;  // the pipeline whose gateway it belongs to
};
// Finds the folder, loading the pipeline when it is needed, and runs `body`; reports what went
// wrong.
int with_keyring_folder(
    const KeyringOptions& options,
    const std::function<Result<int>(Env& env, const KeyringFolder& folder)>& body);

}  // namespace sealane::cli
