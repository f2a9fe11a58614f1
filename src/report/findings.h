// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "pipeline/finding.h"
#include "report/hop_table.h"

namespace sealane::report {

// For a terminal: a line and a sentence for each hop, what is open first; the paths that hops
// make; how many there are of each verdict.
std::string findings_text(std::span<const pipeline::Finding> findings, Detail detail);

// {"hops": [...], "summary": {...}}, as docs/json.md describes them.
std::string findings_json(std::span<const pipeline::Finding> findings);

// What decided about one hop, where it stands, and the smallest change.
std::string explanation(const pipeline::Finding& finding);

// GitHub-flavoured Markdown: a table of all hops, then the open and unknown ones with their fixes.
std::string findings_markdown(std::span<const pipeline::Finding> findings);

// Workflow commands of GitHub Actions: one annotation for each open or unknown hop.
std::string findings_github(std::span<const pipeline::Finding> findings);

// JUnit XML: a test case for each hop; open fails, unknown is an error, accepted is skipped.
std::string findings_junit(std::span<const pipeline::Finding> findings);

// SARIF 2.1.0: a result for each hop that is not not-applicable, with a fingerprint of its id.
std::string findings_sarif(std::span<const pipeline::Finding> findings,
                           std::string_view tool_version);

// A Mermaid flowchart, its edges coloured by verdict.
std::string findings_mermaid(std::span<const pipeline::Finding> findings);

}  // namespace sealane::report
