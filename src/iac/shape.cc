// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "iac/policy_text.h"
#include "iac/shape_internal.h"

namespace sealane::iac {
namespace {

// How a type's ARNs and names are told.  `arn` and `names` are attributes, `property` is where the
// name is given.  In `form` N is the name; region and account stand where the ARN has them.
struct TypeRule {
  std::string_view type;
  std::string_view form;      // `sqs:R:A:N`; empty: made of an id that the service chooses
  std::string_view property;  // of the name
  std::string_view arns;      // attributes, each with a space on both sides
  std::string_view names;
};
constexpr TypeRule kTypes[] = {
    {"aws_s3_bucket", "s3:::N", "bucket", " arn ", " id bucket "},
    {"aws_s3_bucket_v2", "s3:::N", "bucket", " arn ", " id bucket "},
    {"aws_sqs_queue", "sqs:R:A:N", "name", " arn ", " name "},
    {"aws_sns_topic", "sns:R:A:N", "name", " arn id ", " name "},
    {"aws_kinesis_stream", "kinesis:R:A:stream/N", "name", " arn id ", " name "},
    {"aws_dynamodb_table", "dynamodb:R:A:table/N", "name", " arn ", " name id "},
    {"aws_s3_access_point", "s3:R:A:accesspoint/N", "name", " arn ", " name "},
    {"aws_kms_key", "", "", " arn ", ""},
    {"aws_efs_file_system", "", "", " arn ", ""},
    {"aws:s3/bucket:Bucket", "s3:::N", "bucket", " arn ", " id bucket "},
    {"aws:s3/bucketV2:BucketV2", "s3:::N", "bucket", " arn ", " id bucket "},
    {"aws:sqs/queue:Queue", "sqs:R:A:N", "name", " arn ", " name "},
    {"aws:sns/topic:Topic", "sns:R:A:N", "name", " arn id ", " name "},
    {"aws:kinesis/stream:Stream", "kinesis:R:A:stream/N", "name", " arn id ", " name "},
    {"AWS::S3::Bucket", "s3:::N", "BucketName", " Arn ", " Ref "},
    {"AWS::SQS::Queue", "sqs:R:A:N", "QueueName", " Arn ", " QueueName "},
    {"AWS::SNS::Topic", "sns:R:A:N", "TopicName", " Ref TopicArn ", " TopicName "},
    {"AWS::Kinesis::Stream", "kinesis:R:A:stream/N", "Name", " Arn ", " Ref "},
    {"AWS::DynamoDB::Table", "dynamodb:R:A:table/N", "TableName", " Arn ", " Ref "},
    {"AWS::S3::AccessPoint", "s3:R:A:accesspoint/N", "Name", " Arn ", " Ref Name "},
    {"AWS::KMS::Key", "", "", " Arn ", ""},
    {"AWS::EFS::FileSystem", "", "", " Arn ", ""},
};

const TypeRule* rule_of(std::string_view type) {
  const auto found = std::ranges::find(kTypes, type, &TypeRule::type);
  return found == std::end(kTypes) ? nullptr : found;
}

bool lists(std::string_view words, std::string_view word) {
  return !word.empty() && words.contains(" " + std::string(word) + " ");
}

constexpr std::string_view kRegion = "AWS::Region";
constexpr std::string_view kAccount = "AWS::AccountId";

void append(Shape& to, std::string_view literal) {
  if (literal.empty()) return;
  if (!to.empty() && to.back().hole.empty())
    to.back().literal += literal;
  else
    to.push_back({std::string(literal), {}});
}
void append(Shape& to, const Shape& from) {
  for (const ShapePiece& piece : from) {
    if (piece.hole.empty())
      append(to, piece.literal);
    else
      to.push_back(piece);
  }
}

Shape hole(std::string name, bool names_resource = false) {
  return {{{}, std::move(name), names_resource}};
}

Shape name_shape(const System& system, std::uint32_t number, const TypeRule& rule) {
  const Resource& resource = system.resources[number];
  const Value* given = resource.properties.find(rule.property);
  if (given != nullptr && given->unknown() == nullptr && !given->is_null())
    if (auto shape = shape_of(system, *given); shape && !shape->empty()) return *shape;
  // With the document: the same address in two templates is two resources.
  return hole(fmt::format("name of {} {}", resource.address, number), true);
}

// Region and account of a stack are its parameters; of another resource they are its own.
Shape of_resource(const Resource& resource, std::uint32_t number, std::string_view what) {
  if (resource.dialect == Dialect::CloudFormation) return hole(std::string(what));
  return hole(fmt::format("{} of {} {}", what, resource.address, number));
}

std::optional<std::string> given_arn(const Resource& resource) {
  const Value* arn = resource.properties.find("arn");
  if (arn == nullptr || arn->text() == nullptr || !arn->text()->starts_with("arn:"))
    return std::nullopt;
  return *arn->text();
}

}  // namespace

bool has_hole(const Shape& shape) {
  return std::ranges::any_of(shape, [](const ShapePiece& piece) { return !piece.hole.empty(); });
}

void Stand::set(const std::string& hole, std::string text, std::string why) {
  if (texts_.emplace(hole, std::move(text)).second) assumed_.push_back(std::move(why));
}

std::string Stand::text_of(const Shape& shape) {
  std::string out;
  for (const ShapePiece& piece : shape) {
    if (piece.hole.empty()) {
      out += piece.literal;
      continue;
    }
    auto found = texts_.find(piece.hole);
    if (found == texts_.end()) {
      std::string text;
      if (piece.hole.starts_with(kRegion))
        text = "xx-unknown-1";
      else if (piece.hole.starts_with(kAccount))
        text = "999999999999";
      else if (piece.whole_arn)
        // A form that every place takes where an ARN can stand, principals among them.
        text = fmt::format("arn:aws:iam::999999999999:role/unknown-name-{}", ++names_);
      else
        text = fmt::format("unknown-name-{}", ++names_);
      std::string what = piece.hole;
      if (what.starts_with("name of ") || what.contains(" of ")) what.resize(what.rfind(' '));
      assumed_.push_back(
          fmt::format("the input does not tell `{}`; `{}` stands for it", what, text));
      found = texts_.emplace(piece.hole, std::move(text)).first;
    }
    out += found->second;
  }
  return out;
}

std::optional<Shape> arn_shape(const System& system, std::uint32_t number) {
  const Resource& resource = system.resources[number];
  if (auto arn = given_arn(resource)) return Shape{{*std::move(arn), {}}};
  const TypeRule* rule = rule_of(resource.type);
  if (rule == nullptr || rule->form.empty()) return std::nullopt;
  Shape out;
  append(out, "arn:aws:");
  for (const char c : rule->form) {
    if (c == 'R')
      append(out, of_resource(resource, number, kRegion));
    else if (c == 'A')
      append(out, of_resource(resource, number, kAccount));
    else if (c == 'N')
      append(out, name_shape(system, number, *rule));
    else
      append(out, std::string_view(&c, 1));
  }
  return out;
}

Shape shape_of(const System& system, const Reference& reference) {
  if (reference.kind == Reference::Kind::Parameter && reference.resource == "AWS::Partition")
    return {{"aws", {}}};
  if (reference.kind == Reference::Kind::Parameter && reference.resource == "AWS::URLSuffix")
    return {{"amazonaws.com", {}}};
  if (reference.target < system.resources.size()) {
    const Resource& resource = system.resources[reference.target];
    if (resource.dialect != Dialect::CloudFormation) {
      const Value* known = resource.properties.find(reference.attribute);
      if (known != nullptr && known->text() != nullptr && !known->text()->empty())
        return {{*known->text(), {}}};
    }
    if (const TypeRule* rule = rule_of(resource.type)) {
      if (lists(rule->arns, reference.attribute))
        if (auto arn = arn_shape(system, reference.target)) return *std::move(arn);
      if (lists(rule->names, reference.attribute))
        return name_shape(system, reference.target, *rule);
    }
  }
  Shape out = hole(to_text(reference));
  out[0].whole_arn = reference.kind == Reference::Kind::Resource &&
                     (reference.attribute == "arn" || reference.attribute == "Arn");
  return out;
}

std::optional<Shape> shape_of(const System& system, const Value& value) {
  if (const std::string* text = value.text()) return Shape{{*text, {}}};
  const Template* parts = value.template_text();
  if (parts == nullptr) return std::nullopt;
  Shape out;
  for (const Part& part : parts->parts) {
    if (part.reference.resource.empty())
      append(out, part.literal);
    else
      append(out, shape_of(system, part.reference));
  }
  return out;
}

namespace {

// A shape as single characters and holes.
struct Unit {
  char character = 0;
  const ShapePiece* hole = nullptr;
};
std::vector<Unit> units_of(const Shape& shape) {
  std::vector<Unit> out;
  for (const ShapePiece& piece : shape) {
    if (!piece.hole.empty()) out.push_back({0, &piece});
    for (const char c : piece.literal) out.push_back({c, nullptr});
  }
  return out;
}

// What no name, region or account has in it.
bool is_separator(const Unit& unit) {
  return unit.hole == nullptr && (unit.character == '/' || unit.character == ':');
}
bool is_wild(const Unit& unit) {
  return unit.hole == nullptr && (unit.character == '*' || unit.character == '?');
}
// A hole of which the real text has no wildcard and no separator.
bool is_name(const ShapePiece& hole) {
  return hole.names_resource || hole.hole.starts_with(kRegion) || hole.hole.starts_with(kAccount);
}
bool holes_in(std::span<const Unit> units) {
  return std::ranges::any_of(units, [](const Unit& unit) { return unit.hole != nullptr; });
}
bool ends_name(std::span<const Unit> after) { return after.empty() || is_separator(after[0]); }

// The pattern is at a literal character, a wildcard or its end, the text at a hole.
bool passes_hole(std::span<const Unit> pattern, const ShapePiece& hole) {
  if (pattern.empty()) return true;
  if (is_separator(pattern[0])) return is_name(hole);
  if (pattern[0].character != '*' || holes_in(pattern)) return false;
  const auto rest = pattern.subspan(1);
  return rest.empty() || (is_separator(rest[0]) && is_name(hole));
}

}  // namespace

bool is_independent(const Shape& pattern_shape, const Shape& text_shape, Whose whose) {
  const std::vector<Unit> pattern_units = units_of(pattern_shape);
  const std::vector<Unit> text_units = units_of(text_shape);
  std::span<const Unit> pattern = pattern_units;
  std::span<const Unit> text = text_units;
  for (;;) {
    if (!holes_in(pattern) && !holes_in(text)) return true;
    // What lies beneath a resource goes on behind its ARN.
    if (text.empty()) return !holes_in(pattern);
    if (text[0].hole != nullptr) {
      if (pattern.empty() || pattern[0].hole == nullptr) return passes_hole(pattern, *text[0].hole);
      if (pattern[0].hole->hole != text[0].hole->hole)
        // Two resources of one kind have two names.
        return (pattern[0].hole->names_resource && text[0].hole->names_resource &&
                ends_name(pattern.subspan(1)) && ends_name(text.subspan(1))) ||
               (pattern[0].hole->whole_arn && text[0].hole->whole_arn && pattern.size() == 1 &&
                text.size() == 1);
    } else if (pattern.empty()) {
      return true;
    } else if (pattern[0].hole != nullptr) {
      return whose == Whose::Resource && pattern[0].hole->names_resource &&
             ends_name(pattern.subspan(1));
    } else if (is_wild(pattern[0]) || is_wild(text[0])) {
      return pattern.size() == 1 && pattern[0].character == '*';
    } else if (pattern[0].character != text[0].character) {
      return true;
    }
    pattern = pattern.subspan(1);
    text = text.subspan(1);
  }
}

std::optional<std::string> known_arn(const System& system, std::uint32_t resource) {
  if (resource >= system.resources.size()) return std::nullopt;
  const auto shape = arn_shape(system, resource);
  if (!shape || has_hole(*shape)) return std::nullopt;
  std::string out;
  for (const ShapePiece& piece : *shape) out += piece.literal;
  return out;
}

std::optional<std::string> known_name(const System& system, std::uint32_t number) {
  if (number >= system.resources.size()) return std::nullopt;
  const TypeRule* rule = rule_of(system.resources[number].type);
  const Value* given =
      rule == nullptr ? nullptr : system.resources[number].properties.find(rule->property);
  if (given == nullptr || given->text() == nullptr || given->text()->empty()) return std::nullopt;
  return *given->text();
}

}  // namespace sealane::iac
