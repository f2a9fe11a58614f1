// SPDX-License-Identifier: Apache-2.0
#include "prove/repair_edit_internal.h"

#include <algorithm>
#include <tuple>

#include "base/json.h"
#include "base/json_text.h"
#include "policy/text.h"
#include "prove/fast_path_internal.h"

namespace sealane::prove {
namespace {

using json::Extent;

bool is_plain_key(const policy::Condition& condition) {
  return condition.key == "aws:securetransport";
}
bool is_version_key(const policy::Condition& condition) {
  return condition.key.ends_with(":tlsversion");
}
bool speaks_of_transport(const policy::Statement& statement) {
  return std::ranges::any_of(statement.conditions, [](const policy::Condition& condition) {
    return is_plain_key(condition) || is_version_key(condition);
  });
}

// The ARNs that a statement about everything in scope names.
std::vector<std::string> arns_of(const Scope& scope) {
  if (scope.resource == "*") return {"*"};
  std::vector<std::string> out;
  for (const ArnShape& shape : scope.shapes) out.push_back(shape.example());
  return out;
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + json::quote(text);
  return texts.size() == 1 ? out : "[" + out + "]";
}

// Every action in scope.
std::string actions_of(const Scope& scope) {
  constexpr std::size_t kNamedMax = 8;
  if (scope.services.size() > kNamedMax) return json::quote("*");
  std::vector<std::string> out;
  for (const std::string& service : scope.services) out.push_back(service + ":*");
  return list_of(out);
}

// A policy's text, and where its parts stand.
class Text {
 public:
  Text(std::string text, policy::DocumentKind kind)
      : text_(std::move(text)),
        parsed_(policy::parse_document(text_, kind, "policy")),
        statements_(find_statements()) {}

  bool good(std::size_t statement) const {
    return parsed_.value && statement < statements_.size() &&
           statements_.size() == parsed_.value->statements.size();
  }
  bool document_is_good() const { return parsed_.value.has_value(); }
  const policy::Document& document() const { return *parsed_.value; }
  const policy::Statement& statement(std::size_t i) const { return document().statements[i]; }
  const std::string& text() const { return text_; }
  std::string part(const Extent& extent) const {
    return text_.substr(extent.begin, extent.end - extent.begin);
  }
  std::string with(const Extent& extent, const std::string& replacement) const {
    return text_.substr(0, extent.begin) + replacement + text_.substr(extent.end);
  }

  Extent statement_extent(std::size_t i) const { return statements_[i]; }
  std::optional<Extent> member(const Extent& object, std::string_view name) const {
    for (const Extent& item : json::items_of(text_, object.begin)) {
      const auto quoted = json::parse(std::string_view(text_).substr(
          item.begin, json::value_end(text_, item.begin) - item.begin));
      if (quoted.value && quoted.value->text() != nullptr && *quoted.value->text() == name)
        return item;
    }
    return std::nullopt;
  }
  std::optional<Extent> root_statements() const { return member(root(), "Statement"); }

  // The text without an item of the object or array that begins at `outer`.
  std::string without(std::size_t outer, const Extent& item) const {
    const auto items = json::items_of(text_, outer);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].begin != item.begin) continue;
      if (i + 1 < items.size()) return with({item.begin, items[i + 1].begin}, "");
      if (i > 0) return with({items[i - 1].end, item.end}, "");
    }
    return with(item, "");
  }

  // The text with `added` behind the last item of the array at `array`, in its manner.
  std::string appended(const Extent& array, const std::string& added) const {
    const auto items = json::items_of(text_, array.begin);
    if (items.empty()) return with(array, "[" + added + "]");
    const std::size_t last = items.back().begin;
    const std::size_t before = text_.find_last_not_of(" \t\r\n", last - 1) + 1;
    const std::string gap = text_.substr(before, last - before);
    const bool breaks = gap.find('\n') != std::string::npos;
    return with({items.back().end, items.back().end},
                "," + (breaks || !gap.empty() ? gap : std::string(" ")) + added);
  }

  // What stands before a statement on its line, when it begins the line.
  std::string line_break_before(std::size_t at) const {
    const std::size_t start = text_.rfind('\n', at == 0 ? 0 : at - 1);
    if (start == std::string::npos || start >= at) return " ";
    const std::string gap = text_.substr(start, at - start);
    return gap.find_first_not_of(" \t\r\n") == std::string::npos ? gap : " ";
  }

 private:
  Extent root() const {
    const std::size_t begin = text_.find('{');
    return {begin, begin == std::string::npos ? begin : json::value_end(text_, begin)};
  }
  std::vector<Extent> find_statements() const {
    if (!parsed_.value) return {};
    const auto found = root_statements();
    if (!found) return {};
    const Extent value = json::value_of(text_, *found);
    return text_[value.begin] == '[' ? json::items_of(text_, value.begin)
                                     : std::vector<Extent>{value};
  }

  std::string text_;
  Parsed<policy::Document> parsed_;
  std::vector<Extent> statements_;
};

std::optional<Edited> widen_resource(const Text& text, std::size_t i, const Scope& scope) {
  const auto member = text.member(text.statement_extent(i), "Resource");
  if (!member) return std::nullopt;
  if (scope.resource == "*")
    return Edited{text.with(json::value_of(text.text(), *member), "\"*\""),
                  "Resource becomes \"*\""};
  std::string added;
  std::string names;
  for (const ArnShape& shape : scope.shapes) {
    if (covers_shape(text.document(), text.statement(i), shape)) continue;
    added += (added.empty() ? "" : ", ") + json::quote(shape.example());
    names += (names.empty() ? "" : " and ") + shape.example();
  }
  if (added.empty()) return std::nullopt;
  const Extent value = json::value_of(text.text(), *member);
  const std::string what = "Resource takes in " + names;
  if (text.text()[value.begin] == '[') return Edited{text.appended(value, added), what};
  return Edited{text.with(value, "[" + text.part(value) + ", " + added + "]"), what};
}

// A member becomes `name` with another value.
std::optional<Edited> replaced(const Text& text, std::size_t i, const char* listed,
                               const char* not_listed, const std::string& value) {
  const Extent statement = text.statement_extent(i);
  const std::string what = std::string(listed) + " becomes " + value;
  if (const auto member = text.member(statement, listed))
    return Edited{text.with(json::value_of(text.text(), *member), value), what};
  const auto other = text.member(statement, not_listed);
  if (!other) return std::nullopt;
  return Edited{text.with(*other, json::quote(listed) + ": " + value), what};
}

// The place of a condition: its operator's object, its member there, and the Condition object.
struct ConditionPlace {
  Extent conditions, operator_member, operators, key_member;
};
std::optional<ConditionPlace> place_of(const Text& text, std::size_t i,
                                       const policy::Condition& condition) {
  const auto member = text.member(text.statement_extent(i), "Condition");
  if (!member) return std::nullopt;
  const Extent conditions = json::value_of(text.text(), *member);
  const std::size_t wanted = json::offset_of(text.text(), condition.span);
  for (const Extent& one : json::items_of(text.text(), conditions.begin)) {
    const Extent operators = json::value_of(text.text(), one);
    for (const Extent& key : json::items_of(text.text(), operators.begin))
      if (key.begin <= wanted && wanted < key.end)
        return ConditionPlace{conditions, one, operators, key};
  }
  return std::nullopt;
}

std::optional<std::string> without_condition(const Text& text, std::size_t i,
                                             const policy::Condition& condition) {
  const auto place = place_of(text, i, condition);
  if (!place) return std::nullopt;
  if (json::items_of(text.text(), place->operators.begin).size() > 1)
    return text.without(place->operators.begin, place->key_member);
  if (json::items_of(text.text(), place->conditions.begin).size() > 1)
    return text.without(place->conditions.begin, place->operator_member);
  const auto whole = text.member(text.statement_extent(i), "Condition");
  return text.without(text.statement_extent(i).begin, *whole);
}

std::optional<Edited> invert(const Text& text, std::size_t i) {
  for (const policy::Condition& condition : text.statement(i).conditions) {
    if (!is_plain_key(condition) || condition.negated || condition.values.size() != 1) continue;
    const auto place = place_of(text, i, condition);
    if (!place) return std::nullopt;
    Extent value = json::value_of(text.text(), place->key_member);
    if (text.text()[value.begin] == '[') {
      const auto items = json::items_of(text.text(), value.begin);
      if (items.size() != 1) return std::nullopt;
      value = items[0];
    }
    const std::string old = text.part(value);
    if (old != "true" && policy::to_lower(old) != "\"true\"") return std::nullopt;
    return Edited{text.with(value, old == "true" ? "false" : "\"false\""),
                  condition.key_name + " is tested for false"};
  }
  return std::nullopt;
}

std::optional<Edited> if_exists(const Text& text, std::size_t i) {
  for (const policy::Condition& condition : text.statement(i).conditions) {
    if (!is_plain_key(condition) || condition.negated || condition.if_exists) continue;
    const auto place = place_of(text, i, condition);
    if (!place) return std::nullopt;
    const std::size_t name_end = json::value_end(text.text(), place->operator_member.begin);
    return Edited{text.with({name_end - 1, name_end - 1}, "IfExists"),
                  "the test of " + condition.key_name + " takes in requests without it"};
  }
  return std::nullopt;
}

// The Sid of a second statement, none when the first has none.
std::string with_other_sid(const std::string& statement, const char* suffix) {
  for (const Extent& item : json::items_of(statement, 0)) {
    if (!statement.substr(item.begin).starts_with("\"Sid\"")) continue;
    const Extent value = json::value_of(statement, item);
    return statement.substr(0, value.end - 1) + suffix + statement.substr(value.end - 1);
  }
  return statement;
}

// The text without a kind of conditions in one statement.
std::optional<std::string> without_all(std::string text, std::size_t i, policy::DocumentKind kind,
                                       bool (*is)(const policy::Condition&)) {
  for (;;) {
    const Text now(text, kind);
    if (!now.good(i)) return std::nullopt;
    const auto& conditions = now.statement(i).conditions;
    const auto at = std::ranges::find_if(conditions, is);
    if (at == conditions.end()) return text;
    auto next = without_condition(now, i, *at);
    if (!next) return std::nullopt;
    text = std::move(*next);
  }
}

std::optional<Edited> split(const Text& text, std::size_t i, policy::DocumentKind kind) {
  auto plain = without_all(text.text(), i, kind, is_version_key);
  const auto version = without_all(text.text(), i, kind, is_plain_key);
  if (!plain || !version) return std::nullopt;
  if (auto inverted = invert(Text(*plain, kind), i)) plain = inverted->text;
  const Text first(*plain, kind);
  const Text second(*version, kind);
  if (!first.good(i) || !second.good(i)) return std::nullopt;
  const Extent here = text.statement_extent(i);
  const std::string gap = text.line_break_before(here.begin);
  std::string both = first.part(first.statement_extent(i)) + "," + gap +
                     with_other_sid(second.part(second.statement_extent(i)), "Version");
  const auto member = text.root_statements();
  const Extent value = json::value_of(text.text(), *member);
  if (text.text()[value.begin] != '[') both = "[" + both + "]";
  return Edited{text.with(here, both),
                "plaintext and the TLS version are tested in two statements"};
}

// The TlsVersion key of the scope's one service, which its requests carry; or nothing.
std::optional<std::string> version_key_of(const Scope& scope) {
  const bool carried = std::ranges::any_of(scope.targets, &Target::carries_tls_version);
  if (scope.services.size() != 1 || !carried) return std::nullopt;
  return scope.services.front() + ":TlsVersion";
}

std::optional<Edited> add_deny(const Text& text, const Scope& scope, const Options& options) {
  const auto member = text.root_statements();
  if (!member) return std::nullopt;
  const bool is_floor = options.claim == Claim::Floor;
  const auto version_key = version_key_of(scope);
  if (is_floor && !version_key) return std::nullopt;
  std::string sid = is_floor ? "DenyOldTls" : "DenyPlaintext";
  while (std::ranges::find(text.document().statements, sid, &policy::Statement::sid) !=
         text.document().statements.end())
    sid += "2";
  const std::string test = is_floor ? "\"NumericLessThan\": {" + json::quote(*version_key) + ": " +
                                          json::quote(options.min_tls) + "}"
                                    : std::string("\"Bool\": {\"aws:SecureTransport\": \"false\"}");
  const std::string statement =
      "{\"Sid\": " + json::quote(sid) + ", \"Effect\": \"Deny\", " +
      (policy::names_principals(text.document().kind) ? "\"Principal\": \"*\", " : "") +
      "\"Action\": " + actions_of(scope) + ", \"Resource\": " + list_of(arns_of(scope)) +
      ", \"Condition\": {" + test + "}}";
  const Extent value = json::value_of(text.text(), *member);
  const std::string what = "a statement " + sid + " is added";
  if (text.text()[value.begin] == '[') return Edited{text.appended(value, statement), what};
  return Edited{text.with(value, "[" + text.part(value) + ", " + statement + "]"), what};
}

// The test of the TLS version against the floor that is wanted.
std::optional<Edited> raise_floor(const Text& text, std::size_t i, const Options& options) {
  for (const policy::Condition& condition : text.statement(i).conditions) {
    if (!is_version_key(condition) || condition.op != policy::Operator::NumericLessThan ||
        condition.negated || condition.values.size() != 1 ||
        condition.values[0].text == options.min_tls)
      continue;
    const auto place = place_of(text, i, condition);
    if (!place) return std::nullopt;
    Extent value = json::value_of(text.text(), place->key_member);
    if (text.text()[value.begin] == '[') {
      const auto items = json::items_of(text.text(), value.begin);
      if (items.size() != 1) return std::nullopt;
      value = items[0];
    }
    const bool quoted = text.text()[value.begin] == '"';
    return Edited{text.with(value, quoted ? json::quote(options.min_tls) : options.min_tls),
                  condition.key_name + " is tested against " + options.min_tls};
  }
  return std::nullopt;
}

// An item is put in front of the first of an object.
std::string prepended(const Text& text, const Extent& object, const std::string& item) {
  const auto items = json::items_of(text.text(), object.begin);
  if (items.empty()) return text.with(object, "{" + item + "}");
  return text.with({items.front().begin, items.front().begin}, item + ", ");
}

// Allows without a test of the transport hold over TLS alone.
std::optional<Edited> limit_allows(const Text& before, policy::DocumentKind kind) {
  constexpr std::string_view kTest = "\"aws:SecureTransport\": \"true\"";
  std::string text = before.text();
  std::string names;
  for (std::size_t i = 0; i < before.document().statements.size(); ++i) {
    const policy::Statement& statement = before.statement(i);
    if (statement.effect != policy::Effect::Allow || speaks_of_transport(statement)) continue;
    names += (names.empty() ? "" : " and ") +
             (statement.sid.empty() ? "#" + std::to_string(i + 1) : statement.sid);
    const Text now(text, kind);
    if (!now.good(i)) return std::nullopt;
    const Extent here = now.statement_extent(i);
    const auto condition = now.member(here, "Condition");
    if (!condition) {
      const auto items = json::items_of(text, here.begin);
      text = now.with({items.back().end, items.back().end},
                      ", \"Condition\": {\"Bool\": {" + std::string(kTest) + "}}");
      continue;
    }
    const Extent operators = json::value_of(text, *condition);
    const auto tests = now.member(operators, "Bool");
    text = tests ? prepended(now, json::value_of(text, *tests), std::string(kTest))
                 : prepended(now, operators, "\"Bool\": {" + std::string(kTest) + "}");
  }
  if (names.empty()) return std::nullopt;
  return Edited{text, "Allow " + names + " over TLS alone"};
}

std::optional<Edited> drop(const Text& text, const Edit& edit) {
  for (const policy::Condition& condition : text.statement(edit.statement).conditions) {
    if (condition.operator_name != edit.operator_name || condition.key_name != edit.key_name)
      continue;
    auto done = without_condition(text, edit.statement, condition);
    if (!done) return std::nullopt;
    return Edited{std::move(*done),
                  "the condition " + edit.operator_name + " " + edit.key_name + " goes"};
  }
  return std::nullopt;
}

}  // namespace

std::vector<Edit> possible_edits(const policy::Document& document, const Scope& scope,
                                 const Options& options, bool strict_presence) {
  const bool is_floor = options.claim == Claim::Floor;
  std::vector<Edit> out;
  for (std::size_t i = 0; i < document.statements.size(); ++i) {
    const policy::Statement& statement = document.statements[i];
    if (statement.effect != policy::Effect::Deny || !speaks_of_transport(statement)) continue;
    const auto& conditions = statement.conditions;
    const bool plain = std::ranges::any_of(conditions, is_plain_key);
    const bool version = std::ranges::any_of(conditions, is_version_key);
    const bool both = plain && version;
    // A floor of TLS is right as it is, and a test of plaintext for who asks about the floor.
    if (is_floor ? !version : !plain) continue;
    const bool covers = std::ranges::all_of(scope.shapes, [&](const ArnShape& shape) {
      return covers_shape(document, statement, shape);
    });
    const bool covers_every_action = std::ranges::all_of(
        scope.services,
        [&](const std::string& service) { return covers_actions(statement, service); });
    if (!covers) out.push_back({EditKind::WidenResource, i, "", ""});
    if (!covers_every_action) out.push_back({EditKind::WidenAction, i, "", ""});
    if (!covers_everybody(statement)) out.push_back({EditKind::WidenPrincipal, i, "", ""});
    if (!both && !is_floor) out.push_back({EditKind::Invert, i, "", ""});
    if (both) out.push_back({EditKind::Split, i, "", ""});
    for (const policy::Condition& condition : conditions)
      if (!is_plain_key(condition) && !is_version_key(condition))
        out.push_back({EditKind::DropCondition, i, condition.operator_name, condition.key_name});
    if (strict_presence && !is_floor) out.push_back({EditKind::IfExists, i, "", ""});
    if (is_floor) out.push_back({EditKind::RaiseFloor, i, "", ""});
  }
  std::ranges::sort(out, {}, [](const Edit& edit) {
    return std::tie(edit.kind, edit.statement, edit.operator_name, edit.key_name);
  });
  return out;
}

std::optional<Edited> apply_edit(const std::string& before, const Edit& edit, const Scope& scope,
                                 const Options& options) {
  const policy::DocumentKind kind = document_kind_of(scope.type);
  const Text text(before, kind);
  if (!text.document_is_good()) return std::nullopt;
  if (edit.kind == EditKind::AddDeny) return add_deny(text, scope, options);
  if (edit.kind == EditKind::LimitAllows) return limit_allows(text, kind);
  const std::size_t i = edit.statement;
  if (!text.good(i)) return std::nullopt;
  switch (edit.kind) {
    case EditKind::WidenResource: return widen_resource(text, i, scope);
    case EditKind::WidenAction: return replaced(text, i, "Action", "NotAction", actions_of(scope));
    case EditKind::WidenPrincipal: return replaced(text, i, "Principal", "NotPrincipal", "\"*\"");
    case EditKind::Invert: return invert(text, i);
    case EditKind::Split: return split(text, i, kind);
    case EditKind::DropCondition: return drop(text, edit);
    case EditKind::IfExists: return if_exists(text, i);
    case EditKind::RaiseFloor: return raise_floor(text, i, options);
    case EditKind::LimitAllows:
    case EditKind::AddDeny: break;
  }
  return std::nullopt;
}

}  // namespace sealane::prove
