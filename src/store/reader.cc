// SPDX-License-Identifier: Apache-2.0
#include "store/reader.h"

#include <algorithm>

#include "store/journal_internal.h"

namespace sealane::store {

JournalReader::JournalReader(Env& env, keys::Opener& opener, JournalName name, std::uint64_t from,
                             const BlockLimits& limits)
    : env_(env), opener_(opener), name_(std::move(name)), limits_(limits), next_(from) {}

Result<JournalReader::Entry> JournalReader::read_entry(std::uint64_t trusted_bytes) {
  auto corrupt = [&](std::string_view what) {
    return corrupt_at(segment_, offset_, expected_, what);
  };
  std::array<std::byte, kEntryHeaderBytes> front{};
  if (trusted_bytes - offset_ < front.size()) return corrupt("the entry is cut short");
  SEALANE_ASSIGN(const std::size_t got, file_->read_at(offset_, front));
  auto header = load_entry_header(ByteSpan(front).first(got));
  if (!header.ok()) return corrupt(header.error().message);
  if (header->message_bytes > trusted_bytes - offset_ - front.size())
    return corrupt("the entry is longer than the segment");
  Entry out;
  out.whole.resize(front.size() + header->message_bytes);
  SEALANE_ASSIGN(const std::size_t whole, file_->read_at(offset_, out.whole));
  if (whole != out.whole.size()) return corrupt("the file was cut short");
  auto opened = open_entry(opener_, name_, out.whole, expected_, chain_, limits_);
  if (!opened.ok()) {
    if (opened.error().kind == ErrorKind::Corrupt) return corrupt(opened.error().message);
    return std::move(opened).error();
  }
  out.count = opened->header.count;
  out.plaintext = std::move(opened->plaintext);
  chain_ = opened->tag;
  offset_ += out.whole.size();
  expected_ += out.count;
  return out;
}

Status JournalReader::enter(const Segment& segment) {
  const SegmentHeader& header = segment.header;
  // Coming from the segment before, the chain must lead here; marks may stand in between.
  if (file_ != nullptr && header.previous == segment_ && !header.after_gap) {
    while (offset_ < header.previous_bytes) {
      SEALANE_ASSIGN(const Entry mark, read_entry(header.previous_bytes));
      if (mark.count != 0)
        return corrupt_at(segment_, offset_, expected_,
                          "more records than the next segment states");
    }
    if (chain_ != header.chain || expected_ != header.first)
      return corrupt_at(segment.name, 0, header.first,
                        "the segment does not follow the one before it");
  }
  SEALANE_ASSIGN(file_, env_.open(name_.folder + "/" + segment.name, OpenMode::Read));
  segment_ = segment.name;
  offset_ = segment.header_bytes;
  expected_ = header.first;
  chain_ = header.chain;
  return {};
}

Result<std::optional<ReadBlock>> JournalReader::next(const JournalView& view) {
  if (next_ > view.durable) return std::optional<ReadBlock>();
  auto segment =
      std::ranges::find_if(view.segments, [&](const Segment& one) { return one.last >= next_; });
  if (segment == view.segments.end())
    return fail(ErrorKind::Corrupt, "no segment has sequence number " + std::to_string(next_));
  if (segment->header.first > next_) {
    if (!segment->header.after_gap)
      return fail(ErrorKind::NotFound,
                  "sequence number " + std::to_string(next_) + " is no longer in the journal");
    next_ = segment->header.first;
    if (next_ > view.durable) return std::optional<ReadBlock>();
  }
  if (segment_ != segment->name) SEALANE_TRY(enter(*segment));
  for (;;) {
    const std::uint64_t first = expected_;
    SEALANE_ASSIGN(Entry entry, read_entry(segment->trusted_bytes));
    if (first + entry.count <= next_) continue;  // a mark, or before what is wanted
    ReadBlock block;
    block.first = first;
    block.count = entry.count;
    block.message.assign(entry.whole.begin() + kEntryHeaderBytes, entry.whole.end());
    block.plaintext = std::move(entry.plaintext);
    SEALANE_ASSIGN(block.records, decode_block(block.plaintext, first, limits_));
    block.records.erase(block.records.begin(),
                        block.records.begin() + static_cast<std::ptrdiff_t>(next_ - first));
    next_ = first + entry.count;
    return std::optional(std::move(block));
  }
}

}  // namespace sealane::store
