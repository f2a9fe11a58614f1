// SPDX-License-Identifier: Apache-2.0
#include "prove/scope.h"

#include <algorithm>
#include <array>
#include <set>

#include "policy/operator_arn.h"

namespace sealane::prove {
namespace {

struct TypeFacts {
  ResourceType type;
  std::string_view name;
  std::string_view service;
  std::string_view kind;       // the resource's own kind
  std::string_view beneath;    // a kind whose ARNs begin with the resource's; empty: none
  std::string_view separator;  // between the resource and what is beneath it
};

// Source: the resource tables of the Service Authorization Reference.
constexpr std::array<TypeFacts, 5> kTypes = {{
    {ResourceType::S3Bucket, "s3-bucket", "s3", "bucket", "object", "/"},
    {ResourceType::SqsQueue, "sqs-queue", "sqs", "queue", "", ""},
    {ResourceType::SnsTopic, "sns-topic", "sns", "topic", "", ""},
    {ResourceType::KmsKey, "kms-key", "kms", "key", "", ""},
    {ResourceType::KinesisStream, "kinesis-stream", "kinesis", "stream", "consumer", "/consumer/"},
}};

const TypeFacts& facts_of(ResourceType type) {
  return *std::ranges::find(kTypes, type, &TypeFacts::type);
}

bool carries_tls_version(const policy::Catalogue& catalogue,
                         const policy::Catalogue::Action& action, std::string_view service) {
  return catalogue.carries(action, std::string(service) + ":TlsVersion") != policy::Carries::No;
}

Error not_of_type(std::string_view arn, const TypeFacts& facts) {
  return fail(ErrorKind::Invalid,
              "`" + std::string(arn) + "` is no ARN of one " + std::string(facts.name),
              "name one resource without wildcards, as `arn:aws:s3:::example`");
}

// The sixth part without wildcards and without what is beneath the resource.
std::string resource_part(std::string_view part, const TypeFacts& facts) {
  std::string_view name = part;
  if (!facts.separator.empty()) name = name.substr(0, name.find(facts.separator));
  // `bucket*` and `bucket/*` speak of the bucket, as far as one can tell.
  return std::string(name);
}

}  // namespace

std::string_view to_string(ResourceType type) { return facts_of(type).name; }
std::string_view service_of(ResourceType type) { return facts_of(type).service; }

std::span<const ResourceType> resource_types() {
  static constexpr std::array kAll = {ResourceType::S3Bucket, ResourceType::SqsQueue,
                                      ResourceType::SnsTopic, ResourceType::KmsKey,
                                      ResourceType::KinesisStream};
  return kAll;
}

std::optional<ResourceType> parse_resource_type(std::string_view text) {
  const auto* const found = std::ranges::find(kTypes, text, &TypeFacts::name);
  if (found == kTypes.end()) return std::nullopt;
  return found->type;
}

std::optional<ResourceType> resource_type_of(std::string_view arn) {
  const auto parts = policy::split_arn(arn);
  if (!parts) return std::nullopt;
  const auto* const found = std::ranges::find(kTypes, (*parts)[2], &TypeFacts::service);
  if (found == kTypes.end()) return std::nullopt;
  return found->type;
}

Result<Scope> scope_of(const policy::Catalogue& catalogue, ResourceType type,
                       std::string_view arn) {
  const TypeFacts& facts = facts_of(type);
  const auto parts = policy::split_arn(arn);
  if (!parts || (*parts)[2] != facts.service || (*parts)[5].empty() ||
      arn.find_first_of("*?$") != std::string_view::npos)
    return not_of_type(arn, facts);
  if (!facts.separator.empty() && (*parts)[5].find(facts.separator) != std::string_view::npos)
    return not_of_type(arn, facts);
  Scope scope;
  scope.type = type;
  scope.resource = std::string(arn);
  scope.partition = std::string((*parts)[1]);
  scope.account = std::string((*parts)[4]);
  const std::string head(arn.substr(0, arn.size() - (*parts)[5].size()));
  const std::string name((*parts)[5]);
  scope.shapes.push_back({std::string(facts.kind), head, name, false});
  if (!facts.beneath.empty())
    scope.shapes.push_back(
        {std::string(facts.beneath), head, name + std::string(facts.separator), true});
  for (const auto& action : catalogue.actions_matching(std::string(facts.service) + ":*")) {
    const std::string full = std::string(action.service) + ":" + std::string(action.name);
    const bool has_version = carries_tls_version(catalogue, action, facts.service);
    for (const auto& kind : catalogue.kinds_of(action))
      for (std::size_t shape = 0; shape < scope.shapes.size(); ++shape)
        if (kind.name == scope.shapes[shape].kind)
          scope.targets.push_back({full, shape, has_version});
  }
  if (scope.targets.empty())
    return fail(ErrorKind::Internal, "the catalogue has no action for " + std::string(facts.name));
  return scope;
}

Result<NamedResource> resource_named_by(std::span<const policy::Document> documents) {
  std::set<std::pair<ResourceType, std::string>> found;
  for (const policy::Document& document : documents) {
    for (const policy::Statement& statement : document.statements) {
      for (const policy::SourceText& resource : statement.resources) {
        const auto parts = policy::split_arn(resource.text);
        if (!parts) continue;
        const auto* const facts = std::ranges::find(kTypes, (*parts)[2], &TypeFacts::service);
        if (facts == kTypes.end()) continue;
        const std::string name = resource_part((*parts)[5], *facts);
        const std::string head = resource.text.substr(0, resource.text.size() - (*parts)[5].size());
        if (name.empty() || (head + name).find_first_of("*?$") != std::string::npos) continue;
        found.emplace(facts->type, head + name);
      }
    }
  }
  constexpr std::string_view kHint =
      "say which with --resource-type and --resource, as --resource-type s3-bucket --resource "
      "arn:aws:s3:::example";
  if (found.empty())
    return fail(ErrorKind::Invalid, "the policy names no single resource", std::string(kHint));
  if (found.size() > 1)
    return fail(ErrorKind::Invalid, "the policy names several resources", std::string(kHint));
  return NamedResource{found.begin()->first, found.begin()->second};
}

}  // namespace sealane::prove
