// SPDX-License-Identifier: Apache-2.0
#include "report/findings.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "base/json.h"

namespace sealane::report {
namespace {

using pipeline::Finding;
using pipeline::Verdict;

constexpr std::array kWorstFirst = {Verdict::Open, Verdict::Unknown, Verdict::Enforced,
                                    Verdict::Inherent, Verdict::NotApplicable};
constexpr std::size_t kPathsMax = 40;
constexpr std::size_t kPathMax = 24;

std::size_t count(std::span<const Finding> findings, Verdict verdict) {
  return static_cast<std::size_t>(std::ranges::count(findings, verdict, &Finding::verdict));
}

std::string place(const SourceSpan& span) {
  if (span.file.empty()) return "";
  return span.file + ":" + std::to_string(span.line) + ":" + std::to_string(span.column);
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

// The paths that hops make when the end of one is the beginning of the next.
class Paths {
 public:
  explicit Paths(std::span<const Finding> findings) {
    for (const Finding& finding : findings) {
      if (finding.from == finding.to || finding.verdict == Verdict::NotApplicable) continue;
      from_[finding.from].push_back(&finding);
    }
  }
  std::vector<std::vector<const Finding*>> all(std::span<const Finding> findings) {
    std::set<const Finding*> follows;
    for (const auto& [from, hops] : from_)
      for (const Finding* hop : hops)
        for (const Finding* next : next_of(*hop)) follows.insert(next);
    for (const Finding& finding : findings) {
      if (finding.from == finding.to || follows.contains(&finding)) continue;
      std::vector<const Finding*> path = {&finding};
      walk(path);
    }
    return std::move(paths_);
  }

 private:
  std::vector<const Finding*> next_of(const Finding& hop) const {
    const auto exact = from_.find(hop.to);
    if (exact != from_.end()) return exact->second;
    // The end may be an element of what goes on: `aws_elb.front[443]`.
    const std::size_t bracket = hop.to.rfind('[');
    const auto whole =
        bracket == std::string::npos ? from_.end() : from_.find(hop.to.substr(0, bracket));
    return whole == from_.end() ? std::vector<const Finding*>{} : whole->second;
  }
  void walk(std::vector<const Finding*>& path) {
    if (paths_.size() >= kPathsMax) return;
    bool ends = true;
    if (path.size() < kPathMax)
      for (const Finding* next : next_of(*path.back())) {
        const bool again = std::ranges::any_of(
            path, [&](const Finding* one) { return one == next || one->from == next->to; });
        if (again) continue;
        ends = false;
        path.push_back(next);
        walk(path);
        path.pop_back();
      }
    if (ends && path.size() > 1) paths_.push_back(path);
  }

  std::map<std::string, std::vector<const Finding*>> from_;
  std::vector<std::vector<const Finding*>> paths_;
};

void add_hop(std::string& out, const Finding& finding, std::size_t verdict_width, Detail detail) {
  out += padded(std::string(to_string(finding.verdict)), verdict_width) + "  " + finding.id + "\n";
  out += "    " + finding.reason;
  if (const std::string where = place(finding.location); !where.empty()) out += " (" + where + ")";
  out += "\n";
  if (!finding.accepted.empty()) out += "    accepted: " + finding.accepted + "\n";
  if (detail == Detail::Brief) return;
  out += "    basis: " + std::string(to_string(finding.basis));
  if (!finding.min_tls.empty()) out += "; least version: TLS " + finding.min_tls;
  if (!finding.code.empty()) out += "; " + finding.code;
  out += "\n";
  for (const pipeline::Fact& fact : finding.facts)
    out += "    " + std::string(fact.decides ? "decides: " : "fact: ") + fact.resource +
           (fact.property.empty() ? "" : " " + fact.property) + " = " + fact.value + "\n";
  for (const std::string& note : finding.notes) out += "    note: " + note + "\n";
  if (!finding.fix.empty()) out += "    fix: " + finding.fix + "\n";
}

void write_location(json::Writer& out, const SourceSpan& span) {
  if (span.file.empty()) {
    out.null();
    return;
  }
  out.begin_object().field("file", span.file).field("line", std::uint64_t{span.line});
  out.field("column", std::uint64_t{span.column}).end_object();
}

void write_texts(json::Writer& out, std::string_view name, const std::vector<std::string>& texts) {
  out.key(name).begin_array();
  for (const std::string& text : texts) out.value(text);
  out.end_array();
}

void write_text_or_null(json::Writer& out, std::string_view name, const std::string& text) {
  out.key(name);
  if (text.empty())
    out.null();
  else
    out.value(text);
}

void write_hop(json::Writer& out, const Finding& finding) {
  out.begin_object().field("id", finding.id).field("from", finding.from).field("to", finding.to);
  out.field("verdict", to_string(finding.verdict)).field("basis", to_string(finding.basis));
  write_text_or_null(out, "code", finding.code);
  write_text_or_null(out, "min_tls", finding.min_tls);
  out.key("evidence").begin_array();
  for (const pipeline::Evidence& evidence : finding.evidence) {
    out.begin_object().field("class", to_string(evidence.kind)).key("at");
    if (evidence.at)
      out.value(to_rfc3339(*evidence.at));
    else
      out.null();
    out.field("detail", evidence.detail).end_object();
  }
  out.end_array().field("reason", finding.reason).key("facts").begin_array();
  for (const pipeline::Fact& fact : finding.facts) {
    out.begin_object().field("resource", fact.resource);
    write_text_or_null(out, "property", fact.property);
    out.field("value", fact.value).field("meaning", fact.meaning).field("row", fact.row);
    out.field("decides", fact.decides).key("location");
    write_location(out, fact.location);
    out.end_object();
  }
  out.end_array().key("location");
  write_location(out, finding.location);
  write_texts(out, "controls", finding.controls);
  write_texts(out, "equivalents", finding.equivalents);
  write_texts(out, "citations", finding.citations);
  write_text_or_null(out, "fix", finding.fix);
  write_texts(out, "notes", finding.notes);
  write_text_or_null(out, "accepted", finding.accepted);
  out.end_object();
}

}  // namespace

std::string findings_text(std::span<const Finding> findings, Detail detail) {
  std::size_t width = 0;
  for (const Finding& finding : findings)
    width = std::max(width, to_string(finding.verdict).size());
  std::string out;
  for (const Verdict verdict : kWorstFirst)
    for (const Finding& finding : findings)
      if (finding.verdict == verdict) add_hop(out, finding, width, detail);
  const auto paths = Paths(findings).all(findings);
  if (!paths.empty()) out += "\n";
  for (const auto& path : paths) {
    out += path.front()->from;
    for (const Finding* hop : path)
      out += " --" + std::string(to_string(hop->verdict)) + "--> " + hop->to;
    out += "\n";
  }
  if (paths.size() == kPathsMax) out += "(there are more paths)\n";
  if (!findings.empty()) out += "\n";
  std::string counts;
  for (const Verdict verdict : kWorstFirst)
    if (const std::size_t n = count(findings, verdict); n > 0)
      counts +=
          (counts.empty() ? "" : ", ") + std::to_string(n) + " " + std::string(to_string(verdict));
  const auto accepted =
      std::ranges::count_if(findings, [](const Finding& f) { return !f.accepted.empty(); });
  if (accepted > 0) counts += "; " + std::to_string(accepted) + " accepted";
  out += findings.empty() ? "no hops: the input has no resource that a row of knowledge speaks of\n"
                          : std::to_string(findings.size()) +
                                (findings.size() == 1 ? " hop: " : " hops: ") + counts + "\n";
  return out;
}

std::string findings_json(std::span<const Finding> findings) {
  json::Writer out(2);
  out.begin_object().key("hops").begin_array();
  for (const Finding& finding : findings) write_hop(out, finding);
  out.end_array().key("summary").begin_object();
  out.field("enforced", std::uint64_t{count(findings, Verdict::Enforced)});
  out.field("inherent", std::uint64_t{count(findings, Verdict::Inherent)});
  out.field("open", std::uint64_t{count(findings, Verdict::Open)});
  out.field("unknown", std::uint64_t{count(findings, Verdict::Unknown)});
  out.field("not_applicable", std::uint64_t{count(findings, Verdict::NotApplicable)});
  out.end_object().end_object();
  return out.str() + "\n";
}

std::string explanation(const Finding& finding) {
  std::string out = finding.id + "\n" + std::string(to_string(finding.verdict)) + ", basis " +
                    std::string(to_string(finding.basis)) + ": " + finding.reason + "\n";
  if (!finding.code.empty()) out += "code: " + finding.code + "\n";
  if (!finding.min_tls.empty()) out += "least version: TLS " + finding.min_tls + "\n";
  for (const bool decides : {true, false}) {
    const bool any = std::ranges::any_of(
        finding.facts, [&](const pipeline::Fact& fact) { return fact.decides == decides; });
    if (!any) continue;
    out += decides ? "decided by\n" : "also read\n";
    for (const pipeline::Fact& fact : finding.facts) {
      if (fact.decides != decides) continue;
      out += "  " + fact.resource + (fact.property.empty() ? "" : " " + fact.property) + " = " +
             fact.value + "\n";
      if (const std::string where = place(fact.location); !where.empty())
        out += "    at " + where + "\n";
      out += "    row " + fact.row + (fact.meaning.empty() ? "" : ": " + fact.meaning) + "\n";
    }
  }
  for (const pipeline::Evidence& evidence : finding.evidence)
    out += std::string(to_string(evidence.kind)) + ": " + evidence.detail + "\n";
  for (const std::string& note : finding.notes) out += "note: " + note + "\n";
  for (const std::string& cite : finding.citations) out += "source: " + cite + "\n";
  if (!finding.fix.empty()) out += "smallest change: " + finding.fix + "\n";
  if (!finding.accepted.empty()) out += "accepted: " + finding.accepted + "\n";
  return out;
}

}  // namespace sealane::report
