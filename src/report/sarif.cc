// SPDX-License-Identifier: Apache-2.0
#include "report/sarif.h"

#include <algorithm>

#include "base/json.h"

namespace sealane::report {
namespace {

std::string_view level_name(Severity severity) {
  switch (severity) {
    case Severity::Error: return "error";
    case Severity::Warning: return "warning";
    case Severity::Note: return "note";
  }
  return "error";
}

bool is_unreserved(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~' || c == '/';
}

// RFC 3986: a relative reference, or a file URI for an absolute path.
std::string uri_of(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(byte)) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

// The column in characters of a column in bytes.  Both count from 1.
std::uint64_t character_column(std::string_view text, const SourceSpan& span) {
  for (std::uint32_t line = 1; line < span.line; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return span.column;
    text.remove_prefix(end + 1);
  }
  const std::string_view before = text.substr(0, span.column - 1);
  const auto continuations = std::ranges::count_if(
      before, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; });
  return span.column - static_cast<std::uint64_t>(continuations);
}

void write_rules(json::Writer& out, std::span<const SarifRule> rules) {
  out.key("rules").begin_array();
  for (const SarifRule& rule : rules) {
    out.begin_object().field("id", rule.id);
    out.key("shortDescription").begin_object().field("text", rule.text).end_object();
    out.key("defaultConfiguration").begin_object().field("level", level_name(rule.level));
    out.end_object().end_object();
  }
  out.end_array();
}

void write_result(json::Writer& out, const SarifResult& result, const SarifLog& log) {
  out.begin_object().field("ruleId", result.rule);
  const auto rule = std::ranges::find(log.rules, result.rule, &SarifRule::id);
  if (rule != log.rules.end())
    out.field("ruleIndex", static_cast<std::int64_t>(rule - log.rules.begin()));
  out.field("level", level_name(result.level));
  const std::string text =
      result.hint.empty() ? result.message : result.message + " (" + result.hint + ")";
  out.key("message").begin_object().field("text", text).end_object();
  const auto file = std::ranges::find(log.files, result.span.file, &SarifFile::name);
  const std::uint64_t column = file == log.files.end() ? std::uint64_t{result.span.column}
                                                       : character_column(file->text, result.span);
  out.key("locations").begin_array().begin_object().key("physicalLocation").begin_object();
  out.key("artifactLocation").begin_object().field("uri", uri_of(result.span.file)).end_object();
  out.key("region").begin_object().field("startLine", std::uint64_t{result.span.line});
  out.field("startColumn", column).end_object();
  out.end_object().end_object().end_array();
  if (!result.fingerprint.empty())
    out.key("partialFingerprints")
        .begin_object()
        .field("sealaneHop/v1", result.fingerprint)
        .end_object();
  if (!result.suppressed.empty())
    out.key("suppressions")
        .begin_array()
        .begin_object()
        .field("kind", "external")
        .field("justification", result.suppressed)
        .end_object()
        .end_array();
  out.end_object();
}

}  // namespace

std::string sarif_json(const SarifLog& log) {
  json::Writer out(2);
  out.begin_object();
  out.field("$schema",
            "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
            "sarif-schema-2.1.0.json");
  out.field("version", "2.1.0").key("runs").begin_array().begin_object();
  out.key("tool").begin_object().key("driver").begin_object();
  out.field("name", "sealane").field("version", log.tool_version);
  write_rules(out, log.rules);
  out.end_object().end_object();
  out.field("columnKind", "unicodeCodePoints");
  out.key("invocations").begin_array().begin_object();
  out.field("executionSuccessful", log.successful).end_object().end_array();
  out.key("results").begin_array();
  for (const SarifResult& result : log.results) write_result(out, result, log);
  out.end_array().end_object().end_array().end_object();
  return out.str() + "\n";
}

}  // namespace sealane::report
