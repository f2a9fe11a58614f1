// SPDX-License-Identifier: Apache-2.0
#include "prove/testing/differential.h"

#include "policy/testing/case_json.h"
#include "policy/testing/generator.h"
#include "prove/testing/fixed_request.h"

namespace sealane::prove {
namespace {

using policy::reference::ModelDocument;
using policy::reference::ModelRequest;

const char* word_of(Encoded encoded) {
  switch (encoded) {
    case Encoded::Allowed: return "allowed";
    case Encoded::Denied: return "denied";
    case Encoded::NotAllowed: return "not allowed";
    case Encoded::NoSuchRequest: return "no such request";
    case Encoded::Refused: return "refused";
    case Encoded::NoAnswer: break;
  }
  return "no answer";
}

// True while they agree.
bool compare(const policy::Catalogue& catalogue, solver::Solver& solver,
             std::span<const ModelDocument> models, std::span<const policy::Document> documents,
             const ModelRequest& request, DifferentialReport& report) {
  const auto outcome = policy::reference::ask(policy::compile(documents), request).outcome();
  if (outcome == policy::Outcome::NotEvaluable) {
    ++report.undecided;
    return true;
  }
  const Encoded encoded = ask_encoding(catalogue, documents, request, solver);
  if (encoded == Encoded::NoSuchRequest || encoded == Encoded::Refused) {
    ++report.refused;
    return true;
  }
  if (encoded == Encoded::NoAnswer) {
    ++report.unanswered;
    return true;
  }
  ++report.compared;
  report.allowed += encoded == Encoded::Allowed ? 1 : 0;
  report.denied += encoded == Encoded::Denied ? 1 : 0;
  report.not_allowed += encoded == Encoded::NotAllowed ? 1 : 0;
  if (agrees(encoded, outcome)) return true;
  report.first = policy::reference::documents_json(models) + "\n" +
                 policy::reference::request_json(request) + "\nthe evaluator says " +
                 std::string(policy::to_string(outcome)) + ", the encoding " + word_of(encoded) +
                 "\n";
  return false;
}

}  // namespace

DifferentialReport compare_with_evaluator(const policy::Catalogue& catalogue,
                                          solver::Solver& solver,
                                          const DifferentialOptions& options) {
  using policy::reference::Generator;
  using Style = Generator::Style;
  Generator generator(options.seed);
  DifferentialReport report;
  for (std::uint64_t set = 0; set < options.sets && !options.enough(); ++set) {
    const std::vector<ModelDocument> models =
        generator.documents(set % 2 == 0 ? Style::Encodable : Style::Anything);
    const auto documents = policy::reference::parse_all(models);
    for (std::uint64_t i = 0; i < options.requests_of_each; ++i) {
      const ModelRequest request = generator.request();
      if (!documents) {
        ++report.refused;
        continue;
      }
      if (!compare(catalogue, solver, models, *documents, request, report)) return report;
    }
  }
  return report;
}

std::optional<DifferentialReport> compare_pair(const policy::Catalogue& catalogue,
                                               solver::Solver& solver, std::string_view documents,
                                               std::string_view request) {
  const auto sources = policy::reference::read_documents(documents);
  const auto asked = policy::reference::read_request(request);
  if (!sources.ok() || !asked.ok()) return std::nullopt;
  std::vector<ModelDocument> models;
  for (const policy::reference::SourceDocument& source : *sources) {
    auto model = policy::reference::read_model(source);
    if (!model.ok()) return std::nullopt;
    models.push_back(std::move(*model));
  }
  const auto parsed = policy::reference::parse_all(*sources);
  if (!parsed) return std::nullopt;
  DifferentialReport report;
  compare(catalogue, solver, models, *parsed, *asked, report);
  return report;
}

}  // namespace sealane::prove
