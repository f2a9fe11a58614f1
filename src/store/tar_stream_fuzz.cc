// SPDX-License-Identifier: Apache-2.0
// Whatever an archive is, it reads alike in pieces of any size; a sink gets members that are whole
// and nothing else; and what was read to its end comes back when it is written again.
//
// Input: size of the pieces; flags; the archive.  Flags: 1 – checksums of headers are corrected,
// without which hardly a changed header would be read; 2 – in place of an archive stand edits of a
// good one, three bytes each: position and what is added by XOR.
#include <cstdlib>
#include <vector>

#include "store/tar_blocks_internal.h"
#include "store/tar_stream.h"

namespace {

using namespace sealane;
using namespace sealane::store;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Member {
  TarHead head;
  Bytes data;
  friend bool operator==(const Member&, const Member&) = default;
};
struct Reading {
  std::vector<Member> members;
  bool inside = false;  // of a member
  std::string error;
  friend bool operator==(const Reading&, const Reading&) = default;
};

Status begin(Reading& out, const TarHead& head) {
  require(!out.inside && !head.name.empty() && head.name.size() <= kTarNameBytesMax &&
          head.name.find('\0') == std::string::npos && head.mode <= 07777);
  require(head.name.ends_with('/') == (head.kind == TarKind::Folder) &&
          (head.kind == TarKind::File || head.size == 0));
  out.inside = true;
  out.members.push_back({head, {}});
  return {};
}
Status data(Reading& out, ByteSpan bytes) {
  require(out.inside &&
          out.members.back().data.size() + bytes.size() <= out.members.back().head.size);
  append(out.members.back().data, bytes);
  return {};
}
Status end(Reading& out) {
  require(out.inside && out.members.back().data.size() == out.members.back().head.size);
  out.inside = false;
  return {};
}

Reading read(ByteSpan archive, std::size_t piece) {
  Reading out;
  TarStream stream({.begin = [&](const TarHead& head) { return begin(out, head); },
                    .data = [&](ByteSpan bytes) { return data(out, bytes); },
                    .end = [&] { return end(out); }});
  Status done;
  while (done.ok() && !archive.empty()) {
    const ByteSpan next = archive.first(std::min(piece, archive.size()));
    done = stream.write(next);
    archive = archive.subspan(next.size());
  }
  if (done.ok()) done = stream.finish();
  if (!done.ok()) out.error = done.error().message;
  require(!done.ok() || !out.inside);
  return out;
}

bool is_header(ByteSpan block) { return as_text(block.subspan(257, 5)) == "ustar"; }

void correct_checksums(MutableByteSpan archive) {
  for (; archive.size() >= kTarBlock; archive = archive.subspan(kTarBlock))
    if (is_header(archive.first(kTarBlock)))
      put_octal(archive.subspan(148, 7), tar_checksum(archive.first(kTarBlock)));
}

// Counted apart from tar_checksum.
std::uint64_t sum_of(ByteSpan header) {
#ifdef SEALANE_PLANTED_DEFECT
  using Counted = signed char;  // as tar programs of old did
#else
  using Counted = unsigned char;
#endif
  std::int64_t sum = 8 * ' ';
  for (std::size_t i = 0; i < header.size(); ++i)
    if (i < 148 || i >= 156) sum += static_cast<Counted>(header[i]);
  return static_cast<std::uint64_t>(sum);
}

Bytes write_again(const std::vector<Member>& members) {
  Bytes out;
  for (const Member& each : members) {
    const Bytes head = tar_head(each.head).value();
    const ByteSpan last = ByteSpan(head).last(kTarBlock);
    require(take_octal(last.subspan(148, 8)) == sum_of(last));
    append(out, head);
    append(out, each.data);
    out.resize(out.size() + tar_padding(each.data.size()));
  }
  append(out, tar_end());
  return out;
}

Bytes edited(ByteReader edits) {
  static const Bytes kGood = write_again(
      {{{.name = "a/", .kind = TarKind::Folder, .mode = 0755}, {}},
       {{.name = "a/b", .size = 4, .mtime_seconds = 1700000000}, to_bytes("text")},
       {{.name = std::string(60, 'n') + "/" + std::string(60, 'm'), .size = 512}, Bytes(512)}});
  Bytes out = kGood;
  while (edits.left() >= 3) {
    const std::size_t at = edits.be<std::uint16_t>().value();
    out[at % out.size()] ^= static_cast<std::byte>(edits.be<std::uint8_t>().value());
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  ByteReader reader(std::as_bytes(std::span(input, size)));
  const auto piece = reader.be<std::uint8_t>();
  const auto flags = reader.be<std::uint8_t>();
  if (!piece || !flags) return 0;
  Bytes archive = (*flags & 2) != 0 ? edited(reader) : to_bytes(reader.rest());
  if ((*flags & 1) != 0) correct_checksums(archive);
  const Reading whole = read(archive, archive.size() + 1);
  require(read(archive, *piece + std::size_t{1}) == whole);
  if (!whole.error.empty()) return 0;
  for (const Member& each : whole.members)
    if (each.head.mtime_seconds > kTarOctalMax) return 0;  // written as the largest
  require(read(write_again(whole.members), 512) == whole);
  return 0;
}
