// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/verdict.h"
#include "policy/catalogue.h"
#include "policy/document.h"
#include "prove/axioms.h"
#include "prove/scope.h"
#include "prove/witness.h"
#include "solver/solver.h"

namespace sealane::prove {

// A sentence about every request there could be.
enum class Claim : std::uint8_t {
  Grant,        // the documents never grant a request over plaintext
  GrantClosed,  // the documents are all there are, and decide that none is allowed over plaintext
  Enforce,      // they deny every request over plaintext explicitly, whatever else allows it
  Floor,        // they deny every request over TLS below the floor explicitly
  Confined,     // a thing reaches its own topics alone
  NoWiderThan,  // every request that they allow, the reference allows
  Equivalent,   // they allow the requests that the reference allows, and no others
};
std::string_view to_string(Claim claim);  // `grant`, …
std::optional<Claim> parse_claim(std::string_view text);
// Every claim.
std::span<const Claim> claims();
// True for NoWiderThan and Equivalent.
bool compares(Claim claim);

enum class Outcome : std::uint8_t { Holds, Fails, Unknown };
std::string_view to_string(Outcome outcome);  // `holds`, …

// Why an outcome is Unknown.
enum class Doubt : std::uint8_t {
  None,
  Unsupported,   // a construct without an exact encoding
  SingleSolver,  // strict, and one solver alone said so
  NoAnswer,      // no solver answered; each says why
  NotEvaluable,  // of the request that was found AWS does not say what becomes of it
  Unconfirmed,   // what may be so was not found concretely
  Disagreement,  // solver against solver, or solver against evaluator: a defect of this program
  AxiomsClash,   // the axioms that are on contradict each other
};
std::string_view to_string(Doubt doubt);  // `unsupported-construct`, `internal-disagreement`, …

struct Options {
  Claim claim = Claim::Enforce;
  // The set that NoWiderThan and Equivalent compare with; borrowed.
  std::span<const policy::Document> reference;
  std::string min_tls = "1.2";  // `1.2` or `1.3`, for Floor
  AxiomSet axioms = all_axioms();
  bool strict = false;    // one solver's word is not enough
  bool fast_path = true;  // off: every question goes to the solvers
};

struct SolverSaid {
  std::string name;
  solver::Answer answer{};
  solver::UnknownReason reason{};
  std::string detail;
  std::chrono::microseconds spent{};
};

// A statement of the documents that were given, both counted from 0.
struct Place {
  std::size_t document = 0;
  std::size_t statement = 0;
};

// A statement that does nothing of what it seems to do.
struct Vacuous {
  std::size_t document = 0;
  std::size_t statement = 0;
  std::string why;
};

// Which of two sets allows the request of a counterexample, and the other does not.
enum class Wider : std::uint8_t { Given, Reference };

// What was found, and what it rests on.
struct Proof {
  Claim claim{};
  Outcome outcome = Outcome::Unknown;
  Doubt doubt = Doubt::None;
  std::string detail;  // one sentence, for Unknown
  bool by_fast_path = false;
  std::vector<std::string> assumptions;  // `A1`, …; `single-solver`
  std::vector<SolverSaid> solvers;
  // What the outcome means for the transport: Enforced for Enforce, Floor and GrantClosed that
  // hold, Inherent where the service has no plaintext port; nothing for the other claims.
  std::optional<pipeline::Verdict> verdict;
  // DenyPolicy: of a resource, an identity or an endpoint; OrgGuard: SCPs and RCPs alone carry it.
  pipeline::Basis basis = pipeline::Basis::None;
  std::optional<Counterexample> counterexample;  // Fails alone; the evaluator has confirmed it
  std::optional<Wider> wider;                    // of a counterexample of NoWiderThan, Equivalent
  // Holds, unless nothing need be denied: Deny statements that are enough, and no one of them can
  // be done without.
  std::vector<Place> carriers;
  std::vector<Vacuous> vacuous;
  std::vector<std::string> notes;
  std::string script;  // the question, for whoever wants to ask it again
  // Of a disagreement: the question as the solvers read it, with texts as classes.
  std::string script_in_classes;
};

// Decides a claim about documents and the requests in scope.
//
// Source:  the meaning of policies: policy/evaluate.h; claims and encoding: README.md.
// Input:   documents of any kinds, each in its part: a bucket's policy, SCPs and RCPs with their
//          levels, identity policies of whoever asks, boundary, session, endpoint.  GrantClosed,
//          NoWiderThan and Equivalent are about what they decide together.  Of sets that only limit
//          (SCPs, RCPs, boundaries, session and endpoint policies) the last two take for granted
//          that others grant everything.
// Result:  Holds only by the fast path or by the word of the solvers; Fails only with a request
//          that the evaluator has confirmed.  Everything else is Unknown, with why.
// Bounds:  the solvers' limits for each question.
// Threads: one at a time for one set of solvers.
Proof prove(const policy::Catalogue& catalogue, const Scope& scope,
            std::span<const policy::Document> documents, std::span<solver::Solver> solvers,
            const Options& options);

}  // namespace sealane::prove
