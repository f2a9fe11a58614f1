// SPDX-License-Identifier: Apache-2.0
// How long claims about generated policies take, the fast path and the solvers apart.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/prove_policies.h"
#include "policy/document.h"
#include "prove/prove.h"

namespace {

using namespace sealane;
using Steady = std::chrono::steady_clock;

constexpr const char* kUsage =
    R"(Usage: prove_rate [--seed N] [--policies N] [--rounds N] [--scripts FOLDER] [--slow]

Decides a claim about each of N generated policies (default 600, bench/prove_policies.h), ROUNDS times
(default 1) with warm solvers, and prints percentiles of the time from the policy's text to the proof.

  --seed N          of the generator (default 1)
  --scripts FOLDER  write the question of every policy that went to the solvers, and its policy
  --slow            print the ten slowest policies

Example:
  prove_rate --policies 200 --seed 7
)";

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "prove_rate: %s\n", why.c_str());
  std::exit(2);
}

struct Arguments {
  unsigned seed = 1;
  std::size_t policies = 600;
  std::size_t rounds = 1;
  std::string scripts;
  bool slow = false;
};

Arguments read_arguments(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const auto value = [&]() -> std::string {
      if (i + 1 == argc) give_up(std::string(name) + " needs a value");
      return argv[++i];
    };
    if (name == "--help") {
      std::fputs(kUsage, stdout);
      std::exit(0);
    }
    if (name == "--slow")
      out.slow = true;
    else if (name == "--scripts")
      out.scripts = value();
    else if (name == "--seed")
      out.seed = static_cast<unsigned>(std::strtoul(value().c_str(), nullptr, 10));
    else if (name == "--policies")
      out.policies = std::strtoul(value().c_str(), nullptr, 10);
    else if (name == "--rounds")
      out.rounds = std::strtoul(value().c_str(), nullptr, 10);
    else
      give_up("what is `" + std::string(name) + "`? --help tells");
  }
  return out;
}

double ms_since(Steady::time_point begin) {
  return std::chrono::duration<double, std::milli>(Steady::now() - begin).count();
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

double cpu_seconds(int who) {
  rusage used{};
  ::getrusage(who, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct Timed {
  const bench::GeneratedPolicy* policy = nullptr;
  double ms = 0;
  prove::Proof proof;
};

// From text to proof, as `sealane prove` does it.
Timed timed(const policy::Catalogue& catalogue, const bench::GeneratedPolicy& one,
            std::span<solver::Solver> solvers) {
  const auto begin = Steady::now();
  const auto parsed =
      policy::parse_document(one.text, policy::DocumentKind::Resource, "policy.json");
  if (!parsed.value) give_up(to_text(parsed.diagnostics.at(0)) + "\n" + one.text);
  const auto scope =
      prove::scope_of(catalogue, *prove::parse_resource_type(one.type), one.resource);
  if (!scope.ok()) give_up(scope.error().message);
  prove::Options options;
  options.claim = *prove::parse_claim(one.claim);
  options.min_tls = one.min_tls;
  Timed out{&one, 0,
            prove::prove(catalogue, *scope, std::span(&*parsed.value, 1), solvers, options)};
  out.ms = ms_since(begin);
  return out;
}

void print_row(const char* what, const std::vector<double>& ms) {
  std::printf("| %s | %zu | %.3f | %.3f | %.3f | %.3f |\n", what, ms.size(), quantile(ms, 0.5),
              quantile(ms, 0.9), quantile(ms, 0.99), quantile(ms, 1.0));
}

void print_sizes(const std::vector<bench::GeneratedPolicy>& policies) {
  std::vector<double> sizes;
  std::size_t variables = 0;
  std::size_t sets = 0;
  for (const auto& one : policies) {
    sizes.push_back(static_cast<double>(one.text.size()));
    variables += one.text.find("${") != std::string::npos ? 1 : 0;
    sets += one.text.find("\"ForA") != std::string::npos ? 1 : 0;
  }
  const auto percent = [&](std::size_t n) {
    return 100.0 * static_cast<double>(n) / static_cast<double>(policies.size());
  };
  std::printf(
      "%zu policies: median %.0f B, p90 %.0f B, p99 %.0f B, largest %.0f B; %.0f %% with "
      "variables, %.0f %% with set operators\n",
      policies.size(), quantile(sizes, 0.5), quantile(sizes, 0.9), quantile(sizes, 0.99),
      quantile(sizes, 1.0), percent(variables), percent(sets));
}

void write_scripts(const std::string& folder, const std::vector<Timed>& all) {
  std::filesystem::create_directories(folder);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].proof.script.empty()) continue;
    const std::string base = folder + "/" + std::to_string(i);
    std::ofstream(base + ".smt2") << all[i].proof.script;
    std::ofstream(base + ".json") << all[i].policy->text;
  }
}

void measure_start() {
  for (const auto& program : {solver::cvc5_program(), solver::z3_program()}) {
    std::vector<double> ms;
    for (int i = 0; i < 9; ++i) {
      const auto begin = Steady::now();
      solver::Solver solver(program);
      if (solver.check({.script = "(declare-const p Bool)(assert p)"}).answer !=
          solver::Answer::Sat)
        give_up(program.name + " does not answer");
      ms.push_back(ms_since(begin));
    }
    std::printf("start of %s to its first answer: median %.1f ms\n", program.name.c_str(),
                quantile(ms, 0.5));
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const Arguments arguments = read_arguments(argc, argv);
  const auto policies = bench::generate_policies(arguments.seed, arguments.policies);
  print_sizes(policies);
  measure_start();
  auto begin = Steady::now();
  const policy::Catalogue catalogue = policy::Catalogue::shipped();
  std::printf("the catalogue: %.1f ms, once\n", ms_since(begin));
  const solver::Limits limits{.time_max = std::chrono::seconds(20)};
  std::vector<solver::Solver> solvers;
  solvers.emplace_back(solver::cvc5_program(), limits);
  solvers.emplace_back(solver::z3_program(), limits);
  for (solver::Solver& one : solvers)
    if (one.check({.script = "(assert true)"}).answer != solver::Answer::Sat) give_up("no solver");
  std::vector<Timed> all;
  if (!arguments.scripts.empty()) std::filesystem::create_directories(arguments.scripts);
  begin = Steady::now();
  for (std::size_t round = 0; round < arguments.rounds; ++round)
    for (const auto& one : policies) {
      all.push_back(timed(catalogue, one, solvers));
      if (arguments.slow)
        std::fprintf(stderr, "%zu %s %s %zu B: %.1f ms %s\n", all.size(), one.shape.c_str(),
                     one.claim.c_str(), one.text.size(), all.back().ms,
                     std::string(to_string(all.back().proof.outcome)).c_str());
    }
  std::printf("%.1f s\n", ms_since(begin) / 1e3);

  std::vector<double> fast, slow, holds, fails, answers;
  std::map<std::string, std::vector<double>> by_shape;
  std::map<std::string, std::size_t> unknown;
  std::size_t timeouts = 0, single = 0;
  for (const Timed& one : all) {
    (one.proof.by_fast_path ? fast : slow).push_back(one.ms);
    if (!one.proof.by_fast_path) {
      if (one.proof.outcome == prove::Outcome::Holds) holds.push_back(one.ms);
      if (one.proof.outcome == prove::Outcome::Fails) fails.push_back(one.ms);
    }
    double answered = 0;
    for (const auto& said : one.proof.solvers)
      answered = std::max(answered, static_cast<double>(said.spent.count()) / 1e3);
    if (!one.proof.by_fast_path) answers.push_back(answered);
    by_shape[one.policy->shape + " " + one.policy->claim + " " +
             std::string(to_string(one.proof.outcome))]
        .push_back(one.ms);
    for (const auto& said : one.proof.solvers)
      timeouts += said.reason == solver::UnknownReason::Timeout ? 1 : 0;
    single +=
        std::ranges::find(one.proof.assumptions, "single-solver") != one.proof.assumptions.end()
            ? 1
            : 0;
    if (one.proof.outcome == prove::Outcome::Unknown)
      ++unknown[std::string(to_string(one.proof.doubt))];
  }
  std::printf("\n| | policies | p50 ms | p90 ms | p99 ms | most ms |\n|---|--:|--:|--:|--:|--:|\n");
  print_row("by the text", fast);
  print_row("by the solvers", slow);
  print_row("of these: holds", holds);
  print_row("of these: fails", fails);
  print_row("by the solvers: the claim's question alone", answers);
  std::printf(
      "\n%.0f %% took the solvers; %zu answers timed out at 20 s, %zu rest on one solver alone, "
      "children started %zu and %zu\n",
      100.0 * static_cast<double>(slow.size()) / static_cast<double>(all.size()), timeouts, single,
      solvers[0].starts(), solvers[1].starts());
  for (const auto& [why, count] : unknown) std::printf("unknown, %s: %zu\n", why.c_str(), count);
  if (arguments.slow) {
    for (const auto& [shape, ms] : by_shape) print_row(shape.c_str(), ms);
    std::vector<std::size_t> order(all.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return -all[i].ms; });
    for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 12); ++i) {
      const Timed& one = all[order[i]];
      std::printf("%zu: %.1f ms, %s %s %s, %zu bytes:", order[i], one.ms, one.policy->shape.c_str(),
                  one.policy->claim.c_str(), std::string(to_string(one.proof.outcome)).c_str(),
                  one.policy->text.size());
      for (const auto& said : one.proof.solvers)
        std::printf(" %s %s %s %.1f ms", said.name.c_str(),
                    std::string(to_string(said.answer)).c_str(),
                    std::string(to_string(said.reason)).c_str(),
                    static_cast<double>(said.spent.count()) / 1e3);
      std::printf("\n");
    }
  }
  if (!arguments.scripts.empty()) write_scripts(arguments.scripts, all);
  // The children are waited for when they end, which is when their time is known.
  solvers.clear();
  std::printf("CPU time: %.1f s of this process, %.1f s of the solvers\n", cpu_seconds(RUSAGE_SELF),
              cpu_seconds(RUSAGE_CHILDREN));
  return 0;
}
