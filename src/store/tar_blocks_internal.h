// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sealane::store {

inline constexpr std::size_t kTarBlock = 512;
inline constexpr std::size_t kTarNameBytes = 100;
inline constexpr std::uint64_t kTarOctalMax = (1ull << 33) - 1;  // eleven octal digits

// `width` - 1 octal digits and a zero byte.
void put_octal(MutableByteSpan field, std::uint64_t value);
std::optional<std::uint64_t> take_octal(ByteSpan field);
std::uint64_t tar_checksum(ByteSpan header);

struct TarFields {
  std::string_view name;  // at most kTarNameBytes
  char type = '0';
  std::uint32_t mode = 0644;
  std::uint64_t size = 0;           // at most kTarOctalMax, as
  std::uint64_t mtime_seconds = 0;  // the time
};
void append_tar_header(Bytes& to, const TarFields& fields);

}  // namespace sealane::store
