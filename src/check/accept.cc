// SPDX-License-Identifier: Apache-2.0
#include "check/accept.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/json.h"
#include "base/yaml.h"

namespace sealane::check {
namespace {

using pipeline::Finding;
using pipeline::Verdict;

constexpr std::size_t kBaselineBytesMax = 256u << 20;

bool is_bad(const Finding& finding) {
  return finding.verdict == Verdict::Open || finding.verdict == Verdict::Unknown;
}

// 2027-06-30.  Dates of one form compare as texts.
bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  for (const std::size_t i : {0u, 1u, 2u, 3u, 5u, 6u, 8u, 9u})
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) return false;
  const std::string_view month = text.substr(5, 2);
  const std::string_view day = text.substr(8, 2);
  return month >= "01" && month <= "12" && day >= "01" && day <= "31";
}

bool is_at(std::string_view end, std::string_view address) {
  return end == address || (end.starts_with(address) && end[address.size()] == '[');
}

bool speaks_of(const Suppression& suppression, const Finding& finding) {
  if (!suppression.hop.empty()) return suppression.hop == finding.id;
  return is_at(finding.from, suppression.resource) || is_at(finding.to, suppression.resource);
}

Suppression read_one(const json::Value& value, std::vector<Diagnostic>& diagnostics) {
  Suppression out;
  out.span = value.span;
  const auto error = [&](const SourceSpan& span, std::string message, std::string hint) {
    diagnostics.push_back({Severity::Error, span, std::move(message), std::move(hint)});
  };
  if (value.object() == nullptr) {
    error(value.span, "a suppression is a mapping", "{ hop: …, reason: …, expires: … }");
    return out;
  }
  for (const json::Member& member : *value.object()) {
    static const std::vector<std::string> kKnown = {"hop", "resource", "reason", "expires"};
    if (std::ranges::find(kKnown, member.name) == kKnown.end()) {
      const auto near = nearest(member.name, kKnown);
      error(member.span, "a suppression has no `" + member.name + "`",
            near ? "did you mean `" + *near + "`?" : "it has hop or resource, reason, expires");
    } else if (member.value.text() == nullptr || member.value.text()->empty()) {
      error(member.value.span, "`" + member.name + "` is a text", "");
    }
  }
  out.hop = value.text_or_empty("hop");
  out.resource = value.text_or_empty("resource");
  out.reason = value.text_or_empty("reason");
  out.expires = value.text_or_empty("expires");
  if (out.hop.empty() == out.resource.empty())
    error(value.span, "a suppression names one of hop and resource", "");
  if (out.reason.empty())
    error(value.span, "the suppression has no reason", "say why the hop is taken as it is");
  if (!is_date(out.expires))
    error(value.span, "the suppression has no date at which it expires", "expires: 2027-06-30");
  return out;
}

}  // namespace

Parsed<std::vector<Suppression>> parse_suppressions(std::string_view text,
                                                    const std::string& file) {
  auto parsed = yaml::parse(text, {.file = file});
  Parsed<std::vector<Suppression>> out{std::nullopt, std::move(parsed.diagnostics)};
  if (!parsed.value) return out;
  const json::Value* list = parsed.value->find("suppressions");
  if (list == nullptr || list->array() == nullptr || parsed.value->object()->size() != 1) {
    out.diagnostics.push_back({Severity::Error, parsed.value->span,
                               "the file has one key, suppressions, with a list", ""});
    return out;
  }
  std::vector<Suppression> all;
  for (const json::Value& one : *list->array()) all.push_back(read_one(one, out.diagnostics));
  if (out.diagnostics.empty()) out.value = std::move(all);
  return out;
}

std::vector<Diagnostic> apply(std::span<const Suppression> suppressions, const std::string& today,
                              std::vector<Finding>& findings) {
  std::vector<Diagnostic> out;
  for (const Suppression& suppression : suppressions) {
    const bool expired = suppression.expires < today;
    bool found = false;
    for (Finding& finding : findings) {
      if (!speaks_of(suppression, finding)) continue;
      found = true;
      if (!expired && is_bad(finding))
        finding.accepted = "until " + suppression.expires + ": " + suppression.reason;
    }
    const std::string& what = suppression.hop.empty() ? suppression.resource : suppression.hop;
    if (!found)
      out.push_back({Severity::Warning, suppression.span, "no hop is `" + what + "`",
                     "remove the suppression"});
    else if (expired)
      out.push_back({Severity::Warning, suppression.span,
                     "the suppression of `" + what + "` expired on " + suppression.expires,
                     "close the hop, or set a new date"});
  }
  return out;
}

Parsed<Baseline> parse_baseline(std::string_view text, const std::string& file) {
  auto parsed = json::parse(text, {.file = file, .bytes_max = kBaselineBytesMax});
  Parsed<Baseline> out{std::nullopt, std::move(parsed.diagnostics)};
  if (!parsed.value) return out;
  const json::Value* hops = parsed.value->find("hops");
  Baseline baseline;
  bool good = hops != nullptr && hops->array() != nullptr;
  if (good)
    for (const json::Value& hop : *hops->array()) {
      baseline.hops.emplace_back(hop.text_or_empty("id"), hop.text_or_empty("verdict"));
      good = good && !baseline.hops.back().first.empty() && !baseline.hops.back().second.empty();
    }
  if (!good) {
    out.diagnostics.push_back({Severity::Error, parsed.value->span,
                               "the file is no output of `sealane check --format json`", ""});
    return out;
  }
  std::ranges::sort(baseline.hops);
  out.value = std::move(baseline);
  return out;
}

void apply(const Baseline& baseline, std::vector<Finding>& findings) {
  for (Finding& finding : findings)
    if (is_bad(finding) && finding.accepted.empty() &&
        std::ranges::binary_search(baseline.hops,
                                   std::pair(finding.id, std::string(to_string(finding.verdict)))))
      finding.accepted = "in the baseline";
}

}  // namespace sealane::check
