// SPDX-License-Identifier: Apache-2.0
// Product and reference decide random pairs alike; policy_differential runs more of them.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "policy/testing/case_json.h"
#include "policy/testing/differential.h"
#include "policy/testing/generator.h"

namespace sealane::policy::reference {
namespace {

constexpr std::uint64_t kShareMinPpm = 10'000;

TEST(Differential, EvaluatorsAgreeAndEveryOutcomeIsFrequent) {
  const DifferentialReport report = compare_evaluators({.seed = 1, .pairs = 20'000});
  if (report.first)
    ADD_FAILURE() << "product " << to_string(report.first->product) << ", reference "
                  << to_string(report.first->reference) << "\n"
                  << report.first->documents << "\n"
                  << report.first->request;
  EXPECT_LT(report.refused_sets, report.sets / 10);
  for (const Outcome one : {Outcome::Allowed, Outcome::ExplicitlyDenied, Outcome::ImplicitlyDenied,
                            Outcome::NotEvaluable})
    EXPECT_GE(report.share_in_ppm(one), kShareMinPpm) << to_string(one);
}

// The comparison is worth something: without any one rule of the reference it fails.
TEST(Differential, NoticesTheAbsenceOfEveryRule) {
  for (const Rule rule : rules_not_noticed({.seed = 2, .pairs = 200'000}))
    ADD_FAILURE() << "nobody missed " << to_string(rule);
}

// `request` with everything of `values` that the decision did not read.
ModelRequest with_what_was_not_read(const ModelRequest& request, const ModelRequest& values,
                                    const CompiledPolicies& policies, const Decision& decision) {
  ModelRequest out = request;
  out.now = decision.changes_at() ? request.now : std::max(request.now, values.now);
  out.context = values.context;
  const auto keys = policies.keys();
  for (std::size_t k = 0; k < keys.size(); ++k) {
    if (!decision.keys_read().contains(k)) continue;
    out.context.erase(keys[k]);
    if (const auto at = request.context.find(keys[k]); at != request.context.end())
      out.context.insert(*at);
  }
  return out;
}

// A decision may be kept as long as what it names as read stays the same and the instant that it
// names has not come.
TEST(Differential, WhatADecisionDidNotReadCannotChangeIt) {
  Generator generator(3);
  for (std::size_t set = 0; set < 300; ++set) {
    const std::vector<ModelDocument> models = generator.documents();
    const auto documents = parse_all(models);
    if (!documents) continue;
    const CompiledPolicies policies = compile(*documents);
    for (std::size_t i = 0; i < 40; ++i) {
      const ModelRequest request = generator.request();
      const Decision decision = ask(policies, request);
      const ModelRequest other =
          with_what_was_not_read(request, generator.request(), policies, decision);
      ASSERT_EQ(to_string(ask(policies, other).outcome()), to_string(decision.outcome()))
          << documents_json(models) << "\n"
          << request_json(request) << "\n"
          << request_json(other);
    }
  }
}

TEST(Differential, APairCanBeReplayedFromItsJson) {
  Generator generator(4);
  for (std::size_t i = 0; i < 200; ++i) {
    const std::vector<ModelDocument> models = generator.documents();
    const ModelRequest request = generator.request();
    const auto sources = read_documents(documents_json(models));
    const auto read = read_request(request_json(request));
    ASSERT_TRUE(sources && read);
    std::vector<ModelDocument> again;
    for (const SourceDocument& source : *sources) {
      auto model = read_model(source);
      ASSERT_TRUE(model);
      again.push_back(*std::move(model));
    }
    EXPECT_EQ(Reference(*read).decide(again), Reference(request).decide(models))
        << documents_json(models) << "\n"
        << request_json(request);
  }
}

}  // namespace
}  // namespace sealane::policy::reference
