// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "iac/value.h"

namespace sealane::iac {

// Whose names a resource's type and properties have.
enum class Dialect : std::uint8_t { Terraform, CloudFormation, Pulumi, Arm, Kubernetes };
std::string_view to_string(Dialect dialect);  // `terraform`, …

// What a file is.
enum class Format : std::uint8_t {
  TerraformPlan,
  TerraformState,
  TerraformJson,  // `*.tf.json`
  CloudFormation,
  PulumiYaml,
};
std::string_view to_string(Format format);  // `terraform-plan`, …

// One input file.
struct Document {
  std::string name;  // the path as it was given, relative where it was relative
  Format format{};
  std::string version;                   // of the format, as the file says it
  std::vector<std::uint32_t> line_ends;  // offset of every line feed, UTF-16 counted as UTF-8
  SourceSpan at(std::uint32_t offset) const;
};

// One thing that an input declares.
//
// INVARIANT: `address` is unique in its document and made of declared names alone; a file's name,
// the order of a file's resources and the order of files have no part in it.
struct Resource {
  Dialect dialect{};
  std::string type;      // `aws_s3_bucket`, `AWS::S3::Bucket`
  std::string address;   // `module.lake.aws_s3_bucket.raw["eu"]`, `Lake/RawBucketF31C`: the stack's
                         // name where the template tells it (CDK's), and the logical id
  std::string provider;  // its version or constraint where the input says it
  Value properties;      // a map
  // Properties that the input gives, whatever their value, by path without indices
  // (`encryption_info`, `encryption_info.encryption_in_transit`), and once more with `[]` when they
  // are blocks, sorted: what is absent here and unknown in `properties` was left to the provider.
  // Terraform plans alone.
  std::vector<std::string> given;
  // False: the input does not tell which properties were given (a plan without its configuration).
  bool given_known = true;
  Place place;
  bool data_source = false;
  bool conditional = false;  // whether it exists depends on something the input does not tell
};

// `from` names `to` in one of its properties.
struct Edge {
  std::uint32_t from = 0;
  std::string property;  // path without indices: `rule.bucket`
  std::uint32_t to = 0;
  std::string attribute;  // of `to`
  // A Terraform plan does not show how an expression picks an instance of `to`; the one with the
  // key of `from` is taken, and this says so.
  bool by_key = false;
  friend bool operator==(const Edge&, const Edge&) = default;
};

// Everything that the inputs declare, in an order of its own: by dialect and address.
struct System {
  std::vector<Document> documents;
  std::vector<Resource> resources;
  std::vector<Edge> edges;              // sorted by from, property, to
  std::vector<Diagnostic> diagnostics;  // warnings: what was skipped or assumed, and where
  // Types that nobody wanted, and how many resources of each there are.
  std::vector<std::pair<std::string, std::uint32_t>> skipped;

  SourceSpan at(Place place) const;
  // The edges that go out of a resource.
  std::span<const Edge> edges_of(std::uint32_t resource) const;
};

}  // namespace sealane::iac
