// SPDX-License-Identifier: Apache-2.0
#include "iac/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "iac/cloudformation_internal.h"
#include "iac/collect_internal.h"
#include "iac/json_cursor_internal.h"
#include "iac/program_internal.h"
#include "iac/terraform_internal.h"
#include "iac/text_internal.h"
#include "iac/yaml_internal.h"

namespace sealane::iac {
namespace {

constexpr std::string_view kFormats =
    "Terraform plans and states (`terraform show -json`), CloudFormation templates, Terraform JSON "
    "configuration and Pulumi YAML programs are read";

// A JSON or YAML text as one value.
bool read_tree(Collector& collector, std::uint32_t document, std::string_view text, Tags tags,
               Value& out) {
  if (!text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size())).starts_with('{'))
    return read_yaml(collector, document, text, tags, out);
  JsonCursor json(text, collector.limits().depth_max);
  if (read_value(json, document, out) &&
      (json.at_end() || json.fail(json.offset(), "text follows the end of the document")))
    return true;
  return collector.error({document, json.failed_at()}, json.message());
}

// Why a text has no format, as far as that can be told.
void report_unknown(Collector& collector, std::uint32_t document, std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) {
    collector.error({document, 0}, "the file is empty", std::string(kFormats));
    return;
  }
  if (text[begin] == '{') {
    JsonCursor json(text, collector.limits().depth_max);
    if (!json.skip()) {
      collector.error({document, json.failed_at()}, json.message());
      return;
    }
    JsonCursor again(text, collector.limits().depth_max);
    std::string_view name;
    bool lineage = false;
    if (again.enter_object())
      while (again.member(name) && !lineage) lineage = name == "lineage" || !again.skip();
    if (lineage) {
      collector.error({document, 0}, "this is Terraform's own state file",
                      "write it out with `terraform show -json`");
      return;
    }
  }
  collector.error({document, static_cast<std::uint32_t>(begin)}, "the format is not known",
                  std::string(kFormats));
}

// Files by size, then text: what two files declare under one address is told apart by this order,
// whatever the files are called and however they are given.
std::vector<const Input*> in_order_of_content(std::span<const Input> inputs) {
  std::vector<const Input*> out;
  for (const Input& input : inputs) out.push_back(&input);
  std::ranges::sort(out, [](const Input* a, const Input* b) {
    if (a->text.size() != b->text.size()) return a->text.size() < b->text.size();
    if (const int order = a->text.compare(b->text); order != 0) return order < 0;
    return a->name < b->name;
  });
  return out;
}

}  // namespace

Parsed<System> read(std::span<const Input> inputs, const Wanted& wanted,
                    const Parameters& parameters, const Limits& limits) {
  Collector collector(wanted, parameters, limits);
  CloudFormationReader stacks(collector);
  TerraformJsonReader configurations(collector);
  for (const Input* one : in_order_of_content(inputs)) {
    const Input& input = *one;
    if (input.text.size() > limits.bytes_max) {
      const std::uint32_t document = collector.begin_document(input.name, {});
      collector.error({document, 0}, fmt::format("the file has {} bytes; {} are the limit",
                                                 input.text.size(), limits.bytes_max));
      continue;
    }
    std::string owned;
    auto text = utf8_of(input.text, owned);
    const std::uint32_t document =
        collector.begin_document(input.name, text.ok() ? *text : std::string_view());
    if (!text.ok()) {
      collector.error({document, 0}, text.error().message);
      continue;
    }
    const auto format = recognise(*text, input.name);
    if (!format) {
      report_unknown(collector, document, *text);
      continue;
    }
    collector.document(document).format = *format;
    Value tree;
    switch (*format) {
      case Format::TerraformPlan: read_terraform_plan(collector, document, *text); break;
      case Format::TerraformState: read_terraform_state(collector, document, *text); break;
      case Format::CloudFormation:
        if (read_tree(collector, document, *text, Tags::CloudFormation, tree))
          stacks.add(document, std::move(tree));
        break;
      case Format::TerraformJson:
        if (read_tree(collector, document, *text, Tags::None, tree))
          configurations.add(document, std::move(tree));
        break;
      case Format::PulumiYaml:
        if (read_tree(collector, document, *text, Tags::None, tree))
          read_pulumi(collector, document, tree);
        break;
    }
  }
  stacks.finish();
  configurations.finish();
  return collector.finish();
}

}  // namespace sealane::iac
