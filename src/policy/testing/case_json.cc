// SPDX-License-Identifier: Apache-2.0
#include "policy/testing/case_json.h"

#include <array>
#include <chrono>
#include <map>
#include <utility>

#include "base/check.h"
#include "policy/testing/texts.h"

namespace sealane::policy::reference {
namespace {

constexpr std::array<std::string_view, 27> kBases = {"StringEquals",
                                                     "StringNotEquals",
                                                     "StringEqualsIgnoreCase",
                                                     "StringNotEqualsIgnoreCase",
                                                     "StringLike",
                                                     "StringNotLike",
                                                     "NumericEquals",
                                                     "NumericNotEquals",
                                                     "NumericLessThan",
                                                     "NumericLessThanEquals",
                                                     "NumericGreaterThan",
                                                     "NumericGreaterThanEquals",
                                                     "DateEquals",
                                                     "DateNotEquals",
                                                     "DateLessThan",
                                                     "DateLessThanEquals",
                                                     "DateGreaterThan",
                                                     "DateGreaterThanEquals",
                                                     "Bool",
                                                     "BinaryEquals",
                                                     "IpAddress",
                                                     "NotIpAddress",
                                                     "ArnEquals",
                                                     "ArnNotEquals",
                                                     "ArnLike",
                                                     "ArnNotLike",
                                                     "Null"};

// --- writing

using Texts = std::vector<std::string>;

// One text and a list of one text are the same in the language.
void write_texts(json::Writer& out, const Texts& texts) {
  if (texts.size() == 1) {
    out.value(texts[0]);
    return;
  }
  out.begin_array();
  for (const std::string& text : texts) out.value(text);
  out.end_array();
}

void write_principals(json::Writer& out, const ModelStatement& statement) {
  if (statement.principals.empty()) return;
  out.key(statement.not_principal ? "NotPrincipal" : "Principal");
  if (statement.principals[0].type == "*") {
    out.value("*");
    return;
  }
  std::map<std::string, Texts> by_type;
  for (const auto& [type, value] : statement.principals) by_type[type].push_back(value);
  out.begin_object();
  for (const auto& [type, values] : by_type) {
    out.key(type);
    write_texts(out, values);
  }
  out.end_object();
}

void write_statement(json::Writer& out, const ModelStatement& statement) {
  out.begin_object().field("Effect", std::string_view(statement.allow ? "Allow" : "Deny"));
  write_principals(out, statement);
  out.key(statement.not_action ? "NotAction" : "Action");
  write_texts(out, statement.actions);
  if (!statement.resources.empty()) {
    out.key(statement.not_resource ? "NotResource" : "Resource");
    write_texts(out, statement.resources);
  }
  std::map<std::string, std::vector<const ModelCondition*>> blocks;
  for (const ModelCondition& one : statement.conditions)
    blocks[one.quantifier + one.base + (one.if_exists ? "IfExists" : "")].push_back(&one);
  if (!blocks.empty()) {
    out.key("Condition").begin_object();
    for (const auto& [name, conditions] : blocks) {
      out.key(name).begin_object();
      for (const ModelCondition* one : conditions) {
        out.key(one->key);
        write_texts(out, one->values);
      }
      out.end_object();
    }
    out.end_object();
  }
  out.end_object();
}

void write_value(json::Writer& out, const json::Value& value) {
  if (const std::string* text = value.text()) {
    out.value(*text);
  } else if (const json::Number* number = value.number()) {
    out.raw(number->lexeme);
  } else if (const bool* boolean = value.boolean()) {
    out.value(*boolean);
  } else if (const json::Value::Array* items = value.array()) {
    out.begin_array();
    for (const json::Value& item : *items) write_value(out, item);
    out.end_array();
  } else if (const json::Value::Object* members = value.object()) {
    out.begin_object();
    for (const json::Member& member : *members) {
      out.key(member.name);
      write_value(out, member.value);
    }
    out.end_object();
  } else {
    out.null();
  }
}

// --- reading

Error not_a_case(const std::string& what) { return fail(ErrorKind::Invalid, what, ""); }

Result<json::Value> parse_json(std::string_view text) {
  auto parsed = json::parse(text);
  if (!parsed.value) return not_a_case(to_text(parsed.diagnostics.at(0)));
  return std::move(*parsed.value);
}

std::string scalar(const json::Value& value) {
  if (const std::string* text = value.text()) return *text;
  if (const json::Number* number = value.number()) return number->lexeme;
  if (const bool* boolean = value.boolean()) return *boolean ? "true" : "false";
  return {};
}
Texts scalars(const json::Value& value) {
  Texts out;
  if (const json::Value::Array* items = value.array())
    for (const json::Value& item : *items) out.push_back(scalar(item));
  else
    out.push_back(scalar(value));
  return out;
}

std::optional<ModelCondition> read_operator(const std::string& name) {
  ModelCondition out;
  std::string rest = lower_case(name);
  for (const std::string quantifier : {"ForAllValues:", "ForAnyValue:"})
    if (rest.starts_with(lower_case(quantifier))) {
      out.quantifier = quantifier;
      rest.erase(0, quantifier.size());
    }
  if (rest.ends_with("ifexists")) {
    out.if_exists = true;
    rest.resize(rest.size() - 8);
  }
  for (const std::string_view base : kBases)
    if (lower_case(std::string(base)) == rest) out.base = base;
  return out.base.empty() ? std::nullopt : std::optional(out);
}

void read_principals(const json::Value& value, ModelStatement& out) {
  if (value.text() != nullptr) {
    out.principals.push_back({"*", "*"});
  } else if (const json::Value::Object* members = value.object()) {
    for (const json::Member& member : *members)
      for (const std::string& text : scalars(member.value))
        out.principals.push_back({member.name, text});
  }
}

Result<ModelStatement> read_statement(const json::Value& value) {
  ModelStatement out;
  if (value.object() == nullptr) return not_a_case("a statement is no object");
  for (const json::Member& member : *value.object()) {
    const bool negated = member.name.starts_with("Not");
    const std::string name = negated ? member.name.substr(3) : member.name;
    if (name == "Effect") out.allow = scalar(member.value) == "Allow";
    if (name == "Principal") {
      out.not_principal = negated;
      read_principals(member.value, out);
    }
    if (name == "Action") {
      out.not_action = negated;
      out.actions = scalars(member.value);
    }
    if (name == "Resource") {
      out.not_resource = negated;
      out.resources = scalars(member.value);
    }
    if (name != "Condition" || member.value.object() == nullptr) continue;
    for (const json::Member& block : *member.value.object()) {
      auto condition = read_operator(block.name);
      if (!condition || block.value.object() == nullptr) return not_a_case(block.name);
      for (const json::Member& key : *block.value.object()) {
        condition->key = key.name;
        condition->values = scalars(key.value);
        out.conditions.push_back(*condition);
      }
    }
  }
  return out;
}

ModelPrincipal read_principal(const json::Value& value) {
  if (const json::Value::Object* members = value.object(); members != nullptr && !members->empty())
    return {members->front().name, scalar(members->front().value)};
  const std::string who = scalar(value);
  if (who == "anonymous") return {who, ""};
  return {"AWS", who};
}
bool flag(const json::Value& value, std::string_view name) {
  const json::Value* one = value.find(name);
  return one != nullptr && one->boolean() != nullptr && *one->boolean();
}

bool has_levels(DocumentKind kind) {
  return kind == DocumentKind::Scp || kind == DocumentKind::Rcp;
}

void add_source(DocumentKind kind, std::uint32_t level, const json::Value& value,
                std::vector<SourceDocument>& out) {
  json::Writer text;
  write_value(text, value);
  out.push_back({kind, level, value.text() != nullptr ? *value.text() : text.str()});
}

}  // namespace

std::string document_json(const ModelDocument& document) {
  json::Writer out;
  out.begin_object().field("Version",
                           std::string_view(document.v2012 ? "2012-10-17" : "2008-10-17"));
  out.key("Statement").begin_array();
  for (const ModelStatement& statement : document.statements) write_statement(out, statement);
  out.end_array().end_object();
  return out.str();
}

std::string documents_json(std::span<const ModelDocument> documents) {
  std::map<DocumentKind, std::map<std::uint32_t, Texts>> by_kind;
  for (const ModelDocument& document : documents)
    by_kind[document.kind][document.level].push_back(document_json(document));
  json::Writer out;
  out.begin_object();
  for (const auto& [kind, levels] : by_kind) {
    out.key(to_string(kind)).begin_array();
    for (const auto& [level, texts] : levels) {
      if (has_levels(kind)) out.begin_array();
      for (const std::string& text : texts) out.raw(text);
      if (has_levels(kind)) out.end_array();
    }
    out.end_array();
  }
  out.end_object();
  return out.str();
}

std::string request_json(const ModelRequest& request) {
  json::Writer out;
  out.begin_object();
  if (request.principal.type != "device") out.key("principal");
  if (request.principal.type == "AWS")
    out.value(request.principal.value);
  else if (request.principal.type == "anonymous")
    out.value(request.principal.type);
  else if (request.principal.type != "device")
    out.begin_object().field(request.principal.type, request.principal.value).end_object();
  out.field("action", request.action).field("resource", request.resource);
  if (!request.resource_account.empty()) out.field("resource_account", request.resource_account);
  out.key("context").begin_object();
  for (const auto& [key, value] : request.context) {
    out.key(key);
    if (!value.multi) {
      out.value(value.values.at(0));
      continue;
    }
    out.begin_array();
    for (const std::string& one : value.values) out.value(one);
    out.end_array();
  }
  out.end_object();
  out.field("now",
            to_rfc3339(Time(std::chrono::seconds(request.now))).substr(0, 19) + std::string("Z"));
  out.key("exemptions").begin_object();
  out.field("principal_in_management_account", request.principal_in_management_account);
  out.field("resource_in_management_account", request.resource_in_management_account);
  out.field("aws_managed_key", request.aws_managed_key);
  out.end_object().end_object();
  return out.str();
}

Result<std::vector<SourceDocument>> read_documents(std::string_view text) {
  SEALANE_ASSIGN(json::Value root, parse_json(text));
  if (root.object() == nullptr) return not_a_case("documents are an object by kind");
  std::vector<SourceDocument> out;
  for (const json::Member& member : *root.object()) {
    const auto kind = parse_document_kind(member.name);
    if (!kind || member.value.array() == nullptr) return not_a_case(member.name);
    std::uint32_t level = 0;
    for (const json::Value& item : *member.value.array()) {
      if (!has_levels(*kind)) {
        add_source(*kind, 0, item, out);
        continue;
      }
      if (item.array() == nullptr) return not_a_case("a level is a list of documents");
      for (const json::Value& one : *item.array()) add_source(*kind, level, one, out);
      ++level;
    }
  }
  return out;
}

Result<ModelRequest> read_request(std::string_view text) {
  SEALANE_ASSIGN(json::Value root, parse_json(text));
  if (root.object() == nullptr) return not_a_case("a request is an object");
  ModelRequest out;
  out.principal = {"device", ""};
  out.now = 1'800'000'000;
  out.action = root.text_or_empty("action");
  out.resource = root.text_or_empty("resource");
  out.resource_account = root.text_or_empty("resource_account");
  if (const json::Value* who = root.find("principal")) out.principal = read_principal(*who);
  if (const json::Value* now = root.find("now")) {
    const auto date = date_of(scalar(*now), 1'000'000);
    if (!date) return not_a_case("now");
    out.now = *date / 1'000'000;
  }
  if (const json::Value* context = root.find("context"); context != nullptr && context->object())
    for (const json::Member& key : *context->object())
      out.context[lower_case(key.name)] = {key.value.array() != nullptr, scalars(key.value)};
  if (const json::Value* exemptions = root.find("exemptions")) {
    out.principal_in_management_account = flag(*exemptions, "principal_in_management_account");
    out.resource_in_management_account = flag(*exemptions, "resource_in_management_account");
    out.aws_managed_key = flag(*exemptions, "aws_managed_key");
  }
  return out;
}

Result<ModelDocument> read_model(const SourceDocument& document) {
  SEALANE_ASSIGN(json::Value root, parse_json(document.text));
  ModelDocument out;
  out.kind = document.kind;
  out.level = document.level;
  out.v2012 = root.text_or_empty("Version") == "2012-10-17";
  const json::Value* statements = root.find("Statement");
  if (statements == nullptr) return not_a_case("no Statement");
  if (const json::Value::Array* items = statements->array()) {
    for (const json::Value& item : *items) {
      SEALANE_ASSIGN(ModelStatement statement, read_statement(item));
      out.statements.push_back(std::move(statement));
    }
  } else {
    SEALANE_ASSIGN(ModelStatement statement, read_statement(*statements));
    out.statements.push_back(std::move(statement));
  }
  return out;
}

std::optional<std::vector<Document>> parse_all(std::span<const SourceDocument> sources) {
  std::vector<Document> out;
  for (const SourceDocument& source : sources) {
    auto parsed = parse_document(source.text, source.kind, "p.json");
    if (!parsed.value) return std::nullopt;
    parsed.value->level = source.level;
    out.push_back(std::move(*parsed.value));
  }
  return out;
}

std::optional<std::vector<Document>> parse_all(std::span<const ModelDocument> models) {
  std::vector<SourceDocument> sources;
  for (const ModelDocument& model : models)
    sources.push_back({model.kind, model.level, document_json(model)});
  return parse_all(sources);
}

Result<Principal> principal_of(const ModelRequest& request) {
  const auto& [type, value] = request.principal;
  if (type == "device") return Principal::device();
  if (type == "anonymous") return Principal::anonymous();
  return parse_principal(type, value);
}

Context context_of(const ModelRequest& request) {
  Context out;
  for (const auto& [key, value] : request.context) {
    if (value.multi)
      out.set_list(key, value.values);
    else
      out.set(key, value.values.at(0));
  }
  return out;
}

Decision ask(const CompiledPolicies& policies, const ModelRequest& request) {
  const auto principal = principal_of(request);
  SEALANE_CHECK(principal);
  const Context context = context_of(request);
  return decide(
      policies,
      {.principal = *principal,
       .action = request.action,
       .resource = request.resource,
       .context = context,
       .now = Time(std::chrono::seconds(request.now)),
       .resource_account = request.resource_account,
       .exemptions = {.principal_in_management_account = request.principal_in_management_account,
                      .resource_in_management_account = request.resource_in_management_account,
                      .aws_managed_key = request.aws_managed_key}});
}

}  // namespace sealane::policy::reference
