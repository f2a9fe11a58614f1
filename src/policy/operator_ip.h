// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sealane::policy {

// An IPv4 or IPv6 address in canonical binary form.  An IPv4 address mapped into IPv6 is IPv4: a
// listener on both families reports such, and a rule for the address means it.
struct IpAddressValue {
  enum class Family : std::uint8_t { V4, V6 };
  Family family = Family::V4;
  std::array<std::uint8_t, 16> bytes{};  // V4 uses the first four
};

// A range of addresses.
struct Cidr {
  IpAddressValue address;
  unsigned prefix = 0;
};

std::optional<IpAddressValue> parse_ip(std::string_view text);
// An address alone is a range of one.
std::optional<Cidr> parse_cidr(std::string_view text);
// False when the families differ.
bool contains(const Cidr& range, const IpAddressValue& address);

}  // namespace sealane::policy
