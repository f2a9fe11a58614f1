// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iac/collect_internal.h"
#include "iac/json_cursor_internal.h"

namespace sealane::iac {

// `configuration` of a plan: what was written, where `resource_changes` says what will be.
//
// A reference is a text as the plan spells it: `aws_s3_bucket.raw.arn`, `var.name`,
// `module.store["eu"].arn`, `each.key`.
using References = std::vector<std::string>;

struct ConfigExpression {
  std::string path;  // `statement[0].resources`
  References references;
};

struct ConfigResource {
  std::string provider;                       // key in `provider_config`
  std::vector<std::string> given;             // paths without indices, sorted
  std::vector<ConfigExpression> expressions;  // those with references
  References each;                            // of for_each
};

struct ConfigModule;
struct ConfigCall {
  std::map<std::string, References, std::less<>> arguments;
  References each;
  bool repeated = false;  // has count or for_each
  std::unique_ptr<ConfigModule> module;
};

struct ConfigModule {
  std::map<std::string, ConfigResource, std::less<>> resources;  // by `data.type.name`, `type.name`
  std::map<std::string, References, std::less<>> outputs;
  std::map<std::string, ConfigCall, std::less<>> calls;
};

struct Configuration {
  bool present = false;
  ConfigModule root;
  std::map<std::string, std::string, std::less<>> provider_versions;  // by key in provider_config
};

// Reads the object that `configuration` is; resources of other types than `wants` takes are left.
bool read_configuration(JsonCursor& json, const Collector& collector, Configuration& out);

// A resource of the plan and where its configuration is.
struct PlannedResource {
  std::uint32_t resource = 0;  // its number in the collector
  std::string module;          // `module.store["eu"]`, empty for the root
  std::string key;             // `["eu"]`, `[0]`, empty
  std::string name;            // `aws_s3_bucket.raw`, `data.aws_iam_policy_document.deny`
};

// Gives resources what their configuration knows: given properties, the provider's version,
// references of unknown values, and edges.
// Bounds: a fixed number of steps for each expression.
void link_configuration(Collector& collector, const Configuration& configuration,
                        const std::vector<PlannedResource>& planned);

// `path` without `[0]` and `["x"]`.
std::string without_indices(std::string_view path);

// Types that are read whether or not somebody wants them, as others are put together from them.
bool is_always_wanted(std::string_view terraform_type);

// Lays `after_unknown` over `after`: what it marks becomes Unknown, at `nearest` where nothing is.
bool overlay_unknown(JsonCursor& json, Value& target, Place nearest);
// Lays `after_sensitive` or `sensitive_values` over values; `target` may be nullptr.
bool overlay_sensitive(JsonCursor& json, Value* target);

bool read_terraform_plan(Collector& collector, std::uint32_t document, std::string_view text);
bool read_terraform_state(Collector& collector, std::uint32_t document, std::string_view text);

}  // namespace sealane::iac
