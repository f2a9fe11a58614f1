// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "pipeline/model.h"
#include "pipeline/verdict.h"

namespace sealane::pipeline {

// What the TLS library of this build can do.
struct BuildFacts {
  std::string library;  // `OpenSSL 3.0.22`
  bool tls13 = true;
  bool post_quantum_groups = false;  // X25519MLKEM768
};

// One connection of a hop as a party to it saw it.
struct Observation {
  Time at;
  std::string tls;    // `1.3`; empty: bytes passed without TLS
  std::string group;  // `x25519`; empty when the library cannot tell
  std::string suite;
  bool resumed = false;
  bool peer_verified = false;
};

struct HopAssessment {
  std::string from;
  std::string to;
  HopProtocol over{};
  Verdict verdict{};
  Basis basis{};
  TlsVersion min_tls{};            // what the hop is judged at
  std::vector<Evidence> evidence;  // one per class, in the order of the classes
  std::string reason;              // one sentence
  std::vector<std::string> notes;  // what this build cannot do, what is accepted and until when
};

struct AssessInput {
  const BuildFacts& build;
  // When the processes of both ends loaded this pipeline; nothing when none runs.
  std::optional<Time> configured_at;
  std::span<const Observation> observations;
  Time now;
};

// Says what one hop is worth.
//
// Result:  in this version Sealane runs the receiving end of every hop, so a hop is enforced by
//          the gateway unless the build cannot hold the floor, an acceptance ran out, or an
//          observation contradicts: then it is open, and `reason` says which.
// Threads: pure.
HopAssessment assess(const Pipeline& pipeline, const Hop& hop, const AssessInput& input);

// Exit code for a table: 0 all enforced, inherent or not applicable; 1 some open; 3 some unknown
// and none open.
int exit_code_of(std::span<const HopAssessment> hops);

}  // namespace sealane::pipeline
