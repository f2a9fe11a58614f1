// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/pipeline_option.h"
#include "identity/access_keys.h"
#include "identity/registry.h"

namespace sealane::cli {
namespace {

struct AccessKeyArguments {
  PipelineOptions pipeline;
  std::string gateway;
  std::string node;
  std::string thing;
  std::string id;
};

// The keyring and the access keys of a gateway.
struct Opened {
  std::unique_ptr<keys::Keyring> keyring;
  std::optional<identity::AccessKeys> keys{};
};

Result<Opened> open_keys(Env& env, const LoadedPipeline& loaded, const std::string& gateway,
                         const Clock& clock) {
  SEALANE_ASSIGN(const std::string folder, gateway_folder(loaded, gateway));
  SEALANE_ASSIGN(auto keyring, open_gateway_keyring(env, loaded, gateway, clock));
  Opened out{.keyring = std::move(keyring)};
  SEALANE_ASSIGN(identity::AccessKeys keys, identity::AccessKeys::open(folder, *out.keyring));
  out.keys.emplace(std::move(keys));
  return out;
}

Result<identity::Identity> principal_of(const LoadedPipeline& loaded, const AccessKeyArguments& a) {
  if (a.node.empty() == a.thing.empty())
    return fail(ErrorKind::Invalid, "say whose key it is: --node NAME, or --thing NAME");
  identity::Identity out;
  out.pipeline = loaded.pipeline.name;
  if (!a.node.empty()) {
    const pipeline::Node* node = loaded.pipeline.find_node(a.node);
    if (node == nullptr || node->kind == pipeline::NodeKind::Device)
      return fail(ErrorKind::NotFound, "the pipeline has no node `" + a.node + "` that takes part",
                  "for a device use --thing");
    out.role = identity::Role::Node;
    out.name = a.node;
    return out;
  }
  SEALANE_ASSIGN(identity::Registry registry, identity::Registry::open(loaded.registry()));
  SEALANE_ASSIGN(const std::optional<identity::ThingFacts> facts, registry.find_thing(a.thing));
  if (!facts)
    return fail(ErrorKind::NotFound, "no thing `" + a.thing + "` is registered",
                "`sealane device add` registers it");
  out.role = identity::Role::Device;
  out.name = a.thing;
  return out;
}

void write_key(json::Writer& w, const identity::AccessKey& key) {
  w.field("id", key.id)
      .field("principal", identity::to_uri(key.principal))
      .field("state", identity::to_string(key.state))
      .field("created", to_rfc3339(key.created))
      .field("last_four", key.last_four);
}

Result<int> run_create(Env& env, const LoadedPipeline& loaded, const AccessKeyArguments& a) {
  const SystemClock clock;
  SEALANE_ASSIGN(const identity::Identity principal, principal_of(loaded, a));
  SEALANE_ASSIGN(Opened opened, open_keys(env, loaded, a.gateway, clock));
  SEALANE_ASSIGN(const identity::NewAccessKey made, opened.keys->create(principal, clock.now()));
  if (a.pipeline.format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object();
    write_key(w, made.key);
    w.field("secret", as_text(made.secret.reveal()));
    print(w.end_object().str() + "\n");
  } else {
    print("access key: " + made.key.id + "\nsecret: ");
    print(as_text(made.secret.reveal()));
    print("\nnote: the secret is not shown again; whoever has it can sign requests as " +
          identity::to_uri(principal) + "\n");
  }
  return static_cast<int>(kOk);
}

Result<int> run_list(Env& env, const LoadedPipeline& loaded, const AccessKeyArguments& a) {
  const SystemClock clock;
  SEALANE_ASSIGN(Opened opened, open_keys(env, loaded, a.gateway, clock));
  SEALANE_ASSIGN(const std::vector<identity::AccessKey> all, opened.keys->list());
  json::Writer w(2);
  w.begin_object().key("access_keys").begin_array();
  std::string text;
  for (const identity::AccessKey& key : all) {
    w.begin_object();
    write_key(w, key);
    w.end_object();
    text += key.id + "  " + std::string(identity::to_string(key.state)) + "  " +
            identity::to_uri(key.principal) + "  since " + to_rfc3339(key.created) +
            "  secret ends in " + key.last_four + "\n";
  }
  w.end_array().end_object();
  print(a.pipeline.format == OutputFormat::Json ? w.str() + "\n" : text);
  return static_cast<int>(kOk);
}

enum class Change { Activate, Deactivate, Delete };

Result<int> run_change(Env& env, const LoadedPipeline& loaded, const AccessKeyArguments& a,
                       Change change) {
  const SystemClock clock;
  SEALANE_ASSIGN(Opened opened, open_keys(env, loaded, a.gateway, clock));
  if (change == Change::Delete)
    SEALANE_TRY(opened.keys->remove(a.id));
  else
    SEALANE_TRY(opened.keys->set_state(a.id, change == Change::Activate
                                                 ? identity::AccessKeyState::Active
                                                 : identity::AccessKeyState::Inactive));
  const std::string_view state = change == Change::Activate     ? "active"
                                 : change == Change::Deactivate ? "inactive"
                                                                : "deleted";
  if (a.pipeline.format == OutputFormat::Json)
    print(
        json::Writer(2).begin_object().field("id", a.id).field("state", state).end_object().str() +
        "\n");
  else
    print("access key " + a.id + " is " + std::string(state) + "\n");
  return static_cast<int>(kOk);
}

template <class Run>
void on_gateway(CLI::App* command, Chosen& chosen, const std::shared_ptr<AccessKeyArguments>& a,
                Run run) {
  add_pipeline_options(command, a->pipeline);
  command->add_option("--gateway", a->gateway, "whose keys (default: the first gateway)");
  on_run(command, chosen, [a, run] {
    return with_pipeline(
        a->pipeline, [&](Env& env, const LoadedPipeline& loaded) { return run(env, loaded, *a); });
  });
}

void add_change(CLI::App& parent, Chosen& chosen, const std::string& name, const std::string& help,
                Change change) {
  auto a = std::make_shared<AccessKeyArguments>();
  CLI::App* command =
      add_command(parent, name, help, "  sealane access-key " + name + " SLAK2345ABCDEFGHIJKL");
  command->add_option("ID", a->id, "the key's id")->required();
  on_gateway(command, chosen, a,
             [change](Env& env, const LoadedPipeline& loaded, const AccessKeyArguments& arguments) {
               return run_change(env, loaded, arguments, change);
             });
}

}  // namespace

void add_access_key_command(CLI::App& app, Chosen& chosen) {
  CLI::App* parent = add_command(
      app, "access-key", "Access keys for signed requests: create, list, deactivate, delete",
      "  sealane access-key create --node trainer\n"
      "  sealane access-key list");
  parent->require_subcommand(1);
  {
    auto a = std::make_shared<AccessKeyArguments>();
    CLI::App* command = add_command(*parent, "create", "Make a key and show its secret, this once",
                                    "  sealane access-key create --node trainer\n"
                                    "  sealane access-key create --thing seattle --format json");
    command->add_option("--node", a->node, "the node that the key speaks as");
    command->add_option("--thing", a->thing, "the registered thing that the key speaks as");
    on_gateway(command, chosen, a, run_create);
  }
  {
    auto a = std::make_shared<AccessKeyArguments>();
    CLI::App* command = add_command(*parent, "list", "List the keys, without their secrets",
                                    "  sealane access-key list --format json");
    on_gateway(command, chosen, a, run_list);
  }
  add_change(*parent, chosen, "activate", "Let a key that was deactivated sign again",
             Change::Activate);
  add_change(*parent, chosen, "deactivate", "Refuse a key until it is activated again",
             Change::Deactivate);
  add_change(*parent, chosen, "delete", "Remove a key and its secret", Change::Delete);
}

}  // namespace sealane::cli
