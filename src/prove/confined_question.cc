// SPDX-License-Identifier: Apache-2.0
#include "prove/confined_question_internal.h"

#include <algorithm>

#include "policy/glob.h"

namespace sealane::prove {
namespace {

constexpr std::size_t kEndpointsMax = 8;

using Likeness = KeyChoice::Likeness;

bool is_safe(std::string_view text) {
  return text.find_first_of("*$+?#/") == std::string_view::npos;
}

Value known(Elements elements, bool exact) {
  return {Value::Kind::Known, std::move(elements), exact};
}
Value any_of(Element::Set set) { return known({one_of(set), run_of(set)}, false); }

// A name within a level is any name: two patterns may place it differently.
Elements with_any_inner_name(const Elements& elements) {
  const auto is_slash = [&](std::size_t i) {
    return elements[i].kind == Element::Kind::Char && elements[i].symbol == '/';
  };
  Elements out;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const bool whole = (i == 0 || is_slash(i - 1)) && (i + 1 == elements.size() || is_slash(i + 1));
    if (elements[i].kind != Element::Kind::Thing || whole) {
      out.push_back(elements[i]);
      continue;
    }
    out.push_back(one_of(Element::Set::Name));
    out.push_back(run_of(Element::Set::Name));
  }
  return out;
}

Automaton automaton_of(Elements elements, Reading reading, IotAction action,
                       std::string_view example) {
  Automaton out(std::move(elements), reading, example);
  out.begin_behind(resource_type_of(action));
  return out;
}

}  // namespace

std::vector<OwnPattern> own_patterns(const std::vector<std::string>& own,
                                     std::optional<std::string_view> thing, mqtt::Profile profile) {
  std::vector<OwnPattern> out;
  for (const std::string& filter : own) {
    OwnPattern one;
    one.no_dollar = filter.starts_with('+') || filter.starts_with('#');
    std::string_view rest = filter;
    while (!rest.empty()) {
      if (rest.starts_with(kThingPlaceholder)) {
        if (thing)
          append_text(one.elements, *thing);
        else
          one.elements.push_back(thing_element());
        rest.remove_prefix(kThingPlaceholder.size());
        continue;
      }
      if (rest[0] == '+') {
        one.elements.push_back(run_of(Element::Set::Level));
        rest.remove_prefix(1);
      } else if (rest[0] == '#') {
        // §4.7.1.2: the parent too.
        if (profile == mqtt::Profile::MqttStandard && !one.elements.empty()) {
          OwnPattern parent = one;
          parent.elements.pop_back();
          out.push_back(std::move(parent));
        }
        one.elements.push_back(run_of(Element::Set::Any));
        rest.remove_prefix(1);
      } else {
        const std::size_t end = std::min(rest.find_first_of("+#"), rest.find(kThingPlaceholder));
        append_text(one.elements, rest.substr(0, end));
        rest.remove_prefix(std::min(end, rest.size()));
      }
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<Asking::Grant> Asking::grants(IotAction action) const {
  std::vector<Grant> out;
  for (std::size_t i = 0; i < s_.model.statements.size(); ++i) {
    const IotStatement& statement = s_.model.statements[i];
    if (statement.effect != policy::Effect::Allow || !statement.takes_in(action) ||
        s_.truths[i] != policy::Match::Yes)
      continue;
    if (!statement.listed) {
      if (!statement.everything && !lacks_value(statement)) out.push_back({&statement, nullptr});
      continue;
    }
    if (statement.everything) {
      out.push_back({&statement, nullptr});
      continue;
    }
    for (const policy::ResourcePattern& entry : statement.entries)
      if (at_endpoint(entry)) out.push_back({&statement, &entry});
  }
  return out;
}

std::vector<const IotStatement*> Asking::denies(IotAction action) const {
  std::vector<const IotStatement*> out;
  for (std::size_t i = 0; i < s_.model.statements.size(); ++i) {
    const IotStatement& statement = s_.model.statements[i];
    if (statement.effect != policy::Effect::Deny || !statement.takes_in(action)) continue;
    // A Deny of which it cannot be told denies, for this request; for another it may not.
    const bool applies = s_.truths[i] == policy::Match::Yes ||
                         (s_.truths[i] == policy::Match::Unknown && s_.mode == Mode::Concrete);
    if (applies) out.push_back(&statement);
  }
  return out;
}

bool Asking::at_endpoint(const policy::ResourcePattern& entry) const {
  if (entry.everything) return true;
  const std::string head = s_.endpoint.head();
  if (entry.literal_head) return *entry.literal_head == head;
  const std::array<std::string, 5> parts{"arn", s_.endpoint.partition, "iot", s_.endpoint.region,
                                         s_.endpoint.account};
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (!policy::glob_match(entry.head[i].ready, parts[i])) return false;
  return true;
}

Value Asking::text_value(const std::string& text, bool is_client) const {
  const bool as_sent = is_client && s_.options.profile == mqtt::Profile::AwsIotCore;
  if (!as_sent && !is_safe(text)) return {.kind = Value::Kind::Unsafe, .elements = {}};
  Elements out;
  append_text(out, text);
  return known(std::move(out), true);
}

// What the gateway does not substitute is not among the values.
Value Asking::guarded(Value value) const {
  if (s_.options.profile == mqtt::Profile::AwsIotCore || value.kind != Value::Kind::Known)
    return value;
  for (Element& element : value.elements) {
    if (element.kind == Element::Kind::Char && !is_in(Element::Set::Name, element.symbol))
      return {.kind = Value::Kind::Unsafe, .elements = {}};
    if (element.kind == Element::Kind::One || element.kind == Element::Kind::Run)
      element.set = Element::Set::Name;
  }
  return value;
}

std::optional<Elements> Asking::client_ids() const {
  const Case& one = s_.one;
  if (one.who == Case::Who::Impostor && !one.client.is_literal)
    return Elements{one_of(Element::Set::Name), run_of(Element::Set::Name)};
  const bool is_thing = one.who == Case::Who::Itself;
  if (is_thing && s_.mode == Mode::Symbolic && !one.thing.is_literal)
    return Elements{thing_element()};
  if (!is_thing && !one.client.is_literal) return std::nullopt;
  Elements out;
  append_text(out, is_thing ? one.thing.example : one.client.example);
  return out;
}

Value Asking::client_value() const {
  const Case& one = s_.one;
  const bool symbolic = s_.mode == Mode::Symbolic;
  if (one.who == Case::Who::Https) return {};
  if (one.who == Case::Who::Itself)
    return symbolic && !one.thing.is_literal ? known({thing_element()}, true)
                                             : text_value(one.thing.example, true);
  if (!symbolic) return text_value(s_.client_id, true);
  if (one.client.is_literal) return text_value(one.client.example, true);
  return guarded(any_of(one.who == Case::Who::Impostor ? Element::Set::Name : Element::Set::Any));
}

Value Asking::value_of(const policy::PatternPiece& variable) const {
  const Case& one = s_.one;
  const bool symbolic = s_.mode == Mode::Symbolic;
  const auto missing = [&]() -> Value {
    if (!variable.fallback) return {};
    Elements out;
    append_text(out, *variable.fallback);
    return known(std::move(out), true);
  };
  const auto name = [&]() {
    return symbolic && !one.thing.is_literal ? known({thing_element()}, true)
                                             : text_value(one.thing.example, false);
  };
  // Only the client's id itself is substituted as it was sent.
  const auto like_client = [&]() -> Value {
    if (client_.kind != Value::Kind::Known) return client_;
    if (!symbolic) return text_value(s_.client_id, false);
    return client_.exact ? client_ : any_of(Element::Set::Value);
  };
  if (variable.text == kClientIdKey) return one.who == Case::Who::Https ? missing() : client_;
  if (variable.text == kThingNameKey) {
    if (one.who == Case::Who::Itself || one.who == Case::Who::Exclusive) return name();
    return one.who == Case::Who::Impostor ? like_client() : missing();
  }
  const auto at = one.keys.find(variable.text);
  if (at == one.keys.end()) return missing();
  switch (at->second.likeness) {
    case Likeness::Absent: return missing();
    case Likeness::Thing: return name();
    case Likeness::Client: return one.who == Case::Who::Itself ? name() : like_client();
    case Likeness::Literal: return text_value(at->second.values[0], false);
    case Likeness::Other: break;
  }
  if (at->second.values.size() != 1) return missing();
  return symbolic ? any_of(Element::Set::Value) : text_value(at->second.values[0], false);
}

Asking::Instance Asking::instance(const policy::ResourcePattern& entry) const {
  Instance out;
  if (entry.everything) {
    out.elements = {run_of(Element::Set::Any)};
    return out;
  }
  for (const policy::PatternPiece& piece : entry.resource.pieces) {
    switch (piece.kind) {
      case policy::PatternPiece::Kind::Literal: append_text(out.elements, piece.text); break;
      case policy::PatternPiece::Kind::AnyRun:
        out.elements.push_back(run_of(Element::Set::Any));
        break;
      case policy::PatternPiece::Kind::AnyOne:
        out.elements.push_back(one_of(Element::Set::Any));
        break;
      case policy::PatternPiece::Kind::Variable: {
        const Value value = value_of(piece);
        if (value.kind == Value::Kind::Missing) return {.kind = value.kind, .elements = {}};
        if (value.kind == Value::Kind::Unsafe) out.kind = value.kind;
        out.exact = out.exact && value.exact;
        out.elements.insert(out.elements.end(), value.elements.begin(), value.elements.end());
      }
    }
  }
  return out;
}

std::optional<Automaton> Asking::positive(const policy::ResourcePattern& entry, IotAction action,
                                          bool exact_names) const {
  if (!at_endpoint(entry)) return std::nullopt;
  Instance made = instance(entry);
  if (made.kind != Value::Kind::Known) return std::nullopt;
  if (exact_names)
    return automaton_of(std::move(made.elements), Reading::Primary, action, example());
  return automaton_of(with_any_inner_name(made.elements), Reading::Wide, action, example());
}

std::optional<Automaton> Asking::negative(const policy::ResourcePattern& entry,
                                          IotAction action) const {
  if (!at_endpoint(entry)) return std::nullopt;
  Instance made = instance(entry);
  if (made.kind != Value::Kind::Known || !made.exact) return std::nullopt;
  return automaton_of(std::move(made.elements), Reading::Narrow, action, example());
}

// NotResource with an entry that has no value applies to nothing.
bool Asking::lacks_value(const IotStatement& statement) const {
  return std::ranges::any_of(statement.entries, [&](const policy::ResourcePattern& entry) {
    return instance(entry).kind == Value::Kind::Missing;
  });
}

std::optional<Automaton> Asking::denied(const policy::ResourcePattern& entry,
                                        IotAction action) const {
  return positive(entry, action, false);
}

bool Asking::require(Question& question, const Grant& grant, IotAction action,
                     bool exact_names) const {
  if (grant.entry != nullptr) {
    auto automaton = positive(*grant.entry, action, exact_names);
    if (!automaton) return false;
    question.require(std::move(*automaton));
    return true;
  }
  question.require(Automaton({run_of(Element::Set::Any)},
                             exact_names ? Reading::Primary : Reading::Wide, example()));
  if (grant.statement->listed) return true;
  for (const policy::ResourcePattern& entry : grant.statement->entries)
    if (auto automaton = negative(entry, action)) question.forbid(std::move(*automaton));
  return true;
}

bool Asking::require_undenied(Question& question, IotAction action) const {
  for (const IotStatement* deny : denies(action)) {
    if (deny->listed) {
      if (deny->everything) return false;
      for (const policy::ResourcePattern& entry : deny->entries)
        if (auto automaton = negative(entry, action)) question.forbid(std::move(*automaton));
      continue;
    }
    if (deny->everything || lacks_value(*deny)) continue;
    std::vector<Literal> spared;
    for (const policy::ResourcePattern& entry : deny->entries)
      if (auto automaton = positive(entry, action, false))
        spared.push_back({question.add(std::move(*automaton)), true});
    if (spared.empty()) return false;
    question.require(std::move(spared));
  }
  return true;
}

Result<std::vector<TextClass>> Asking::names() const {
  const bool any = !s_.one.thing.is_literal &&
                   (s_.one.who == Case::Who::Itself || s_.one.who == Case::Who::Exclusive);
  if (!any) return std::vector{s_.one.thing};
  std::vector<Elements> patterns;
  for (const IotStatement& statement : s_.model.statements)
    for (const policy::ResourcePattern& entry : statement.entries)
      patterns.push_back(instance(entry).elements);
  for (const OwnPattern& one : own_patterns(s_.options.own, std::nullopt, s_.options.profile))
    patterns.push_back(one.elements);
  return name_classes(patterns, s_.model.name_patterns, s_.one.thing.example);
}

std::optional<Value> Asking::client_of(const Grant& grant) const {
  const Value own = client_value();
  if (own.exact || grant.entry == nullptr || s_.one.who == Case::Who::Impostor) return own;
  Instance made = instance(*grant.entry);
  if (made.kind != Value::Kind::Known) return std::nullopt;
  // What follows `client/`.
  std::string_view prefix = resource_type_of(IotAction::Connect);
  std::size_t at = 0;
  while (!prefix.empty()) {
    if (at == made.elements.size()) return std::nullopt;
    const Element& element = made.elements[at];
    if (element.kind == Element::Kind::Run) return own;
    if (element.kind == Element::Kind::Thing) return own;
    if (element.kind == Element::Kind::Char &&
        element.symbol != static_cast<unsigned char>(prefix[0]))
      return std::nullopt;
    prefix.remove_prefix(1);
    ++at;
  }
  Elements rest(made.elements.begin() + static_cast<std::ptrdiff_t>(at), made.elements.end());
  const bool exact = std::ranges::all_of(rest, [](const Element& element) {
    return element.kind == Element::Kind::Char || element.kind == Element::Kind::Thing;
  });
  return guarded(known(std::move(rest), exact));
}

Result<std::vector<IotEndpoint>> endpoints_of(const Model& model, const std::string& resource) {
  const IotEndpoint fallback{"aws", "eu-central-1", "123456789012"};
  if (!resource.empty()) {
    const auto parts = policy::split_arn_pattern(resource, false);
    if (parts.size() != 6 || parts[0] != "arn" || parts[2] != "iot" ||
        resource.find_first_of("*?") != std::string::npos)
      return fail(
          ErrorKind::Invalid, "`" + resource + "` is no ARN of AWS IoT Core",
          "its region and account are meant: arn:aws:iot:eu-central-1:123456789012:topic/x");
    return std::vector<IotEndpoint>{
        {std::string(parts[1]), std::string(parts[3]), std::string(parts[4])}};
  }
  std::vector<IotEndpoint> out;
  for (const IotStatement& statement : model.statements)
    for (const policy::ResourcePattern& entry : statement.entries) {
      if (entry.everything) continue;
      const auto part = [&](std::size_t i, const std::string& otherwise) {
        return policy::has_wildcard(entry.head[i]) || entry.head[i].pieces.empty()
                   ? otherwise
                   : entry.head[i].pieces[0].text;
      };
      if (part(2, "iot") != "iot") continue;
      const IotEndpoint one{part(1, fallback.partition), part(3, fallback.region),
                            part(4, fallback.account)};
      if (std::ranges::none_of(
              out, [&](const IotEndpoint& known) { return known.head() == one.head(); }))
        out.push_back(one);
    }
  if (out.empty()) out.push_back(fallback);
  if (out.size() > kEndpointsMax)
    return fail(
        ErrorKind::Unsupported,
        "the policy names more than " + std::to_string(kEndpointsMax) + " regions and accounts",
        "say which with --resource");
  return out;
}

std::vector<Symbol> alphabet_of(const Model& model, const std::vector<std::string>& own,
                                Asking::Mode mode, std::string_view names) {
  Elements characters;
  append_text(characters, "/+#$");
  append_text(characters, names);
  for (const std::string& filter : own) append_text(characters, filter);
  for (const IotStatement& statement : model.statements)
    for (const policy::ResourcePattern& entry : statement.entries)
      for (const policy::PatternPiece& piece : entry.resource.pieces) {
        if (piece.kind == policy::PatternPiece::Kind::Literal) append_text(characters, piece.text);
        if (piece.fallback) append_text(characters, *piece.fallback);
      }
  for (const Case& one : model.cases) {
    append_text(characters, one.thing.example);
    append_text(characters, one.client.example);
    for (const auto& [key, choice] : one.keys)
      for (const std::string& value : choice.values) append_text(characters, value);
  }
  std::vector<Symbol> out;
  add_characters(characters, out);
  std::ranges::sort(out);
  const auto [first, last] = std::ranges::unique(out);
  out.erase(first, last);
  constexpr std::string_view kReadable = "xyzwvutsrqponmlkjihgfedcba0123456789XYZ";
  Symbol other = 0x4e00;
  while (std::ranges::count(out, other) != 0) ++other;
  for (const char c : kReadable)
    if (other >= 0x4e00 && std::ranges::count(out, static_cast<Symbol>(c)) == 0)
      other = static_cast<Symbol>(c);
  out.insert(out.begin(), other);
  if (mode == Asking::Mode::Symbolic) out.insert(out.end(), {kThingSymbol, kInnerSymbol});
  return out;
}

}  // namespace sealane::prove
