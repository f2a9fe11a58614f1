// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdint>

#include "base/utf8.h"
#include "iac/text_internal.h"

namespace sealane::iac {
namespace {

enum class Encoding { Utf8, Utf16Little, Utf16Big };

Encoding encoding_of(std::string_view bytes) {
  if (bytes.starts_with("\xff\xfe")) return Encoding::Utf16Little;
  if (bytes.starts_with("\xfe\xff")) return Encoding::Utf16Big;
  // The first character of every format read here is ASCII.
  if (bytes.size() >= 2 && bytes[0] != '\0' && bytes[1] == '\0') return Encoding::Utf16Little;
  if (bytes.size() >= 2 && bytes[0] == '\0' && bytes[1] != '\0') return Encoding::Utf16Big;
  return Encoding::Utf8;
}

Status from_utf16(std::string_view bytes, bool little, std::string& out) {
  if (bytes.size() % 2 != 0)
    return fail(ErrorKind::Invalid, "the text is UTF-16 and ends inside a character");
  auto unit = [&](std::size_t i) {
    const auto a = static_cast<unsigned char>(bytes[i]);
    const auto b = static_cast<unsigned char>(bytes[i + 1]);
    return static_cast<std::uint32_t>(little ? a | (b << 8) : (a << 8) | b);
  };
  out.reserve(bytes.size() / 2 + 16);
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    std::uint32_t c = unit(i);
    if (c >= 0xd800 && c < 0xe000) {
      const std::uint32_t low = c < 0xdc00 && i + 4 <= bytes.size() ? unit(i + 2) : 0;
      if (low < 0xdc00 || low >= 0xe000)
        return fail(ErrorKind::Invalid,
                    fmt::format("half of a UTF-16 surrogate pair stands alone at byte {}", i));
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
      i += 2;
    }
    append_utf8(out, c);
  }
  return {};
}

}  // namespace

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

Result<std::string_view> utf8_of(std::string_view bytes, std::string& owned) {
  std::string_view text = bytes;
  const Encoding encoding = encoding_of(bytes);
  if (encoding != Encoding::Utf8) {
    SEALANE_TRY(from_utf16(bytes, encoding == Encoding::Utf16Little, owned));
    text = owned;
  } else if (!is_utf8(text)) {
    return fail(ErrorKind::Invalid, "the text is neither UTF-8 nor UTF-16");
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return text;
}

}  // namespace sealane::iac
