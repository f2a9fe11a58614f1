// SPDX-License-Identifier: Apache-2.0
#include "store/tar.h"

#include <array>
#include <optional>

namespace sealane::store {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameBytes = 100;
constexpr std::uint64_t kSizeMax = (1ull << 33) - 1;  // eleven octal digits

std::uint64_t padded(std::uint64_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

// `width` - 1 octal digits and a zero byte.
void put_octal(MutableByteSpan field, std::uint64_t value) {
  field[field.size() - 1] = std::byte{0};
  for (std::size_t i = field.size() - 1; i-- > 0; value >>= 3)
    field[i] = static_cast<std::byte>('0' + (value & 7));
}

std::optional<std::uint64_t> take_octal(ByteSpan field) {
  std::uint64_t value = 0;
  bool any = false;
  for (std::byte b : field) {
    const char c = static_cast<char>(b);
    if (c == '\0' || c == ' ') {
      if (any) break;
      continue;
    }
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
    any = true;
  }
  return any ? std::optional(value) : std::nullopt;
}

std::uint64_t checksum_of(ByteSpan header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i)
    sum += (i >= 148 && i < 156) ? std::uint64_t{' '} : std::to_integer<std::uint64_t>(header[i]);
  return sum;
}

}  // namespace

std::uint64_t tar_member_bytes(std::uint64_t size) { return kBlock + padded(size); }

Status tar_append(Bytes& archive, std::string_view name, ByteSpan data,
                  std::uint64_t mtime_seconds) {
  if (name.empty() || name.size() > kNameBytes)
    return fail(ErrorKind::Invalid, "a tar member's name has 1 to 100 bytes");
  if (data.size() > kSizeMax || mtime_seconds > kSizeMax)
    return fail(ErrorKind::TooLarge, "a tar member has at most 8 GiB");
  std::array<std::byte, kBlock> header{};
  const MutableByteSpan at(header);
  copy_bytes(at, as_bytes(name));
  put_octal(at.subspan(100, 8), 0644);
  put_octal(at.subspan(108, 8), 0);
  put_octal(at.subspan(116, 8), 0);
  put_octal(at.subspan(124, 12), data.size());
  put_octal(at.subspan(136, 12), mtime_seconds);
  header[156] = static_cast<std::byte>('0');  // regular file
  copy_bytes(at.subspan(257), as_bytes(std::string_view("ustar\00000", 8)));
  put_octal(at.subspan(329, 8), 0);
  put_octal(at.subspan(337, 8), 0);
  put_octal(at.subspan(148, 7), checksum_of(header));
  header[155] = static_cast<std::byte>(' ');
  append(archive, header);
  append(archive, data);
  archive.resize(archive.size() + static_cast<std::size_t>(padded(data.size()) - data.size()));
  return {};
}

void tar_finish(Bytes& archive) { archive.resize(archive.size() + 2 * kBlock); }

Result<std::vector<TarMember>> tar_read(ByteSpan archive, std::size_t members_max) {
  const Error damaged = fail(ErrorKind::Corrupt, "not a tar archive");
  std::vector<TarMember> members;
  ByteReader reader(archive);
  for (;;) {
    auto header = reader.take(kBlock);
    if (!header) return damaged;
    if ((*header)[0] == std::byte{0}) break;
    auto size = take_octal(header->subspan(124, 12));
    auto checksum = take_octal(header->subspan(148, 8));
    if (!size || !checksum || *checksum != checksum_of(*header) || *size > reader.left() ||
        members.size() >= members_max || as_text(header->subspan(257, 5)) != "ustar")
      return damaged;
    auto data = reader.take(static_cast<std::size_t>(padded(*size)));
    if (!data) return damaged;
    const std::string_view name = as_text(header->first(kNameBytes));
    members.push_back({std::string(name.substr(0, name.find('\0'))),
                       data->first(static_cast<std::size_t>(*size))});
  }
  return members;
}

}  // namespace sealane::store
