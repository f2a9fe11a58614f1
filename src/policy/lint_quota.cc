// SPDX-License-Identifier: Apache-2.0
// How long AWS lets a policy be.
#include <algorithm>

#include "policy/lint_internal.h"

namespace sealane::policy {
namespace {

// Source: IAM, Organizations, VPC, S3, KMS and IoT Core quota pages.
struct Quota {
  std::size_t characters = 0;
  bool white_space_counts = true;
  std::string_view what;
};

bool speaks_of(const LintDocument& document, std::string_view service) {
  return std::ranges::any_of(document.statements, [&](const LintStatement& statement) {
    return std::ranges::any_of(statement.actions, [&](const SourceText& action) {
      return action.text.starts_with(service);
    });
  });
}

std::optional<Quota> quota_of(const LintDocument& document) {
  switch (document.kind) {
    case DocumentKind::IotDevice: return Quota{2'048, true, "an IoT policy"};
    case DocumentKind::Identity: return Quota{6'144, false, "a managed policy"};
    case DocumentKind::Boundary: return Quota{6'144, false, "a permissions boundary"};
    case DocumentKind::Session: return Quota{2'048, true, "a session policy"};
    case DocumentKind::Trust: return Quota{4'096, false, "a role's trust policy"};
    case DocumentKind::Kms: return Quota{32'768, true, "a key policy"};
    case DocumentKind::Scp: return Quota{5'120, true, "a service control policy"};
    case DocumentKind::Rcp: return Quota{5'120, true, "a resource control policy"};
    case DocumentKind::VpcEndpoint: return Quota{20'480, true, "an endpoint policy"};
    case DocumentKind::Resource:
      if (speaks_of(document, "s3:")) return Quota{20'480, true, "a bucket policy"};
      if (speaks_of(document, "elasticfilesystem:"))
        return Quota{20'000, true, "a file-system policy"};
      break;
  }
  return std::nullopt;
}

}  // namespace

void lint_quota(Linter& linter, std::string_view text) {
  const auto quota = quota_of(linter.document());
  if (!quota) return;
  const auto spaces = static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }));
  const std::size_t length = quota->white_space_counts ? text.size() : text.size() - spaces;
  if (length <= quota->characters) return;
  linter.report("quota-size", linter.document().span,
                "the document has " + std::to_string(length) + " characters" +
                    (quota->white_space_counts ? "" : " without white space") + "; AWS takes " +
                    std::to_string(quota->characters) + " for " + std::string(quota->what),
                "join statements, or split the policy");
}

}  // namespace sealane::policy
