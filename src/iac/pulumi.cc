// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <utility>

#include "base/bytes.h"
#include "base/json.h"
#include "iac/program_internal.h"

namespace sealane::iac {
namespace {

// `aws:s3:Bucket` → `aws:s3/bucket:Bucket`; a type in its long form stays.
std::string long_type(std::string_view type) {
  const std::size_t first = type.find(':');
  const std::size_t last = type.rfind(':');
  if (first == std::string_view::npos || type.substr(0, last).contains('/') ||
      last + 1 == type.size())
    return std::string(type);
  const std::string_view name = type.substr(last + 1);
  std::string file(name);
  if (file[0] >= 'A' && file[0] <= 'Z') file[0] = static_cast<char>(file[0] - 'A' + 'a');
  const std::string_view module =
      first == last ? "index" : type.substr(first + 1, last - first - 1);
  return fmt::format("{}:{}/{}:{}", type.substr(0, first), module, file, name);
}

class PulumiReader {
 public:
  PulumiReader(Collector& collector, const Value& tree) : collector_(collector), tree_(tree) {}

  void run() {
    const Value* resources = tree_.find("resources");
    if (resources == nullptr || resources->map() == nullptr) {
      collector_.error(tree_.place, "the program has no resources");
      return;
    }
    for (const Field& field : *resources->map()) declare(field);
    for (const auto& [name, declared] : declared_) {
      if (declared.number >= collector_.built().resources.size()) continue;
      const Value* properties = declared.body->find("properties");
      Value value;
      value.data = Value::Map{};
      value.place = declared.body->place;
      if (properties != nullptr && !properties->is_null()) value = value_of(*properties);
      if (value.map() == nullptr && value.unknown() == nullptr)
        value = unknown_value("the properties are no map", value.place);
      add_edges(collector_, declared.number, value, "");
      collector_.built().resources[declared.number].properties = std::move(value);
    }
  }

 private:
  struct Declared {
    std::uint32_t number = kNoResource;
    const Value* body = nullptr;
  };

  void declare(const Field& field) {
    const Value* type = field.value.find("type");
    if (type == nullptr || type->text() == nullptr || type->text()->empty()) {
      collector_.warn(field.value.place, fmt::format("`{}` has no type and is left", field.name));
      return;
    }
    Resource resource;
    resource.dialect = Dialect::Pulumi;
    resource.type = long_type(*type->text());
    resource.address = field.name;
    resource.place = field.value.place;
    resource.data_source = field.value.find("get") != nullptr;
    resource.properties.data = Value::Map{};
    if (const Value* options = field.value.find("options"))
      if (const Value* version = options->find("version"))
        resource.provider = scalar_text(*version).value_or("");
    if (field.name.empty()) return;
    if (!collector_.wants(resource.type)) {
      collector_.skip(resource.type);
      return;
    }
    declared_[field.name] = {checked_cast<std::uint32_t>(collector_.built().resources.size()),
                             &field.value};
    collector_.add(std::move(resource));
  }

  Value value_of(const Value& raw) {
    if (const std::string* text = raw.text())
      return interpolated(*text, raw.place, Escapes::Pulumi, [&](std::string_view expression) {
        return resolve(expression, raw.place);
      });
    Value out;
    out.place = raw.place;
    if (const auto* list = raw.list()) {
      auto& items = out.data.emplace<Value::List>();
      for (const Value& item : *list) items.push_back(value_of(item));
      return out;
    }
    const auto* map = raw.map();
    if (map == nullptr) return raw;
    // An object is a function only when the function's name is its one key.
    if (map->size() == 1 && (*map)[0].name.starts_with("fn::"))
      return function((*map)[0], raw.place);
    auto& fields = out.data.emplace<Value::Map>();
    for (const Field& field : *map) fields.push_back({field.name, value_of(field.value)});
    return out;
  }

  Value function(const Field& call, Place place) {
    Value argument = value_of(call.value);
    if (call.name == "fn::toJSON") return argument;  // a document, as `|json` takes it
    if (call.name == "fn::secret") {
      argument.sensitive = true;
      return argument;
    }
    std::vector<Reference> references;
    each_reference(argument, [&](Reference& reference) {
      if (references.size() < 100) references.push_back(reference);
    });
    return unknown_value(fmt::format("`{}` is not computed here", call.name), place,
                         std::move(references));
  }

  Value resolve(std::string_view expression, Place place) {
    std::vector<std::string> names;
    if (!split_reference(expression, names))
      return unknown_value("an expression that is not computed here makes it", place);
    const Value* resources = tree_.find("resources");
    if (resources->find(names[0]) != nullptr) {
      Reference reference{names[0], ""};
      for (std::size_t i = 1; i < names.size(); ++i)
        reference.attribute += (i == 1 ? "" : ".") + names[i];
      const auto target = declared_.find(names[0]);
      if (target != declared_.end()) reference.target = target->second.number;
      Value out;
      out.place = place;
      out.data = Template{{Part{{}, std::move(reference)}}};
      return out;
    }
    for (const char* section : {"config", "configuration"}) {
      const Value* all = tree_.find(section);
      const Value* one = all == nullptr || names.size() != 1 ? nullptr : all->find(names[0]);
      if (one == nullptr) continue;
      const Value* value = one->map() == nullptr ? one : one->find("value");
      const Value* fallback = one->find("default");
      const Value* secret = one->find("secret");
      if (value == nullptr) value = fallback;
      if (value == nullptr || !scalar_text(*value)) break;
      Value out = *value;
      out.place = place;
      out.from_default = true;
      out.sensitive = secret != nullptr && scalar_text(*secret) == "true";
      return out;
    }
    return unknown_value(
        fmt::format("`{}` is not computed here", one_line(std::string(expression))), place);
  }

  Collector& collector_;
  const Value& tree_;
  std::map<std::string, Declared, std::less<>> declared_;
};

}  // namespace

void read_pulumi(Collector& collector, std::uint32_t, const Value& tree) {
  if (tree.map() == nullptr) {
    collector.error(tree.place, "a program is a map");
    return;
  }
  PulumiReader(collector, tree).run();
}

}  // namespace sealane::iac
