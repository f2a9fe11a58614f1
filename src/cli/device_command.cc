// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/json.h"
#include "cli/device_why.h"
#include "cli/devices.h"
#include "cli/node_answers.h"
#include "cli/pipeline_option.h"
#include "identity/registry.h"
#include "pipeline/things.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kTextBytesMax = 16u << 20;

// `k=v`
Result<std::vector<std::pair<std::string, std::string>>> parse_attributes(
    const std::vector<std::string>& words) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == 0 || equals == std::string::npos)
      return fail(ErrorKind::Invalid, "`" + word + "` is no attribute", "write NAME=VALUE");
    out.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return out;
}

// What `add` and `set` say of a thing.
struct FactOptions {
  std::optional<std::string> type;
  std::vector<std::string> groups;
  std::vector<std::string> attributes;

  void add_to(CLI::App* command) {
    command->add_option("--type", type, "the thing's type, `iot:Connection.Thing.ThingTypeName`");
    command->add_option("--group", groups,
                        "a group that the thing is in, `sealane:ThingGroups`; repeat for more");
    command
        ->add_option("--attribute", attributes,
                     "an attribute, `iot:Connection.Thing.Attributes[NAME]`; repeat for more")
        ->type_name("NAME=VALUE");
  }
};

enum class Names { Required, Optional };

// Whose key: what `add` and `renew` have in common.
struct IssueArguments {
  PipelineOptions pipeline;
  std::vector<std::string> names;
  std::string from;  // CSV file with a column `name`
  std::string csr_file;
  std::string csr_folder;
  std::string certificate_file;
  std::string out_folder;
  bool generate = false;
  FactOptions facts;
  DeviceStep step = DeviceStep::Add;
};

Status check_words(const IssueArguments& a, std::size_t names) {
  const int ways = (a.generate ? 1 : 0) + (a.csr_file.empty() ? 0 : 1) +
                   (a.csr_folder.empty() ? 0 : 1) + (a.certificate_file.empty() ? 0 : 1);
  if (ways != 1)
    return fail(ErrorKind::Invalid, "say whose key it is: --csr FILE, or --generate",
                "with --csr the private key never leaves the device");
  if (names == 0)
    return fail(ErrorKind::Invalid, "no thing is named", "write NAME, or --from FILE");
  if (names > 1 && (!a.csr_file.empty() || !a.certificate_file.empty()))
    return fail(ErrorKind::Invalid, "one file cannot be for several things",
                "use --csr-folder, which holds NAME.csr for each");
  if (names > 1 && !a.out_folder.empty())
    return fail(ErrorKind::Invalid, "--out is for one thing",
                "each has its folder under `devices` in the state folder");
  return {};
}

Result<std::vector<DeviceRequest>> requests_of(Env& env, const IssueArguments& a) {
  std::vector<DeviceRequest> out;
  SEALANE_ASSIGN(const auto attributes, parse_attributes(a.facts.attributes));
  const auto add = [&](const std::string& name) {
    DeviceRequest request{
        .thing = name,
        .csr_file = a.csr_folder.empty() ? a.csr_file : a.csr_folder + "/" + name + ".csr",
        .out_folder = a.out_folder,
        .certificate_file = a.certificate_file,
        .type = a.facts.type};
    if (!a.facts.groups.empty()) request.groups = a.facts.groups;
    request.attributes = attributes;
    out.push_back(std::move(request));
  };
  for (const std::string& name : a.names) add(name);
  if (!a.from.empty()) {
    SEALANE_ASSIGN(const Bytes text, read_file(env, a.from, kTextBytesMax));
    const auto parsed = pipeline::parse_things(as_text(text), a.from);
    if (!parsed.value) return fail(ErrorKind::Invalid, to_text(parsed.diagnostics.front()));
    for (const pipeline::Thing& thing : *parsed.value) {
      add(thing.name);
      // What the command line says holds for all; the file's columns hold where it says nothing.
      for (const auto& attribute : thing.attributes)
        if (std::ranges::find(attributes, attribute.first,
                              &std::pair<std::string, std::string>::first) == attributes.end())
          out.back().attributes.push_back(attribute);
    }
  }
  SEALANE_TRY(check_words(a, out.size()));
  return out;
}

void write_added(json::Writer& w, const AddedDevice& added) {
  w.field("thing", added.thing).field("certificate", added.certificate_file);
  w.key("key");
  if (added.key_file.empty()) {
    w.null();
  } else {
    w.value(added.key_file);
  }
  w.field("certificate_sha256", added.certificate_sha256)
      .field("not_after", to_rfc3339(added.not_after));
}

Result<int> run_issue(Env& env, const LoadedPipeline& loaded, const IssueArguments& a) {
  SEALANE_ASSIGN(const std::vector<DeviceRequest> requests, requests_of(env, a));
  SEALANE_ASSIGN(const std::vector<AddedDevice> added,
                 add_devices(env, loaded, requests, a.step, SystemClock().now()));
  const bool several = a.names.size() != 1 || !a.from.empty();
  if (a.pipeline.format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object();
    if (several) {
      w.key("devices").begin_array();
      for (const AddedDevice& each : added) {
        w.begin_object();
        write_added(w, each);
        w.end_object();
      }
      w.end_array();
    } else {
      write_added(w, added.front());
    }
    print(w.end_object().str() + "\n");
    return static_cast<int>(kOk);
  }
  std::string text;
  for (const AddedDevice& each : added) {
    text += "device `" + each.thing + "` is registered until " + to_rfc3339(each.not_after) +
            "\ncertificate: " + each.certificate_file + "\n";
    if (!each.key_file.empty()) text += "key: " + each.key_file + "\n";
  }
  if (a.generate)
    text +=
        "note: this key was made here, so whoever administers this machine can speak as the "
        "device; for real\n      devices make the key on the device and use --csr\n";
  if (a.step == DeviceStep::Renew)
    text += "note: the certificate before it is good until it expires or is revoked\n";
  print(text);
  return static_cast<int>(kOk);
}

struct SetArguments {
  PipelineOptions pipeline;
  std::string thing;
  FactOptions facts;
  bool no_groups = false;
  std::vector<std::string> attributes_removed;
};

Result<int> run_set(const LoadedPipeline& loaded, const SetArguments& a) {
  identity::ThingChange change;
  change.type = a.facts.type;
  if (a.no_groups || !a.facts.groups.empty()) change.groups = a.facts.groups;
  SEALANE_ASSIGN(change.attributes, parse_attributes(a.facts.attributes));
  change.attributes_removed = a.attributes_removed;
  if (!change.type && !change.groups && change.attributes.empty() &&
      change.attributes_removed.empty())
    return fail(ErrorKind::Invalid, "nothing is to be changed",
                "use --type, --group, --attribute or --remove-attribute");
  SEALANE_ASSIGN(identity::Registry registry, identity::Registry::open(loaded.registry()));
  SEALANE_ASSIGN(const std::uint64_t generation, registry.set(a.thing, change));
  SEALANE_ASSIGN(const std::optional<identity::ThingFacts> facts, registry.find_thing(a.thing));
  if (!facts) return fail(ErrorKind::NotFound, "no thing `" + a.thing + "` is registered");
  if (a.pipeline.format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object().field("thing", a.thing).field("type", facts->type);
    w.key("groups").begin_array();
    for (const std::string& group : facts->groups) w.value(group);
    w.end_array().key("attributes").begin_object();
    for (const auto& [name, value] : facts->attributes) w.field(name, value);
    print(w.end_object().field("generation", generation).end_object().str() + "\n");
  } else {
    print("device `" + a.thing + "` is changed; a running gateway reads it at once\n");
  }
  return static_cast<int>(kOk);
}

struct RevokeArguments {
  PipelineOptions pipeline;
  std::string thing;
  double wait_seconds = 10;
  crypto::RevocationReason reason = crypto::RevocationReason::Unspecified;
};

Result<int> run_revoke(Env& env, const LoadedPipeline& loaded, const RevokeArguments& arguments) {
  SEALANE_ASSIGN(const RevokedDevice revoked, revoke_device(env, loaded, arguments.thing,
                                                            arguments.reason, SystemClock().now()));
  SEALANE_ASSIGN(const Confirmation confirmation,
                 confirm_revocation(loaded, arguments.thing, revoked.generation,
                                    to_milliseconds(arguments.wait_seconds)));
  if (arguments.pipeline.format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object()
        .field("thing", arguments.thing)
        .field("state", "revoked")
        .field("generation", revoked.generation);
    write_confirmation(w, confirmation, false);
    write_refreshed(w, revoked.crl);
    print(w.end_object().str() + "\n");
  } else {
    print("device `" + arguments.thing + "` is revoked\n" + to_text(confirmation) +
          to_text(revoked.crl));
  }
  return static_cast<int>(kOk);
}

Result<int> run_list(const LoadedPipeline& loaded, OutputFormat format) {
  SEALANE_ASSIGN(identity::Registry registry, identity::Registry::open(loaded.registry()));
  SEALANE_ASSIGN(const std::vector<identity::Device> devices, registry.list());
  json::Writer w(2);
  w.begin_object().key("devices").begin_array();
  std::string text;
  for (const identity::Device& device : devices) {
    const bool revoked = device.state == identity::DeviceState::Revoked;
    const std::string_view state = revoked ? "revoked" : "active";
    const std::string_view issuer = device.issuer == identity::Issuer::Own ? "own" : "external";
    w.begin_object().field("thing", device.thing).field("state", state);
    w.field("certificate_sha256", device.certificate_sha256)
        .field("serial", device.serial)
        .field("issuer", issuer)
        .field("not_after", to_rfc3339(device.not_after));
    w.key("revoked_at");
    revoked ? w.value(to_rfc3339(device.revoked_at)) : w.null();
    w.key("reason");
    revoked ? w.value(crypto::to_string(device.reason)) : w.null();
    w.field("type", device.type).key("groups").begin_array();
    for (const std::string& group : device.groups) w.value(group);
    w.end_array().key("attributes").begin_object();
    for (const auto& [name, value] : device.attributes) w.field(name, value);
    w.end_object().end_object();
    text += device.thing + "  " + std::string(state) + "  until " + to_rfc3339(device.not_after) +
            "  " + device.certificate_sha256;
    if (device.issuer == identity::Issuer::External) text += "  external";
    if (!device.type.empty()) text += "  type " + device.type;
    for (const std::string& group : device.groups) text += "  in " + group;
    text += "\n";
  }
  w.end_array().end_object();
  print(format == OutputFormat::Json ? w.str() + "\n" : text);
  return static_cast<int>(kOk);
}

void add_key_options(CLI::App* command, IssueArguments& a) {
  command->add_option("--csr", a.csr_file, "certificate signing request made on the device")
      ->type_name("FILE");
  command
      ->add_option("--csr-folder", a.csr_folder,
                   "folder with a signing request NAME.csr for each thing")
      ->type_name("DIR");
  command->add_flag("--generate", a.generate,
                    "make the key here: weaker, as the key was once outside the device");
  command->add_option("--from", a.from, "CSV file whose column `name` names the things")
      ->type_name("FILE");
  command
      ->add_option("--out", a.out_folder,
                   "folder for the files (default: devices/NAME in the state folder)")
      ->type_name("DIR");
}

void on_issue(CLI::App* command, Chosen& chosen, const std::shared_ptr<IssueArguments>& a) {
  on_run(command, chosen, [a] {
    return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
      return run_issue(env, loaded, *a);
    });
  });
}

void add_add(CLI::App& device, Chosen& chosen) {
  auto a = std::make_shared<IssueArguments>();
  CLI::App* command = add_command(
      device, "add", "Issue devices' certificates and register them",
      "  sealane device add seattle --csr seattle.csr\n"
      "  sealane device add --from stations.csv --csr-folder requests\n"
      "  sealane device add seattle --certificate acme-seattle.pem   # of a CA in trust\n"
      "  sealane device add sim-01 --generate   # demonstrations only");
  add_pipeline_options(command, a->pipeline);
  command->add_option("NAME", a->names, "things that the pipeline's things file lists");
  add_key_options(command, *a);
  command
      ->add_option("--certificate", a->certificate_file,
                   "register a certificate that a CA of the pipeline file's `trust` issued")
      ->type_name("FILE");
  a->facts.add_to(command);
  on_issue(command, chosen, a);
}

void add_renew(CLI::App& device, Chosen& chosen) {
  auto a = std::make_shared<IssueArguments>();
  a->step = DeviceStep::Renew;
  CLI::App* command = add_command(
      device, "renew", "Issue a further certificate; the present one stays good until it expires",
      "  sealane device renew seattle --csr seattle.csr");
  add_pipeline_options(command, a->pipeline);
  command->add_option("NAME", a->names, "registered things");
  add_key_options(command, *a);
  on_issue(command, chosen, a);
}

void add_set(CLI::App& device, Chosen& chosen) {
  auto a = std::make_shared<SetArguments>();
  CLI::App* command = add_command(
      device, "set", "Change the type, groups and attributes of a registered thing",
      "  sealane device set seattle --type station --group roof --attribute site=north\n"
      "  sealane device set seattle --no-groups --remove-attribute site");
  add_pipeline_options(command, a->pipeline);
  command->add_option("NAME", a->thing, "the thing")->required();
  a->facts.add_to(command);
  command->add_flag("--no-groups", a->no_groups, "take the thing out of every group");
  command->add_option("--remove-attribute", a->attributes_removed, "an attribute to remove");
  on_run(command, chosen, [a] {
    return with_pipeline(a->pipeline,
                         [&](Env&, const LoadedPipeline& loaded) { return run_set(loaded, *a); });
  });
}

void add_revoke(CLI::App& device, Chosen& chosen) {
  auto a = std::make_shared<RevokeArguments>();
  CLI::App* command = add_command(device, "revoke", "Revoke every certificate of a device",
                                  "  sealane device revoke seattle --reason key-compromise\n"
                                  "  sealane device revoke seattle --wait 30");
  add_pipeline_options(command, a->pipeline);
  command->add_option("NAME", a->thing, "the thing")->required();
  add_reason_option(command, a->reason);
  add_wait_option(command, a->wait_seconds);
  on_run(command, chosen, [a] {
    return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
      return run_revoke(env, loaded, *a);
    });
  });
}

}  // namespace

void add_device_command(CLI::App& app, Chosen& chosen) {
  CLI::App* device = add_command(app, "device", "Devices: issue, renew, change, list, revoke",
                                 "  sealane device add seattle --csr seattle.csr\n"
                                 "  sealane device list");
  device->require_subcommand(1);
  add_add(*device, chosen);
  add_renew(*device, chosen);
  add_set(*device, chosen);
  add_revoke(*device, chosen);
  add_device_why(*device, chosen);
  auto options = std::make_shared<PipelineOptions>();
  CLI::App* command =
      add_command(*device, "list", "List the registry", "  sealane device list --format json");
  add_pipeline_options(command, *options);
  on_run(command, chosen, [options] {
    return with_pipeline(*options, [&](Env&, const LoadedPipeline& loaded) {
      return run_list(loaded, options->format);
    });
  });
}

}  // namespace sealane::cli
