// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "iac/program_internal.h"
#include "iac/terraform_internal.h"

namespace sealane::iac {
namespace {

constexpr std::string_view kMeta[] = {"//",          "depends_on", "lifecycle", "provider",
                                      "provisioner", "connection", "count",     "for_each"};

// JSON configuration has a block as a map, or several as a list of maps.
template <class Visit>
void each_block(const Value* value, Visit&& visit) {
  if (value == nullptr) return;
  if (value->map() != nullptr) visit(*value);
  if (const auto* list = value->list())
    for (const Value& item : *list)
      if (item.map() != nullptr) visit(item);
}

std::string joined(const std::vector<std::string>& names, std::size_t from) {
  std::string out;
  for (std::size_t i = from; i < names.size(); ++i) out += (i == from ? "" : ".") + names[i];
  return out;
}

}  // namespace

void TerraformJsonReader::add(std::uint32_t document, Value tree) {
  const std::string& name = collector_.document(document).name;
  const std::size_t slash = name.find_last_of("/\\");
  modules_[slash == std::string::npos ? "" : name.substr(0, slash)].trees.push_back(
      std::move(tree));
}

void TerraformJsonReader::declare(Module& module) {
  for (const Value& tree : module.trees) {
    if (tree.map() == nullptr) {
      collector_.error(tree.place, "Terraform configuration is a map");
      continue;
    }
    each_block(tree.find("variable"), [&](const Value& block) {
      for (const Field& field : *block.map()) module.variables[field.name] = &field.value;
    });
    each_block(tree.find("terraform"), [&](const Value& block) {
      each_block(block.find("required_providers"), [&](const Value& providers) {
        for (const Field& field : *providers.map())
          if (const Value* version = field.value.find("version"))
            module.providers[field.name] = scalar_text(*version).value_or("");
      });
    });
    if (const Value* calls = tree.find("module"))
      collector_.warn(calls->place, "what modules make is not read from configuration",
                      "give a plan: `terraform show -json`");
    each_block(tree.find("resource"),
               [&](const Value& types) { declare_types(module, types, false); });
    each_block(tree.find("data"), [&](const Value& types) { declare_types(module, types, true); });
  }
}

void TerraformJsonReader::declare_types(Module& module, const Value& types, bool data) {
  for (const Field& type : *types.map())
    each_block(&type.value, [&](const Value& names) {
      for (const Field& named : *names.map()) declare_one(module, type.name, named, data);
    });
}

void TerraformJsonReader::declare_one(Module& module, const std::string& type, const Field& named,
                                      bool data) {
  const Value* body = &named.value;
  if (const auto* list = body->list(); list != nullptr && list->size() == 1) body = &(*list)[0];
  if (body->map() == nullptr || type.empty() || type == "//" || named.name == "//") return;
  const std::string address = (data ? "data." : "") + type + "." + named.name;
  if (!collector_.wants(type) && !is_always_wanted(type)) {
    collector_.skip(type);
    return;
  }
  const auto number = checked_cast<std::uint32_t>(collector_.built().resources.size());
  if (!module.resources.try_emplace(address, Declared{number, body}).second) {
    collector_.error(named.value.place, fmt::format("`{}` is declared twice", address));
    return;
  }
  Resource resource;
  resource.dialect = Dialect::Terraform;
  resource.type = type;
  resource.address = address;
  resource.place = named.value.place;
  resource.data_source = data;
  resource.given_known = false;  // what is Unknown here was given
  resource.conditional = body->find("count") != nullptr || body->find("for_each") != nullptr;
  const auto provider = module.providers.find(type.substr(0, type.find('_')));
  if (provider != module.providers.end()) resource.provider = provider->second;
  resource.properties.data = Value::Map{};
  resource.properties.place = body->place;
  collector_.add(std::move(resource));
}

Value TerraformJsonReader::resolve(const Module& module, std::string_view expression,
                                   Place place) const {
  std::vector<std::string> names;
  if (!split_reference(expression, names))
    return unknown_value("an expression that is not computed here makes it", place);
  if (names[0] == "var" && names.size() == 2) {
    const auto variable = module.variables.find(names[1]);
    const Value* fallback =
        variable == module.variables.end() ? nullptr : variable->second->find("default");
    if (fallback != nullptr && !fallback->is_null()) {
      Value out = *fallback;
      out.place = place;
      out.from_default = true;
      return out;
    }
    return unknown_value(fmt::format("`var.{}` has no value in the input", names[1]), place);
  }
  const bool data = names[0] == "data";
  const std::size_t address_names = data ? 3 : 2;
  const bool plain = names.size() >= address_names && names[0] != "var" && names[0] != "local" &&
                     names[0] != "module" && names[0] != "each" && names[0] != "count" &&
                     names[0] != "path" && names[0] != "terraform" && names[0] != "self";
  if (!plain) return unknown_value(fmt::format("`{}` is not computed here", expression), place);
  Reference reference;
  reference.resource =
      (data ? "data." : "") + names[address_names - 2] + "." + names[address_names - 1];
  reference.attribute = joined(names, address_names);
  const auto target = module.resources.find(reference.resource);
  if (target != module.resources.end()) reference.target = target->second.resource;
  Value out;
  out.place = place;
  out.data = Template{{Part{{}, std::move(reference)}}};
  return out;
}

Value TerraformJsonReader::value_of(const Module& module, const Value& raw) const {
  Value out;
  out.place = raw.place;
  if (const auto* map = raw.map()) {
    auto& fields = out.data.emplace<Value::Map>();
    for (const Field& field : *map) {
      if (field.name == "//") continue;
      if (field.name != "dynamic") {
        fields.push_back({field.name, value_of(module, field.value)});
        continue;
      }
      each_block(&field.value, [&](const Value& blocks) {
        for (const Field& block : *blocks.map())
          fields.push_back(
              {block.name, unknown_value("a dynamic block makes it", block.value.place)});
      });
    }
    return out;
  }
  if (const auto* list = raw.list()) {
    auto& items = out.data.emplace<Value::List>();
    for (const Value& item : *list) items.push_back(value_of(module, item));
    return out;
  }
  if (const std::string* text = raw.text())
    return interpolated(*text, raw.place, Escapes::Terraform, [&](std::string_view expression) {
      return resolve(module, expression, raw.place);
    });
  return raw;
}

void TerraformJsonReader::finish() {
  for (auto& [folder, module] : modules_) {
    declare(module);
    for (const auto& [address, declared] : module.resources) {
      if (declared.resource >= collector_.built().resources.size()) continue;  // over the limit
      Value body = value_of(module, *declared.body);
      std::erase_if(std::get<Value::Map>(body.data), [](const Field& field) {
        return std::ranges::find(kMeta, field.name) != std::end(kMeta);
      });
      add_edges(collector_, declared.resource, body, "");
      collector_.built().resources[declared.resource].properties = std::move(body);
    }
  }
}

}  // namespace sealane::iac
