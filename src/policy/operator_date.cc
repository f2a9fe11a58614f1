// SPDX-License-Identifier: Apache-2.0
#include "policy/operator_date.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>

namespace sealane::policy {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;

constexpr std::size_t kEpochDigitsMax = 11;
constexpr std::size_t kFractionDigitsMax = 6;

// Takes fixed-width fields off the front of a text.
class Fields {
 public:
  explicit Fields(std::string_view text) : left_(text) {}

  bool done() const { return left_.empty(); }
  char peek() const { return left_.empty() ? '\0' : left_.front(); }
  bool skip(char c) {
    if (peek() != c) return false;
    left_.remove_prefix(1);
    return true;
  }
  // Exactly `width` digits.
  std::optional<int> digits(std::size_t width) {
    if (left_.size() < width || !all_digits(left_.substr(0, width))) return std::nullopt;
    int value = 0;
    std::from_chars(left_.data(), left_.data() + width, value);
    left_.remove_prefix(width);
    return value;
  }
  std::string_view digit_run() {
    std::size_t length = 0;
    while (length < left_.size() && left_[length] >= '0' && left_[length] <= '9') ++length;
    const std::string_view run = left_.substr(0, length);
    left_.remove_prefix(length);
    return run;
  }
  static bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  }

 private:
  std::string_view left_;
};

std::optional<Time> parse_epoch(std::string_view digits) {
  if (digits.size() > kEpochDigitsMax) return std::nullopt;
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return Time(seconds(value));
}

std::optional<microseconds> parse_clock(Fields& fields) {
  const auto hour = fields.digits(2);
  if (!hour || *hour > 23 || !fields.skip(':')) return std::nullopt;
  const auto minute = fields.digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  microseconds out = hours(*hour) + minutes(*minute);
  if (!fields.skip(':')) return out;
  const auto second = fields.digits(2);
  if (!second || *second > 59) return std::nullopt;
  out += seconds(*second);
  if (!fields.skip('.')) return out;
  const std::string_view fraction = fields.digit_run();
  if (fraction.empty() || fraction.size() > kFractionDigitsMax) return std::nullopt;
  std::int64_t scaled = 0;
  std::from_chars(fraction.data(), fraction.data() + fraction.size(), scaled);
  for (std::size_t i = fraction.size(); i < kFractionDigitsMax; ++i) scaled *= 10;
  return out + microseconds(scaled);
}

std::optional<minutes> parse_zone(Fields& fields) {
  if (fields.skip('Z')) return minutes(0);
  const bool behind = fields.peek() == '-';
  if (!fields.skip('-') && !fields.skip('+')) return std::nullopt;
  const auto hour = fields.digits(2);
  if (!hour || *hour > 23 || !fields.skip(':')) return std::nullopt;
  const auto minute = fields.digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  const minutes offset = hours(*hour) + minutes(*minute);
  return behind ? -offset : offset;
}

}  // namespace

std::optional<Time> parse_date(std::string_view text) {
  if (Fields::all_digits(text)) return parse_epoch(text);
  Fields fields(text);
  const auto year = fields.digits(4);
  if (!year || !fields.skip('-')) return std::nullopt;
  const auto month = fields.digits(2);
  if (!month) return std::nullopt;
  std::optional<int> day = 1;
  const bool has_day = fields.skip('-');
  if (has_day) day = fields.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  const Time midnight = sys_days(date);
  if (fields.done()) return midnight;
  if (!has_day || !fields.skip('T')) return std::nullopt;
  const auto clock = parse_clock(fields);
  if (!clock) return std::nullopt;
  const auto zone = parse_zone(fields);
  if (!zone || !fields.done()) return std::nullopt;
  return midnight + *clock - *zone;
}

}  // namespace sealane::policy
