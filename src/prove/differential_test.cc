// SPDX-License-Identifier: Apache-2.0
// Random policies, and requests that a solver picks under random constraints: the encoding and the
// evaluator agree about every statement.  Other questions: --gtest_shuffle --gtest_random_seed=N.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "base/json.h"
#include "base/json_text.h"
#include "policy/evaluate.h"
#include "prove/prove.h"
#include "prove/witness_internal.h"

namespace sealane::prove {
namespace {

constexpr std::size_t kPolicies = 12;
constexpr std::size_t kRequestsEach = 6;

// The elements that statements of the table of claims have, by their names.
using Pool = std::map<std::string, std::set<std::string>>;

void collect(const std::string& text, const json::Extent& statement, Pool& pool) {
  for (const json::Extent& item : json::items_of(text, statement.begin)) {
    const std::size_t name_end = json::value_end(text, item.begin);
    const std::string name = text.substr(item.begin + 1, name_end - item.begin - 2);
    const std::string element = text.substr(item.begin, item.end - item.begin);
    if (name.ends_with("Principal")) pool["Principal"].insert(element);
    if (name.ends_with("Action")) pool["Action"].insert(element);
    if (name.ends_with("Resource")) pool["Resource"].insert(element);
    if (name == "Effect" || name == "Condition") pool[name].insert(element);
  }
}

Pool pool_of_the_table() {
  Pool pool;
  std::ifstream file("testdata/claims.tsv");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream in(line);
    std::string type;
    std::string text;
    for (int i = 0; i < 8; ++i) {
      std::getline(in, text, '\t');
      if (i == 1) type = text;
    }
    if (type != "s3-bucket") continue;
    for (const json::Extent& member : json::items_of(text, 0)) {
      if (!text.substr(member.begin).starts_with("\"Statement\"")) continue;
      const json::Extent value = json::value_of(text, member);
      if (text[value.begin] == '{') collect(text, value, pool);
      if (text[value.begin] == '[')
        for (const json::Extent& one : json::items_of(text, value.begin)) collect(text, one, pool);
    }
  }
  return pool;
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  const std::string& one_of(const std::set<std::string>& texts) {
    return *std::next(texts.begin(), static_cast<std::ptrdiff_t>(below(texts.size())));
  }

 private:
  std::mt19937 engine_;
};

std::string random_policy(Random& random, Pool& pool) {
  std::string statements;
  for (std::size_t n = 1 + random.below(3); n > 0; --n) {
    std::string elements;
    for (const char* name : {"Effect", "Principal", "Action", "Resource", "Condition"})
      elements += (elements.empty() ? "" : ",") + random.one_of(pool[name]);
    statements += (statements.empty() ? "{" : ",{") + elements + "}";
  }
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}

struct Counts {
  std::size_t requests = 0, applying = 0, undecided = 0, refused = 0;
};

// One request that a solver picks; every statement is asked about it in both ways.
void compare(Encoder& encoder, const std::vector<Term>& terms, const Term& constraint,
             const policy::Document& document, solver::Solver& solver, const std::string& text,
             Counts& counts) {
  std::vector<std::string> wanted = witness_terms(encoder);
  const std::size_t own = wanted.size();
  wanted.insert(wanted.end(), terms.begin(), terms.end());
  std::vector<std::string> axioms = encoder.axiom_names(all_axioms());
  const solver::Verdict verdict =
      solver.check({.script = encoder.preamble() + "(assert " + constraint + ")\n",
                    .values = wanted,
                    .assumptions = axioms});
  if (verdict.answer != solver::Answer::Sat) return;
  ASSERT_EQ(verdict.values.size(), wanted.size());
  const auto example = read_witness(encoder, std::span(verdict.values).first(own));
  ASSERT_TRUE(example.ok()) << text;
  ++counts.requests;
  const auto explained = policy::explain_statements(policy::compile(std::span(&document, 1)),
                                                    example->request.at(*example->request.now));
  ASSERT_EQ(explained.size(), terms.size());
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const bool encoded = verdict.values[own + i].text == "true";
    if (explained[i].matched == policy::Match::Unknown) {
      ++counts.undecided;
      EXPECT_FALSE(encoded) << text << "\n" << request_json(example->request);
      continue;
    }
    counts.applying += encoded ? 1 : 0;
    EXPECT_EQ(encoded, explained[i].matched == policy::Match::Yes)
        << "statement " << i << ": " << explained[i].why << "\n"
        << text << "\n"
        << request_json(example->request);
  }
}

TEST(Differential, EncodingAndEvaluatorAgreeAboutEveryStatement) {
  Pool pool = pool_of_the_table();
  for (const char* name : {"Effect", "Principal", "Action", "Resource", "Condition"})
    ASSERT_FALSE(pool[name].empty()) << name;
  const policy::Catalogue catalogue = policy::Catalogue::shipped();
  const Scope scope = *scope_of(catalogue, ResourceType::S3Bucket, "arn:aws:s3:::b");
  solver::Solver solver(solver::cvc5_program(), {.time_max = std::chrono::milliseconds(2'000)});
  Random random(1U + static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed()));
  Counts counts;
  for (std::size_t p = 0; p < kPolicies && !::testing::Test::HasFailure(); ++p) {
    const std::string text = random_policy(random, pool);
    const auto parsed = policy::parse_document(text, policy::DocumentKind::Resource, "policy.json");
    if (!parsed.value) continue;
    auto encoder = Encoder::create(catalogue, scope, std::span(&*parsed.value, 1));
    std::vector<Term> terms;
    for (std::size_t i = 0; encoder.ok() && i < parsed.value->statements.size(); ++i) {
      auto term = encoder->matches(*parsed.value, parsed.value->statements[i]);
      if (term.ok()) terms.push_back(*term);
    }
    if (terms.size() != parsed.value->statements.size()) {
      ++counts.refused;
      continue;
    }
    Term all;
    for (const Term& term : terms) all += " " + term + " ";
    encoder->note_names(all);
    for (std::size_t r = 0; r < kRequestsEach; ++r) {
      std::vector<Term> chosen = {encoder->in_catalogue()};
      const Term& asked = terms[random.below(terms.size())];
      chosen.push_back(r % 2 == 0 ? asked : negate(asked));
      if (r % 3 != 0) chosen.push_back("(= caller " + std::to_string(random.below(kCallers)) + ")");
      if (r % 3 == 2)
        chosen.push_back("(= class " + std::to_string(random.below(encoder->classes().size())) +
                         ")");
      compare(*encoder, terms, conj(chosen), *parsed.value, solver, text, counts);
    }
  }
  EXPECT_GT(counts.requests, kPolicies);
  EXPECT_GT(counts.applying, 0U);
  EXPECT_LT(counts.refused, kPolicies / 2);
}

}  // namespace
}  // namespace sealane::prove
