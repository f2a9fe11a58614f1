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

std::string arn_of(const ArnShape& shape) {
  return shape.head + shape.text + (shape.has_tail ? "*" : "");
}

// A policy's text, and where its parts stand.
class Text {
 public:
  explicit Text(std::string text)
      : text_(std::move(text)),
        parsed_(policy::parse_document(text_, policy::DocumentKind::Resource, "policy")),
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
  std::string added;
  std::string names;
  for (const ArnShape& shape : scope.shapes) {
    if (covers_shape(text.document(), text.statement(i), shape)) continue;
    added += (added.empty() ? "" : ", ") + json::quote(arn_of(shape));
    names += (names.empty() ? "" : " and ") + arn_of(shape);
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
std::optional<std::string> without_all(std::string text, std::size_t i,
                                       bool (*is)(const policy::Condition&)) {
  for (;;) {
    const Text now(text);
    if (!now.good(i)) return std::nullopt;
    const auto& conditions = now.statement(i).conditions;
    const auto at = std::ranges::find_if(conditions, is);
    if (at == conditions.end()) return text;
    auto next = without_condition(now, i, *at);
    if (!next) return std::nullopt;
    text = std::move(*next);
  }
}

std::optional<Edited> split(const Text& text, std::size_t i) {
  auto plain = without_all(text.text(), i, is_version_key);
  const auto version = without_all(text.text(), i, is_plain_key);
  if (!plain || !version) return std::nullopt;
  if (auto inverted = invert(Text(*plain), i)) plain = inverted->text;
  const Text first(*plain);
  const Text second(*version);
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

std::optional<Edited> add_deny(const Text& text, const Scope& scope) {
  const auto member = text.root_statements();
  if (!member) return std::nullopt;
  std::string sid = "DenyPlaintext";
  while (std::ranges::find(text.document().statements, sid, &policy::Statement::sid) !=
         text.document().statements.end())
    sid += "2";
  std::string arns;
  for (const ArnShape& shape : scope.shapes)
    arns += (arns.empty() ? "" : ", ") + json::quote(arn_of(shape));
  if (scope.shapes.size() > 1) arns = "[" + arns + "]";
  const std::string statement =
      "{\"Sid\": " + json::quote(sid) +
      ", \"Effect\": \"Deny\", \"Principal\": \"*\", \"Action\": \"" +
      std::string(service_of(scope.type)) + ":*\", \"Resource\": " + arns +
      ", \"Condition\": {\"Bool\": {\"aws:SecureTransport\": \"false\"}}}";
  const Extent value = json::value_of(text.text(), *member);
  const std::string what = "a statement " + sid + " is added";
  if (text.text()[value.begin] == '[') return Edited{text.appended(value, statement), what};
  return Edited{text.with(value, "[" + text.part(value) + ", " + statement + "]"), what};
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
                                 bool strict_presence) {
  std::vector<Edit> out;
  for (std::size_t i = 0; i < document.statements.size(); ++i) {
    const policy::Statement& statement = document.statements[i];
    if (statement.effect != policy::Effect::Deny || !speaks_of_transport(statement)) continue;
    const auto& conditions = statement.conditions;
    const bool both = std::ranges::any_of(conditions, is_plain_key) &&
                      std::ranges::any_of(conditions, is_version_key);
    const bool plain = std::ranges::any_of(conditions, is_plain_key);
    if (!plain) continue;  // a floor of TLS is right as it is
    const bool covers = std::ranges::all_of(scope.shapes, [&](const ArnShape& shape) {
      return covers_shape(document, statement, shape);
    });
    if (!covers) out.push_back({EditKind::WidenResource, i, "", ""});
    if (!covers_actions(statement, service_of(scope.type)))
      out.push_back({EditKind::WidenAction, i, "", ""});
    if (!covers_everybody(statement)) out.push_back({EditKind::WidenPrincipal, i, "", ""});
    if (!both) out.push_back({EditKind::Invert, i, "", ""});
    if (both) out.push_back({EditKind::Split, i, "", ""});
    for (const policy::Condition& condition : conditions)
      if (!is_plain_key(condition) && !is_version_key(condition))
        out.push_back({EditKind::DropCondition, i, condition.operator_name, condition.key_name});
    if (strict_presence) out.push_back({EditKind::IfExists, i, "", ""});
  }
  std::ranges::sort(out, {}, [](const Edit& edit) {
    return std::tie(edit.kind, edit.statement, edit.operator_name, edit.key_name);
  });
  return out;
}

std::optional<Edited> apply_edit(const std::string& before, const Edit& edit, const Scope& scope) {
  const Text text(before);
  if (edit.kind == EditKind::AddDeny)
    return text.document_is_good() ? add_deny(text, scope) : std::nullopt;
  const std::size_t i = edit.statement;
  if (!text.good(i)) return std::nullopt;
  switch (edit.kind) {
    case EditKind::WidenResource: return widen_resource(text, i, scope);
    case EditKind::WidenAction:
      return replaced(text, i, "Action", "NotAction",
                      json::quote(std::string(service_of(scope.type)) + ":*"));
    case EditKind::WidenPrincipal: return replaced(text, i, "Principal", "NotPrincipal", "\"*\"");
    case EditKind::Invert: return invert(text, i);
    case EditKind::Split: return split(text, i);
    case EditKind::DropCondition: return drop(text, edit);
    case EditKind::IfExists: return if_exists(text, i);
    case EditKind::AddDeny: break;
  }
  return std::nullopt;
}

}  // namespace sealane::prove
