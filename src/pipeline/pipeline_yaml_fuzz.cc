// SPDX-License-Identifier: Apache-2.0
// Property: every text either loads or has an error; every finding lies inside the text; what loads
// keeps the invariants of model.h, has no floor below TLS 1.2, and its store policies parse.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/assess.h"
#include "pipeline/lake_policy.h"
#include "pipeline/load.h"
#include "pipeline/things.h"

namespace sealane::pipeline {
namespace {

constexpr Time kNow{std::chrono::seconds(1'800'000'000)};

void must(bool property) {
  if (!property) std::abort();
}

std::vector<std::size_t> line_lengths(std::string_view text) {
  std::vector<std::size_t> out(1, 0);
  for (char c : text) {
    if (c == '\n')
      out.push_back(0);
    else
      ++out.back();
  }
  return out;
}

void check_places(const std::vector<Diagnostic>& diagnostics, std::string_view text) {
  const auto lengths = line_lengths(text);
  for (const Diagnostic& d : diagnostics) {
    must(!d.message.empty() && !d.message.contains('\n'));
    must(d.span.line >= 1 && d.span.line <= lengths.size());
    // One past the last character is the place of what is missing there.
#ifdef SEALANE_PLANTED_DEFECT
    constexpr std::size_t kPastEnd = 0;
#else
    constexpr std::size_t kPastEnd = 1;
#endif
    must(d.span.column >= 1 && d.span.column <= lengths[d.span.line - 1] + kPastEnd);
  }
}

template <class T>
void check_parsed(const Parsed<T>& parsed, std::string_view text) {
  const bool has_error = std::ranges::any_of(
      parsed.diagnostics, [](const Diagnostic& d) { return d.severity == Severity::Error; });
  must(parsed.value.has_value() != has_error);
  check_places(parsed.diagnostics, text);
}

void check_pipeline(const Pipeline& p) {
  must(is_pipeline_name(p.name));
  for (const Hop& hop : p.hops) {
    const Node* server = p.find_node(server_of(p, hop));
    must(server != nullptr && p.find_node(client_of(p, hop)) != nullptr);
    const Listener* listener = server->listener(listener_of(hop.over));
    must(listener != nullptr);
    must(hop.floor.min_tls >= p.transit.min_tls);
    const auto peers = peers_of(p, *server, *listener, kNow);
    must(std::ranges::any_of(peers,
                             [&](const PeerRole& peer) { return peer.node == client_of(p, hop); }));
    must(listener_min_tls(p, *server, *listener, kNow) <= min_tls_at(p, hop, kNow));
    const BuildFacts build{.library = "x", .tls13 = true, .post_quantum_groups = false};
    const auto a =
        assess(p, hop, {.build = build, .configured_at = kNow, .observations = {}, .now = kNow});
    must(a.verdict == Verdict::Enforced && !a.reason.empty());
  }
  for (const Node& node : p.nodes)
    if (node.kind == NodeKind::Store) must(store_policy(p, node, kNow).ok());
}

}  // namespace
}  // namespace sealane::pipeline

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealane::pipeline;
  if (size > 8192) return 0;
  const std::string text(data, data + size);
  const auto pipeline = load_pipeline(text, "f.yaml");
  check_parsed(pipeline, text);
  if (pipeline.value) check_pipeline(*pipeline.value);
  check_parsed(parse_things(text, "f.csv"), text);
  return 0;
}
