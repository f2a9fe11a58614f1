// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "report/findings.h"

namespace sealane::report {
namespace {

using pipeline::Finding;
using pipeline::Verdict;

bool is_bad(const Finding& finding) {
  return finding.verdict == Verdict::Open || finding.verdict == Verdict::Unknown;
}

// One cell of a table: a bar would end it, and tags would be taken as such.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '`' || c == '*' || c == '_') out += '\\';
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c == '\n' ? ' ' : c;
  }
  return out;
}

// https://docs.github.com/actions/reference/workflow-commands: what a message and a property
// escape.
std::string escaped(const std::string& text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%')
      out += "%25";
    else if (c == '\r')
      out += "%0D";
    else if (c == '\n')
      out += "%0A";
    else if (property && c == ':')
      out += "%3A";
    else if (property && c == ',')
      out += "%2C";
    else
      out += c;
  }
  return out;
}

// XML 1.0: the five, and no control character but tab and line ends.
std::string xml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' ? '?' : c;
    }
  }
  return out;
}

}  // namespace

std::string findings_markdown(std::span<const Finding> findings) {
  std::string out = "| verdict | hop | why |\n|---|---|---|\n";
  for (const Finding& finding : findings)
    out += "| " + std::string(to_string(finding.verdict)) +
           (finding.accepted.empty() ? "" : " (accepted)") + " | " + cell(finding.id) + " | " +
           cell(finding.reason) + " |\n";
  for (const Finding& finding : findings) {
    if (!is_bad(finding) || finding.fix.empty()) continue;
    out += "\n**" + cell(finding.id) + "**: " + cell(finding.fix);
    if (!finding.location.file.empty())
      out += " (" + cell(finding.location.file) + ":" + std::to_string(finding.location.line) + ")";
    out += "\n";
  }
  return out;
}

std::string findings_github(std::span<const Finding> findings) {
  std::string out;
  for (const Finding& finding : findings) {
    if (!is_bad(finding) || !finding.accepted.empty()) continue;
    out += finding.verdict == Verdict::Open ? "::error " : "::warning ";
    if (!finding.location.file.empty())
      out += "file=" + escaped(finding.location.file, true) +
             ",line=" + std::to_string(finding.location.line) +
             ",col=" + std::to_string(finding.location.column) + ",";
    out += "title=" + escaped(finding.id, true) + "::" + escaped(finding.reason, false);
    if (!finding.fix.empty()) out += escaped("\nfix: " + finding.fix, false);
    out += "\n";
  }
  return out;
}

std::string findings_junit(std::span<const Finding> findings) {
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  std::string cases;
  for (const Finding& finding : findings) {
    cases += "    <testcase classname=\"" + xml(finding.to) + "\" name=\"" + xml(finding.id) + "\"";
    const std::string message = " message=\"" + xml(finding.reason) + "\"";
    if (!finding.accepted.empty() || finding.verdict == Verdict::NotApplicable) {
      ++skipped;
      cases += "><skipped message=\"" +
               xml(finding.accepted.empty() ? finding.reason : finding.accepted) +
               "\"/></testcase>\n";
    } else if (finding.verdict == Verdict::Open) {
      ++failures;
      cases += "><failure" + message + " type=\"" + xml(finding.code) + "\">" + xml(finding.fix) +
               "</failure></testcase>\n";
    } else if (finding.verdict == Verdict::Unknown) {
      ++errors;
      cases += "><error" + message + " type=\"" + xml(finding.code) + "\">" + xml(finding.fix) +
               "</error></testcase>\n";
    } else {
      cases += "/>\n";
    }
  }
  const std::string counts = " tests=\"" + std::to_string(findings.size()) + "\" failures=\"" +
                             std::to_string(failures) + "\" errors=\"" + std::to_string(errors) +
                             "\" skipped=\"" + std::to_string(skipped) + "\"";
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"sealane "
         "check\"" +
         counts + ">\n" + cases + "  </testsuite>\n</testsuites>\n";
}

}  // namespace sealane::report
