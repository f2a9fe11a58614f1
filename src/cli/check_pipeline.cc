// SPDX-License-Identifier: Apache-2.0
#include "cli/check_pipeline.h"

#include "cli/trust.h"
#include "pipeline/assess.h"
#include "pipeline/things.h"
#include "policy/document.h"
#include "report/hop_table.h"
#include "tls/policy.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kTextBytesMax = 16u << 20;

void append(std::vector<Diagnostic>& to, std::vector<Diagnostic> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

// What the files beside the pipeline file get wrong: a hop is worth nothing if its policy does not
// load.
Result<std::vector<Diagnostic>> check_referenced_files(Env& env, const LoadedPipeline& loaded) {
  std::vector<Diagnostic> out;
  for (const pipeline::Node& node : loaded.pipeline.nodes) {
    if (node.things_file.empty()) continue;
    const std::string path = loaded.folder + "/" + node.things_file;
    SEALANE_ASSIGN(const Bytes text, read_file(env, path, kTextBytesMax));
    append(out, pipeline::parse_things(as_text(text), path).diagnostics);
  }
  for (const pipeline::Hop& hop : loaded.pipeline.hops) {
    if (hop.policy_file.empty()) continue;
    const std::string path = loaded.folder + "/" + hop.policy_file;
    SEALANE_ASSIGN(const Bytes text, read_file(env, path, kTextBytesMax));
    append(
        out,
        policy::parse_document(as_text(text), policy::DocumentKind::IotDevice, path).diagnostics);
  }
  return out;
}

// What is wrong with the certificates and lists of other CAs is a mistake in the file; how old the
// lists are is a note on every hop that they decide about.
Result<std::vector<std::string>> check_trust(Env& env, const LoadedPipeline& loaded, Time now,
                                             std::vector<Diagnostic>& diagnostics) {
  std::vector<std::string> notes;
  auto trust = load_trust(env, loaded);
  if (!trust.ok()) {
    SourceSpan span{loaded.file};
    for (const pipeline::ExternalAuthority& authority : loaded.pipeline.authorities)
      for (const std::string* file : {&authority.ca_file, &authority.crl_file})
        if (!file->empty() && trust.error().message.contains(*file + "`")) span = authority.span;
    diagnostics.push_back({Severity::Error, span, trust.error().message, trust.error().hint});
    return notes;
  }
  for (const identity::Authority& authority : (*trust)->authorities())
    if (authority.crl)
      if (std::string warning = identity::warning_of(authority, now); !warning.empty())
        notes.push_back(std::move(warning));
  return notes;
}

}  // namespace

Result<int> check_pipeline(Env& env, const LoadedPipeline& loaded, OutputFormat format,
                           bool verbose) {
  const Time now = SystemClock().now();
  SEALANE_ASSIGN(std::vector<Diagnostic> diagnostics, check_referenced_files(env, loaded));
  SEALANE_ASSIGN(const std::vector<std::string> trust_notes,
                 check_trust(env, loaded, now, diagnostics));
  if (const int code = report_diagnostics(diagnostics, format); code != kOk) return code;
  const tls::Capabilities capabilities = tls::build_capabilities();
  const pipeline::BuildFacts build{.library = capabilities.library,
                                   .tls13 = true,
                                   .post_quantum_groups = capabilities.has_ml_kem};
  std::vector<pipeline::HopAssessment> hops;
  for (const pipeline::Hop& hop : loaded.pipeline.hops) {
    hops.push_back(pipeline::assess(
        loaded.pipeline, hop,
        {.build = build, .configured_at = std::nullopt, .observations = {}, .now = now}));
    auto& notes = hops.back().notes;
    if (hop.over == pipeline::HopProtocol::Mqtt)
      notes.insert(notes.end(), trust_notes.begin(), trust_notes.end());
  }
  const auto detail = verbose ? report::Detail::Full : report::Detail::Brief;
  print(format == OutputFormat::Json ? report::hop_table_json(hops)
                                     : report::hop_table_text(hops, detail));
  return pipeline::exit_code_of(hops);
}

}  // namespace sealane::cli
