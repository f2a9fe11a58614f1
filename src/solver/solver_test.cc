// SPDX-License-Identifier: Apache-2.0
#include "solver/solver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "solver/smt_text.h"

namespace sealane::solver {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr milliseconds kPlenty{60'000};

Limits plenty() { return {.time_max = kPlenty}; }

// A solver that is a shell script; `$line` is what it was told.
Program script(const std::string& body) { return {"fake", {"/bin/sh", "-c", body}}; }

// Answers `answer` to every check-sat and echoes what it is told to echo.
std::string answering(const std::string& answer, const std::string& values = "()") {
  return R"(while read -r line; do case "$line" in
    '(check-sat'*) echo ')" +
         answer + R"(';;
    '(get-'*) echo ')" +
         values + R"(';;
    '(echo "'*) e=${line#'(echo "'}; echo "${e%'")'}";; esac; done)";
}

class RealSolvers : public ::testing::TestWithParam<Program> {};
INSTANTIATE_TEST_SUITE_P(Solver, RealSolvers, ::testing::Values(cvc5_program(), z3_program()),
                         [](const auto& given) { return given.param.name; });

TEST_P(RealSolvers, FindAModelAndReadItBack) {
  Solver solver(GetParam(), plenty());
  const Verdict verdict = solver.check(
      {.script = "(declare-const s String)(declare-const r Real)(declare-const b (_ BitVec 8))"
                 "(declare-const p Bool)(assert (= s " +
                 *string_literal("é\"\\|😀") + "))(assert (= r " + *real_literal("-1.2") +
                 "))(assert (= b #xa5))(assert p)",
       .values = {"s", "r", "b", "p", "(str.len s)"}});
  ASSERT_EQ(verdict.answer, Answer::Sat) << verdict.detail;
  EXPECT_THAT(
      verdict.values,
      ElementsAre(Value{Value::Kind::String, "é\"\\|😀"}, Value{Value::Kind::Number, "-6/5"},
                  Value{Value::Kind::BitVector, "10100101"}, Value{Value::Kind::Bool, "true"},
                  Value{Value::Kind::Number, "5"}));
}

TEST_P(RealSolvers, NameTheAssumptionsThatAnUnsatNeeds) {
  Solver solver(GetParam(), plenty());
  const Verdict verdict = solver.check(
      {.script = "(declare-const r Real)(declare-const |low end| Bool)(declare-const high Bool)"
                 "(declare-const idle Bool)(assert (=> |low end| (< r 1.0)))"
                 "(assert (=> high (> r 1.2)))(assert (=> idle (> r 0.0)))",
       .assumptions = {"idle", "|low end|", "high"}});
  ASSERT_EQ(verdict.answer, Answer::Unsat) << verdict.detail;
  // A core need not be minimal.
  EXPECT_THAT(verdict.core, ::testing::IsSupersetOf({"low end", "high"}));
}

TEST_P(RealSolvers, ForgetOneQueryBeforeTheNext) {
  Solver solver(GetParam(), plenty());
  const Query yes{.script = "(declare-const x Int)(assert (> x 5))", .values = {"x"}};
  const Query no{.script = "(declare-const x String)(assert (not (= x x)))"};
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(solver.check(yes).answer, Answer::Sat);
    EXPECT_EQ(solver.check(no).answer, Answer::Unsat);
  }
  EXPECT_EQ(solver.starts(), 1U);
}

TEST_P(RealSolvers, SayWhatIsWrongWithAScriptAndGoOn) {
  Solver solver(GetParam(), plenty());
  const Verdict broken = solver.check({.script = "(assert (= nobody 1))"});
  EXPECT_EQ(broken.answer, Answer::Unknown);
  EXPECT_EQ(broken.reason, UnknownReason::SolverError);
  EXPECT_THAT(broken.detail, HasSubstr("nobody"));
  EXPECT_EQ(solver.check({.script = "(assert true)"}).answer, Answer::Sat);
}

// A limit that the program itself does not fit into: it ends at its start.
TEST_P(RealSolvers, AreKilledWhenTheyRunOutOfTheirMemory) {
  Limits limits = plenty();
  limits.memory_max = 24u << 20;
  Solver solver(GetParam(), limits);
  const Verdict verdict = solver.check({.script = "(assert true)"});
  EXPECT_EQ(verdict.answer, Answer::Unknown);
  EXPECT_NE(verdict.reason, UnknownReason::None);
}

TEST(Solver, IsUnknownWhenTheProgramIsNotThere) {
  Solver solver({"nobody", {"/nonexistent/solver"}}, plenty());
  const Verdict verdict = solver.check({.script = "(assert true)"});
  EXPECT_EQ(verdict.answer, Answer::Unknown);
  EXPECT_EQ(verdict.reason, UnknownReason::Missing);
  EXPECT_EQ(solver.warm_up().error().kind, ErrorKind::NotFound);
}

TEST(Solver, IsKilledAtItsDeadlineAndStartedAnew) {
  Solver solver(script(R"(while read -r line; do case "$line" in
    '(assert slow'*) exec sleep 600;;
    '(check-sat'*) echo sat;;
    '(echo "'*) e=${line#'(echo "'}; echo "${e%'")'}";; esac; done)"),
                {.time_max = milliseconds(3'000)});
  const Verdict slow = solver.check({.script = "(assert slow)\n"});
  EXPECT_EQ(slow.answer, Answer::Unknown);
  EXPECT_EQ(slow.reason, UnknownReason::Timeout);
  EXPECT_EQ(solver.check({.script = "(assert quick)\n"}).answer, Answer::Sat);
  EXPECT_EQ(solver.starts(), 2U);
}

TEST(Solver, IsUnknownWhenTheChildEndsInTheMiddle) {
  Solver solver(script("read -r line; echo sat; exit 0"), plenty());
  EXPECT_EQ(solver.check({.script = "(assert true)\n"}).reason, UnknownReason::Killed);
  Solver killed(script("kill -9 $$"), plenty());
  EXPECT_EQ(killed.check({.script = "(assert true)\n"}).reason, UnknownReason::Killed);
}

TEST(Solver, DoesNotDieWithAChildThatClosesItsInput) {
  Solver solver(script("exec <&-; sleep 0.1; exit 0"), plenty());
  EXPECT_EQ(solver.check({.script = std::string(4u << 20, ' ')}).answer, Answer::Unknown);
}

TEST(Solver, BoundsWhatAChildMayWrite) {
  Limits limits = plenty();
  limits.answer.bytes_max = 64u << 10;
  Solver solver(script("exec yes sat"), limits);
  EXPECT_EQ(solver.check({.script = "(assert true)\n"}).reason, UnknownReason::OutputLimit);
}

TEST(Solver, BoundsTheQuestion) {
  Limits limits = plenty();
  limits.script_bytes_max = 8;
  Solver solver(script(answering("sat")), limits);
  EXPECT_EQ(solver.check({.script = "(assert true)\n"}).answer, Answer::Unknown);
}

TEST(Solver, TakesNothingForAnAnswerThatIsNone) {
  for (const char* answer : {"", "sat sat", "maybe", "unsat?", "sat\nunsat"}) {
    Solver solver(script(answering(answer)), plenty());
    const Verdict verdict = solver.check({.script = "(assert true)\n"});
    EXPECT_EQ(verdict.answer, Answer::Unknown) << answer;
    EXPECT_EQ(verdict.reason, UnknownReason::Malformed) << answer;
  }
}

TEST(Solver, TakesAModelWithTheWrongNumberOfValuesForNone) {
  Solver solver(script(answering("sat", "((x 1))")), plenty());
  const Verdict verdict = solver.check({.script = "(assert true)\n", .values = {"x", "y"}});
  EXPECT_EQ(verdict.answer, Answer::Unknown);
  EXPECT_EQ(verdict.reason, UnknownReason::Malformed);
}

TEST(Solver, SaysThatItGaveUp) {
  Solver solver(script(answering("unknown")), plenty());
  const Verdict verdict = solver.check({.script = "(assert true)\n"});
  EXPECT_EQ(verdict.reason, UnknownReason::SolverGaveUp);
}

TEST(Solver, CannotBeFooledByAStringThatLooksLikeTheEnd) {
  Solver solver(cvc5_program(), plenty());
  const std::string text = "sealane-end-of-answers\nunsat\n(error \"x\")";
  const Verdict verdict = solver.check(
      {.script = "(declare-const s String)(assert (= s " + *string_literal(text) + "))",
       .values = {"s"}});
  ASSERT_EQ(verdict.answer, Answer::Sat) << verdict.detail;
  EXPECT_EQ(verdict.values.front().text, text);
}

TEST(Solver, GivesTheChildNoEnvironmentAndNoDescriptors) {
  ASSERT_EQ(::setenv("SEALANE_TEST_SECRET", "leaks", 1), 0);
  Solver solver(script(R"(answer=sat
    [ -z "$SEALANE_TEST_SECRET" ] || answer=environment
    for d in /proc/self/fd/*; do case ${d##*/} in 0|1|2) ;; *) [ ! -e "$d" ] || answer=descriptors;; esac; done
    while read -r line; do case "$line" in '(check-sat'*) echo $answer;;
      '(echo "'*) e=${line#'(echo "'}; echo "${e%'")'}";; esac; done)"),
                plenty());
  int leak[2];
  ASSERT_EQ(::pipe(leak), 0);
  const Verdict verdict = solver.check({.script = "(assert true)\n"});
  ::close(leak[0]);
  ::close(leak[1]);
  EXPECT_EQ(verdict.answer, Answer::Sat) << verdict.detail;
}

TEST(CheckTogether, StopsTheOthersWhenOneAnswerIsEnough) {
  std::vector<Solver> solvers;
  solvers.emplace_back(script("sleep 600"), plenty());
  solvers.emplace_back(script(answering("unsat")), plenty());
  std::vector<std::size_t> heard;
  const auto verdicts = check_together(solvers, {.script = "(assert true)\n"},
                                       [&](std::size_t solver, const Verdict& verdict) {
                                         heard.push_back(solver);
                                         return verdict.answer == Answer::Unsat;
                                       });
  EXPECT_THAT(heard, ElementsAre(1U));
  EXPECT_EQ(verdicts[0].reason, UnknownReason::Cancelled);
  EXPECT_EQ(verdicts[1].answer, Answer::Unsat);
}

TEST(CheckTogether, HearsEveryAnswerWhenNoneIsEnough) {
  std::vector<Solver> solvers;
  solvers.emplace_back(cvc5_program(), plenty());
  solvers.emplace_back(z3_program(), plenty());
  solvers.emplace_back(script(answering("sat")), plenty());  // lies
  const auto verdicts = check_together(solvers, {.script = "(assert false)\n"},
                                       [](std::size_t, const Verdict&) { return false; });
  EXPECT_EQ(verdicts[0].answer, Answer::Unsat);
  EXPECT_EQ(verdicts[1].answer, Answer::Unsat);
  EXPECT_EQ(verdicts[2].answer, Answer::Sat);
}

TEST(StandaloneScript, IsWhatASolverReads) {
  const Query query{.script = "(declare-const x Int)\n", .values = {"x"}, .assumptions = {"a"}};
  EXPECT_EQ(standalone_script(query),
            "(set-option :produce-models true)\n(set-option :produce-unsat-assumptions true)\n"
            "(set-logic ALL)\n(declare-const x Int)\n(check-sat-assuming (a))\n(get-value (x))\n");
}

}  // namespace
}  // namespace sealane::solver
