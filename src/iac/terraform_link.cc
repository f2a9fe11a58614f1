// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

#include "iac/terraform_internal.h"

namespace sealane::iac {
namespace {

// Of one expression: references followed, through modules too.  A plan of an engine needs few; a
// plan made to be slow has no more than this.
constexpr std::size_t kStepsMax = 2'000;
constexpr std::size_t kFoundMax = 256;
constexpr std::size_t kDepthMax = 32;

// One instance of a module.
struct Scope {
  const ConfigModule* module = nullptr;
  const ConfigCall* call = nullptr;  // none for the root
  const Scope* parent = nullptr;
  std::string path;  // `module.store["eu"]`, empty for the root
  std::string key;   // `["eu"]`

  std::string inside(std::string_view address) const {
    return path.empty() ? std::string(address) : path + "." + std::string(address);
  }
};

// `name` and `key` off the front of `text`: `store["eu"].arn` → `store`, `["eu"]`, rest `arn`.
struct Step {
  std::string_view name;
  std::string_view key;
};
Step take_step(std::string_view& text) {
  Step out;
  std::size_t i = 0;
  while (i < text.size() && text[i] != '.' && text[i] != '[') ++i;
  out.name = text.substr(0, i);
  const std::size_t key_at = i;
  if (i < text.size() && text[i] == '[') {
    bool quoted = false;
    for (++i; i < text.size(); ++i) {
      if (quoted && text[i] == '\\')
        ++i;
      else if (text[i] == '"')
        quoted = !quoted;
      else if (!quoted && text[i] == ']')
        break;
    }
    i = std::min(i + 1, text.size());
  }
  out.key = text.substr(key_at, i - key_at);
  text.remove_prefix(i);
  if (text.starts_with('.')) text.remove_prefix(1);
  return out;
}

std::string joined(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return std::string(a.empty() ? b : a);
  return std::string(a) + (b.starts_with('[') ? "" : ".") + std::string(b);
}

// A plan lists each reference with everything that it begins with behind it; the longest are meant.
std::vector<std::string_view> longest_of(const References& references) {
  std::vector<std::string_view> out;
  for (const std::string& reference : references) {
    const bool begins_last =
        !out.empty() && out.back().starts_with(reference) && out.back().size() > reference.size() &&
        (out.back()[reference.size()] == '.' || out.back()[reference.size()] == '[');
    if (!begins_last) out.push_back(reference);
  }
  return out;
}

struct Found {
  Reference reference;
  bool by_key = false;
  friend bool operator==(const Found&, const Found&) = default;
};

class Linker {
 public:
  Linker(Collector& collector, const Configuration& configuration,
         const std::vector<PlannedResource>& planned)
      : collector_(collector), configuration_(configuration), planned_(planned) {
    root_.module = &configuration.root;
    scopes_.emplace("", &root_);
    for (const PlannedResource& p : planned) {
      const std::string base = p.module.empty() ? p.name : p.module + "." + p.name;
      instances_[base].push_back(&p);
    }
  }

  void run() {
    for (const PlannedResource& p : planned_) scope_of(p.module);
    for (const PlannedResource& p : planned_) link(p);
  }

 private:
  Resource& resource(const PlannedResource& p) const {
    return collector_.built().resources[p.resource];
  }

  // The module instance at a path; nullptr when the configuration has no such call.
  const Scope* scope_of(const std::string& path) {
    const auto known = scopes_.find(path);
    if (known != scopes_.end()) return known->second;
    const Scope* scope = &root_;
    std::string_view rest = path;
    for (std::size_t depth = 0; !rest.empty(); ++depth) {
      const Step keyword = take_step(rest);
      const Step step = take_step(rest);
      if (keyword.name != "module" || depth > kDepthMax) return scopes_[path] = nullptr;
      scope = child(*scope, step.name, step.key);
      if (scope == nullptr) return scopes_[path] = nullptr;
    }
    return scope;
  }

  const Scope* child(const Scope& parent, std::string_view name, std::string_view key) {
    const auto call = parent.module->calls.find(name);
    if (call == parent.module->calls.end() || call->second.module == nullptr) return nullptr;
    const std::string base = parent.inside("module." + std::string(name));
    const std::string path = base + std::string(key);
    const auto known = scopes_.find(path);
    if (known != scopes_.end()) return known->second;
    Scope& made = owned_.emplace_back();
    made = {call->second.module.get(), &call->second, &parent, path, std::string(key)};
    module_instances_[base].push_back(&made);
    return scopes_[path] = &made;
  }

  void link(const PlannedResource& p) {
    Resource& r = resource(p);
    const Scope* scope = scope_of(p.module);
    const ConfigResource* config = nullptr;
    if (scope != nullptr) {
      const auto found = scope->module->resources.find(p.name);
      if (found != scope->module->resources.end()) config = &found->second;
    }
    if (config == nullptr) {
      r.given_known = false;
      return;
    }
    r.given = config->given;
    const auto version = configuration_.provider_versions.find(config->provider);
    if (version != configuration_.provider_versions.end()) r.provider = version->second;

    std::vector<std::vector<Found>> found;
    for (const ConfigExpression& expression : config->expressions) {
      found.push_back(resolve(expression.references, *scope, *config, p.key));
      for (const Found& f : found.back())
        if (f.reference.target != kNoResource)
          collector_.add_edge({p.resource, without_indices(expression.path), f.reference.target,
                               f.reference.attribute, f.by_key});
    }
    auto* fields = std::get_if<Value::Map>(&r.properties.data);
    if (fields == nullptr) return;
    for (Field& field : *fields)
      if (std::ranges::binary_search(config->given, field.name))
        fill(field.value, field.name, config->expressions, found);
  }

  // Gives each Unknown the references of the expression at its path, or of the nearest above.
  static void fill(Value& value, const std::string& path,
                   const std::vector<ConfigExpression>& expressions,
                   const std::vector<std::vector<Found>>& found) {
    if (auto* map = std::get_if<Value::Map>(&value.data)) {
      for (Field& field : *map) fill(field.value, path + "." + field.name, expressions, found);
    } else if (auto* list = std::get_if<Value::List>(&value.data)) {
      for (std::size_t i = 0; i < list->size(); ++i)
        fill((*list)[i], path + "[" + std::to_string(i) + "]", expressions, found);
    } else if (auto* unknown = std::get_if<Unknown>(&value.data)) {
      const auto at = nearest(path, expressions);
      if (!at) return;
      for (const Found& f : found[*at]) unknown->references.push_back(f.reference);
      for (const Found& f : found[*at])
        if (f.reference.resource.starts_with("local.")) {
          unknown->why += ", computed through `" + f.reference.resource +
                          "`, of which a plan does not show the expression";
          break;
        }
    }
  }

  static std::optional<std::size_t> nearest(const std::string& path,
                                            const std::vector<ConfigExpression>& expressions) {
    std::optional<std::size_t> out;
    auto covers = [](std::string_view above, std::string_view below) {
      return below.starts_with(above) && (below.size() == above.size() ||
                                          below[above.size()] == '.' || below[above.size()] == '[');
    };
    auto consider = [&](std::size_t i, const std::string& above, const std::string& below) {
      if (covers(above, below) &&
          (!out || expressions[*out].path.size() < expressions[i].path.size()))
        out = i;
    };
    for (std::size_t i = 0; i < expressions.size(); ++i) consider(i, expressions[i].path, path);
    if (out) return out;
    // Blocks are sets for some types: their order in the plan is not the one in the configuration.
    const std::string plain = without_indices(path);
    for (std::size_t i = 0; i < expressions.size(); ++i)
      consider(i, without_indices(expressions[i].path), plain);
    return out;
  }

  struct Search {
    const ConfigResource* config = nullptr;  // for `each.value` at the resource itself
    std::vector<Found> found;
    std::size_t steps = 0;
  };

  std::vector<Found> resolve(const References& references, const Scope& scope,
                             const ConfigResource& config, const std::string& key) {
    Search search;
    search.config = &config;
    follow(references, scope, &config.each, key, "", false, 0, search);
    return std::move(search.found);
  }

  // `each`: what for_each or count of the one whose expression this is refers to; `suffix`: what is
  // wanted of the value; `by_key`: an instance was chosen by key on the way.
  void follow(const References& references, const Scope& scope, const References* each,
              const std::string& key, std::string_view suffix, bool by_key, std::size_t depth,
              Search& search) {
    if (depth > kDepthMax) return;
    const auto longest = longest_of(references);
    const bool picks = std::ranges::any_of(longest, [](std::string_view r) {
      return r.starts_with("each.") || r.starts_with("count.");
    });
    for (const std::string_view reference : longest) {
      if (++search.steps > kStepsMax || search.found.size() >= kFoundMax) return;
      std::string_view rest = reference;
      const Step head = take_step(rest);
      if (head.name == "var") {
        argument(scope, rest, suffix, by_key, depth, search);
      } else if (head.name == "module") {
        output(scope, rest, key, suffix, picks, by_key, depth, search);
      } else if (head.name == "each") {
        const Step what = take_step(rest);
        if (what.name == "value" && each != nullptr)
          follow(*each, scope, nullptr, key, joined(rest, suffix), true, depth + 1, search);
      } else if (head.name == "local") {
        add(search,
            {{std::string(reference), std::string(suffix), kNoResource, Reference::Kind::Local},
             by_key});
      } else if (head.name != "count" && head.name != "path" && head.name != "terraform" &&
                 head.name != "self") {
        target(scope, reference, key, suffix, picks, by_key, search);
      }
    }
  }

  void argument(const Scope& scope, std::string_view rest, std::string_view suffix, bool by_key,
                std::size_t depth, Search& search) {
    const Step variable = take_step(rest);
    if (scope.parent == nullptr) return;  // a variable of the plan: its value is known
    const auto found = scope.call->arguments.find(variable.name);
    if (found == scope.call->arguments.end()) return;
    follow(found->second, *scope.parent, &scope.call->each, scope.key, joined(rest, suffix), by_key,
           depth + 1, search);
  }

  void output(const Scope& scope, std::string_view rest, const std::string& key,
              std::string_view suffix, bool picks, bool by_key, std::size_t depth, Search& search) {
    const Step module = take_step(rest);
    const Step wanted = take_step(rest);
    std::vector<const Scope*> children;
    const auto call = scope.module->calls.find(module.name);
    if (call == scope.module->calls.end()) return;
    bool chosen = by_key;
    if (!module.key.empty() || !call->second.repeated) {
      children.push_back(child(scope, module.name, module.key));
    } else {
      const auto all = module_instances_.find(scope.inside("module." + std::string(module.name)));
      if (all == module_instances_.end()) return;
      for (const Scope* instance : all->second)
        if (picks && instance->key == key) children.assign(1, instance), chosen = true;
      if (!chosen || children.empty()) children.assign(all->second.begin(), all->second.end());
    }
    for (const Scope* instance : children) {
      if (instance == nullptr) continue;
      const auto found = instance->module->outputs.find(wanted.name);
      if (found == instance->module->outputs.end()) continue;
      follow(found->second, *instance, nullptr, instance->key, joined(rest, suffix), chosen,
             depth + 1, search);
    }
  }

  void target(const Scope& scope, std::string_view reference, const std::string& key,
              std::string_view suffix, bool picks, bool by_key, Search& search) {
    std::string_view rest = reference;
    const bool data = reference.starts_with("data.");
    if (data) take_step(rest);
    const Step type = take_step(rest);
    const Step name = take_step(rest);
    const std::string attribute = joined(rest, suffix);
    const std::string base =
        scope.inside((data ? "data." : "") + std::string(type.name) + "." + std::string(name.name));
    const auto instances = instances_.find(base);
    if (instances == instances_.end()) {
      add(search, {{base + std::string(name.key), attribute}, by_key});
      return;
    }
    auto found = [&](const PlannedResource& p, bool chosen) {
      add(search, {{resource(p).address, attribute, p.resource}, chosen});
    };
    if (!name.key.empty()) {
      for (const PlannedResource* p : instances->second)
        if (p->key == name.key) return found(*p, by_key);
      return add(search, {{base + std::string(name.key), attribute}, by_key});
    }
    if (instances->second.size() > 1 && (picks || by_key))
      for (const PlannedResource* p : instances->second)
        if (p->key == key) return found(*p, true);
    for (const PlannedResource* p : instances->second) found(*p, by_key);
  }

  static void add(Search& search, Found found) {
    if (search.found.size() < kFoundMax &&
        std::ranges::find(search.found, found) == search.found.end())
      search.found.push_back(std::move(found));
  }

  Collector& collector_;
  const Configuration& configuration_;
  const std::vector<PlannedResource>& planned_;
  Scope root_;
  std::deque<Scope> owned_;
  std::unordered_map<std::string, const Scope*> scopes_;
  std::unordered_map<std::string, std::vector<const Scope*>> module_instances_;
  std::unordered_map<std::string, std::vector<const PlannedResource*>> instances_;
};

}  // namespace

void link_configuration(Collector& collector, const Configuration& configuration,
                        const std::vector<PlannedResource>& planned) {
  Linker(collector, configuration, planned).run();
}

}  // namespace sealane::iac
