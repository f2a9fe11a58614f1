// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "check/side_internal.h"

namespace sealane::check {
namespace {

using iac::Presence;
using iac::Setting;

// A resource, or one element of it as if it were a resource.
struct Subject {
  std::uint32_t index = 0;
  const iac::Resource* resource = nullptr;
  const iac::Resource* element = nullptr;
  std::string prefix{};  // the element's path with a dot
  std::string name{};    // `[reports]`
};

std::string_view last_name(std::string_view path) {
  if (path.ends_with("\"]")) {
    path.remove_suffix(2);
    return path.substr(path.rfind('"') + 1);
  }
  while (path.ends_with(']')) path = path.substr(0, path.rfind('['));
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

std::optional<std::string> scalar(const iac::Value& value) {
  if (const std::string* text = value.text()) return *text;
  if (const json::Number* number = value.number()) return number->lexeme;
  if (const bool* boolean = value.boolean()) return *boolean ? "true" : "false";
  return std::nullopt;
}

const std::vector<std::string>* paths_of(const PathsPerDialect& paths, const Subject& subject) {
  const auto found = paths.find(subject.resource->dialect);
  return found == paths.end() ? nullptr : &found->second;
}

// What the subject says at any of the paths.  A path that begins with `/` is the resource's, also
// for an element.  What is omitted counts only when nothing else is said.
std::vector<Setting> settings_at(const Context& context, const Subject& subject,
                                 const PathsPerDialect& property) {
  std::vector<Setting> out;
  const auto* paths = paths_of(property, subject);
  if (paths == nullptr) return out;
  for (const std::string& path : *paths) {
    const bool of_resource = subject.element == nullptr || path.starts_with('/');
    const std::string_view inner =
        path.starts_with('/') ? std::string_view(path).substr(1) : std::string_view(path);
    auto found =
        iac::lookup(of_resource ? *subject.resource : *subject.element, inner, context.arena);
    if (!found.ok()) continue;  // a test reads every path of every row
    for (Setting& setting : *found) {
      if (!of_resource) setting.path = subject.prefix + setting.path;
      out.push_back(std::move(setting));
    }
  }
  const auto omitted = [](const Setting& one) { return one.presence == Presence::Omitted; };
  if (!std::ranges::all_of(out, omitted)) std::erase_if(out, omitted);
  if (out.size() > 1 && std::ranges::all_of(out, omitted)) out.resize(1);
  return out;
}

enum class Truth : std::uint8_t { No, Unknown, Yes };

struct Test {
  Truth truth = Truth::Yes;
  std::string why;  // Unknown
  std::optional<Setting> setting;
};

bool is_among(const std::string& text, const std::vector<std::string>& all) {
  return std::ranges::any_of(all, [&](const std::string& one) { return same_value(one, text); });
}

Truth test_value(const When& when, const std::string& text) {
  if (!when.is.empty() && !is_among(text, when.is)) return Truth::No;
  if (!when.is_not.empty() && is_among(text, when.is_not)) return Truth::No;
  if (when.above) {
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc() || end != text.data() + text.size()) return Truth::Unknown;
    if (number <= *when.above) return Truth::No;
  }
  return Truth::Yes;
}

Truth test_setting(const When& when, const Setting& setting) {
  if (when.given)
    return (setting.presence != Presence::Omitted) == *when.given ? Truth::Yes : Truth::No;
  if (setting.presence == Presence::Unknown) return Truth::Unknown;
  if (setting.presence == Presence::Omitted) return test_value(when, when.omitted);
  const iac::Value& value = *setting.value;
  std::vector<const iac::Value*> each;
  if (const auto* list = value.list())
    for (const iac::Value& one : *list) each.push_back(&one);
  else
    each.push_back(&value);
  Truth out = when.is_not.empty() ? Truth::No : Truth::Yes;
  for (const iac::Value* one : each) {
    const auto text = scalar(*one);
    const Truth here = text ? test_value(when, *text) : Truth::Unknown;
    // `not` holds when no element is among them; the others when some element is.
    out = when.is_not.empty() ? std::max(out, here) : std::min(out, here);
  }
  return out;
}

Test test(const Context& context, const Subject& subject, const When& when) {
  Test out;
  const auto settings = settings_at(context, subject, when.property);
  // The dialect has no such property: there is nothing to test.
  if (settings.empty()) return {Truth::Yes, "", std::nullopt};
  out.truth = Truth::No;
  for (const Setting& setting : settings) {
    const Truth here = test_setting(when, setting);
    if (here == Truth::Unknown)
      out.why = "`" + setting.path + "` is " + (setting.why.empty() ? "not known" : setting.why);
    if (here >= out.truth) out.setting = setting;
    out.truth = std::max(out.truth, here);
  }
  return out;
}

pipeline::Fact fact_of(const Context& context, const iac::Resource& resource,
                       const Setting& setting, const Row& row) {
  pipeline::Fact fact;
  fact.resource = resource.address;
  fact.property = setting.path;
  fact.location = context.system.at(setting.place);
  switch (setting.presence) {
    case Presence::Given: fact.value = shown(*setting.value); break;
    case Presence::Omitted:
      fact.value = "not set";
      if (!row.omitted_value.empty()) fact.value += " (" + row.omitted_value + ")";
      break;
    case Presence::Unknown: fact.value = "unknown"; break;
  }
  return fact;
}

std::string words_for(const Row& row, const Effect& effect) {
  const bool server = row.side == Side::Server;
  std::string out;
  switch (effect.transport) {
    case Transport::Unsaid: break;
    case Transport::Tls: out = server ? "plaintext is refused" : "TLS alone is used"; break;
    case Transport::TlsUnverified: out = "TLS is used and any certificate is taken"; break;
    case Transport::Either:
      out = server ? "plaintext is accepted beside TLS" : "plaintext may be used";
      break;
    case Transport::Plaintext: out = "plaintext alone is spoken"; break;
    case Transport::None: out = "no data goes this way"; break;
    case Transport::Unknown: return "it cannot be told what is spoken";
  }
  if (effect.min_tls != Tls::Unsaid && effect.min_tls != Tls::Verify)
    out += (out.empty() ? "TLS " : ", TLS ") + std::string(to_string(effect.min_tls)) +
           " is the least version";
  if (effect.min_tls == Tls::Verify)
    out += (out.empty() ? "" : ", ") + std::string("the least version is not confirmed");
  return out;
}

std::string subject_words(const Row& row, iac::Dialect dialect, const Setting& setting) {
  const std::string name = "`" + std::string(last_name(setting.path)) + "`";
  // Of what is not there the path ends where the input does.
  const auto asked = row.property.find(dialect);
  const std::string wanted(last_name(asked == row.property.end() ? std::string_view(setting.path)
                                                                 : asked->second.front()));
  if (setting.presence == Presence::Given) return name + " is `" + shown(*setting.value) + "`";
  if (setting.presence == Presence::Unknown) return name;
  return "`" + wanted + "` is not set" +
         (row.omitted_value.empty() ? "" : ", which means `" + row.omitted_value + "`");
}

Effect unknown_because(std::string says) {
  return {.transport = Transport::Unknown, .says = std::move(says)};
}

Effect by_value(const Row& row, const std::string& text) {
  for (const auto& [value, effect] : row.values)
    if (same_value(value, text)) return effect;
  if (row.other) return *row.other;
  std::string known;
  for (const auto& [value, effect] : row.values)
    known += (known.empty() ? "`" : ", `") + value + "`";
  return unknown_because("it is not among the values that are known: " + known);
}

// `https`, `jdbc:redshift`; empty when there is none.
std::string_view scheme_of(std::string_view text) {
  const std::size_t end = text.find("://");
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

bool has_parameter(std::string_view text, std::string_view parameter) {
  std::size_t begin = text.find_first_of("?;");
  while (begin != std::string_view::npos) {
    const std::size_t end = text.find_first_of("?;&", begin + 1);
    if (same_value(text.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1),
                   parameter))
      return true;
    begin = end;
  }
  return false;
}

Effect by_url(const Row& row, std::string_view text) {
  const std::string_view scheme = scheme_of(text);
  for (const auto& [key, effect] : row.values) {
    const std::size_t mark = key.find('?');
    if (!same_value(std::string_view(key).substr(0, mark), scheme)) continue;
    if (mark == std::string::npos || has_parameter(text, std::string_view(key).substr(mark + 1)))
      return effect;
  }
  if (row.other) return *row.other;
  return unknown_because(scheme.empty() ? "it has no scheme" : "its scheme is not known");
}

Effect by_tls_policy(const Context& context, const Row& row, const std::string& name) {
  const TlsPolicyTable& table = *context.rows.table(row.table);
  const TlsPolicy* best = nullptr;
  for (const TlsPolicy& policy : table.policies)
    if (policy.prefix ? name.starts_with(policy.name) && best == nullptr : policy.name == name)
      best = &policy;
  if (best == nullptr)
    return unknown_because("no source that is known says what the policy accepts");
  return {.min_tls = best->min_tls, .verify = best->verify};
}

Effect by_reading(const Context& context, const Row& row, const iac::Value& value) {
  if (const auto* list = value.list()) {
    Effect out;
    bool first = true;
    for (const iac::Value& one : *list) {
      const Effect here = by_reading(context, row, one);
      out = first ? here : any_of(out, here);
      first = false;
    }
    return out;
  }
  if (row.reading == Reading::Url)
    if (const iac::Template* parts = value.template_text();
        parts != nullptr && !parts->parts.empty())
      return by_url(row, parts->parts.front().literal);
  if (const iac::Unknown* unknown = value.unknown())
    return unknown_because("it is " + unknown->why);
  const auto text = scalar(value);
  if (!text) return unknown_because("it is no text");
  switch (row.reading) {
    case Reading::Url: return by_url(row, *text);
    case Reading::TlsPolicy: return by_tls_policy(context, row, *text);
    default: return by_value(row, *text);
  }
}

Effect effect_of(const Context& context, const Row& row, const Setting& setting) {
  switch (setting.presence) {
    case Presence::Unknown:
      return unknown_because(setting.why.empty() ? "it is not known" : "it is " + setting.why);
    case Presence::Omitted:
      if (row.omitted) return *row.omitted;
      if (row.reading == Reading::TlsPolicy && !row.omitted_value.empty()) {
        Effect effect = by_tls_policy(context, row, row.omitted_value);
        effect.basis = row.omitted_basis;
        return effect;
      }
      return unknown_because("what the service does then is not known");
    case Presence::Given: break;
  }
  return by_reading(context, row, *setting.value);
}

Control blank(const Row& row) {
  Control out;
  out.row = &row;
  out.basis = row.basis;
  return out;
}

// Turns what is not confirmed into what is not known.
void settle(Control& control) {
  Effect& effect = control.effect;
  if (!effect.verify) return;
  control.code = "not-confirmed";
  if (effect.min_tls != Tls::Unsaid) effect.min_tls = Tls::Verify;
  if (effect.transport == Transport::Unsaid || effect.transport == Transport::None) return;
  effect.transport = Transport::Unknown;
  effect.says += (effect.says.empty() ? "" : ": ") +
                 std::string("no source confirms what the service does then");
}

Control read_settings(const Context& context, const Row& row, const Subject& subject,
                      std::span<const Setting> settings) {
  Control out = blank(row);
  bool first = true;
  for (const Setting& setting : settings) {
    Effect effect = effect_of(context, row, setting);
    pipeline::Fact fact = fact_of(context, *subject.resource, setting, row);
    std::string words = subject_words(row, subject.resource->dialect, setting) + ": " +
                        (effect.says.empty() ? words_for(row, effect) : effect.says);
    fact.meaning = effect.says.empty() ? words_for(row, effect) : effect.says;
    effect.says = std::move(words);
    out.effect = first ? effect : any_of(out.effect, effect);
    first = false;
    out.facts.push_back(std::move(fact));
  }
  if (out.effect.transport == Transport::Unknown) out.code = "not-known";
  if (out.effect.basis) out.basis = *out.effect.basis;
  settle(out);
  return out;
}

pipeline::Fact fact_of_resource(const Context& context, const iac::Resource& resource,
                                std::string meaning) {
  return {.resource = resource.address,
          .property = "",
          .value = resource.type,
          .meaning = std::move(meaning),
          .location = context.system.at(resource.place),
          .row = {}};
}

// A resource whose property a row reads for another, and whom a policy there protects.
struct Linked {
  std::uint32_t other = 0;
  std::uint32_t guarded = 0;
};

std::vector<Linked> linked(const Context& context, const Row& row, const Subject& subject) {
  std::vector<Linked> out;
  const auto dialect = subject.resource->dialect;
  const auto types = row.via->types.find(dialect);
  const auto by = row.via->by.find(dialect);
  if (types == row.via->types.end() || by == row.via->by.end()) return out;
  const auto take = [&](const std::vector<std::uint32_t>& others, std::uint32_t guarded) {
    for (const std::uint32_t other : others) out.push_back({other, guarded});
  };
  if (row.via->shared) {
    for (const std::uint32_t third : context.names.named_by(subject.index, by->second, {}))
      take(context.names.naming(third, by->second, types->second), third);
    return out;
  }
  if (row.via->reverse) {
    take(context.names.naming(subject.index, by->second, types->second), subject.index);
    return out;
  }
  if (subject.element != nullptr)
    if (auto found = iac::lookup(*subject.element, by->second, context.arena); found.ok())
      for (const Setting& one : *found)
        if (one.value != nullptr)
          take(context.names.meant_by(*one.value, types->second), subject.index);
  if (out.empty())
    take(context.names.named_by(subject.index, by->second, types->second), subject.index);
  return out;
}

std::optional<Control> via_control(const Context& context, const Row& row, const Subject& subject) {
  std::optional<Control> out;
  for (const auto& [other, guarded] : linked(context, row, subject)) {
    const Subject there{.index = other, .resource = &context.names.at(other), .element = nullptr};
    const auto settings = settings_at(context, there, row.property);
    Control here = blank(row);
    if (row.reading == Reading::Policy) {
      for (const Setting& setting : settings)
        here = read_policy(context, row,
                           {.resource = guarded,
                            .kind = row.table,
                            .holder = other,
                            .setting = &setting,
                            .property = bare_path(setting.path)});
    } else if (!settings.empty()) {
      here = read_settings(context, row, there, settings);
    } else {
      continue;
    }
    if (!out) {
      out = std::move(here);
    } else if (row.reading == Reading::Policy) {
      // Each policy denies for itself: the one that closes is enough.
      if (!out->closes() && (here.closes() || here.effect.transport == Transport::Unknown))
        out = std::move(here);
    } else {
      out->effect = any_of(out->effect, here.effect);
      out->facts.insert(out->facts.end(), here.facts.begin(), here.facts.end());
    }
  }
  if (out || !row.via->missing) return out;
  Control missing = blank(row);
  missing.effect = *row.via->missing;
  if (missing.effect.says.empty()) missing.effect.says = words_for(row, missing.effect);
  missing.facts.push_back(fact_of_resource(context, *subject.resource, missing.effect.says));
  settle(missing);
  return missing;
}

std::optional<Control> own_control(const Context& context, const Row& row, const Subject& subject) {
  if (row.reading == Reading::Always) {
    Control out = blank(row);
    out.effect = row.always;
    if (out.effect.says.empty()) out.effect.says = words_for(row, out.effect);
    out.facts.push_back(fact_of_resource(context, *subject.resource, out.effect.says));
    if (out.effect.transport == Transport::Unknown) out.code = "not-known";
    settle(out);
    return out;
  }
  if (row.reading == Reading::Guard) return read_guard(context, row, subject.index);
  const auto settings = settings_at(context, subject, row.property);
  if (settings.empty()) return std::nullopt;
  if (row.reading != Reading::Policy) return read_settings(context, row, subject, settings);
  const Setting& setting = settings.front();
  if (setting.presence == Presence::Omitted) return std::nullopt;
  return read_policy(context, row,
                     {.resource = subject.index,
                      .kind = row.table,
                      .holder = subject.index,
                      .setting = &setting,
                      .property = bare_path(setting.path)});
}

// What the row says of the subject; nothing when it does not speak of it.
std::optional<Control> control_of(const Context& context, const Row& row, const Subject& subject) {
  std::vector<pipeline::Fact> conditions;
  for (const When& when : row.when) {
    const Test result = test(context, subject, when);
    if (result.truth == Truth::No) return std::nullopt;
    if (result.setting) {
      conditions.push_back(fact_of(context, *subject.resource, *result.setting, row));
      if (result.setting->presence == Presence::Omitted)
        conditions.back().value =
            "not set" + (when.omitted.empty() ? "" : " (" + when.omitted + ")");
      conditions.back().meaning = "the row `" + row.id + "` speaks of this case";
    }
    if (result.truth == Truth::Yes) continue;
    Control out = blank(row);
    out.effect = unknown_because(result.why);
    out.code = "not-known";
    out.facts = std::move(conditions);
    return out;
  }
  auto out = row.via ? via_control(context, row, subject) : own_control(context, row, subject);
  if (out) out->facts.insert(out->facts.end(), conditions.begin(), conditions.end());
  return out;
}

// An element as if it were a resource: what was given of it is what was given beneath its path.
iac::Resource element_resource(const iac::Resource& whole, const Setting& setting) {
  iac::Resource out;
  out.dialect = whole.dialect;
  out.type = whole.type;
  out.address = whole.address;
  out.provider = whole.provider;
  out.properties = *setting.value;
  out.place = setting.place;
  out.given_known = whole.given_known;
  const std::string bare = bare_path(setting.path);
  for (const std::string& given : whole.given) {
    for (const std::string& path : {setting.path, bare})
      if (given.size() > path.size() && given.starts_with(path) && given[path.size()] == '.')
        out.given.push_back(given.substr(path.size() + 1));
  }
  return out;
}

std::string element_name(const Context& context, const Row& row, const Subject& subject,
                         const std::string& each, const std::string& path) {
  if (each.ends_with("[*]")) return "[" + std::string(last_name(path)) + "]";
  if (const auto key = row.key.find(subject.resource->dialect); key != row.key.end())
    if (auto found = iac::lookup(*subject.element, key->second, context.arena);
        found.ok() && found->front().presence == Presence::Given)
      if (const auto text = scalar(*found->front().value)) return "[" + *text + "]";
  std::string out;
  for (std::size_t at = path.find('['); at != std::string::npos; at = path.find('[', at + 1))
    out += path.substr(at, path.find(']', at) + 1 - at);
  return out;
}

// The value at a path without selectors, whatever it is; lists of one are entered.
const iac::Value* value_at(const iac::Value& root, std::string_view path) {
  const iac::Value* here = &root;
  while (!path.empty() && here != nullptr) {
    const std::size_t dot = path.find('.');
    const std::string_view name = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    while (here->list() != nullptr && here->list()->size() == 1) here = &here->list()->front();
    here = here->find(name);
  }
  return here;
}

void meet(const Context& context, const Row& row, const Subject& subject, OneSide& side) {
  if (!row.to || side.to != nullptr) return;
  side.to = &*row.to;
  side.label = row.to->label;
  if (row.to->self) {
    side.met.push_back(subject.index);
    return;
  }
  const auto* paths = paths_of(row.to->property, subject);
  if (paths == nullptr) return;
  for (const Setting& setting : settings_at(context, subject, row.to->property)) {
    const iac::Value* value = setting.value;
    if (value == nullptr && subject.element != nullptr)
      value = value_at(subject.element->properties,
                       std::string_view(setting.path)
                           .substr(std::min(subject.prefix.size(), setting.path.size())));
    if (value == nullptr) value = value_at(subject.resource->properties, setting.path);
    if (value == nullptr) continue;
    for (const std::uint32_t one : context.names.meant_by(*value, {}))
      if (one != subject.index) side.met.push_back(one);
    if (side.met.empty())
      if (value->text() != nullptr && !value->sensitive) side.label = shown(*value);
  }
  if (side.met.empty() && subject.element == nullptr)
    for (const std::string& path : *paths)
      for (const std::uint32_t one : context.names.named_by(subject.index, path, {}))
        if (!context.names.at(one).data_source) side.met.push_back(one);
  std::ranges::sort(side.met);
  side.met.erase(std::ranges::unique(side.met).begin(), side.met.end());
}

void add(const Context& context, const Row& row, const Subject& subject,
         std::vector<OneSide>& out) {
  auto control = control_of(context, row, subject);
  if (!control) return;
  const auto same = [&](const OneSide& side) {
    return side.hop == row.hop && side.element == subject.name &&
           (side.controls.front().row->side == row.side);
  };
  auto side = std::ranges::find_if(out, same);
  if (side == out.end()) {
    out.push_back({.resource = subject.index, .hop = row.hop, .element = subject.name});
    side = std::prev(out.end());
  }
  meet(context, row, subject, *side);
  side->controls.push_back(std::move(*control));
}

}  // namespace

std::vector<OneSide> sides_of(const Context& context, std::uint32_t index) {
  std::vector<OneSide> out;
  const iac::Resource& resource = context.names.at(index);
  for (const Row* row : context.rows.of_type(resource.dialect, resource.type)) {
    Subject subject{.index = index, .resource = &resource, .element = nullptr};
    const auto* each = paths_of(row->each, subject);
    if (each == nullptr) {
      if (row->each.empty()) add(context, *row, subject, out);
      continue;
    }
    for (const std::string& path : *each) {
      auto elements = iac::lookup(resource, path, context.arena);
      if (!elements.ok()) continue;
      for (const Setting& setting : *elements) {
        if (setting.presence == Presence::Omitted) continue;
        if (setting.presence == Presence::Unknown || setting.value->map() == nullptr) {
          // There may be elements; nothing is known of them.
          Control control = blank(*row);
          control.effect = unknown_because("`" + setting.path + "` is " +
                                           (setting.why.empty() ? "not known" : setting.why));
          control.code = "not-known";
          control.facts.push_back(fact_of(context, resource, setting, *row));
          OneSide side{.resource = index, .hop = row->hop};
          side.element = "[?]";
          const bool there = std::ranges::any_of(out, [&](const OneSide& one) {
            return one.hop == side.hop && one.element == side.element;
          });
          if (there) continue;
          if (row->to) {
            side.to = &*row->to;
            side.label = row->to->label;
          }
          side.controls.push_back(std::move(control));
          out.push_back(std::move(side));
          continue;
        }
        const iac::Resource element = element_resource(resource, setting);
        subject.element = &element;
        subject.prefix = setting.path + ".";
        subject.name = element_name(context, *row, subject, path, setting.path);
        add(context, *row, subject, out);
      }
    }
  }
  return out;
}

}  // namespace sealane::check
