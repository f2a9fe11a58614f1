// SPDX-License-Identifier: Apache-2.0
#include "store/tar_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "store/tar.h"

namespace sealane::store {
namespace {

struct Member {
  TarHead head;
  std::string data;
  bool ended = false;
  friend bool operator==(const Member&, const Member&) = default;
};

Bytes archive_of(const std::vector<Member>& members) {
  Bytes out;
  for (const Member& each : members) {
    append(out, tar_head(each.head).value());
    append(out, each.data);
    out.resize(out.size() + tar_padding(each.data.size()));
  }
  append(out, tar_end());
  return out;
}

struct Reading {
  std::vector<Member> members;
  std::string error;
};
Reading read(ByteSpan archive, std::size_t piece = 1u << 20) {
  Reading out;
  TarStream stream({.begin = [&](const TarHead& head) -> Status {
                      out.members.push_back({head, "", false});
                      return {};
                    },
                    .data = [&](ByteSpan data) -> Status {
                      out.members.back().data += as_text(data);
                      return {};
                    },
                    .end = [&]() -> Status {
                      out.members.back().ended = true;
                      return {};
                    }});
  for (std::size_t at = 0; at < archive.size(); at += piece) {
    const Status written = stream.write(archive.subspan(at, std::min(piece, archive.size() - at)));
    if (!written.ok()) {
      out.error = written.error().message;
      return out;
    }
  }
  if (const Status end = stream.finish(); !end.ok()) out.error = end.error().message;
  return out;
}

const std::vector<Member>& sample() {
  static const std::vector<Member> kSample{
      {{.name = "./", .kind = TarKind::Folder, .mode = 0750, .mtime_seconds = 5}, "", true},
      {{.name = "a.txt", .size = 3, .mode = 0640, .mtime_seconds = 1700000000}, "abc", true},
      {{.name = "empty", .size = 0, .mode = 0400}, "", true},
      {{.name = "block", .size = 512}, std::string(512, 'x'), true},
      {{.name = std::string(150, 'n') + "/" + std::string(200, 'm'), .size = 600},
       std::string(600, 'y'),
       true}};
  return kSample;
}

TEST(TarStream, WhatIsWrittenIsReadInPiecesOfAnySize) {
  const Bytes archive = archive_of(sample());
  EXPECT_EQ(archive.size() % 512, 0u);
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{511}, std::size_t{512}, archive.size()}) {
    const Reading found = read(archive, piece);
    EXPECT_EQ(found.error, "") << piece;
    EXPECT_EQ(found.members, sample()) << piece;
  }
}

TEST(TarStream, SizesOverEightGigabytesStandInAPaxRecord) {
  const std::uint64_t size = (std::uint64_t{1} << 33) + 7;
  const Bytes head = tar_head({.name = "big", .size = size}).value();
  std::uint64_t seen = 0;
  TarStream stream({.begin = [&](const TarHead& found) -> Status {
                      seen = found.size;
                      return {};
                    },
                    .data = [](ByteSpan) { return Status(); },
                    .end = [] { return Status(); }});
  ASSERT_TRUE(stream.write(head).ok());
  EXPECT_EQ(seen, size);
}

TEST(TarStream, TheOneAndTheOtherReaderAgreeOnRecords) {
  Bytes archive;
  ASSERT_TRUE(tar_append(archive, "1.json", as_bytes("{}"), 7).ok());
  tar_finish(archive);
  const Reading found = read(archive);
  EXPECT_EQ(found.error, "");
  ASSERT_EQ(found.members.size(), 1u);
  EXPECT_EQ(found.members[0].head, (TarHead{.name = "1.json", .size = 2, .mtime_seconds = 7}));
  EXPECT_EQ(tar_read(archive_of({sample()[1]})).value()[0].name, "a.txt");
}

TEST(TarStream, CutAtEveryByteIsRefused) {
  const Bytes archive = archive_of({sample()[1], sample()[4]});
  for (std::size_t size = 0; size < archive.size(); ++size)
    ASSERT_NE(read(ByteSpan(archive).first(size)).error, "") << size;
  Bytes longer = archive;
  longer.push_back({});
  EXPECT_NE(read(longer).error.find("bytes follow its end"), std::string::npos);
}

// The checksum is a sum of the bytes: what was added to one, its last digits take.
void add_to_checksum(Bytes& head, std::size_t more) {
  for (std::size_t digit = 153; more > 0; --digit) {
    const std::size_t value = static_cast<std::size_t>(head[digit]) - '0' + more;
    head[digit] = static_cast<std::byte>('0' + value % 8);
    more = value / 8;
  }
}

// To `tar` it would be `p/name`.
TEST(TarStream, ANameInTwoPartsIsRefused) {
  Bytes head = tar_head({.name = "name"}).value();
  head[345] = std::byte{'p'};
  add_to_checksum(head, 'p');
  const Reading found = read(head);
  EXPECT_NE(found.error.find("a name in two parts"), std::string::npos) << found.error;
  EXPECT_TRUE(found.members.empty());
}

TEST(TarStream, AHeaderThatIsNoneIsRefused) {
  const Bytes good = tar_head({.name = "name", .size = 7}).value();
  ASSERT_EQ(read(good).members.size(), 1u);
  for (const std::size_t at : {0u, 100u, 130u, 140u, 150u, 156u, 257u, 300u}) {
    Bytes head = good;
    head[at] ^= std::byte{1};
    const Reading found = read(head);
    EXPECT_NE(found.error.find("no member's header"), std::string::npos) << at;
    EXPECT_TRUE(found.members.empty()) << at;
  }
}

TEST(TarStream, OneBlockOfZerosIsNoEndAndNothingFollowsIt) {
  Bytes archive = tar_head({.name = "first"}).value();
  archive.resize(archive.size() + 512);
  append(archive, tar_head({.name = "second"}).value());
  append(archive, tar_end());
  const Reading found = read(archive);
  EXPECT_NE(found.error.find("it ends in the middle"), std::string::npos) << found.error;
  EXPECT_EQ(found.members.size(), 1u);
}

// A record that stands before a record, is empty or too long; what stands before no member.
TEST(TarStream, PaxRecordsStandOnceBeforeTheirMember) {
  const Bytes whole = tar_head({.name = std::string(150, 'n')}).value();
  ASSERT_EQ(whole.size(), 3u * 512);
  const ByteSpan record = ByteSpan(whole).first(1024);
  Bytes twice = to_bytes(record);
  append(twice, record);
  EXPECT_NE(read(twice).error.find("no pax record"), std::string::npos);
  Bytes alone = to_bytes(record);
  append(alone, tar_end());
  EXPECT_NE(read(alone).error.find("it ends in the middle"), std::string::npos);
  for (const char* size : {"00000000000", "00000040001"}) {  // 0 and 16 KiB + 1
    Bytes other = to_bytes(record);
    copy_bytes(MutableByteSpan(other).subspan(124), as_bytes(std::string_view(size)));
    // Checksums of other digits: counted anew.
    std::uint64_t sum = 8 * ' ';
    for (std::size_t i = 0; i < 512; ++i)
      if (i < 148 || i >= 156) sum += std::to_integer<std::uint64_t>(other[i]);
    for (std::size_t i = 154; i-- > 148; sum /= 8) other[i] = static_cast<std::byte>('0' + sum % 8);
    EXPECT_NE(read(other).error.find("no pax record"), std::string::npos) << size;
  }
}

TEST(TarStream, AFoldersNameEndsWithASlashAndItHasNoData) {
  for (const TarHead& head :
       {TarHead{.name = "f/", .kind = TarKind::File}, TarHead{.name = "f", .kind = TarKind::Folder},
        TarHead{.name = "f/", .kind = TarKind::Folder, .size = 1}}) {
    const Reading found = read(tar_head(head).value());
    EXPECT_NE(found.error.find("no member's name and kind"), std::string::npos) << head.name;
    EXPECT_TRUE(found.members.empty());
  }
}

TEST(TarStream, LinksAndDevicesAreRefusedByName) {
  const std::pair<char, const char*> kinds[] = {{'1', "`name` is a hard link"},
                                                {'2', "`name` is a symbolic link"},
                                                {'3', "`name` is a character device"},
                                                {'4', "`name` is a block device"},
                                                {'6', "`name` is a pipe"},
                                                {'7', "`name` is no regular file"}};
  for (const auto& [type, text] : kinds) {
    Bytes head = tar_head({.name = "name"}).value();
    head[156] = static_cast<std::byte>(type);
    add_to_checksum(head, static_cast<std::size_t>(type - '0'));
    const Reading found = read(head);
    EXPECT_EQ(found.error.find(text), 0u) << found.error;
    EXPECT_TRUE(found.members.empty());
  }
}

TEST(TarStream, NamesThatCannotBeAreNotWritten) {
  EXPECT_EQ(tar_head({.name = ""}).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(tar_head({.name = std::string(4097, 'x')}).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(tar_head({.name = std::string("a\0b", 3)}).error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace sealane::store
