// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/json.h"
#include "pipeline/assess.h"

namespace sealane::report {

enum class Detail : std::uint8_t {
  Brief,  // hop, verdict and one sentence
  Full,   // basis, evidence and notes too
};

// The hop table for a terminal, without colours.
std::string hop_table_text(std::span<const pipeline::HopAssessment> hops, Detail detail);

// The members of one hop: from, to, over, verdict, basis, min_tls, evidence, reason, notes.  Within
// an object that the caller began.
void write_hop_members(json::Writer& out, const pipeline::HopAssessment& hop);

// {"hops": [...], "summary": {...}}, as docs/json.md describes them.
std::string hop_table_json(std::span<const pipeline::HopAssessment> hops);

}  // namespace sealane::report
