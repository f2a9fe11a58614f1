// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sealane::cli::demo {

// One row of the source: where, when, and every column as it was written.
struct Observation {
  std::string location;
  std::chrono::sys_days date;
  std::vector<std::string> cells;  // one for each column, in the order of the file
  std::uint32_t line = 0;          // of the file, counting from 1
};

struct Observations {
  std::vector<std::string> columns;
  std::vector<Observation> rows;  // in the order of the file

  // Position of a column; nothing when the file has none of that name.
  std::optional<std::size_t> column(std::string_view name) const;
  // Locations in the order of their first row.
  std::vector<std::string> locations() const;
};

// Reads comma-separated observations.
//
// Source:  RFC 4180; lines may end in LF alone.
// Input:   a head line that names `location` and `date` and any other columns, then one line for
//          each observation; dates are YYYY-MM-DD.
// Errors:  Invalid  – with file and line: a column missing or named twice, a row with too many or
//                     too few cells, an empty location, a date that is none, a (location, date)
//                     that an earlier row has, an open quote, no rows at all.
//          TooLarge – more rows, columns or bytes in a cell than the limits below.
// Bounds:  kRowsMax rows, kColumnsMax columns, kCellBytesMax bytes in one cell.
// Threads: pure.
Result<Observations> parse_observations(std::string_view text, std::string_view file);

inline constexpr std::size_t kRowsMax = 1'000'000;
inline constexpr std::size_t kColumnsMax = 64;
inline constexpr std::size_t kCellBytesMax = 4096;

// `YYYY-MM-DD`; nothing when the text is no date.
std::optional<std::chrono::sys_days> date_of(std::string_view text);
std::string to_text(std::chrono::sys_days date);

// The text of a record as a station publishes it: one JSON object with the columns in the order of
// the file, numbers as they were written, and `marker`, base64 of the record's 16 random bytes.
std::string record_payload(const Observations& source, const Observation& row,
                           std::string_view marker_base64);

// A cell that can stand in JSON as a number, unchanged.
bool is_json_number(std::string_view text);
// The cell as a number; nothing when it is none.
std::optional<double> number_of(std::string_view cell);

}  // namespace sealane::cli::demo
