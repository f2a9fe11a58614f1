// SPDX-License-Identifier: Apache-2.0
#include "cli/keyring_option.h"

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

Result<std::unique_ptr<keys::Keyring>> open_keyring(Env& env, const std::string& folder,
                                                    const std::string& passphrase_file,
                                                    const Clock& clock,
                                                    const keys::KeyringLimits& limits,
                                                    bool accept_older) {
  SEALANE_ASSIGN(keys::Unlock unlock, keys::read_unlock(env, folder, passphrase_file));
  keys::KeyringParts parts;
  parts.anchors = {folder + "/delivery/keyring.anchor"};
  parts.accept_older = accept_older;
  return keys::Keyring::open(folder, unlock, clock, limits, std::move(parts));
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
    const std::function<Result<int>(Env& env, const std::string& folder)>& body) {
  if (options.folder.empty())
    return with_pipeline(
        options.pipeline, [&](Env& env, const LoadedPipeline& loaded) -> Result<int> {
          SEALANE_ASSIGN(const pipeline::Node* gateway, choose_gateway(loaded, options.node));
          return body(env, loaded.node_folder(gateway->name));
        });
  PosixEnv env;
  auto done = body(env, options.folder);
  return done.ok() ? *done : report_error(done.error(), options.pipeline.format);
}

}  // namespace sealane::cli
