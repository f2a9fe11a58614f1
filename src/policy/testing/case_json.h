// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "policy/evaluate.h"
#include "policy/testing/model.h"

// Documents and requests as JSON, the form of testdata/decisions.tsv:
//   documents  {"identity":[DOCUMENT...],"scp":[[DOCUMENT...],[DOCUMENT...]]}: a list by kind, of
//              SCPs and RCPs a list for each level; a document is an object or its text
//   request    as request_json.h has it; without a principal a device asks, without a time it is
//              2027-01-15T08:00:00Z
namespace sealane::policy::reference {

// --- writing

std::string document_json(const ModelDocument& document);
std::string documents_json(std::span<const ModelDocument> documents);
std::string request_json(const ModelRequest& request);

// --- reading; what does not have the form is an error of the test that wrote it

struct SourceDocument {
  DocumentKind kind{};
  std::uint32_t level = 0;
  std::string text;
};
// Errors: Invalid – an unknown kind, or not the form.
Result<std::vector<SourceDocument>> read_documents(std::string_view json);
Result<ModelRequest> read_request(std::string_view json);
// What a document says, of one that the product accepts.
Result<ModelDocument> read_model(const SourceDocument& document);

// --- asking the product

// Nothing when one of them is refused.
std::optional<std::vector<Document>> parse_all(std::span<const SourceDocument> sources);
std::optional<std::vector<Document>> parse_all(std::span<const ModelDocument> models);
Result<Principal> principal_of(const ModelRequest& request);
Context context_of(const ModelRequest& request);
Decision ask(const CompiledPolicies& policies, const ModelRequest& request);

}  // namespace sealane::policy::reference
