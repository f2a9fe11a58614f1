// SPDX-License-Identifier: Apache-2.0
#include "pipeline/lake_policy.h"

#include <algorithm>

#include "base/json.h"

namespace sealane::pipeline {
namespace {

struct Grant {
  std::string_view action;
  std::string resource;
};

void write_statement(json::Writer& out, const Pipeline& pipeline, const Hop& hop,
                     const Grant& grant, Time now) {
  out.begin_object();
  out.field("Sid", hop.name() + " " + std::string(grant.action));
  out.field("Effect", "Allow");
  out.key("Principal").begin_object();
  out.field("AWS", node_principal_arn(pipeline, client_of(pipeline, hop))).end_object();
  out.field("Action", grant.action);
  out.field("Resource", grant.resource);
  out.key("Condition").begin_object().key("NumericGreaterThanEquals").begin_object();
  out.field("sealane:TlsVersion", to_string(min_tls_at(pipeline, hop, now)));
  out.end_object().end_object().end_object();
}

}  // namespace

std::string store_policy_text(const Pipeline& pipeline, const Node& store, Time now) {
  const std::string bucket = bucket_arn(pipeline);
  json::Writer out(2);
  out.begin_object().field("Version", "2012-10-17").key("Statement").begin_array();
  for (const Hop& hop : pipeline.hops) {
    if (hop.over != HopProtocol::S3 || server_of(pipeline, hop) != store.name) continue;
    if (hop.to == store.name) {
      // A writer may write into its own data set alone.
      write_statement(out, pipeline, hop, {"s3:PutObject", bucket + "/" + hop.seal + "/*"}, now);
    } else {
      write_statement(out, pipeline, hop, {"s3:GetObject", bucket + "/*"}, now);
      write_statement(out, pipeline, hop, {"s3:ListBucket", bucket}, now);
    }
  }
  out.end_array().end_object();
  return out.str();
}

Result<policy::Document> store_policy(const Pipeline& pipeline, const Node& store, Time now) {
  // The language has no document without statements; nothing is granted either way.
  const bool served = std::ranges::any_of(pipeline.hops, [&](const Hop& hop) {
    return hop.over == HopProtocol::S3 && server_of(pipeline, hop) == store.name;
  });
  if (!served)
    return policy::Document{.kind = policy::DocumentKind::Resource,
                            .version = policy::LanguageVersion::V2012,
                            .id = {},
                            .file = "policy of " + store.name,
                            .statements = {}};
  auto parsed = policy::parse_document(store_policy_text(pipeline, store, now),
                                       policy::DocumentKind::Resource, "policy of " + store.name);
  if (!parsed.value)
    return fail(ErrorKind::Internal,
                "the policy of `" + store.name + "` does not parse: " +
                    (parsed.diagnostics.empty() ? "" : parsed.diagnostics[0].message));
  return *std::move(parsed.value);
}

}  // namespace sealane::pipeline
