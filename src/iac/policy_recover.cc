// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "iac/placeholder_internal.h"
#include "iac/policy_recover_internal.h"
#include "iac/shape_internal.h"

namespace sealane::iac {
namespace {

constexpr std::string_view kDocument = "aws_iam_policy_document";

Value text_value(std::string text, Place place) {
  Value out;
  out.place = place;
  out.data = std::move(text);
  return out;
}

// How a text could have been written so that a plan shows it, for the first resource that is named.
std::string how_to_write(const System& system, const std::vector<Reference>& references) {
  for (const Reference& reference : references) {
    if (reference.target >= system.resources.size()) continue;
    const Resource& resource = system.resources[reference.target];
    if (resource.type.starts_with("aws_s3_bucket"))
      return fmt::format(
          "build the ARN from the name: `arn:aws:s3:::${{{0}.bucket}}` and "
          "`arn:aws:s3:::${{{0}.bucket}}/*` in place of `{0}.arn`; a bucket whose `bucket` is "
          "given "
          "has it before the apply",
          resource.address);
  }
  return "write ARNs from names that the configuration gives, not from `.arn`, or check the plan "
         "after the first apply";
}

// The data source writes `&{aws:username}` for what a policy writes `${aws:username}`.
void unmask(Value& value) {
  if (auto* text = std::get_if<std::string>(&value.data)) {
    for (std::size_t at = text->find("&{"); at != std::string::npos; at = text->find("&{", at + 2))
      (*text)[at] = '$';
  } else if (auto* list = std::get_if<Value::List>(&value.data)) {
    for (Value& item : *list) unmask(item);
  }
}

bool is_empty(const Value* value) {
  return value == nullptr || value->is_null() ||
         (value->list() != nullptr && value->list()->empty()) ||
         (value->text() != nullptr && value->text()->empty());
}

// One block of JSON configuration is a map where several are a list.
Value as_list(const Value& blocks) {
  if (blocks.map() == nullptr) return blocks;
  Value out;
  out.place = blocks.place;
  out.data = Value::List{blocks};
  return out;
}

// `principals { type = "AWS" identifiers = [...] }`, several of them.
Value principals_of(const Value& blocks) {
  Value out;
  out.place = blocks.place;
  if (blocks.list() == nullptr) {
    out.data = Unknown{"known after apply", {}};
    return out;
  }
  auto& made = out.data.emplace<Value::Map>();
  for (const Value& block : *blocks.list()) {
    const Value* type = block.find("type");
    const Value* identifiers = block.find("identifiers");
    if (type == nullptr || type->text() == nullptr || identifiers == nullptr) {
      out.data = Unknown{"known after apply", {}};
      return out;
    }
    if (*type->text() == "*") return text_value("*", blocks.place);
    Value list = *identifiers;
    unmask(list);
    const auto same = std::ranges::find(made, *type->text(), &Field::name);
    if (same == made.end())
      made.push_back({*type->text(), std::move(list)});
    else if (same->value.list() != nullptr && list.list() != nullptr)
      for (const Value& each : *list.list())
        std::get<Value::List>(same->value.data).push_back(each);
    else
      same->value.data = Unknown{"known after apply", {}};
  }
  return out;
}

// `condition { test = "Bool" variable = "aws:SecureTransport" values = ["false"] }`, several.
Value conditions_of(const Value& blocks) {
  Value out;
  out.place = blocks.place;
  auto unknown = [&] {
    out.data = Unknown{"known after apply", {}};
    return out;
  };
  if (blocks.list() == nullptr) return unknown();
  Value::Map operators;
  for (const Value& block : *blocks.list()) {
    const Value* test = block.find("test");
    const Value* variable = block.find("variable");
    const Value* values = block.find("values");
    if (test == nullptr || variable == nullptr || values == nullptr || test->text() == nullptr ||
        variable->text() == nullptr)
      return unknown();
    Value list = *values;
    unmask(list);
    auto op = std::ranges::find(operators, *test->text(), &Field::name);
    if (op == operators.end()) {
      operators.push_back({*test->text(), {}});
      op = operators.end() - 1;
      op->value.data = Value::Map{};
    }
    auto& keys = std::get<Value::Map>(op->value.data);
    // Values of a condition that is given twice are put together in an order of their own.
    if (std::ranges::find(keys, *variable->text(), &Field::name) != keys.end()) return unknown();
    keys.push_back({*variable->text(), std::move(list)});
  }
  out.data = std::move(operators);
  return out;
}

Value statement_of(const Value& block) {
  if (block.map() == nullptr) {
    Value out = block;
    if (out.unknown() == nullptr) out.data = Unknown{"known after apply", {}};
    return out;
  }
  Value out;
  out.place = block.place;
  auto& made = out.data.emplace<Value::Map>();
  const Value* effect = block.find("effect");
  made.push_back({"Effect", is_empty(effect) ? text_value("Allow", block.place) : *effect});
  if (const Value* sid = block.find("sid"); !is_empty(sid))
    made.insert(made.begin(), {"Sid", *sid});
  static constexpr std::pair<std::string_view, const char*> kLists[] = {
      {"actions", "Action"},
      {"not_actions", "NotAction"},
      {"resources", "Resource"},
      {"not_resources", "NotResource"}};
  for (const auto& [ours, theirs] : kLists)
    if (const Value* list = block.find(ours); !is_empty(list)) {
      made.push_back({theirs, *list});
      unmask(made.back().value);
    }
  for (const auto& [ours, theirs] :
       {std::pair("principals", "Principal"), std::pair("not_principals", "NotPrincipal")})
    if (const Value* blocks = block.find(ours); !is_empty(blocks))
      made.push_back({theirs, principals_of(as_list(*blocks))});
  if (const Value* blocks = block.find("condition"); !is_empty(blocks))
    made.push_back({"Condition", conditions_of(as_list(*blocks))});
  return out;
}

std::string sid_of(const Value& statement) {
  const Value* sid = statement.find("Sid");
  return sid == nullptr || sid->text() == nullptr ? std::string() : *sid->text();
}

// Statements of documents given as text; an Unknown for those that the input does not tell.
std::vector<Value> statements_in(const Value* documents) {
  std::vector<Value> out;
  if (is_empty(documents)) return out;
  auto lost = [&](const Value& what) {
    Value& made = out.emplace_back();
    made.place = what.place;
    made.data = Unknown{"of a source document that is known after apply", {}};
  };
  std::vector<const Value*> texts{documents};
  if (const auto* list = documents->list()) {
    texts.clear();
    for (const Value& item : *list) texts.push_back(&item);
  }
  for (const Value* text : texts) {
    if (is_empty(text)) continue;
    if (text->text() == nullptr) {
      lost(*text);
      continue;
    }
    const auto parsed = json::parse(*text->text(), {.file = "policy"});
    const json::Value* statements = parsed.value ? parsed.value->find("Statement") : nullptr;
    if (statements == nullptr) {
      lost(*text);
      continue;
    }
    const Value made = from_json(*statements, *text, nullptr);
    if (const auto* list = made.list())
      out.insert(out.end(), list->begin(), list->end());
    else
      out.push_back(made);
  }
  return out;
}

bool is_lost(const Value& statement) { return statement.unknown() != nullptr; }

// Source documents come first, a statement of the same sid takes their place, and overriding
// documents take the place of both.
Result<std::vector<Value>> merged(const Value& source) {
  std::vector<Value> out;
  auto lay_over = [&](std::vector<Value> later) {
    for (Value& statement : later) {
      const std::string sid = is_lost(statement) ? std::string() : sid_of(statement);
      const auto same = sid.empty() ? out.end() : std::ranges::find_if(out, [&](const Value& each) {
        return !is_lost(each) && sid_of(each) == sid;
      });
      if (same != out.end())
        *same = std::move(statement);
      else
        out.push_back(std::move(statement));
    }
  };
  for (const char* name : {"source_json", "source_policy_documents"})
    lay_over(statements_in(source.find(name)));
  std::vector<Value> own;
  if (const Value* blocks = source.find("statement"); !is_empty(blocks)) {
    if (const auto* list = blocks->list())
      for (const Value& block : *list) own.push_back(statement_of(block));
    else
      own.push_back(statement_of(*blocks));
  }
  lay_over(std::move(own));
  for (const char* name : {"override_json", "override_policy_documents"}) {
    auto over = statements_in(source.find(name));
    if (std::ranges::any_of(over, is_lost))
      return fail(ErrorKind::Unsupported,
                  "a document that overrides statements is known after apply",
                  "write the statements in the document itself");
    lay_over(std::move(over));
  }
  return out;
}

}  // namespace

Result<Value> recover_policy(const System& system, std::uint32_t owner, const Setting& setting,
                             PolicyText& out) {
  const Unknown* unknown = setting.value == nullptr ? nullptr : setting.value->unknown();
  if (unknown == nullptr || system.resources[owner].dialect != Dialect::Terraform)
    return fail(ErrorKind::Unsupported, setting.why,
                unknown == nullptr ? "give the parameter a value" : "");
  const auto& references = unknown->references;
  const bool whole =
      references.size() == 1 && references[0].target < system.resources.size() &&
      system.resources[references[0].target].type == kDocument &&
      (references[0].attribute == "json" || references[0].attribute == "minified_json");
  if (!whole) {
    const bool encoded =
        !references.empty() && std::ranges::none_of(references, [](const Reference& reference) {
          return reference.kind == Reference::Kind::Local || reference.resource.contains(kDocument);
        });
    return fail(ErrorKind::Unsupported,
                encoded ? "the document is text made with " + to_text(references[0]) +
                              ", which is known after apply; of such text a plan has no part"
                        : "the document is " + setting.why,
                how_to_write(system, references));
  }
  const Resource& source = system.resources[references[0].target];
  SEALANE_ASSIGN(std::vector<Value> statements, merged(source.properties));
  std::vector<Reference> named;
  for (const Value& statement : statements)
    for (const char* element : {"Resource", "NotResource"}) {
      const Value* value = statement.find(element);
      if (value == nullptr) continue;
      if (value->unknown() != nullptr)
        named.insert(named.end(), value->unknown()->references.begin(),
                     value->unknown()->references.end());
      if (const auto* list = value->list())
        for (const Value& item : *list)
          if (item.unknown() != nullptr)
            named.insert(named.end(), item.unknown()->references.begin(),
                         item.unknown()->references.end());
    }
  out.hint = how_to_write(system, named);
  out.assumed.push_back(
      fmt::format("the document is `{}.json` as it is: a plan does not show functions around it",
                  source.address));
  Value document;
  document.place = source.place;
  auto& fields = document.data.emplace<Value::Map>();
  const Value* version = source.properties.find("version");
  fields.push_back({"Version", is_empty(version) || version->text() == nullptr
                                   ? text_value("2012-10-17", source.place)
                                   : *version});
  Value list;
  list.place = source.place;
  list.data = std::move(statements);
  fields.push_back({"Statement", std::move(list)});
  return document;
}

}  // namespace sealane::iac
