// SPDX-License-Identifier: Apache-2.0
#include "report/hop_table.h"

#include <algorithm>

namespace sealane::report {
namespace {

using pipeline::HopAssessment;
using pipeline::Verdict;

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string hop_name(const HopAssessment& hop) { return hop.from + " -> " + hop.to; }

std::size_t count(std::span<const HopAssessment> hops, Verdict verdict) {
  return static_cast<std::size_t>(std::ranges::count(hops, verdict, &HopAssessment::verdict));
}

void add_details(std::string& out, const HopAssessment& hop) {
  out += "    basis: " + std::string(to_string(hop.basis)) + "; over " +
         std::string(to_string(hop.over)) + "; floor: TLS " + std::string(to_string(hop.min_tls)) +
         "\n";
  for (const pipeline::Evidence& evidence : hop.evidence) {
    out += "    " + std::string(to_string(evidence.kind));
    if (evidence.at) out += " " + to_rfc3339(*evidence.at);
    out += ": " + evidence.detail + "\n";
  }
}

}  // namespace

std::string hop_table_text(std::span<const HopAssessment> hops, Detail detail) {
  std::size_t name_width = 0;
  std::size_t verdict_width = 0;
  for (const HopAssessment& hop : hops) {
    name_width = std::max(name_width, hop_name(hop).size());
    verdict_width = std::max(verdict_width, to_string(hop.verdict).size());
  }
  std::string out;
  for (const HopAssessment& hop : hops) {
    out += padded(hop_name(hop), name_width) + "  " +
           padded(std::string(to_string(hop.verdict)), verdict_width) + "  " + hop.reason + "\n";
    if (detail == Detail::Full) add_details(out, hop);
  }
  // A note that every hop has is said once.
  std::vector<std::string> notes;
  for (const HopAssessment& hop : hops)
    for (const std::string& note : hop.notes)
      if (std::ranges::find(notes, note) == notes.end()) notes.push_back(note);
  for (const std::string& note : notes) out += "note: " + note + "\n";
  return out;
}

void write_hop_members(json::Writer& out, const HopAssessment& hop) {
  out.field("from", hop.from).field("to", hop.to).field("over", to_string(hop.over));
  out.field("verdict", to_string(hop.verdict)).field("basis", to_string(hop.basis));
  out.field("min_tls", to_string(hop.min_tls));
  out.key("evidence").begin_array();
  for (const pipeline::Evidence& evidence : hop.evidence) {
    out.begin_object().field("class", to_string(evidence.kind)).key("at");
    if (evidence.at)
      out.value(to_rfc3339(*evidence.at));
    else
      out.null();
    out.field("detail", evidence.detail).end_object();
  }
  out.end_array().field("reason", hop.reason).key("notes").begin_array();
  for (const std::string& note : hop.notes) out.value(note);
  out.end_array();
}

std::string hop_table_json(std::span<const HopAssessment> hops) {
  json::Writer out(2);
  out.begin_object().key("hops").begin_array();
  for (const HopAssessment& hop : hops) {
    out.begin_object();
    write_hop_members(out, hop);
    out.end_object();
  }
  out.end_array().key("summary").begin_object();
  out.field("enforced", std::uint64_t{count(hops, Verdict::Enforced)});
  out.field("inherent", std::uint64_t{count(hops, Verdict::Inherent)});
  out.field("open", std::uint64_t{count(hops, Verdict::Open)});
  out.field("unknown", std::uint64_t{count(hops, Verdict::Unknown)});
  out.field("not_applicable", std::uint64_t{count(hops, Verdict::NotApplicable)});
  out.end_object().end_object();
  return out.str() + "\n";
}

}  // namespace sealane::report
