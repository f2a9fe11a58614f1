// SPDX-License-Identifier: Apache-2.0
#include "store/recovery.h"

#include <algorithm>

#include "envelope/header.h"
#include "store/journal_internal.h"

namespace sealane::store {
namespace {

// A segment may grow past segment_bytes_max by what one commit appends.
constexpr std::uint64_t kSegmentSlackBytes = 512u << 20;

// Whether an opener's error is about the key and not about the bytes.  Garbage names no key.
bool is_key_missing(const Error& error, ByteSpan message) {
  if (error.kind == ErrorKind::Unavailable) return true;
  if (error.kind != ErrorKind::Denied && error.kind != ErrorKind::NotFound) return false;
  auto decoded = envelope::decode_header(message);
  if (!decoded.ok() || !*decoded || (*decoded)->header.data_keys.empty()) return false;
  const envelope::EncryptedDataKey& key = (*decoded)->header.data_keys.front();
  constexpr std::size_t kAfterName = 4 + 4 + crypto::kAesGcmIvBytes;
  if (key.info.size() <= kAfterName) return false;
  return keys::parse_key_epoch(as_text(ByteSpan(key.info).first(key.info.size() - kAfterName)))
      .ok();
}

// What a scan of one segment found.
struct Scan {
  std::uint64_t end = 0;     // of the last good entry
  std::uint64_t last = 0;    // its last sequence number
  crypto::GcmTag chain{};    // its tag
  std::uint64_t synced = 0;  // highest synced offset that an entry header states
  bool ends_in_mark = false;
  bool damaged = false;  // something that is no good entry stands at `end`
  std::string damage;
  std::optional<Error> key_missing;  // of an entry at or after `end`, which so cannot be judged
  // Of what follows the damage:
  std::optional<std::size_t> next_valid;  // an authentic entry
  std::uint64_t stated_last = 0;  // highest sequence number in headers with a right checksum
};

Status look_behind(keys::Opener& opener, const JournalName& name, ByteSpan bytes, Scan& scan) {
  std::size_t at = scan.end;
  while (auto found = find_entry_header(bytes, at)) {
    auto header = load_entry_header(bytes.subspan(*found));
    if (!header.ok()) return std::move(header).error();
    if (header->synced_offset <= *found) scan.synced = std::max(scan.synced, header->synced_offset);
    if (header->count > 0)
      scan.stated_last = std::max(scan.stated_last, header->first + header->count - 1);
    if (*found > scan.end && header->message_bytes <= bytes.size() - *found - kEntryHeaderBytes) {
      const ByteSpan message = bytes.subspan(*found + kEntryHeaderBytes, header->message_bytes);
      auto opened = opener.open(message, {{"pipeline", name.pipeline},
                                          {"journal", name.journal},
                                          {"first", std::to_string(header->first)}});
      if (opened.ok() && !scan.next_valid) scan.next_valid = *found;
      if (!opened.ok() && is_key_missing(opened.error(), message))
        scan.key_missing = opened.error();
    }
    at = *found + 1;
  }
  return {};
}

Result<Scan> scan_segment(keys::Opener& opener, const JournalName& name, const Segment& segment,
                          ByteSpan bytes, const BlockLimits& limits) {
  Scan scan;
  scan.end = segment.header_bytes;
  scan.last = segment.header.first - 1;
  scan.chain = segment.header.chain;
  scan.synced = segment.header_bytes;
  while (scan.end < bytes.size()) {
    auto entry =
        open_entry(opener, name, bytes.subspan(scan.end), scan.last + 1, scan.chain, limits);
    if (!entry.ok()) {
      scan.damaged = true;
      if (entry.error().kind != ErrorKind::Corrupt) scan.key_missing = entry.error();
      scan.damage = entry.error().message;
      SEALANE_TRY(look_behind(opener, name, bytes, scan));
      break;
    }
    if (entry->header.synced_offset <= scan.end)
      scan.synced = std::max(scan.synced, entry->header.synced_offset);
    scan.end += entry->bytes;
    scan.last += entry->header.count;
    scan.chain = entry->tag;
    scan.ends_in_mark = entry->header.count == 0;
  }
  return scan;
}

// A damaged scan that must not be taken for a torn tail, as an error.
std::optional<Error> reason_to_stop(const Segment& segment, const Scan& scan) {
  if (!scan.damaged) return std::nullopt;
  if (scan.next_valid)
    return corrupt_at(
        segment.name, scan.end, scan.last + 1,
        scan.damage + "; a valid entry follows at offset " + std::to_string(*scan.next_valid));
  // Comes before the next one: with the key there may be no damage at all.
  if (scan.key_missing)
    return scan.key_missing->within("journal segment `" + segment.name + "`, offset " +
                                    std::to_string(scan.end) + ", sequence number " +
                                    std::to_string(scan.last + 1));
  if (scan.end < scan.synced)
    return corrupt_at(segment.name, scan.end, scan.last + 1,
                      scan.damage + "; this part was on disk already");
  return std::nullopt;
}

Result<Bytes> read_segment(Env& env, const JournalName& name, const Segment& segment,
                           const RecoveryOptions& options) {
  return read_file(env, name.folder + "/" + segment.name,
                   options.segment_bytes_max + kSegmentSlackBytes);
}

Status cut(Env& env, const std::string& path, std::uint64_t size) {
  SEALANE_ASSIGN(auto file, env.open(path, OpenMode::Append));
  SEALANE_ASSIGN(std::uint64_t now, file->size());
  if (now > size) SEALANE_TRY(file->truncate(size));
  return file->sync();
}

// Nothing of a segment that was never given its name is ever read.
Status remove_leftovers(Env& env, const JournalName& name) {
  SEALANE_ASSIGN(auto files, env.list(name.folder));
  for (const std::string& file : files)
    if (file.find(".journal.tmp") != std::string::npos)
      SEALANE_TRY(env.remove(name.folder + "/" + file));
  return {};
}

// Puts the damaged bytes aside and moves what is valid after them to a segment of its own.
Result<RepairStep> repair_segment(Env& env, keys::Opener& opener, const JournalName& name,
                                  const Segment& segment, ByteSpan bytes, const Scan& scan) {
  const std::string folder = name.folder + "/";
  RepairStep step;
  step.segment = segment.name;
  step.offset = scan.end;
  step.quarantined = segment.name + "." + std::to_string(scan.end) + ".quarantine";
  SEALANE_TRY(write_file_atomic(env, folder + step.quarantined, bytes.subspan(scan.end),
                                IfExists::Replace));
  if (!scan.next_valid) {
    if (scan.stated_last > scan.last) {
      step.lost_first = scan.last + 1;
      step.lost_last = scan.stated_last;
    }
    SEALANE_TRY(cut(env, folder + segment.name, scan.end));
    return step;
  }

  const ByteSpan rest = bytes.subspan(*scan.next_valid);
  SEALANE_ASSIGN(const EntryHeader entry, load_entry_header(rest));
  SEALANE_ASSIGN(const envelope::OpenedMessage message,
                 opener.open(rest.subspan(kEntryHeaderBytes, entry.message_bytes), {}));
  auto previous = message.header.context.find("previous");
  auto tag = previous == message.header.context.end() ? std::nullopt : from_hex(previous->second);
  if (entry.first <= scan.last || !tag || tag->size() != crypto::kAesGcmTagBytes)
    return corrupt_at(segment.name, *scan.next_valid, entry.first,
                      "the entry after the damage does not follow it");
  SegmentHeader header = segment.header;
  if (entry.first != segment.header.first) {
    header.first = entry.first;
    header.previous = segment.name;
    header.previous_bytes = scan.end;
    header.previous_last = scan.last;
  }
  header.after_gap = true;
  copy_bytes(header.chain, *tag);
  if (entry.first > scan.last + 1) {
    step.lost_first = scan.last + 1;
    step.lost_last = entry.first - 1;
  }
  Bytes moved = encode_segment_header(header);
  append(moved, rest);
  SEALANE_TRY(write_file_atomic(env, folder + segment_name(entry.first), moved, IfExists::Replace));
  return step;
}

// Begins a segment after what was delivered, when the journal ends before it: those sequence
// numbers are in the lake and are never given out again.
Result<RepairStep> skip_delivered(Env& env, const JournalName& name, const Segment& segment,
                                  const Scan& scan, std::uint64_t delivered) {
  SegmentHeader header;
  header.journal = name.journal;
  header.first = delivered + 1;
  header.previous = segment.name;
  header.previous_bytes = scan.end;
  header.previous_last = scan.last;
  header.after_gap = true;
  header.chain = scan.chain;
  SEALANE_TRY(write_file_atomic(env, name.folder + "/" + segment_name(header.first),
                                encode_segment_header(header), IfExists::Refuse));
  RepairStep step;
  step.segment = segment.name;
  step.offset = scan.end;
  step.lost_first = scan.last + 1;
  step.lost_last = delivered;
  return step;
}

}  // namespace

envelope::EncryptionContext block_context(const JournalName& name, std::uint64_t first,
                                          const crypto::GcmTag& previous) {
  return {{"pipeline", name.pipeline},
          {"journal", name.journal},
          {"first", std::to_string(first)},
          {"previous", to_hex(previous)}};
}

Result<OpenedEntry> open_entry(keys::Opener& opener, const JournalName& name, ByteSpan from,
                               std::uint64_t expected, const crypto::GcmTag& chain,
                               const BlockLimits& limits) {
  SEALANE_ASSIGN(const EntryHeader header, load_entry_header(from));
  if (header.first != expected)
    return fail(ErrorKind::Corrupt,
                "the entry says that it begins with " + std::to_string(header.first));
  if (header.message_bytes > from.size() - kEntryHeaderBytes)
    return fail(ErrorKind::Corrupt, "the entry is cut short");
  const ByteSpan message = from.subspan(kEntryHeaderBytes, header.message_bytes);
  auto opened = opener.open(message, block_context(name, expected, chain));
  if (!opened.ok()) {
    Error error = std::move(opened).error();
    if (!is_key_missing(error, message)) error.kind = ErrorKind::Corrupt;
    return error;
  }
  OpenedEntry out;
  out.header = header;
  out.tag = opened->header.tag;
  out.plaintext = std::move(opened->plaintext);
  out.bytes = kEntryHeaderBytes + header.message_bytes;
  if (header.count == 0) {
    if (!out.plaintext.empty())
      return fail(ErrorKind::Corrupt, "a block stands where a mark should");
  } else {
    SEALANE_ASSIGN(const auto records, decode_block(out.plaintext, expected, limits));
    if (records.size() != header.count)
      return fail(ErrorKind::Corrupt, "the entry header's count is not the block's");
  }
  return out;
}

Error corrupt_at(std::string_view segment, std::uint64_t offset, std::uint64_t sequence,
                 std::string_view what) {
  return fail(ErrorKind::Corrupt,
              "journal segment `" + std::string(segment) + "` is damaged at offset " +
                  std::to_string(offset) + ", sequence number " + std::to_string(sequence) + ": " +
                  std::string(what),
              "nothing was changed; `sealane stream repair` keeps every entry that is still valid");
}

Result<std::vector<Segment>> load_segments(Env& env, const JournalName& name) {
  SEALANE_ASSIGN(auto files, env.list(name.folder));
  std::vector<Segment> segments;
  for (const std::string& file_name : files) {
    auto first = segment_first(file_name);
    if (!first) continue;
    Segment segment;
    segment.name = file_name;
    SEALANE_ASSIGN(auto file, env.open(name.folder + "/" + file_name, OpenMode::Read));
    SEALANE_ASSIGN(segment.file_bytes, file->size());
    Bytes front(std::min<std::uint64_t>(segment.file_bytes, kSegmentHeaderBytesMax));
    SEALANE_ASSIGN(const std::size_t got, file->read_at(0, front));
    front.resize(got);
    auto decoded = decode_segment_header(front);
    if (!decoded.ok()) {
      if (decoded.error().kind != ErrorKind::Corrupt) return decoded.error().within(file_name);
      return corrupt_at(file_name, 0, *first, decoded.error().message);
    }
    segment.header = std::move(decoded->header);
    segment.header_bytes = decoded->bytes;
    segment.trusted_bytes = segment.file_bytes;
    if (segment.header.first != *first || segment.header.journal != name.journal)
      return corrupt_at(file_name, 0, *first, "the segment header is of another segment");
    if (!segments.empty()) {
      Segment& before = segments.back();
      if (segment.header.previous != before.name)
        return corrupt_at(file_name, 0, *first,
                          "the segment before it, `" + segment.header.previous + "`, is missing");
      before.trusted_bytes = segment.header.previous_bytes;
      before.last = segment.header.previous_last;
      if (before.trusted_bytes > before.file_bytes)
        return corrupt_at(before.name, before.file_bytes, before.last, "the file was cut short");
      if (before.trusted_bytes < before.header_bytes || before.last + 1 < before.header.first)
        return corrupt_at(file_name, 0, *first, "the segment header contradicts the one before it");
    }
    segments.push_back(std::move(segment));
  }
  return segments;
}

Result<Recovered> recover_journal(Env& env, keys::Opener& opener, const JournalName& name,
                                  const RecoveryOptions& options) {
  if (options.cut_torn_tail) SEALANE_TRY(remove_leftovers(env, name));
  Recovered out;
  SEALANE_ASSIGN(out.view.segments, load_segments(env, name));
  if (!out.view.segments.empty()) {
    Segment& last = out.view.segments.back();
    SEALANE_ASSIGN(const Bytes bytes, read_segment(env, name, last, options));
    SEALANE_ASSIGN(const Scan scan, scan_segment(opener, name, last, bytes, options.block));
    if (scan.damaged) {
      if (auto stop = reason_to_stop(last, scan)) return *std::move(stop);
      out.torn_segment = last.name;
      out.torn_offset = scan.end;
      out.torn_bytes = bytes.size() - scan.end;
    }
    if (options.cut_torn_tail) {
      // Also without a torn tail: a killed process may have left entries that no sync has covered.
      SEALANE_TRY(cut(env, name.folder + "/" + last.name, scan.end));
      SEALANE_TRY(env.sync_folder(name.folder));
      last.file_bytes = scan.end;
    }
    last.trusted_bytes = scan.end;
    last.last = scan.last;
    out.chain = scan.chain;
    out.clean_close = scan.ends_in_mark && !scan.damaged;
    out.view.durable = scan.last;
  }
  if (out.view.durable < options.durable_at_least)
    return fail(ErrorKind::Corrupt,
                "journal `" + name.journal + "` ends with sequence number " +
                    std::to_string(out.view.durable) + ", but " +
                    std::to_string(options.durable_at_least) + " was delivered from it",
                "part of the journal is missing, or an older copy was put in its place");
  return out;
}

Result<RepairReport> repair_journal(Env& env, keys::Opener& opener, const JournalName& name,
                                    const RecoveryOptions& options) {
  RepairReport report;
  SEALANE_TRY(remove_leftovers(env, name));
  // Each round ends with a last segment that has less behind its first damage than the one before.
  for (;;) {
    SEALANE_ASSIGN(const auto segments, load_segments(env, name));
    if (segments.empty()) return report;
    const Segment& last = segments.back();
    SEALANE_ASSIGN(const Bytes bytes, read_segment(env, name, last, options));
    SEALANE_ASSIGN(const Scan scan, scan_segment(opener, name, last, bytes, options.block));
    if (!report.steps.empty() && report.steps.back().segment != last.name)
      report.steps.back().kept_records = scan.last + 1 - last.header.first;
    auto stop = reason_to_stop(last, scan);
    if (!stop) {
      // What recovery itself accepts, or cuts as a torn tail, needs no repair.
      if (scan.last >= options.durable_at_least) return report;
      SEALANE_ASSIGN(RepairStep step,
                     skip_delivered(env, name, last, scan, options.durable_at_least));
      report.steps.push_back(std::move(step));
      return report;
    }
    // No repair without the key: it would throw away what it cannot read.
    if (stop->kind != ErrorKind::Corrupt || (scan.key_missing && !scan.next_valid))
      return *std::move(stop);
    SEALANE_ASSIGN(RepairStep step, repair_segment(env, opener, name, last, bytes, scan));
    report.steps.push_back(std::move(step));
  }
}

}  // namespace sealane::store
