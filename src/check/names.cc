// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "check/names_internal.h"

namespace sealane::check {
namespace {

// Properties whose text is what others call the resource.
constexpr std::array kNameProperties = {"bucket",
                                        "name",
                                        "id",
                                        "arn",
                                        "stream_name",
                                        "function_name",
                                        "url",
                                        "family",
                                        "identifier",
                                        "cluster_identifier",
                                        "endpoint",
                                        "cluster_name",
                                        "endpoint_id",
                                        "bucket_domain_name",
                                        "BucketName",
                                        "Name",
                                        "StreamName",
                                        "TopicName",
                                        "QueueName",
                                        "DomainName",
                                        "FunctionName",
                                        "ClusterName",
                                        "DeliveryStreamName",
                                        "DBInstanceIdentifier",
                                        "DBClusterIdentifier",
                                        "DBParameterGroupName",
                                        "DBClusterParameterGroupName",
                                        "ParameterGroupName",
                                        "replication_group_id",
                                        "cluster_id",
                                        "ReplicationGroupId",
                                        "domain_name",
                                        "parameter_group_name",
                                        "FileSystemId",
                                        "LoadBalancerName"};

// What follows the last of `:` and `/`.
std::string_view last_part(std::string_view text) {
  const std::size_t at = text.find_last_of(":/");
  return at == std::string_view::npos ? text : text.substr(at + 1);
}

// The part of an ARN that names the resource that others link with: `stream/raw` is `raw`, the key
// of an S3 object is left out.
std::string_view name_in_arn(std::string_view arn) {
  std::string_view rest = arn;
  for (int i = 0; i < 5; ++i) {
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return {};
    rest.remove_prefix(colon + 1);
  }
  if (arn.contains(":s3:::")) return rest.substr(0, rest.find('/'));
  return last_part(rest);
}

// `raw` of `raw.s3.amazonaws.com` and of `s3://raw/key`; of other addresses the host.
std::string_view name_in_address(std::string_view text) {
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    text.remove_prefix(scheme + 3);
    text = text.substr(0, text.find_first_of("/:?"));
  }
  if (const std::size_t s3 = text.find(".s3");
      s3 != std::string_view::npos && text.ends_with("amazonaws.com"))
    return text.substr(0, s3);
  return text;
}

void sort_unique(std::vector<std::uint32_t>& list) {
  std::ranges::sort(list);
  list.erase(std::ranges::unique(list).begin(), list.end());
}

bool is_of(const iac::Resource& resource, std::span<const std::string> types) {
  return types.empty() || std::ranges::find(types, resource.type) != types.end();
}

}  // namespace

std::string bare_path(std::string_view path) {
  std::string out;
  bool inside = false;
  for (const char c : path) {
    if (c == '[') inside = true;
    if (!inside) out += c;
    if (c == ']') inside = false;
  }
  return out;
}

Names::Names(const iac::System& system) : system_(&system) {
  for (std::uint32_t i = 0; i < system.resources.size(); ++i) {
    const iac::Resource& resource = system.resources[i];
    for (const char* property : kNameProperties)
      if (const iac::Value* value = resource.properties.find(property))
        if (const std::string* text = value->text(); text != nullptr && !text->empty())
          add(*text, i);
  }
}

void Names::add(std::string text, std::uint32_t resource) {
  by_text_.emplace(std::move(text), resource);
}

std::vector<std::uint32_t> Names::of_text(std::string_view text) const {
  std::vector<std::uint32_t> out;
  const auto [begin, end] = by_text_.equal_range(text);
  for (auto at = begin; at != end; ++at) out.push_back(at->second);
  return out;
}

std::vector<std::uint32_t> Names::meant_by(const iac::Value& value,
                                           std::span<const std::string> types) const {
  std::vector<std::uint32_t> out;
  const auto take = [&](const std::vector<std::uint32_t>& found) {
    for (const std::uint32_t one : found)
      if (is_of(at(one), types) && !at(one).data_source) out.push_back(one);
  };
  // By what the reader found: two templates may have one logical id.
  const auto refer = [&](const iac::Reference& reference) {
    if (reference.target < system_->resources.size()) take({reference.target});
  };
  if (const std::string* text = value.text()) {
    take(of_text(*text));
    if (text->starts_with("arn:")) take(of_text(name_in_arn(*text)));
    if (out.empty()) take(of_text(name_in_address(*text)));
  } else if (const iac::Unknown* unknown = value.unknown()) {
    for (const iac::Reference& reference : unknown->references) refer(reference);
  } else if (const iac::Template* parts = value.template_text()) {
    for (const iac::Part& part : parts->parts) refer(part.reference);
    // `arn:aws:s3:::${AWS::StackName}-raw` has no resource, `arn:aws:s3:::raw` needs none.
  }
  sort_unique(out);
  return out;
}

std::vector<std::uint32_t> Names::named_by(std::uint32_t from, std::string_view property,
                                           std::span<const std::string> types) const {
  std::vector<std::uint32_t> out;
  const std::string bare = bare_path(property);
  auto edge = std::ranges::lower_bound(system_->edges, from, {}, &iac::Edge::from);
  for (; edge != system_->edges.end() && edge->from == from; ++edge) {
    const bool inside = edge->property == bare || edge->property.starts_with(bare + ".");
    if (inside && is_of(at(edge->to), types) && edge->to != from) out.push_back(edge->to);
  }
  if (out.empty())
    if (const iac::Value* value = at(from).properties.find(bare)) {
      out = meant_by(*value, types);
      std::erase(out, from);
    }
  sort_unique(out);
  return out;
}

const Names::Linked& Names::links(std::string_view by, std::span<const std::string> types) const {
  std::string key(by);
  for (const std::string& type : types) key += "\n" + type;
  const auto [found, is_new] = links_.try_emplace(std::move(key));
  if (is_new)
    for (std::uint32_t i = 0; i < system_->resources.size(); ++i)
      if (is_of(at(i), types) && !at(i).data_source)
        for (const std::uint32_t to : named_by(i, by, {})) found->second.emplace(to, i);
  return found->second;
}

std::vector<std::uint32_t> Names::naming(std::uint32_t to, std::string_view by,
                                         std::span<const std::string> types) const {
  std::vector<std::uint32_t> out;
  const auto [begin, end] = links(by, types).equal_range(to);
  for (auto one = begin; one != end; ++one) out.push_back(one->second);
  sort_unique(out);
  return out;
}

}  // namespace sealane::check
