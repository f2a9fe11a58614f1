// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "iac/collect_internal.h"

namespace sealane::iac {

// How a text of a program is written: what stands for `${` and `%{` themselves.
enum class Escapes : std::uint8_t {
  Terraform,  // `$${`, `%%{`
  Pulumi,     // `$$` is `$`
};

// A text with `${expression}` in it as a value: text, a template, or Unknown when `resolve` says so
// of an expression.  `resolve` gives text, a template or Unknown.
Value interpolated(std::string_view text, Place place, Escapes escapes,
                   const std::function<Value(std::string_view expression)>& resolve);

// `name` and the rest of `name.rest` or `name["rest"]`; the rest is empty for a name alone.  False
// for every expression that is no plain reference.
bool split_reference(std::string_view expression, std::vector<std::string>& names);

Value unknown_value(std::string why, Place place, std::vector<Reference> references = {});

// Edges for every reference in a resource's properties.
void add_edges(Collector& collector, std::uint32_t from, const Value& value,
               const std::string& path);

// Terraform configuration in JSON: the constructs that a generator writes.
//
// Source:  Terraform, JSON configuration syntax.  Files of one folder are one module.
// Result:  literals, `${type.name.attribute}`, variables with a default; everything else is Unknown
//          with the reason.  Resources with count or for_each are one, and conditional.
class TerraformJsonReader {
 public:
  explicit TerraformJsonReader(Collector& collector) : collector_(collector) {}
  void add(std::uint32_t document, Value tree);
  void finish();

 private:
  struct Declared {
    std::uint32_t resource = 0;
    const Value* body = nullptr;
  };
  struct Module {
    std::vector<Value> trees;
    std::map<std::string, Declared, std::less<>> resources;  // `type.name`, `data.type.name`
    std::map<std::string, const Value*, std::less<>> variables;
    std::map<std::string, std::string, std::less<>> providers;  // name → version
  };
  void declare(Module& module);
  void declare_types(Module& module, const Value& types, bool data);
  void declare_one(Module& module, const std::string& type, const Field& named, bool data);
  Value value_of(const Module& module, const Value& raw) const;
  Value resolve(const Module& module, std::string_view expression, Place place) const;

  Collector& collector_;
  std::map<std::string, Module> modules_;  // by folder
};

// One Pulumi YAML program, also when it is written in JSON.
//
// Source:  Pulumi YAML language reference.
// Result:  literals, `${name.attribute}`, configuration with a default, fn::toJSON and fn::secret;
//          everything else is Unknown with the reason.  Types in their long form,
//          `aws:s3/bucket:Bucket`.
void read_pulumi(Collector& collector, std::uint32_t document, const Value& tree);

}  // namespace sealane::iac
