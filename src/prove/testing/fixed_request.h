// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policy/evaluate.h"
#include "policy/testing/model.h"
#include "prove/encode_internal.h"
#include "solver/solver.h"

namespace sealane::prove {

// A scope of one request's action and resource.  Nothing for what is no ARN.
std::optional<Scope> scope_of_request(const policy::reference::ModelRequest& request);

// The request as constraints.  Nothing when the encoding has no such request: callers without an
// account, service-linked roles, exemptions, values that are not of their key's type.
std::optional<Term> fixed(const Encoder& encoder, const policy::reference::ModelRequest& request);

// What the encoding says of documents and one request.
enum class Encoded { Allowed, Denied, NotAllowed, NoSuchRequest, Refused, NoAnswer };
Encoded ask_encoding(const policy::Catalogue& catalogue,
                     std::span<const policy::Document> documents,
                     const policy::reference::ModelRequest& request, solver::Solver& solver);

// True when that is what the evaluator decided; NotEvaluable is comparable with nothing.
bool agrees(Encoded encoded, policy::Outcome outcome);

}  // namespace sealane::prove
