// SPDX-License-Identifier: Apache-2.0
#include "cli/unified_diff.h"

#include <algorithm>
#include <span>
#include <vector>

namespace sealane::cli {
namespace {

constexpr std::size_t kContext = 3;

// With their line feeds; the last may have none.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

void write(std::string& out, char sign, std::span<const std::string_view> lines) {
  for (const std::string_view line : lines) {
    out += sign;
    out += line;
    if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
  }
}

std::string range(std::size_t first, std::size_t count) {
  return std::to_string(count == 0 ? first : first + 1) + "," + std::to_string(count);
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, std::string_view name) {
  if (before == after) return "";
  const std::vector<std::string_view> a = lines_of(before);
  const std::vector<std::string_view> b = lines_of(after);
  const std::size_t least = std::min(a.size(), b.size());
  std::size_t head = 0;
  while (head < least && a[head] == b[head]) ++head;
  std::size_t tail = 0;
  while (tail < least - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  const std::size_t lead = std::min(head, kContext);
  const std::size_t trail = std::min(tail, kContext);
  const std::size_t first = head - lead;
  const std::span<const std::string_view> old(a);
  const std::span<const std::string_view> fresh(b);
  std::string out = "--- " + std::string(name) + "\n+++ " + std::string(name) + "\n@@ -" +
                    range(first, a.size() - tail + trail - first) + " +" +
                    range(first, b.size() - tail + trail - first) + " @@\n";
  write(out, ' ', old.subspan(first, lead));
  write(out, '-', old.subspan(head, a.size() - tail - head));
  write(out, '+', fresh.subspan(head, b.size() - tail - head));
  write(out, ' ', old.subspan(a.size() - tail, trail));
  return out;
}

}  // namespace sealane::cli
