// SPDX-License-Identifier: Apache-2.0
#include "prove/confined_model_internal.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/diagnostic.h"
#include "policy/text.h"

namespace sealane::prove {
namespace {

using policy::Operator;

constexpr std::string_view kSecureTransport = "aws:securetransport";
constexpr std::size_t kSetClassesMax = 4;
constexpr std::size_t kStatementsMax = 2'000;

// Keys of several values.
bool is_list(std::string_view key) {
  return key.ends_with(".list") || key == "iot:connectattributes" ||
         key == "iot:certificate.availablekeys" || key.starts_with("sealane:thinggroups");
}

auto unsupported(const policy::Condition& condition, const std::string& why) {
  return fail(ErrorKind::Unsupported, "the condition `" + condition.operator_name + "` on `" +
                                          condition.key_name + "` (line " +
                                          std::to_string(condition.span.line) + ") " + why);
}

// The variable that is all of a pattern.
const policy::PatternPiece* lone_variable(const policy::Pattern& pattern) {
  const bool lone = pattern.pieces.size() == 1 &&
                    pattern.pieces[0].kind == policy::PatternPiece::Kind::Variable &&
                    !pattern.pieces[0].fallback;
  return lone ? &pattern.pieces[0] : nullptr;
}

// The address behind the last of a range; nothing behind the last of all.
std::optional<policy::IpAddressValue> behind(const policy::Cidr& range) {
  policy::IpAddressValue out = range.address;
  const unsigned bits = out.family == policy::IpAddressValue::Family::V4 ? 32 : 128;
  for (unsigned bit = range.prefix; bit < bits; ++bit)
    out.bytes[bit / 8] = static_cast<std::uint8_t>(out.bytes[bit / 8] | (0x80u >> (bit % 8)));
  for (unsigned byte = bits / 8; byte > 0; --byte)
    if (++out.bytes[byte - 1] != 0) return out;
  return std::nullopt;
}

std::string text_of(const policy::IpAddressValue& address) {
  std::string out;
  if (address.family == policy::IpAddressValue::Family::V4) {
    for (std::size_t i = 0; i < 4; ++i)
      out += (i == 0 ? "" : ".") + std::to_string(address.bytes[i]);
    return out;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < 16; ++i) {
    if (i != 0 && i % 2 == 0) out += ':';
    out += kDigits[address.bytes[i] >> 4];
    out += kDigits[address.bytes[i] & 15];
  }
  return out;
}

// What conditions say about one key.
struct KeyFacts {
  std::vector<Elements> texts;
  std::set<std::string> values;  // points that stand for all between them
  bool is_bool = false;
  bool as_thing = false;
  bool as_client = false;
  bool as_numbers = false;
  const policy::Condition* condition = nullptr;
};
using Keys = std::map<std::string, KeyFacts>;

class Reader {
 public:
  explicit Reader(const ConfinedOptions& options) : options_(options) {}

  Result<Model> run(std::span<const policy::Document> documents) {
    for (const policy::Document& document : documents)
      for (const policy::Statement& statement : document.statements)
        SEALANE_TRY(read(document, statement));
    name_things();
    SEALANE_TRY(make_cases());
    return std::move(model_);
  }

 private:
  Status read(const policy::Document& document, const policy::Statement& statement) {
    IotStatement out{.effect = statement.effect,
                     .listed = statement.resource_polarity == policy::Polarity::Listed,
                     .entries = {},
                     .conditions = conditions_of(document, statement),
                     .source = &statement};
    bool any = false;
    for (std::size_t i = 0; i < kIotActions.size(); ++i) {
      SEALANE_ASSIGN(out.takes[i], takes(statement, kIotActions[i]));
      any = any || out.takes[i];
    }
    if (!any) return {};
    if (model_.statements.size() == kStatementsMax)
      return fail(ErrorKind::TooLarge,
                  "more than " + std::to_string(kStatementsMax) + " statements are about MQTT");
    for (const policy::SourceText& text : statement.resources) {
      SEALANE_ASSIGN(policy::ResourcePattern pattern,
                     policy::parse_resource(text.text, {document.kind, document.version}));
      text_ += text.text + "\n";
      out.everything = out.everything || pattern.everything;
      for (const policy::PatternPiece& piece : pattern.resource.pieces)
        if (piece.kind == policy::PatternPiece::Kind::Variable) keys_[piece.text];
      out.entries.push_back(std::move(pattern));
    }
    for (const policy::Condition& condition : statement.conditions)
      SEALANE_TRY(read(condition, document.version));
    model_.statements.push_back(std::move(out));
    return {};
  }

  static Result<bool> takes(const policy::Statement& statement, IotAction action) {
    const std::string lower = policy::to_lower(to_string(action));
    bool any = false;
    for (const policy::SourceText& text : statement.actions) {
      SEALANE_ASSIGN(const policy::ActionPattern pattern, policy::parse_action(text.text));
      any = any || policy::matches(pattern, lower);
    }
    return any == (statement.action_polarity == policy::Polarity::Listed);
  }

  static policy::CompiledPolicies conditions_of(const policy::Document& document,
                                                const policy::Statement& statement) {
    policy::Document alone{.kind = document.kind,
                           .version = document.version,
                           .id = {},
                           .file = document.file,
                           .statements = {}};
    policy::Statement any = statement;
    any.effect = policy::Effect::Allow;
    any.action_polarity = any.resource_polarity = policy::Polarity::Listed;
    any.actions = any.resources = {{.text = "*", .span = statement.span}};
    alone.statements = {std::move(any)};
    return policy::compile(std::span(&alone, 1));
  }

  Status read(const policy::Condition& condition, policy::LanguageVersion version) {
    KeyFacts& facts = keys_[condition.key];
    facts.condition = &condition;
    if (condition.quantifier != policy::Quantifier::None && !is_list(condition.key))
      return unsupported(condition, "asks for a set of a key that has one value");
    for (const policy::SourceText& value : condition.values) {
      text_ += value.text + "\n";
      SEALANE_ASSIGN(const policy::Operand operand,
                     policy::parse_operand(condition.op, value.text, version));
      SEALANE_TRY(read(condition, operand, value.text));
    }
    return {};
  }

  Status read(const policy::Condition& condition, const policy::Operand& operand,
              const std::string& text) {
    KeyFacts& facts = keys_[condition.key];
    switch (condition.op) {
      case Operator::StringEquals:
      case Operator::StringLike: return read_text(condition, std::get<policy::Pattern>(operand));
      case Operator::Bool: facts.is_bool = true; return {};
      case Operator::Null: return {};
      case Operator::IpAddress: {
        const policy::Cidr& range = std::get<policy::Cidr>(operand);
        facts.values.insert(
            {"0.0.0.0", "0000:0000:0000:0000:0000:0000:0000:0001", text_of(range.address)});
        if (const auto next = behind(range)) facts.values.insert(text_of(*next));
        return {};
      }
      case Operator::NumericEquals:
      case Operator::NumericLessThan:
      case Operator::NumericLessThanEquals:
      case Operator::NumericGreaterThan:
      case Operator::NumericGreaterThanEquals: {
        facts.as_numbers = true;
        if (text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos)
          return unsupported(condition, "compares with a number that is none of nine digits");
        long number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        facts.values.insert({std::to_string(number), text + ".5", std::to_string(number - 1)});
        return {};
      }
      default: return unsupported(condition, "has no exact form for this claim");
    }
  }

  Status read_text(const policy::Condition& condition, const policy::Pattern& pattern) {
    if (!pattern.has_variables) {
      keys_[condition.key].texts.push_back(elements_of(pattern));
      return {};
    }
    const policy::PatternPiece* variable = lone_variable(pattern);
    if (variable == nullptr) return unsupported(condition, "has a value of variables and text");
    const bool about_thing = condition.key == kThingNameKey;
    const bool about_client = condition.key == kClientIdKey;
    if (variable->text == kThingNameKey)
      keys_[condition.key].as_thing = true;
    else if (variable->text == kClientIdKey)
      keys_[condition.key].as_client = true;
    else if (about_thing)
      keys_[variable->text].as_thing = true;
    else if (about_client)
      keys_[variable->text].as_client = true;
    else if (variable->text != condition.key)
      return unsupported(condition,
                         "compares keys of which neither is the thing's or the client's");
    return {};
  }

  // Names that nothing in the documents spells.
  void name_things() {
    for (int i = 0; model_.other.empty(); ++i) {
      const std::string suffix = i == 0 ? "" : std::to_string(i);
      const std::string a = "thing" + suffix + "-a";
      const std::string b = "thing" + suffix + "-b";
      if (text_.contains(a) || text_.contains(b)) continue;
      model_.thing = a;
      model_.other = b;
    }
  }

  Result<std::vector<TextClass>> classes(std::initializer_list<std::string_view> keys,
                                         const std::string& preferred, Element::Set within) {
    std::vector<Elements> patterns;
    for (const std::string_view key : keys)
      if (const auto at = keys_.find(std::string(key)); at != keys_.end())
        patterns.insert(patterns.end(), at->second.texts.begin(), at->second.texts.end());
    return classes_of(patterns, std::span(&preferred, 1), within);
  }

  // What a key may be, in the order in which it is tried.
  Result<std::vector<KeyChoice>> choices(const std::string& key, const KeyFacts& facts,
                                         Case::Who who) {
    using enum KeyChoice::Likeness;
    const bool has_thing = who == Case::Who::Itself || who == Case::Who::Exclusive;
    const KeyChoice absent;
    if (key == kAttachedKey) {
      if (has_thing) return std::vector<KeyChoice>{{Literal, {"true"}}};
      if (who == Case::Who::Impostor) return std::vector<KeyChoice>{{Literal, {"false"}}};
      if (who == Case::Who::Https) return std::vector{absent};
      return std::vector<KeyChoice>{{Literal, {"false"}}, absent};
    }
    if (key.starts_with(kThingKeys) && !has_thing && who != Case::Who::Impostor)
      return std::vector{absent};
    // There is no plaintext port: inherent.h.
    if (key == kSecureTransport) return std::vector<KeyChoice>{{Literal, {"true"}}, absent};
    if ((facts.as_numbers || !facts.values.empty()) && (!facts.texts.empty() || facts.is_bool))
      return unsupported(*facts.condition, "asks one key for texts and for other values");
    std::vector<KeyChoice> out;
    if (facts.is_bool) {
      out = {{Literal, {"true"}}, {Literal, {"false"}}};
      out.push_back(absent);
      return out;
    }
    for (const std::string& value : facts.values) out.push_back({Other, {value}});
    if (facts.values.empty()) {
      const std::string sample = "value";
      SEALANE_ASSIGN(const std::vector<TextClass> texts,
                     classes_of(facts.texts, std::span(&sample, 1), Element::Set::Any));
      if (is_list(key)) {
        SEALANE_TRY(add_sets(key, facts, texts, out));
      } else {
        for (const TextClass& one : texts)
          out.push_back({one.is_literal ? Literal : Other, {one.example}});
      }
    }
    if (facts.as_thing) out.push_back({Thing, {}});
    if (facts.as_client && who != Case::Who::Https) out.push_back({Client, {}});
    out.push_back(absent);
    return out;
  }

  // Quantified conditions see which classes are in a set, and nothing else.
  static Status add_sets(const std::string& key, const KeyFacts& facts,
                         const std::vector<TextClass>& texts, std::vector<KeyChoice>& out) {
    if (texts.size() > kSetClassesMax)
      return fail(ErrorKind::Unsupported,
                  "the key `" + key + "`" +
                      (facts.condition == nullptr
                           ? ""
                           : " (line " + std::to_string(facts.condition->span.line) + ")") +
                      " has more than " + std::to_string(kSetClassesMax) + " kinds of members");
    for (std::size_t set = 1; set < std::size_t{1} << texts.size(); ++set) {
      KeyChoice one{KeyChoice::Likeness::Other, {}};
      for (std::size_t i = 0; i < texts.size(); ++i)
        if ((set >> i & 1) != 0) one.values.push_back(texts[i].example);
      out.push_back(std::move(one));
    }
    return {};
  }

  Status make_cases() {
    using enum Case::Who;
    constexpr auto kName = Element::Set::Name;
    SEALANE_ASSIGN(const auto things, classes({kThingNameKey, kClientIdKey}, model_.thing, kName));
    SEALANE_ASSIGN(const auto clients, classes({kClientIdKey}, "client", Element::Set::Any));
    const std::vector<TextClass> any_thing{{model_.thing, false}};
    const std::vector<TextClass> none{{"", true}};
    for (const std::string_view key : {kThingNameKey, kClientIdKey})
      if (const auto at = keys_.find(std::string(key)); at != keys_.end())
        model_.name_patterns.insert(model_.name_patterns.end(), at->second.texts.begin(),
                                    at->second.texts.end());
    SEALANE_TRY(add_cases(Itself, things, none));
    SEALANE_TRY(add_cases(Stranger, any_thing, clients));
    if (!options_.axioms.contains(Axiom::A18)) {
      SEALANE_TRY(add_cases(Exclusive, things, clients));
      SEALANE_ASSIGN(const auto others,
                     classes({kThingNameKey, kClientIdKey}, model_.other, kName));
      SEALANE_TRY(add_cases(Impostor, any_thing, others));
    }
    if (options_.profile == mqtt::Profile::AwsIotCore) return add_cases(Https, any_thing, none);
    return {};
  }

  Status add_cases(Case::Who who, const std::vector<TextClass>& things,
                   const std::vector<TextClass>& clients) {
    std::vector<Case> made;
    for (const TextClass& thing : things)
      for (const TextClass& client : clients)
        if (!client_is_thing(who, thing, client))
          made.push_back({who, thing, who == Case::Who::Itself ? thing : client, {}});
    for (const auto& [key, facts] : keys_) {
      if (key == kClientIdKey || key == kThingNameKey) continue;
      SEALANE_ASSIGN(const std::vector<KeyChoice> all, choices(key, facts, who));
      if (made.size() * all.size() > kCasesMax)
        return fail(ErrorKind::TooLarge, "conditions tell more than " + std::to_string(kCasesMax) +
                                             " kinds of requests apart");
      std::vector<Case> next;
      for (const Case& one : made)
        for (const KeyChoice& choice : all) {
          next.push_back(one);
          if (choice.likeness != KeyChoice::Likeness::Absent) next.back().keys[key] = choice;
        }
      made = std::move(next);
    }
    keep_different(std::move(made));
    return {};
  }

  static bool client_is_thing(Case::Who who, const TextClass& thing, const TextClass& client) {
    return who == Case::Who::Exclusive && thing.is_literal && client.is_literal &&
           thing.example == client.example;
  }

  // Cases that meet the same conditions and substitute the same are one.
  void keep_different(std::vector<Case> made) {
    std::set<std::string> substituted;
    for (const IotStatement& statement : model_.statements)
      for (const policy::ResourcePattern& entry : statement.entries)
        for (const policy::PatternPiece& piece : entry.resource.pieces)
          if (piece.kind == policy::PatternPiece::Kind::Variable) substituted.insert(piece.text);
    std::set<std::string> known;
    for (Case& one : made) {
      std::string sign = one.thing.example + "\n" + one.client.example + "\n";
      for (const policy::Match match :
           truths_of(model_, one, one.client.example, policy::VariableRule::AsSent))
        sign += to_string(match)[0];
      for (const std::string& key : substituted)
        if (const auto at = one.keys.find(key); at != one.keys.end())
          sign += "\n" + key + std::to_string(static_cast<int>(at->second.likeness)) +
                  (at->second.likeness == KeyChoice::Likeness::Literal ? at->second.values[0] : "");
      if (known.insert(sign).second) model_.cases.push_back(std::move(one));
    }
  }

  const ConfinedOptions& options_;
  Model model_;
  Keys keys_;
  std::string text_;
};

}  // namespace

std::string_view to_string(IotAction action) {
  switch (action) {
    case IotAction::Connect: return "iot:Connect";
    case IotAction::Publish: return "iot:Publish";
    case IotAction::Subscribe: return "iot:Subscribe";
    case IotAction::Receive: break;
  }
  return "iot:Receive";
}

std::string_view resource_type_of(IotAction action) {
  switch (action) {
    case IotAction::Connect: return "client/";
    case IotAction::Subscribe: return "topicfilter/";
    default: return "topic/";
  }
}

Elements elements_of(const policy::Pattern& pattern) {
  Elements out;
  for (const policy::PatternPiece& piece : pattern.pieces) {
    if (piece.kind == policy::PatternPiece::Kind::AnyRun)
      out.push_back(run_of(Element::Set::Any));
    else if (piece.kind == policy::PatternPiece::Kind::AnyOne)
      out.push_back(one_of(Element::Set::Any));
    else
      append_text(out, piece.text);
  }
  return out;
}

Result<std::vector<TextClass>> classes_of(std::span<const Elements> patterns,
                                          std::span<const std::string> preferred,
                                          Element::Set within) {
  std::vector<Automaton> automata;
  std::vector<Symbol> alphabet{'x', 'y'};
  for (const Elements& one : patterns) {
    automata.emplace_back(one, Reading::Narrow, "");
    add_characters(one, alphabet);
  }
  // A character that no pattern has.
  for (Symbol symbol = 'z'; std::ranges::count(alphabet, symbol) != 0; ++symbol)
    if (std::ranges::count(alphabet, symbol + 1) == 0) alphabet.push_back(symbol + 1);
  std::erase_if(alphabet, [&](Symbol symbol) { return !is_in(within, symbol); });
  const auto literal = [&](std::size_t i) {
    return std::ranges::all_of(patterns[i],
                               [](const Element& e) { return e.kind == Element::Kind::Char; });
  };
  using States = std::vector<Automaton::State>;
  const auto signature = [&](const States& states) {
    std::vector<bool> out;
    for (std::size_t i = 0; i < states.size(); ++i) out.push_back(automata[i].accepts(states[i]));
    return out;
  };
  const auto step = [&](const States& from, Symbol symbol) {
    States out;
    for (std::size_t i = 0; i < from.size(); ++i) out.push_back(automata[i].step(from[i], symbol));
    return out;
  };
  std::map<std::vector<bool>, std::size_t> known;
  std::vector<TextClass> out;
  const auto note = [&](const States& states, const std::string& text) {
    const std::vector<bool> sign = signature(states);
    if (!known.emplace(sign, out.size()).second) return;
    bool is_literal = false;
    for (std::size_t i = 0; i < sign.size(); ++i)
      is_literal = is_literal || (sign[i] && literal(i));
    out.push_back({text, is_literal});
  };
  States start;
  for (const Automaton& automaton : automata) start.push_back(automaton.start());
  for (const std::string& text : preferred) {
    Elements characters;
    append_text(characters, text);
    States states = start;
    for (const Element& one : characters) states = step(states, one.symbol);
    note(states, text);
  }
  std::map<States, Word> words{{start, {}}};
  std::vector<States> queue{start};
  for (std::size_t at = 0; at < queue.size(); ++at) {
    if (queue.size() > kSearchStatesMax)
      return fail(ErrorKind::TooLarge, "too many patterns of one key");
    const Word word = words[queue[at]];
    for (const Symbol symbol : alphabet) {
      States next = step(queue[at], symbol);
      Word longer = word;
      longer.push_back(symbol);
      if (!words.emplace(next, longer).second) continue;
      note(next, text_of(longer, ""));
      queue.push_back(std::move(next));
    }
  }
  return out;
}

policy::Context context_of(const Case& one, const std::string& client) {
  policy::Context out;
  const std::string& id = one.who == Case::Who::Itself ? one.thing.example : client;
  if (one.who != Case::Who::Https) out.set("iot:ClientId", id);
  if (one.who == Case::Who::Itself || one.who == Case::Who::Exclusive)
    out.set("iot:Connection.Thing.ThingName", one.thing.example);
  if (one.who == Case::Who::Impostor) out.set("iot:Connection.Thing.ThingName", id);
  for (const auto& [key, choice] : one.keys) {
    switch (choice.likeness) {
      case KeyChoice::Likeness::Absent: break;
      case KeyChoice::Likeness::Thing: out.set(key, one.thing.example); break;
      case KeyChoice::Likeness::Client: out.set(key, id); break;
      default:
        if (is_list(key))
          out.set_list(key, choice.values);
        else
          out.set(key, choice.values[0]);
    }
  }
  return out;
}

std::vector<policy::Match> truths_of(const Model& model, const Case& one, const std::string& client,
                                     policy::VariableRule rule) {
  const policy::Context context = context_of(one, client);
  std::vector<policy::Match> out;
  for (const IotStatement& statement : model.statements) {
    if (statement.source->conditions.empty()) {
      out.push_back(policy::Match::Yes);
      continue;
    }
    const policy::Request request{.principal = policy::Principal::device(),
                                  .action = "iot:Connect",
                                  .resource = "arn:aws:iot:local:000000000000:client/x",
                                  .context = context,
                                  .now = Time(),
                                  .variables = rule};
    switch (policy::decide(statement.conditions, request).outcome()) {
      case policy::Outcome::Allowed: out.push_back(policy::Match::Yes); break;
      case policy::Outcome::NotEvaluable: out.push_back(policy::Match::Unknown); break;
      default: out.push_back(policy::Match::No);
    }
  }
  return out;
}

Result<Model> read_model(std::span<const policy::Document> documents,
                         const ConfinedOptions& options) {
  return Reader(options).run(documents);
}

}  // namespace sealane::prove
