// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "check/side_internal.h"
#include "iac/policy_text.h"

namespace sealane::check {
namespace {

using iac::Presence;

struct Words {
  std::string_view type, kind, content, targets;
};

Words words_of(iac::Dialect dialect) {
  if (dialect == iac::Dialect::CloudFormation)
    return {"AWS::Organizations::Policy", "Type", "Content", "TargetIds[]"};
  return {"aws_organizations_policy", "type", "content", ""};
}

bool is_root(const iac::Setting& setting) {
  if (setting.presence != Presence::Given) return false;
  const std::string* text = setting.value->text();
  return text != nullptr && text->starts_with("r-");
}

// Whether the policy is attached to the root of the organization, as far as the input tells.
bool is_at_root(const Context& context, std::uint32_t policy, const Words& words) {
  const iac::Resource& resource = context.names.at(policy);
  const auto any_root = [&](const iac::Resource& of, std::string_view path) {
    const auto targets = iac::lookup(of, path, context.arena);
    return targets.ok() && std::ranges::any_of(*targets, is_root);
  };
  if (!words.targets.empty()) return any_root(resource, words.targets);
  static const std::vector<std::string> kAttachments = {"aws_organizations_policy_attachment"};
  return std::ranges::any_of(
      context.names.naming(policy, "policy_id", kAttachments),
      [&](std::uint32_t one) { return any_root(context.names.at(one), "target_id"); });
}

std::optional<policy::Document> document_of(const Context& context, std::uint32_t index,
                                            const iac::Setting& content) {
  auto text = iac::policy_text(context.system, index, content, std::nullopt);
  if (!text.ok()) return std::nullopt;
  return policy::parse_document(text->least, policy::DocumentKind::Rcp, "policy").value;
}

// The ARN to ask about.  A guard that speaks of names does not take in one that nobody has.
std::string arn_of(const Context& context, std::uint32_t resource, prove::ResourceType type) {
  if (auto known = iac::known_arn(context.system, resource)) {
    if (prove::scope_of(context.catalogue, type, *known).ok()) return *known;
  }
  return type == prove::ResourceType::S3Bucket
             ? "arn:aws:s3:::sealane-no-such-name"
             : "arn:aws:sqs:xx-unknown-1:999999999999:sealane-no-such-name";
}

}  // namespace

std::optional<Control> read_guard(const Context& context, const Row& row, std::uint32_t resource) {
  const auto type = prove::parse_resource_type(row.table);
  if (!type) return std::nullopt;
  for (std::uint32_t i = 0; i < context.system.resources.size(); ++i) {
    const iac::Resource& guard = context.names.at(i);
    const Words words = words_of(guard.dialect);
    if (guard.type != words.type) continue;
    const auto kind = iac::lookup(guard, words.kind, context.arena);
    const auto content = iac::lookup(guard, words.content, context.arena);
    if (!kind.ok() || !content.ok() || kind->front().presence != Presence::Given ||
        content->front().presence != Presence::Given)
      continue;
    const std::string* name = kind->front().value->text();
    if (name == nullptr || *name != "RESOURCE_CONTROL_POLICY" || !is_at_root(context, i, words))
      continue;
    const auto document = document_of(context, i, content->front());
    const auto scope = prove::scope_of(context.catalogue, *type, arn_of(context, resource, *type));
    if (!document || !scope.ok()) continue;
    prove::Options options;
    options.claim = prove::Claim::Enforce;
    if (context.prove(*scope, std::span(&*document, 1), options).outcome != prove::Outcome::Holds)
      continue;
    Control out;
    out.row = &row;
    out.basis = row.basis;
    out.effect.transport = Transport::Tls;
    out.effect.says = "the resource control policy `" + guard.address +
                      "` at the root of the organization denies every request over plaintext";
    out.proven = "enforce: " + out.effect.says;
    out.notes.emplace_back(
        "assumed: the account is a member of the organization and not its management account");
    out.facts.push_back({.resource = guard.address,
                         .property = content->front().path,
                         .value = "a policy",
                         .meaning = out.effect.says,
                         .location = context.system.at(content->front().place),
                         .row = {}});
    return out;
  }
  return std::nullopt;
}

}  // namespace sealane::check
