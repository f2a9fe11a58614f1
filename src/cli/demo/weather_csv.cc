// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/weather_csv.h"

#include <charconv>
#include <set>
#include <utility>

#include "base/json.h"

namespace sealane::cli::demo {
namespace {

// Takes one line of cells after another off the front of the text.
class CellReader {
 public:
  CellReader(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  bool at_end() const { return text_.empty(); }
  std::uint32_t line() const { return line_; }
  Error error(ErrorKind kind, std::string message, std::string hint = {}) const {
    return fail(kind, std::string(file_) + ":" + std::to_string(line_) + ": " + std::move(message),
                std::move(hint));
  }

  Result<std::vector<std::string>> next() {
    line_ = next_line_;
    std::vector<std::string> cells;
    for (;;) {
      SEALANE_ASSIGN(std::string cell, next_cell());
      if (cells.size() == kColumnsMax)
        return error(ErrorKind::TooLarge, "more than " + std::to_string(kColumnsMax) + " columns");
      cells.push_back(std::move(cell));
      if (text_.empty()) return cells;
      const char end = text_.front();
      text_.remove_prefix(1);
      if (end == ',') continue;
      ++next_line_;
      return cells;
    }
  }

 private:
  // Leaves the comma or line feed behind the cell in place.
  Result<std::string> next_cell() {
    if (!text_.empty() && text_.front() == '"') return quoted_cell();
    const std::size_t size = std::min(text_.find_first_of(",\n"), text_.size());
    std::string_view cell = text_.substr(0, size);
    text_.remove_prefix(size);
    if (cell.ends_with('\r') && (text_.empty() || text_.front() == '\n')) cell.remove_suffix(1);
    if (cell.find('"') != std::string_view::npos)
      return error(ErrorKind::Invalid, "a quote inside a cell that does not begin with one");
    if (cell.size() > kCellBytesMax) return too_long();
    return std::string(cell);
  }

  Result<std::string> quoted_cell() {
    std::string cell;
    text_.remove_prefix(1);
    for (;;) {
      if (text_.empty()) return error(ErrorKind::Invalid, "a quoted cell is never closed");
      const char c = text_.front();
      text_.remove_prefix(1);
      if (c == '"') {
        if (!text_.starts_with('"')) break;
        text_.remove_prefix(1);
      }
      if (c == '\n') ++next_line_;
      if (cell.size() == kCellBytesMax) return too_long();
      cell.push_back(c);
    }
    if (text_.starts_with("\r\n")) text_.remove_prefix(1);
    if (!text_.empty() && text_.front() != ',' && text_.front() != '\n')
      return error(ErrorKind::Invalid, "text after the closing quote of a cell");
    return cell;
  }

  Error too_long() const {
    return error(ErrorKind::TooLarge,
                 "a cell of more than " + std::to_string(kCellBytesMax) + " bytes");
  }

  std::string_view text_;
  std::string_view file_;
  std::uint32_t line_ = 0;
  std::uint32_t next_line_ = 1;
};

std::optional<int> digits(std::string_view text) {
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

Result<std::vector<std::string>> read_head(CellReader& reader) {
  SEALANE_ASSIGN(std::vector<std::string> columns, reader.next());
  std::set<std::string_view> names;
  for (const std::string& name : columns) {
    if (name.empty()) return reader.error(ErrorKind::Invalid, "a column without a name");
    if (name == "marker")
      return reader.error(ErrorKind::Invalid, "a column is named `marker`, which every record gets",
                          "rename the column");
    if (!names.insert(name).second)
      return reader.error(ErrorKind::Invalid, "column `" + name + "` is named twice");
  }
  for (std::string_view needed : {"location", "date"}) {
    if (!names.contains(needed))
      return reader.error(ErrorKind::Invalid, "no column `" + std::string(needed) + "`",
                          "the first line names the columns: location,date and any others");
  }
  return columns;
}

}  // namespace

std::optional<std::size_t> Observations::column(std::string_view name) const {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i] == name) return i;
  return std::nullopt;
}

std::vector<std::string> Observations::locations() const {
  std::vector<std::string> out;
  std::set<std::string_view> seen;
  for (const Observation& row : rows)
    if (seen.insert(row.location).second) out.push_back(row.location);
  return out;
}

Result<Observations> parse_observations(std::string_view text, std::string_view file) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  CellReader reader(text, file);
  Observations out;
  SEALANE_ASSIGN(out.columns, read_head(reader));
  const std::size_t location = out.column("location").value_or(0);  // read_head saw both
  const std::size_t date = out.column("date").value_or(0);
  std::set<std::pair<std::string, std::chrono::sys_days>> seen;
  while (!reader.at_end()) {
    SEALANE_ASSIGN(std::vector<std::string> cells, reader.next());
    if (cells.size() == 1 && cells.front().empty() && out.columns.size() > 1) continue;
    if (cells.size() != out.columns.size())
      return reader.error(ErrorKind::Invalid, std::to_string(cells.size()) +
                                                  " cells where the head has " +
                                                  std::to_string(out.columns.size()));
    if (out.rows.size() == kRowsMax)
      return reader.error(ErrorKind::TooLarge, "more than " + std::to_string(kRowsMax) + " rows");
    if (cells[location].empty()) return reader.error(ErrorKind::Invalid, "`location` is empty");
    const auto day = date_of(cells[date]);
    if (!day)
      return reader.error(ErrorKind::Invalid, "`" + cells[date] + "` is no date",
                          "write YYYY-MM-DD");
    Observation row{.location = cells[location], .date = *day, .cells = {}, .line = reader.line()};
    if (!seen.emplace(row.location, row.date).second)
      return reader.error(ErrorKind::Invalid,
                          "`" + row.location + "` has a second record for " + cells[date]);
    row.cells = std::move(cells);
    out.rows.push_back(std::move(row));
  }
  if (out.rows.empty())
    return reader.error(ErrorKind::Invalid, "no observations after the head line");
  return out;
}

std::optional<std::chrono::sys_days> date_of(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits(text.substr(0, 4));
  const auto month = digits(text.substr(5, 2));
  const auto day = digits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::string to_text(std::chrono::sys_days date) {
  const std::chrono::year_month_day ymd(date);
  const auto padded = [](unsigned value, std::size_t width) {
    std::string text = std::to_string(value);
    return std::string(width > text.size() ? width - text.size() : 0, '0') + text;
  };
  return padded(static_cast<unsigned>(static_cast<int>(ymd.year())), 4) + "-" +
         padded(static_cast<unsigned>(ymd.month()), 2) + "-" +
         padded(static_cast<unsigned>(ymd.day()), 2);
}

// RFC 8259 §6.
bool is_json_number(std::string_view text) {
  const auto take_digits = [&text] {
    std::size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const std::size_t whole = take_digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (take_digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (take_digits() == 0) return false;
  }
  return text.empty();
}

std::optional<double> number_of(std::string_view cell) {
  if (!is_json_number(cell)) return std::nullopt;
  double value = 0;
  const auto [end, code] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (code != std::errc() || end != cell.data() + cell.size()) return std::nullopt;
  return value;
}

std::string record_payload(const Observations& source, const Observation& row,
                           std::string_view marker_base64) {
  json::Writer out;
  out.begin_object();
  for (std::size_t i = 0; i < source.columns.size(); ++i) {
    out.key(source.columns[i]);
    if (is_json_number(row.cells[i])) {
      out.raw(row.cells[i]);
    } else {
      out.value(row.cells[i]);
    }
  }
  out.field("marker", marker_base64).end_object();
  return out.str();
}

}  // namespace sealane::cli::demo
