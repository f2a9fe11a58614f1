// SPDX-License-Identifier: Apache-2.0
// Property: whatever parses can be decided; a document together with all its Allows turned into
// Denies allows nothing; adding documents of Denies never allows more; the order of documents does
// not matter; the statement that decided is explained as one that applies, and a Deny that applies
// denies; the greedy glob says what the obvious one says.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "policy/evaluate.h"
#include "policy/glob.h"

namespace sealane::policy {
namespace {

constexpr Time kNow{std::chrono::seconds(1'800'000'000)};
constexpr std::size_t kGlobMax = 24;

void must(bool property) {
  if (!property) std::abort();
}

bool obvious_glob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] != '*')
    return !text.empty() && text[0] == pattern[0] &&
           obvious_glob(pattern.substr(1), text.substr(1));
  for (std::size_t i = 0; i <= text.size(); ++i)
    if (obvious_glob(pattern.substr(1), text.substr(i))) return true;
  return false;
}

bool greedy_glob(std::string_view pattern, std::string_view text) {
  std::vector<GlobPiece> pieces;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '*')
      pieces.push_back({GlobPiece::Kind::AnyRun, {}});
    else
      pieces.push_back({GlobPiece::Kind::Literal, pattern.substr(i, 1)});
  }
  return glob_match(pieces, text);
}

bool is_plain_ascii(std::string_view text) {
  return text.size() <= kGlobMax && text.find('?') == std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return c > 0; });
}

void compare_globs(const Document& document) {
  for (const Statement& statement : document.statements)
    for (const Condition& condition : statement.conditions)
      for (const SourceText& pattern : condition.values)
        for (const SourceText& text : condition.values)
          if (is_plain_ascii(pattern.text) && is_plain_ascii(text.text) &&
              std::ranges::count(pattern.text, '*') < 4)
            must(greedy_glob(pattern.text, text.text) == obvious_glob(pattern.text, text.text));
}

std::vector<Context> contexts_for(const CompiledPolicies& policies) {
  constexpr std::array<std::string_view, 8> kValues = {
      "seattle", "1.3", "true", "192.0.2.1", "arn:aws:s3:::b/k", "a/#", "2027-01-01", ""};
  std::vector<Context> out(1);
  for (std::string_view value : kValues) {
    Context context;
    for (const std::string& key : policies.keys()) context.set(key, value);
    out.push_back(context);
  }
  Context lists;
  const std::vector<std::string> several = {"x", "seattle", ""};
  for (const std::string& key : policies.keys()) lists.set_list(key, several);
  out.push_back(lists);
  return out;
}

Document all_denied(Document document) {
  for (Statement& statement : document.statements) statement.effect = Effect::Deny;
  return document;
}

void check_explanations(const CompiledPolicies& policies, const Request& request,
                        const Decision& decision) {
  bool denied = false;
  bool stuck = false;
  for (const StatementExplanation& one : explain_statements(policies, request)) {
    must(!one.why.empty() && !one.why.contains('\n'));
    denied = denied || (one.effect == Effect::Deny && one.matched == Match::Yes);
    stuck = stuck || one.matched == Match::Unknown;
    const auto place = decision.decided_by();
    if (!place || place->document != one.place.document || place->statement != one.place.statement)
      continue;
    must(one.matched ==
         (decision.outcome() == Outcome::NotEvaluable ? Match::Unknown : Match::Yes));
  }
  must(denied == (decision.outcome() == Outcome::ExplicitlyDenied));
  must(stuck || decision.outcome() != Outcome::NotEvaluable);
}

void check(const Document& document) {
  static const std::array principals = {
      parse_principal("arn:aws:iam::000000000000:role/edge").value(),
      parse_principal("arn:aws:sts::111122223333:assumed-role/a/b").value(),
      parse_principal("arn:aws:sts::111122223333:federated-user/u").value(),
      parse_principal("111122223333").value(),
      parse_principal("Service", "s3.amazonaws.com").value(),
      Principal::anonymous(),
      Principal::device()};
  compare_globs(document);
  const Document denies = all_denied(document);
  const std::array<Document, 2> forward = {document, denies};
  const std::array<Document, 2> backward = {denies, document};
  const CompiledPolicies alone = compile(std::span(&document, 1));
  const CompiledPolicies with = compile(forward);
  const CompiledPolicies reversed = compile(backward);
  std::vector<std::string> actions = {"iot:Publish", "s3:GetObject", "x:y"};
  std::vector<std::string> resources = {
      "*", "arn:aws:iot:local:000000000000:topic/stations/seattle/observations", "arn:aws:s3:::b/k",
      "junk"};
  const Statement& first = document.statements.front();
  if (!first.actions.empty()) actions.push_back(first.actions[0].text);
  if (!first.resources.empty()) resources.push_back(first.resources[0].text);
  std::size_t turn = 0;
  for (const Context& context : contexts_for(alone))
    for (const std::string& action : actions)
      for (const std::string& resource : resources) {
        const Request request{.principal = principals[turn++ % principals.size()],
                              .action = action,
                              .resource = resource,
                              .context = context,
                              .now = kNow};
        const Decision decision = decide(alone, request);
        must(!explain(alone, decision).contains('\n'));
        check_explanations(alone, request, decision);
        must(decision.allowed() == (decision.outcome() == Outcome::Allowed));
        must(!decision.changes_at() || *decision.changes_at() > kNow);
        must(decision.keys_missing().is_subset_of(decision.keys_read()));
        const Decision both = decide(with, request);
        // Denies of all that it allows; the root user alone asks no identity policy.
        if (request.principal.kind != PrincipalKind::Root) must(!both.allowed());
        must(both.outcome() == decide(reversed, request).outcome());
        if (decision.outcome() == Outcome::ExplicitlyDenied)
          must(both.outcome() == Outcome::ExplicitlyDenied);
      }
}

}  // namespace
}  // namespace sealane::policy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealane;
  using namespace sealane::policy;
  if (size > 4096) return 0;
  const std::string text(data, data + size);
  for (std::size_t i = 0; i < kDocumentKinds; ++i) {
    const auto kind = static_cast<DocumentKind>(i);
    const auto parsed = parse_document(text, kind, "f.json");
    bool has_error = false;
    for (const Diagnostic& d : parsed.diagnostics) {
#ifdef SEALANE_PLANTED_DEFECT
      // Takes an element that nobody knows for harmless.
      if (d.message.starts_with("there is no element")) continue;
#endif
      has_error = has_error || d.severity == Severity::Error;
      must(!d.message.empty() && !d.message.contains('\n'));
    }
    must(parsed.value.has_value() != has_error);
    if (parsed.value && parsed.value->statements.size() <= 8) check(*parsed.value);
  }
  return 0;
}
