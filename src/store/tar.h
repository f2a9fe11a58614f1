// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sealane::store {

// Appends one regular file to a tar archive.  The same input gives the same bytes: mode 0644,
// owner 0, the time given in whole seconds.
//
// Source: POSIX.1-2017 pax, ustar interchange format.
// Errors: Invalid – the name is empty or longer than 100 bytes; TooLarge – over 8 GiB.
Status tar_append(Bytes& archive, std::string_view name, ByteSpan data,
                  std::uint64_t mtime_seconds);
// Ends the archive: two blocks of zeros.
void tar_finish(Bytes& archive);
// What tar_append adds for `size` bytes of data.
std::uint64_t tar_member_bytes(std::uint64_t size);

struct TarMember {
  std::string name;
  ByteSpan data;  // view into the archive
};
// Reads regular files of a ustar archive.  Errors: Corrupt.  Bounds: `members_max` members.
Result<std::vector<TarMember>> tar_read(ByteSpan archive, std::size_t members_max = 1u << 20);

}  // namespace sealane::store
