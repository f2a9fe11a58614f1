// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

#include <type_traits>

#include "base/clock.h"
#include "base/json.h"

namespace sealane::log {
namespace {

// The process's log settings: written once by configure() before threads start.
Options g_options;

std::string_view name_of(Level level) {
  switch (level) {
    case Level::Debug: return "debug";
    case Level::Info: return "info";
    case Level::Warning: return "warning";
    case Level::Error: return "error";
  }
  return "error";
}

void emit(std::string_view line) {
  while (!line.empty()) {
    const ssize_t put = ::write(STDERR_FILENO, line.data(), line.size());
    if (put <= 0) return;
    line.remove_prefix(static_cast<std::size_t>(put));
  }
}

std::string as_json(std::string_view time, Level level, std::string_view event,
                    std::initializer_list<Field> fields) {
  json::Writer w;
  w.begin_object().field("time", time).field("level", name_of(level)).field("event", event);
  for (const Field& field : fields) {
    w.key(field.name);
    std::visit(
        [&](const auto& v) {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>) {
            w.value(std::string_view(v));
          } else {
            w.value(v);
          }
        },
        field.value);
  }
  return w.end_object().str() + "\n";
}

std::string as_text(std::string_view time, Level level, std::string_view event,
                    std::initializer_list<Field> fields) {
  std::string line =
      std::string(time) + " " + std::string(name_of(level)) + " " + std::string(event);
  for (const Field& field : fields) {
    line += " " + std::string(field.name) + "=";
    std::visit(
        [&](const auto& v) {
          using T = std::decay_t<decltype(v)>;
          if constexpr (std::is_same_v<T, std::string>) {
            line += json::quote(v);
          } else if constexpr (std::is_same_v<T, bool>) {
            line += v ? "true" : "false";
          } else {
            line += std::to_string(v);
          }
        },
        field.value);
  }
  return line + "\n";
}

}  // namespace

void configure(const Options& options) { g_options = options; }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < g_options.least) return;
  const std::string time = to_rfc3339(SystemClock().now());
  emit(g_options.format == Format::Json ? as_json(time, level, event, fields)
                                        : as_text(time, level, event, fields));
}

}  // namespace sealane::log
