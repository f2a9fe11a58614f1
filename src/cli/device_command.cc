// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/device_why.h"
#include "cli/node_answers.h"
#include "cli/pipeline_option.h"
#include "identity/registry.h"

namespace sealane::cli {
namespace {

struct AddArguments {
  PipelineOptions pipeline;
  DeviceRequest request;
  bool generate = false;
};

Result<int> run_add(Env& env, const LoadedPipeline& loaded, const AddArguments& arguments) {
  if (arguments.generate != arguments.request.csr_file.empty())
    return fail(ErrorKind::Invalid, "say whose key it is: --csr FILE, or --generate",
                "with --csr the private key never leaves the device");
  SEALANE_ASSIGN(const AddedDevice added,
                 add_device(env, loaded, arguments.request, SystemClock().now()));
  if (arguments.pipeline.format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object().field("thing", added.thing).field("certificate", added.certificate_file);
    w.key("key");
    if (added.key_file.empty()) {
      w.null();
    } else {
      w.value(added.key_file);
    }
    w.field("certificate_sha256", added.certificate_sha256)
        .field("not_after", to_rfc3339(added.not_after));
    print(w.end_object().str() + "\n");
    return static_cast<int>(kOk);
  }
  print("device `" + added.thing + "` is registered until " + to_rfc3339(added.not_after) +
        "\ncertificate: " + added.certificate_file + "\n");
  if (!added.key_file.empty())
    print("key: " + added.key_file +
          "\nnote: this key was made here, so whoever administers this machine can speak as the "
          "device; for real\n"
          "      devices make the key on the device and use --csr\n");
  return static_cast<int>(kOk);
}

struct RevokeArguments {
  PipelineOptions pipeline;
  std::string thing;
  double wait_seconds = 10;
};

Result<int> run_revoke(const LoadedPipeline& loaded, const RevokeArguments& arguments) {
  SEALANE_ASSIGN(identity::Registry registry, identity::Registry::open(loaded.registry()));
  SEALANE_ASSIGN(const std::uint64_t generation,
                 registry.revoke(arguments.thing, {.at = SystemClock().now()}));
  SEALANE_ASSIGN(const Confirmation confirmation,
                 confirm_revocation(loaded, arguments.thing, generation,
                                    to_milliseconds(arguments.wait_seconds)));
  if (arguments.pipeline.format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object()
        .field("thing", arguments.thing)
        .field("state", "revoked")
        .field("generation", generation);
    write_confirmation(w, confirmation, false);
    print(w.end_object().str() + "\n");
  } else {
    print("device `" + arguments.thing + "` is revoked\n" + to_text(confirmation));
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
    const std::string_view state =
        device.state == identity::DeviceState::Active ? "active" : "revoked";
    w.begin_object().field("thing", device.thing).field("state", state);
    w.field("certificate_sha256", device.certificate_sha256)
        .field("not_after", to_rfc3339(device.not_after));
    w.key("attributes").begin_object();
    for (const auto& [name, value] : device.attributes) w.field(name, value);
    w.end_object().end_object();
    text += device.thing + "  " + std::string(state) + "  until " + to_rfc3339(device.not_after) +
            "  " + device.certificate_sha256 + "\n";
  }
  w.end_array().end_object();
  print(format == OutputFormat::Json ? w.str() + "\n" : text);
  return static_cast<int>(kOk);
}

}  // namespace

void add_device_command(CLI::App& app, Chosen& chosen) {
  CLI::App* device = add_command(app, "device", "Devices: issue, list, revoke",
                                 "  sealane device add seattle --csr seattle.csr\n"
                                 "  sealane device list");
  device->require_subcommand(1);
  add_device_why(*device, chosen);
  {
    auto a = std::make_shared<AddArguments>();
    CLI::App* command =
        add_command(*device, "add", "Issue a device's certificate and register it",
                    "  sealane device add seattle --csr seattle.csr\n"
                    "  sealane device add sim-01 --generate   # demonstrations only");
    add_pipeline_options(command, a->pipeline);
    command->add_option("NAME", a->request.thing, "a thing that the pipeline's things file lists")
        ->required();
    command
        ->add_option("--csr", a->request.csr_file, "certificate signing request made on the device")
        ->type_name("FILE");
    command->add_flag("--generate", a->generate,
                      "make the key here: weaker, as the key was once outside the device");
    command
        ->add_option("--out", a->request.out_folder,
                     "folder for the files (default: devices/NAME in the state folder)")
        ->type_name("DIR");
    on_run(command, chosen, [a] {
      return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
        return run_add(env, loaded, *a);
      });
    });
  }
  {
    auto a = std::make_shared<RevokeArguments>();
    CLI::App* command = add_command(*device, "revoke", "Revoke every certificate of a device",
                                    "  sealane device revoke seattle\n"
                                    "  sealane device revoke seattle --wait 30");
    add_pipeline_options(command, a->pipeline);
    command->add_option("NAME", a->thing, "the thing")->required();
    add_wait_option(command, a->wait_seconds);
    on_run(command, chosen, [a] {
      return with_pipeline(
          a->pipeline, [&](Env&, const LoadedPipeline& loaded) { return run_revoke(loaded, *a); });
    });
  }
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
