// SPDX-License-Identifier: Apache-2.0
// policy_differential: product and reference evaluator over random pairs of documents and requests.
#include <fmt/core.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/testing/case_json.h"
#include "policy/testing/differential.h"

namespace sealane::policy::reference {
namespace {

constexpr std::string_view kUsage =
    "Usage: policy_differential [--pairs N] [--seconds S] [--seed X] | --replay FILE\n"
    "\n"
    "Asks the policy evaluator and the reference evaluator about random pairs of documents and\n"
    "requests.  Prints how often each outcome came; exit 1 when they disagree, with the pair as "
    "two\n"
    "lines of JSON, or when an outcome came in less than 1 % of the pairs.\n"
    "\n"
    "  --pairs N      how many (default 1000000; no limit when --seconds is given)\n"
    "  --seconds S    stop after that time\n"
    "  --seed X       the same seed asks the same questions (default 1)\n"
    "  --replay FILE  ask both about one pair: documents in the first line, request in the "
    "second\n";

constexpr std::uint64_t kShareMinPpm = 10'000;
constexpr std::uint64_t kPairsForShares = 10'000;

int report_on(const DifferentialReport& report, std::uint64_t seed, double seconds) {
  fmt::print("seed {}: {} pairs of {} sets of documents ({} refused) in {:.1f} s\n", seed,
             report.pairs, report.sets, report.refused_sets, seconds);
  bool enough_of_each = true;
  for (const Outcome one : {Outcome::Allowed, Outcome::ExplicitlyDenied, Outcome::ImplicitlyDenied,
                            Outcome::NotEvaluable}) {
    fmt::print("  {:<18} {:>9}  {:5.1f} %\n", to_string(one),
               report.outcomes[static_cast<std::size_t>(one)],
               static_cast<double>(report.share_in_ppm(one)) / 10'000.0);
    enough_of_each = enough_of_each && report.share_in_ppm(one) >= kShareMinPpm;
  }
  if (report.first) {
    fmt::print(stderr, "error: product says {}, reference says {}\n{}\n{}\n",
               to_string(report.first->product), to_string(report.first->reference),
               report.first->documents, report.first->request);
    return 1;
  }
  if (!enough_of_each && report.pairs >= kPairsForShares) {
    fmt::print(stderr, "error: an outcome came in less than 1 % of the pairs\n");
    return 1;
  }
  return 0;
}

int replay(const std::string& path) {
  std::ifstream file(path);
  std::string documents, request;
  std::getline(file, documents);
  std::getline(file, request);
  const auto sources = read_documents(documents);
  const auto asked = read_request(request);
  if (!sources || !asked) {
    fmt::print(stderr, "error: `{}` is not a pair\n", path);
    return 2;
  }
  std::vector<ModelDocument> models;
  for (const SourceDocument& source : *sources)
    if (auto model = read_model(source)) models.push_back(*model);
  const auto read = parse_all(*sources);
  if (!read) {
    fmt::print(stderr, "error: the product refuses the documents\n");
    return 2;
  }
  const CompiledPolicies policies = compile(*read);
  const Decision decision = ask(policies, *asked);
  const Outcome expected = Reference(*asked).decide(models);
  fmt::print("product   {}: {}\nreference {}\n", to_string(decision.outcome()),
             explain(policies, decision), to_string(expected));
  return decision.outcome() == expected ? 0 : 1;
}

struct Arguments {
  std::uint64_t pairs = 0, seconds = 0, seed = 1;
  std::string replay;
  bool help = false;
};

std::optional<Arguments> read_arguments(std::span<char*> arguments) {
  Arguments out;
  for (std::size_t i = 1; i < arguments.size(); i += 2) {
    const std::string_view name = arguments[i];
    if (name == "--help" || name == "-h") {
      out.help = true;
      return out;
    }
    if (i + 1 == arguments.size()) return std::nullopt;
    const std::string_view value = arguments[i + 1];
    std::uint64_t* number = nullptr;
    if (name == "--replay") out.replay = value;
    if (name == "--pairs") number = &out.pairs;
    if (name == "--seconds") number = &out.seconds;
    if (name == "--seed") number = &out.seed;
    if (number == nullptr && name != "--replay") return std::nullopt;
    if (number != nullptr &&
        std::from_chars(value.data(), value.data() + value.size(), *number).ec != std::errc())
      return std::nullopt;
  }
  return out;
}

int run(std::span<char*> words) {
  using clock = std::chrono::steady_clock;
  const auto arguments = read_arguments(words);
  if (!arguments || arguments->help) {
    fmt::print(arguments ? stdout : stderr, "{}", kUsage);
    return arguments ? 0 : 2;
  }
  if (!arguments->replay.empty()) return replay(arguments->replay);
  DifferentialOptions options{.seed = arguments->seed, .pairs = arguments->pairs};
  const double seconds = static_cast<double>(arguments->seconds);
  if (options.pairs == 0)
    options.pairs = seconds == 0 ? 1'000'000 : std::numeric_limits<std::uint64_t>::max();
  const auto begin = clock::now();
  auto elapsed = [&] { return std::chrono::duration<double>(clock::now() - begin).count(); };
  if (seconds != 0) options.enough = [&] { return elapsed() >= seconds; };
  const DifferentialReport report = compare_evaluators(options);
  return report_on(report, options.seed, elapsed());
}

}  // namespace
}  // namespace sealane::policy::reference

int main(int count, char** arguments) {
  return sealane::policy::reference::run(std::span(arguments, static_cast<std::size_t>(count)));
}
