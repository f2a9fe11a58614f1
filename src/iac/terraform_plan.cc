// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "iac/terraform_internal.h"

namespace sealane::iac {
namespace {

// Which members of a change come before others is not promised; overlays that come before `after`
// are read again behind it.
struct Overlays {
  std::optional<JsonCursor> unknown;
  std::optional<JsonCursor> sensitive;
};

class PlanReader {
 public:
  PlanReader(Collector& collector, std::uint32_t document, std::string_view text)
      : collector_(collector), document_(document), json_(text, collector.limits().depth_max) {}

  bool run() {
    if (!top()) {
      if (!json_.failed()) return false;  // an error of another kind, reported already
      return collector_.error({document_, json_.failed_at()}, json_.message());
    }
    if (!has_changes_)
      collector_.warn({document_, 0}, "the plan has no `resource_changes`, and so no resources");
    else if (!configuration_.present)
      collector_.warn({document_, 0},
                      "the plan has no `configuration`: which unknown properties were given, and "
                      "what they refer to, is not known",
                      "give the whole output of `terraform show -json`");
    link_configuration(collector_, configuration_, planned_);
    return true;
  }

 private:
  bool top() {
    if (!json_.enter_object()) return false;
    std::string_view name;
    while (json_.member(name)) {
      bool good = true;
      if (name == "format_version" && json_.kind() == JsonCursor::Kind::Text)
        good = version();
      else if (name == "resource_changes" && json_.kind() == JsonCursor::Kind::Array)
        good = changes();
      else if (name == "configuration" && json_.kind() == JsonCursor::Kind::Object)
        good = read_configuration(json_, collector_, configuration_);
      else if (name == "errored" && json_.kind() == JsonCursor::Kind::Boolean)
        good = flag(true, "the plan ended with an error and may be incomplete");
      else if (name == "complete" && json_.kind() == JsonCursor::Kind::Boolean)
        good = flag(false, "the plan is not complete: a part of it is planned later");
      else
        good = json_.skip();
      if (!good) return false;
    }
    if (json_.failed()) return false;
    return json_.at_end() || json_.fail(json_.offset(), "text follows the end of the plan");
  }

  bool version() {
    const std::uint32_t offset = json_.offset();
    std::string& version = collector_.document(document_).version;
    if (!json_.text(version)) return false;
    if (version.starts_with("0.") || version.starts_with("1.")) return true;
    return collector_.error({document_, offset},
                            fmt::format("plans of format version `{}` are not known", version),
                            "versions 0.1 to 1.x are read");
  }

  // Warns when the flag has the value.
  bool flag(bool bad, std::string_view warning) {
    const std::uint32_t offset = json_.offset();
    bool value = false;
    if (!json_.boolean(value)) return false;
    if (value == bad) collector_.warn({document_, offset}, std::string(warning));
    return true;
  }

  bool changes() {
    has_changes_ = true;
    json_.enter_array();
    while (json_.element())
      if (!change_entry()) return false;
    return !json_.failed();
  }

  struct Entry {
    std::string address, module, mode, type, name, index;
    bool deposed = false;
    bool gone = false;  // only deleted or forgotten
    bool changed = false;
    Value after;
    Place place;
  };

  bool is_wanted(const Entry& entry) const {
    return entry.type.empty() || is_always_wanted(entry.type) || collector_.wants(entry.type);
  }

  bool change_entry() {
    Entry entry;
    entry.place = {document_, json_.offset()};
    if (!json_.enter_object()) return false;
    std::string_view name;
    while (json_.member(name)) {
      const bool text = json_.kind() == JsonCursor::Kind::Text;
      bool good = true;
      if (name == "address" && text)
        good = json_.text(entry.address);
      else if (name == "module_address" && text)
        good = json_.text(entry.module);
      else if (name == "mode" && text)
        good = json_.text(entry.mode);
      else if (name == "type" && text)
        good = json_.text(entry.type);
      else if (name == "name" && text)
        good = json_.text(entry.name);
      else if (name == "index")
        good = index(entry);
      else if (name == "deposed") {
        entry.deposed = true;
        good = json_.skip();
      } else if (name == "change" && json_.kind() == JsonCursor::Kind::Object && is_wanted(entry))
        good = change(entry);
      else
        good = json_.skip();
      if (!good) return false;
    }
    return !json_.failed() && keep(std::move(entry));
  }

  bool index(Entry& entry) {
    if (json_.kind() == JsonCursor::Kind::Text) {
      std::string key;
      if (!json_.text(key)) return false;
      entry.index = "[" + json::quote(key) + "]";
      return true;
    }
    if (json_.kind() == JsonCursor::Kind::Number) {
      std::string_view lexeme;
      if (!json_.number(lexeme)) return false;
      entry.index = "[" + std::string(lexeme) + "]";
      return true;
    }
    return json_.skip();
  }

  bool change(Entry& entry) {
    Overlays early;
    bool seen_after = false;
    json_.enter_object();
    std::string_view name;
    while (json_.member(name)) {
      bool good = true;
      if (name == "actions" && json_.kind() == JsonCursor::Kind::Array) {
        good = actions(entry);
      } else if (name == "after") {
        seen_after = true;
        good = read_value(json_, document_, entry.after);
        if (good && early.unknown)
          good = overlay_unknown(*early.unknown, entry.after, entry.after.place);
        if (good && early.sensitive) good = overlay_sensitive(*early.sensitive, &entry.after);
      } else if (name == "after_unknown") {
        if (!seen_after) early.unknown = json_;
        good = seen_after ? overlay_unknown(json_, entry.after, entry.after.place) : json_.skip();
      } else if (name == "after_sensitive") {
        if (!seen_after) early.sensitive = json_;
        good = seen_after ? overlay_sensitive(json_, &entry.after) : json_.skip();
      } else {
        good = json_.skip();
      }
      if (!good) return false;
    }
    entry.changed = true;
    return !json_.failed();
  }

  bool actions(Entry& entry) {
    std::size_t stays = 0;
    std::size_t goes = 0;
    std::string action;
    json_.enter_array();
    while (json_.element()) {
      if (!json_.text(action)) return false;
      ++(action == "delete" || action == "forget" ? goes : stays);
    }
    entry.gone = goes > 0 && stays == 0;
    return !json_.failed();
  }

  bool keep(Entry entry) {
    if (entry.type.empty() || entry.address.empty() || entry.gone || entry.deposed) return true;
    if (!is_wanted(entry)) {
      collector_.skip(entry.type);
      return true;
    }
    if (!entry.changed) return true;
    if (entry.after.is_null()) entry.after.data = Value::Map{};
    Resource resource;
    resource.dialect = Dialect::Terraform;
    resource.type = std::move(entry.type);
    resource.address = entry.address;
    resource.place = entry.place;
    resource.data_source = entry.mode == "data";
    resource.properties = std::move(entry.after);
    planned_.push_back({static_cast<std::uint32_t>(collector_.built().resources.size()),
                        std::move(entry.module), std::move(entry.index),
                        (resource.data_source ? "data." : "") + resource.type + "." + entry.name});
    return collector_.add(std::move(resource));
  }

  Collector& collector_;
  std::uint32_t document_;
  JsonCursor json_;
  Configuration configuration_;
  std::vector<PlannedResource> planned_;
  bool has_changes_ = false;
};

}  // namespace

bool read_terraform_plan(Collector& collector, std::uint32_t document, std::string_view text) {
  collector.document(document).format = Format::TerraformPlan;
  return PlanReader(collector, document, text).run();
}

}  // namespace sealane::iac
