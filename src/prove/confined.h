// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/limits.h"
#include "policy/document.h"
#include "policy/request_json.h"
#include "prove/axioms.h"
#include "prove/prove.h"

namespace sealane::prove {

// `${thing}` in the filters of ConfinedOptions::own stands for the name of the thing.
constexpr std::string_view kThingPlaceholder = "${thing}";

struct ConfinedOptions {
  mqtt::Profile profile = mqtt::Profile::AwsIotCore;
  // MQTT filters of a thing's own topics: `devices/${thing}/#`.  None: own_topics_named_by().
  std::vector<std::string> own;
  // An ARN of AWS IoT Core, for its partition, region and account.  Empty: those that the documents
  // name.
  std::string resource;
  AxiomSet axioms = all_axioms();
};

// One way out: requests that are allowed, in their order, and what they reach.
struct Reached {
  std::string thing;      // whose certificate it is
  std::string client_id;  // empty over HTTPS
  std::string filter;     // empty where the thing publishes
  std::string topic;
  std::string sentence;  // for people
  std::vector<policy::RequestFile> requests;
};

struct Confinement {
  Outcome outcome = Outcome::Unknown;
  Doubt doubt = Doubt::None;
  std::string detail;  // one sentence, for Unknown
  std::vector<std::string> own;
  bool own_was_given = false;
  std::vector<std::string> assumptions;
  std::vector<std::string> notes;
  std::vector<Reached> reached;  // Fails alone: one of each way, the evaluator has confirmed each
};

// The filters of a thing's own topics where nobody says them: the levels that the policies name
// after the thing or its client in what they allow to publish and receive, with all beneath; else
// `${thing}` and all beneath.  The reserved topics of the thing, `$aws/things/${thing}/#`, always.
std::vector<std::string> own_topics_named_by(std::span<const policy::Document> documents);

// Errors: Invalid – `text` is no MQTT filter, or has another placeholder.
Status check_own(const std::string& text);

// Decides whether a thing reaches only its own topics under documents of its certificate:
//
//   no thing t, client id c, filter f and topic w with
//     Connect(c), Subscribe(f), f takes in w, Receive(w), and
//       w is none of t's own, or Subscribe(w) is denied explicitly (a wider filter gets past)
//     or Connect(c), Publish(w), and w is none of t's own
//     or Publish(w) over HTTPS, where there is no client id, and w is none of t's own
//
// Source:  the meaning of policies: policy/evaluate.h; of filters: mqtt/topic.h; what AWS IoT Core
//          substitutes and when: docs/decisions/0014-confined.md.
// Input:   IotDevice documents that check_own's filters go with.
// Result:  Holds by exact automata, for every name of the thing, every client id, and every value
// of
//          what conditions read; Fails with requests that the evaluator and mqtt's matcher have
//          confirmed.  Unknown with Unsupported: a condition that has no exact form here (its
//          place stands in `detail`); with Unconfirmed: what may be reached was not found
//          concretely.
// Bounds:  kSearchStatesMax states of each question; kCasesMax kinds of requests; 50,000 questions.
// Threads: pure.
Confinement confined(std::span<const policy::Document> documents, const ConfinedOptions& options);
constexpr std::size_t kCasesMax = 4'096;

// The least that a device policy must allow for its thing to use its own topics: Connect as itself,
// and of Publish, Subscribe and Receive those that `documents` allow on all of them.
struct LeastPrivilege {
  std::string text;
  std::string what;
};
// Result: nothing when own topics have no exact form in a policy (`+`), when the documents allow
//         none of it, or when confined() does not hold of the result.
std::optional<LeastPrivilege> least_privilege(std::span<const policy::Document> documents,
                                              const ConfinedOptions& options);

}  // namespace sealane::prove
