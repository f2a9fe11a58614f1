// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/evaluate.h"

// A second evaluator, written from the language's description for obviousness alone: it works on
// texts, one character at a time, and shares nothing with the product's but the names of outcomes.
namespace sealane::policy::reference {

// --- the model: what a document says, before anybody reads it

struct ModelCondition {
  std::string quantifier, base;  // "ForAllValues:", "StringNotEquals"
  bool if_exists = false;
  std::string key;
  std::vector<std::string> values;
};
struct ModelStatement {
  bool allow = true, not_action = false, not_resource = false;
  std::vector<std::string> principals, actions, resources;
  std::vector<ModelCondition> conditions;
};
struct ModelDocument {
  DocumentKind kind = DocumentKind::Identity;
  bool v2012 = true;
  std::vector<ModelStatement> statements;
};
struct ModelValue {
  bool multi = false;
  std::vector<std::string> values;
};
struct ModelRequest {
  std::string principal, action, resource;
  std::map<std::string, ModelValue> context;
  std::int64_t now = 0;  // seconds since 1970
};

// --- the reference

enum class Tri { False, True, Unknown };
inline Tri tri(bool value) { return value ? Tri::True : Tri::False; }
inline Tri tri_not(Tri a) { return a == Tri::Unknown ? a : tri(a == Tri::False); }
inline Tri tri_or(Tri a, Tri b) {
  if (a == Tri::True || b == Tri::True) return Tri::True;
  return a == Tri::Unknown || b == Tri::Unknown ? Tri::Unknown : Tri::False;
}
inline Tri tri_and(Tri a, Tri b) { return tri_not(tri_or(tri_not(a), tri_not(b))); }

inline std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

// One character as bytes, and whether it is a wildcard.
struct Token {
  std::string bytes;
  bool wild = false;
  bool is_run() const { return wild && bytes == "*"; }
};
using Tokens = std::vector<Token>;

inline Tokens characters(const std::string& text, bool wildcards) {
  Tokens out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    std::size_t n = 1;
    while (i + n < text.size() && (static_cast<unsigned char>(text[i + n]) & 0xc0) == 0x80) ++n;
    const std::string one = text.substr(i, n);
    out.push_back({one, wildcards && (one == "*" || one == "?")});
    i += n;
  }
  return out;
}

inline bool glob(std::span<const Token> pattern, std::span<const Token> text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0].is_run())
    return glob(pattern.subspan(1), text) || (!text.empty() && glob(pattern, text.subspan(1)));
  if (text.empty()) return false;
  return (pattern[0].wild || pattern[0].bytes == text[0].bytes) &&
         glob(pattern.subspan(1), text.subspan(1));
}

inline std::vector<std::string> split6(std::string text) {
  std::vector<std::string> out;
  while (out.size() < 5 && text.find(':') != std::string::npos) {
    out.push_back(text.substr(0, text.find(':')));
    text = text.substr(text.find(':') + 1);
  }
  out.push_back(text);
  return out;
}
inline bool is_arn(const std::string& text) {
  const auto parts = split6(text);
  return parts.size() == 6 && parts[0] == "arn" && !parts[1].empty() && !parts[2].empty() &&
         !parts[5].empty();
}

class Reference {
 public:
  explicit Reference(const ModelRequest& request) : request_(request) {}

  Outcome decide(std::span<const ModelDocument> documents) {
    Tri deny = Tri::False;
    Tri allow = Tri::False;
    if (request_.resource != "*" && !is_arn(request_.resource)) return Outcome::NotEvaluable;
    for (const ModelDocument& document : documents) {
      document_ = &document;
      for (const ModelStatement& statement : document.statements) {
        Tri& side = statement.allow ? allow : deny;
        side = tri_or(side, applies(statement));
      }
    }
    if (deny == Tri::True) return Outcome::ExplicitlyDenied;
    if (deny == Tri::Unknown) return Outcome::NotEvaluable;
    if (allow == Tri::True) return Outcome::Allowed;
    return allow == Tri::Unknown ? Outcome::NotEvaluable : Outcome::ImplicitlyDenied;
  }

 private:
  struct Expansion {
    enum { Ready, Missing, Unsafe } state = Ready;
    Tokens tokens;
  };

  Tri applies(const ModelStatement& statement) {
    Tri out = tri(principal(statement) && action(statement));
    out = tri_and(out, resource(statement));
    for (const ModelCondition& one : statement.conditions) out = tri_and(out, condition(one));
    return out;
  }

  bool principal(const ModelStatement& statement) {
    if (document_->kind != DocumentKind::Resource) return true;
    for (const std::string& one : statement.principals)
      if (one == "*" || one == request_.principal) return true;
    return false;
  }

  bool action(const ModelStatement& statement) {
    const std::string asked = lower_case(request_.action);
    const std::size_t colon = asked.find(':');
    bool listed = false;
    for (const std::string& text : statement.actions) {
      const std::string pattern = lower_case(text);
      const std::size_t cut = pattern.find(':');
      listed = listed || pattern == "*" ||
               (pattern.substr(0, cut) == asked.substr(0, colon) &&
                glob(characters(pattern.substr(cut + 1), true),
                     characters(asked.substr(colon + 1), false)));
    }
    return listed != statement.not_action;
  }

  Tri resource(const ModelStatement& statement) {
    bool any = false, missing = false, unsafe = false;
    const auto asked = split6(request_.resource);
    for (const std::string& text : statement.resources) {
      if (text == "*") any = true;
      if (text == "*" || request_.resource == "*") continue;
      auto pattern = split6(text);
      pattern.resize(6, "*");
      bool head = true;
      for (std::size_t i = 0; i < 5; ++i)
        head = head && glob(characters(pattern[i], true), characters(asked[i], false));
      const Expansion own = expand(pattern[5], true);
      missing = missing || own.state == Expansion::Missing;
      if (!head || own.state == Expansion::Missing ||
          !glob(own.tokens, characters(asked[5], false)))
        continue;
      (own.state == Expansion::Unsafe ? unsafe : any) = true;
    }
    // A value that may not be substituted: an Allow does not match, a Deny cannot tell.
    const Tri cannot_tell = statement.allow ? Tri::False : Tri::Unknown;
    if (!statement.not_resource) return any ? Tri::True : unsafe ? cannot_tell : Tri::False;
    if (any || missing) return Tri::False;
    return unsafe ? cannot_tell : Tri::True;
  }

  std::optional<ModelValue> key_value(const std::string& key) {
    if (key == "aws:currenttime") return ModelValue{false, {time_text()}};
    if (key == "aws:epochtime") return ModelValue{false, {std::to_string(request_.now)}};
    if (key == "aws:principalarn")
      return request_.principal.empty() ? std::nullopt
                                        : std::optional(ModelValue{false, {request_.principal}});
    const auto at = request_.context.find(key);
    return at == request_.context.end() || at->second.values.empty() ? std::nullopt
                                                                     : std::optional(at->second);
  }
  std::string time_text() const {
    return to_rfc3339(Time(std::chrono::seconds(request_.now))).substr(0, 19) + "Z";
  }

  // `${key}`, `${key, 'default'}`, `${*}`, `${?}` and `${$}`.
  Expansion expand(const std::string& text, bool wildcards) {
    Expansion out;
    std::string rest = text;
    auto append = [&](const Tokens& more) {
      out.tokens.insert(out.tokens.end(), more.begin(), more.end());
    };
    while (document_->v2012 && rest.find("${") != std::string::npos) {
      const std::size_t open = rest.find("${");
      append(characters(rest.substr(0, open), wildcards));
      const std::size_t close = rest.find('}', open);
      const std::string inside = rest.substr(open + 2, close - open - 2);
      rest = rest.substr(close + 1);
      if (inside.size() == 1) {
        append(characters(inside, false));
        continue;
      }
      const std::size_t comma = inside.find(", '");
      const auto value = key_value(lower_case(inside.substr(0, comma)));
      if (value && !value->multi) {
        const std::string& one = value->values[0];
        const bool unsafe =
            document_->kind == DocumentKind::IotDevice &&
            (one.size() > 1'024 || one.find_first_of("*$+?#/") != std::string::npos);
        if (unsafe && out.state == Expansion::Ready) out.state = Expansion::Unsafe;
        append(unsafe ? characters("*", true) : characters(one, false));
      } else if (!value && comma != std::string::npos) {
        append(characters(inside.substr(comma + 3, inside.size() - comma - 4), false));
      } else {
        out.state = Expansion::Missing;
      }
    }
    append(characters(rest, wildcards));
    return out;
  }

  Tri condition(const ModelCondition& condition) {
    const auto value = key_value(lower_case(condition.key));
    const bool all = condition.quantifier == "ForAllValues:";
    const bool some = condition.quantifier == "ForAnyValue:";
    if (condition.base == "Null") {
      if (all || some) return tri(all);
      Tri out = Tri::False;
      for (const std::string& one : condition.values)
        out = tri_or(out, tri((lower_case(one) == "true") == !value));
      return out;
    }
    const bool negated = condition.base.find("Not") != std::string::npos;
    auto every = [&](const std::string& one) { return of_one(condition, one, negated); };
    if (!all && !some) {
      if (!value) return tri(condition.if_exists || negated);
      if (value->multi || (condition.values.empty() && condition.if_exists)) return Tri::False;
      return every(value->values[0]);
    }
    bool null_set = true;
    if (value)
      for (const std::string& one : value->values) null_set = null_set && one.empty();
    if (all && null_set) return Tri::True;
    if (condition.values.empty()) return Tri::False;
    if (some && !value) return tri(condition.if_exists);
    if (some && null_set) return Tri::False;
    Tri out = tri(all);
    for (const std::string& one : value->values)
      out = all ? tri_and(out, every(one)) : tri_or(out, every(one));
    return out;
  }

  Tri of_one(const ModelCondition& condition, const std::string& value, bool negated) {
    Tri out = Tri::False;
    for (const std::string& one : condition.values) out = tri_or(out, atom(condition, one, value));
    return negated ? tri_not(out) : out;
  }

  Tri atom(const ModelCondition& condition, const std::string& policy, const std::string& value) {
    std::string op = condition.base;
    if (const std::size_t at = op.find("Not"); at != std::string::npos) op.erase(at, 3);
    if (op.starts_with("String")) return text_atom(op, policy, value);
    if (op.starts_with("Arn")) return arn_atom(policy, value);
    if (op == "IpAddress") return ip_atom(policy, value);
    if (op == "Bool") {
      const std::string word = lower_case(value);
      return word == "true" || word == "false" ? tri(word == lower_case(policy)) : Tri::Unknown;
    }
    const bool date = op.starts_with("Date");
    const auto a = date ? date_of(value) : number_of(value);
    const auto b = date ? date_of(policy) : number_of(policy);
    if (!a || !b) return Tri::Unknown;
    op = op.substr(date ? 4 : 7);
    if (op == "LessThan") return tri(*a < *b);
    if (op == "LessThanEquals") return tri(*a <= *b);
    if (op == "GreaterThan") return tri(*a > *b);
    if (op == "GreaterThanEquals") return tri(*a >= *b);
    return tri(*a == *b);
  }

  Tri text_atom(const std::string& op, const std::string& policy, const std::string& value) {
    Expansion pattern = expand(policy, op == "StringLike");
    if (pattern.state == Expansion::Missing) return Tri::False;
    if (pattern.state == Expansion::Unsafe) return Tri::Unknown;
    const bool fold = op == "StringEqualsIgnoreCase";
    if (fold)
      for (Token& one : pattern.tokens) one.bytes = lower_case(one.bytes);
    return tri(glob(pattern.tokens, characters(fold ? lower_case(value) : value, false)));
  }

  Tri arn_atom(const std::string& policy, const std::string& value) {
    if (!is_arn(value)) return Tri::Unknown;
    const Expansion pattern = expand(policy, true);
    if (pattern.state == Expansion::Missing) return Tri::False;
    if (pattern.state == Expansion::Unsafe) return Tri::Unknown;
    if (policy == "*") return Tri::True;
    std::vector<Tokens> parts(1);
    for (const Token& one : pattern.tokens) {
      if (one.bytes == ":" && parts.size() < 6)
        parts.emplace_back();
      else
        parts.back().push_back(one);
    }
    if (parts.size() != 6) return Tri::Unknown;
    bool matches = true;
    for (std::size_t i = 0; i < 6; ++i)
      matches = matches && glob(parts[i], characters(split6(value)[i], false));
    return tri(matches);
  }

  // The address as 32 or 128 binary digits; the IPv4 address in a mapped one.
  static std::optional<std::string> bits_of(const std::string& text) {
    std::array<unsigned char, 16> bytes{};
    const bool v6 = text.find(':') != std::string::npos;
    if (inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) != 1) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < (v6 ? 128U : 32U); ++i)
      out += (bytes[i / 8] >> (7 - i % 8)) & 1 ? '1' : '0';
    const std::string mapped = std::string(80, '0') + std::string(16, '1');
    return out.starts_with(mapped) ? out.substr(96) : out;
  }
  static Tri ip_atom(const std::string& policy, const std::string& value) {
    const std::size_t slash = policy.find('/');
    const auto range = bits_of(policy.substr(0, slash));
    const auto address = bits_of(value);
    if (!range || !address) return Tri::Unknown;
    if (range->size() != address->size()) return Tri::False;
    std::size_t prefix = range->size();
    if (slash != std::string::npos) {
      prefix = static_cast<std::size_t>(*number_of(policy.substr(slash + 1)) / 1'000);
      if (policy.starts_with("::ffff:")) prefix -= 96;
    }
    return tri(range->substr(0, prefix) == address->substr(0, prefix));
  }

  // In thousandths; the generator writes no finer ones.
  static std::optional<std::int64_t> number_of(const std::string& text) {
    std::int64_t out = 0;
    std::size_t digits = 0, places = 0;
    bool point = false;
    for (std::size_t i = text.starts_with('-') ? 1 : 0; i < text.size(); ++i) {
      if (text[i] == '.' && !point && digits > 0) {
        point = true;
      } else if (text[i] >= '0' && text[i] <= '9') {
        out = out * 10 + (text[i] - '0');
        ++(point ? places : digits);
      } else {
        return std::nullopt;
      }
    }
    if (digits == 0 || (point && places == 0)) return std::nullopt;
    for (; places < 3; ++places) out *= 10;
    return text.starts_with('-') ? -out : out;
  }

  // The dates that the generator writes, in milliseconds.
  std::optional<std::int64_t> date_of(const std::string& text) const {
    static const std::map<std::string, std::int64_t> kDates = {
        {"2027-01-15", 1'799'971'200'000},
        {"2027-01-15T08:00:00Z", 1'800'000'000'000},
        {"2027-01-15T08:00Z", 1'800'000'000'000},
        {"2027-01-15T10:00:00+02:00", 1'800'000'000'000},
        {"2027-01-14T23:30:00.5-08:30", 1'800'000'000'500},
        {"2027-01", 1'798'761'600'000},
        {"2028-02-29T00:00:00Z", 1'835'395'200'000}};
    if (text == time_text()) return request_.now * 1'000;
    // Digits alone are seconds since 1970.
    if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos)
      return number_of(text);
    const auto at = kDates.find(text);
    return at == kDates.end() ? std::nullopt : std::optional(at->second);
  }

  const ModelRequest& request_;
  const ModelDocument* document_ = nullptr;
};

}  // namespace sealane::policy::reference
