// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/catalogue.h"
#include "policy/document.h"

namespace sealane::prove {

enum class ResourceType : std::uint8_t { S3Bucket, SqsQueue, SnsTopic, KmsKey, KinesisStream };
std::string_view to_string(ResourceType type);  // `s3-bucket`
std::optional<ResourceType> parse_resource_type(std::string_view text);
// Every type.
std::span<const ResourceType> resource_types();
// `s3`, the prefix of its actions.
std::string_view service_of(ResourceType type);

// The ARNs of one kind beneath a resource: one ARN, or all that begin so and go on.
struct ArnShape {
  std::string kind;       // as the catalogue names it: `object`
  std::string head;       // `arn:aws:s3:::`, the first five parts with their colons
  std::string text;       // the sixth part, or what it begins with
  bool has_tail = false;  // one character or more follow
};

// One thing that can be asked: an action about an ARN of a shape.
struct Target {
  std::string action;  // `s3:GetObject`
  std::size_t shape = 0;
  bool carries_tls_version = false;  // its requests have the service's TlsVersion key
};

// What a claim is about.
struct Scope {
  ResourceType type{};
  std::string resource;  // its ARN
  std::string partition;
  std::string account;  // of its owner; empty when the ARN does not say
  std::vector<ArnShape> shapes;
  std::vector<Target> targets;
};

// Every (action, kind) pair of the catalogue for the resource and what lies beneath it.
// Errors: Invalid – `arn` is no ARN of that type, or has a wildcard.
Result<Scope> scope_of(const policy::Catalogue& catalogue, ResourceType type, std::string_view arn);

// The type of the resource that an ARN names; nothing when its service is another.
std::optional<ResourceType> resource_type_of(std::string_view arn);

// The one resource that the documents' Resource elements name, with the type of its service.
// Errors: Invalid – none or several, with the hint to say --resource.
struct NamedResource {
  ResourceType type{};
  std::string arn;
};
Result<NamedResource> resource_named_by(std::span<const policy::Document> documents);

}  // namespace sealane::prove
