// SPDX-License-Identifier: Apache-2.0
#include "cli/device_why.h"

#include <algorithm>

#include "cli/node_answers.h"
#include "cli/pipeline_option.h"

namespace sealane::cli {
namespace {

struct WhyArguments {
  PipelineOptions pipeline;
  std::string name;
  std::string peer;
  std::size_t last = 20;
  double wait_seconds = 10;
};

struct Refusal {
  const std::string* node = nullptr;
  const json::Value* record = nullptr;
};

std::string texts(const json::Value& value, std::string_view name) {
  const json::Value* member = value.find(name);
  std::string out;
  if (member == nullptr || member->array() == nullptr) return out;
  for (const json::Value& one : *member->array())
    if (const std::string* text = one.text()) out += (out.empty() ? "" : " ") + one_line(*text);
  return out;
}

std::string text_of(const Refusal& refusal) {
  const json::Value& r = *refusal.record;
  const auto field = [&r](std::string_view name) {
    return one_line(std::string(r.text_or_empty(name)));
  };
  std::string text = field("time") + "  " + *refusal.node + "/" + field("listener") + "  " +
                     field("peer") + "  " + field("kind") + " refused: " + field("reason");
  if (!field("action").empty()) text += " (" + field("action") + " on " + field("resource") + ")";
  text += "\n  " + field("detail") + "\n";
  if (const json::Value* c = r.find("certificate"); c != nullptr && c->object() != nullptr)
    text += "  certificate: " + one_line(std::string(c->text_or_empty("subject"))) + ", serial " +
            std::string(c->text_or_empty("serial")) + ", issued by " +
            one_line(std::string(c->text_or_empty("issuer"))) + ", good from " +
            std::string(c->text_or_empty("not_before")) + " until " +
            std::string(c->text_or_empty("not_after")) + "\n";
  if (const json::Value* o = r.find("offered"); o != nullptr && o->object() != nullptr)
    text += "  offered: " + texts(*o, "versions") + "; groups " + texts(*o, "groups") + "\n";
  return text;
}

Result<int> run_why(const LoadedPipeline& loaded, const WhyArguments& a) {
  SEALANE_ASSIGN(const auto nodes, nodes_to_ask(loaded, AskedNodes::All, ""));
  const auto answers =
      ask_nodes(loaded, nodes, gateway::WhyRequest{.name = a.name, .peer = a.peer, .last = a.last},
                to_milliseconds(a.wait_seconds));
  SEALANE_ASSIGN(const Confirmation asked, confirmation_of(answers));
  if (asked.confirmed.empty())
    return fail(ErrorKind::Unavailable, "no node of this pipeline runs here",
                "a node keeps its refusals in memory; its log has them too");
  std::vector<Refusal> found;
  for (const NodeAnswer& one : answers) {
    const json::Value* list =
        one.answer.ok() && *one.answer ? (*one.answer)->find("refusals") : nullptr;
    if (list == nullptr || list->array() == nullptr) continue;
    for (const json::Value& record : *list->array()) found.push_back({&one.node, &record});
  }
  std::ranges::sort(found, {}, [](const Refusal& r) { return r.record->text_or_empty("time"); });
  if (found.size() > a.last)
    found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(a.last));
  json::Writer w(2);
  w.begin_object().field("name", a.name).key("refusals").begin_array();
  std::string text;
  for (const Refusal& one : found) {
    w.begin_object().field("node", *one.node);
    for (const json::Member& member : *one.record->object()) {
      w.key(member.name);
      write_value(w, member.value);
    }
    w.end_object();
    text += text_of(one);
  }
  w.end_array().key("not_running").begin_array();
  for (const std::string& node : asked.not_running) w.value(node);
  w.end_array().end_object();
  if (text.empty()) text = "no refusal of `" + a.name + "` is kept\n";
  print(a.pipeline.format == OutputFormat::Json ? w.str() + "\n" : text);
  return static_cast<int>(kOk);
}

}  // namespace

void add_device_why(CLI::App& device, Chosen& chosen) {
  auto a = std::make_shared<WhyArguments>();
  CLI::App* command =
      add_command(device, "why", "Why a device was refused, the last times",
                  "  sealane device why seattle\n"
                  "  sealane device why seattle --peer 10.0.0.7 --last 5 --format json");
  add_pipeline_options(command, a->pipeline);
  command->add_option("NAME", a->name, "the thing, or a node")->required();
  command->add_option("--peer", a->peer, "also what came from this address")->type_name("ADDRESS");
  command->add_option("--last", a->last, "how many")
      ->check(CLI::Range(std::size_t{1}, gateway::AdminLimits::kLastMax))
      ->capture_default_str();
  add_wait_option(command, a->wait_seconds);
  on_run(command, chosen, [a] {
    return with_pipeline(a->pipeline,
                         [&](Env&, const LoadedPipeline& loaded) { return run_why(loaded, *a); });
  });
}

}  // namespace sealane::cli
