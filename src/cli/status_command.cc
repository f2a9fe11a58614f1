// SPDX-License-Identifier: Apache-2.0
#include "cli/node_answers.h"
#include "cli/pipeline_option.h"

namespace sealane::cli {
namespace {

struct StatusArguments {
  PipelineOptions pipeline;
  std::string node;
  double wait_seconds = 10;
};

std::string number(const json::Value& value, std::string_view name) {
  const json::Value* member = value.find(name);
  const json::Number* found = member == nullptr ? nullptr : member->number();
  return found == nullptr ? "-" : found->lexeme;
}

std::string text_of(const NodeAnswer& one) {
  if (!one.answer.ok()) return one.node + "  does not answer: " + one.answer.error().message + "\n";
  if (!*one.answer) return one.node + "  does not run\n";
  const json::Value& status = **one.answer;
  std::string text = one.node + "  generation " + number(status, "generation") + "  registry " +
                     number(status, "registry_generation");
  if (const json::Value* listeners = status.find("listeners");
      listeners != nullptr && listeners->array() != nullptr)
    for (const json::Value& listener : *listeners->array())
      text += "  " + std::string(listener.text_or_empty("listener")) + " " +
              std::string(listener.text_or_empty("address")) + ":" + number(listener, "port") +
              "  " + number(listener, "connections") + " connections";
  if (const json::Value* certificate = status.find("certificate"))
    text += "  certificate until " + std::string(certificate->text_or_empty("not_after"));
  text += "\n";
  if (const json::Value* failure = status.find("reload_failure");
      failure != nullptr && failure->object() != nullptr)
    text += "  the last reload failed: " + std::string(failure->text_or_empty("detail")) + "\n";
  const json::Value* authorities = status.find("authorities");
  if (authorities == nullptr || authorities->array() == nullptr) return text;
  for (const json::Value& authority : *authorities->array()) {
    const json::Value* list = authority.find("revocation_list");
    if (list != nullptr && list->object() != nullptr)
      text += "  revocation list of " + std::string(authority.text_or_empty("subject")) + ": " +
              std::string(list->text_or_empty("state")) + ", next by " +
              std::string(list->text_or_empty("next_update")) + "\n";
  }
  return text;
}

Result<int> run_status(const LoadedPipeline& loaded, const StatusArguments& a) {
  SEALANE_ASSIGN(const auto nodes, nodes_to_ask(loaded, AskedNodes::All, a.node));
  const auto answers =
      ask_nodes(loaded, nodes, gateway::StatusRequest(), to_milliseconds(a.wait_seconds));
  json::Writer w(2);
  w.begin_object().key("nodes").begin_array();
  std::string text;
  bool all_known = true;
  for (const NodeAnswer& one : answers) {
    all_known = all_known && one.answer.ok();
    const bool runs = one.answer.ok() && *one.answer;
    w.begin_object().field("node", one.node);
    w.field("state", runs ? "running" : one.answer.ok() ? "not-running" : "unknown");
    w.field("detail", one.answer.ok() ? "" : one.answer.error().message);
    w.key("status");
    if (runs) {
      write_value(w, **one.answer);
    } else {
      w.null();
    }
    w.end_object();
    text += text_of(one);
  }
  w.end_array().end_object();
  print(a.pipeline.format == OutputFormat::Json ? w.str() + "\n" : text);
  return static_cast<int>(all_known ? kOk : kUnknown);
}

}  // namespace

void add_status_command(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<StatusArguments>();
  CLI::App* command = add_command(app, "status", "What the nodes of this machine run with",
                                  "  sealane status\n"
                                  "  sealane status pipeline.yaml --node edge --format json");
  add_pipeline_word(command, a->pipeline);
  command->add_option("--node", a->node, "this node alone");
  add_wait_option(command, a->wait_seconds);
  on_run(command, chosen, [a] {
    return with_pipeline(
        a->pipeline, [&](Env&, const LoadedPipeline& loaded) { return run_status(loaded, *a); });
  });
}

}  // namespace sealane::cli
