// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/prove_inputs.h"
#include "policy/catalogue.h"
#include "policy/evaluate.h"
#include "mqtt/limits.h"
#include "prove/inherent.h"
#include "prove/prove.h"
#include "prove/repair.h"

namespace sealane::cli {

// What is asked of every policy.
struct ProveSettings {
  prove::Options options;
  std::optional<prove::ResourceType> type;  // nothing: the one that the policy names
  // Each policy is asked about each of them; empty: about the one that the policy names.
  std::vector<std::string> resources;
  std::string account;  // of the resource's owner, where the ARN does not say
  // Policies that decide together with each, and those that each is compared with.
  std::vector<policy::Document> beside;
  std::vector<policy::Document> reference;
  bool claim_was_said = true;
  // Of policies of IoT devices.
  bool of_devices = false;       // somebody said so
  std::vector<std::string> own;  // empty: those that the policy names
  mqtt::Profile mqtt_profile = mqtt::Profile::AwsIotCore;
  std::chrono::milliseconds question_max{20'000};
  std::string cvc5;
  std::string z3;
};

// What is told of a policy of IoT devices alone.
struct DeviceFacts {
  prove::Claim claim{};
  std::vector<std::string> own;
  std::vector<policy::RequestFile> steps;  // of the counterexample, in order
  std::optional<prove::Inherent> inherent;
};

// What became of one policy.
struct ProvedPolicy {
  PolicyInput input;
  std::string resource;                     // that it is asked about; empty: the one it names
  std::vector<Diagnostic> diagnostics;      // with an Error: it cannot be asked about
  std::string not_here;                     // what of it this version does not decide
  std::vector<policy::Document> documents;  // the policy, and what decides together with it
  std::optional<prove::Scope> scope;
  std::optional<prove::Proof> proof;
  // Of the counterexample: which statements apply to it, and why not.
  std::vector<policy::StatementExplanation> statements;
  std::optional<prove::Repair> repair;
  std::optional<DeviceFacts> devices;
  std::string diff() const;  // of the file, for the repair

  bool is_bad() const;
  prove::Outcome outcome() const { return proof ? proof->outcome : prove::Outcome::Unknown; }
};

// Decides every policy by itself, about one resource after another, on two threads with two solvers
// each at most.  `progress` hears how many of all are done, from one thread at a time.
std::vector<ProvedPolicy> prove_policies(
    const policy::Catalogue& catalogue, std::vector<PolicyInput> inputs,
    const ProveSettings& settings,
    const std::function<void(std::size_t done, std::size_t all)>& progress);

}  // namespace sealane::cli
