// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/pipeline_option.h"

namespace sealane::cli {
namespace {

Result<int> run_init(Env& env, const LoadedPipeline& loaded, OutputFormat format) {
  const SystemClock clock;
  SEALANE_ASSIGN(const std::vector<std::string> made, provision(env, loaded, clock));
  json::Writer w(2);
  w.begin_object().field("state", loaded.state).key("made").begin_array();
  std::string text;
  for (const std::string& line : made) {
    w.value(line);
    text += "made " + line + "\n";
  }
  w.end_array().end_object();
  print(format == OutputFormat::Json ? w.str() + "\n"
        : made.empty()               ? "everything was there\n"
                                     : text);
  return static_cast<int>(kOk);
}

struct IssueArguments {
  PipelineOptions pipeline;
  std::string node;
  std::vector<std::string> dns;
  std::vector<std::string> ip;
};

Result<int> run_issue(Env& env, const LoadedPipeline& loaded, const IssueArguments& arguments) {
  const pipeline::Node* node = loaded.pipeline.find_node(arguments.node);
  if (node == nullptr)
    return fail(ErrorKind::NotFound, "`" + loaded.file + "` has no node `" + arguments.node + "`");
  if (node->kind == pipeline::NodeKind::Device)
    return fail(ErrorKind::Invalid, "`" + arguments.node + "` stands for devices",
                "use `sealane device add`");
  NodeNames names = default_names(*node);
  names.dns_names.insert(names.dns_names.end(), arguments.dns.begin(), arguments.dns.end());
  names.ip_addresses.insert(names.ip_addresses.end(), arguments.ip.begin(), arguments.ip.end());
  SEALANE_TRY(issue_node(env, loaded, names, SystemClock().now()));
  const std::string folder = loaded.node_folder(arguments.node);
  if (arguments.pipeline.format == OutputFormat::Json) {
    print(json::Writer(2)
              .begin_object()
              .field("node", arguments.node)
              .field("certificate", folder + "/cert.pem")
              .field("key", folder + "/key.pem")
              .end_object()
              .str() +
          "\n");
  } else {
    print("identity of `" + arguments.node + "`: " + folder + "/cert.pem and key.pem\n");
  }
  return static_cast<int>(kOk);
}

}  // namespace

void add_ca_command(CLI::App& app, Chosen& chosen) {
  CLI::App* ca = add_command(app, "ca", "The pipeline's own certificate authority",
                             "  sealane ca init\n"
                             "  sealane ca issue --node edge --dns edge.example.org");
  ca->require_subcommand(1);
  {
    auto options = std::make_shared<PipelineOptions>();
    CLI::App* command = add_command(
        *ca, "init",
        "Make the CA, the nodes' identities, keyrings and the registry; keep what is there",
        "  sealane ca init");
    add_pipeline_options(command, *options);
    on_run(command, chosen, [options] {
      return with_pipeline(*options, [&](Env& env, const LoadedPipeline& loaded) {
        return run_init(env, loaded, options->format);
      });
    });
  }
  auto a = std::make_shared<IssueArguments>();
  CLI::App* command =
      add_command(*ca, "issue", "Issue a node's certificate, for 90 days",
                  "  sealane ca issue --node edge --dns edge.example --ip 10.0.0.5");
  add_pipeline_options(command, a->pipeline);
  command->add_option("--node", a->node, "a node that is not of kind device")->required();
  command->add_option("--dns", a->dns, "further DNS names");
  command->add_option("--ip", a->ip, "further IP addresses");
  on_run(command, chosen, [a] {
    return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
      return run_issue(env, loaded, *a);
    });
  });
}

}  // namespace sealane::cli
