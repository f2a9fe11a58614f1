// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "iac/terraform_internal.h"

namespace sealane::iac {
namespace {

class ConfigReader {
 public:
  ConfigReader(JsonCursor& json, const Collector& collector) : json_(json), collector_(collector) {}

  bool configuration(Configuration& out) {
    out.present = true;
    return members([&](std::string_view name) {
      if (name == "root_module") return module(out.root);
      if (name == "provider_config") return providers(out);
      return json_.skip();
    });
  }

 private:
  // Calls `take` for each member of the object that comes next; it takes the member's value.
  template <class Take>
  bool members(Take&& take) {
    if (!json_.enter_object()) return false;
    std::string_view name;
    while (json_.member(name))
      if (!take(name)) return false;
    return !json_.failed();
  }

  bool providers(Configuration& out) {
    return members([&](std::string_view key) {
      std::string* version = &out.provider_versions[std::string(key)];
      return members([&](std::string_view name) {
        if (name == "version_constraint" && json_.kind() == JsonCursor::Kind::Text)
          return json_.text(*version);
        return json_.skip();
      });
    });
  }

  bool module(ConfigModule& out) {
    return members([&](std::string_view name) {
      if (name == "resources" && json_.kind() == JsonCursor::Kind::Array) {
        json_.enter_array();
        while (json_.element())
          if (!resource(out)) return false;
        return !json_.failed();
      }
      if (name == "outputs") return outputs(out);
      if (name == "module_calls")
        return members(
            [&](std::string_view call_name) { return call(out.calls[std::string(call_name)]); });
      return json_.skip();
    });
  }

  bool outputs(ConfigModule& out) {
    return members([&](std::string_view output) {
      References* references = &out.outputs[std::string(output)];
      return members([&](std::string_view name) {
        return name == "expression" ? expression_references(*references) : json_.skip();
      });
    });
  }

  bool call(ConfigCall& out) {
    out.module = std::make_unique<ConfigModule>();
    return members([&](std::string_view name) {
      if (name == "expressions")
        return members([&](std::string_view argument) {
          return expression_references(out.arguments[std::string(argument)]);
        });
      if (name == "for_each_expression" || name == "count_expression") {
        out.repeated = true;
        return expression_references(out.each);
      }
      if (name == "module") return module(*out.module);
      return json_.skip();
    });
  }

  bool resource(ConfigModule& module) {
    ConfigResource out;
    std::string address;
    std::string type;
    const bool read = members([&](std::string_view name) {
      if (name == "address") return json_.text(address);
      if (name == "type") return json_.text(type);
      if (name == "provider_config_key") return json_.text(out.provider);
      if (name == "for_each_expression" || name == "count_expression")
        return expression_references(out.each);
      const bool unwanted = !type.empty() && !is_always_wanted(type) && !collector_.wants(type);
      if (name == "expressions" && !unwanted) return expressions(out);
      return json_.skip();
    });
    if (!read) return false;
    std::ranges::sort(out.given);
    const auto twice = std::ranges::unique(out.given);
    out.given.erase(twice.begin(), twice.end());
    if (is_always_wanted(type) || collector_.wants(type))
      module.resources.insert_or_assign(std::move(address), std::move(out));
    return true;
  }

  bool expressions(ConfigResource& out) {
    return members([&](std::string_view name) { return node(std::string(name), out); });
  }

  // An expression, a block, or a list of blocks.
  bool node(const std::string& path, ConfigResource& out) {
    out.given.push_back(without_indices(path));
    if (json_.kind() == JsonCursor::Kind::Array) {
      out.given.push_back(without_indices(path) + "[]");
      json_.enter_array();
      for (std::size_t i = 0; json_.element(); ++i)
        if (!node(path + "[" + std::to_string(i) + "]", out)) return false;
      return !json_.failed();
    }
    if (json_.kind() != JsonCursor::Kind::Object) return json_.skip();
    References references;
    const bool read = members([&](std::string_view name) {
      if (name == "constant_value") return json_.skip();
      if (name == "references" && json_.kind() == JsonCursor::Kind::Array) return texts(references);
      return node(path + "." + std::string(name), out);
    });
    if (!references.empty()) out.expressions.push_back({path, std::move(references)});
    return read;
  }

  bool expression_references(References& out) {
    if (json_.kind() != JsonCursor::Kind::Object) return json_.skip();
    return members([&](std::string_view name) {
      return name == "references" && json_.kind() == JsonCursor::Kind::Array ? texts(out)
                                                                             : json_.skip();
    });
  }

  bool texts(References& out) {
    json_.enter_array();
    while (json_.element()) {
      if (json_.kind() != JsonCursor::Kind::Text) {
        if (!json_.skip()) return false;
      } else if (!json_.text(out.emplace_back())) {
        return false;
      }
    }
    return !json_.failed();
  }

  JsonCursor& json_;
  const Collector& collector_;
};

}  // namespace

bool is_always_wanted(std::string_view terraform_type) {
  return terraform_type == "aws_iam_policy_document";
}

std::string without_indices(std::string_view path) {
  std::string out;
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (quoted) {
      if (path[i] == '\\')
        ++i;
      else if (path[i] == '"')
        quoted = false;
    } else if (path[i] == '[') {
      ++depth;
    } else if (depth > 0 && path[i] == ']') {
      --depth;
    } else if (depth > 0) {
      quoted = path[i] == '"';
    } else {
      out += path[i];
    }
  }
  return out;
}

bool read_configuration(JsonCursor& json, const Collector& collector, Configuration& out) {
  return ConfigReader(json, collector).configuration(out);
}

}  // namespace sealane::iac
