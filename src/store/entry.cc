// SPDX-License-Identifier: Apache-2.0
#include "store/entry.h"

#include <algorithm>
#include <array>

namespace sealane::store {
namespace {

constexpr std::array<std::byte, 4> kMagic = {std::byte{'S'}, std::byte{'L'}, std::byte{'J'},
                                             std::byte{'E'}};
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kChecksumOffset = kEntryHeaderBytes - 4;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78u : 0u);
    table[i] = value;
  }
  return table;
}
constexpr auto kTable = make_table();

}  // namespace

std::uint32_t crc32c(ByteSpan data) {
  std::uint32_t state = 0xffffffffu;
  for (std::byte b : data)
    state = kTable[(state ^ std::to_integer<std::uint32_t>(b)) & 0xff] ^ (state >> 8);
  return ~state;
}

void store_entry_header(MutableByteSpan to, const EntryHeader& header) {
  copy_bytes(to, kMagic);
  store_be(to.subspan(4), kVersion);
  store_be(to.subspan(5), header.flags);
  store_be(to.subspan(6), std::uint16_t{0});
  store_be(to.subspan(8), header.message_bytes);
  store_be(to.subspan(12), header.count);
  store_be(to.subspan(16), header.first);
  store_be(to.subspan(24), header.synced_offset);
  store_be(to.subspan(kChecksumOffset), crc32c(to.first(kChecksumOffset)));
}

Result<EntryHeader> load_entry_header(ByteSpan from) {
  if (from.size() < kEntryHeaderBytes) return fail(ErrorKind::Corrupt, "the entry is cut short");
  if (!std::ranges::equal(from.first(kMagic.size()), kMagic))
    return fail(ErrorKind::Corrupt, "no entry begins here");
  if (load_be<std::uint32_t>(from.subspan(kChecksumOffset)) != crc32c(from.first(kChecksumOffset)))
    return fail(ErrorKind::Corrupt, "the entry header's checksum does not fit");
  EntryHeader header;
  const auto version = load_be<std::uint8_t>(from.subspan(4));
  header.flags = load_be<std::uint8_t>(from.subspan(5));
  const auto reserved = load_be<std::uint16_t>(from.subspan(6));
  header.message_bytes = load_be<std::uint32_t>(from.subspan(8));
  header.count = load_be<std::uint32_t>(from.subspan(12));
  header.first = load_be<std::uint64_t>(from.subspan(16));
  header.synced_offset = load_be<std::uint64_t>(from.subspan(24));
  const bool is_mark = (header.flags & kEntryIsMark) != 0;
  if (version != kVersion || (header.flags & ~kEntryIsMark) != 0 || reserved != 0)
    return fail(ErrorKind::Corrupt, "an entry of a format that this version does not know");
  if (header.message_bytes == 0 || header.message_bytes > kMessageBytesMax || header.first == 0 ||
      is_mark != (header.count == 0) || header.first + header.count < header.first)
    return fail(ErrorKind::Corrupt, "the entry header contradicts itself");
  return header;
}

std::optional<std::size_t> find_entry_header(ByteSpan bytes, std::size_t from) {
  while (from + kEntryHeaderBytes <= bytes.size()) {
    const auto rest = bytes.subspan(from);
    const auto found = std::ranges::search(rest, kMagic);
    if (found.empty()) return std::nullopt;
    from += static_cast<std::size_t>(found.begin() - rest.begin());
    if (load_entry_header(bytes.subspan(from)).ok()) return from;
    ++from;
  }
  return std::nullopt;
}

}  // namespace sealane::store
