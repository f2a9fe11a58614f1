// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "policy/catalogue.h"
#include "policy/document.h"
#include "prove/axioms.h"
#include "prove/scope.h"
#include "solver/solver.h"

namespace sealane::prove {

// True if the solvers say, one at least and none against it, that over TLS, with a floor over TLS
// at or over it, whatever `after` denies `before` denies and what it allows it allows; with `alike`
// also the other way round.
bool denies_nothing_new_over_tls(const policy::Catalogue& catalogue, const Scope& scope,
                                 const policy::Document& before, const policy::Document& after,
                                 bool alike, std::span<solver::Solver> solvers,
                                 const AxiomSet& axioms, std::string_view floor = "");

}  // namespace sealane::prove
