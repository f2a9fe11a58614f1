// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "pipeline/fields_internal.h"

namespace sealane::pipeline {
namespace {

constexpr std::size_t kDiagnosticsMax = 100;
constexpr std::size_t kNamesMax = 1'000;
constexpr std::size_t kTextMax = 1'024;

// Words that ask for what no configuration can express.
constexpr std::array<std::string_view, 12> kUnverifiedKeys = {
    "verify",     "verify_peer",     "skip_verify",
    "tls_verify", "insecure",        "insecure_skip_verify",
    "ssl_verify", "allow_plaintext", "plaintext",
    "tls",        "allow_anonymous", "require_certificate"};

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::string quoted_list(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " and " : ", ";
    out += "`" + std::string(words[i]) + "`";
  }
  return out;
}

std::vector<std::string> copies(const std::vector<std::string_view>& words) {
  return {words.begin(), words.end()};
}

}  // namespace

std::span<const MappingRule> mapping_rules() {
  static const std::vector<MappingRule> rules = {
      {"",
       {"version", "pipeline", "clouds", "transit", "trust", "keys", "nodes", "hops", "accept"},
       {}},
      {"clouds", {"aws"}, {"azure", "gcp"}},
      {"clouds.aws", {"account", "region"}, {}},
      {"transit", {"min_tls", "client_identity", "post_quantum"}, {"profiles"}},
      {"trust", {"authorities"}, {}},
      {"trust.authorities[]", {"ca", "crl"}, {}},
      {"keys.*", {"provider", "rotate", "module", "token", "label", "pin"}, {}},
      {"keys.*.pin", {"file", "env", "credential"}, {}},
      {"nodes.*",
       {"kind", "on", "address", "listen", "journal", "bundle", "max_records", "max_bytes",
        "max_age", "things"},
       {"observe"}},
      {"nodes.*.listen[]", {"mqtt", "https", "profile"}, {}},
      {"nodes.*.journal", {"seal"}, {}},
      {"hops[]",
       {"from", "to", "over", "policy", "key", "ack", "seal", "min_tls", "post_quantum"},
       {"dedup"}},
      {"accept[]", {"hop", "floor", "because", "until"}, {}},
  };
  return rules;
}

void Fields::error(const SourceSpan& span, std::string message, std::string hint) {
  ++errors_;
  if (diagnostics_.size() < kDiagnosticsMax)
    diagnostics_.push_back(
        {Severity::Error, span, one_line(std::move(message)), one_line(std::move(hint))});
}
void Fields::warn(const SourceSpan& span, std::string message, std::string hint) {
  if (diagnostics_.size() < kDiagnosticsMax)
    diagnostics_.push_back(
        {Severity::Warning, span, one_line(std::move(message)), one_line(std::move(hint))});
}
void Fields::later(const SourceSpan& span, const std::string& what) {
  error(span, what + " is not in this version", "remove it, or use a version that has it");
}

const json::Value::Object& Fields::mapping(const json::Value& value, std::string_view path) {
  static const json::Value::Object kNone;
  const auto rules = mapping_rules();
  const auto rule = std::ranges::find(rules, path, &MappingRule::path);
  SEALANE_CHECK(rule != rules.end());
  const json::Value::Object* members = value.object();
  if (members == nullptr) {
    error(value.span, "this is not a mapping",
          "a mapping with the keys " + quoted_list(rule->keys) + " stands here");
    return kNone;
  }
  for (const json::Member& member : *members) {
    if (std::ranges::find(rule->keys, member.name) != rule->keys.end()) continue;
    if (std::ranges::find(rule->later_keys, member.name) != rule->later_keys.end())
      later(member.span, "`" + member.name + "`");
    else
      unknown_key(member, *rule);
  }
  return *members;
}

void Fields::unknown_key(const json::Member& member, const MappingRule& rule) {
  if (std::ranges::find(kUnverifiedKeys, member.name) != kUnverifiedKeys.end())
    return error(member.span, "there is no key `" + member.name + "`",
                 "remove it; every connection is encrypted and both its ends are verified");
  std::vector<std::string> known = copies(rule.keys);
  const auto near = nearest(member.name, known);
  error(member.span, "there is no key `" + member.name + "`",
        near ? "did you mean `" + *near + "`?" : "the keys here are " + quoted_list(rule.keys));
}

const json::Value::Object& Fields::named(const json::Value& value, std::string_view what) {
  static const json::Value::Object kNone;
  const json::Value::Object* members = value.object();
  if (members == nullptr) {
    error(value.span, "`" + std::string(what) + "` is a mapping from names",
          "write `name: { ... }` for each");
    return kNone;
  }
  if (members->size() > kNamesMax) {
    error(value.span,
          "more than " + std::to_string(kNamesMax) + " entries in `" + std::string(what) + "`",
          "split the pipeline into several");
    return kNone;
  }
  return *members;
}

const json::Value::Array& Fields::list(const json::Value& value, std::string_view what) {
  static const json::Value::Array kNone;
  const json::Value::Array* items = value.array();
  if (items == nullptr) {
    error(value.span, "`" + std::string(what) + "` is a list",
          "write `[ ... ]`, or one `- ` line for each entry");
    return kNone;
  }
  if (items->size() > kNamesMax) {
    error(value.span,
          "more than " + std::to_string(kNamesMax) + " entries in `" + std::string(what) + "`",
          "split the pipeline into several");
    return kNone;
  }
  return *items;
}

std::optional<std::string> Fields::text(const json::Value& value, std::string_view key) {
  const std::string* found = value.text();
  if (found == nullptr) {
    const bool scalar = value.number() != nullptr || value.boolean() != nullptr;
    error(value.span, "`" + std::string(key) + "` is text",
          scalar ? "put the value in quotes" : "write one word or text in quotes");
    return std::nullopt;
  }
  const bool printable = std::ranges::none_of(
      *found, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
  if (found->empty() || found->size() > kTextMax || !printable) {
    error(value.span,
          "`" + std::string(key) + "` is empty, longer than " + std::to_string(kTextMax) +
              " bytes, or holds control characters",
          "write one line of text");
    return std::nullopt;
  }
  return *found;
}

std::optional<std::string> Fields::choice(const json::Value& value, std::string_view key,
                                          const Choices& choices) {
  const auto word = text(value, key);
  if (!word) return std::nullopt;
  if (std::ranges::find(choices.now, *word) != choices.now.end()) return word;
  if (std::ranges::find(choices.later, *word) != choices.later.end()) {
    later(value.span, "`" + std::string(key) + ": " + *word + "`");
    return std::nullopt;
  }
  const auto near = nearest(*word, copies(choices.now));
  error(value.span, "`" + std::string(key) + "` cannot be `" + *word + "`",
        near ? "did you mean `" + *near + "`?" : "it can be " + quoted_list(choices.now));
  return std::nullopt;
}

std::optional<std::uint64_t> Fields::integer(const json::Value& value, std::string_view key,
                                             Range range) {
  const json::Number* number = value.number();
  const auto found = number != nullptr ? digits(number->lexeme) : std::nullopt;
  if (!found || *found < range.least || *found > range.most) {
    error(value.span,
          "`" + std::string(key) + "` is not a whole number from " + std::to_string(range.least) +
              " to " + std::to_string(range.most),
          "write digits alone, without quotes");
    return std::nullopt;
  }
  return found;
}

std::optional<std::chrono::seconds> Fields::duration(const json::Value& value,
                                                     std::string_view key) {
  constexpr std::uint64_t kSecondsMax = 36'500ull * 86'400;
  const std::string* found = value.text();
  std::optional<std::uint64_t> seconds;
  if (found != nullptr && found->size() >= 2) {
    constexpr std::array<std::pair<char, std::uint64_t>, 4> kUnits = {
        {{'s', 1}, {'m', 60}, {'h', 3'600}, {'d', 86'400}}};
    const auto unit =
        std::ranges::find(kUnits, found->back(), &std::pair<char, std::uint64_t>::first);
    const auto count = digits(std::string_view(*found).substr(0, found->size() - 1));
    if (unit != kUnits.end() && count && *count > 0 && *count <= kSecondsMax / unit->second)
      seconds = *count * unit->second;
  }
  if (!seconds) {
    error(value.span, "`" + std::string(key) + "` is not a time",
          "as in `90d`, `12h`, `30m` or `10s`");
    return std::nullopt;
  }
  return std::chrono::seconds(*seconds);
}

std::optional<std::chrono::sys_days> Fields::day(const json::Value& value, std::string_view key) {
  const std::string* found = value.text();
  if (found != nullptr && found->size() == 10 && (*found)[4] == '-' && (*found)[7] == '-') {
    const std::string_view view = *found;
    const auto year = digits(view.substr(0, 4));
    const auto month = digits(view.substr(5, 2));
    const auto day = digits(view.substr(8, 2));
    if (year && month && day) {
      const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                             std::chrono::month(static_cast<unsigned>(*month)),
                                             std::chrono::day(static_cast<unsigned>(*day)));
      if (date.ok()) return std::chrono::sys_days(date);
    }
  }
  error(value.span, "`" + std::string(key) + "` is not a day", "as in `2027-06-30`");
  return std::nullopt;
}

std::optional<std::string> Fields::path(const json::Value& value, std::string_view key) {
  auto found = text(value, key);
  if (found && found->contains("://")) {
    error(value.span, "`" + std::string(key) + "` is a file, not an address",
          "write a path relative to the pipeline file");
    return std::nullopt;
  }
  return found;
}

}  // namespace sealane::pipeline
