// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace sealane {
namespace {

constexpr bool between(unsigned char byte, unsigned low, unsigned high) {
  return byte >= low && byte <= high;
}

// The length of the character that begins at text[at], 0 when there is none.  RFC 3629 §4.
std::size_t character_at(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const std::size_t left = text.size() - at;
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (between(lead, 0xc2, 0xdf)) return left >= 2 && between(byte(1), 0x80, 0xbf) ? 2 : 0;
  if (between(lead, 0xe0, 0xef)) {
    const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : 0xbf;
    return left >= 3 && between(byte(1), low, high) && between(byte(2), 0x80, 0xbf) ? 3 : 0;
  }
  if (between(lead, 0xf0, 0xf4)) {
    const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
    return left >= 4 && between(byte(1), low, high) && between(byte(2), 0x80, 0xbf) &&
                   between(byte(3), 0x80, 0xbf)
               ? 4
               : 0;
  }
  return 0;
}

bool ascii_word_at(std::string_view text, std::size_t at) {
  std::uint64_t word = 0;
  copy_bytes(std::as_writable_bytes(std::span(&word, 1)), as_bytes(text.substr(at, sizeof word)));
  return (word & 0x8080808080808080ULL) == 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.size() - at >= 8 && ascii_word_at(text, at)) {
      at += 8;
      continue;
    }
    const std::size_t length = character_at(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace sealane
