// SPDX-License-Identifier: Apache-2.0
#include "store/tar_stream.h"

#include <algorithm>
#include <charconv>

#include "store/tar_blocks_internal.h"

namespace sealane::store {
namespace {

constexpr std::uint64_t kPaxBytesMax = 16u << 10;
constexpr std::size_t kTarPrefixAt = 345;
constexpr std::string_view kPaxName = "././@PaxHeader";

// `length SPACE key=value LF`, where length counts itself.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::string rest = " " + std::string(key) + "=" + std::string(value) + "\n";
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length)
    length = std::to_string(length).size() + rest.size();
  return std::to_string(length) + rest;
}

std::string_view kind_of(char type) {
  switch (type) {
    case '1': return "a hard link";
    case '2': return "a symbolic link";
    case '3': return "a character device";
    case '4': return "a block device";
    case '6': return "a pipe";
    default: return "no regular file";
  }
}

}  // namespace

Result<Bytes> tar_head(const TarHead& head) {
  if (head.name.empty() || head.name.size() > kTarNameBytesMax ||
      head.name.find('\0') != std::string::npos)
    return fail(ErrorKind::Invalid, "a tar member's name has 1 to " +
                                        std::to_string(kTarNameBytesMax) +
                                        " bytes, none of them 0");
  std::string records;
  if (head.name.size() > kTarNameBytes) records += pax_record("path", head.name);
  if (head.size > kTarOctalMax) records += pax_record("size", std::to_string(head.size));
  Bytes out;
  if (!records.empty()) {
    append_tar_header(out, {.name = kPaxName, .type = 'x', .size = records.size()});
    append(out, records);
    out.resize(out.size() + tar_padding(records.size()));
  }
  append_tar_header(out, {.name = std::string_view(head.name).substr(0, kTarNameBytes),
                          .type = head.kind == TarKind::Folder ? '5' : '0',
                          .mode = head.mode,
                          .size = head.size > kTarOctalMax ? 0 : head.size,
                          .mtime_seconds = std::min(head.mtime_seconds, kTarOctalMax)});
  return out;
}

std::size_t tar_padding(std::uint64_t size) {
  return static_cast<std::size_t>((kTarBlock - size % kTarBlock) % kTarBlock);
}

Bytes tar_end() { return Bytes(2 * kTarBlock); }

Error TarStream::damaged(const std::string& what) const {
  return fail(ErrorKind::Corrupt, "the archive is damaged " +
                                      (last_name_.empty() ? std::string("at its beginning")
                                                          : "after `" + last_name_ + "`") +
                                      ": " + what);
}

Status TarStream::write(ByteSpan piece) {
  while (!piece.empty()) {
    SEALANE_ASSIGN(const std::size_t taken, take(piece));
    piece = piece.subspan(taken);
  }
  return {};
}

Result<std::size_t> TarStream::take(ByteSpan piece) {
  if (expect_ == Expect::End) return damaged("bytes follow its end");
  if (expect_ == Expect::Data || expect_ == Expect::Padding || expect_ == Expect::PaxPadding) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece.size()));
    if (expect_ == Expect::Data) SEALANE_TRY(sink_.data(piece.first(count)));
    left_ -= count;
    if (left_ == 0) SEALANE_TRY(end_of_data());
    return count;
  }
  const std::uint64_t unit = expect_ == Expect::Pax ? left_ : kTarBlock;
  const auto count =
      static_cast<std::size_t>(std::min<std::uint64_t>(unit - pending_.size(), piece.size()));
  append(pending_, piece.first(count));
  if (pending_.size() < unit) return count;
  SEALANE_TRY(expect_ == Expect::Pax ? take_pax() : take_head());
  pending_.clear();
  return count;
}

Status TarStream::end_of_data() {
  if (expect_ == Expect::Data && padding_ > 0) {
    expect_ = Expect::Padding;
    left_ = padding_;
    return {};
  }
  const bool member = expect_ != Expect::PaxPadding;
  expect_ = Expect::Head;
  return member ? sink_.end() : Status();
}

Status TarStream::take_head() {
  const ByteSpan block(pending_);
  const bool zeros =
      std::all_of(block.begin(), block.end(), [](std::byte b) { return b == std::byte{0}; });
  if (zeros || expect_ == Expect::SecondZeros) {
    if (!zeros || pax_seen_) return damaged("it ends in the middle");
    expect_ = expect_ == Expect::Head ? Expect::SecondZeros : Expect::End;
    return {};
  }
  const auto checksum = take_octal(block.subspan(148, 8));
  const auto size = take_octal(block.subspan(124, 12));
  const auto mode = take_octal(block.subspan(100, 8));
  const auto mtime = take_octal(block.subspan(136, 12));
  if (!checksum || *checksum != tar_checksum(block) || !size || !mode || !mtime ||
      as_text(block.subspan(257, 5)) != "ustar")
    return damaged("no member's header");
  // Other readers put it before the name: what they would make is not what this one would.
  if (block[kTarPrefixAt] != std::byte{0}) return damaged("a name in two parts, never written");
  const std::string_view field = as_text(block.first(kTarNameBytes));
  const char type = static_cast<char>(block[156]);
  if (type == 'x') {
    if (pax_seen_ || *size == 0 || *size > kPaxBytesMax) return damaged("no pax record");
    pax_seen_ = true;
    expect_ = Expect::Pax;
    left_ = *size;
    return {};
  }
  TarHead head{.name = std::string(field.substr(0, field.find('\0'))),
               .kind = type == '5' ? TarKind::Folder : TarKind::File,
               .size = *size,
               .mode = static_cast<std::uint32_t>(*mode & 07777),
               .mtime_seconds = *mtime};
  if (pax_seen_ && !pax_path_.empty()) head.name = std::move(pax_path_);
  if (pax_seen_ && pax_has_size_) head.size = pax_size_;
  pax_path_.clear();
  pax_seen_ = pax_has_size_ = false;
  last_name_ = head.name;
  if (type != '0' && type != '5')
    return fail(ErrorKind::Corrupt,
                "`" + head.name + "` is " + std::string(kind_of(type)) + " in the archive");
  if (head.name.empty() || (head.kind == TarKind::Folder) != head.name.ends_with('/') ||
      (head.kind == TarKind::Folder && head.size != 0))
    return damaged("no member's name and kind");
  return begin_member(std::move(head));
}

Status TarStream::begin_member(TarHead head) {
  SEALANE_TRY(sink_.begin(head));
  if (head.size == 0) {
    expect_ = Expect::Head;
    return sink_.end();
  }
  expect_ = Expect::Data;
  left_ = head.size;
  padding_ = tar_padding(head.size);
  return {};
}

Status TarStream::take_pax() {
  std::string_view rest = as_text(pending_);
  while (!rest.empty()) {
    std::size_t length = 0;
    const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    const auto digits = static_cast<std::size_t>(end - rest.data());
    if (code != std::errc() || length <= digits + 1 || length > rest.size() ||
        rest[digits] != ' ' || rest[length - 1] != '\n')
      return damaged("no pax record");
    const std::string_view pair = rest.substr(digits + 1, length - digits - 2);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return damaged("no pax record");
    const std::string_view key = pair.substr(0, equals);
    const std::string_view value = pair.substr(equals + 1);
    if (key == "path" && !value.empty() && value.size() <= kTarNameBytesMax &&
        value.find('\0') == std::string_view::npos) {
      pax_path_ = value;
    } else if (key == "size") {
      const auto [last, wrong] =
          std::from_chars(value.data(), value.data() + value.size(), pax_size_);
      if (wrong != std::errc() || last != value.data() + value.size())
        return damaged("no pax record");
      pax_has_size_ = true;
    } else {
      return damaged("a pax record that is never written");
    }
    rest.remove_prefix(length);
  }
  padding_ = tar_padding(pending_.size());
  left_ = padding_;
  expect_ = left_ > 0 ? Expect::PaxPadding : Expect::Head;
  return {};
}

Status TarStream::finish() {
  if (expect_ != Expect::End) return damaged("it is cut short");
  return {};
}

}  // namespace sealane::store
