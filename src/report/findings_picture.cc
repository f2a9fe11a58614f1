// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <map>

#include "report/findings.h"

namespace sealane::report {
namespace {

using pipeline::Finding;
using pipeline::Verdict;

std::string_view colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Enforced: return "#1a7f37";
    case Verdict::Inherent: return "#0969da";
    case Verdict::Open: return "#cf222e";
    case Verdict::Unknown: return "#9a6700";
    case Verdict::NotApplicable: return "#6e7781";
  }
  return "#6e7781";
}

// In quotes: Mermaid reads entities of characters that would end the text.
std::string label(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"')
      out += "#quot;";
    else if (c == '#')
      out += "#35;";
    else if (c == '<')
      out += "#lt;";
    else if (c == '>')
      out += "#gt;";
    else
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

}  // namespace

std::string findings_mermaid(std::span<const Finding> findings) {
  std::map<std::string, std::size_t> nodes;
  for (const Finding& finding : findings)
    for (const std::string& name : {finding.from, finding.to})
      nodes.try_emplace(name, nodes.size());
  std::string out = "flowchart LR\n";
  for (const auto& [name, number] : nodes)
    out += "  n" + std::to_string(number) + "[\"" + label(name) + "\"]\n";
  std::size_t edge = 0;
  std::string styles;
  for (const Finding& finding : findings) {
    out += "  n" + std::to_string(nodes[finding.from]) + " -->|" +
           std::string(to_string(finding.verdict)) + "| n" + std::to_string(nodes[finding.to]) +
           "\n";
    styles += "  linkStyle " + std::to_string(edge++) +
              " stroke:" + std::string(colour_of(finding.verdict)) + "\n";
  }
  return out + styles;
}

}  // namespace sealane::report
