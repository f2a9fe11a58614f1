// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "iac/terraform_internal.h"

namespace sealane::iac {
namespace {

constexpr std::string_view kKnownAfterApply = "known after apply";

}  // namespace

bool overlay_unknown(JsonCursor& json, Value& target, Place nearest) {
  switch (json.kind()) {
    case JsonCursor::Kind::Boolean: {
      bool unknown = false;
      if (!json.boolean(unknown)) return false;
      if (!unknown) return true;
      target.data = Unknown{std::string(kKnownAfterApply), {}};
      target.place = nearest;
      return true;
    }
    case JsonCursor::Kind::Object: {
      json.enter_object();
      std::string_view name;
      while (json.member(name)) {
        // `{}` over null, and over what is not there, says nothing.
        auto* map = std::get_if<Value::Map>(&target.data);
        auto found =
            map == nullptr ? Value::Map::iterator{} : std::ranges::find(*map, name, &Field::name);
        if (map != nullptr && found != map->end()) {
          if (!overlay_unknown(json, found->value, found->value.place)) return false;
          continue;
        }
        Value made;
        made.place = nearest;
        const std::string owned(name);
        if (!overlay_unknown(json, made, nearest)) return false;
        if (made.is_null()) continue;
        if (map == nullptr) map = &target.data.emplace<Value::Map>();
        map->push_back({owned, std::move(made)});
      }
      return !json.failed();
    }
    case JsonCursor::Kind::Array: {
      json.enter_array();
      for (std::size_t i = 0; json.element(); ++i) {
        auto* list = std::get_if<Value::List>(&target.data);
        if (list != nullptr && i < list->size()) {
          const Place place = (*list)[i].place;
          if (!overlay_unknown(json, (*list)[i], place)) return false;
          continue;
        }
        Value made;
        made.place = nearest;
        if (!overlay_unknown(json, made, nearest)) return false;
        if (list == nullptr) list = &target.data.emplace<Value::List>();
        list->push_back(std::move(made));
      }
      return !json.failed();
    }
    default: return json.skip();
  }
}

namespace {

void mark_sensitive(Value& value) {
  value.sensitive = true;
  if (auto* list = std::get_if<Value::List>(&value.data))
    for (Value& item : *list) mark_sensitive(item);
  if (auto* map = std::get_if<Value::Map>(&value.data))
    for (Field& field : *map) mark_sensitive(field.value);
}

}  // namespace

bool overlay_sensitive(JsonCursor& json, Value* target) {
  switch (json.kind()) {
    case JsonCursor::Kind::Boolean: {
      bool sensitive = false;
      if (!json.boolean(sensitive)) return false;
      if (sensitive && target != nullptr) mark_sensitive(*target);
      return true;
    }
    case JsonCursor::Kind::Object: {
      json.enter_object();
      auto* map = target == nullptr ? nullptr : std::get_if<Value::Map>(&target->data);
      std::string_view name;
      while (json.member(name)) {
        auto found =
            map == nullptr ? Value::Map::iterator{} : std::ranges::find(*map, name, &Field::name);
        const bool exists = map != nullptr && found != map->end();
        if (!overlay_sensitive(json, exists ? &found->value : nullptr)) return false;
      }
      return !json.failed();
    }
    case JsonCursor::Kind::Array: {
      json.enter_array();
      auto* list = target == nullptr ? nullptr : std::get_if<Value::List>(&target->data);
      for (std::size_t i = 0; json.element(); ++i)
        if (!overlay_sensitive(json, list != nullptr && i < list->size() ? &(*list)[i] : nullptr))
          return false;
      return !json.failed();
    }
    default: return json.skip();
  }
}

}  // namespace sealane::iac
