// SPDX-License-Identifier: Apache-2.0
// Property of the observations reader: what it accepts, written again as RFC 4180 says, reads back
// the same, and every row has a cell for each column and a date that is one.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cli/demo/weather_csv.h"

namespace {

using namespace sealane;
using namespace sealane::cli::demo;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string quoted(const std::string& cell) {
  std::string out = "\"";
  for (const char& c : cell) {
    out += c;
#ifdef SEALANE_PLANTED_DEFECT
    // A writer that doubles a quote only when it ends the cell.
    if (c == '"' && &c == &cell.back()) out += '"';
#else
    if (c == '"') out += '"';
#endif
  }
  return out + "\"";
}

std::string line_of(const std::vector<std::string>& cells) {
  std::string out;
  for (const std::string& cell : cells) out += (out.empty() ? "" : ",") + quoted(cell);
  return out + "\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto read = parse_observations(text, "input");
  if (!read.ok()) {
    require(!read.error().message.empty());
    return 0;
  }
  std::string again = line_of(read->columns);
  for (const Observation& row : read->rows) {
    require(row.cells.size() == read->columns.size() && !row.location.empty());
    require(date_of(to_text(row.date)) == row.date);
    (void)record_payload(*read, row, "AAAA");
    again += line_of(row.cells);
  }
  const auto same = parse_observations(again, "again");
  require(same.ok() && same->columns == read->columns && same->rows.size() == read->rows.size());
  for (std::size_t i = 0; i < same->rows.size(); ++i)
    require(same->rows[i].cells == read->rows[i].cells);
  return 0;
}
