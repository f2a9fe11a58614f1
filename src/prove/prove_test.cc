// SPDX-License-Identifier: Apache-2.0
#include "prove/prove.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "policy/document.h"
#include "policy/evaluate.h"
#include "prove/testdata/fixture.h"

namespace sealane::prove {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// One line of testdata/claims.tsv.
struct Row {
  std::string name, type, resource, claim, min_tls, without, expected, policy, reason;
};

std::vector<Row> rows() {
  return rows_of<Row>("testdata/claims.tsv",
                      {&Row::name, &Row::type, &Row::resource, &Row::claim, &Row::min_tls,
                       &Row::without, &Row::expected, &Row::policy, &Row::reason});
}

std::vector<policy::Document> documents_of(
    const std::string& text, policy::DocumentKind kind = policy::DocumentKind::Resource) {
  auto parsed = policy::parse_document(text, kind, "policy.json");
  EXPECT_TRUE(parsed.value.has_value())
      << text << "\n"
      << (parsed.diagnostics.empty() ? "" : to_text(parsed.diagnostics.front()));
  std::vector<policy::Document> out;
  if (parsed.value) out.push_back(std::move(*parsed.value));
  return out;
}

std::vector<policy::Document> documents_of_row(const Row& row) {
  return documents_of(row.policy, document_kind_of(*parse_resource_type(row.type)));
}

Scope scope_of_row(const Row& row) {
  auto scope = scope_for(catalogue(), parse_resource_type(row.type), row.resource,
                         documents_of_row(row), row.claim != "grant");
  EXPECT_TRUE(scope.ok()) << row.name;
  return *scope;
}

Options options_of(const Row& row) {
  Options options;
  options.claim = *parse_claim(row.claim);
  options.min_tls = row.min_tls;
  if (!row.without.empty()) options.axioms.erase(*parse_axiom(row.without));
  return options;
}

class Claims : public ::testing::TestWithParam<Row> {};
INSTANTIATE_TEST_SUITE_P(Table, Claims, ::testing::ValuesIn(rows()), [](const auto& given) {
  std::string name = given.param.name;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

// What is shown is read back and decided by the evaluator: nothing denies it explicitly.
void expect_replay(const Counterexample& example, std::span<const policy::Document> documents,
                   const std::string& claim) {
  const std::string json = request_json(example.request);
  const auto read = policy::parse_request(json, "request.json", catalogue());
  ASSERT_TRUE(read.value) << json << to_text(read.diagnostics.front());
  const auto decision =
      policy::decide(policy::compile(documents), read.value->at(*read.value->now));
  EXPECT_NE(decision.outcome(), policy::Outcome::ExplicitlyDenied) << json;
  EXPECT_NE(decision.outcome(), policy::Outcome::NotEvaluable) << json;
  if (claim == "grant" && documents[0].kind == policy::DocumentKind::Resource)
    EXPECT_TRUE(decision.allowed()) << json;
}

TEST_P(Claims, AreDecidedAsTheTableSays) {
  const Row& row = GetParam();
  const Scope scope = scope_of_row(row);
  const auto documents = documents_of_row(row);
  Options options = options_of(row);
  const Proof proof = prove(catalogue(), scope, documents, solvers(), options);
  EXPECT_EQ(to_string(proof.outcome), row.expected)
      << row.reason << "\n"
      << proof.detail << "\n"
      << (proof.counterexample ? request_json(proof.counterexample->request) : "");
  EXPECT_EQ(proof.counterexample.has_value(), row.expected == "fails");
  if (proof.counterexample) expect_replay(*proof.counterexample, documents, row.claim);
  if (!proof.by_fast_path) return;
  // The fast path says nothing that the solvers do not say.
  options.fast_path = false;
  EXPECT_EQ(to_string(prove(catalogue(), scope, documents, solvers(), options).outcome),
            row.expected);
}

TEST(ClaimTable, HasAtLeastEightyRowsAndThirtyThatFail) {
  const auto all = rows();
  EXPECT_GE(all.size(), 80U);
  EXPECT_GE(std::ranges::count(all, "fails", &Row::expected), 30);
}

Proof proof_of(const std::string& name, std::span<solver::Solver> who, bool strict = false) {
  for (const Row& row : rows()) {
    if (row.name != name) continue;
    Options options = options_of(row);
    options.fast_path = false;
    options.strict = strict;
    return prove(catalogue(), scope_of_row(row), documents_of_row(row), who, options);
  }
  ADD_FAILURE() << name;
  return {};
}

// A solver that answers everything alike.
solver::Program answering(const std::string& answer) {
  return {"fake",
          {"/bin/sh", "-c",
           "while read -r line; do case \"$line\" in '(check-sat'*) echo '" + answer +
               "';; '(get-unsat'*) echo '()';; '(get-value'*) echo '()';;"
               " '(echo \"'*) e=${line#'(echo \"'}; echo \"${e%'\")'}\";; esac; done"}};
}

std::vector<solver::Solver> pair(solver::Program a, solver::Program b) {
  std::vector<solver::Solver> out;
  const solver::Limits limits{.time_max = std::chrono::milliseconds(20'000)};
  out.emplace_back(std::move(a), limits);
  out.emplace_back(std::move(b), limits);
  return out;
}

TEST(Prove, SaysWhatCarriesAVerdict) {
  EXPECT_EQ(proof_of("two-halves", solvers()).basis, pipeline::Basis::DenyPolicy);
  const Proof guard = proof_of("rcp-s3", solvers());
  EXPECT_EQ(guard.verdict, pipeline::Verdict::Enforced);
  EXPECT_EQ(guard.basis, pipeline::Basis::OrgGuard);
  EXPECT_THAT(guard.assumptions, Contains("A13"));
  const Proof open = proof_of("scp-put-object", solvers());
  EXPECT_EQ(open.verdict, pipeline::Verdict::Open);
  EXPECT_EQ(open.basis, pipeline::Basis::None);
  EXPECT_EQ(proof_of("allow-if-tls-grant", solvers()).verdict, std::nullopt);
}

TEST(Prove, NamesWhatAProofRestsOn) {
  const Proof proof = proof_of("two-halves", solvers());
  EXPECT_THAT(proof.assumptions, Contains("A1"));
  EXPECT_THAT(proof.assumptions, Contains("A11"));
  EXPECT_THAT(proof.assumptions, Not(Contains("single-solver")));
}

TEST(Prove, SaysThatOneSolverAloneAnswered) {
  auto one = pair(solver::cvc5_program(), {"gone", {"/nonexistent"}});
  const Proof proof = proof_of("two-halves", one);
  EXPECT_EQ(proof.outcome, Outcome::Holds);
  EXPECT_THAT(proof.assumptions, Contains("single-solver"));
  const Proof strict = proof_of("two-halves", one, true);
  EXPECT_EQ(strict.outcome, Outcome::Unknown);
  EXPECT_EQ(strict.doubt, Doubt::SingleSolver);
}

TEST(Prove, IsUnknownWithoutSolvers) {
  auto none = pair({"gone", {"/nonexistent"}}, answering("unknown"));
  const Proof proof = proof_of("two-halves", none);
  EXPECT_EQ(proof.outcome, Outcome::Unknown);
  EXPECT_EQ(proof.doubt, Doubt::NoAnswer);
  ASSERT_EQ(proof.solvers.size(), 2U);
  EXPECT_EQ(proof.solvers[0].reason, solver::UnknownReason::Missing);
}

TEST(Prove, NeverBelievesASolverThatLiesThatThereIsNoRequest) {
  auto liar = pair(solver::cvc5_program(), answering("unsat"));
  const Proof proof = proof_of("objects-only", liar);
  // Whoever is first: the request is shown, or the two contradict each other.
  if (proof.outcome != Outcome::Fails) {
    EXPECT_EQ(proof.outcome, Outcome::Unknown);
    EXPECT_EQ(proof.doubt, Doubt::Disagreement);
  }
}

TEST(Prove, NeverBelievesASolverThatLiesThatThereIsARequest) {
  auto liar = pair(answering("sat"), solver::cvc5_program());
  const Proof proof = proof_of("two-halves", liar);
  EXPECT_NE(proof.outcome, Outcome::Fails);
  EXPECT_FALSE(proof.counterexample.has_value());
}

TEST(Prove, ReportsAStatementThatDeniesNothing) {
  const Proof proof = proof_of("false-and-old-tls", solvers());
  ASSERT_EQ(proof.vacuous.size(), 1U);
  EXPECT_THAT(proof.vacuous[0].why, HasSubstr("no request meets"));
  const Proof floor = proof_of("tls-floor-only", solvers());
  ASSERT_EQ(floor.vacuous.size(), 1U);
  EXPECT_THAT(floor.vacuous[0].why, HasSubstr("TLS 1.2 and newer"));
  EXPECT_THAT(proof_of("two-halves", solvers()).vacuous, IsEmpty());
}

TEST(Prove, ReportsAStatementThatDeniesNothingBesideOneThatCarriesTheClaim) {
  const auto documents = documents_of(
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*",)"
      R"("Condition":{"Bool":{"aws:SecureTransport":"false"}}},{"Effect":"Deny","Principal":"*","Action":"s3:*",)"
      R"("Resource":"*","Condition":{"NumericLessThan":{"s3:TlsVersion":"1.2"}}}]})");
  const Scope scope = *scope_of(catalogue(), ResourceType::S3Bucket, "arn:aws:s3:::b");
  const Proof proof = prove(catalogue(), scope, documents, solvers(), {});
  EXPECT_TRUE(proof.by_fast_path);
  EXPECT_EQ(proof.outcome, Outcome::Holds);
  ASSERT_EQ(proof.vacuous.size(), 1U);
  EXPECT_EQ(proof.vacuous[0].statement, 1U);
}

TEST(Prove, SaysThatAnActionOfTheFutureIsNotCovered) {
  EXPECT_THAT(proof_of("canonical", solvers()).notes, IsEmpty());
  // Every name of the catalogue begins with a letter that is listed.
  std::string listed;
  for (char letter = 'a'; letter <= 'z'; ++letter)
    listed += (listed.empty() ? "\"s3:" : ",\"s3:") + std::string(1, letter) + "*\"";
  const auto documents = documents_of(
      R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Resource":"*",)"
      R"("Condition":{"Bool":{"aws:SecureTransport":"false"}},"Action":[)" +
      listed + "]}}");
  const Scope scope = *scope_of(catalogue(), ResourceType::S3Bucket, "arn:aws:s3:::b");
  const Proof proof = prove(catalogue(), scope, documents, solvers(), {});
  EXPECT_EQ(proof.outcome, Outcome::Holds);
  EXPECT_THAT(proof.notes, Not(IsEmpty()));
}

TEST(Prove, ShowsTheSimplestRequestThereIs) {
  const Proof proof = proof_of("objects-only", solvers());
  ASSERT_TRUE(proof.counterexample);
  EXPECT_EQ(proof.counterexample->request.action, "s3:ListBucket");
  EXPECT_EQ(proof.counterexample->request.resource, "arn:aws:s3:::b");
  EXPECT_EQ(proof.counterexample->command, "curl -i http://b.s3.amazonaws.com/");
  EXPECT_EQ(proof.counterexample->tls, "none");
  EXPECT_EQ(proof.counterexample->request.context.entries().size(), 1U);
}

TEST(Prove, RefusesWhatItCannotExpress) {
  const auto documents = documents_of(
      R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*",)"
      R"("Resource":"*","Condition":{"StringLike":{"aws:SourceIp":"10.*"}}}})");
  const Scope scope = *scope_of(catalogue(), ResourceType::S3Bucket, "arn:aws:s3:::b");
  const Proof proof = prove(catalogue(), scope, documents, solvers(), {});
  EXPECT_EQ(proof.outcome, Outcome::Unknown);
  EXPECT_EQ(proof.doubt, Doubt::Unsupported);
  EXPECT_THAT(proof.detail, HasSubstr("policy.json:1:"));
}

TEST(Scope, IsOfAnArnOfTheTypeItself) {
  for (const char* arn :
       {"arn:aws:s3:eu-central-1:111122223333:accesspoint/a",
        "arn:aws:s3:eu-central-1:111122223333:accesspoint", "arn:aws:s3:eu-central-1::b",
        "arn:aws:s3::111122223333:b", "arn:aws:s3:::b:c", "arn:aws:sqs:::q",
        "arn:aws:sns:eu-central-1:111122223333:t:1",
        "arn:aws:kms:eu-central-1:111122223333:alias/a",
        "arn:aws:kms:eu-central-1:111122223333:key/",
        "arn:aws:kinesis:eu-central-1:111122223333:s"}) {
    const auto type = resource_type_of(arn);
    ASSERT_TRUE(type) << arn;
    EXPECT_FALSE(scope_of(catalogue(), *type, arn).ok()) << arn;
  }
  // What an access point's policy names is no bucket.
  const auto documents = documents_of(
      R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":[)"
      R"("arn:aws:s3:eu-central-1:111122223333:accesspoint/a",)"
      R"("arn:aws:s3:eu-central-1:111122223333:accesspoint/a/object/*"]}})");
  EXPECT_FALSE(resource_named_by(documents).ok());
}

}  // namespace
}  // namespace sealane::prove
