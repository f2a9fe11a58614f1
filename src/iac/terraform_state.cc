// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "iac/terraform_internal.h"

namespace sealane::iac {
namespace {

// A value that is an ARN names one resource wherever it stands; a name does so only where the state
// says that the one depends on the other.
constexpr std::string_view kIdentities[] = {"arn", "id", "name", "bucket", "url"};

class StateReader {
 public:
  StateReader(Collector& collector, std::uint32_t document, std::string_view text)
      : collector_(collector), document_(document), json_(text, collector.limits().depth_max) {}

  bool run() {
    if (!top()) {
      if (!json_.failed()) return false;
      return collector_.error({document_, json_.failed_at()}, json_.message());
    }
    link();
    return true;
  }

 private:
  struct Kept {
    std::uint32_t resource = 0;
    std::vector<std::string> depends_on;
  };

  template <class Take>
  bool members(Take&& take) {
    if (!json_.enter_object()) return false;
    std::string_view name;
    while (json_.member(name))
      if (!take(name)) return false;
    return !json_.failed();
  }

  bool top() {
    const bool read = members([&](std::string_view name) {
      if (name == "format_version" && json_.kind() == JsonCursor::Kind::Text) return version();
      if (name == "values" && json_.kind() == JsonCursor::Kind::Object)
        return members([&](std::string_view inner) {
          return inner == "root_module" ? module() : json_.skip();
        });
      return json_.skip();
    });
    if (!read) return false;
    return json_.at_end() || json_.fail(json_.offset(), "text follows the end of the state");
  }

  bool version() {
    const std::uint32_t offset = json_.offset();
    std::string& version = collector_.document(document_).version;
    if (!json_.text(version)) return false;
    if (version.starts_with("0.") || version.starts_with("1.")) return true;
    return collector_.error({document_, offset},
                            fmt::format("states of format version `{}` are not known", version),
                            "versions 0.1 to 1.x are read");
  }

  bool module() {
    return members([&](std::string_view name) {
      const bool list = json_.kind() == JsonCursor::Kind::Array;
      if (!list || (name != "resources" && name != "child_modules")) return json_.skip();
      const bool resources = name == "resources";
      json_.enter_array();
      while (json_.element())
        if (!(resources ? resource() : module())) return false;
      return !json_.failed();
    });
  }

  bool resource() {
    Resource out;
    out.dialect = Dialect::Terraform;
    out.place = {document_, json_.offset()};
    std::optional<JsonCursor> sensitive;
    Kept kept;
    bool deposed = false;
    const bool read = members([&](std::string_view name) {
      const bool text = json_.kind() == JsonCursor::Kind::Text;
      if (name == "address" && text) return json_.text(out.address);
      if (name == "type" && text) return json_.text(out.type);
      if (name == "mode" && text) {
        std::string mode;
        if (!json_.text(mode)) return false;
        out.data_source = mode == "data";
        return true;
      }
      if (name == "deposed_key" && text) deposed = true;
      if (name == "depends_on" && json_.kind() == JsonCursor::Kind::Array) {
        json_.enter_array();
        while (json_.element())
          if (!json_.text(kept.depends_on.emplace_back())) return false;
        return !json_.failed();
      }
      if (name == "values" && (out.type.empty() || collector_.wants(out.type)))
        return read_value(json_, document_, out.properties);
      if (name == "sensitive_values") sensitive = json_;
      return json_.skip();
    });
    if (!read) return false;
    if (out.type.empty() || out.address.empty() || deposed) return true;
    if (!collector_.wants(out.type)) {
      collector_.skip(out.type);
      return true;
    }
    if (sensitive) overlay_sensitive(*sensitive, &out.properties);
    if (out.properties.is_null()) out.properties.data = Value::Map{};
    kept.resource = static_cast<std::uint32_t>(collector_.built().resources.size());
    kept_.push_back(std::move(kept));
    return collector_.add(std::move(out));
  }

  struct Owner {
    std::uint32_t resource = 0;
    std::string_view attribute;
    bool unique = true;
  };

  void link() {
    auto& resources = collector_.built().resources;
    std::unordered_map<std::string_view, Owner> arns;
    std::map<std::string, std::vector<std::uint32_t>, std::less<>> by_plain_address;
    for (const Kept& kept : kept_) {
      const Resource& r = resources[kept.resource];
      by_plain_address[without_indices(r.address)].push_back(kept.resource);
      const Value* arn = r.properties.find("arn");
      if (r.data_source || arn == nullptr || arn->text() == nullptr || arn->text()->empty())
        continue;
      const auto [at, added] = arns.try_emplace(*arn->text(), Owner{kept.resource, "arn", true});
      if (!added) at->second.unique = false;
    }
    for (const Kept& kept : kept_) {
      std::unordered_map<std::string_view, Owner> names;
      for (const std::string& dependency : kept.depends_on) {
        const auto owners = by_plain_address.find(dependency);
        if (owners == by_plain_address.end()) continue;
        for (const std::uint32_t owner : owners->second) note(resources, owner, names);
      }
      walk(resources[kept.resource].properties, "", kept.resource, arns, names);
    }
  }

  static void note(const std::vector<Resource>& resources, std::uint32_t owner,
                   std::unordered_map<std::string_view, Owner>& names) {
    for (const std::string_view attribute : kIdentities) {
      const Value* value = resources[owner].properties.find(attribute);
      if (value == nullptr || value->text() == nullptr || value->text()->empty()) continue;
      const auto [at, added] = names.try_emplace(*value->text(), Owner{owner, attribute, true});
      if (!added && at->second.resource != owner) at->second.unique = false;
    }
  }

  void walk(const Value& value, const std::string& path, std::uint32_t from,
            const std::unordered_map<std::string_view, Owner>& arns,
            const std::unordered_map<std::string_view, Owner>& names) {
    if (const Value::Map* map = value.map()) {
      for (const Field& field : *map)
        walk(field.value, path.empty() ? field.name : path + "." + field.name, from, arns, names);
    } else if (const Value::List* list = value.list()) {
      for (const Value& item : *list) walk(item, path, from, arns, names);
    } else if (const std::string* text = value.text()) {
      for (const auto* owners : {&arns, &names}) {
        const auto found = owners->find(*text);
        if (found == owners->end() || !found->second.unique || found->second.resource == from)
          continue;
        collector_.add_edge(
            {from, path, found->second.resource, std::string(found->second.attribute), false});
        break;
      }
    }
  }

  Collector& collector_;
  std::uint32_t document_;
  JsonCursor json_;
  std::vector<Kept> kept_;
};

}  // namespace

bool read_terraform_state(Collector& collector, std::uint32_t document, std::string_view text) {
  collector.document(document).format = Format::TerraformState;
  return StateReader(collector, document, text).run();
}

}  // namespace sealane::iac
