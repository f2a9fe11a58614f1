// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
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

// What a policy is attached to: a resource, or who asks, or what is in between.
enum class ResourceType : std::uint8_t {
  S3Bucket,
  SqsQueue,
  SnsTopic,
  KmsKey,
  KinesisStream,
  Identity,
  VpcEndpoint,
  Scp,
  Rcp,
};
std::string_view to_string(ResourceType type);  // `s3-bucket`
std::optional<ResourceType> parse_resource_type(std::string_view text);
// Every type.
std::span<const ResourceType> resource_types();
// `s3`, the prefix of its actions; empty for what speaks of every service.
std::string_view service_of(ResourceType type);
// How documents attached to it are read.
policy::DocumentKind document_kind_of(ResourceType type);

// Whose requests a claim is about.
enum class Callers : std::uint8_t {
  Anybody,
  Members,     // those that an SCP binds: users, roots, sessions, federated users
  Identities,  // those that have identity policies: members but for roots
};

// A piece of an ARN: its text, or the name of a variable that stands for it.
struct ArnPiece {
  std::string text;
  bool is_variable = false;
};

// The ARNs of one kind: one ARN, all that begin alike, or all of a template.
struct ArnShape {
  std::string kind;          // as the catalogue names it: `object`; empty: `*`, no resource
  std::string head;          // `arn:aws:s3:::`, the first five parts with their colons
  std::string text;          // the sixth part, or what it begins with
  bool has_tail = false;     // one character or more follow
  std::string service = {};  // `s3`
  // Of a template head and text are an example; what differs is a variable of head or of pieces.
  std::array<std::string, 5> head_variables = {};  // empty: the part is that of head
  std::vector<ArnPiece> pieces = {};               // of the sixth part; empty: text and tail

  bool is_template() const;
  bool is_any() const { return kind.empty(); }
  std::string example() const;  // an ARN, with `*` for a tail
};

// One thing that can be asked: an action about an ARN of a shape.
struct Target {
  std::string action;  // `s3:GetObject`
  std::size_t shape = 0;
  bool carries_tls_version = false;  // its requests have the service's TlsVersion key
  bool in_rcps = false;              // resource control policies reach its service
};

// What a claim is about.
struct Scope {
  ResourceType type{};
  std::string resource;  // its ARN; `*` for everything of the services
  std::string partition;
  std::string account;  // of its owner; empty when the ARN does not say
  std::vector<ArnShape> shapes;
  std::vector<Target> targets;
  std::vector<std::string> services;  // their prefixes
  Callers callers = Callers::Anybody;
};

// Every (action, kind) pair of the catalogue for the resource and what lies beneath it.
// Errors: Invalid – `arn` is no ARN of that type, or has a wildcard.
// For Identity, VpcEndpoint, Scp and Rcp the ARN is of any type that is a resource.
Result<Scope> scope_of(const policy::Catalogue& catalogue, ResourceType type, std::string_view arn);

// Every action of the services about every resource there could be.  Errors: Invalid – no such
// service.
Result<Scope> scope_of_services(const policy::Catalogue& catalogue, ResourceType type,
                                std::span<const std::string> services);

// The scope that documents have when nobody says more: `resource` with what lies beneath it; when
// it is empty the one that a resource's policy names; for Identity, VpcEndpoint, Scp and Rcp
// the services whose actions the documents name: of claims about Denies the Denies that speak of
// the transport, if there are any, else all statements; `*` and NotAction name every service.
// Errors: Invalid – none or several, an ARN of another type.
Result<Scope> scope_for(const policy::Catalogue& catalogue, std::optional<ResourceType> type,
                        std::string_view resource, std::span<const policy::Document> documents,
                        bool about_denies);

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
