// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"

namespace sealane::iac {

// Where something stands: a document of the system and a byte of it.  Line and column are counted
// when they are shown (system.h).
struct Place {
  std::uint32_t document = 0;
  std::uint32_t offset = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

constexpr std::uint32_t kNoResource = UINT32_MAX;

// An attribute of a resource, before it has a value: `arn` of `module.lake.aws_s3_bucket.raw`.
//
// What is no resource is written so too: CloudFormation's `AWS::Region` and parameters without a
// value, Terraform's `local.x`.
struct Reference {
  enum class Kind : std::uint8_t { Resource, Parameter, Local };
  std::string resource;   // an address
  std::string attribute;  // `arn`, `Arn`, `id`; `Ref`: what CloudFormation's Ref gives; empty: the
                          // resource as such
  std::uint32_t target = kNoResource;  // the resource's place in the system, if it is in it
  Kind kind = Kind::Resource;
  friend bool operator==(const Reference&, const Reference&) = default;
};

// A value that the input does not tell, and why.
struct Unknown {
  std::string why;                    // one sentence fragment: `known after apply`
  std::vector<Reference> references;  // what it is computed from, as far as the input says
};

// Text with holes: literal parts and references in turn, `${Bucket.Arn}/*`.
struct Part {
  std::string literal;  // in use when `reference.resource` is empty
  Reference reference;
};
struct Template {
  std::vector<Part> parts;
};

struct Field;

// One value of an input: what JSON has, and what infrastructure files have beside it.
struct Value {
  using List = std::vector<Value>;
  using Map = std::vector<Field>;
  std::variant<std::nullptr_t, bool, json::Number, std::string, List, Map, Unknown, Template> data;
  Place place;
  // Marked secret by the input.  It may decide a verdict and is never shown.
  bool sensitive = false;
  // Made from a parameter's default, in place of which whoever deploys may give another value.
  bool from_default = false;

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(data); }
  const bool* boolean() const { return std::get_if<bool>(&data); }
  const json::Number* number() const { return std::get_if<json::Number>(&data); }
  const std::string* text() const { return std::get_if<std::string>(&data); }
  const List* list() const { return std::get_if<List>(&data); }
  const Map* map() const { return std::get_if<Map>(&data); }
  const Unknown* unknown() const { return std::get_if<Unknown>(&data); }
  const Template* template_text() const { return std::get_if<Template>(&data); }
  // The field of that name; nullptr when this is no map or has none.
  const Value* find(std::string_view name) const;
};

// A text that a program may compare or show: text as it is, booleans, numbers as they were written.
// Nothing for every other value.
std::optional<std::string> scalar_text(const Value& value);
// A template as CloudFormation's Sub would write it, `${Bucket.Arn}/*`.
std::string to_text(const Template& value);
std::string to_text(const Reference& reference);

struct Field {
  std::string name;
  Value value;
};

}  // namespace sealane::iac
