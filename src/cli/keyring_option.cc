// SPDX-License-Identifier: Apache-2.0
#include "cli/keyring_option.h"

#include <cstdlib>

#include "gateway/token_keys.h"

namespace sealane::cli {

Result<const pipeline::Node*> choose_gateway(const LoadedPipeline& loaded,
                                             const std::string& wanted) {
  const pipeline::Node* found = nullptr;
  for (const pipeline::Node& node : loaded.pipeline.nodes) {
    if (node.kind != pipeline::NodeKind::Gateway || (!wanted.empty() && node.name != wanted))
      continue;
    if (found != nullptr)
      return fail(ErrorKind::Invalid, "the pipeline has several gateways",
                  "say which one with --node");
    found = &node;
  }
  if (found == nullptr)
    return fail(ErrorKind::NotFound, wanted.empty()
                                         ? std::string("the pipeline has no gateway")
                                         : "the pipeline has no gateway `" + wanted + "`");
  return found;
}

Result<std::unique_ptr<keys::Keyring>> open_keyring(
    Env& env, const std::string& folder, const std::string& passphrase_file, const Clock& clock,
    const keys::KeyringLimits& limits, bool accept_older, const LoadedPipeline* loaded) {
  SEALANE_ASSIGN(keys::Unlock unlock, keys::read_unlock(env, folder, passphrase_file));
  keys::KeyringParts parts;
  parts.anchors = {folder + "/delivery/keyring.anchor"};
  parts.accept_older = accept_older;
  SEALANE_ASSIGN(auto finder, finder_for(env, loaded));
  parts.provider_for = gateway::provider_for(std::move(finder));
  return keys::Keyring::open(folder, unlock, clock, limits, std::move(parts));
}

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

Result<std::shared_ptr<keys::ProviderFinder>> finder_for(Env& env, const LoadedPipeline* loaded) {
  if (loaded == nullptr) return std::make_shared<keys::ProviderFinder>(env, environment_variable);
  return gateway::finder_of(env, loaded->pipeline, loaded->folder, environment_variable);
}

Result<bool> create_token_key(keys::Keyring& keyring, keys::ProviderFinder& finder,
                              const std::string& name, keys::KeyPlan plan,
                              const keys::Pkcs11Key& where, MakeTokenKey make) {
  SEALANE_ASSIGN(const auto provider, finder.make(where));
  bool made = false;
  if (make == MakeTokenKey::IfMissing) {
    SEALANE_ASSIGN(made, provider->make_key_if_missing());
  }
  plan.provider = "pkcs11";
  plan.parameters = provider->parameters();
  SEALANE_TRY(keyring.create_key(name, plan));
  return made;
}

void add_keyring_options(CLI::App* command, KeyringOptions& options) {
  add_pipeline_options(command, options.pipeline);
  command->add_option("--node", options.node, "the gateway (default: the only one)");
  command
      ->add_option("--keyring", options.folder,
                   "folder of a keyring, in place of a gateway of the pipeline")
      ->type_name("DIR");
}

int with_keyring_folder(
    const KeyringOptions& options,
    const std::function<Result<int>(Env& env, const KeyringFolder& folder)>& body) {
  if (options.folder.empty())
    return with_pipeline(
        options.pipeline, [&](Env& env, const LoadedPipeline& loaded) -> Result<int> {
          SEALANE_ASSIGN(const pipeline::Node* gateway, choose_gateway(loaded, options.node));
          return body(env, {.path = loaded.node_folder(gateway->name), .loaded = &loaded});
        });
  PosixEnv env;
  auto done = body(env, {.path = options.folder, .loaded = nullptr});
  return done.ok() ? *done : report_error(done.error(), options.pipeline.format);
}

}  // namespace sealane::cli
