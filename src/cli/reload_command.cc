// SPDX-License-Identifier: Apache-2.0
#include "cli/node_answers.h"
#include "cli/pipeline_option.h"

namespace sealane::cli {
namespace {

struct ReloadArguments {
  PipelineOptions pipeline;
  std::string node;
  double wait_seconds = 10;
};

Result<int> run_reload(const LoadedPipeline& loaded, const ReloadArguments& a) {
  SEALANE_ASSIGN(const auto nodes, nodes_to_ask(loaded, AskedNodes::All, a.node));
  SEALANE_ASSIGN(const Confirmation confirmation,
                 confirmation_of(ask_nodes(loaded, nodes, gateway::ReloadRequest(),
                                           to_milliseconds(a.wait_seconds))));
  if (a.pipeline.format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object();
    write_confirmation(w, confirmation, true);
    print(w.end_object().str() + "\n");
  } else {
    print(to_text(confirmation));
  }
  return static_cast<int>(kOk);
}

}  // namespace

void add_reload_command(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<ReloadArguments>();
  CLI::App* command = add_command(
      app, "reload",
      "Have running nodes read certificates, CAs, revocation lists, policies and things",
      "  sealane reload\n"
      "  sealane reload pipeline.yaml --node edge --wait 30");
  add_pipeline_word(command, a->pipeline);
  command->add_option("--node", a->node, "this node alone");
  add_wait_option(command, a->wait_seconds);
  on_run(command, chosen, [a] {
    return with_pipeline(
        a->pipeline, [&](Env&, const LoadedPipeline& loaded) { return run_reload(loaded, *a); });
  });
}

}  // namespace sealane::cli
