// SPDX-License-Identifier: Apache-2.0
#include "prove/confined.h"

#include <algorithm>
#include <set>

#include "mqtt/topic.h"
#include "prove/confined_question_internal.h"

namespace sealane::prove {
namespace {

using Grant = Asking::Grant;

constexpr std::size_t kOwnMax = 16;

constexpr std::size_t kQuestionsMax = 50'000;

// How a thing may get at a topic.
enum class Way : std::uint8_t {
  PastDeny,  // Subscribe to the topic is denied, and a wider filter is not
  Subscribe,
  Publish,
  PublishHttps,
};
constexpr std::array kWays = {Way::PastDeny, Way::Subscribe, Way::Publish, Way::PublishHttps};

bool is_for(Way way, Case::Who who) {
  return (way == Way::PublishHttps) == (who == Case::Who::Https);
}

std::string replaced(std::string text, std::string_view thing) {
  for (std::size_t at = text.find(kThingPlaceholder); at != std::string::npos;
       at = text.find(kThingPlaceholder, at + thing.size()))
    text.replace(at, kThingPlaceholder.size(), thing);
  return text;
}

bool is_own(const std::vector<std::string>& own, std::string_view thing, std::string_view topic,
            mqtt::Profile profile) {
  return std::ranges::any_of(own, [&](const std::string& filter) {
    return mqtt::filter_matches(replaced(filter, thing), topic, profile);
  });
}

// The filter of a shared subscription, without what names its group.
std::string_view own_filter(std::string_view filter, mqtt::Profile profile) {
  if (profile != mqtt::Profile::AwsIotCore || !filter.starts_with("$share/")) return filter;
  const std::size_t group = filter.find('/', 7);
  return group == std::string_view::npos ? filter : filter.substr(group + 1);
}

class Confining {
 public:
  Confining(std::span<const policy::Document> documents, const ConfinedOptions& options,
            Model model)
      : options_(options), model_(std::move(model)), policies_(policy::compile(documents)) {}

  Confinement run() {
    const auto endpoints = endpoints_of(model_, options_.resource);
    if (!endpoints.ok()) return doubt(Doubt::Unsupported, endpoints.error().message);
    symbols_ = alphabet_of(model_, options_.own, Asking::Mode::Symbolic, "");
    characters_ =
        alphabet_of(model_, options_.own, Asking::Mode::Concrete, model_.thing + model_.other);
    for (const IotEndpoint& endpoint : *endpoints)
      for (const Case& one : model_.cases)
        for (const Way way : kWays) {
          if (!is_for(way, one.who) || found_.contains(way)) continue;
          if (auto status = decide_names(endpoint, one, way); !status.ok())
            return doubt(Doubt::Unsupported, status.error().message);
        }
    Confinement out;
    for (auto& [way, reached] : found_) out.reached.push_back(std::move(reached));
    if (!out.reached.empty()) {
      out.outcome = Outcome::Fails;
    } else if (!unconfirmed_.empty()) {
      out = doubt(Doubt::Unconfirmed, unconfirmed_);
    } else {
      out.outcome = Outcome::Holds;
    }
    out.assumptions = {"A14", "A19", "A20"};
    if (options_.axioms.contains(Axiom::A18))
      out.assumptions.insert(out.assumptions.begin() + 1, "A18");
    if (options_.profile == mqtt::Profile::AwsIotCore) out.assumptions.emplace_back("A21");
    return out;
  }

 private:
  static Confinement doubt(Doubt doubt, std::string detail) {
    Confinement out;
    out.doubt = doubt;
    out.detail = std::move(detail);
    return out;
  }

  policy::VariableRule rule() const {
    return options_.profile == mqtt::Profile::AwsIotCore ? policy::VariableRule::AsSent
                                                         : policy::VariableRule::Guarded;
  }

  Asking asking(const IotEndpoint& endpoint, const Case& one, Asking::Mode mode,
                const std::string& client_id) {
    Asking out({.model = model_,
                .options = options_,
                .endpoint = endpoint,
                .one = one,
                .truths = truths_of(model_, one, client_id, rule()),
                .mode = mode,
                .client_id = client_id});
    out.set_client(out.client_value());
    return out;
  }

  // Clients that Connect lets in: what their id stands for, and one such id.
  struct Client {
    Value value;
    std::string id;
  };
  Result<std::vector<Client>> clients(const Asking& asking, const Case& one) {
    std::vector<Client> out;
    if (one.who == Case::Who::Https) return std::vector<Client>{{{}, ""}};
    for (const Grant& grant : asking.grants(IotAction::Connect)) {
      const std::optional<Value> value = asking.client_of(grant);
      if (!value) continue;
      if (std::ranges::any_of(out, [&](const Client& known) {
            return known.value.kind == value->kind && known.value.elements == value->elements;
          }))
        continue;
      Question question;
      question.require(Automaton::of_names());
      if (!asking.require(question, grant, IotAction::Connect, true) ||
          !asking.require_undenied(question, IotAction::Connect))
        continue;
      if (const auto ids = asking.client_ids())
        question.require(Automaton(*ids, Reading::Wide, one.thing.example));
      SEALANE_ASSIGN(const std::optional<Word> id, shortest(question, symbols_));
      if (id) out.push_back({*value, text_of(*id, one.thing.example)});
    }
    return out;
  }

  // For every name of the thing.
  Status decide_names(const IotEndpoint& endpoint, const Case& one, Way way) {
    SEALANE_ASSIGN(const std::vector<TextClass> names,
                   asking(endpoint, one, Asking::Mode::Symbolic, one.client.example).names());
    for (const TextClass& name : names) {
      Case named = one;
      named.thing = name;
      if (one.who == Case::Who::Itself) named.client = name;
      SEALANE_TRY(decide(endpoint, named, way));
      if (found_.contains(way)) break;
    }
    return {};
  }

  Status decide(const IotEndpoint& endpoint, const Case& one, Way way) {
    Asking symbolic = asking(endpoint, one, Asking::Mode::Symbolic, one.client.example);
    SEALANE_ASSIGN(const std::vector<Client> all, clients(symbolic, one));
    for (const Client& client : all) {
      symbolic.set_client(client.value);
      const std::vector<OwnPattern> own = own_patterns(
          options_.own,
          one.thing.is_literal ? std::optional<std::string_view>(one.thing.example) : std::nullopt,
          options_.profile);
      SEALANE_ASSIGN(const std::optional<FilterAndTopic> possible,
                     search(symbolic, way, own, nullptr, symbols_));
      if (!possible) continue;
      SEALANE_TRY(confirm(endpoint, one, way, client));
      if (found_.contains(way)) return {};
      if (unconfirmed_.empty())
        unconfirmed_ = "a thing may reach `" + text_of(possible->topic, "${thing}") +
                       "`, and no request that shows it was found";
    }
    return {};
  }

  // What can be reached on that way; `theirs`: only such topics.
  Result<std::optional<FilterAndTopic>> search(const Asking& asking, Way way,
                                               const std::vector<OwnPattern>& own,
                                               const OwnPattern* theirs,
                                               std::span<const Symbol> alphabet) {
    const bool publishes = way == Way::Publish || way == Way::PublishHttps;
    const IotAction last = publishes ? IotAction::Publish : IotAction::Receive;
    for (const Grant& grant : asking.grants(last)) {
      if (way == Way::PastDeny) {
        for (const IotStatement* deny : asking.denies(IotAction::Subscribe)) {
          if (!deny->listed || deny->everything) continue;
          for (const policy::ResourcePattern& entry : deny->entries) {
            auto denied = asking.denied(entry, IotAction::Subscribe);
            if (!denied) continue;
            Question topic;
            topic.require(std::move(*denied));
            if (!ask_topic(topic, asking, grant, last, theirs)) continue;
            SEALANE_ASSIGN(auto found, by_subscribing(asking, topic, alphabet));
            if (found) return found;
          }
        }
        continue;
      }
      Question topic;
      for (const OwnPattern& one : own)
        topic.forbid(Automaton(one.elements, Reading::Narrow, asking.example(), one.no_dollar));
      if (!ask_topic(topic, asking, grant, last, theirs)) continue;
      if (publishes) {
        SEALANE_ASSIGN(const std::optional<Word> found, by_publishing(topic, alphabet));
        if (found) return std::optional(FilterAndTopic{{}, *found});
      } else {
        SEALANE_ASSIGN(auto found, by_subscribing(asking, topic, alphabet));
        if (found) return found;
      }
    }
    return std::optional<FilterAndTopic>();
  }

  static bool ask_topic(Question& topic, const Asking& asking, const Grant& grant, IotAction action,
                        const OwnPattern* theirs) {
    Elements shared;
    append_text(shared, "$share/");
    shared.push_back(run_of(Element::Set::Any));
    topic.forbid(Automaton(std::move(shared), Reading::Narrow, asking.example()));
    topic.require(Automaton::of_names());
    if (theirs != nullptr)
      topic.require(
          Automaton(theirs->elements, Reading::Narrow, asking.example(), theirs->no_dollar));
    return asking.require(topic, grant, action, true) && asking.require_undenied(topic, action);
  }

  Status count_question() {
    if (++questions_ > kQuestionsMax)
      return fail(ErrorKind::TooLarge, "more than " + std::to_string(kQuestionsMax) +
                                           " questions about pairs of statements");
    return {};
  }

  Result<std::optional<Word>> by_publishing(Question& topic, std::span<const Symbol> alphabet) {
    SEALANE_TRY(count_question());
    std::vector<Symbol> names(alphabet.begin(), alphabet.end());
    std::erase_if(names, [](Symbol symbol) { return symbol == '+' || symbol == '#'; });
    return shortest(topic, names);
  }

  Result<std::optional<FilterAndTopic>> by_subscribing(const Asking& asking, Question& topic,
                                                       std::span<const Symbol> alphabet) {
    // Most policies let nothing through that a filter could be wanted for.
    Question alone = topic;
    SEALANE_ASSIGN(const std::optional<Word> any, by_publishing(alone, alphabet));
    if (!any) return std::optional<FilterAndTopic>();
    for (const Grant& grant : asking.grants(IotAction::Subscribe)) {
      SEALANE_TRY(count_question());
      Question filter;
      if (!asking.require(filter, grant, IotAction::Subscribe, false) ||
          !asking.require_undenied(filter, IotAction::Subscribe))
        continue;
      SEALANE_ASSIGN(auto found, shortest_match(filter, topic, alphabet, options_.profile));
      if (found) return found;
    }
    return std::optional<FilterAndTopic>();
  }

  // --- with concrete names

  std::vector<std::string> ids_to_try(const Case& one, Way way, const Client& client) const {
    if (one.who == Case::Who::Itself || one.who == Case::Who::Https) return {one.thing.example};
    if (one.client.is_literal) return {one.client.example};
    const bool names_client = std::ranges::any_of(model_.statements, [](const IotStatement& s) {
      return s.effect == policy::Effect::Allow && s.takes_in(IotAction::Subscribe) &&
             std::ranges::any_of(s.entries, [](const policy::ResourcePattern& entry) {
               return std::ranges::any_of(entry.resource.pieces, [](const auto& piece) {
                 return piece.kind == policy::PatternPiece::Kind::Variable &&
                        piece.text == kClientIdKey;
               });
             });
    });
    std::vector<std::string> out{"+", "#"};
    const bool subscribes = way == Way::Subscribe || way == Way::PastDeny;
    out.insert(subscribes && names_client ? out.end() : out.begin(), model_.other);
    out.insert(out.end(), {client.id, one.client.example, one.thing.example + "-x", "+/+", "+/#",
                           "#/x", model_.other + "/x", "x/" + model_.other});
    return out;
  }

  Status confirm(const IotEndpoint& endpoint, const Case& one, Way way, const Client& client) {
    const std::vector<OwnPattern> own =
        own_patterns(options_.own, one.thing.example, options_.profile);
    std::vector<OwnPattern> theirs = own_patterns(options_.own, model_.other, options_.profile);
    std::erase_if(theirs, [](const OwnPattern& pattern) {
      return !pattern.elements.empty() && pattern.elements[0].symbol == '$';
    });
    for (const std::string& id : ids_to_try(one, way, client)) {
      if (id.empty()) continue;
      const Asking concrete = asking(endpoint, one, Asking::Mode::Concrete, id);
      std::vector<const OwnPattern*> preferred;
      if (way != Way::PastDeny)
        for (const OwnPattern& pattern : theirs) preferred.push_back(&pattern);
      preferred.push_back(nullptr);
      for (const OwnPattern* wanted : preferred) {
        SEALANE_ASSIGN(const auto found, search(concrete, way, own, wanted, characters_));
        if (!found) continue;
        if (auto reached = confirmed(endpoint, one, way, id, *found)) {
          found_.emplace(way, std::move(*reached));
          return {};
        }
      }
    }
    return {};
  }

  policy::RequestFile request(const IotEndpoint& endpoint, const Case& one, const std::string& id,
                              IotAction action, const std::string& resource) const {
    policy::RequestFile out;
    out.action = to_string(action);
    out.resource = endpoint.head() + std::string(resource_type_of(action)) + resource;
    out.context = context_of(one, id);
    out.variables = rule();
    // It makes no difference then, and need not be said.
    if (id.find_first_of("*$+?#/") == std::string::npos)
      out.variables = policy::VariableRule::Guarded;
    return out;
  }

  policy::Outcome decided(const policy::RequestFile& request) const {
    return policy::decide(policies_, request.at(Time())).outcome();
  }

  // What was found, once the evaluator and the matcher of MQTT say the same.
  std::optional<Reached> confirmed(const IotEndpoint& endpoint, const Case& one, Way way,
                                   const std::string& id, const FilterAndTopic& found) const {
    const mqtt::Limits limits;
    Reached out;
    out.thing = one.thing.example;
    out.filter = text_of(found.filter, one.thing.example);
    out.topic = text_of(found.topic, one.thing.example);
    if (mqtt::check_topic_name(out.topic, limits) != mqtt::TopicError::None) return std::nullopt;
    const bool mine = is_own(options_.own, out.thing, out.topic, options_.profile);
    if (mine && way != Way::PastDeny) return std::nullopt;
    if (way != Way::PublishHttps) {
      if (id.size() > limits.client_id_bytes_max) return std::nullopt;
      out.client_id = id;
      out.requests.push_back(request(endpoint, one, id, IotAction::Connect, id));
    }
    if (found.filter.empty()) {
      out.requests.push_back(request(endpoint, one, id, IotAction::Publish, out.topic));
    } else {
      const std::string filter(own_filter(out.filter, options_.profile));
      if (mqtt::check_topic_filter(filter, limits) != mqtt::TopicError::None ||
          !mqtt::filter_matches(filter, out.topic, options_.profile))
        return std::nullopt;
      out.requests.push_back(request(endpoint, one, id, IotAction::Subscribe, out.filter));
      out.requests.push_back(request(endpoint, one, id, IotAction::Receive, out.topic));
    }
    if (way == Way::PastDeny && decided(request(endpoint, one, id, IotAction::Subscribe,
                                                out.topic)) != policy::Outcome::ExplicitlyDenied)
      return std::nullopt;
    for (const policy::RequestFile& one_request : out.requests)
      if (decided(one_request) != policy::Outcome::Allowed) return std::nullopt;
    out.sentence = sentence(way, out);
    return out;
  }

  std::string sentence(Way way, const Reached& reached) const {
    const std::string who = "the thing `" + reached.thing + "`";
    const std::string as = reached.client_id == reached.thing
                               ? ""
                               : ", which calls itself `" + reached.client_id + "`,";
    const bool theirs = is_own(options_.own, model_.other, reached.topic, options_.profile);
    const std::string whose =
        theirs ? "a topic of the thing `" + model_.other + "`" : "which is none of its own topics";
    const std::string gets = "receives `" + reached.topic + "`";
    switch (way) {
      case Way::PastDeny:
        return who + as + " may not subscribe to `" + reached.topic + "`, and " + gets +
               " by subscribing to `" + reached.filter + "`";
      case Way::Subscribe:
        return who + as + " subscribes to `" + reached.filter + "` and " + gets + ", " + whose;
      case Way::Publish: return who + as + " publishes to `" + reached.topic + "`, " + whose;
      case Way::PublishHttps: break;
    }
    return who + " publishes to `" + reached.topic +
           "` over HTTPS, where nothing asks for Connect, " + whose;
  }

  const ConfinedOptions& options_;
  Model model_;
  policy::CompiledPolicies policies_;
  std::vector<Symbol> symbols_;
  std::vector<Symbol> characters_;
  std::map<Way, Reached> found_;
  std::string unconfirmed_;
  std::size_t questions_ = 0;
};

// The filters that an entry `topic/stations/${iot:Connection.Thing.ThingName}/…` names.
std::string own_of(const policy::ResourcePattern& entry) {
  const auto& pieces = entry.resource.pieces;
  constexpr std::string_view kTopic = "topic/";
  if (pieces.size() < 2 || pieces[0].kind != policy::PatternPiece::Kind::Literal ||
      !pieces[0].text.starts_with(kTopic) ||
      pieces[1].kind != policy::PatternPiece::Kind::Variable ||
      (pieces[1].text != kThingNameKey && pieces[1].text != kClientIdKey))
    return "";
  std::string out = pieces[0].text.substr(kTopic.size()) + std::string(kThingPlaceholder);
  if (pieces.size() > 2 && pieces[2].kind == policy::PatternPiece::Kind::Literal)
    out += pieces[2].text.substr(0, pieces[2].text.find('/'));
  return check_own(out).ok() && out.find_first_of("+#") == std::string::npos ? out : "";
}

}  // namespace

std::vector<std::string> own_topics_named_by(std::span<const policy::Document> documents) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& level) {
    if (std::ranges::count(out, level) != 0 || out.size() >= kOwnMax) return;
    out.push_back(level);
    out.push_back(level + "/#");
  };
  const auto model = read_model(documents, {});
  if (model.ok())
    for (const IotStatement& statement : model->statements) {
      const bool carries =
          statement.takes_in(IotAction::Publish) || statement.takes_in(IotAction::Receive);
      if (statement.effect != policy::Effect::Allow || !statement.listed || !carries) continue;
      for (const policy::ResourcePattern& entry : statement.entries)
        if (const std::string level = own_of(entry); !level.empty()) add(level);
    }
  if (out.empty()) add(std::string(kThingPlaceholder));
  out.push_back("$aws/things/" + std::string(kThingPlaceholder) + "/#");
  return out;
}

Status check_own(const std::string& text) {
  const std::string tried = replaced(text, "x");
  const mqtt::TopicError error = mqtt::check_topic_filter(tried, mqtt::Limits());
  if (error != mqtt::TopicError::None)
    return fail(ErrorKind::Invalid,
                "`" + text + "` is no topic filter: " + std::string(to_string(error)),
                "write a thing's own topics as `devices/${thing}/#`");
  if (tried.contains("${"))
    return fail(ErrorKind::Invalid, "`" + text + "` has a placeholder that there is not",
                "`${thing}` stands for the name of the thing");
  return {};
}

Confinement confined(std::span<const policy::Document> documents, const ConfinedOptions& options) {
  const auto refused = [](std::string detail) {
    Confinement out;
    out.doubt = Doubt::Unsupported;
    out.detail = std::move(detail);
    return out;
  };
  for (const std::string& filter : options.own)
    if (const Status status = check_own(filter); !status.ok())
      return refused(status.error().message);
  if (options.own.size() > kOwnMax)
    return refused("more than " + std::to_string(kOwnMax) + " filters of own topics");
  auto model = read_model(documents, options);
  if (!model.ok()) return refused(model.error().message);
  ConfinedOptions decided = options;
  if (decided.own.empty()) decided.own = own_topics_named_by(documents);
  Confinement out = Confining(documents, decided, std::move(*model)).run();
  out.own = std::move(decided.own);
  out.own_was_given = !options.own.empty();
  return out;
}

}  // namespace sealane::prove
