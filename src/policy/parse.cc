// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <utility>

#include "base/json.h"
#include "policy/compile_internal.h"
#include "policy/document.h"
#include "policy/text_internal.h"
#include "policy/vocabulary_internal.h"

namespace sealane::policy {
namespace {

constexpr std::size_t kDiagnosticsMax = 100;

// Reads the JSON tree of one document into its statements, collecting every finding.
class Reader {
 public:
  Reader(DocumentKind kind, const DocumentLimits& limits) : limits_(limits) {
    document_.kind = kind;
  }

  Parsed<Document> run(const json::Value& root, const std::string& file) {
    document_.file = file;
    read_document(root);
    Parsed<Document> out;
    if (errors_ == 0) out.value = std::move(document_);
    out.diagnostics = std::move(diagnostics_);
    return out;
  }

 private:
  void error(const SourceSpan& span, std::string message, std::string hint = {}) {
    ++errors_;
    add(Severity::Error, span, std::move(message), std::move(hint));
  }
  void error(const SourceSpan& span, Error e) {
    error(span, std::move(e.message), std::move(e.hint));
  }
  void warn(const SourceSpan& span, std::string message, std::string hint = {}) {
    add(Severity::Warning, span, std::move(message), std::move(hint));
  }
  void add(Severity severity, const SourceSpan& span, std::string message, std::string hint) {
    if (diagnostics_.size() < kDiagnosticsMax)
      diagnostics_.push_back(
          {severity, span, one_line(std::move(message)), one_line(std::move(hint))});
  }
  void unknown_element(const json::Member& member, const std::vector<std::string>& known) {
    const auto near = nearest(member.name, known);
    error(member.span, "there is no element `" + member.name + "`",
          near ? "did you mean `" + *near + "`?" : "");
  }

  void read_document(const json::Value& root) {
    const json::Value::Object* members = root.object();
    if (members == nullptr) return error(root.span, "a policy document is a JSON object");
    // The version first: it decides what texts mean.
    if (const json::Value* version = root.find("Version"))
      read_version(*version);
    else
      warn(root.span, "the document has no `Version`",
           "without \"2012-10-17\" variables are plain text");
    for (const json::Member& member : *members) {
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

  void read_version(const json::Value& value) {
    const std::string* text = value.text();
    if (text != nullptr && *text == "2012-10-17")
      document_.version = LanguageVersion::V2012;
    else if (text == nullptr || *text != "2008-10-17")
      error(value.span, "there is no such version of the policy language", "write \"2012-10-17\"");
  }

  void read_id(const json::Member& member) {
    if (document_.kind == DocumentKind::Identity)
      return error(member.span, "an identity policy has no `Id`", "remove it");
    if (const std::string* text = member.value.text())
      document_.id = *text;
    else
      error(member.value.span, "`Id` is text");
  }

  void read_statements(const json::Value& value) {
    if (const json::Value::Array* items = value.array()) {
      if (items->empty()) error(value.span, "`Statement` is empty");
      if (items->size() > limits_.statements_max)
        return error(value.span,
                     "more than " + std::to_string(limits_.statements_max) + " statements");
      for (const json::Value& item : *items) read_statement(item);
    } else {
      read_statement(value);
    }
  }

  void read_statement(const json::Value& value) {
    if (value.object() == nullptr) return error(value.span, "a statement is a JSON object");
    Statement statement;
    statement.span = value.span;
    for (const json::Member& member : *value.object()) read_element(member, statement);
    if (value.find("Effect") == nullptr)
      error(value.span, "the statement has no `Effect`", "write \"Allow\" or \"Deny\"");
    require_one(value, "Action", "NotAction");
    require_one(value, "Resource", "NotResource");
    if (document_.kind == DocumentKind::Resource && value.find("Principal") == nullptr &&
        value.find("NotPrincipal") == nullptr)
      error(value.span, "a statement of a resource policy names its `Principal`");
    document_.statements.push_back(std::move(statement));
  }

  void require_one(const json::Value& statement, const char* listed, const char* not_listed) {
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

  void read_element(const json::Member& member, Statement& out) {
    const json::Value& value = member.value;
    if (member.name == "Sid") {
      read_sid(value, out);
    } else if (member.name == "Effect") {
      const std::string* text = value.text();
      if (text != nullptr && *text == "Allow")
        out.effect = Effect::Allow;
      else if (text == nullptr || *text != "Deny")
        error(value.span, "`Effect` is neither \"Allow\" nor \"Deny\"",
              "the case of letters matters");
    } else if (member.name == "Principal") {
      read_principal(member, out);
    } else if (member.name == "NotPrincipal") {
      error(member.span,
            document_.kind == DocumentKind::Resource
                ? "`NotPrincipal` is not in this version"
                : "a policy of this kind has no `NotPrincipal`",
            "use `Principal` \"*\" and a condition `ArnNotEquals` on `aws:PrincipalArn`");
    } else if (member.name == "Action" || member.name == "NotAction") {
      out.action_polarity = member.name == "Action" ? Polarity::Listed : Polarity::NotListed;
      read_texts(member, out.actions);
      for (const SourceText& action : out.actions)
        if (auto parsed = parse_action(action.text); !parsed) error(action.span, parsed.error());
    } else if (member.name == "Resource" || member.name == "NotResource") {
      out.resource_polarity = member.name == "Resource" ? Polarity::Listed : Polarity::NotListed;
      read_texts(member, out.resources);
      for (const SourceText& resource : out.resources) check_resource(resource);
    } else if (member.name == "Condition") {
      read_conditions(value, out);
    } else {
      unknown_element(member, {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource",
                               "NotResource", "Condition"});
    }
  }

  void read_sid(const json::Value& value, Statement& out) {
    const std::string* text = value.text();
    if (text == nullptr) return error(value.span, "`Sid` is text");
    out.sid = *text;
    const bool alphanumeric = std::ranges::all_of(*text, [](char c) {
      return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
    });
    if (!alphanumeric && document_.kind != DocumentKind::Resource)
      error(value.span, "`Sid` has characters other than letters and digits");
    if (!text->empty() && !sids_.insert(*text).second)
      error(value.span, "the `Sid` `" + *text + "` stands twice in the document");
  }

  // A text or an array of texts: the same value everywhere in the language.
  void read_texts(const json::Member& member, std::vector<SourceText>& out) {
    auto take = [&](const json::Value& item) {
      const std::string* text = item.text();
      if (text == nullptr)
        return error(item.span, "`" + member.name + "` is text or a list of texts");
      take_text(*text, item.span, out);
    };
    if (const json::Value::Array* items = member.value.array()) {
      if (items->empty()) error(member.value.span, "`" + member.name + "` is empty");
      for (const json::Value& item : *items) take(item);
    } else {
      take(member.value);
    }
  }

  void take_text(std::string text, const SourceSpan& span, std::vector<SourceText>& out) {
    if (text.size() > limits_.pattern_bytes_max)
      return error(
          span, "the text is longer than " + std::to_string(limits_.pattern_bytes_max) + " bytes");
    if (++values_ > limits_.values_max) {
      if (values_ == limits_.values_max + 1)
        error(span, "more than " + std::to_string(limits_.values_max) + " values in the document");
      return;
    }
    out.push_back({std::move(text), span});
  }

  void check_resource(const SourceText& resource) {
    auto parsed =
        parse_resource(resource.text, {.kind = document_.kind, .version = document_.version});
    if (!parsed) return error(resource.span, parsed.error());
    check_pieces(parsed->resource, resource.span);
  }

  void check_pieces(const Pattern& pattern, const SourceSpan& span) {
    if (pattern.size() > limits_.pattern_pieces_max)
      error(span,
            "the pattern has more than " + std::to_string(limits_.pattern_pieces_max) + " pieces");
    for (const PatternPiece& piece : pattern)
      if (piece.kind == PatternPiece::Kind::Variable)
        if (auto known = check_key(piece.text, document_.kind); !known) error(span, known.error());
  }

  void read_principal(const json::Member& member, Statement& out) {
    if (document_.kind != DocumentKind::Resource)
      return error(member.span, "a policy of this kind has no `Principal`",
                   "it speaks of the one that it is attached to; remove the element");
    Principals& principals = out.principals.emplace();
    const json::Value& value = member.value;
    if (const std::string* text = value.text()) {
      if (*text == "*")
        principals.everyone = true;
      else
        error(value.span, "`Principal` is neither \"*\" nor an object",
              "write {\"AWS\": \"arn:...\"}");
      return;
    }
    if (value.object() == nullptr || value.object()->empty())
      return error(value.span, "`Principal` is neither \"*\" nor an object that names one");
    for (const json::Member& entry : *value.object()) {
      if (entry.name == "AWS")
        read_aws_principals(entry, principals);
      else if (entry.name == "Service" || entry.name == "Federated" ||
               entry.name == "CanonicalUser")
        error(entry.span, "principals of type `" + entry.name + "` are not in this version");
      else
        error(entry.span, "there is no type of principal `" + entry.name + "`",
              "it is one of `AWS`, `Service`, `Federated` and `CanonicalUser`");
    }
  }

  void read_aws_principals(const json::Member& entry, Principals& out) {
    std::vector<SourceText> texts;
    read_texts(entry, texts);
    for (SourceText& item : texts) {
      const std::string& text = item.text;
      const bool account =
          (text.size() == 12 && text.find_first_not_of("0123456789") == std::string::npos) ||
          text.ends_with(":root");
      if (text == "*")
        out.everyone = true;
      else if (account)
        error(item.span, "accounts as principals are not in this version", "name the roles");
      else if (text.find_first_of("*?") != std::string::npos)
        error(item.span, "a principal has no wildcards",
              "use \"*\" and a condition on `aws:PrincipalArn`");
      else if (!text.starts_with("arn:") || std::ranges::count(text, ':') < 5)
        error(item.span, "`" + text + "` is not the ARN of a principal");
      else
        out.arns.push_back(std::move(item));
    }
  }

  void read_conditions(const json::Value& value, Statement& out) {
    if (value.object() == nullptr) return error(value.span, "`Condition` is a JSON object");
    std::set<std::string> operators;
    for (const json::Member& block : *value.object()) {
      auto name = parse_operator(block.name);
      if (!name) {
        error(block.span, name.error());
        continue;
      }
      if (!operators.insert(name->canonical).second)
        error(block.span, "the operator `" + name->canonical + "` stands twice, in two spellings");
      if (name->canonical != block.name)
        warn(block.span, "the operator is spelt `" + name->canonical + "`");
      if (name->op == Operator::Null && name->quantifier != Quantifier::None)
        warn(block.span, "`Null` with a quantifier does not depend on the request",
             "remove the quantifier");
      if (block.value.object() == nullptr) {
        error(block.value.span, "an operator holds an object of keys and values");
        continue;
      }
      std::set<std::string> keys;
      for (const json::Member& entry : *block.value.object()) {
        if (!keys.insert(to_lower(entry.name)).second)
          error(entry.span,
                "the key `" + entry.name + "` stands twice in one operator, in two spellings",
                "keep one");
        read_condition(*name, entry, out);
      }
    }
  }

  void read_condition(const OperatorName& name, const json::Member& entry, Statement& out) {
    Condition condition;
    condition.op = name.op;
    condition.quantifier = name.quantifier;
    condition.negated = name.negated;
    condition.if_exists = name.if_exists;
    condition.key = to_lower(entry.name);
    condition.span = entry.span;
    if (auto known = check_key(condition.key, document_.kind); !known)
      error(entry.span, known.error());
    if (const json::Value::Array* items = entry.value.array()) {
      if (items->empty()) warn(entry.value.span, "the list of values is empty");
      for (const json::Value& item : *items) read_value(item, condition);
    } else {
      read_value(entry.value, condition);
    }
    if (condition.op == Operator::Bool && condition.values.size() > 1)
      warn(entry.span, "`Bool` with several values", "one value decides; two take in everything");
    out.conditions.push_back(std::move(condition));
  }

  void read_value(const json::Value& value, Condition& out) {
    std::vector<SourceText> taken;
    if (const std::string* text = value.text())
      take_text(*text, value.span, taken);
    else if (const json::Number* number = value.number())
      take_text(number->lexeme, value.span, taken);
    else if (const bool* boolean = value.boolean())
      take_text(*boolean ? "true" : "false", value.span, taken);
    else
      return error(value.span, "a condition value is text, a number or a boolean");
    for (SourceText& text : taken) {
      auto operand = parse_operand(out.op, text.text, document_.version);
      if (!operand) {
        error(text.span, operand.error());
        continue;
      }
      if (const auto* pattern = std::get_if<Pattern>(&*operand)) {
        check_pieces(*pattern, text.span);
        const bool exact =
            out.op == Operator::StringEquals || out.op == Operator::StringEqualsIgnoreCase;
        if (exact && text.text.contains('*'))
          warn(text.span, "`*` means itself in this operator",
               "use the operator with `Like` for a wildcard");
      }
      out.values.push_back(std::move(text));
    }
  }

  const DocumentLimits& limits_;
  Document document_;
  std::set<std::string> sids_;
  std::size_t values_ = 0;
  std::size_t errors_ = 0;
  std::vector<Diagnostic> diagnostics_;
};

// Source: IAM quotas page: U+0009, U+000A, U+000D, U+0020 to U+00FF.  Anything else is refused here
// too, so that a document means the same at the gateway and in the cloud.
std::optional<std::size_t> first_foreign_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0xc4) return i;  // beyond U+00FF
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::IotDevice: return "iot-device";
    case DocumentKind::Identity: return "identity";
    case DocumentKind::Resource: return "resource";
  }
  return "identity";
}

Parsed<Document> parse_document(std::string_view text, DocumentKind kind, const std::string& file,
                                const DocumentLimits& limits) {
  Parsed<Document> out;
  auto parsed = json::parse(text, {.file = file, .bytes_max = limits.bytes_max, .depth_max = 16});
  if (!parsed.value) {
    out.diagnostics = std::move(parsed.diagnostics);
    return out;
  }
  if (const auto at = first_foreign_character(text)) {
    const std::string_view before = text.substr(0, *at);
    const std::size_t line_start =
        before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    out.diagnostics.push_back(
        {Severity::Error,
         {file, static_cast<std::uint32_t>(1 + std::ranges::count(before, '\n')),
          static_cast<std::uint32_t>(*at - line_start + 1)},
         "a character beyond U+00FF cannot stand in a policy document",
         ""});
    return out;
  }
  return Reader(kind, limits).run(*parsed.value, file);
}

}  // namespace sealane::policy
