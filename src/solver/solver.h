// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "solver/smt_answer.h"

namespace sealane::solver {

// A program that reads SMT-LIB 2.6 on its standard input and answers on its standard output, one
// command at a time.
struct Program {
  std::string name;               // for people: `cvc5`
  std::vector<std::string> argv;  // argv[0] is a path
};

// cvc5 and Z3 as Debian installs them, with the arguments they need.
Program cvc5_program(std::string path = "/usr/bin/cvc5");
Program z3_program(std::string path = "/usr/bin/z3");

// One question.
struct Query {
  // Declarations and assertions; set-logic, check-sat and the rest are added here.
  std::string script{};
  // Terms whose values are wanted when the answer is Sat.
  std::vector<std::string> values{};
  // Symbols of Bool constants assumed to hold; a core names those that an Unsat needs.
  std::vector<std::string> assumptions{};
  // Texts are asked about as classes where that can be (solver/text_classes.h).
  bool text_classes = true;
  // Less time than the solver's limit.
  std::optional<std::chrono::milliseconds> time_max{};
};

enum class Answer : std::uint8_t { Sat, Unsat, Unknown };
std::string_view to_string(Answer answer);

// Why an answer is Unknown.
enum class UnknownReason : std::uint8_t {
  None,          // the answer is Sat or Unsat
  Missing,       // the program is not there or cannot be started
  Timeout,       // no answer in time; the child was killed
  Killed,        // the child ended by itself or by somebody's signal; out of memory ends so too
  OutputLimit,   // it wrote more than it may; killed
  Malformed,     // what it wrote is no answer; killed
  SolverError,   // it answered `(error …)`
  SolverGaveUp,  // it answered `unknown`
  Cancelled,     // another solver's answer was enough; killed
};
std::string_view to_string(UnknownReason reason);  // `timeout`, `solver-gave-up`, …

// What came of a query.  Neither Sat nor Unsat is proof of anything before somebody else agrees.
struct Verdict {
  Answer answer = Answer::Unknown;
  UnknownReason reason = UnknownReason::None;
  std::string detail{};             // one line, for Unknown
  std::vector<Value> values{};      // for Sat, in the order of Query::values
  std::vector<std::string> core{};  // for Unsat: the assumptions it needs, unquoted
  std::chrono::microseconds spent{};
};

struct Limits {
  std::chrono::milliseconds time_max{2'000};  // for one query, the start of the child included
  std::uint64_t memory_max = 2ull << 30;      // the child's address space
  std::size_t script_bytes_max = 32u << 20;
  AnswerLimits answer{};
};

// One solver as a child process that is kept between queries and started anew when it had to be
// killed.  The child can write nothing but its answers: no environment, no descriptors but three,
// no new privileges, no core file, a bound on its memory; it dies with its parent.
//
// Owner:    the thread that made it; the children die with that thread.
// Threads:  one at a time.
// Lifetime: the destructor kills the child and waits.
class Solver {
 public:
  explicit Solver(Program program, const Limits& limits = {});
  ~Solver();
  Solver(Solver&&) noexcept;
  Solver& operator=(Solver&&) noexcept;

  const std::string& name() const;
  // Starts the child if there is none, so that the next query does not pay for it.
  // Errors: NotFound – the program is not there; Unavailable – no processes or descriptors left.
  Status warm_up();
  // Never fails: what goes wrong is an Unknown.
  Verdict check(const Query& query);
  // How many children were started; one, as long as nothing had to be killed.
  std::size_t starts() const;

 private:
  friend std::vector<Verdict> check_together(
      std::span<Solver>, const Query&, const std::function<bool(std::size_t, const Verdict&)>&);
  class Child;
  std::unique_ptr<Child> child_;
};

// Asks every solver at once.  `enough` hears each answer as it comes; when it returns true the
// others are stopped and say Cancelled.
// Result: a verdict for each solver.
std::vector<Verdict> check_together(
    std::span<Solver> solvers, const Query& query,
    const std::function<bool(std::size_t solver, const Verdict& verdict)>& enough);

// The script that `check` sends, for keeping beside a disagreement: whoever runs it gets the same
// answer.
std::string standalone_script(const Query& query);
// The same with its texts as classes, which is what the solvers read.
std::string standalone_script_in_classes(const Query& query);

}  // namespace sealane::solver
