// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/json.h"

namespace sealane::pipeline {

// The keys of one kind of mapping in the file.
struct MappingRule {
  std::string_view path;  // `hops[]`; `nodes.*` for the mapping behind each name
  std::vector<std::string_view> keys;
  std::vector<std::string_view> later_keys;  // known, not in this version
};
// Every mapping of the file, outermost first.
std::span<const MappingRule> mapping_rules();

// Reads typed values out of the tree and collects what is wrong with them.
class Fields {
 public:
  // The hint says what to write instead.
  void error(const SourceSpan& span, std::string message, std::string hint);
  void warn(const SourceSpan& span, std::string message, std::string hint);
  void later(const SourceSpan& span, const std::string& what);  // `... is not in this version`
  std::size_t errors() const { return errors_; }
  std::vector<Diagnostic> take() { return std::move(diagnostics_); }

  // The members of a mapping, after its keys were held against the rule of `path`; empty if it is
  // no mapping, which is an error.
  const json::Value::Object& mapping(const json::Value& value, std::string_view path);
  // The members of a mapping whose keys are names that the file chooses.
  const json::Value::Object& named(const json::Value& value, std::string_view what);
  const json::Value::Array& list(const json::Value& value, std::string_view what);

  std::optional<std::string> text(const json::Value& value, std::string_view key);
  // One of `now`; one of `later` is not in this version; anything else is an error.
  struct Choices {
    std::vector<std::string_view> now;
    std::vector<std::string_view> later;
  };
  std::optional<std::string> choice(const json::Value& value, std::string_view key,
                                    const Choices& choices);
  struct Range {
    std::uint64_t least;
    std::uint64_t most;
  };
  std::optional<std::uint64_t> integer(const json::Value& value, std::string_view key, Range range);
  // `90d`, `12h`, `30m`, `10s`
  std::optional<std::chrono::seconds> duration(const json::Value& value, std::string_view key);
  // `2027-06-30`
  std::optional<std::chrono::sys_days> day(const json::Value& value, std::string_view key);
  // A path relative to the pipeline file.
  std::optional<std::string> path(const json::Value& value, std::string_view key);

 private:
  void unknown_key(const json::Member& member, const MappingRule& rule);

  std::vector<Diagnostic> diagnostics_;
  std::size_t errors_ = 0;
};

}  // namespace sealane::pipeline
