// SPDX-License-Identifier: Apache-2.0
#include "cli/node_answers.h"

#include <charconv>
#include <thread>

#include "gateway/admin_client.h"

namespace sealane::cli {
namespace {

using Steady = std::chrono::steady_clock;

std::uint64_t number_of(const json::Value& value, std::string_view name) {
  const json::Value* member = value.find(name);
  const json::Number* number = member == nullptr ? nullptr : member->number();
  std::uint64_t out = 0;
  if (number != nullptr)
    std::from_chars(number->lexeme.data(), number->lexeme.data() + number->lexeme.size(), out);
  return out;
}

Confirmation::Node confirmed_of(const NodeAnswer& answer, const json::Value& value) {
  Confirmation::Node node{.node = answer.node,
                          .generation = number_of(value, "generation"),
                          .connections_closed = number_of(value, "connections_closed"),
                          .sessions_erased = number_of(value, "sessions_erased"),
                          .changed = {},
                          .took = answer.took};
  if (const json::Value* changed = value.find("changed"); changed != nullptr && changed->array())
    for (const json::Value& word : *changed->array())
      if (const std::string* text = word.text()) node.changed.push_back(*text);
  return node;
}

}  // namespace

Result<std::vector<std::string>> nodes_to_ask(const LoadedPipeline& loaded, AskedNodes which,
                                              const std::string& node) {
  std::vector<std::string> out;
  for (const pipeline::Node& one : loaded.pipeline.nodes) {
    const bool asked = one.kind == pipeline::NodeKind::Gateway ||
                       (one.kind == pipeline::NodeKind::Store && which == AskedNodes::All);
    if (asked && (node.empty() || one.name == node)) out.push_back(one.name);
  }
  if (!node.empty() && out.empty())
    return fail(ErrorKind::NotFound, "the pipeline has no gateway or store `" + node + "`");
  return out;
}

std::vector<NodeAnswer> ask_nodes(const LoadedPipeline& loaded,
                                  const std::vector<std::string>& nodes,
                                  const gateway::AdminRequest& request,
                                  std::chrono::milliseconds wait) {
  std::vector<NodeAnswer> answers;
  for (const std::string& node : nodes)
    answers.push_back({.node = node, .answer = std::optional<json::Value>(), .took = {}});
  const auto ask = [&](NodeAnswer& one) {
    const auto began = Steady::now();
    one.answer = gateway::ask_node(loaded.node_folder(one.node), request, wait);
    one.took = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - began);
  };
  if (answers.size() == 1) {
    ask(answers.front());
    return answers;
  }
  std::vector<std::thread> threads;
  for (NodeAnswer& one : answers) threads.emplace_back([&ask, &one] { ask(one); });
  for (std::thread& thread : threads) thread.join();
  return answers;
}

Result<Confirmation> confirmation_of(const std::vector<NodeAnswer>& answers) {
  Confirmation out;
  std::string silent;
  std::string hint;
  bool late = false;
  for (const NodeAnswer& one : answers) {
    if (!one.answer.ok()) {
      const Error& error = one.answer.error();
      silent += (silent.empty() ? "`" : "; `") + one.node + "` has not confirmed: " + error.message;
      if (hint.empty()) hint = error.hint;
      late = late || error.kind == ErrorKind::Timeout;
    } else if (const auto& value = *one.answer) {
      out.confirmed.push_back(confirmed_of(one, *value));
    } else {
      out.not_running.push_back(one.node);
    }
  }
  if (silent.empty()) return out;
  return fail(late ? ErrorKind::Timeout : ErrorKind::Unavailable, std::move(silent),
              std::move(hint));
}

Result<Confirmation> confirm_revocation(const LoadedPipeline& loaded, const std::string& thing,
                                        std::uint64_t generation, std::chrono::milliseconds wait) {
  SEALANE_ASSIGN(const auto nodes, nodes_to_ask(loaded, AskedNodes::Gateways, ""));
  auto confirmation =
      confirmation_of(ask_nodes(loaded, nodes, gateway::ConfirmRequest{generation}, wait));
  if (confirmation.ok()) return confirmation;
  Error error = std::move(confirmation).error();
  error.message = "`" + thing + "` is revoked in the registry, but gateway " + error.message;
  if (error.hint.empty()) error.hint = "see its log, or stop it; the same command asks again";
  return error;
}

void write_confirmation(json::Writer& w, const Confirmation& confirmation, bool with_changed) {
  w.key("confirmed").begin_array();
  for (const Confirmation::Node& one : confirmation.confirmed) {
    w.begin_object().field("node", one.node).field("generation", one.generation);
    if (with_changed) {
      w.key("changed").begin_array();
      for (const std::string& word : one.changed) w.value(word);
      w.end_array();
    }
    w.field("connections_closed", one.connections_closed)
        .field("sessions_erased", one.sessions_erased)
        .field("milliseconds", std::int64_t{one.took.count()})
        .end_object();
  }
  w.end_array().key("not_running").begin_array();
  for (const std::string& node : confirmation.not_running) w.value(node);
  w.end_array();
}

std::string to_text(const Confirmation& confirmation) {
  std::string text;
  for (const Confirmation::Node& one : confirmation.confirmed) {
    text += "`" + one.node + "` confirms generation " + std::to_string(one.generation) + " after " +
            std::to_string(one.took.count()) + " ms: " + std::to_string(one.connections_closed) +
            " connections closed, " + std::to_string(one.sessions_erased) + " sessions erased";
    std::string changed;
    for (const std::string& word : one.changed) changed += (changed.empty() ? "" : ", ") + word;
    text += (changed.empty() ? "" : "; changed: " + changed) + "\n";
  }
  for (const std::string& node : confirmation.not_running) text += "`" + node + "` does not run\n";
  return text;
}

// Nesting is what json::parse lets pass.
void write_value(json::Writer& w, const json::Value& value) {
  if (const auto* object = value.object()) {
    w.begin_object();
    for (const json::Member& member : *object) {
      w.key(member.name);
      write_value(w, member.value);
    }
    w.end_object();
  } else if (const auto* array = value.array()) {
    w.begin_array();
    for (const json::Value& one : *array) write_value(w, one);
    w.end_array();
  } else if (const std::string* text = value.text()) {
    w.value(*text);
  } else if (const bool* boolean = value.boolean()) {
    w.value(*boolean);
  } else if (const json::Number* number = value.number()) {
    w.raw(number->lexeme);
  } else {
    w.null();
  }
}

void add_wait_option(CLI::App* command, double& seconds) {
  command->add_option("--wait", seconds, "how long a running node may take to confirm, in seconds")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
}

std::chrono::milliseconds to_milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace sealane::cli
