// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iac/collect_internal.h"

namespace sealane::iac {

enum class Truth : std::uint8_t { False, True, Unknown };

// A condition's value, and why it has none or what it rests on.
struct Decided {
  Truth truth = Truth::Unknown;
  bool from_default = false;
  std::string why;
};

// One template as it was read: sections that are maps, nullptr where there is none.
struct Stack {
  std::uint32_t document = 0;
  Value root;
  std::string name;   // where the template tells it, as CDK's do
  std::string asset;  // the file's own name, by which a nested stack is found
  const Value* parameters = nullptr;
  const Value* mappings = nullptr;
  const Value* conditions = nullptr;
  const Value* resources = nullptr;
  const Value* outputs = nullptr;
  std::string macro;  // a transform after which properties may be others

  // The stack that has this template as a nested one, if the input tells it.
  const Stack* parent = nullptr;
  const Value* arguments = nullptr;  // its Parameters
  bool ambiguous_parent = false;

  std::map<std::string, std::uint32_t, std::less<>> numbers;  // logical id → resource
  std::map<std::string, const Stack*, std::less<>> nested;    // logical id → its template
  mutable std::map<std::string, std::optional<Decided>, std::less<>> decided;

  std::string address_of(std::string_view logical_id) const {
    return name.empty() ? std::string(logical_id) : name + "/" + std::string(logical_id);
  }
};

struct Export {
  const Stack* stack = nullptr;
  const Value* value = nullptr;
};

// Computes intrinsic functions.
//
// Source:  AWS CloudFormation User Guide, intrinsic function reference.
// Result:  what the template tells; references stay references.  What cannot be computed is
//          Unknown with the reason.
// Bounds:  depth, steps and produced bytes; beyond them everything is Unknown.
class Evaluator {
 public:
  Evaluator(Collector& collector, const std::map<std::string, Export>& exports)
      : collector_(collector), exports_(exports) {}

  // Nothing: AWS::NoValue.
  std::optional<Value> evaluate(const Value& raw, const Stack& stack);
  Decided decide(std::string_view condition, const Stack& stack);
  // A name that must be known as text: an export's, a mapping's.
  std::optional<std::string> text_of(const Value& raw, const Stack& stack);
  void begin_document();

 private:
  using Function = std::optional<Value> (Evaluator::*)(const Value& argument, Place place,
                                                       const Stack& stack);
  static Function function_named(std::string_view name);

  std::optional<Value> node(const Value& raw, const Stack& stack);
  std::optional<Value> map(const Value& raw, const Value::Map& fields, const Stack& stack);
  std::optional<Value> list(const Value& raw, const Value::List& items, const Stack& stack);

  std::optional<Value> ref(const Value& argument, Place place, const Stack& stack);
  std::optional<Value> get_att(const Value& argument, Place place, const Stack& stack);
  std::optional<Value> sub(const Value& argument, Place place, const Stack& stack);
  std::optional<Value> join(const Value& argument, Place place, const Stack& stack);
  std::optional<Value> select(const Value& argument, Place place, const Stack& stack);
  std::optional<Value> split(const Value& argument, Place place, const Stack& stack);
  std::optional<Value> choose(const Value& argument, Place place, const Stack& stack);
  std::optional<Value> find_in_map(const Value& argument, Place place, const Stack& stack);
  std::optional<Value> import(const Value& argument, Place place, const Stack& stack);
  std::optional<Value> only_at_deploy(const Value& argument, Place place, const Stack& stack);

  std::optional<Value> named(std::string_view name, Place place, const Stack& stack);
  std::optional<Value> attribute(std::string_view id, std::string_view name, Place place,
                                 const Stack& stack);
  Value parameter(std::string_view name, const Value& declaration, Place place, const Stack& stack);
  std::optional<Value> substitute(std::string_view text, const Value* variables, Place place,
                                  const Stack& stack);
  std::optional<Value> substituted(std::string_view name, const Value* variables, Place place,
                                   const Stack& stack);
  // A value of another template.
  std::optional<Value> elsewhere(const Value& raw, const Stack& stack);
  Value concatenated(std::vector<Value> pieces, Place place);
  Value unknown(std::string why, Place place, std::vector<Reference> references = {});

  Decided decide_node(const Value& raw, const Stack& stack, std::size_t depth);
  Decided decide_equals(const Value& raw, const Stack& stack);

  Collector& collector_;
  const std::map<std::string, Export>& exports_;
  std::size_t depth_ = 0;
  std::size_t hops_ = 0;
  std::size_t steps_ = 0;
  std::size_t produced_ = 0;
};

// References anywhere in a value, as far as they are few.
void gather_references(const Value& value, std::vector<Reference>& out);

// Everything in it is made from a parameter's default.
void mark_default(Value& value);

// Every template of the input, read together: exports of one are imported by another, and a nested
// stack's parameters come from its parent.
class CloudFormationReader {
 public:
  explicit CloudFormationReader(Collector& collector) : collector_(collector) {}
  void add(std::uint32_t document, Value tree);
  void finish();

 private:
  void sections(Stack& stack);
  void transforms(Stack& stack);
  void find_name(Stack& stack);
  void find_parents();
  void find_exports(Evaluator& evaluator);
  void number_resources(Stack& stack, Evaluator& evaluator);
  void fill_resources(Stack& stack, Evaluator& evaluator);

  Collector& collector_;
  std::vector<std::unique_ptr<Stack>> stacks_;
  std::map<std::string, Export> exports_;
};

}  // namespace sealane::iac
