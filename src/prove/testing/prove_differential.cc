// SPDX-License-Identifier: Apache-2.0
// prove_differential: evaluator and encoding over random requests to random sets of policies.
#include <fmt/core.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "prove/testing/differential.h"

namespace sealane::prove {
namespace {

constexpr std::string_view kUsage =
    "Usage: prove_differential [--sets N] [--seconds S] [--seed X] | --replay FILE\n"
    "\n"
    "Asks the policy evaluator and the prover's encoding about random requests to random policies\n"
    "of several kinds.  Exit 1 when they disagree, with the case, or when nothing was compared.\n"
    "\n"
    "  --sets N     how many sets of policies (default 1000; no limit when --seconds is given)\n"
    "  --seconds S  stop after that time\n"
    "  --seed X     the same seed asks the same questions (default 1)\n"
    "  --replay FILE  ask both about one pair: documents in the first line, request in the "
    "second\n";

struct Arguments {
  std::uint64_t sets = 0, seconds = 0, seed = 1;
  std::string replay;
  bool help = false;
};

std::optional<Arguments> read_arguments(std::span<char*> words) {
  Arguments out;
  for (std::size_t i = 1; i < words.size(); i += 2) {
    const std::string_view name = words[i];
    if (name == "--help" || name == "-h") {
      out.help = true;
      return out;
    }
    if (i + 1 == words.size()) return std::nullopt;
    const std::string_view value = words[i + 1];
    if (name == "--replay") {
      out.replay = value;
      continue;
    }
    std::uint64_t* number = name == "--sets"      ? &out.sets
                            : name == "--seconds" ? &out.seconds
                            : name == "--seed"    ? &out.seed
                                                  : nullptr;
    if (number == nullptr ||
        std::from_chars(value.data(), value.data() + value.size(), *number).ec != std::errc())
      return std::nullopt;
  }
  return out;
}

std::optional<DifferentialReport> replayed(const std::string& path,
                                           const policy::Catalogue& catalogue,
                                           solver::Solver& solver) {
  std::ifstream file(path);
  std::string documents, request;
  std::getline(file, documents);
  std::getline(file, request);
  return compare_pair(catalogue, solver, documents, request);
}

int run(std::span<char*> words) {
  using clock = std::chrono::steady_clock;
  const auto arguments = read_arguments(words);
  if (!arguments || arguments->help) {
    fmt::print(arguments ? stdout : stderr, "{}", kUsage);
    return arguments ? 0 : 2;
  }
  DifferentialOptions options{.seed = arguments->seed, .sets = arguments->sets};
  const double seconds = static_cast<double>(arguments->seconds);
  if (options.sets == 0)
    options.sets = seconds == 0 ? 1'000 : std::numeric_limits<std::uint64_t>::max();
  const auto begin = clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(clock::now() - begin).count(); };
  if (seconds != 0) options.enough = [&] { return elapsed() >= seconds; };
  const policy::Catalogue catalogue = policy::Catalogue::shipped();
  solver::Solver solver(solver::cvc5_program(), {.time_max = std::chrono::milliseconds(5'000)});
  const auto asked = arguments->replay.empty() ? compare_with_evaluator(catalogue, solver, options)
                                               : replayed(arguments->replay, catalogue, solver);
  if (!asked) {
    fmt::print(stderr, "error: `{}` is not a pair\n", arguments->replay);
    return 2;
  }
  const DifferentialReport& report = *asked;
  fmt::print(
      "seed {}: {} requests compared in {:.1f} s: {} allowed, {} denied, {} not allowed; {} that "
      "the evaluator cannot tell, {} that the encoding refuses, {} without an answer\n",
      options.seed, report.compared, elapsed(), report.allowed, report.denied, report.not_allowed,
      report.undecided, report.refused, report.unanswered);
  if (!report.first.empty()) fmt::print(stderr, "error: they disagree\n{}", report.first);
  return report.first.empty() && report.compared > 0 ? 0 : 1;
}

}  // namespace
}  // namespace sealane::prove

int main(int count, char** words) {
  return sealane::prove::run(std::span(words, static_cast<std::size_t>(count)));
}
