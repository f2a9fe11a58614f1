// SPDX-License-Identifier: Apache-2.0
#include "iac/testing/show.h"

#include <fmt/format.h>

#include "base/json.h"

namespace sealane::iac {
namespace {

void write(json::Writer& out, const Value& value) {
  if (value.sensitive || value.from_default) {
    Value plain = value;
    plain.sensitive = plain.from_default = false;
    out.begin_object().key(value.sensitive ? "sensitive" : "default");
    write(out, plain);
    out.end_object();
  } else if (const auto* map = value.map()) {
    out.begin_object();
    for (const Field& field : *map) {
      out.key(field.name);
      write(out, field.value);
    }
    out.end_object();
  } else if (const auto* list = value.list()) {
    out.begin_array();
    for (const Value& item : *list) write(out, item);
    out.end_array();
  } else if (const auto* unknown = value.unknown()) {
    out.begin_object().field("unknown", unknown->why);
    if (!unknown->references.empty()) {
      out.key("of").begin_array();
      for (const Reference& reference : unknown->references) out.value(to_text(reference));
      out.end_array();
    }
    out.end_object();
  } else if (const auto* text = value.template_text()) {
    out.begin_object().field("template", to_text(*text)).end_object();
  } else if (const auto* boolean = value.boolean()) {
    out.value(*boolean);
  } else if (const auto* number = value.number()) {
    out.begin_object().field("number", number->lexeme).end_object();
  } else if (const auto* string = value.text()) {
    out.value(*string);
  } else {
    out.null();
  }
}

std::string place(const SourceSpan& span) {
  return fmt::format("{}:{}:{}", span.file, span.line, span.column);
}

void write_resource(json::Writer& out, const System& system, std::uint32_t number) {
  const Resource& r = system.resources[number];
  out.begin_object().field("address", r.address).field("type", r.type);
  out.field("at", place(system.at(r.place)));
  if (!r.provider.empty()) out.field("provider", r.provider);
  if (r.data_source) out.field("data", true);
  if (r.conditional) out.field("conditional", true);
  if (!r.given_known) out.field("given_known", false);
  if (!r.given.empty()) {
    out.key("given").begin_array();
    for (const std::string& path : r.given) out.value(path);
    out.end_array();
  }
  out.key("properties");
  write(out, r.properties);
  const auto edges = system.edges_of(number);
  if (!edges.empty()) {
    out.key("edges").begin_array();
    for (const Edge& edge : edges)
      out.value(fmt::format("{} -> {}{}{}{}", edge.property, system.resources[edge.to].address,
                            edge.attribute.empty() ? "" : ".", edge.attribute,
                            edge.by_key ? " (by key)" : ""));
    out.end_array();
  }
  out.end_object();
}

}  // namespace

std::string show(const Value& value) {
  json::Writer out;
  write(out, value);
  return out.str();
}

std::string show(const Parsed<System>& parsed) {
  json::Writer out(1);
  out.begin_object();
  if (parsed.value) {
    const System& system = *parsed.value;
    out.key("documents").begin_array();
    for (const Document& document : system.documents)
      out.value(
          fmt::format("{} {} {}", document.name, to_string(document.format), document.version));
    out.end_array().key("resources").begin_array();
    for (std::uint32_t i = 0; i < system.resources.size(); ++i) write_resource(out, system, i);
    out.end_array();
    if (!system.skipped.empty()) {
      out.key("skipped").begin_object();
      for (const auto& [type, count] : system.skipped)
        out.field(type, static_cast<std::uint64_t>(count));
      out.end_object();
    }
  }
  if (!parsed.diagnostics.empty()) {
    out.key("diagnostics").begin_array();
    for (const Diagnostic& diagnostic : parsed.diagnostics) out.value(to_text(diagnostic));
    out.end_array();
  }
  out.end_object();
  return out.str() + "\n";
}

}  // namespace sealane::iac
