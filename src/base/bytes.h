// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"

namespace sealane {

using Bytes = std::vector<std::byte>;
using ByteSpan = std::span<const std::byte>;
using MutableByteSpan = std::span<std::byte>;

// The only places where text and bytes are looked at as one another.
inline ByteSpan as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline const unsigned char* as_uchar(ByteSpan bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* as_uchar(MutableByteSpan bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}
inline Bytes to_bytes(ByteSpan bytes) { return Bytes(bytes.begin(), bytes.end()); }
inline Bytes to_bytes(std::string_view text) { return to_bytes(as_bytes(text)); }
inline std::string to_text(ByteSpan bytes) { return std::string(as_text(bytes)); }

// Copies all of `from` to the front of `to`, which must be at least as long.
inline void copy_bytes(MutableByteSpan to, ByteSpan from) {
  SEALANE_CHECK(to.size() >= from.size());
  if (!from.empty()) std::memmove(to.data(), from.data(), from.size());
}
inline void append(Bytes& to, ByteSpan from) { to.insert(to.end(), from.begin(), from.end()); }
inline void append(Bytes& to, std::string_view from) { append(to, as_bytes(from)); }

// Narrows an integer; a value that does not fit is a bug.
template <std::integral To, std::integral From>
constexpr To checked_cast(From value) {
  SEALANE_CHECK(std::in_range<To>(value));
  return static_cast<To>(value);
}

// Big-endian integers (network order).
template <std::unsigned_integral T>
void put_be(Bytes& to, T value) {
  for (std::size_t i = sizeof(T); i-- > 0;)
    to.push_back(static_cast<std::byte>((value >> (8 * i)) & 0xff));
}
template <std::unsigned_integral T>
void store_be(MutableByteSpan to, T value) {
  SEALANE_CHECK(to.size() >= sizeof(T));
  for (std::size_t i = 0; i < sizeof(T); ++i)
    to[i] = static_cast<std::byte>((value >> (8 * (sizeof(T) - 1 - i))) & 0xff);
}
template <std::unsigned_integral T>
T load_be(ByteSpan from) {
  SEALANE_CHECK(from.size() >= sizeof(T));
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>((value << 8) | std::to_integer<T>(from[i]));
  return value;
}

// Reads fields off the front of bytes.  Every getter returns nothing when too little is left and
// then leaves the position where it was.  Views point into the bytes given.
class ByteReader {
 public:
  explicit ByteReader(ByteSpan bytes) : bytes_(bytes) {}

  std::size_t position() const { return position_; }
  std::size_t left() const { return bytes_.size() - position_; }
  bool empty() const { return left() == 0; }
  ByteSpan rest() const { return bytes_.subspan(position_); }

  std::optional<ByteSpan> take(std::size_t count) {
    if (count > left()) return std::nullopt;
    ByteSpan out = bytes_.subspan(position_, count);
    position_ += count;
    return out;
  }
  template <std::unsigned_integral T>
  std::optional<T> be() {
    auto field = take(sizeof(T));
    if (!field) return std::nullopt;
    return load_be<T>(*field);
  }

 private:
  ByteSpan bytes_;
  std::size_t position_ = 0;
};

// `number` in decimal with zeros in front, 20 digits: names that sort as their numbers do.
std::string twenty_digits(std::uint64_t number);

std::string to_hex(ByteSpan bytes);
std::optional<Bytes> from_hex(std::string_view text);
// RFC 4648 §4, with padding; decoding refuses anything else.
std::string to_base64(ByteSpan bytes);
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace sealane
