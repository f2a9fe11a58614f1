// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "envelope/seekable.h"
#include "envelope/stream_opener.h"

namespace sealane::envelope {

inline ReadAt reader_of(const Bytes& message) {
  return [&message](std::uint64_t offset, MutableByteSpan to) -> Status {
    if (offset > message.size() || to.size() > message.size() - offset)
      return fail(ErrorKind::Internal, "read outside the message");
    copy_bytes(to, ByteSpan(message).subspan(offset, to.size()));
    return {};
  };
}

// What a StreamOpener released of a message in pieces, and how it ended.
struct Streamed {
  Bytes released;
  Status status;
};
inline Streamed open_in_pieces(ByteSpan message, const DataKeyFor& find,
                               StreamOpenerOptions options, std::size_t piece) {
  Streamed out;
  Cipher cipher;
  StreamOpener opener(
      cipher, find,
      [&](ByteSpan bytes) -> Status {
        append(out.released, bytes);
        return {};
      },
      std::move(options));
  while (!message.empty() && out.status.ok()) {
    const ByteSpan now = message.first(std::min(piece, message.size()));
    out.status = opener.write(now);
    message = message.subspan(now.size());
  }
  if (out.status.ok()) out.status = opener.finish();
  return out;
}

}  // namespace sealane::envelope
