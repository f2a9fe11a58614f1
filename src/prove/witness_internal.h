// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "prove/encode_internal.h"
#include "prove/witness.h"
#include "solver/smt_answer.h"

namespace sealane::prove {

// The terms whose values make up a request, in the order that read_witness wants.
std::vector<std::string> witness_terms(const Encoder& encoder);
// Errors: Internal – values that are not of the terms' sorts.
Result<Counterexample> read_witness(const Encoder& encoder, std::span<const solver::Value> values);
// Assertions that make a request easier to read, in groups that are best had together; the most
// important first.  Each may be impossible.
std::vector<std::vector<Term>> preferences(const Encoder& encoder);

}  // namespace sealane::prove
