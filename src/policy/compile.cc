// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "policy/compile_internal.h"
#include "policy/evaluate.h"
#include "policy/operator_arn.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

class Compiler {
 public:
  Result<Program> run(std::span<const Document> documents) {
    SEALANE_TRY(note_levels(documents));
    for (std::size_t i = 0; i < documents.size(); ++i) {
      document_ = &documents[i];
      program_.has_kind[static_cast<std::size_t>(document_->kind)] = true;
      auto& names = program_.names.emplace_back();
      for (std::size_t s = 0; s < document_->statements.size(); ++s) {
        const Statement& statement = document_->statements[s];
        names.push_back(name_of(statement));
        SEALANE_ASSIGN(CompiledStatement compiled, compile_statement(statement));
        compiled.document = static_cast<std::uint32_t>(i);
        compiled.statement = static_cast<std::uint32_t>(s);
        program_.statements.push_back(std::move(compiled));
      }
      if (program_.keys.size() > KeySet::kKeysMax)
        return fail(ErrorKind::TooLarge, "the documents name more than " +
                                             std::to_string(KeySet::kKeysMax) + " condition keys");
    }
    std::ranges::sort(program_.statements, {}, [](const CompiledStatement& statement) {
      const int slot = statement.effect == Effect::Deny ? -1 : statement.slot;
      return std::tuple(slot, statement.document, statement.statement);
    });
    program_.index = build_action_index(program_.statements);
    return std::move(program_);
  }

 private:
  Status note_levels(std::span<const Document> documents) {
    std::set<std::uint32_t> levels;
    for (const Document& document : documents)
      if (document.kind == DocumentKind::Scp) levels.insert(document.level);
    if (levels.size() > kScpLevelsMax)
      return fail(ErrorKind::TooLarge, "service control policies stand at more than " +
                                           std::to_string(kScpLevelsMax) + " levels");
    program_.scp_levels.assign(levels.begin(), levels.end());
    return {};
  }

  StatementName name_of(const Statement& statement) const {
    StatementName out{document_->file, statement.sid, statement.span.line, {}};
    for (const Condition& condition : statement.conditions)
      out.conditions.push_back(condition.operator_name + " " + condition.key_name);
    return out;
  }

  std::uint8_t slot_of_document() const {
    auto slot = [](Slot one) { return static_cast<std::uint8_t>(one); };
    switch (document_->kind) {
      case DocumentKind::IotDevice: return slot(Slot::Device);
      case DocumentKind::Identity: return slot(Slot::Identity);
      case DocumentKind::Resource:
      case DocumentKind::Trust:
      case DocumentKind::Kms: return slot(Slot::Resource);
      case DocumentKind::Boundary: return slot(Slot::Boundary);
      case DocumentKind::Session: return slot(Slot::Session);
      case DocumentKind::VpcEndpoint: return slot(Slot::VpcEndpoint);
      case DocumentKind::Rcp: return slot(Slot::Nothing);
      case DocumentKind::Scp: break;
    }
    const auto at = std::ranges::lower_bound(program_.scp_levels, document_->level);
    return static_cast<std::uint8_t>(slot(Slot::FirstScp) + (at - program_.scp_levels.begin()));
  }

  Status compile_principals(const Statement& from, CompiledStatement& out) {
    if (!from.principals) {
      if (names_principals(document_->kind))
        return fail(ErrorKind::Invalid, "a statement names no principal");
      return {};
    }
    out.principal_polarity = from.principals->polarity;
    out.everyone = false;
    for (const PrincipalEntry& entry : from.principals->entries) {
      if (entry.type == PrincipalEntry::Type::Everyone) out.everyone = true;
      CompiledPrincipal& compiled = out.principals.emplace_back();
      compiled.type = entry.type;
      compiled.text = entry.text.text;
      if (entry.type != PrincipalEntry::Type::Account) continue;
      if (const auto arn = split_arn(entry.text.text)) {
        compiled.text = (*arn)[4];
        compiled.partition = (*arn)[1];
      }
    }
    return {};
  }

  Status compile_resources(const Statement& from, CompiledStatement& out) {
    out.resource_polarity = from.resource_polarity;
    // The role that the document belongs to.
    if (document_->kind == DocumentKind::Trust) out.any_resource = true;
    for (const SourceText& resource : from.resources) {
      SEALANE_ASSIGN(
          ResourcePattern pattern,
          parse_resource(resource.text, {.kind = document_->kind, .version = document_->version}));
      if (pattern.everything) {
        out.any_resource = true;
        continue;
      }
      intern_variables(pattern.resource);
      out.resources.push_back(std::move(pattern));
    }
    return {};
  }

  Result<CompiledStatement> compile_statement(const Statement& from) {
    CompiledStatement out;
    out.kind = document_->kind;
    out.effect = from.effect;
    out.slot = slot_of_document();
    SEALANE_TRY(compile_principals(from, out));
    out.action_polarity = from.action_polarity;
    for (const SourceText& action : from.actions) {
      SEALANE_ASSIGN(ActionPattern pattern, parse_action(action.text));
      out.actions.push_back(std::move(pattern));
    }
    SEALANE_TRY(compile_resources(from, out));
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
    for (PatternPiece& piece : pattern.pieces)
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

  Program program_;
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
