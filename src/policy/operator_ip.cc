// SPDX-License-Identifier: Apache-2.0
#include "policy/operator_ip.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>

namespace sealane::policy {
namespace {

constexpr unsigned kMappedPrefix = 96;

std::optional<unsigned> parse_number(std::string_view text, int base, unsigned max,
                                     std::size_t width) {
  if (text.empty() || text.size() > width) return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

std::optional<std::array<std::uint8_t, 4>> parse_v4(std::string_view text) {
  std::array<std::uint8_t, 4> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t dot = text.find('.');
    const bool last = i + 1 == out.size();
    if (last != (dot == std::string_view::npos)) return std::nullopt;
    const std::string_view part = text.substr(0, dot);
    const auto value = parse_number(part, 10, 255, 3);
    if (!value || (part.size() > 1 && part[0] == '0')) return std::nullopt;
    out[i] = static_cast<std::uint8_t>(*value);
    if (!last) text.remove_prefix(dot + 1);
  }
  return out;
}

// The bytes on one side of `::`.  On the stack: a decision allocates nothing.
struct Groups {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t size = 0;

  bool add(std::span<const std::uint8_t> more) {
    if (more.size() > bytes.size() - size) return false;
    std::ranges::copy(more, bytes.begin() + static_cast<std::ptrdiff_t>(size));
    size += more.size();
    return true;
  }
};

// Groups of 16 bits; the last of the address may be an IPv4 address.
std::optional<Groups> parse_groups(std::string_view text, bool last_side) {
  Groups out;
  if (text.empty()) return out;
  for (;;) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (last && last_side && group.contains('.')) {
      const auto v4 = parse_v4(group);
      return v4 && out.add(*v4) ? std::optional(out) : std::nullopt;
    }
    const auto value = parse_number(group, 16, 0xffff, 4);
    if (!value) return std::nullopt;
    const std::array both{static_cast<std::uint8_t>(*value >> 8),
                          static_cast<std::uint8_t>(*value & 0xff)};
    if (!out.add(both)) return std::nullopt;
    if (last) return out;
    text.remove_prefix(colon + 1);
  }
}

std::optional<std::array<std::uint8_t, 16>> parse_v6(std::string_view text) {
  std::array<std::uint8_t, 16> out{};
  const std::size_t gap = text.find("::");
  const bool has_gap = gap != std::string_view::npos;
  const auto front = parse_groups(text.substr(0, gap), !has_gap);
  const auto back = has_gap ? parse_groups(text.substr(gap + 2), true) : Groups{};
  if (!front || !back) return std::nullopt;
  const std::size_t written = front->size + back->size;
  if (has_gap ? written > 14 : written != 16) return std::nullopt;
  std::copy_n(front->bytes.begin(), front->size, out.begin());
  std::copy_n(back->bytes.begin(), back->size, out.end() - static_cast<std::ptrdiff_t>(back->size));
  return out;
}

bool is_mapped(const std::array<std::uint8_t, 16>& v6) {
  return std::all_of(v6.begin(), v6.begin() + 10, [](std::uint8_t b) { return b == 0; }) &&
         v6[10] == 0xff && v6[11] == 0xff;
}

IpAddressValue unmap(const std::array<std::uint8_t, 16>& v6) {
  IpAddressValue out;
  std::copy(v6.begin() + 12, v6.end(), out.bytes.begin());
  return out;
}

}  // namespace

std::optional<IpAddressValue> parse_ip(std::string_view text) {
  constexpr std::size_t kTextMax = 45;
  if (text.size() > kTextMax) return std::nullopt;
  IpAddressValue out;
  if (!text.contains(':')) {
    const auto v4 = parse_v4(text);
    if (!v4) return std::nullopt;
    std::ranges::copy(*v4, out.bytes.begin());
    return out;
  }
  const auto v6 = parse_v6(text);
  if (!v6) return std::nullopt;
  if (is_mapped(*v6)) return unmap(*v6);
  out.family = IpAddressValue::Family::V6;
  out.bytes = *v6;
  return out;
}

std::optional<Cidr> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  const bool v4 = address->family == IpAddressValue::Family::V4;
  Cidr out{*address, v4 ? 32u : 128u};
  if (slash == std::string_view::npos) return out;
  const bool mapped = v4 && text.contains(':');
  const std::string_view digits = text.substr(slash + 1);
  const auto prefix = parse_number(digits, 10, v4 && !mapped ? 32 : 128, 3);
  if (!prefix || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  // A shorter prefix would take in addresses of both families.
  if (mapped && *prefix < kMappedPrefix) return std::nullopt;
  out.prefix = mapped ? *prefix - kMappedPrefix : *prefix;
  return out;
}

bool contains(const Cidr& range, const IpAddressValue& address) {
  if (range.address.family != address.family) return false;
  const std::size_t whole = range.prefix / 8;
  const auto& a = range.address.bytes;
  const auto& b = address.bytes;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin()))
    return false;
  const unsigned bits = range.prefix % 8;
  if (bits == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xffu << (8 - bits));
  return (a[whole] & mask) == (b[whole] & mask);
}

}  // namespace sealane::policy
