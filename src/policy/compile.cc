// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "policy/compile_internal.h"
#include "policy/evaluate.h"
#include "policy/text_internal.h"

namespace sealane::policy {
namespace {

// Actions that the fronts ask about, beside those that documents name.
constexpr std::array<std::string_view, 8> kCommonActions = {
    "iot:connect",       "iot:publish",  "iot:subscribe", "iot:receive",
    "iot:retainpublish", "s3:putobject", "s3:getobject",  "s3:listbucket"};

class Compiler {
 public:
  Result<Program> run(std::span<const Document> documents) {
    for (std::size_t i = 0; i < documents.size(); ++i) {
      document_ = &documents[i];
      auto& names = program_.names.emplace_back();
      for (std::size_t s = 0; s < document_->statements.size(); ++s) {
        const Statement& statement = document_->statements[s];
        names.push_back({document_->file, statement.sid, statement.span.line});
        SEALANE_ASSIGN(CompiledStatement compiled, compile_statement(statement));
        compiled.document = static_cast<std::uint32_t>(i);
        compiled.statement = static_cast<std::uint32_t>(s);
        (compiled.effect == Effect::Deny ? denies_ : allows_).push_back(std::move(compiled));
      }
    }
    if (program_.keys.size() > KeySet::kKeysMax)
      return fail(ErrorKind::TooLarge, "the documents name more than " +
                                           std::to_string(KeySet::kKeysMax) + " condition keys");
    program_.statements = std::move(denies_);
    std::ranges::move(allows_, std::back_inserter(program_.statements));
    fill_action_rows();
    return std::move(program_);
  }

 private:
  Result<CompiledStatement> compile_statement(const Statement& from) {
    CompiledStatement out;
    out.kind = document_->kind;
    out.effect = from.effect;
    if (document_->kind == DocumentKind::Resource && !from.principals)
      return fail(ErrorKind::Invalid, "a statement of a resource policy names no principal");
    if (from.principals) {
      out.principal_any = from.principals->everyone;
      for (const SourceText& arn : from.principals->arns) out.principal_arns.push_back(arn.text);
    }
    out.action_polarity = from.action_polarity;
    for (const SourceText& action : from.actions) {
      SEALANE_ASSIGN(ActionPattern pattern, parse_action(action.text));
      out.actions.push_back(std::move(pattern));
    }
    out.resource_polarity = from.resource_polarity;
    for (const SourceText& resource : from.resources) {
      SEALANE_ASSIGN(
          ResourcePattern pattern,
          parse_resource(resource.text, {.kind = document_->kind, .version = document_->version}));
      intern_variables(pattern.resource);
      out.resources.push_back(std::move(pattern));
    }
    for (const Condition& condition : from.conditions) {
      SEALANE_ASSIGN(CompiledCondition compiled, compile_condition(condition));
      out.conditions.push_back(std::move(compiled));
    }
    return out;
  }

  Result<CompiledCondition> compile_condition(const Condition& from) {
    CompiledCondition out{.op = from.op,
                          .quantifier = from.quantifier,
                          .negated = from.negated,
                          .if_exists = from.if_exists,
                          .key = intern(to_lower(from.key)),
                          .values = {}};
    for (const SourceText& value : from.values) {
      SEALANE_ASSIGN(Operand operand, parse_operand(from.op, value.text, document_->version));
      if (auto* pattern = std::get_if<Pattern>(&operand)) intern_variables(*pattern);
      out.values.push_back(std::move(operand));
    }
    return out;
  }

  void intern_variables(Pattern& pattern) {
    for (PatternPiece& piece : pattern)
      if (piece.kind == PatternPiece::Kind::Variable) piece.key = intern(piece.text);
  }

  std::size_t intern(const std::string& key) {
    const auto [at, added] = key_index_.try_emplace(key, program_.keys.size());
    if (added) {
      program_.keys.push_back(key);
      program_.key_sources.push_back(key_source(key));
    }
    return at->second;
  }

  void fill_action_rows() {
    std::set<std::string> actions(kCommonActions.begin(), kCommonActions.end());
    for (const CompiledStatement& statement : program_.statements)
      for (const ActionPattern& pattern : statement.actions)
        if (!pattern.everything && !has_wildcard(pattern.name))
          actions.insert(pattern.service + ":" + pattern.name.front().text);
    for (const std::string& action : actions) {
      Program::ActionRow row{action, {}};
      for (std::uint32_t i = 0; i < program_.statements.size(); ++i)
        if (matches_action(program_.statements[i], action)) row.statements.push_back(i);
      program_.action_rows.push_back(std::move(row));
    }
  }

  Program program_;
  std::vector<CompiledStatement> denies_;
  std::vector<CompiledStatement> allows_;
  const Document* document_ = nullptr;
  std::map<std::string, std::size_t> key_index_;
};

}  // namespace

KeySource key_source(std::string_view key) {
  if (key == "aws:currenttime") return KeySource::CurrentTime;
  if (key == "aws:epochtime") return KeySource::EpochTime;
  if (key == "aws:principalarn") return KeySource::PrincipalArn;
  return KeySource::Context;
}

CompiledPolicies compile(std::span<const Document> documents) {
  auto program = Compiler().run(documents);
  if (!program) return CompiledPolicies::not_evaluable(program.error().message);
  return CompiledPolicies(std::make_shared<const Program>(std::move(*program)));
}

CompiledPolicies CompiledPolicies::not_evaluable(std::string reason) {
  Program program;
  program.broken = std::move(reason);
  return CompiledPolicies(std::make_shared<const Program>(std::move(program)));
}

std::span<const std::string> CompiledPolicies::keys() const { return program_->keys; }

KeySet CompiledPolicies::key_set(std::span<const std::string_view> names) const {
  KeySet out;
  for (std::string_view name : names) {
    const std::string lower_name = to_lower(name);
    const bool prefix = lower_name.ends_with('*');
    const std::string_view wanted =
        std::string_view(lower_name).substr(0, lower_name.size() - (prefix ? 1 : 0));
    for (std::size_t i = 0; i < program_->keys.size(); ++i) {
      const std::string& key = program_->keys[i];
      if (prefix ? key.starts_with(wanted) : key == wanted) out.add(i);
    }
  }
  return out;
}

}  // namespace sealane::policy
