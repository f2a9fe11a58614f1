// SPDX-License-Identifier: Apache-2.0
#include "prove/repair.h"

#include <algorithm>
#include <set>

#include "policy/evaluate.h"
#include "prove/decision_internal.h"
#include "prove/encode_internal.h"
#include "prove/preserve_internal.h"
#include "prove/repair_edit_internal.h"

namespace sealane::prove {
namespace {

// Edits that go together; more than this many are no small change.
constexpr std::size_t kTogetherMax = 3;
// Each edit that is tried reads the whole text, so that long ones get fewer.
constexpr std::size_t kBytesReadMax = 16u << 20;
// Several times what any service takes for a policy.
constexpr std::size_t kTextMax = 256u << 10;

// The request breaks the claim still, as the evaluator sees it.
bool breaks(std::span<const policy::Document> documents, const Counterexample& example,
            Claim claim) {
  const auto compiled = policy::compile(documents);
  const policy::Request request = example.request.at(example.request.now.value_or(Time()));
  const auto decision = policy::decide(compiled, request);
  if (claim == Claim::GrantClosed) return decision.allowed();
  if (decision.outcome() == policy::Outcome::ExplicitlyDenied) return false;
  if (claim != Claim::Grant) return true;
  return std::ranges::any_of(policy::explain_statements(compiled, request), [](const auto& one) {
    return one.effect == policy::Effect::Allow && one.matched != policy::Match::No;
  });
}

// Tries one set of edits after another.
class Repairing {
 public:
  Repairing(const policy::Catalogue& catalogue, const Scope& scope, std::string_view text,
            const Counterexample& example, std::span<solver::Solver> solvers,
            const Options& options, std::span<const policy::Document> beside)
      : catalogue_(catalogue),
        scope_(scope),
        text_(text),
        solvers_(solvers),
        options_(options),
        beside_(beside),
        seen_({example}) {}

  std::optional<Repair> run() {
    if (text_.size() > kTextMax) return std::nullopt;
    auto parsed = policy::parse_document(text_, document_kind_of(scope_.type), "policy");
    if (!parsed.value) return std::nullopt;
    before_ = std::move(*parsed.value);
    const bool strict = !options_.axioms.contains(Axiom::A1);
    edits_ = possible_edits(before_, scope_, options_, strict);
    for (std::size_t count = 1; count <= kTogetherMax; ++count)
      if (auto found = try_from(0, count, text_, "", true)) return found;
    const bool of_allows = options_.claim == Claim::Grant || options_.claim == Claim::GrantClosed;
    if (of_allows)
      if (auto found = try_edit(EditKind::LimitAllows)) return found;
    return try_edit(EditKind::AddDeny);
  }

 private:
  // False when enough has been looked at.
  bool may_read(std::string_view text) {
    if (bytes_read_ > kBytesReadMax) return false;
    bytes_read_ += text.size();
    return true;
  }

  std::optional<Repair> try_edit(EditKind kind) {
    const Edit edit{.kind = kind, .statement = 0, .operator_name = "", .key_name = ""};
    const auto edited = apply_edit(text_, edit, scope_, options_);
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
      if (!may_read(text)) return std::nullopt;
      const auto edited = apply_edit(text, edits_[i], scope_, options_);
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
    auto parsed = policy::parse_document(text, document_kind_of(scope_.type), "policy");
    if (!parsed.value) return std::nullopt;
    std::vector<policy::Document> after = {std::move(*parsed.value)};
    after.insert(after.end(), beside_.begin(), beside_.end());
    if (std::ranges::any_of(
            seen_, [&](const Counterexample& one) { return breaks(after, one, options_.claim); }))
      return std::nullopt;
    ++proofs_;
    Proof proof = prove(catalogue_, scope_, after, solvers_, options_);
    if (proof.counterexample) seen_.push_back(*proof.counterexample);
    if (proof.outcome != Outcome::Holds) return std::nullopt;
    if (!denies_nothing_new_over_tls(catalogue_, scope_, before_, after[0], keeps, solvers_,
                                     options_.axioms,
                                     options_.claim == Claim::Floor ? options_.min_tls : ""))
      return std::nullopt;
    return Repair{text, what, keeps, std::move(proof)};
  }

  const policy::Catalogue& catalogue_;
  const Scope& scope_;
  const std::string text_;
  std::span<solver::Solver> solvers_;
  const Options& options_;
  std::span<const policy::Document> beside_;
  std::vector<Counterexample> seen_;  // a repair denies each
  policy::Document before_;
  std::vector<Edit> edits_;
  std::vector<std::size_t> chosen_;
  std::size_t proofs_ = 0;
  std::size_t bytes_read_ = 0;
};

}  // namespace

bool denies_nothing_new_over_tls(const policy::Catalogue& catalogue, const Scope& scope,
                                 const policy::Document& before, const policy::Document& after,
                                 bool alike, std::span<solver::Solver> solvers,
                                 const AxiomSet& axioms, std::string_view floor) {
  const std::vector<policy::Document> both = {before, after};
  auto encoder = Encoder::create(catalogue, scope, both);
  if (!encoder.ok()) return false;
  const auto decided_before = Decision::create(*encoder, std::span(both).first(1));
  const auto decided_after = Decision::create(*encoder, std::span(both).last(1));
  if (!decided_before.ok() || !decided_after.ok()) return false;
  const Term denied_before = decided_before->denied();
  const Term denied_after = decided_after->denied();
  const Term granted =
      "(distinct " + decided_before->granted() + " " + decided_after->granted() + ")";
  const Term denied = alike ? "(distinct " + denied_before + " " + denied_after + ")"
                            : conj({denied_after, negate(denied_before)});
  const Term kept = floor.empty() ? negate(encoder->plain()) : encoder->over_tls_at_least(floor);
  const Term question = conj({kept, disj({denied, granted})});
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
                             std::span<solver::Solver> solvers, const Options& options,
                             std::span<const policy::Document> beside) {
  if (options.claim == Claim::Confined || compares(options.claim)) return std::nullopt;
  return Repairing(catalogue, scope, text, example, solvers, options, beside).run();
}

}  // namespace sealane::prove
