// SPDX-License-Identifier: Apache-2.0
#include "pipeline/things.h"

#include <algorithm>
#include <set>

#include "pipeline/model.h"

namespace sealane::pipeline {
namespace {

constexpr std::size_t kTextMax = 16u << 20;
constexpr std::size_t kColumnsMax = 51;  // the name and 50 attributes
constexpr std::size_t kFieldMax = 1'024;
constexpr std::size_t kDiagnosticsMax = 100;

struct Field {
  std::string text;
  std::uint32_t column = 1;
};

class ThingsReader {
 public:
  ThingsReader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  Parsed<std::vector<Thing>> run() {
    if (text_.size() > kTextMax)
      error(1, 1, "the file has more than " + std::to_string(kTextMax) + " bytes", "split it");
    else
      read_lines();
    Parsed<std::vector<Thing>> out;
    if (diagnostics_.empty()) out.value = std::move(things_);
    out.diagnostics = std::move(diagnostics_);
    return out;
  }

 private:
  void error(std::uint32_t line, std::uint32_t column, std::string message, std::string hint) {
    if (diagnostics_.size() < kDiagnosticsMax)
      diagnostics_.push_back(
          {Severity::Error, {file_, line, column}, one_line(std::move(message)), std::move(hint)});
  }

  void read_lines() {
    std::uint32_t line = 0;
    std::string_view left = text_;
    bool header = true;
    while (!left.empty()) {
      ++line;
      const std::size_t end = left.find('\n');
      std::string_view row = left.substr(0, end);
      left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
      if (row.ends_with('\r')) row.remove_suffix(1);
      if (row.empty()) continue;
      const auto fields = split(row, line);
      if (!fields) continue;
      if (header) {
        if (!read_header(*fields, line)) return;
        header = false;
      } else {
        read_thing(*fields, line);
      }
    }
    if (header && diagnostics_.empty())
      error(1, 1, "the file is empty", "its first line is `name,attribute,...`");
  }

  std::optional<std::vector<Field>> split(std::string_view row, std::uint32_t line) {
    std::vector<Field> fields;
    std::size_t at = 0;
    for (;;) {
      Field& field = fields.emplace_back();
      field.column = static_cast<std::uint32_t>(at + 1);
      if (at < row.size() && row[at] == '"') {
        ++at;
        for (;;) {
          if (at == row.size())
            return error(line, field.column, "a quote is not closed",
                         "a quote inside a field is written twice"),
                   std::nullopt;
          if (row[at] == '"' && at + 1 < row.size() && row[at + 1] == '"')
            ++at;
          else if (row[at] == '"')
            break;
          field.text += row[at++];
        }
        ++at;
        if (at < row.size() && row[at] != ',')
          return error(line, static_cast<std::uint32_t>(at + 1), "text follows a closed quote",
                       "a quote inside a field is written twice"),
                 std::nullopt;
      } else {
        while (at < row.size() && row[at] != ',') field.text += row[at++];
      }
      if (field.text.size() > kFieldMax)
        return error(line, field.column,
                     "a field is longer than " + std::to_string(kFieldMax) + " bytes",
                     "shorten it"),
               std::nullopt;
      if (std::ranges::any_of(
              field.text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }))
        return error(line, field.column, "a field holds control characters",
                     "write letters, digits and signs alone"),
               std::nullopt;
      if (at >= row.size()) return fields;
      ++at;
    }
  }

  bool read_header(const std::vector<Field>& fields, std::uint32_t line) {
    if (fields[0].text != "name") {
      error(line, 1, "the first column is not `name`", "the first line is `name,attribute,...`");
      return false;
    }
    if (fields.size() > kColumnsMax)
      error(line, 1, "a thing has at most 50 attributes", "remove columns");
    std::set<std::string> seen;
    for (const Field& field : fields) {
      if (!is_name(field.text))
        error(line, field.column, "`" + field.text + "` cannot name an attribute",
              "1 to 63 letters, digits, `.`, `_` and `-`, beginning with a letter or digit");
      if (!seen.insert(field.text).second)
        error(line, field.column, "the column `" + field.text + "` stands twice", "keep one");
      columns_.push_back(field.text);
    }
    return diagnostics_.empty();
  }

  void read_thing(const std::vector<Field>& fields, std::uint32_t line) {
    if (fields.size() != columns_.size())
      return error(line, 1,
                   "the line has " + std::to_string(fields.size()) + " fields, the header " +
                       std::to_string(columns_.size()),
                   "an attribute without a value has its comma all the same");
    Thing thing;
    thing.name = fields[0].text;
    thing.span = {file_, line, 1};
    if (!is_name(thing.name))
      error(line, 1, "`" + thing.name + "` cannot name a thing",
            "1 to 63 letters, digits, `.`, `_` and `-`, beginning with a letter or digit");
    if (!names_.insert(thing.name).second)
      error(line, 1, "the thing `" + thing.name + "` stands twice", "keep one");
    for (std::size_t i = 1; i < fields.size(); ++i)
      if (!fields[i].text.empty()) thing.attributes.emplace_back(columns_[i], fields[i].text);
    things_.push_back(std::move(thing));
  }

  std::string_view text_;
  const std::string& file_;
  std::vector<std::string> columns_;
  std::set<std::string> names_;
  std::vector<Thing> things_;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace

std::string_view Thing::attribute(std::string_view wanted) const {
  for (const auto& [key, value] : attributes)
    if (key == wanted) return value;
  return {};
}

Parsed<std::vector<Thing>> parse_things(std::string_view text, const std::string& file) {
  return ThingsReader(text, file).run();
}

}  // namespace sealane::pipeline
