// SPDX-License-Identifier: Apache-2.0
#include "prove/prove.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include "policy/evaluate.h"
#include "prove/encode_internal.h"
#include "prove/fast_path_internal.h"
#include "prove/witness_internal.h"

namespace sealane::prove {
namespace {

using solver::Answer;
using solver::Verdict;

// Terms of one document set: which of its statements apply.
struct Encoded {
  std::vector<Term> allows;
  std::vector<Term> denies;
  std::vector<Place> deny_places;
};

Result<Encoded> encode(Encoder& encoder, std::span<const policy::Document> documents) {
  Encoded out;
  for (std::size_t d = 0; d < documents.size(); ++d) {
    for (std::size_t s = 0; s < documents[d].statements.size(); ++s) {
      const policy::Statement& statement = documents[d].statements[s];
      SEALANE_ASSIGN(Term applies, encoder.matches(documents[d], statement));
      if (statement.effect == policy::Effect::Allow) {
        out.allows.push_back(std::move(applies));
      } else {
        out.denies.push_back(std::move(applies));
        out.deny_places.push_back({d, s});
      }
    }
  }
  return out;
}

// What a request that breaks the claim is like.
Term breaks(const Encoder& encoder, const Encoded& encoded, std::span<const Term> denies,
            const Options& options) {
  const Term not_denied = negate(disj(denies));
  switch (options.claim) {
    case Claim::Grant: return conj({encoder.plain(), disj(encoded.allows), not_denied});
    case Claim::Enforce: return conj({encoder.plain(), not_denied});
    case Claim::Floor: return conj({encoder.weak(options.min_tls), not_denied});
    case Claim::GrantClosed:
    case Claim::Confined:
    case Claim::NoWiderThan:
    case Claim::Equivalent: break;
  }
  return "true";
}

// What the evaluator says of a request that a solver found.
enum class Confirmed { Yes, No, NotEvaluable };
Confirmed confirm(std::span<const policy::Document> documents, const Counterexample& example,
                  Claim claim) {
  const auto compiled = policy::compile(documents);
  const policy::Request request = example.request.at(*example.request.now);
  bool allowed = false;
  for (const policy::StatementExplanation& one : policy::explain_statements(compiled, request)) {
    const bool is_deny = one.effect == policy::Effect::Deny;
    if (one.matched == policy::Match::Unknown) return Confirmed::NotEvaluable;
    if (one.matched != policy::Match::Yes) continue;
    if (is_deny) return Confirmed::No;
    allowed = true;
  }
  const auto outcome = policy::decide(compiled, request).outcome();
  if (outcome == policy::Outcome::NotEvaluable) return Confirmed::NotEvaluable;
  if (outcome == policy::Outcome::ExplicitlyDenied) return Confirmed::No;
  return claim == Claim::Grant && !allowed ? Confirmed::No : Confirmed::Yes;
}

SolverSaid said(const solver::Solver& solver, const Verdict& verdict) {
  return {solver.name(), verdict.answer, verdict.reason, verdict.detail, verdict.spent};
}

// Each costs a question to the solver.
constexpr std::size_t kCarriersMax = 16;

// One question about one set of documents.
class Proving {
 public:
  Proving(Encoder& encoder, std::span<const policy::Document> documents,
          std::span<solver::Solver> solvers, const Options& options)
      : encoder_(encoder), documents_(documents), solvers_(solvers), options_(options) {
    proof_.claim = options.claim;
  }

  Proof run() {
    auto encoded = encode(encoder_, documents_);
    if (!encoded.ok()) return doubt(Doubt::Unsupported, encoded.error().message);
    encoded_ = std::move(*encoded);
    encoder_.note_names(disj(encoded_.allows) + disj(encoded_.denies));
    preamble_ = encoder_.preamble();
    const Term question =
        conj({breaks(encoder_, encoded_, encoded_.denies, options_), encoder_.in_catalogue()});
    const auto verdicts = ask(question);
    conclude(verdicts);
    if (proof_.outcome == Outcome::Fails) make_readable(question);
    if (proof_.outcome == Outcome::Holds) {
      check_axioms();
      look_beyond_catalogue();
      find_carriers();
    }
    if (proof_.doubt != Doubt::Disagreement) find_vacuous();
    return std::move(proof_);
  }

 private:
  Proof doubt(Doubt doubt, std::string detail) {
    proof_.outcome = Outcome::Unknown;
    proof_.doubt = doubt;
    proof_.detail = std::move(detail);
    return std::move(proof_);
  }

  solver::Query query(const Term& question) const {
    return {.script = preamble_ + "(assert " + question + ")\n",
            .values = witness_terms(encoder_),
            .assumptions = encoder_.axiom_names(options_.axioms)};
  }

  std::vector<Verdict> ask(const Term& question) {
    const solver::Query one = query(question);
    proof_.script = solver::standalone_script(one);
    return solver::check_together(solvers_, one, [this](std::size_t i, const Verdict& verdict) {
      if (verdict.answer != Answer::Unknown && !found_) finder_ = i, found_ = true;
      return take(verdict);
    });
  }

  // True when a counterexample is confirmed: nobody else need answer.
  bool take(const Verdict& verdict) {
    if (verdict.answer == Answer::Unsat) {
      ++unsat_;
      core_.insert(verdict.core.begin(), verdict.core.end());
    }
    if (verdict.answer != Answer::Sat) return false;
    auto example = read_witness(encoder_, verdict.values);
    const Confirmed confirmed =
        example.ok() ? confirm(documents_, *example, options_.claim) : Confirmed::No;
    if (confirmed == Confirmed::Yes) {
      proof_.counterexample = std::move(*example);
      return true;
    }
    if (confirmed == Confirmed::NotEvaluable)
      not_evaluable_ = example->sentence;
    else
      refuted_ = true;
    return false;
  }

  void conclude(std::span<const Verdict> verdicts) {
    for (std::size_t i = 0; i < verdicts.size(); ++i)
      proof_.solvers.push_back(said(solvers_[i], verdicts[i]));
    if (refuted_) {
      doubt_in_place(Doubt::Disagreement,
                     "a solver's request is not what the evaluator makes of it");
    } else if (proof_.counterexample) {
      if (unsat_ != 0)
        doubt_in_place(Doubt::Disagreement,
                       "one solver found a request, another says there is none");
      else
        proof_.outcome = Outcome::Fails;
    } else if (!not_evaluable_.empty()) {
      doubt_in_place(Doubt::NotEvaluable,
                     "it cannot be told whether a Deny applies: " + not_evaluable_);
    } else if (unsat_ == 0) {
      doubt_in_place(Doubt::NoAnswer, "no solver answered" + reasons());
    } else if (unsat_ == 1 && options_.strict) {
      doubt_in_place(Doubt::SingleSolver, "one solver alone says that the claim holds");
    } else {
      proof_.outcome = Outcome::Holds;
      for (const auto& name : core_) proof_.assumptions.push_back(name);
      proof_.assumptions.insert(proof_.assumptions.end(), {"A11", "A14"});
      if (unsat_ == 1) proof_.assumptions.emplace_back("single-solver");
    }
  }

  std::string reasons() const {
    std::string out;
    for (const SolverSaid& one : proof_.solvers)
      out += (out.empty() ? ": " : "; ") + one.name + ": " +
             std::string(solver::to_string(one.reason)) +
             (one.detail.empty() ? "" : ", " + one.detail);
    return out;
  }

  void doubt_in_place(Doubt doubt, std::string detail) {
    proof_.outcome = Outcome::Unknown;
    proof_.doubt = doubt;
    proof_.detail = std::move(detail);
    proof_.counterexample.reset();
  }

  // Takes what makes the request easier to read, as long as it stays one: a whole group, or else
  // what of it can be had.
  void make_readable(const Term& question) {
    Term kept = question;
    for (const std::vector<Term>& group : preferences(encoder_)) {
      if (take_preference(kept, conj(group)) || group.size() == 1) continue;
      for (const Term& preference : group) take_preference(kept, preference);
    }
  }

  bool take_preference(Term& kept, const Term& preference) {
    const Term tried = conj({kept, preference});
    const Verdict verdict = solvers_[finder_].check(query(tried));
    if (verdict.answer != Answer::Sat) return false;
    auto example = read_witness(encoder_, verdict.values);
    if (!example.ok() || confirm(documents_, *example, options_.claim) != Confirmed::Yes)
      return false;
    proof_.counterexample = std::move(*example);
    kept = tried;
    return true;
  }

  // Axioms that contradict each other would prove everything.
  void check_axioms() {
    const Verdict verdict = solvers_[finder_].check(query(encoder_.plain()));
    if (verdict.answer == Answer::Unsat)
      doubt_in_place(Doubt::AxiomsClash, "no request satisfies the axioms that are on");
  }

  void look_beyond_catalogue() {
    const Term question = conj(
        {breaks(encoder_, encoded_, encoded_.denies, options_), negate(encoder_.in_catalogue())});
    if (solvers_[finder_].check(query(question)).answer != Answer::Unsat)
      proof_.notes.emplace_back(
          "an action that is newer than the catalogue may not be covered: the statements list "
          "actions, or take in names that begin alike");
  }

  // Leaves out one Deny after another that the proof does without.
  void find_carriers() {
    std::vector<std::size_t> kept(encoded_.denies.size());
    std::iota(kept.begin(), kept.end(), std::size_t{0});
    if (kept.size() > kCarriersMax) return;
    for (std::size_t i = 0; i < encoded_.denies.size(); ++i) {
      std::vector<std::size_t> tried = kept;
      std::erase(tried, i);
      std::vector<Term> denies;
      for (const std::size_t k : tried) denies.push_back(encoded_.denies[k]);
      const Term question =
          conj({breaks(encoder_, encoded_, denies, options_), encoder_.in_catalogue()});
      if (solvers_[finder_].check(query(question)).answer == Answer::Unsat) kept = std::move(tried);
    }
    for (const std::size_t k : kept) proof_.carriers.push_back(encoded_.deny_places[k]);
  }

  void find_vacuous() {
    for (std::size_t i = 0; i < encoded_.denies.size(); ++i) {
      const auto [d, s] = encoded_.deny_places[i];
      const bool is_constant = is_true(encoded_.denies[i]) || is_false(encoded_.denies[i]);
      const policy::Statement& statement = documents_[d].statements[s];
      if (statement.conditions.empty() || (is_constant && is_true(encoded_.denies[i]))) continue;
      const Verdict verdict = solvers_[finder_].check(query(encoded_.denies[i]));
      if (verdict.answer != Answer::Unsat) continue;
      const bool by_floor = std::ranges::find(verdict.core, "A5") != verdict.core.end();
      proof_.vacuous.push_back(
          {d, s,
           by_floor ? "it denies nothing: AWS endpoints take TLS 1.2 and newer alone"
                    : "it denies nothing: no request meets all its conditions"});
    }
  }

  Encoder& encoder_;
  std::span<const policy::Document> documents_;
  std::span<solver::Solver> solvers_;
  const Options& options_;
  Encoded encoded_;
  std::string preamble_;
  Proof proof_;
  std::size_t finder_ = 0;  // who answered first
  bool found_ = false;
  std::size_t unsat_ = 0;
  bool refuted_ = false;
  std::string not_evaluable_;
  std::set<std::string> core_;
};

Proof by_text(const FastPath& path, const Options& options) {
  Proof proof;
  proof.claim = options.claim;
  proof.outcome = Outcome::Holds;
  proof.by_fast_path = true;
  proof.carriers = {{path.document, path.statement}};
  if (path.needs_presence) proof.assumptions.emplace_back("A1");
  proof.assumptions.insert(proof.assumptions.end(), {"A11", "A14"});
  return proof;
}

}  // namespace

namespace {
struct ClaimName {
  Claim claim;
  std::string_view name;
};
constexpr std::array<ClaimName, 7> kClaimNames = {{
    {Claim::Grant, "grant"},
    {Claim::GrantClosed, "grant-closed"},
    {Claim::Enforce, "enforce"},
    {Claim::Floor, "floor"},
    {Claim::Confined, "confined"},
    {Claim::NoWiderThan, "no-wider-than"},
    {Claim::Equivalent, "equivalent"},
}};
constexpr std::array<Claim, 7> kClaims = {Claim::Grant,     Claim::GrantClosed, Claim::Enforce,
                                          Claim::Floor,     Claim::Confined,    Claim::NoWiderThan,
                                          Claim::Equivalent};
}  // namespace

std::string_view to_string(Claim claim) {
  return std::ranges::find(kClaimNames, claim, &ClaimName::claim)->name;
}

std::optional<Claim> parse_claim(std::string_view text) {
  const auto* const found = std::ranges::find(kClaimNames, text, &ClaimName::name);
  if (found == kClaimNames.end()) return std::nullopt;
  return found->claim;
}

std::span<const Claim> claims() { return kClaims; }

bool compares(Claim claim) { return claim == Claim::NoWiderThan || claim == Claim::Equivalent; }

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::Holds: return "holds";
    case Outcome::Fails: return "fails";
    case Outcome::Unknown: break;
  }
  return "unknown";
}

std::string_view to_string(Doubt doubt) {
  switch (doubt) {
    case Doubt::None: return "none";
    case Doubt::Unsupported: return "unsupported-construct";
    case Doubt::SingleSolver: return "single-solver";
    case Doubt::NoAnswer: return "no-answer";
    case Doubt::NotEvaluable: return "not-evaluable";
    case Doubt::Disagreement: return "internal-disagreement";
    case Doubt::AxiomsClash: return "axioms-clash";
  }
  return "none";
}

Proof prove(const policy::Catalogue& catalogue, const Scope& scope,
            std::span<const policy::Document> documents, std::span<solver::Solver> solvers,
            const Options& options) {
  if (options.claim == Claim::GrantClosed || options.claim == Claim::Confined ||
      compares(options.claim)) {
    Proof proof;
    proof.claim = options.claim;
    proof.doubt = Doubt::Unsupported;
    proof.detail = "the claim is not decided yet";
    return proof;
  }
  if (options.claim == Claim::Enforce && options.fast_path) {
    const auto path = enforced_by_text(scope, documents);
    if (path && (!path->needs_presence || options.axioms.contains(Axiom::A1)))
      return by_text(*path, options);
  }
  auto encoder = Encoder::create(catalogue, scope, documents);
  if (!encoder.ok()) {
    Proof proof;
    proof.claim = options.claim;
    proof.doubt = Doubt::Unsupported;
    proof.detail = encoder.error().message;
    return proof;
  }
  return Proving(*encoder, documents, solvers, options).run();
}

}  // namespace sealane::prove
