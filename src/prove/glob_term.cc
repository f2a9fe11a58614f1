// SPDX-License-Identifier: Apache-2.0
#include "prove/glob_term_internal.h"

#include <algorithm>
#include <vector>

#include "solver/smt_text.h"

namespace sealane::prove {
namespace {

using Kind = policy::PatternPiece::Kind;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Result<Term> literal_language(std::string_view text, policy::CaseRule rule) {
  if (rule == policy::CaseRule::Exact || std::ranges::none_of(text, is_letter)) {
    SEALANE_ASSIGN(const std::string literal, solver::string_literal(text));
    return apply("str.to_re", {literal});
  }
  std::vector<Term> parts;
  std::string run;
  const auto end_run = [&]() -> Status {
    if (run.empty()) return {};
    SEALANE_ASSIGN(const std::string literal, solver::string_literal(run));
    parts.push_back(apply("str.to_re", {literal}));
    run.clear();
    return {};
  };
  for (const char c : text) {
    if (!is_letter(c)) {
      run += c;
      continue;
    }
    SEALANE_TRY(end_run());
    const std::string one(1, static_cast<char>(c | 0x20));
    const std::string other(1, static_cast<char>(c & ~0x20));
    parts.push_back("(re.union (str.to_re \"" + one + "\") (str.to_re \"" + other + "\"))");
  }
  SEALANE_TRY(end_run());
  if (parts.size() == 1) return parts.front();
  Term out = "(re.++";
  for (const Term& part : parts) out += " " + part;
  return out + ")";
}

Result<Term> language(const policy::Pattern& pattern, policy::CaseRule rule,
                      WildcardRule wildcards) {
  const bool free = wildcards == WildcardRule::Anything;
  const Term one = free ? "re.allchar" : "(re.diff re.allchar (str.to_re \":\"))";
  const Term run = free ? "re.all" : "(re.* " + one + ")";
  std::vector<Term> parts;
  for (const policy::PatternPiece& piece : pattern.pieces) {
    switch (piece.kind) {
      case Kind::Literal: {
        SEALANE_ASSIGN(Term literal, literal_language(piece.text, rule));
        parts.push_back(std::move(literal));
        break;
      }
      case Kind::AnyRun:
        if (parts.empty() || parts.back() != run) parts.push_back(run);
        break;
      case Kind::AnyOne: parts.push_back(one); break;
      case Kind::Variable:
        return fail(ErrorKind::Unsupported, "a variable where none can be expressed");
    }
  }
  if (parts.empty()) return Term("(str.to_re \"\")");
  if (parts.size() == 1) return parts.front();
  Term out = "(re.++";
  for (const Term& part : parts) out += " " + part;
  return out + ")";
}

bool is_literal(const policy::Pattern& pattern) {
  return std::ranges::all_of(pattern.pieces, [](const auto& p) { return p.kind == Kind::Literal; });
}

std::string literal_of(const policy::Pattern& pattern) {
  std::string out;
  for (const policy::PatternPiece& piece : pattern.pieces) out += piece.text;
  return out;
}

Term joined(std::span<const Term> texts) {
  if (texts.empty()) return "\"\"";
  if (texts.size() == 1) return texts.front();
  Term out = "(str.++";
  for (const Term& text : texts) out += " " + text;
  return out + ")";
}

}  // namespace

Result<Term> matches_pattern(const policy::Pattern& pattern, const Term& subject,
                             policy::CaseRule rule) {
  const auto& pieces = pattern.pieces;
  if (pieces.size() == 1 && pieces[0].kind == Kind::AnyRun) return Term("true");
  if (rule == policy::CaseRule::Exact && is_literal(pattern)) {
    SEALANE_ASSIGN(const std::string literal, solver::string_literal(literal_of(pattern)));
    return apply("=", {subject, literal});
  }
  if (rule == policy::CaseRule::Exact && pieces.size() == 2 && pieces[0].kind == Kind::Literal &&
      pieces[1].kind == Kind::AnyRun) {
    SEALANE_ASSIGN(const std::string literal, solver::string_literal(pieces[0].text));
    return apply("str.prefixof", {literal, subject});
  }
  SEALANE_ASSIGN(const Term set, language(pattern, rule, WildcardRule::Anything));
  return apply("str.in_re", {subject, set});
}

Result<Term> matches_arn_pattern(std::string_view pattern, const Term& subject) {
  if (pattern == "*") return Term("true");
  const auto parts = policy::split_arn_pattern(pattern, false);
  if (parts.size() != 6) return Term("false");
  Term set = "(re.++";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    SEALANE_ASSIGN(const policy::Pattern part,
                   policy::parse_pattern(parts[i], {.wildcards = true, .variables = false}));
    SEALANE_ASSIGN(const Term one,
                   language(part, policy::CaseRule::Exact,
                            i == 5 ? WildcardRule::Anything : WildcardRule::NoColon));
    set += (i == 0 ? " " : " (str.to_re \":\") ") + one;
  }
  return apply("str.in_re", {subject, set + ")"});
}

Term arn_language() {
  Term set = "(re.++ (str.to_re \"arn\")";
  for (int i = 0; i < 4; ++i)
    set += " (str.to_re \":\") (re.* (re.diff re.allchar (str.to_re \":\")))";
  return set + " (str.to_re \":\") re.all)";
}

Result<InstanceTerm> matches_instance(const policy::Pattern& pattern, const Term& subject,
                                      const VariableOf& variable_of) {
  // Runs of text between wildcards, each a list of String terms.
  std::vector<std::vector<Term>> runs(1);
  std::vector<Term> present;
  for (const policy::PatternPiece& piece : pattern.pieces) {
    switch (piece.kind) {
      case Kind::Literal: {
        SEALANE_ASSIGN(Term literal, solver::string_literal(piece.text));
        runs.back().push_back(std::move(literal));
        break;
      }
      case Kind::Variable: {
        SEALANE_ASSIGN(VariableTerm variable, variable_of(piece));
        runs.back().push_back(std::move(variable.text));
        present.push_back(std::move(variable.present));
        break;
      }
      case Kind::AnyRun: runs.emplace_back(); break;
      case Kind::AnyOne:
        return fail(ErrorKind::Unsupported, "a `?` beside a variable in one pattern");
    }
  }
  const Term has_values = conj(present);
  const Term first = joined(runs.front());
  if (runs.size() == 1) return InstanceTerm{apply("=", {subject, first}), has_values};
  // Greedy: each run at its first place behind the one before it; the last at the end.
  std::vector<Term> holds = {apply("str.prefixof", {first, subject})};
  Term at = apply("str.len", {first});
  for (std::size_t i = 1; i + 1 < runs.size(); ++i) {
    if (runs[i].empty()) continue;
    const Term run = joined(runs[i]);
    const Term place = apply("str.indexof", {subject, run, at});
    holds.push_back(apply(">=", {place, "0"}));
    at = apply("+", {place, apply("str.len", {run})});
  }
  const Term last = joined(runs.back());
  holds.push_back(apply("str.suffixof", {last, subject}));
  holds.push_back(
      apply("<=", {apply("+", {at, apply("str.len", {last})}), apply("str.len", {subject})}));
  return InstanceTerm{conj(holds), has_values};
}

}  // namespace sealane::prove
