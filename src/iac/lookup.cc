// SPDX-License-Identifier: Apache-2.0
#include "iac/lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "iac/path_internal.h"
#include "iac/placeholder_internal.h"
#include "iac/terraform_internal.h"

namespace sealane::iac {
namespace {

constexpr std::size_t kSettingsMax = 100'000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  text.remove_prefix(begin);
  const std::size_t end = text.find_last_not_of(kSpace);
  return end == std::string_view::npos ? text : text.substr(0, end + 1);
}

// Why a template's value is not in the input: only what it takes from parameters is looked at,
// since a resource's attribute can be compared with the resource.
const Reference* only_parameter(const Value& value) {
  const Template* text = value.template_text();
  if (text == nullptr || text->parts.size() != 1) return nullptr;
  const Reference& reference = text->parts[0].reference;
  return reference.kind == Reference::Kind::Parameter ? &reference : nullptr;
}

class Lookup {
 public:
  Lookup(const Resource& resource, const std::vector<PathStep>& steps, Arena& arena)
      : resource_(resource), steps_(steps), arena_(arena) {}

  std::vector<Setting> run() {
    visit(resource_.properties, 0, "", resource_.properties.place);
    return std::move(out_);
  }

 private:
  void visit(const Value& value, std::size_t step, const std::string& path, Place place) {
    if (out_.size() >= kSettingsMax) return;
    if (step == steps_.size()) return leaf(value, path, place);
    if (value.is_null()) return omitted(path, place);
    if (value.unknown() != nullptr) return unknown(value, path, place);
    const PathStep& next = steps_[step];
    switch (next.kind) {
      case PathStep::Kind::Name: return name(value, step, path, place);
      case PathStep::Kind::Every: return every(value, step, path, place);
      case PathStep::Kind::Field: return fields(value, step, path, place);
      case PathStep::Kind::Index: return index(value, step, path, place);
      case PathStep::Kind::Select: return select(value, step, path, place);
      case PathStep::Kind::Json: return json_text(value, step, path, place);
      case PathStep::Kind::Properties: return properties(value, step, path, place);
      case PathStep::Kind::Deep: return deep(value, step, path, place);
    }
  }

  static std::string field_path(const std::string& path, const std::string& name) {
    if (name.find_first_of(".[|") != std::string::npos) return path + "[\"" + name + "\"]";
    return path.empty() ? name : path + "." + name;
  }
  static std::string item_path(const std::string& path, std::size_t i) {
    return path + "[" + std::to_string(i) + "]";
  }

  void name(const Value& value, std::size_t step, const std::string& path, Place place) {
    const std::string& wanted = steps_[step].name;
    if (const auto* list = value.list()) {
      if (list->empty()) return omitted(field_path(path, wanted), place);
      for (std::size_t i = 0; i < list->size(); ++i)
        visit((*list)[i], step, item_path(path, i), (*list)[i].place);
      return;
    }
    if (value.map() == nullptr) return not_a(value, "a map", path, place);
    const Value* field = value.find(wanted);
    if (field == nullptr) return omitted(field_path(path, wanted), value.place);
    visit(*field, step + 1, field_path(path, wanted), field->place);
  }

  void every(const Value& value, std::size_t step, const std::string& path, Place place) {
    const auto* list = value.list();
    if (list == nullptr && value.map() != nullptr) return visit(value, step + 1, path, place);
    if (list == nullptr) return not_a(value, "a list", path, place);
    if (list->empty()) return omitted(path, place);
    for (std::size_t i = 0; i < list->size(); ++i)
      visit((*list)[i], step + 1, item_path(path, i), (*list)[i].place);
  }

  void fields(const Value& value, std::size_t step, const std::string& path, Place place) {
    const auto* map = value.map();
    if (map == nullptr) return not_a(value, "a map", path, place);
    if (map->empty()) return omitted(path, place);
    for (const Field& field : *map)
      visit(field.value, step + 1, field_path(path, field.name), field.value.place);
  }

  void index(const Value& value, std::size_t step, const std::string& path, Place place) {
    const std::size_t i = steps_[step].index;
    const auto* list = value.list();
    if (list == nullptr && value.map() != nullptr && i == 0)
      return visit(value, step + 1, path, place);
    if (list == nullptr) return not_a(value, "a list", path, place);
    if (i >= list->size()) return omitted(item_path(path, i), place);
    visit((*list)[i], step + 1, item_path(path, i), (*list)[i].place);
  }

  void select(const Value& value, std::size_t step, const std::string& path, Place place) {
    const PathStep& wanted = steps_[step];
    const auto* list = value.list();
    if (list == nullptr) return not_a(value, "a list", path, place);
    bool found = false;
    const Value* doubtful = nullptr;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const Value& item = (*list)[i];
      const Value* field = item.find(wanted.name);
      const Value& decides = field == nullptr ? item : *field;
      if (decides.unknown() != nullptr || decides.template_text() != nullptr) doubtful = &item;
      if (field == nullptr || scalar_text(*field) != wanted.text) continue;
      found = true;
      visit(item, step + 1, item_path(path, i), item.place);
    }
    if (doubtful != nullptr)
      add({Presence::Unknown, doubtful, path,
           fmt::format("an element whose `{}` the input does not tell may be `{}`", wanted.name,
                       wanted.text),
           doubtful->place});
    else if (!found)
      omitted(path + "[" + wanted.name + "=" + wanted.text + "]", place);
  }

  // The text in `value`, marked where it is a template.  False when a setting was made instead.
  bool text_in(const Value& value, const std::string& path, Place place, std::string& text,
               std::optional<Marked>& marked) {
    if (value.text() != nullptr) {
      text = *value.text();
    } else if (const Template* parts = value.template_text()) {
      if (only_parameter(value) != nullptr) return leaf(value, path, place), false;
      marked = Marked::from(*parts);
      if (!marked) return not_a(value, "a document", path, place), false;
      text = marked->text();
    } else {
      return not_a(value, "a text", path, place), false;
    }
    if (!text.empty()) return true;
    omitted(path, place);
    return false;
  }

  void json_text(const Value& value, std::size_t step, const std::string& path, Place place) {
    if (value.map() != nullptr || value.list() != nullptr)
      return visit(value, step + 1, path, place);
    std::string text;
    std::optional<Marked> marked;
    if (!text_in(value, path, place, text, marked)) return;
    auto parsed = json::parse(text, {.file = "document"});
    if (!parsed.value) {
      // What the parser says may repeat what stands there.
      const std::string why = parsed.diagnostics.empty() || value.sensitive
                                  ? "it cannot be parsed"
                                  : parsed.diagnostics[0].message;
      add({Presence::Unknown, &value, path,
           marked ? "with references in it the text is no JSON: " + why
                  : "the text is no JSON: " + why,
           place});
      return;
    }
    const Value& made = arena_.add(from_json(*parsed.value, value, marked ? &*marked : nullptr));
    visit(made, step + 1, path + "|json", place);
  }

  void properties(const Value& value, std::size_t step, const std::string& path, Place place) {
    if (value.map() != nullptr) return visit(value, step + 1, path, place);
    std::string text;
    std::optional<Marked> marked;
    if (!text_in(value, path, place, text, marked)) return;
    Value made;
    made.place = place;
    auto& fields = made.data.emplace<Value::Map>();
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find_first_of("\n;"), rest.size());
      const std::string_view line = trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t equals = line.find('=');
      if (line.empty() || line.starts_with('#') || line.starts_with('!') ||
          equals == std::string_view::npos)
        continue;
      Value item;
      const std::string_view right = trimmed(line.substr(equals + 1));
      if (marked)
        item = marked->restored(right);
      else
        item.data = std::string(right);
      item.place = place;
      item.sensitive = value.sensitive;
      item.from_default = value.from_default;
      const std::string left(trimmed(line.substr(0, equals)));
      // Of a property that stands twice the last counts.
      const auto before = std::ranges::find(fields, left, &Field::name);
      if (before != fields.end())
        before->value = std::move(item);
      else
        fields.push_back({left, std::move(item)});
    }
    visit(arena_.add(std::move(made)), step + 1, path + "|properties", place);
  }

  void deep(const Value& value, std::size_t step, const std::string& path, Place place) {
    const Value* hidden = nullptr;
    const std::size_t before = out_.size();
    search(value, step, path, hidden);
    if (hidden != nullptr)
      add({Presence::Unknown, hidden, path.empty() ? "**." + steps_[step].name : path,
           fmt::format("what the input does not tell may hold `{}`", steps_[step].name),
           hidden->place});
    else if (out_.size() == before)
      omitted(path.empty() ? "**." + steps_[step].name : path + ".**." + steps_[step].name, place);
  }

  void search(const Value& value, std::size_t step, const std::string& path, const Value*& hidden) {
    if (const auto* map = value.map()) {
      for (const Field& field : *map) {
        const std::string inner = field_path(path, field.name);
        if (field.name == steps_[step].name)
          visit(field.value, step + 1, inner, field.value.place);
        else
          search(field.value, step, inner, hidden);
      }
    } else if (const auto* list = value.list()) {
      for (std::size_t i = 0; i < list->size(); ++i)
        search((*list)[i], step, item_path(path, i), hidden);
    } else if (value.unknown() != nullptr && !is_left_to_provider(path)) {
      hidden = &value;
    }
  }

  void leaf(const Value& value, const std::string& path, Place place) {
    if (value.unknown() != nullptr) return unknown(value, path, place);
    if (is_unset(value)) return omitted(path, place);
    if (const Reference* parameter = only_parameter(value))
      return add({Presence::Unknown, &value, path,
                  fmt::format("`{}` has no value in the input", parameter->resource), place});
    add({Presence::Given, &value, path, {}, place});
  }

  bool is_unset(const Value& value) const {
    if (value.is_null()) return true;
    if (const auto* list = value.list()) return list->empty();
    if (resource_.dialect != Dialect::Terraform) return false;
    if (const std::string* text = value.text()) return text->empty();
    if (const json::Number* number = value.number()) return number->lexeme == "0";
    return false;
  }

  void unknown(const Value& value, const std::string& path, Place place) {
    if (is_left_to_provider(path)) return omitted(path, place);
    add({Presence::Unknown, &value, path, value.unknown()->why, place});
  }

  // Whether nobody gave what is unknown at `path`.
  bool is_left_to_provider(const std::string& path) const {
    if (resource_.dialect != Dialect::Terraform || !resource_.given_known) return false;
    std::string plain = without_indices(path);
    if (is_given(plain)) return false;
    for (;;) {
      const std::size_t dot = plain.rfind('.');
      // A block that is there and that the configuration does not show is a dynamic one.
      if (dot == std::string::npos) return !path.contains('.') && !path.contains('[');
      plain.resize(dot);
      if (!is_given(plain)) continue;
      if (is_given(plain + "[]")) return true;
      // A single block has properties of its own; an argument is given as a whole.
      const auto inside = std::ranges::lower_bound(resource_.given, plain + ".");
      return inside != resource_.given.end() && inside->starts_with(plain + ".");
    }
  }
  bool is_given(const std::string& path) const {
    return std::ranges::binary_search(resource_.given, path);
  }

  void not_a(const Value& value, std::string_view what, const std::string& path, Place place) {
    if (const Reference* parameter = only_parameter(value))
      return add({Presence::Unknown, &value, path,
                  fmt::format("`{}` has no value in the input", parameter->resource), place});
    add({Presence::Unknown, &value, path, fmt::format("{} was expected here", what), place});
  }
  void omitted(const std::string& path, Place place) {
    add({Presence::Omitted, nullptr, path, {}, place});
  }
  void add(Setting setting) { out_.push_back(std::move(setting)); }

  const Resource& resource_;
  const std::vector<PathStep>& steps_;
  Arena& arena_;
  std::vector<Setting> out_;
};

}  // namespace

Result<std::vector<Setting>> lookup(const Resource& resource, std::string_view path, Arena& arena) {
  SEALANE_ASSIGN(const std::vector<PathStep> steps, parse_path(path));
  return Lookup(resource, steps, arena).run();
}

Resource element_of(const Resource& whole, const Setting& setting) {
  Resource out;
  out.dialect = whole.dialect;
  out.type = whole.type;
  out.address = whole.address;
  out.provider = whole.provider;
  out.place = setting.place;
  out.conditional = whole.conditional;
  if (setting.value != nullptr) out.properties = *setting.value;
  const std::string path = without_indices(setting.path);
  const auto covered = std::ranges::binary_search(whole.given, path + "[]") ||
                       std::ranges::binary_search(whole.given, path);
  out.given_known = whole.given_known && covered;
  for (const std::string& given : whole.given)
    if (given.size() > path.size() + 1 && given.starts_with(path) && given[path.size()] == '.')
      out.given.push_back(given.substr(path.size() + 1));
  return out;
}

}  // namespace sealane::iac
