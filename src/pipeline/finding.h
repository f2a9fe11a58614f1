// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "pipeline/verdict.h"

namespace sealane::pipeline {

// One thing that an input says, or leaves to the service, about a hop.
struct Fact {
  std::string resource;  // the address that the input gives it
  std::string property;  // with indices: `listener[2].protocol`; empty: the resource as such
  std::string value;     // as it stands there, `not set`, `unknown`, or `(hidden)` for a secret
  std::string meaning;   // what follows from it, one sentence
  SourceSpan location;
  std::string row;       // of the knowledge that says what it means: `msk-client-broker`
  bool decides = false;  // the verdict rests on it
};

// What `check` says of one hop of somebody's infrastructure.
struct Finding {
  std::string id;    // of declared names alone; stable when files are renamed or reordered
  std::string from;  // an address, or a label for what stands outside the input
  std::string to;
  Verdict verdict{};
  Basis basis{};
  std::string min_tls;  // the least version that can be, where it is known: `1.2`
  std::string code;     // why not green: `plaintext`, `below-floor`, `unverified-peer`, …
  std::string reason;   // one sentence
  std::vector<Evidence> evidence;
  std::vector<Fact> facts;
  SourceSpan location;                   // of the fact that decides, or of the resource
  std::vector<std::string> controls;     // `SEC09-BP02`
  std::vector<std::string> equivalents;  // what other tools call it: `CKV_AWS_81`
  std::vector<std::string> citations;    // what the facts' meanings rest on
  std::string fix;                       // the smallest change; empty when there is none
  std::vector<std::string> notes;
  // Somebody takes it as it is: why, and until when.  It does not count for the exit code.
  std::string accepted;
};

// Exit code of a run, without what is accepted: 1 some hop open, 3 some unknown and none open,
// else 0.
int exit_code_of(std::span<const Finding> findings);

}  // namespace sealane::pipeline
