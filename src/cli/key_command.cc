// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/pipeline_option.h"
#include "keys/keyring.h"

namespace sealane::cli {
namespace {

struct KeyArguments {
  PipelineOptions pipeline;
  std::string node;
  std::string key;
  std::uint32_t epoch = 0;  // 0: the newest
  std::string out;
};

Result<int> run_list(Env& env, const LoadedPipeline& loaded, const KeyArguments& arguments) {
  const SystemClock clock;
  SEALANE_ASSIGN(const auto keyring, open_gateway_keyring(env, loaded, arguments.node, clock));
  SEALANE_ASSIGN(const std::vector<keys::KeyInfo> all, keyring->list());
  json::Writer w(2);
  w.begin_object().key("keys").begin_array();
  std::string text;
  for (const keys::KeyInfo& key : all) {
    w.begin_object().field("name", key.name).key("epochs").begin_array();
    for (const keys::EpochInfo& epoch : key.epochs) {
      w.begin_object()
          .field("epoch", std::uint64_t{epoch.number})
          .field("state", keys::to_string(epoch.state));
      w.field("created", to_rfc3339(epoch.created))
          .field("wraps_reserved", epoch.wraps_reserved)
          .end_object();
      text += key.name + "/" + std::to_string(epoch.number) + "  " +
              std::string(keys::to_string(epoch.state)) + "  since " + to_rfc3339(epoch.created) +
              "  wraps reserved " + std::to_string(epoch.wraps_reserved) + "\n";
    }
    w.end_array().end_object();
  }
  w.end_array().end_object();
  print(arguments.pipeline.format == OutputFormat::Json ? w.str() + "\n" : text);
  return static_cast<int>(kOk);
}

Result<int> run_export(Env& env, const LoadedPipeline& loaded, const KeyArguments& arguments) {
  const SystemClock clock;
  SEALANE_ASSIGN(const auto keyring, open_gateway_keyring(env, loaded, arguments.node, clock));
  SEALANE_ASSIGN(const keys::KeyInfo info, keyring->find(arguments.key));
  const std::uint32_t epoch = arguments.epoch == 0 ? info.epochs.back().number : arguments.epoch;
  SEALANE_ASSIGN(const Secret key, keyring->export_key(arguments.key, epoch));
  SEALANE_TRY(write_file_atomic(env, arguments.out, key.reveal(), IfExists::Refuse));
  const std::string name = arguments.key + "/" + std::to_string(epoch);
  if (arguments.pipeline.format == OutputFormat::Json) {
    print(json::Writer(2)
              .begin_object()
              .field("namespace", keys::kKeyNamespace)
              .field("name", name)
              .field("file", arguments.out)
              .end_object()
              .str() +
          "\n");
  } else {
    print("32 raw bytes of `" + name + "`, namespace `" + std::string(keys::kKeyNamespace) + "`: " +
          arguments.out + "\nnote: whoever has this file opens every message of this epoch\n");
  }
  return static_cast<int>(kOk);
}

}  // namespace

void add_key_command(CLI::App& app, Chosen& chosen) {
  CLI::App* key = add_command(app, "key", "Data set keys: list, export",
                              "  sealane key list\n"
                              "  sealane key export training --out training.key");
  key->require_subcommand(1);
  {
    auto a = std::make_shared<KeyArguments>();
    CLI::App* command =
        add_command(*key, "list", "List the keys of a gateway's keyring with their epochs",
                    "  sealane key list");
    add_pipeline_options(command, a->pipeline);
    command->add_option("--node", a->node, "the gateway (default: the first)");
    on_run(command, chosen, [a] {
      return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
        return run_list(env, loaded, *a);
      });
    });
  }
  auto a = std::make_shared<KeyArguments>();
  CLI::App* command = add_command(
      *key, "export", "Write the raw key of one epoch, for a reader with an AWS Encryption SDK",
      "  sealane key export training --out training.key");
  add_pipeline_options(command, a->pipeline);
  command->add_option("KEY", a->key, "name of the key")->required();
  command->add_option("--epoch", a->epoch, "epoch (default: the newest)");
  command->add_option("--node", a->node, "the gateway (default: the first)");
  command->add_option("--out", a->out, "file that must not exist")->required()->type_name("FILE");
  on_run(command, chosen, [a] {
    return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
      return run_export(env, loaded, *a);
    });
  });
}

}  // namespace sealane::cli
