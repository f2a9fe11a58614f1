// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "pipeline/assess.h"

namespace sealane::cli::demo {

// What one hop carried in this run.
struct HopTraffic {
  std::string from;
  std::string to;
  std::uint64_t bytes = 0;  // captured, both ways
  std::vector<pipeline::Observation> handshakes;
};

struct HopRow {
  pipeline::HopAssessment assessment;
  std::uint64_t bytes = 0;
  std::string tls;  // `1.3`; of the handshakes; several are joined by a slash
  std::string group;
  std::string suite;
};

// The handshakes that `connection-open` lines show, of the connections that came from `peers`.
std::vector<pipeline::Observation> handshakes_of(const std::vector<json::Value>& log,
                                                 const std::vector<std::string>& peers);

struct HopTableInput {
  const pipeline::Pipeline& pipeline;
  pipeline::BuildFacts build;
  Time configured_at;
  Time now;
  std::vector<HopTraffic> traffic;
};
// One row for each hop of the loaded pipeline, from its configuration and this run's handshakes.
std::vector<HopRow> hop_table(const HopTableInput& input);

// RFC 3339 in UTC, as log lines have it.
std::optional<Time> time_of(std::string_view rfc3339);

}  // namespace sealane::cli::demo
