// SPDX-License-Identifier: Apache-2.0
#include "prove/scope.h"

#include <algorithm>
#include <array>
#include <set>

#include "policy/operator_arn.h"
#include "policy/text.h"

namespace sealane::prove {
namespace {

struct TypeFacts {
  ResourceType type;
  std::string_view name;
  std::string_view service;
  std::string_view kind;       // the resource's own kind
  std::string_view prefix;     // what the sixth part of its ARN begins with
  std::string_view beneath;    // a kind whose ARNs begin with the resource's; empty: none
  std::string_view separator;  // between the resource and what is beneath it
};

// Source: the resource tables of the Service Authorization Reference.
constexpr std::array<TypeFacts, 9> kTypes = {{
    {ResourceType::S3Bucket, "s3-bucket", "s3", "bucket", "", "object", "/"},
    {ResourceType::SqsQueue, "sqs-queue", "sqs", "queue", "", "", ""},
    {ResourceType::SnsTopic, "sns-topic", "sns", "topic", "", "", ""},
    {ResourceType::KmsKey, "kms-key", "kms", "key", "key/", "", ""},
    {ResourceType::KinesisStream, "kinesis-stream", "kinesis", "stream", "stream/", "consumer",
     "/consumer/"},
    {ResourceType::Identity, "identity", "", "", "", "", ""},
    {ResourceType::VpcEndpoint, "vpc-endpoint", "", "", "", "", ""},
    {ResourceType::Scp, "scp", "", "", "", "", ""},
    {ResourceType::Rcp, "rcp", "", "", "", "", ""},
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
              facts.type == ResourceType::S3Bucket
                  ? "name one bucket without wildcards, as `arn:aws:s3:::example`; access points "
                    "and directory buckets are resources of their own; --resource can be said "
                    "several times"
                  : "name one resource with its region and account, without wildcards; --resource "
                    "can be said several times");
}

// An ARN of the type itself: access points are no buckets though they are of S3, aliases no keys.
// A bucket alone has neither region nor account.
bool is_arn_of(const std::array<std::string_view, 6>& parts, const TypeFacts& facts) {
  const bool is_bucket = facts.type == ResourceType::S3Bucket;
  std::string_view name = parts[5];
  if (parts[2] != facts.service || parts[3].empty() != is_bucket || parts[4].empty() != is_bucket ||
      !name.starts_with(facts.prefix))
    return false;
  name.remove_prefix(facts.prefix.size());
  return !name.empty() && name.find_first_of("/:") == std::string_view::npos;
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

policy::DocumentKind document_kind_of(ResourceType type) {
  switch (type) {
    case ResourceType::Identity: return policy::DocumentKind::Identity;
    case ResourceType::VpcEndpoint: return policy::DocumentKind::VpcEndpoint;
    case ResourceType::Scp: return policy::DocumentKind::Scp;
    case ResourceType::Rcp: return policy::DocumentKind::Rcp;
    case ResourceType::KmsKey: return policy::DocumentKind::Kms;
    case ResourceType::S3Bucket:
    case ResourceType::SqsQueue:
    case ResourceType::SnsTopic:
    case ResourceType::KinesisStream: break;
  }
  return policy::DocumentKind::Resource;
}

std::span<const ResourceType> resource_types() {
  static constexpr std::array kAll = {
      ResourceType::S3Bucket,    ResourceType::SqsQueue,      ResourceType::SnsTopic,
      ResourceType::KmsKey,      ResourceType::KinesisStream, ResourceType::Identity,
      ResourceType::VpcEndpoint, ResourceType::Scp,           ResourceType::Rcp};
  return kAll;
}

std::optional<ResourceType> parse_resource_type(std::string_view text) {
  const auto* const found = std::ranges::find(kTypes, text, &TypeFacts::name);
  if (found == kTypes.end()) return std::nullopt;
  return found->type;
}

std::optional<ResourceType> resource_type_of(std::string_view arn) {
  const auto parts = policy::split_arn(arn);
  if (!parts || (*parts)[2].empty()) return std::nullopt;
  const auto* const found = std::ranges::find(kTypes, (*parts)[2], &TypeFacts::service);
  if (found == kTypes.end()) return std::nullopt;
  return found->type;
}

bool ArnShape::is_template() const {
  return !pieces.empty() ||
         std::ranges::any_of(head_variables, [](const std::string& name) { return !name.empty(); });
}

std::string ArnShape::example() const { return head + text + (has_tail ? "*" : ""); }

namespace {

void add_targets(const policy::Catalogue& catalogue, const policy::Catalogue::Service& service,
                 std::size_t first_shape, bool with_none, Scope& scope) {
  const std::string prefix(service.prefix);
  for (const auto& action : catalogue.actions_matching(prefix + ":*")) {
    Target target{.action = std::string(action.service) + ":" + std::string(action.name),
                  .shape = 0,
                  .carries_tls_version = carries_tls_version(catalogue, action, prefix),
                  .in_rcps = service.in_rcps};
    bool names_one = false;
    for (const auto& kind : catalogue.kinds_of(action)) {
      names_one = names_one || kind.required;
      for (std::size_t shape = first_shape; shape < scope.shapes.size(); ++shape) {
        if (kind.name != scope.shapes[shape].kind || scope.shapes[shape].service != prefix)
          continue;
        target.shape = shape;
        scope.targets.push_back(target);
      }
    }
    target.shape = first_shape;
    if (with_none && !names_one) scope.targets.push_back(target);
  }
}

constexpr std::array<std::string_view, 9> kParts = {"part0", "part1", "part2", "part3", "part4",
                                                    "part5", "part6", "part7", "part8"};

// Kinds whose names have no slash, so that none of them is taken for one of another kind.
bool has_plain_name(std::string_view service, std::string_view kind) {
  return std::ranges::any_of(kTypes, [&](const TypeFacts& facts) {
    return facts.service == service && facts.kind == kind;
  });
}

// `${Name}` and `*` are variables.
std::vector<ArnPiece> pieces_of(std::string_view text, bool plain_name) {
  std::vector<ArnPiece> out;
  std::size_t variables = 0;
  while (!text.empty()) {
    const std::size_t at = text.find_first_of("$*");
    if (at != 0) {
      out.push_back({std::string(text.substr(0, at)), false});
      text.remove_prefix(std::min(at, text.size()));
      continue;
    }
    const std::size_t end = text[0] == '*' ? 1 : text.find('}') + 1;
    text.remove_prefix(end == 0 ? text.size() : end);
    const bool last = text.find_first_of("$*") == std::string_view::npos;
    const std::size_t number = std::min(variables++, kParts.size() - 1);
    out.push_back({last && !plain_name ? std::string("tail") : std::string(kParts[number]), true});
  }
  return out;
}

ArnShape shape_of(const policy::Catalogue::Kind& kind, std::string_view service,
                  std::string_view partition) {
  ArnShape out{
      .kind = std::string(kind.name), .head = "", .text = "", .service = std::string(service)};
  const auto parts = policy::split_arn(kind.arn);
  if (!parts) return out;
  constexpr std::array<std::string_view, 5> kExamples = {"", "", "aws", "eu-central-1",
                                                         "111122223333"};
  constexpr std::array<std::string_view, 5> kVariables = {"", "", "vendor", "region", "owner"};
  for (std::size_t i = 0; i < 5; ++i) {
    const bool varies = (*parts)[i].find_first_of("$*") != std::string_view::npos;
    if (i == 1)
      out.head += partition;
    else
      out.head += varies ? kExamples[i] : (*parts)[i];
    out.head += ':';
    if (i > 1 && varies) out.head_variables[i] = kVariables[i];
  }
  out.pieces = pieces_of((*parts)[5], has_plain_name(service, kind.name));
  for (const ArnPiece& piece : out.pieces)
    out.text += !piece.is_variable ? piece.text : piece.text == "tail" ? "data.csv" : "example";
  return out;
}

Callers callers_of(ResourceType type) {
  if (type == ResourceType::Scp) return Callers::Members;
  if (type == ResourceType::Identity) return Callers::Identities;
  return Callers::Anybody;
}

bool speaks_of_transport(const policy::Statement& statement) {
  return std::ranges::any_of(statement.conditions, [](const policy::Condition& condition) {
    return condition.key == "aws:securetransport" || condition.key.ends_with(":tlsversion");
  });
}

// Nothing: every service.
std::optional<std::set<std::string>> services_named_by(std::span<const policy::Document> documents,
                                                       bool transport_denies_alone) {
  std::set<std::string> out;
  for (const policy::Document& document : documents)
    for (const policy::Statement& statement : document.statements) {
      const bool counts =
          statement.effect == policy::Effect::Deny && speaks_of_transport(statement);
      if (transport_denies_alone && !counts) continue;
      if (statement.action_polarity == policy::Polarity::NotListed) return std::nullopt;
      for (const policy::SourceText& action : statement.actions) {
        const std::size_t colon = action.text.find(':');
        if (colon == std::string::npos) return std::nullopt;
        out.insert(policy::to_lower(action.text.substr(0, colon)));
      }
    }
  return out;
}

}  // namespace

Result<Scope> scope_of(const policy::Catalogue& catalogue, ResourceType type,
                       std::string_view arn) {
  if (service_of(type).empty()) {
    const auto resource = resource_type_of(arn);
    if (!resource)
      return fail(ErrorKind::Invalid, "`" + std::string(arn) + "` is of no service that is known",
                  "name one resource without wildcards, as `arn:aws:s3:::example`");
    SEALANE_ASSIGN(Scope scope, scope_of(catalogue, *resource, arn));
    scope.type = type;
    scope.callers = callers_of(type);
    return scope;
  }
  const TypeFacts& facts = facts_of(type);
  const auto parts = policy::split_arn(arn);
  if (!parts || !is_arn_of(*parts, facts) || arn.find_first_of("*?$") != std::string_view::npos)
    return not_of_type(arn, facts);
  Scope scope;
  scope.type = type;
  scope.resource = std::string(arn);
  scope.partition = std::string((*parts)[1]);
  scope.account = std::string((*parts)[4]);
  scope.services = {std::string(facts.service)};
  const std::string head(arn.substr(0, arn.size() - (*parts)[5].size()));
  const std::string name((*parts)[5]);
  scope.shapes.push_back({std::string(facts.kind), head, name, false, std::string(facts.service)});
  if (!facts.beneath.empty())
    scope.shapes.push_back({std::string(facts.beneath), head, name + std::string(facts.separator),
                            true, std::string(facts.service)});
  if (const auto service = catalogue.find_service(facts.service))
    add_targets(catalogue, *service, 0, false, scope);
  if (scope.targets.empty())
    return fail(ErrorKind::Internal, "the catalogue has no action for " + std::string(facts.name));
  return scope;
}

Result<Scope> scope_of_services(const policy::Catalogue& catalogue, ResourceType type,
                                std::span<const std::string> services) {
  Scope scope;
  scope.type = type;
  scope.resource = "*";
  scope.partition = "aws";
  scope.callers = callers_of(type);
  for (const std::string& prefix : services) {
    const auto service = catalogue.find_service(prefix);
    if (!service)
      return fail(ErrorKind::Invalid, "the catalogue has no service `" + prefix + "`",
                  "say --resource, or correct the action");
    scope.services.push_back(prefix);
    const std::size_t first = scope.shapes.size();
    scope.shapes.push_back({"", "", "*", false, prefix});
    for (const auto& kind : catalogue.kinds_of(*service))
      if (policy::split_arn(kind.arn))
        scope.shapes.push_back(shape_of(kind, prefix, scope.partition));
    add_targets(catalogue, *service, first, true, scope);
  }
  return scope;
}

Result<Scope> scope_for(const policy::Catalogue& catalogue, std::optional<ResourceType> type,
                        std::string_view resource, std::span<const policy::Document> documents,
                        bool about_denies) {
  if (!resource.empty()) {
    if (!type) type = resource_type_of(resource);
    if (!type)
      return fail(ErrorKind::Invalid,
                  "`" + std::string(resource) + "` is of no service that is known",
                  "say what it is with --resource-type");
    return scope_of(catalogue, *type, resource);
  }
  if (type && service_of(*type).empty()) {
    auto named = services_named_by(documents, about_denies);
    if (named && named->empty()) named = services_named_by(documents, false);
    std::vector<std::string> services;
    if (named)
      services.assign(named->begin(), named->end());
    else
      for (std::size_t i = 0; i < catalogue.service_count(); ++i)
        services.emplace_back(catalogue.service_at(i).prefix);
    return scope_of_services(catalogue, *type, services);
  }
  SEALANE_ASSIGN(const NamedResource named, resource_named_by(documents));
  if (type && *type != named.type)
    return fail(
        ErrorKind::Invalid,
        "the policy names `" + named.arn + "`, which is no " + std::string(to_string(*type)),
        "leave --resource-type out, or say --resource");
  return scope_of(catalogue, named.type, named.arn);
}

Result<NamedResource> resource_named_by(std::span<const policy::Document> documents) {
  std::set<std::pair<ResourceType, std::string>> found;
  for (const policy::Document& document : documents) {
    for (const policy::Statement& statement : document.statements) {
      for (const policy::SourceText& resource : statement.resources) {
        auto parts = policy::split_arn(resource.text);
        if (!parts) continue;
        const auto* const facts = std::ranges::find(kTypes, (*parts)[2], &TypeFacts::service);
        if (facts == kTypes.end() || facts->service.empty()) continue;
        const std::string name = resource_part((*parts)[5], *facts);
        const std::string head = resource.text.substr(0, resource.text.size() - (*parts)[5].size());
        (*parts)[5] = name;
        if (!is_arn_of(*parts, *facts) || (head + name).find_first_of("*?$") != std::string::npos)
          continue;
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
