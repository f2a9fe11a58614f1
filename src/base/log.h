// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace sealane::log {

enum class Level { Debug, Info, Warning, Error };
enum class Format { Text, Json };

// One fact of a log line.
struct Field {
  std::string_view name;
  std::variant<std::string, std::int64_t, std::uint64_t, double, bool> value;
};

struct Options {
  Level least = Level::Info;
  Format format = Format::Text;
};

// Sets what is written for the whole process; call once from main, before threads start.
void configure(const Options& options);

// Writes one line to standard error: time, level, event and its fields.  Json format has the keys
// `time`, `level`, `event` and one per field.  Event names are words joined by dashes and stable
// (docs/json.md); operators' tools match on them.
// Threads: any; a line is written by one write(2).
// Secrets: callers pass none; Secret cannot be converted to a field.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

}  // namespace sealane::log
