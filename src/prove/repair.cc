// SPDX-License-Identifier: Apache-2.0
#include "prove/repair.h"

#include <algorithm>
#include <set>

#include "policy/evaluate.h"
#include "prove/encode_internal.h"
#include "prove/preserve_internal.h"
#include "prove/repair_edit_internal.h"

namespace sealane::prove {
namespace {

// Edits that go together; more than this many are no small change.
constexpr std::size_t kTogetherMax = 3;

Result<Term> denied_by(Encoder& encoder, const policy::Document& document) {
  std::vector<Term> denies;
  for (const policy::Statement& statement : document.statements) {
    if (statement.effect != policy::Effect::Deny) continue;
    SEALANE_ASSIGN(Term applies, encoder.matches(document, statement));
    denies.push_back(std::move(applies));
  }
  return disj(denies);
}

bool denies(const policy::Document& document, const Counterexample& example) {
  const auto compiled = policy::compile(std::span(&document, 1));
  const policy::Request request = example.request.at(example.request.now.value_or(Time()));
  return policy::decide(compiled, request).outcome() == policy::Outcome::ExplicitlyDenied;
}

// Tries one set of edits after another.
class Repairing {
 public:
  Repairing(const policy::Catalogue& catalogue, const Scope& scope, std::string_view text,
            const Counterexample& example, std::span<solver::Solver> solvers,
            const Options& options)
      : catalogue_(catalogue),
        scope_(scope),
        text_(text),
        solvers_(solvers),
        options_(options),
        seen_({example}) {}

  std::optional<Repair> run() {
    auto parsed = policy::parse_document(text_, policy::DocumentKind::Resource, "policy");
    if (!parsed.value) return std::nullopt;
    before_ = std::move(*parsed.value);
    const bool strict = !options_.axioms.contains(Axiom::A1);
    edits_ = possible_edits(before_, scope_, strict);
    for (std::size_t count = 1; count <= kTogetherMax; ++count)
      if (auto found = try_from(0, count, text_, "", true)) return found;
    return try_edit(
        {.kind = EditKind::AddDeny, .statement = 0, .operator_name = "", .key_name = ""});
  }

 private:
  std::optional<Repair> try_edit(const Edit& edit) {
    const auto edited = apply_edit(text_, edit, scope_);
    return edited ? judge(edited->text, edited->what, true) : std::nullopt;
  }

  // Every choice of `count` edits of one statement from the first-th on.
  std::optional<Repair> try_from(std::size_t first, std::size_t count, const std::string& text,
                                 const std::string& what, bool keeps) {
    if (count == 0) return judge(text, what, keeps);
    for (std::size_t i = first; i < edits_.size(); ++i) {
      if (!chosen_.empty() &&
          (edits_[i].statement != edits_[chosen_.front()].statement || splits_with(i)))
        continue;
      const auto edited = apply_edit(text, edits_[i], scope_);
      if (!edited) continue;
      chosen_.push_back(i);
      auto found =
          try_from(i + 1, count - 1, edited->text, what + (what.empty() ? "" : "; ") + edited->what,
                   keeps && edits_[i].kind != EditKind::Invert);
      chosen_.pop_back();
      if (found) return found;
    }
    return std::nullopt;
  }

  // A statement that was split is two: what comes behind it would be done to the first.
  bool splits_with(std::size_t next) const {
    return edits_[next].kind != EditKind::Split && std::ranges::any_of(chosen_, [&](std::size_t i) {
             return edits_[i].kind == EditKind::Split;
           });
  }

  std::optional<Repair> judge(const std::string& text, const std::string& what, bool keeps) {
    if (proofs_ >= kRepairProofsMax) return std::nullopt;
    auto parsed = policy::parse_document(text, policy::DocumentKind::Resource, "policy");
    if (!parsed.value) return std::nullopt;
    const std::span after(&*parsed.value, 1);
    if (!std::ranges::all_of(seen_,
                             [&](const Counterexample& one) { return denies(after[0], one); }))
      return std::nullopt;
    ++proofs_;
    Proof proof = prove(catalogue_, scope_, after, solvers_, options_);
    if (proof.counterexample) seen_.push_back(*proof.counterexample);
    if (proof.outcome != Outcome::Holds) return std::nullopt;
    if (!denies_nothing_new_over_tls(catalogue_, scope_, before_, after[0], keeps, solvers_,
                                     options_.axioms))
      return std::nullopt;
    return Repair{text, what, keeps, std::move(proof)};
  }

  const policy::Catalogue& catalogue_;
  const Scope& scope_;
  const std::string text_;
  std::span<solver::Solver> solvers_;
  const Options& options_;
  std::vector<Counterexample> seen_;  // a repair denies each
  policy::Document before_;
  std::vector<Edit> edits_;
  std::vector<std::size_t> chosen_;
  std::size_t proofs_ = 0;
};

}  // namespace

bool denies_nothing_new_over_tls(const policy::Catalogue& catalogue, const Scope& scope,
                                 const policy::Document& before, const policy::Document& after,
                                 bool alike, std::span<solver::Solver> solvers,
                                 const AxiomSet& axioms) {
  const std::vector<policy::Document> both = {before, after};
  auto encoder = Encoder::create(catalogue, scope, both);
  if (!encoder.ok()) return false;
  const auto denied_before = denied_by(*encoder, both[0]);
  const auto denied_after = denied_by(*encoder, both[1]);
  if (!denied_before.ok() || !denied_after.ok()) return false;
  const Term change = alike ? "(distinct " + *denied_before + " " + *denied_after + ")"
                            : conj({*denied_after, negate(*denied_before)});
  const Term question = conj({negate(encoder->plain()), change});
  encoder->note_names(question);
  AxiomSet with_presence = axioms;
  with_presence.insert(Axiom::A1);
  const solver::Query query{.script = encoder->preamble() + "(assert " + question + ")\n",
                            .values = {},
                            .assumptions = encoder->axiom_names(with_presence)};
  const auto verdicts = solver::check_together(
      solvers, query, [](std::size_t, const solver::Verdict&) { return false; });
  const auto count = [&](solver::Answer answer) {
    return std::ranges::count(verdicts, answer, &solver::Verdict::answer);
  };
  return count(solver::Answer::Sat) == 0 && count(solver::Answer::Unsat) > 0;
}

std::optional<Repair> repair(const policy::Catalogue& catalogue, const Scope& scope,
                             std::string_view text, const Counterexample& example,
                             std::span<solver::Solver> solvers, const Options& options) {
  if (options.claim != Claim::Enforce) return std::nullopt;
  return Repairing(catalogue, scope, text, example, solvers, options).run();
}

}  // namespace sealane::prove
