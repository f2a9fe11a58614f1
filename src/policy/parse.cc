// SPDX-License-Identifier: Apache-2.0
// Documents and statements.
#include <algorithm>
#include <utility>

#include "policy/compile_internal.h"
#include "policy/evaluate.h"
#include "policy/parse_internal.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

constexpr std::size_t kDiagnosticsMax = 100;
constexpr std::size_t kMessageMax = 400;
constexpr std::size_t kDepthMax = 16;

// One line, and not longer than a terminal can show.
std::string bounded(std::string text) {
  if (text.size() > kMessageMax) {
    std::size_t end = kMessageMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
    text += "...";
  }
  return one_line(std::move(text));
}

bool is_kind_of_iam(DocumentKind kind) {
  return kind != DocumentKind::Resource && kind != DocumentKind::Kms &&
         kind != DocumentKind::VpcEndpoint;
}

bool may_have_id(DocumentKind kind) {
  return kind == DocumentKind::Resource || kind == DocumentKind::Trust ||
         kind == DocumentKind::Kms || kind == DocumentKind::VpcEndpoint ||
         kind == DocumentKind::IotDevice;
}

}  // namespace

Parsed<Document> Reader::run(const json::Value& root, const std::string& file) {
  document_.file = file;
  read_document(root);
  Parsed<Document> out;
  if (errors_ == 0) out.value = std::move(document_);
  out.diagnostics = std::move(diagnostics_);
  return out;
}

void Reader::error(const SourceSpan& span, std::string message, std::string hint) {
  ++errors_;
  add(Severity::Error, span, std::move(message), std::move(hint));
}
void Reader::warn(const SourceSpan& span, std::string message, std::string hint) {
  add(Severity::Warning, span, std::move(message), std::move(hint));
}
void Reader::add(Severity severity, const SourceSpan& span, std::string message, std::string hint) {
  // INVARIANT: a refused document shows an error, however many warnings came before it.
  if (diagnostics_.size() >= kDiagnosticsMax) {
    if (severity != Severity::Error || errors_ != 1) return;
    diagnostics_.pop_back();
  }
  diagnostics_.push_back({severity, span, bounded(std::move(message)), bounded(std::move(hint))});
}
bool Reader::has_enough() const { return errors_ >= kDiagnosticsMax; }
void Reader::unknown_element(const json::Member& member, const std::vector<std::string>& known) {
  const auto near = nearest(member.name, known);
  error(member.span, "there is no element `" + member.name + "`",
        near ? "did you mean `" + *near + "`?" : "");
}

void Reader::read_document(const json::Value& root) {
  const json::Value::Object* members = root.object();
  if (members == nullptr) return error(root.span, "a policy document is a JSON object");
  // The version first: it decides what texts mean.
  read_version(root.find("Version"), root.span);
  for (const json::Member& member : *members) {
    if (has_enough()) return;
    if (member.name == "Version") continue;
    if (member.name == "Id")
      read_id(member);
    else if (member.name == "Statement")
      read_statements(member.value);
    else
      unknown_element(member, {"Version", "Id", "Statement"});
  }
  if (root.find("Statement") == nullptr) error(root.span, "the document has no `Statement`");
}

void Reader::read_version(const json::Value* value, const SourceSpan& document) {
  const bool must_be_2012 = document_.kind == DocumentKind::Rcp;
  if (value == nullptr) {
    if (must_be_2012)
      error(document, "a resource control policy has a `Version`", "write \"2012-10-17\"");
    else
      warn(document, "the document has no `Version`",
           "without \"2012-10-17\" variables are plain text");
    return;
  }
  const std::string* text = value->text();
  if (text != nullptr && *text == "2012-10-17")
    document_.version = LanguageVersion::V2012;
  else if (text == nullptr || *text != "2008-10-17")
    error(value->span, "there is no such version of the policy language", "write \"2012-10-17\"");
  else if (must_be_2012)
    error(value->span, "a resource control policy is of version \"2012-10-17\"");
}

void Reader::read_id(const json::Member& member) {
  if (!may_have_id(document_.kind))
    return error(member.span, "a policy of this kind has no `Id`", "remove it");
  const std::string* text = member.value.text();
  if (text == nullptr) return error(member.value.span, "`Id` is text");
  if (is_clean(*text, member.value.span)) document_.id = *text;
}

void Reader::read_statements(const json::Value& value) {
  const json::Value::Array* items = value.array();
  if (items == nullptr) return read_statement(value);
  if (items->empty()) error(value.span, "`Statement` is empty");
  if (items->size() > limits_.statements_max)
    return error(
        (*items)[limits_.statements_max].span,
        "more than " + std::to_string(limits_.statements_max) + " statements in one document",
        "several policies can stand beside each other");
  for (const json::Value& item : *items) {
    if (has_enough()) return;
    read_statement(item);
  }
}

void Reader::read_statement(const json::Value& value) {
  if (value.object() == nullptr) return error(value.span, "a statement is a JSON object");
  Statement statement;
  statement.span = value.span;
  for (const json::Member& member : *value.object()) {
    if (has_enough()) return;
    read_element(member, statement);
  }
  if (value.find("Effect") == nullptr)
    error(value.span, "the statement has no `Effect`", "write \"Allow\" or \"Deny\"");
  require_one(value, "Action", "NotAction");
  if (document_.kind != DocumentKind::Trust) require_one(value, "Resource", "NotResource");
  if (names_principals(document_.kind)) {
    const bool has = value.find("Principal") != nullptr;
    const bool has_not = value.find("NotPrincipal") != nullptr;
    if (has && has_not)
      error(value.span, "the statement has both `Principal` and `NotPrincipal`", "keep one");
    if (!has && !has_not)
      error(value.span, "a statement of a " + std::string(to_string(document_.kind)) +
                            " policy names its `Principal`");
  }
  if (document_.kind == DocumentKind::Rcp) check_rcp(value, statement);
  document_.statements.push_back(std::move(statement));
}

void Reader::require_one(const json::Value& statement, const char* listed, const char* not_listed) {
  const bool has = statement.find(listed) != nullptr;
  const bool has_not = statement.find(not_listed) != nullptr;
  if (has && has_not)
    error(statement.span,
          std::string("the statement has both `") + listed + "` and `" + not_listed + "`",
          "keep one");
  if (!has && !has_not)
    error(statement.span,
          std::string("the statement has neither `") + listed + "` nor `" + not_listed + "`");
}

// Source: AWS Organizations, "RCP syntax": `RCPFullAWSAccess` alone allows.
void Reader::check_rcp(const json::Value& value, const Statement& statement) {
  if (value.find("NotAction") != nullptr)
    error(value.span, "a resource control policy has no `NotAction`");
  if (statement.effect != Effect::Allow) return;
  auto is_everything = [](const std::vector<SourceText>& texts) {
    return texts.size() == 1 && texts.front().text == "*";
  };
  if (!is_everything(statement.actions) || !is_everything(statement.resources) ||
      statement.resource_polarity != Polarity::Listed || !statement.conditions.empty())
    error(value.span, "a resource control policy cannot allow",
          "`RCPFullAWSAccess` allows everything already; write what is denied");
}

void Reader::read_element(const json::Member& member, Statement& out) {
  if (member.name == "Sid") {
    read_sid(member.value, out);
  } else if (member.name == "Effect") {
    read_effect(member.value, out);
  } else if (member.name == "Principal" || member.name == "NotPrincipal") {
    read_principals(member, out);
  } else if (member.name == "Action" || member.name == "NotAction") {
    read_actions(member, out);
  } else if (member.name == "Resource" || member.name == "NotResource") {
    read_resources(member, out);
  } else if (member.name == "Condition") {
    read_conditions(member.value, out);
  } else {
    unknown_element(member, {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction",
                             "Resource", "NotResource", "Condition"});
  }
}

void Reader::read_effect(const json::Value& value, Statement& out) {
  const std::string* text = value.text();
  if (text != nullptr && *text == "Allow")
    out.effect = Effect::Allow;
  else if (text == nullptr || *text != "Deny")
    error(value.span, "`Effect` is neither \"Allow\" nor \"Deny\"", "the case of letters matters");
}

void Reader::read_sid(const json::Value& value, Statement& out) {
  const std::string* text = value.text();
  if (text == nullptr) return error(value.span, "`Sid` is text");
  if (text->size() > limits_.pattern_bytes_max)
    return error(value.span,
                 "`Sid` is longer than " + std::to_string(limits_.pattern_bytes_max) + " bytes");
  if (!is_clean(*text, value.span)) return;
  out.sid = *text;
  const bool alphanumeric = std::ranges::all_of(
      *text, [](char c) { return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z'); });
  if (!alphanumeric && is_kind_of_iam(document_.kind))
    error(value.span, "`Sid` has characters other than letters and digits");
  if (!text->empty() && !sids_.insert(*text).second)
    error(value.span, "the `Sid` `" + *text + "` stands twice in the document");
}

void Reader::read_actions(const json::Member& member, Statement& out) {
  out.action_polarity = member.name == "Action" ? Polarity::Listed : Polarity::NotListed;
  read_texts(member, out.actions);
  for (const SourceText& action : out.actions)
    if (auto parsed = parse_action(action.text); !parsed) error(action.span, parsed.error());
}

void Reader::read_resources(const json::Member& member, Statement& out) {
  if (document_.kind == DocumentKind::Trust)
    return error(member.span, "a trust policy has no `" + member.name + "`",
                 "it speaks of the role that it belongs to; remove the element");
  out.resource_polarity = member.name == "Resource" ? Polarity::Listed : Polarity::NotListed;
  read_texts(member, out.resources);
  for (const SourceText& resource : out.resources) {
    auto parsed =
        parse_resource(resource.text, {.kind = document_.kind, .version = document_.version});
    if (!parsed)
      error(resource.span, parsed.error());
    else
      check_variables(parsed->resource, resource.span);
  }
}

void Reader::read_texts(const json::Member& member, std::vector<SourceText>& out) {
  auto take = [&](const json::Value& item) {
    const std::string* text = item.text();
    if (text == nullptr)
      return error(item.span, "`" + member.name + "` is text or a list of texts");
    take_text(*text, item.span, out);
  };
  if (const json::Value::Array* items = member.value.array()) {
    if (items->empty()) error(member.value.span, "`" + member.name + "` is empty");
    for (const json::Value& item : *items) {
      if (has_enough()) return;
      take(item);
    }
  } else {
    take(member.value);
  }
}

void Reader::take_text(std::string text, const SourceSpan& span, std::vector<SourceText>& out) {
  if (text.size() > limits_.pattern_bytes_max)
    return error(span,
                 "the text is longer than " + std::to_string(limits_.pattern_bytes_max) + " bytes");
  if (!is_clean(text, span)) return;
  if (++values_ > limits_.values_max) {
    if (values_ == limits_.values_max + 1)
      error(span, "more than " + std::to_string(limits_.values_max) + " values in the document");
    return;
  }
  out.push_back({std::move(text), span});
}

bool Reader::is_clean(std::string_view text, const SourceSpan& span) {
  const bool has_control = std::ranges::any_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
  if (has_control)
    error(span, "a control character, written as an escape, cannot stand in a policy document",
          "remove it; text ends where the string ends");
  return !has_control;
}

void Reader::check_variables(const Pattern& pattern, const SourceSpan& span) {
  for (const PatternPiece& piece : pattern.pieces) {
    if (piece.kind != PatternPiece::Kind::Variable) continue;
    if (auto known = check_key(piece.text, document_.kind); !known) error(span, known.error());
    note_key(piece.text, span);
  }
}

void Reader::note_key(std::string_view key, const SourceSpan& span) {
  if (keys_.size() > limits_.keys_max || keys_.contains(key)) return;
  keys_.emplace(key);
  if (keys_.size() > limits_.keys_max)
    error(span,
          "the document names more than " + std::to_string(limits_.keys_max) +
              " different condition keys and variables",
          "divide it, or take out statements");
}

namespace {

// Where the first byte stands that no document may have.
// Source: IAM quotas page: U+0009, U+000A, U+000D, U+0020 to U+00FF.  Anything else is refused here
// too, so that a document means the same at the gateway and in the cloud.
std::optional<std::size_t> first_foreign_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0xc4) return i;  // beyond U+00FF
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') return i;
  }
  return std::nullopt;
}

Diagnostic foreign_character(std::string_view text, std::size_t at, const std::string& file) {
  const std::string_view before = text.substr(0, at);
  const std::size_t newline = before.rfind('\n');
  const std::size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
  const SourceSpan span{file, static_cast<std::uint32_t>(1 + std::ranges::count(before, '\n')),
                        static_cast<std::uint32_t>(at - line_start + 1)};
  if (text[at] == '\0')
    return {Severity::Error, span, "a NUL byte cannot stand in a policy document",
            "the file is no text, or was cut off while it was written"};
  if (static_cast<unsigned char>(text[at]) < 0x20)
    return {Severity::Error, span, "a control character cannot stand in a policy document",
            "remove it"};
  return {Severity::Error, span, "a character beyond U+00FF cannot stand in a policy document",
          "write it as an escape, `\\uXXXX`"};
}

}  // namespace

std::string_view to_string(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::IotDevice: return "iot-device";
    case DocumentKind::Identity: return "identity";
    case DocumentKind::Resource: return "resource";
    case DocumentKind::Trust: return "trust";
    case DocumentKind::Kms: return "kms";
    case DocumentKind::Boundary: return "boundary";
    case DocumentKind::Session: return "session";
    case DocumentKind::Scp: return "scp";
    case DocumentKind::Rcp: return "rcp";
    case DocumentKind::VpcEndpoint: return "vpc-endpoint";
  }
  return "identity";
}

std::optional<DocumentKind> parse_document_kind(std::string_view text) {
  for (std::size_t i = 0; i < kDocumentKinds; ++i)
    if (to_string(static_cast<DocumentKind>(i)) == text) return static_cast<DocumentKind>(i);
  return std::nullopt;
}

Parsed<Document> parse_document(std::string_view text, DocumentKind kind, const std::string& file,
                                const DocumentLimits& limits) {
  Parsed<Document> out;
  if (text.size() > limits.bytes_max) {
    out.diagnostics.push_back({Severity::Error,
                               {file, 1, 1},
                               "the document has more than " + std::to_string(limits.bytes_max) +
                                   " bytes and was not read",
                               "several policies can stand beside each other"});
    return out;
  }
  if (const auto at = first_foreign_character(text)) {
    out.diagnostics.push_back(foreign_character(text, *at, file));
    return out;
  }
  auto parsed =
      json::parse(text, {.file = file, .bytes_max = limits.bytes_max, .depth_max = kDepthMax});
  if (!parsed.value) {
    out.diagnostics = std::move(parsed.diagnostics);
    for (Diagnostic& one : out.diagnostics)
      if (one.hint.empty() && one.message.starts_with("nested deeper"))
        one.hint = "a policy has six levels: document, statement, condition, operator, key, values";
    return out;
  }
  return Reader(kind, limits).run(*parsed.value, file);
}

}  // namespace sealane::policy
