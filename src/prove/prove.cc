// SPDX-License-Identifier: Apache-2.0
#include "prove/prove.h"

#include <algorithm>
#include <chrono>
#include <array>
#include <numeric>
#include <set>

#include "policy/evaluate.h"
#include "prove/decision_internal.h"
#include "prove/encode_internal.h"
#include "prove/fast_path_internal.h"
#include "prove/witness_internal.h"

namespace sealane::prove {
namespace {

using solver::Answer;
using solver::Verdict;

// What the evaluator says of a request that a solver found.
enum class Confirmed { Yes, No, NotEvaluable };

Confirmed allows(std::span<const policy::Document> documents, const policy::Request& request) {
  const auto outcome = policy::decide(policy::compile(documents), request).outcome();
  if (outcome == policy::Outcome::NotEvaluable) return Confirmed::NotEvaluable;
  return outcome == policy::Outcome::Allowed ? Confirmed::Yes : Confirmed::No;
}

// An Allow of a policy that grants applies; where none grants, one of each kind and level.
bool is_granted(std::span<const policy::Document> documents,
                const std::set<std::pair<policy::DocumentKind, std::uint32_t>>& applying) {
  const bool any_grants = std::ranges::any_of(
      documents, [](const policy::Document& document) { return grants(document.kind); });
  return any_grants
             ? std::ranges::any_of(applying, [](const auto& one) { return grants(one.first); })
             : std::ranges::all_of(documents, [&](const policy::Document& document) {
                 return document.kind == policy::DocumentKind::Rcp ||
                        applying.contains({document.kind, document.level});
               });
}

// Nothing denies the request explicitly, and of Grant something grants it.
Confirmed passes(std::span<const policy::Document> documents, const policy::Request& request,
                 Claim claim) {
  const auto compiled = policy::compile(documents);
  std::set<std::pair<policy::DocumentKind, std::uint32_t>> applying;
  for (const policy::StatementExplanation& one : policy::explain_statements(compiled, request)) {
    const bool matters = one.effect == policy::Effect::Deny || claim == Claim::Grant;
    if (one.matched == policy::Match::Unknown && matters) return Confirmed::NotEvaluable;
    if (one.matched != policy::Match::Yes) continue;
    if (one.effect == policy::Effect::Deny) return Confirmed::No;
    applying.insert({one.kind, documents[one.place.document].level});
  }
  const auto outcome = policy::decide(compiled, request).outcome();
  if (outcome == policy::Outcome::NotEvaluable) return Confirmed::NotEvaluable;
  if (outcome == policy::Outcome::ExplicitlyDenied) return Confirmed::No;
  return claim == Claim::Grant && !is_granted(documents, applying) ? Confirmed::No : Confirmed::Yes;
}

// The policies of a question: those that were given, and those that they are compared with.
struct Sides {
  std::span<const policy::Document> given;
  std::span<const policy::Document> reference;
  // INVARIANT: empty, or what given and reference are when others grant beside them.
  std::vector<policy::Document> own_given;
  std::vector<policy::Document> own_reference;
};

// Of sets that only limit it is taken for granted that others grant everything.
constexpr std::string_view kGrantsToIdentities =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})";
constexpr std::string_view kGrantsToEverybody =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}})";

constexpr std::string_view kGrantedElsewhere = "(granted elsewhere)";

void grant_elsewhere(std::vector<policy::Document>& documents, bool bypasses_boundaries) {
  using enum policy::DocumentKind;
  const auto add = [&](std::string_view text, policy::DocumentKind kind) {
    auto parsed = policy::parse_document(text, kind, std::string(kGrantedElsewhere));
    if (parsed.value) documents.push_back(std::move(*parsed.value));
  };
  add(kGrantsToIdentities, Identity);
  if (bypasses_boundaries) add(kGrantsToEverybody, Resource);
}

bool only_limits(const Sides& sides) {
  const auto any = [](std::span<const policy::Document> documents) {
    return std::ranges::any_of(documents, [](const auto& one) { return grants(one.kind); });
  };
  return !any(sides.given) && !any(sides.reference);
}

Sides sides_of(std::span<const policy::Document> documents, const Options& options) {
  Sides out{.given = documents, .reference = {}, .own_given = {}, .own_reference = {}};
  if (!compares(options.claim)) return out;
  out.reference = options.reference;
  if (!only_limits(out)) return out;
  const auto limits_identities = [](std::span<const policy::Document> all) {
    return std::ranges::any_of(all, [](const policy::Document& one) {
      return one.kind == policy::DocumentKind::Boundary ||
             one.kind == policy::DocumentKind::Session;
    });
  };
  // A resource's own grant would pass by a boundary.
  const bool everybody = !limits_identities(out.given) && !limits_identities(out.reference);
  out.own_given.assign(out.given.begin(), out.given.end());
  out.own_reference.assign(out.reference.begin(), out.reference.end());
  grant_elsewhere(out.own_given, everybody);
  grant_elsewhere(out.own_reference, everybody);
  out.given = out.own_given;
  out.reference = out.own_reference;
  return out;
}

bool has_kind(std::span<const policy::Document> documents,
              std::initializer_list<policy::DocumentKind> kinds) {
  return std::ranges::any_of(documents, [&](const policy::Document& document) {
    return std::ranges::find(kinds, document.kind) != kinds.end();
  });
}

SolverSaid said(const solver::Solver& solver, const Verdict& verdict) {
  return {solver.name(), verdict.answer, verdict.reason, verdict.detail, verdict.spent};
}

// Each costs a question to the solver.
constexpr std::size_t kCarriersMax = 16;
constexpr std::size_t kRoundsMax = 40;
constexpr std::size_t kWinBackMax = 8;
// What a question beside the claim's may take: as long as the claim's own, within these bounds. All
// together take twice that.
constexpr std::chrono::milliseconds kAsideLeast{250};
constexpr std::chrono::milliseconds kAsideMost{1'000};

std::string numbered(std::string_view word, std::size_t i) {
  return "|" + std::string(word) + " " + std::to_string(i) + "|";
}

// Alternatives, the best first.
using Wish = std::vector<Term>;

// Callers and classes exclude each other, so of each there is one wish.
std::vector<Wish> wishes_of(const Encoder& encoder) {
  std::vector<Wish> out(2);
  for (const std::vector<Term>& group : preferences(encoder))
    for (const Term& one : group) {
      if (one.starts_with("(= caller "))
        out[0].push_back(one);
      else if (one.starts_with("(= class "))
        out[1].push_back(one);
      else
        out.push_back({one});
    }
  return out;
}

// The number behind a word: of `wish 7` 7.
std::optional<std::size_t> number_behind(std::string_view word, std::string_view name) {
  if (!name.starts_with(word) || name.size() < word.size() + 2) return std::nullopt;
  std::size_t out = 0;
  for (const char digit : name.substr(word.size() + 1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    out = out * 10 + static_cast<std::size_t>(digit - '0');
  }
  return out;
}

// The last of the wishes that contradict each other.  Alternatives are numbered through.
std::optional<std::size_t> last_of_core(std::span<const Wish> wishes, const Verdict& verdict) {
  std::optional<std::size_t> last;
  for (const std::string& name : verdict.core) {
    const auto number = number_behind("wish", name);
    if (!number) continue;
    std::size_t before = 0;
    for (std::size_t i = 0; i < wishes.size(); before += wishes[i++].size())
      if (*number >= before && *number < before + wishes[i].size())
        last = std::max(last.value_or(i), i);
  }
  return last;
}

// Enforce and Floor are about Deny statements: what an Allow says is left out of the question, and
// the statement stays where it is.
std::vector<policy::Document> with_denies_alone(std::span<const policy::Document> documents) {
  std::vector<policy::Document> out(documents.begin(), documents.end());
  for (policy::Document& document : out)
    for (policy::Statement& statement : document.statements) {
      if (statement.effect == policy::Effect::Deny || statement.resources.empty()) continue;
      statement.principals.reset();
      statement.conditions.clear();
      statement.action_polarity = policy::Polarity::Listed;
      statement.actions = {{"*", statement.span}};
      statement.resource_polarity = policy::Polarity::Listed;
      statement.resources = {{"*", statement.span}};
    }
  return out;
}

// One question about one set of documents.
class Proving {
 public:
  Proving(Encoder& encoder, const Sides& sides, std::span<solver::Solver> solvers,
          const Options& options)
      : encoder_(encoder),
        documents_(sides.given),
        reference_(sides.reference),
        solvers_(solvers),
        options_(options),
        given_(encoder) {
    proof_.claim = options.claim;
  }

  // Of a claim that its text decides: Denies that no request meets.
  std::vector<Vacuous> vacuous(std::span<const policy::Document> asked) {
    auto given = Decision::create(encoder_, asked);
    if (!given.ok()) return {};
    given_ = std::move(*given);
    encoder_.note_names(given_.denied() + " ");
    preamble_ = encoder_.preamble();
    find_vacuous();
    return std::move(proof_.vacuous);
  }

  // `asked` is what the question is made of: the documents, or less of them.
  Proof run(std::span<const policy::Document> asked) {
    auto given = Decision::create(encoder_, asked);
    if (!given.ok()) return doubt(Doubt::Unsupported, given.error().message);
    auto reference = Decision::create(encoder_, reference_);
    if (!reference.ok()) return doubt(Doubt::Unsupported, reference.error().message);
    given_ = std::move(*given);
    wanted_ = compares(options_.claim) ? reference->allowed() : Term();
    const Term question = conj({breaks(given_.denied()), encoder_.in_catalogue()});
    encoder_.note_names(question + " " + given_.denied() + " " + given_.granted());
    preamble_ = encoder_.preamble();
    const auto verdicts = ask(question);
    conclude(verdicts);
    if (proof_.outcome == Outcome::Fails) make_readable(question);
    if (proof_.outcome == Outcome::Holds) {
      check_axioms();
      look_beyond_catalogue();
      if (!compares(options_.claim)) find_carriers();
      if (options_.claim == Claim::GrantClosed) look_for_any_grant();
    }
    if (proof_.doubt != Doubt::Disagreement && !compares(options_.claim)) find_vacuous();
    return std::move(proof_);
  }

 private:
  // What a request that breaks the claim is like, if `denied` is what denies it.
  Term breaks(const Term& denied) const {
    return conj({encoder_.callers_in_scope(), through_endpoint(), broken(denied)});
  }
  Term broken(const Term& denied) const {
    const Term plain = encoder_.plain();
    switch (options_.claim) {
      case Claim::Grant: return conj({plain, given_.granted(), negate(denied)});
      case Claim::Enforce: return conj({plain, negate(denied)});
      case Claim::Floor: return conj({encoder_.weak(options_.min_tls), negate(denied)});
      case Claim::GrantClosed: return conj({plain, given_.allowed(denied)});
      case Claim::NoWiderThan: return conj({given_.allowed(denied), negate(wanted_)});
      case Claim::Equivalent: return "(distinct " + given_.allowed(denied) + " " + wanted_ + ")";
      case Claim::Confined: break;
    }
    return "true";
  }
  Term through_endpoint() const {
    using policy::DocumentKind;
    const bool through = has_kind(documents_, {DocumentKind::VpcEndpoint}) ||
                         has_kind(reference_, {DocumentKind::VpcEndpoint});
    return through ? Term("endpoint") : Term("true");
  }

  // The request is of the transport that the claim speaks of.
  bool is_over_its_transport(const Counterexample& example) const {
    if (compares(options_.claim)) return true;
    const bool plain = example.tls == "none";
    return options_.claim == Claim::Floor ? !plain && example.tls < options_.min_tls : plain;
  }

  Confirmed confirm(const Counterexample& example) {
    if (!is_over_its_transport(example)) return Confirmed::No;
    const policy::Request request = example.request.at(*example.request.now);
    if (options_.claim == Claim::GrantClosed) return allows(documents_, request);
    if (!compares(options_.claim)) return passes(documents_, request, options_.claim);
    const Confirmed here = allows(documents_, request);
    const Confirmed there = allows(reference_, request);
    if (here == Confirmed::NotEvaluable || there == Confirmed::NotEvaluable)
      return Confirmed::NotEvaluable;
    if (here == there || (options_.claim == Claim::NoWiderThan && here == Confirmed::No))
      return Confirmed::No;
    proof_.wider = here == Confirmed::Yes ? Wider::Given : Wider::Reference;
    return Confirmed::Yes;
  }

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
    // Kept for the disagreement that nobody expects.
    asked_ = one;
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
    const Confirmed confirmed = example.ok() ? confirm(*example) : Confirmed::No;
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
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      proof_.solvers.push_back(said(solvers_[i], verdicts[i]));
      spent_ = std::max(spent_, verdicts[i].spent);
    }
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
    if (doubt == Doubt::Disagreement)
      proof_.script_in_classes = solver::standalone_script_in_classes(asked_);
    proof_.counterexample.reset();
  }

  // A question beside the claim's: none takes long, and together they do not either.
  Verdict ask_aside(solver::Query one) {
    const auto each = std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(spent_),
                                 kAsideLeast, kAsideMost);
    if (spent_aside_ > 2 * each)
      return {.reason = solver::UnknownReason::Timeout, .detail = "no time for more questions"};
    one.time_max = each;
    Verdict verdict = solvers_[finder_].check(one);
    spent_aside_ += verdict.spent;
    return verdict;
  }
  Verdict ask_aside(const Term& question) { return ask_aside(query(question)); }

  // Takes what makes the request easier to read, as long as it stays one: everything at first, and
  // of what contradicts itself the last goes, or what is next best comes in its place.
  void make_readable(const Term& question) {
    const std::vector<Wish> wishes = wishes_of(encoder_);
    std::vector<std::size_t> chosen(wishes.size(), 0);
    for (std::size_t round = 0; round < kRoundsMax; ++round) {
      const Verdict verdict = ask_with_wishes(question, wishes, chosen);
      if (verdict.answer == Answer::Sat) {
        if (take_example(verdict)) win_back(question, wishes, chosen);
        return;
      }
      const auto last = last_of_core(wishes, verdict);
      if (verdict.answer != Answer::Unsat || !last) return;
      ++chosen[*last];
    }
  }

  // A core may name more than it needs.
  void win_back(const Term& question, std::span<const Wish> wishes,
                std::vector<std::size_t> chosen) {
    std::size_t tries = 0;
    for (std::size_t i = 0; i < wishes.size() && tries < kWinBackMax; ++i) {
      if (chosen[i] == 0 || wishes[i].size() > 1) continue;
      ++tries;
      chosen[i] = 0;
      const Verdict verdict = ask_with_wishes(question, wishes, chosen);
      if (verdict.answer != Answer::Sat || !take_example(verdict)) chosen[i] = 1;
    }
  }

  // Every round has the same assertions, so that the solver keeps what it has learnt of them.
  Verdict ask_with_wishes(const Term& question, std::span<const Wish> wishes,
                          std::span<const std::size_t> chosen) {
    solver::Query one = query(question);
    std::size_t number = 0;
    for (std::size_t i = 0; i < wishes.size(); ++i)
      for (std::size_t k = 0; k < wishes[i].size(); ++k) {
        const std::string name = numbered("wish", number++);
        one.script +=
            "(declare-const " + name + " Bool)\n(assert (=> " + name + " " + wishes[i][k] + "))\n";
        if (k == chosen[i]) one.assumptions.push_back(name);
      }
    return ask_aside(std::move(one));
  }

  bool take_example(const Verdict& verdict) {
    auto example = read_witness(encoder_, verdict.values);
    if (!example.ok() || confirm(*example) != Confirmed::Yes) return false;
    proof_.counterexample = std::move(*example);
    return true;
  }

  // Axioms that contradict each other would prove everything.
  void check_axioms() {
    const Verdict verdict = solvers_[finder_].check(query(encoder_.plain()));
    if (verdict.answer == Answer::Unsat)
      doubt_in_place(Doubt::AxiomsClash, "no request satisfies the axioms that are on");
  }

  void look_beyond_catalogue() {
    const Term question = conj({breaks(given_.denied()), negate(encoder_.in_catalogue())});
    if (ask_aside(question).answer != Answer::Unsat)
      proof_.notes.emplace_back(
          "an action that is newer than the catalogue may not be covered: the statements list "
          "actions, or take in names that begin alike");
  }

  // A set that allows nothing at all allows nothing over plaintext either.
  void look_for_any_grant() {
    const Term question = conj({encoder_.callers_in_scope(), through_endpoint(), given_.allowed()});
    if (ask_aside(question).answer == Answer::Unsat)
      proof_.notes.emplace_back(
          "the policies together allow no request in scope at all, over TLS either");
  }

  // Of the Deny statements that a core names one after another is left out that the proof does
  // without.
  void find_carriers() {
    const auto& denies = given_.denies();
    std::vector<std::size_t> kept(denies.size());
    std::iota(kept.begin(), kept.end(), std::size_t{0});
    if (kept.size() > 2 && !is_carried_by(kept)) return;
    if (kept.size() > kCarriersMax) return;
    for (const std::size_t i : std::vector<std::size_t>(kept)) {
      std::vector<std::size_t> tried = kept;
      // A core may have left it out already.
      if (std::erase(tried, i) == 1 && is_carried_by(tried)) kept = std::move(tried);
    }
    for (const std::size_t k : kept) proof_.carriers.push_back(denies[k].place);
  }

  // True when these alone carry the claim; what a core does without goes from them.
  bool is_carried_by(std::vector<std::size_t>& tried) {
    const auto& denies = given_.denies();
    std::vector<Term> guarded;
    solver::Query one = query("true");
    for (std::size_t i = 0; i < denies.size(); ++i) {
      const std::string name = numbered("deny", i);
      one.script += "(declare-const " + name + " Bool)\n";
      guarded.push_back(conj({name, denies[i].applies}));
    }
    for (const std::size_t i : tried) one.assumptions.push_back(numbered("deny", i));
    one.script += "(assert " + conj({breaks(disj(guarded)), encoder_.in_catalogue()}) + ")\n";
    const Verdict verdict = ask_aside(std::move(one));
    if (verdict.answer != Answer::Unsat) return false;
    std::set<std::size_t> needed;
    for (const std::string& name : verdict.core)
      if (const auto number = number_behind("deny", name)) needed.insert(*number);
    std::erase_if(tried, [&](std::size_t i) { return !needed.contains(i); });
    return true;
  }

  void find_vacuous() {
    std::vector<const Decision::Deny*> all;
    for (const Decision::Deny& deny : given_.denies()) {
      const auto [d, s] = deny.place;
      const policy::Statement& statement = documents_[d].statements[s];
      if (statement.conditions.empty() || is_true(deny.applies)) continue;
      // Of what is not in scope nothing is said.
      const auto what = encoder_.target(documents_[d], statement);
      if (what.ok() && !is_false(*what)) all.push_back(&deny);
    }
    // Each request that there is shows of some of them that they deny something.
    std::vector<bool> shown(all.size(), false);
    std::size_t left = all.size();
    while (left > 1) {
      const Verdict verdict = ask_which_applies(all, shown);
      if (verdict.answer == Answer::Unknown) return;
      if (verdict.answer == Answer::Unsat) break;
      const std::size_t before = left;
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (shown[i] || verdict.values[i].text != "true") continue;
        shown[i] = true;
        --left;
      }
      if (left == before) return;
    }
    for (std::size_t i = 0; i < all.size(); ++i)
      if (!shown[i]) note_vacuous(*all[i]);
  }

  // Asks for a request that one of those meets which no request has been shown for.
  Verdict ask_which_applies(std::span<const Decision::Deny* const> denies,
                            const std::vector<bool>& shown) {
    solver::Query one = query("true");
    one.values.clear();
    std::vector<Term> wanted;
    for (std::size_t i = 0; i < denies.size(); ++i) {
      const std::string name = numbered("applies", i);
      const std::string done = numbered("shown", i);
      one.script += "(declare-const " + name + " Bool)\n(assert (= " + name + " " +
                    denies[i]->applies + "))\n(declare-const " + done + " Bool)\n";
      one.values.push_back(name);
      wanted.push_back(conj({negate(done), name}));
      if (shown[i]) one.assumptions.push_back(done);
    }
    one.script += "(assert " + disj(wanted) + ")\n";
    return ask_aside(std::move(one));
  }

  void note_vacuous(const Decision::Deny& deny) {
    const Verdict verdict = ask_aside(deny.applies);
    if (verdict.answer != Answer::Unsat) return;
    const bool by_floor = std::ranges::find(verdict.core, "A5") != verdict.core.end();
    proof_.vacuous.push_back({deny.place.document, deny.place.statement,
                              by_floor
                                  ? "it denies nothing: AWS endpoints take TLS 1.2 and newer alone"
                                  : "it denies nothing: no request meets all its conditions"});
  }

  Encoder& encoder_;
  std::span<const policy::Document> documents_;
  std::span<const policy::Document> reference_;
  std::span<solver::Solver> solvers_;
  const Options& options_;
  Decision given_;
  Term wanted_;  // what the reference allows
  std::string preamble_;
  Proof proof_;
  solver::Query asked_;
  std::size_t finder_ = 0;  // who answered first
  bool found_ = false;
  std::size_t unsat_ = 0;
  bool refuted_ = false;
  std::string not_evaluable_;
  std::set<std::string> core_;
  std::chrono::microseconds spent_{};  // on the claim's own question
  std::chrono::microseconds spent_aside_{};
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
    case Doubt::Unconfirmed: return "unconfirmed";
    case Doubt::Disagreement: return "internal-disagreement";
    case Doubt::AxiomsClash: return "axioms-clash";
  }
  return "none";
}

namespace {

// What a proof rests on beside what solvers name: what sets of policies leave unsaid.
void name_assumptions(const Sides& sides, const Options& options, Proof& proof) {
  using enum policy::DocumentKind;
  if (proof.outcome == Outcome::Unknown) return;
  const auto has = [&](std::initializer_list<policy::DocumentKind> kinds) {
    return has_kind(sides.given, kinds) || has_kind(sides.reference, kinds);
  };
  const bool together = options.claim == Claim::GrantClosed || compares(options.claim);
  if (together) proof.assumptions.emplace_back("A12");
  if (has({Scp, Rcp})) proof.assumptions.emplace_back("A13");
  if (together && has({Identity, Boundary, Session})) proof.assumptions.emplace_back("A15");
  if (has({VpcEndpoint})) proof.assumptions.emplace_back("A16");
  if (!sides.own_given.empty()) proof.assumptions.emplace_back("A17");
}

void name_verdict(std::span<const policy::Document> documents, Proof& proof) {
  using pipeline::Basis;
  using pipeline::Verdict;
  if (proof.claim != Claim::Enforce && proof.claim != Claim::Floor &&
      proof.claim != Claim::GrantClosed)
    return;
  proof.verdict = proof.outcome == Outcome::Holds   ? Verdict::Enforced
                  : proof.outcome == Outcome::Fails ? Verdict::Open
                                                    : Verdict::Unknown;
  if (proof.outcome != Outcome::Holds) return;
  const auto is_guard = [](policy::DocumentKind kind) {
    return kind == policy::DocumentKind::Scp || kind == policy::DocumentKind::Rcp;
  };
  const bool by_guards = proof.carriers.empty()
                             ? std::ranges::all_of(documents, is_guard, &policy::Document::kind)
                             : std::ranges::all_of(proof.carriers, [&](const Place& place) {
                                 return is_guard(documents[place.document].kind);
                               });
  proof.basis = by_guards && !documents.empty() ? Basis::OrgGuard : Basis::DenyPolicy;
}

std::string services_in_words(const Scope& scope) {
  constexpr std::size_t kNamedMax = 8;
  if (scope.services.size() > kNamedMax)
    return "every action of " + std::to_string(scope.services.size()) + " services";
  std::string names;
  for (const std::string& service : scope.services) names += (names.empty() ? "" : ", ") + service;
  return "every action of " + names;
}

// Denies beside the one that carries a claim which may be such that no request meets them: tests of
// a TLS version, and several tests at once.
bool may_be_vacuous(std::span<const policy::Document> documents) {
  for (const policy::Document& document : documents)
    for (const policy::Statement& statement : document.statements)
      if (statement.effect == policy::Effect::Deny &&
          (statement.conditions.size() > 1 ||
           std::ranges::any_of(statement.conditions, [](const policy::Condition& condition) {
             return condition.key.ends_with(":tlsversion");
           })))
        return true;
  return false;
}

Proof decide_claim(const policy::Catalogue& catalogue, const Scope& scope, const Sides& sides,
                   std::span<solver::Solver> solvers, const Options& options) {
  Proof proof;
  proof.claim = options.claim;
  proof.doubt = Doubt::Unsupported;
  if (options.claim == Claim::Confined) {
    proof.detail = "the claim is not decided yet";
    return proof;
  }
  if (options.claim == Claim::Enforce && options.fast_path) {
    const auto path = enforced_by_text(scope, sides.given);
    if (path && (!path->needs_presence || options.axioms.contains(Axiom::A1))) {
      Proof decided = by_text(*path, options);
      if (!may_be_vacuous(sides.given)) return decided;
      const std::vector<policy::Document> asked = with_denies_alone(sides.given);
      auto encoder = Encoder::create(catalogue, scope, asked);
      if (encoder.ok()) decided.vacuous = Proving(*encoder, sides, solvers, options).vacuous(asked);
      return decided;
    }
  }
  const bool denies_alone = options.claim == Claim::Enforce || options.claim == Claim::Floor;
  const std::vector<policy::Document> asked =
      denies_alone ? with_denies_alone(sides.given)
                   : std::vector<policy::Document>(sides.given.begin(), sides.given.end());
  std::vector<policy::Document> all = asked;
  all.insert(all.end(), sides.reference.begin(), sides.reference.end());
  auto encoder = Encoder::create(catalogue, scope, all);
  if (!encoder.ok()) {
    proof.detail = encoder.error().message;
    return proof;
  }
  return Proving(*encoder, sides, solvers, options).run(asked);
}

}  // namespace

Proof prove(const policy::Catalogue& catalogue, const Scope& scope,
            std::span<const policy::Document> documents, std::span<solver::Solver> solvers,
            const Options& options) {
  const Sides sides = sides_of(documents, options);
  Proof proof = decide_claim(catalogue, scope, sides, solvers, options);
  name_assumptions(sides, options, proof);
  name_verdict(sides.given, proof);
  if (scope.resource == "*")
    proof.notes.push_back("in scope: " + services_in_words(scope) + ", about every resource");
  return proof;
}

}  // namespace sealane::prove
