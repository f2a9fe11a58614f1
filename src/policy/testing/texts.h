// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

// How the reference evaluator reads texts: slowly, and without the product's readers.
namespace sealane::policy::reference {

inline std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}
inline bool is_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// One character as bytes, and whether it is a wildcard.
struct Token {
  std::string bytes;
  bool wild = false;
  bool is_run() const { return wild && bytes == "*"; }
};
using Tokens = std::vector<Token>;

inline Tokens characters(const std::string& text, bool wildcards) {
  Tokens out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    std::size_t n = 1;
    while (i + n < text.size() && (static_cast<unsigned char>(text[i + n]) & 0xc0) == 0x80) ++n;
    const std::string one = text.substr(i, n);
    out.push_back({one, wildcards && (one == "*" || one == "?")});
    i += n;
  }
  return out;
}

// Which lengths of the text's beginning the tokens so far can match.
inline bool glob(std::span<const Token> pattern, std::span<const Token> text) {
  std::vector<bool> reached(text.size() + 1, false);
  reached[0] = true;
  for (const Token& token : pattern) {
    std::vector<bool> next(text.size() + 1, false);
    bool before = false;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      before = before || reached[i];
      if (token.is_run())
        next[i] = before;
      else
        next[i] = i > 0 && reached[i - 1] && (token.wild || token.bytes == text[i - 1].bytes);
    }
    reached = next;
  }
  return reached[text.size()];
}
inline bool glob(const std::string& pattern, const std::string& text) {
  return glob(characters(pattern, true), characters(text, false));
}

inline std::vector<std::string> split6(std::string text) {
  std::vector<std::string> out;
  while (out.size() < 5 && text.find(':') != std::string::npos) {
    out.push_back(text.substr(0, text.find(':')));
    text = text.substr(text.find(':') + 1);
  }
  out.push_back(text);
  return out;
}
inline bool is_arn(const std::string& text) {
  const auto parts = split6(text);
  return parts.size() == 6 && parts[0] == "arn" && !parts[1].empty() && !parts[2].empty() &&
         !parts[5].empty();
}

// A number as its digits; compared digit by digit.
struct Number {
  bool negative = false;
  std::string whole, fraction;
};
inline std::optional<Number> number_of(std::string text) {
  Number out;
  out.negative = text.starts_with('-');
  if (out.negative) text.erase(0, 1);
  out.whole = text.substr(0, text.find('.'));
  if (!is_digits(out.whole)) return std::nullopt;
  if (text.contains('.')) {
    out.fraction = text.substr(text.find('.') + 1);
    if (!is_digits(out.fraction)) return std::nullopt;
  }
  while (out.whole.starts_with('0')) out.whole.erase(0, 1);
  while (out.fraction.ends_with('0')) out.fraction.pop_back();
  if (out.whole.empty() && out.fraction.empty()) out.negative = false;
  return out;
}
inline int compare(const Number& a, const Number& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  int order = 0;
  if (a.whole.size() != b.whole.size())
    order = a.whole.size() < b.whole.size() ? -1 : 1;
  else if (a.whole != b.whole)
    order = a.whole < b.whole ? -1 : 1;
  else if (a.fraction != b.fraction)
    order = a.fraction < b.fraction ? -1 : 1;
  return a.negative ? -order : order;
}

inline std::int64_t value_of_digits(const std::string& digits) {
  std::int64_t out = 0;
  for (const char c : digits) out = out * 10 + (c - '0');
  return out;
}
// `2027-01-15T08` as `dddd-dd-ddTdd`.
inline std::string shape_of(std::string text) {
  for (char& c : text)
    if (c >= '0' && c <= '9') c = 'd';
  return text;
}
// Minutes of `08:30`.
inline std::optional<std::int64_t> minutes_of(const std::string& text) {
  if (shape_of(text) != "dd:dd") return std::nullopt;
  const auto hour = value_of_digits(text.substr(0, 2)), minute = value_of_digits(text.substr(3));
  if (hour > 23 || minute > 59) return std::nullopt;
  return hour * 60 + minute;
}
// Minutes of `Z`, `+02:00` and `-08:30`.
inline std::optional<std::int64_t> zone_of(const std::string& text) {
  if (text == "Z") return 0;
  if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
  const auto minutes = minutes_of(text.substr(1));
  if (!minutes) return std::nullopt;
  return text[0] == '+' ? *minutes : -*minutes;
}
// Microseconds of `:05` and `:05.25`; the text is what stands between minutes and zone.
inline std::optional<std::int64_t> seconds_of(const std::string& text) {
  if (text.empty()) return 0;
  if (!shape_of(text).starts_with(":dd") || value_of_digits(text.substr(1, 2)) > 59)
    return std::nullopt;
  const std::int64_t whole = value_of_digits(text.substr(1, 2)) * 1'000'000;
  if (text.size() == 3) return whole;
  std::string fraction = text.substr(4);
  if (text[3] != '.' || !is_digits(fraction) || fraction.size() > 6) return std::nullopt;
  fraction.resize(6, '0');
  return whole + value_of_digits(fraction);
}
inline std::optional<std::int64_t> days_of(const std::string& text) {
  const bool has_day = shape_of(text) == "dddd-dd-dd";
  if (!has_day && shape_of(text) != "dddd-dd") return std::nullopt;
  const auto day = has_day ? value_of_digits(text.substr(8)) : 1;
  const std::chrono::year_month_day date(
      std::chrono::year(static_cast<int>(value_of_digits(text.substr(0, 4)))),
      std::chrono::month(static_cast<unsigned>(value_of_digits(text.substr(5, 2)))),
      std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}
// Microseconds since 1970; a whole number counts `epoch_unit` of them.
inline std::optional<std::int64_t> date_of(const std::string& text, std::int64_t epoch_unit) {
  constexpr std::int64_t kMinute = 60'000'000;
  if (is_digits(text) && text.size() <= 11) return value_of_digits(text) * epoch_unit;
  const std::size_t t = text.find('T');
  const auto days = days_of(text.substr(0, t));
  if (!days) return std::nullopt;
  const std::int64_t midnight = *days * 1'440 * kMinute;
  if (t == std::string::npos) return midnight;
  const std::string clock = text.substr(t + 1);
  const std::size_t zone_at = clock.find_first_of("Z+-");
  if (t != 10 || zone_at == std::string::npos || zone_at < 5) return std::nullopt;
  const auto minutes = minutes_of(clock.substr(0, 5));
  const auto seconds = seconds_of(clock.substr(5, zone_at - 5));
  const auto zone = zone_of(clock.substr(zone_at));
  if (!minutes || !seconds || !zone) return std::nullopt;
  return midnight + (*minutes - *zone) * kMinute + *seconds;
}

// The address as 32 or 128 binary digits; the IPv4 address in a mapped one.
inline std::optional<std::string> bits_of(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  const bool v6 = text.find(':') != std::string::npos;
  if (inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) != 1) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < (v6 ? 128U : 32U); ++i)
    out += (bytes[i / 8] >> (7 - i % 8)) & 1 ? '1' : '0';
  const std::string mapped = std::string(80, '0') + std::string(16, '1');
  return out.starts_with(mapped) ? out.substr(96) : out;
}

inline std::string bytes_of_base64(const std::string& text) {
  static const std::string alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bits, out;
  for (const char c : text)
    if (const std::size_t value = alphabet.find(c); value != std::string::npos)
      for (int bit = 5; bit >= 0; --bit) bits += (value >> bit) & 1 ? '1' : '0';
  for (std::size_t i = 0; i + 8 <= bits.size(); i += 8) {
    int value = 0;
    for (std::size_t k = 0; k < 8; ++k) value = value * 2 + (bits[i + k] == '1');
    out += static_cast<char>(value);
  }
  return out;
}

}  // namespace sealane::policy::reference
