// SPDX-License-Identifier: Apache-2.0
#include "solver/text_classes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sealane::solver {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Limits plenty() { return {.time_max = std::chrono::milliseconds(60'000)}; }

Verdict asked(std::string script, std::vector<std::string> values, bool classes) {
  static Solver* const solver = new Solver(cvc5_program(), plenty());
  return solver->check(
      {.script = std::move(script), .values = std::move(values), .text_classes = classes});
}

TEST(TextClasses, LeaveNoStringBehindWhenOnlyLanguagesAreAskedAbout) {
  LanguageCache cache;
  const TextClasses classes(
      {.script = "(declare-const s String)(declare-const p Bool)(assert (=> p (= s \"a\")))"
                 "(assert (str.in_re (str.++ \"x:\" s) (re.++ (str.to_re \"x:\") re.all)))"
                 "(assert (str.prefixof \"ab\" (ite p s \"abc\")))",
       .values = {"s"}},
      cache);
  EXPECT_EQ(classes.classified(), 1U);
  EXPECT_THAT(classes.question().script, Not(HasSubstr("String")));
  EXPECT_THAT(classes.question().script, Not(HasSubstr("str.")));
}

TEST(TextClasses, LeaveAStringThatIsComparedWithAnother) {
  LanguageCache cache;
  const TextClasses classes(
      {.script = "(declare-const s String)(declare-const t String)(declare-const u String)"
                 "(assert (= s t))(assert (= t \"a\"))(assert (not (= u \"a\")))"},
      cache);
  EXPECT_EQ(classes.classified(), 1U);
  EXPECT_EQ(classes.left(), 2U);
  EXPECT_THAT(classes.question().script, HasSubstr("(declare-const s String)"));
  EXPECT_THAT(classes.question().script, Not(HasSubstr("(declare-const u String)")));
}

TEST(TextClasses, LeaveWhatStandsBesideAStringThatStays) {
  // `a` stays because of `b`, and `b` because of str.indexof.
  LanguageCache cache;
  const TextClasses classes(
      {.script = "(declare-const a String)(declare-const b String)"
                 "(assert (= (str.++ a \"-\" b) \"x-y\"))(assert (= (str.indexof b \"y\" 0) 0))"},
      cache);
  EXPECT_EQ(classes.classified(), 0U);
  EXPECT_EQ(classes.question().script.find("class of"), std::string::npos);
}

TEST(TextClasses, DivideAConcatenationOfConstants) {
  const std::string declared =
      "(declare-const a String)(declare-const b String)"
      "(assert (str.in_re a ((_ re.^ 2) (re.range \"0\" \"9\"))))";
  const std::string together = "(assert (= (str.++ \"r/\" a \":\" b) \"r/12:x\"))";
  const Verdict found = asked(declared + together, {"a", "b"}, true);
  ASSERT_EQ(found.answer, Answer::Sat) << found.detail;
  EXPECT_EQ(found.values[0].text, "12");
  EXPECT_EQ(found.values[1].text, "x");
  EXPECT_EQ(asked(declared + together + "(assert (not (= b \"x\")))", {}, true).answer,
            Answer::Unsat);
  EXPECT_EQ(asked(declared + "(assert (= (str.++ a b) \"1x\"))", {}, true).answer, Answer::Unsat);
}

TEST(TextClasses, WorkOutValuesThatAreMadeOfClasses) {
  const Verdict found =
      asked("(declare-const who Int)(declare-const a String)(assert (= who 1))(assert (= a \"7\"))",
            {"(ite (= who 1) (str.++ \"user/\" a) \"nobody\")", "who"}, true);
  ASSERT_EQ(found.answer, Answer::Sat) << found.detail;
  EXPECT_EQ(found.values[0].text, "user/7");
  EXPECT_EQ(found.values[1].text, "1");
}

TEST(TextClasses, LeaveWhetherATermHoldsToTheSolver) {
  const Verdict found = asked(
      "(declare-const now Real)(declare-const a String)(assert (= now 3.0))(assert (= a \"7\"))",
      {"(and (= now 3.000) (str.prefixof \"7\" a))", "(and (= now 3.5) (= a \"7\"))", "a"}, true);
  ASSERT_EQ(found.answer, Answer::Sat) << found.detail;
  EXPECT_EQ(found.values[0].text, "true");
  EXPECT_EQ(found.values[1].text, "false");
  EXPECT_EQ(found.values[2].text, "7");
}

TEST(TextClasses, LeaveAQuestionThatIsNotUnderstood) {
  for (const char* script :
       {"(declare-const s String", "(declare-const s String)(assert (= s \"\\x\"))",
        "(declare-const s String)(assert (str.in_re s (re.loop s)))"}) {
    LanguageCache cache;
    const TextClasses classes({.script = script}, cache);
    EXPECT_EQ(classes.question().script, script);
  }
}

// A language or an atom by chance, over few characters so that they meet.
class Chance {
 public:
  explicit Chance(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }

  std::string text() {
    std::string out;
    for (std::size_t n = below(4); n > 0; --n) out += "ab:"[below(3)];
    return "\"" + out + "\"";
  }
  std::string language(int depth) {
    switch (depth == 0 ? below(4) : below(9)) {
      case 0: return "(str.to_re " + text() + ")";
      case 1: return "re.all";
      case 2: return "re.allchar";
      case 3: return "(re.range \"a\" \"b\")";
      case 4: return "(re.union " + language(depth - 1) + " " + language(depth - 1) + ")";
      case 5: return "(re.++ " + language(depth - 1) + " " + language(depth - 1) + ")";
      case 6: return "(re.* " + language(depth - 1) + ")";
      case 7: return "(re.diff " + language(depth - 1) + " " + language(depth - 1) + ")";
      default: return "(re.opt " + language(depth - 1) + ")";
    }
  }
  std::string subject(int depth) {
    const std::string constants[] = {"s", "t", "u"};
    switch (depth == 0 ? 0 : below(5)) {
      case 3: return "(str.++ " + subject(0) + " " + text() + " " + subject(0) + ")";
      case 4: return "(ite p " + subject(depth - 1) + " " + subject(depth - 1) + ")";
      default: return constants[below(3)];
    }
  }
  std::string atom() {
    switch (below(6)) {
      case 0: return "(= " + subject(2) + " " + text() + ")";
      case 1: return "(str.prefixof " + text() + " " + subject(2) + ")";
      case 2: return "(str.suffixof " + text() + " " + subject(2) + ")";
      case 3: return "(> (str.len " + subject(0) + ") 0)";
      default: return "(str.in_re " + subject(2) + " " + language(2) + ")";
    }
  }

 private:
  std::mt19937 engine_;
};

// What cvc5 says of a question with strings, it says of the classes; a model of the classes is one
// of the strings.  Other questions: --gtest_random_seed=N.
TEST(TextClasses, HaveAModelWhenTheStringsHaveOne) {
  Chance chance(7U + static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed()));
  std::size_t sat = 0;
  std::size_t unsat = 0;
  for (int i = 0; i < 250; ++i) {
    std::string script =
        "(declare-const s String)(declare-const t String)(declare-const u String)"
        "(declare-const p Bool)(declare-const q Bool)";
    for (std::size_t n = 2 + chance.below(4); n > 0; --n) {
      const std::string atom = chance.atom();
      script += "(assert " + (chance.below(2) == 0 ? atom : "(not " + atom + ")") + ")";
    }
    Limits limits{.time_max = std::chrono::milliseconds(400)};
    static Solver* const raw_solver = new Solver(cvc5_program(), limits);
    const Verdict raw = raw_solver->check({.script = script, .text_classes = false});
    if (raw.answer == Answer::Unknown) continue;
    const Verdict classes = asked(script, {"s", "t", "u", "p"}, true);
    ASSERT_EQ(classes.answer, raw.answer) << script << classes.detail;
    (raw.answer == Answer::Sat ? sat : unsat) += 1;
    if (raw.answer == Answer::Unsat) continue;
    for (std::size_t c = 0; c < 3; ++c)
      script += "(assert (= " + std::string(1, "stu"[c]) + " \"" + classes.values[c].text + "\"))";
    script += "(assert (= p " + classes.values[3].text + "))";
    EXPECT_NE(raw_solver->check({.script = script, .text_classes = false}).answer, Answer::Unsat)
        << script;
  }
  EXPECT_GT(sat, 20U);
  EXPECT_GT(unsat, 20U);
}

}  // namespace
}  // namespace sealane::solver
