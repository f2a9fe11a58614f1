// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/demo/processes.h"
#include "tls/blocking_client.h"

namespace sealane::cli::demo {

// One attempt to get around the encryption, and what came of it.
struct Attempt {
  std::string name;
  bool refused = false;            // for the reason that the attempt provokes, and no other
  std::string reason;              // in the words of whoever refused
  std::string proof;               // that its bytes arrived there
  bool repaired_succeeds = false;  // the same with its one defect taken away
  std::string repaired;
};

// A listener of this run and the recording relay through which attempts reach it.
struct Target {
  Child& process;
  RelayProcess& relay;
  std::string uri;  // identity that it must show

  tls::Endpoint endpoint() const;
};

// What the listener said of one connection, and how many bytes of it passed the relay.
struct Refused {
  std::string event;   // connection-refused or request-denied
  std::string reason;  // of the event
  std::string detail;
  std::uint64_t bytes = 0;    // that the relay passed on to the listener
  std::uint64_t counted = 0;  // that the listener says it got; 0 when the event does not say
};

// Runs `act`, which makes exactly one connection through the target's relay, and waits for what the
// listener says of it.
// Errors:  those of the processes; Timeout – the listener refused nothing.
Result<Refused> watch_refusal(Target& target, const std::function<Status()>& act);

// Enters a refusal into an attempt: it counts when its event or reason is among the expected ones.
void judge(Attempt& attempt, const Result<Refused>& refused,
           std::initializer_list<std::string_view> expected);
// Enters the outcome of the repaired client.
void judge_repaired(Attempt& attempt, const Status& outcome, const std::string& success);

}  // namespace sealane::cli::demo
