// SPDX-License-Identifier: Apache-2.0
#include "store/journal.h"

#include <algorithm>

#include "store/journal_internal.h"

namespace sealane::store {

Result<std::unique_ptr<Journal>> Journal::open(Env& env, keys::Sealer& sealer, keys::Opener& opener,
                                               JournalOptions options) {
  SEALANE_TRY(env.make_folder(options.name.folder));
  SEALANE_TRY(env.sync_folder(folder_of(options.name.folder)));
  RecoveryOptions recovery;
  recovery.durable_at_least = options.durable_at_least;
  recovery.segment_bytes_max = options.limits.segment_bytes_max;
  recovery.block = options.limits.block;
  SEALANE_ASSIGN(Recovered recovered, recover_journal(env, opener, options.name, recovery));
  std::unique_ptr<Journal> journal(
      new Journal(env, sealer, std::move(options), std::move(recovered)));
  if (journal->view_.segments.empty()) {
    SEALANE_TRY(journal->start_segment());
  } else {
    const Segment& last = journal->view_.segments.back();
    SEALANE_ASSIGN(journal->file_, env.open(journal->path(last.name), OpenMode::Append));
    journal->written_bytes_ = last.trusted_bytes;
  }
  return journal;
}

Journal::Journal(Env& env, keys::Sealer& sealer, JournalOptions options, Recovered recovered)
    : env_(env), sealer_(sealer), options_(std::move(options)), recovered_(std::move(recovered)) {
  view_ = recovered_.view;
  next_ = view_.durable + 1;
  tail_ = durable_tag_ = written_tag_ = recovered_.chain;
  written_last_ = view_.durable;
}

Journal::~Journal() = default;

std::string Journal::path(const std::string& name) const {
  return options_.name.folder + "/" + name;
}

Result<SealedBlock> Journal::seal(keys::Sealer& sealer, BlockBuilder& block,
                                  std::optional<std::uint64_t> only_generation) {
  if (block.empty()) return fail(ErrorKind::Invalid, "a block without records");
  const ByteSpan plaintext = block.plaintext();
  SealedBlock out;
  out.count = block.records();
  auto prepare = [&]() -> Result<keys::PreparedMessage> {
    std::lock_guard lock(mutex_);
    if (failed_ || rollback_wanted_ || (only_generation && *only_generation != generation_))
      return fail(ErrorKind::Unavailable, "the journal cannot write; it tries again by itself");
    if (reserved_bytes_ + plaintext.size() > options_.limits.reserved_bytes_max)
      return fail(ErrorKind::Unavailable,
                  "the journal's disk is too slow: too much waits to be written");
    std::uint64_t stored = reserved_bytes_ + plaintext.size();
    for (const Segment& segment : view_.segments) stored += segment.file_bytes;
    if (stored > options_.limits.journal_bytes_max)
      return fail(ErrorKind::Unavailable, "the journal is full: delivery is behind");
    SEALANE_ASSIGN(keys::PreparedMessage message,
                   sealer.prepare(block_context(options_.name, next_, tail_)));
    out.generation = generation_;
    out.first = next_;
    out.tag = tail_ = message.header_tag();
    next_ += out.count;
    reserved_bytes_ += plaintext.size();
    return message;
  };
  SEALANE_ASSIGN(keys::PreparedMessage message, prepare());
  out.plaintext_bytes = plaintext.size();
  auto sealed = std::move(message).finish(plaintext);
  if (!sealed.ok() || sealed->size() > kMessageBytesMax) {
    // Its place in the chain cannot be filled, so nothing after it can be written.
    std::lock_guard lock(mutex_);
    if (generation_ == out.generation) rollback_wanted_ = true;
    if (!sealed.ok()) return std::move(sealed).error();
    return fail(ErrorKind::TooLarge, "the sealed block is too large");
  }
  out.entry.resize(kEntryHeaderBytes);
  append(out.entry, *sealed);
  return out;
}

std::uint64_t Journal::next_to_write() const {
  std::lock_guard lock(mutex_);
  return written_last_ + 1;
}

bool Journal::is_stale(const SealedBlock& block) const {
  std::lock_guard lock(mutex_);
  return block.generation != generation_;
}

void Journal::roll_back() {
  std::lock_guard lock(mutex_);
  fall_back_locked();
}

void Journal::settle() {
  std::lock_guard lock(mutex_);
  if (rollback_wanted_) fall_back_locked();
}

Status Journal::write(std::span<SealedBlock> blocks) {
  if (blocks.empty()) return {};
  std::ranges::sort(blocks, {}, &SealedBlock::first);
  {
    std::lock_guard lock(mutex_);
    if (failed_ || closed_) return fail(ErrorKind::Unavailable, "the journal cannot write");
    std::uint64_t next = written_last_ + 1;
    for (const SealedBlock& block : blocks) {
      if (block.generation != generation_)
        return fail(ErrorKind::Unavailable, "the journal failed after this block was sealed");
      if (block.first != next) return fail(ErrorKind::Invalid, "blocks are missing in between");
      next += block.count;
    }
  }
  if (written_bytes_ >= options_.limits.segment_bytes_max) SEALANE_TRY(roll());

  std::uint64_t synced = 0;
  {
    std::lock_guard lock(mutex_);
    synced = view_.segments.back().trusted_bytes;
  }
  Bytes batch;
  Bytes* out = &blocks.front().entry;
  std::uint64_t plaintext_bytes = 0;
  if (blocks.size() > 1) {
    std::size_t total = 0;
    for (const SealedBlock& block : blocks) total += block.entry.size();
    batch.reserve(total);
    out = &batch;
  }
  for (SealedBlock& block : blocks) {
    EntryHeader header;
    header.message_bytes = checked_cast<std::uint32_t>(block.entry.size() - kEntryHeaderBytes);
    header.count = block.count;
    header.first = block.first;
    header.synced_offset = synced;
    store_entry_header(block.entry, header);
    if (out == &batch) append(batch, block.entry);
    plaintext_bytes += block.plaintext_bytes;
  }
  if (Status appended = file_->append(*out); !appended.ok()) return failed_with(appended.error());

  std::lock_guard lock(mutex_);
  written_bytes_ += out->size();
  written_last_ = blocks.back().last();
  written_tag_ = blocks.back().tag;
  reserved_bytes_ -= std::min(reserved_bytes_, plaintext_bytes);
  view_.segments.back().file_bytes = written_bytes_;
  return {};
}

Status Journal::sync() {
  {
    std::lock_guard lock(mutex_);
    if (failed_) return fail(ErrorKind::Unavailable, "the journal cannot write");
    if (view_.segments.back().trusted_bytes == written_bytes_) return {};
  }
  if (Status synced = file_->sync(); !synced.ok()) return failed_with(synced.error());
  std::lock_guard lock(mutex_);
  Segment& segment = view_.segments.back();
  segment.trusted_bytes = written_bytes_;
  segment.last = view_.durable = written_last_;
  durable_tag_ = written_tag_;
  return {};
}

Status Journal::commit(std::span<SealedBlock> blocks) {
  SEALANE_TRY(write(blocks));
  return sync();
}

std::uint64_t Journal::durable() const {
  std::lock_guard lock(mutex_);
  return view_.durable;
}

bool Journal::failed() const {
  std::lock_guard lock(mutex_);
  return failed_ || rollback_wanted_;
}

JournalView Journal::view() const {
  std::lock_guard lock(mutex_);
  return view_;
}

std::uint64_t Journal::bytes() const {
  std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const Segment& segment : view_.segments) total += segment.file_bytes;
  return total;
}

// Everything that was sealed or written and is not durable is forgotten.
void Journal::fall_back_locked() {
  ++generation_;
  next_ = view_.durable + 1;
  tail_ = written_tag_ = durable_tag_;
  written_last_ = view_.durable;
  reserved_bytes_ = 0;
  rollback_wanted_ = false;
}

Status Journal::failed_with(Error error) {
  std::lock_guard lock(mutex_);
  file_.reset();
  failed_ = true;
  Segment& segment = view_.segments.back();
  if (segment.last < segment.header.first) {
    // No record in it is durable: the next segment has the same name and takes its place, and the
    // chain continues from where this one began.
    durable_tag_ = segment.header.chain;
  }
  fall_back_locked();
  error.kind = ErrorKind::Unavailable;
  return error;
}

Status Journal::try_reopen() {
  {
    std::lock_guard lock(mutex_);
    if (rollback_wanted_) fall_back_locked();
    if (!failed_ || closed_) return {};
  }
  SEALANE_TRY(start_segment());
  std::lock_guard lock(mutex_);
  failed_ = false;
  return {};
}

// Begins the next segment after the last durable block.
Status Journal::roll() {
  // What is written and not synced would be in neither segment's trusted part.
  SEALANE_TRY(sync());
  if (Status started = start_segment(); !started.ok()) return failed_with(started.error());
  return {};
}

Status Journal::start_segment() {
  Segment segment;
  SegmentHeader& header = segment.header;
  {
    std::lock_guard lock(mutex_);
    header.journal = options_.name.journal;
    header.first = view_.durable + 1;
    header.previous_last = view_.durable;
    header.chain = durable_tag_;
    if (!view_.segments.empty()) {
      const Segment& last = view_.segments.back();
      if (last.header.first == header.first) {
        header = last.header;
      } else {
        header.previous = last.name;
        header.previous_bytes = last.trusted_bytes;
      }
    }
  }
  segment.name = segment_name(header.first);
  const Bytes front = encode_segment_header(header);
  segment.header_bytes = segment.trusted_bytes = segment.file_bytes = front.size();
  segment.last = header.first - 1;
  // File and folder are synced before the first acknowledgement; what stands under the name has a
  // whole header, whenever the power goes.
  SEALANE_TRY(write_file_atomic(env_, path(segment.name), front, IfExists::Replace));
  SEALANE_ASSIGN(auto file, env_.open(path(segment.name), OpenMode::Append));

  std::lock_guard lock(mutex_);
  file_ = std::move(file);
  written_bytes_ = front.size();
  if (!view_.segments.empty() && view_.segments.back().name == segment.name)
    view_.segments.pop_back();
  view_.segments.push_back(std::move(segment));
  return {};
}

Status Journal::release_before(std::uint64_t sequence) {
  for (;;) {
    std::string name;
    {
      std::lock_guard lock(mutex_);
      if (view_.segments.size() < 2 || view_.segments[1].header.first > sequence) return {};
      name = view_.segments.front().name;
    }
    // One at a time and oldest first: what is left is always one chain.
    if (Status removed = env_.remove(path(name));
        !removed.ok() && removed.error().kind != ErrorKind::NotFound)
      return removed;
    SEALANE_TRY(env_.sync_folder(options_.name.folder));
    std::lock_guard lock(mutex_);
    view_.segments.erase(view_.segments.begin());
  }
}

Status Journal::append_mark() {
  Bytes entry(kEntryHeaderBytes);
  crypto::GcmTag tag{};
  std::uint64_t synced = 0;
  EntryHeader header;
  {
    std::lock_guard lock(mutex_);
    if (next_ != written_last_ + 1)
      return fail(ErrorKind::Unavailable, "sealed blocks were not written");
    synced = view_.segments.back().trusted_bytes;
    header.first = next_;
    SEALANE_ASSIGN(keys::PreparedMessage message,
                   sealer_.prepare(block_context(options_.name, next_, tail_)));
    tag = tail_ = message.header_tag();
    auto sealed = std::move(message).finish({});
    if (!sealed.ok()) {
      rollback_wanted_ = true;
      return std::move(sealed).error();
    }
    append(entry, *sealed);
  }
  header.flags = kEntryIsMark;
  header.message_bytes = checked_cast<std::uint32_t>(entry.size() - kEntryHeaderBytes);
  header.synced_offset = synced;
  store_entry_header(entry, header);
  if (Status appended = file_->append(entry); !appended.ok()) return failed_with(appended.error());
  std::lock_guard lock(mutex_);
  written_bytes_ += entry.size();
  written_tag_ = tag;
  view_.segments.back().file_bytes = written_bytes_;
  return {};
}

Status Journal::close() {
  if (closed_) return {};
  {
    std::lock_guard lock(mutex_);
    if (failed_ || rollback_wanted_) {
      closed_ = true;
      return fail(ErrorKind::Unavailable, "the journal cannot write");
    }
  }
  SEALANE_TRY(sync());
  SEALANE_TRY(append_mark());
  SEALANE_TRY(sync());
  std::lock_guard lock(mutex_);
  closed_ = true;
  failed_ = true;  // seal() refuses from here on
  file_.reset();
  return {};
}

}  // namespace sealane::store
