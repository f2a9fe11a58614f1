// SPDX-License-Identifier: Apache-2.0
#include "store/tar.h"

#include <array>
#include <optional>

#include "store/tar_blocks_internal.h"

namespace sealane::store {
namespace {

std::uint64_t padded(std::uint64_t size) { return (size + kTarBlock - 1) / kTarBlock * kTarBlock; }

}  // namespace

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

std::uint64_t tar_checksum(ByteSpan header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kTarBlock; ++i)
    sum += (i >= 148 && i < 156) ? std::uint64_t{' '} : std::to_integer<std::uint64_t>(header[i]);
  return sum;
}

void append_tar_header(Bytes& to, const TarFields& fields) {
  std::array<std::byte, kTarBlock> header{};
  const MutableByteSpan at(header);
  copy_bytes(at, as_bytes(fields.name));
  put_octal(at.subspan(100, 8), fields.mode);
  put_octal(at.subspan(108, 8), 0);
  put_octal(at.subspan(116, 8), 0);
  put_octal(at.subspan(124, 12), fields.size);
  put_octal(at.subspan(136, 12), fields.mtime_seconds);
  header[156] = static_cast<std::byte>(fields.type);
  copy_bytes(at.subspan(257), as_bytes(std::string_view("ustar\00000", 8)));
  put_octal(at.subspan(329, 8), 0);
  put_octal(at.subspan(337, 8), 0);
  put_octal(at.subspan(148, 7), tar_checksum(header));
  header[155] = static_cast<std::byte>(' ');
  append(to, header);
}

std::uint64_t tar_member_bytes(std::uint64_t size) { return kTarBlock + padded(size); }

Status tar_append(Bytes& archive, std::string_view name, ByteSpan data,
                  std::uint64_t mtime_seconds) {
  if (name.empty() || name.size() > kTarNameBytes)
    return fail(ErrorKind::Invalid, "a tar member's name has 1 to 100 bytes");
  if (data.size() > kTarOctalMax || mtime_seconds > kTarOctalMax)
    return fail(ErrorKind::TooLarge, "a tar member has at most 8 GiB");
  append_tar_header(archive, {.name = name, .size = data.size(), .mtime_seconds = mtime_seconds});
  append(archive, data);
  archive.resize(archive.size() + static_cast<std::size_t>(padded(data.size()) - data.size()));
  return {};
}

void tar_finish(Bytes& archive) { archive.resize(archive.size() + 2 * kTarBlock); }

Result<std::vector<TarMember>> tar_read(ByteSpan archive, std::size_t members_max) {
  const Error damaged = fail(ErrorKind::Corrupt, "not a tar archive");
  std::vector<TarMember> members;
  ByteReader reader(archive);
  for (;;) {
    auto header = reader.take(kTarBlock);
    if (!header) return damaged;
    if ((*header)[0] == std::byte{0}) break;
    auto size = take_octal(header->subspan(124, 12));
    auto checksum = take_octal(header->subspan(148, 8));
    if (!size || !checksum || *checksum != tar_checksum(*header) || *size > reader.left() ||
        members.size() >= members_max || as_text(header->subspan(257, 5)) != "ustar")
      return damaged;
    auto data = reader.take(static_cast<std::size_t>(padded(*size)));
    if (!data) return damaged;
    const std::string_view name = as_text(header->first(kTarNameBytes));
    members.push_back({std::string(name.substr(0, name.find('\0'))),
                       data->first(static_cast<std::size_t>(*size))});
  }
  return members;
}

}  // namespace sealane::store
