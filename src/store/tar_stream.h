// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace sealane::store {

enum class TarKind { File, Folder };

// What stands before a member's data.
struct TarHead {
  std::string name;  // relative, `/` between parts; a folder's ends with `/`
  TarKind kind = TarKind::File;
  std::uint64_t size = 0;  // 0 for a folder
  std::uint32_t mode = 0644;
  std::uint64_t mtime_seconds = 0;
  friend bool operator==(const TarHead&, const TarHead&) = default;
};

inline constexpr std::size_t kTarNameBytesMax = 4096;

// The blocks before a member's data; the same input gives the same bytes.  A name over 100 bytes
// and a size over 8 GiB stand in a pax record before it.  Owner 0.
//
// Source: POSIX.1-2017 pax, ustar interchange format and extended header.
// Errors: Invalid – the name is empty, too long, or has a zero byte.
Result<Bytes> tar_head(const TarHead& head);
// Zeros that follow `size` bytes of data.
std::size_t tar_padding(std::uint64_t size);
// Two blocks of zeros.
Bytes tar_end();

// What a TarStream gives.  File: begin, data, end; folder: begin and end.
struct TarSink {
  std::function<Status(const TarHead&)> begin;
  std::function<Status(ByteSpan)> data;
  std::function<Status()> end;
};

// Reads an archive that comes in pieces.  Members are regular files and folders; names are as they
// were written, and what may become of them is the sink's to say.
//
// Errors:  Corrupt – no such archive, another kind of member (a link, a device: the error names
//          it), a name with a ustar prefix, bytes after the end, cut short; those of the sink.  After one the object is spent.
// Bounds:  one block, and a pax record of at most 16 KiB.
// Threads: one at a time.
class TarStream {
 public:
  explicit TarStream(TarSink sink) : sink_(std::move(sink)) {}
  Status write(ByteSpan piece);
  Status finish();

 private:
  enum class Expect { Head, Pax, PaxPadding, Data, Padding, SecondZeros, End };

  Result<std::size_t> take(ByteSpan piece);
  Status take_head();
  Status take_pax();
  Status begin_member(TarHead head);
  Status end_of_data();
  Error damaged(const std::string& what) const;

  TarSink sink_;
  Expect expect_ = Expect::Head;
  Bytes pending_;           // of a block or a pax record
  std::uint64_t left_ = 0;  // of what is expected
  std::uint64_t padding_ = 0;
  std::string last_name_;  // for errors
  std::string pax_path_;   // of the record before; empty when there was none
  bool pax_has_size_ = false;
  bool pax_seen_ = false;
  std::uint64_t pax_size_ = 0;
};

}  // namespace sealane::store
