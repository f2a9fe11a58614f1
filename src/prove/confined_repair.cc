// SPDX-License-Identifier: Apache-2.0
// The least that a device policy must allow.
#include <algorithm>

#include "base/json.h"
#include "prove/confined_question_internal.h"

namespace sealane::prove {
namespace {

constexpr std::string_view kThingVariable = "${iot:Connection.Thing.ThingName}";

// Own topics as the wildcards of policies have them; nothing where they have no such form.
std::optional<std::string> policy_form(std::string own) {
  const bool everything = own.ends_with("/#");
  if (everything) own.pop_back();
  const std::size_t at = own.find(kThingPlaceholder);
  if (at == std::string::npos) return std::nullopt;
  std::string rest = own;
  rest.erase(at, kThingPlaceholder.size());
  if (rest.find_first_of("+#*?$") != std::string::npos) return std::nullopt;
  own.replace(at, kThingPlaceholder.size(), kThingVariable);
  return everything ? own + "*" : own;
}

class Least {
 public:
  Least(std::span<const policy::Document> documents, ConfinedOptions options)
      : documents_(documents), options_(std::move(options)) {}

  std::optional<LeastPrivilege> run() {
    auto model = read_model(documents_, options_);
    if (!model.ok()) return std::nullopt;
    model_ = std::move(*model);
    for (const std::string& own : options_.own)
      if (auto form = policy_form(own)) forms_.push_back(std::move(*form));
    const auto one = std::ranges::find(model_.cases, Case::Who::Itself, &Case::who);
    if (one == model_.cases.end() || forms_.empty()) return std::nullopt;
    case_ = &*one;
    auto endpoints = endpoints_of(model_, options_.resource);
    if (!endpoints.ok() || endpoints->size() != 1) return std::nullopt;
    endpoint_ = std::move((*endpoints)[0]);
    written_head_ = endpoint_.head();
    // Of what nobody named: a policy belongs to one account and region anyway.
    if (options_.resource.empty() && !names_endpoint()) written_head_ = "arn:aws:iot:*:*:";
    if (!allows_all(IotAction::Connect, case_->thing.example)) return std::nullopt;
    return written();
  }

 private:
  // Whether everything of a form is allowed to the thing already: the repair grants nothing new.
  bool allows_all(IotAction action, const std::string& form) const {
    Asking asking({.model = model_,
                   .options = options_,
                   .endpoint = endpoint_,
                   .one = *case_,
                   .truths = truths_of(model_, *case_, "", policy::VariableRule::AsSent),
                   .mode = Asking::Mode::Concrete,
                   .client_id = case_->thing.example});
    asking.set_client(asking.client_value());
    Elements pieces;
    std::string text = form;
    if (const std::size_t at = text.find(kThingVariable); at != std::string::npos)
      text.replace(at, kThingVariable.size(), case_->thing.example);
    const bool everything = text.ends_with('*');
    if (everything) text.pop_back();
    append_text(pieces, text);
    if (everything) pieces.push_back(run_of(Element::Set::Any));
    const std::vector<Symbol> alphabet =
        alphabet_of(model_, options_.own, Asking::Mode::Concrete, text);
    // Some grant has all of it, and no Deny has any of it.
    return std::ranges::any_of(asking.grants(action), [&](const Asking::Grant& grant) {
      if (grant.entry != nullptr && !asking.denied(*grant.entry, action)) return false;
      Question missing;
      missing.require(Automaton(pieces, Reading::Narrow, ""));
      if (grant.entry != nullptr)
        missing.forbid(*asking.denied(*grant.entry, action));
      else if (!grant.statement->listed)
        return false;
      const auto found = grant.entry == nullptr ? Result<std::optional<Word>>(std::nullopt)
                                                : shortest(missing, alphabet);
      return found.ok() && !*found && !denies_any(asking, action, pieces, alphabet);
    });
  }

  bool names_endpoint() const {
    return std::ranges::any_of(model_.statements, [](const IotStatement& statement) {
      return std::ranges::any_of(statement.entries, [](const policy::ResourcePattern& entry) {
        return !entry.everything && entry.literal_head;
      });
    });
  }

  static bool denies_any(const Asking& asking, IotAction action, const Elements& pieces,
                         std::span<const Symbol> alphabet) {
    for (const IotStatement* deny : asking.denies(action)) {
      if (!deny->listed || deny->everything) return true;
      for (const policy::ResourcePattern& entry : deny->entries) {
        auto denied = asking.denied(entry, action);
        if (!denied) continue;
        Question both;
        both.require(Automaton(pieces, Reading::Narrow, ""));
        both.require(std::move(*denied));
        const auto found = shortest(both, alphabet);
        if (!found.ok() || *found) return true;
      }
    }
    return false;
  }

  std::vector<std::string> granted(IotAction action) const {
    std::vector<std::string> out;
    for (const std::string& form : forms_)
      if (allows_all(action, form))
        out.push_back(written_head_ + std::string(resource_type_of(action)) + form);
    return out;
  }

  static void write(json::Writer& out, std::string_view sid, const std::vector<IotAction>& actions,
                    const std::vector<std::string>& resources) {
    if (actions.empty() || resources.empty()) return;
    out.begin_object().field("Sid", sid).field("Effect", "Allow");
    const auto list = [&](std::string_view key, const auto& values) {
      out.key(key);
      if (values.size() == 1) {
        out.value(std::string_view(values[0]));
        return;
      }
      out.begin_array();
      for (const auto& value : values) out.value(std::string_view(value));
      out.end_array();
    };
    std::vector<std::string> names;
    for (const IotAction action : actions) names.emplace_back(to_string(action));
    list("Action", names);
    list("Resource", resources);
    if (actions[0] == IotAction::Connect)
      out.key("Condition")
          .begin_object()
          .key("Bool")
          .begin_object()
          .field("iot:Connection.Thing.IsAttached", "true")
          .end_object()
          .end_object();
    out.end_object();
  }

  std::optional<LeastPrivilege> written() const {
    const auto publish = granted(IotAction::Publish);
    const auto receive = granted(IotAction::Receive);
    const auto subscribe = granted(IotAction::Subscribe);
    if (publish.empty() && (receive.empty() || subscribe.empty())) return std::nullopt;
    json::Writer out(2);
    out.begin_object().field("Version", "2012-10-17").key("Statement").begin_array();
    write(out, "ConnectAsItself", {IotAction::Connect},
          {written_head_ + "client/" + std::string(kThingVariable)});
    if (publish == receive) {
      write(out, "PublishAndReceiveItsOwn", {IotAction::Publish, IotAction::Receive}, publish);
    } else {
      write(out, "PublishItsOwn", {IotAction::Publish}, publish);
      write(out, "ReceiveItsOwn", {IotAction::Receive}, receive);
    }
    write(out, "SubscribeToItsOwn", {IotAction::Subscribe}, subscribe);
    LeastPrivilege made{
        .text = out.end_array().end_object().str(),
        .what = "the least that a thing needs for its own topics, with thing variables"};
    auto parsed =
        policy::parse_document(made.text, policy::DocumentKind::IotDevice, "the repaired policy");
    if (!parsed.value) return std::nullopt;
    if (confined(std::span(&*parsed.value, 1), options_).outcome != Outcome::Holds)
      return std::nullopt;
    return made;
  }

  std::span<const policy::Document> documents_;
  ConfinedOptions options_;
  Model model_;
  std::vector<std::string> forms_;
  const Case* case_ = nullptr;
  IotEndpoint endpoint_;
  std::string written_head_;
};

}  // namespace

std::optional<LeastPrivilege> least_privilege(std::span<const policy::Document> documents,
                                              const ConfinedOptions& options) {
  ConfinedOptions decided = options;
  if (decided.own.empty()) decided.own = own_topics_named_by(documents);
  return Least(documents, std::move(decided)).run();
}

}  // namespace sealane::prove
