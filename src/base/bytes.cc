// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

namespace sealane {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

std::string twenty_digits(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return digits.insert(0, 20 - digits.size(), '0');
}

std::string to_hex(ByteSpan bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::byte b : bytes) {
    out.push_back(kHex[std::to_integer<std::size_t>(b) >> 4]);
    out.push_back(kHex[std::to_integer<std::size_t>(b) & 15]);
  }
  return out;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    auto high = hex_digit(text[i]);
    auto low = hex_digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    out.push_back(static_cast<std::byte>(*high << 4 | *low));
  }
  return out;
}

std::string to_base64(ByteSpan bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  auto at = [&](std::size_t k) { return std::to_integer<std::uint32_t>(bytes[k]); };
  auto put = [&](std::uint32_t group, int characters) {
    for (int c = 0; c < characters; ++c) out.push_back(kBase64[(group >> (18 - 6 * c)) & 63]);
  };
  for (; i + 3 <= bytes.size(); i += 3) put(at(i) << 16 | at(i + 1) << 8 | at(i + 2), 4);
  if (bytes.size() - i == 1) {
    put(at(i) << 16, 2);
    out += "==";
  } else if (bytes.size() - i == 2) {
    put(at(i) << 16 | at(i + 1) << 8, 3);
    out += "=";
  }
  return out;
}

std::optional<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  if (text.ends_with("==")) {
    padding = 2;
  } else if (text.ends_with("=")) {
    padding = 1;
  }
  Bytes out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const std::size_t characters = last ? 4 - padding : 4;
    std::uint32_t group = 0;
    for (std::size_t c = 0; c < 4; ++c) {
      std::size_t digit = 0;
      if (c < characters) {
        digit = kBase64.find(text[i + c]);
        if (digit == std::string_view::npos) return std::nullopt;
      }
      group = group << 6 | static_cast<std::uint32_t>(digit);
    }
    for (std::size_t b = 0; b + 1 < characters; ++b)
      out.push_back(static_cast<std::byte>(group >> (16 - 8 * b) & 0xff));
    // The bits that padding leaves over must be zero, or two texts would mean one value.
    if (last && padding == 2 && (group & 0xffff) != 0) return std::nullopt;
    if (last && padding == 1 && (group & 0xff) != 0) return std::nullopt;
  }
  return out;
}

}  // namespace sealane
