// SPDX-License-Identifier: Apache-2.0
#include "gateway/delivery.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/json.h"
#include "crypto/hash.h"
#include "store/tar.h"

namespace sealane::gateway {
namespace {

constexpr std::string_view kBundleSuffix = ".bundle";
constexpr std::string_view kEntrySuffix = ".entry";
constexpr std::string_view kStateName = "state.json";
constexpr std::uint64_t kSmallFileMax = 64u << 10;
constexpr std::uint64_t kSpooledBytesMax = 1u << 30;

std::optional<std::uint64_t> number_field(const json::Value& object, std::string_view name) {
  const json::Value* field = object.find(name);
  if (field == nullptr || field->number() == nullptr) return std::nullopt;
  const std::string& text = field->number()->lexeme;
  std::uint64_t value = 0;
  const auto done = std::from_chars(text.data(), text.data() + text.size(), value);
  if (done.ec != std::errc() || done.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// The facts of a record: what is known beside its payload.
std::string facts_of(const store::Record& record) {
  json::Writer writer;
  writer.begin_object()
      .field("seq", record.sequence)
      .field("thing", record.thing)
      .field("topic", record.topic)
      .field("received", to_rfc3339(record.received))
      .end_object();
  return writer.str() + "\n";
}

std::uint64_t seconds_of(Time time) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  return seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds);
}

bool is_gone(const Status& removed) {
  return removed.ok() || removed.error().kind == ErrorKind::NotFound;
}

}  // namespace

Result<DeliveryState> load_delivery_state(Env& env, const std::string& state_folder) {
  const std::string path = state_folder + "/" + std::string(kStateName);
  auto file = read_file(env, path, kSmallFileMax);
  if (!file.ok()) {
    if (file.error().kind == ErrorKind::NotFound) return DeliveryState{};
    return std::move(file).error();
  }
  auto parsed = json::parse(as_text(*file), {.file = path});
  DeliveryState state;
  if (parsed.value) {
    auto next_sequence = number_field(*parsed.value, "next_sequence");
    auto next_index = number_field(*parsed.value, "next_index");
    auto previous = from_hex(parsed.value->text_or_empty("previous"));
    if (next_sequence && *next_sequence > 0 && next_index && previous &&
        previous->size() == state.previous.size()) {
      state.next_sequence = *next_sequence;
      state.next_index = *next_index;
      copy_bytes(state.previous, *previous);
      return state;
    }
  }
  return fail(ErrorKind::Corrupt, "`" + path + "` is not the state of a delivery");
}

Result<std::unique_ptr<Delivery>> Delivery::open(Env& env, store::Journal& journal,
                                                 keys::Opener& opener, keys::Sealer& sealer,
                                                 const crypto::Ed25519PrivateKey& manifest_key,
                                                 sinks::Sink& sink, DeliveryOptions options) {
  for (const std::string& folder : {options.spool_folder, options.state_folder}) {
    SEALANE_TRY(env.make_folder(folder));
    SEALANE_TRY(env.sync_folder(folder_of(folder)));
  }
  SEALANE_ASSIGN(const DeliveryState state, load_delivery_state(env, options.state_folder));
  std::unique_ptr<Delivery> delivery(
      new Delivery(env, journal, opener, sealer, manifest_key, sink, std::move(options), state));
  // A killed process may have left the state's newest name only in memory.
  SEALANE_TRY(env.sync_folder(delivery->options_.state_folder));
  SEALANE_TRY(delivery->load_spool());
  return delivery;
}

Delivery::Delivery(Env& env, store::Journal& journal, keys::Opener& opener, keys::Sealer& sealer,
                   const crypto::Ed25519PrivateKey& manifest_key, sinks::Sink& sink,
                   DeliveryOptions options, DeliveryState state)
    : env_(env),
      journal_(journal),
      opener_(opener),
      sealer_(sealer),
      manifest_key_(manifest_key),
      sink_(sink),
      options_(std::move(options)),
      state_(state) {}

std::string Delivery::spool_path(const std::string& name) const {
  return options_.spool_folder + "/" + name;
}

// A bundle in the spool counts once its entry stands beside it: the entry is written last, and
// nothing is sent before.
Status Delivery::load_spool() {
  SEALANE_TRY(env_.sync_folder(options_.spool_folder));
  SEALANE_ASSIGN(const auto names, env_.list(options_.spool_folder));
  const crypto::Ed25519PublicKey public_key = manifest_key_.public_key();
  for (const std::string& name : names) {
    if (!name.ends_with(kEntrySuffix)) continue;
    SEALANE_ASSIGN(Bytes file, read_file(env_, spool_path(name), kSmallFileMax));
    auto entry = keys::verify_manifest_entry(as_text(file), public_key);
    if (!entry.ok()) return entry.error().within("`" + spool_path(name) + "`");
    if (entry->last < state_.next_sequence) continue;  // done; its removal did not last
    if (spooled_ || entry->first < state_.next_sequence || entry->index != state_.next_index ||
        entry->previous != state_.previous || entry->dataset != options_.dataset)
      return fail(ErrorKind::Corrupt,
                  "`" + spool_path(name) + "` does not follow what was delivered");
    spooled_ = Spooled{*std::move(entry), std::move(file),
                       name.substr(0, name.size() - kEntrySuffix.size())};
  }
  for (const std::string& name : names) {
    if (spooled_ && (name == spooled_->stem + std::string(kEntrySuffix) ||
                     name == spooled_->stem + std::string(kBundleSuffix)))
      continue;
    SEALANE_TRY(env_.remove(spool_path(name)));
  }
  return {};
}

Status Delivery::save_state(const DeliveryState& state) {
  json::Writer writer;
  writer.begin_object()
      .field("next_sequence", state.next_sequence)
      .field("next_index", state.next_index)
      .field("previous", to_hex(state.previous))
      .end_object();
  SEALANE_TRY(write_file_atomic(env_, options_.state_folder + "/" + std::string(kStateName),
                                as_bytes(writer.str() + "\n"), IfExists::Replace));
  state_ = state;
  return {};
}

Status Delivery::drop_spooled(const std::string& stem) {
  // The entry first: a bundle without one is nothing.
  for (std::string_view suffix : {kEntrySuffix, kBundleSuffix})
    if (Status removed = env_.remove(spool_path(stem + std::string(suffix))); !is_gone(removed))
      return removed;
  return {};
}

Status Delivery::add_record(const store::Record& record, Time now) {
  if (archive_records_ == 0) {
    archive_first_ = record.sequence;
    archive_since_ = now;
  }
  const std::string stem = twenty_digits(record.sequence);
  const std::uint64_t mtime = seconds_of(record.received);
  SEALANE_TRY(store::tar_append(archive_, stem + ".json", as_bytes(facts_of(record)), mtime));
  SEALANE_TRY(store::tar_append(archive_, stem + ".bin", record.payload, mtime));
  archive_last_ = record.sequence;
  ++archive_records_;
  return {};
}

// Moves records from the journal to the bundle until one of the limits is reached or nothing
// durable is left.
Status Delivery::collect(Time now) {
  if (reader_ == nullptr)
    reader_ = std::make_unique<store::JournalReader>(
        env_, opener_, options_.journal,
        archive_records_ > 0 ? archive_last_ + 1 : state_.next_sequence);
  const store::JournalView view = journal_.view();
  for (;;) {
    if (!block_) {
      SEALANE_ASSIGN(block_, reader_->next(view));
      block_used_ = 0;
      if (!block_) return {};
    }
    while (block_used_ < block_->records.size()) {
      const store::Record& record = block_->records[block_used_];
      const bool gap = archive_records_ > 0 && record.sequence != archive_last_ + 1;
      const std::uint64_t bytes = archive_.size() + store::tar_member_bytes(kSmallFileMax) +
                                  store::tar_member_bytes(record.payload.size());
      if (archive_records_ > 0 && (gap || archive_records_ >= options_.limits.records_max ||
                                   bytes > options_.limits.bytes_max)) {
        full_ = true;
        return {};
      }
      SEALANE_TRY(add_record(record, now));
      ++block_used_;
    }
    block_.reset();
  }
}

bool Delivery::due(Time now) const {
  if (archive_records_ == 0) return false;
  return full_ || flush_ || archive_records_ >= options_.limits.records_max ||
         now - archive_since_ >= options_.limits.age_max;
}

// Seals the bundle and puts it, with its manifest entry, into the spool.
Status Delivery::close_bundle() {
  keys::ManifestEntry entry;
  entry.dataset = options_.dataset;
  entry.index = state_.next_index;
  entry.first = archive_first_;
  entry.last = archive_last_;
  entry.name = keys::bundle_object_key(options_.dataset, entry.first, entry.last);
  entry.previous = state_.previous;
  // The epoch is the sealer's to add.
  envelope::EncryptionContext context = keys::bundle_context(options_.pipeline, entry);
  context.erase("epoch");
  SEALANE_ASSIGN(keys::PreparedMessage message, sealer_.prepare(context, {.add_epoch = true}));
  entry.epoch = message.epoch();
  Bytes archive = archive_;
  store::tar_finish(archive);
  SEALANE_ASSIGN(const Bytes sealed, std::move(message).finish(archive));
  SEALANE_TRY(keys::describe_bundle(sealed, entry));
  const std::string entry_file = keys::sign_manifest_entry(entry, manifest_key_);

  const std::string stem = twenty_digits(entry.first) + "-" + twenty_digits(entry.last);
  // Nothing of an earlier try may stand beside the new one: its entry would name another bundle.
  SEALANE_TRY(drop_spooled(stem));
  SEALANE_TRY(env_.sync_folder(options_.spool_folder));
  SEALANE_TRY(write_file_atomic(env_, spool_path(stem + std::string(kBundleSuffix)), sealed,
                                IfExists::Replace));
  SEALANE_TRY(write_file_atomic(env_, spool_path(stem + std::string(kEntrySuffix)),
                                as_bytes(entry_file), IfExists::Replace));
  spooled_ = Spooled{std::move(entry), to_bytes(entry_file), stem};
  archive_.clear();
  archive_records_ = 0;
  full_ = flush_ = false;
  return {};
}

// Sends what is in the spool, and then forgets it here, in this order.
Status Delivery::send() {
  const Spooled& spooled = *spooled_;
  const keys::ManifestEntry& entry = spooled.entry;
  {
    SEALANE_ASSIGN(
        const Bytes bundle,
        read_file(env_, spool_path(spooled.stem + std::string(kBundleSuffix)), kSpooledBytesMax));
    SEALANE_TRY(keys::check_bundle(entry, bundle));
    SEALANE_ASSIGN(const sinks::PutOutcome put,
                   sink_.put_new(entry.name, bundle, crypto::sha256(bundle)));
    static_cast<void>(put);  // Created, or an earlier attempt arrived: the same bytes either way
  }
  const crypto::Sha256 entry_sha256 = crypto::sha256(spooled.entry_file);
  SEALANE_ASSIGN(const sinks::PutOutcome put,
                 sink_.put_new(keys::manifest_object_key(options_.dataset, entry.index),
                               spooled.entry_file, entry_sha256));
  static_cast<void>(put);
  SEALANE_TRY(save_state({entry.last + 1, entry.index + 1, entry_sha256}));
  return {};
}

DeliveryStep Delivery::step(Time now) {
  DeliveryStep out;
  // A clock that was set back must not make anything wait until it has caught up.
  not_before_ = std::min(not_before_, now + options_.limits.backoff_max);
  archive_since_ = std::min(archive_since_, now);
  if (now < not_before_) {
    out.next_attempt = not_before_;
    return out;
  }
  auto attempt = [&]() -> Status {
    if (!spooled_) {
      SEALANE_TRY(collect(now));
      if (!due(now)) {
        // Asked to flush and nothing was there.
        if (archive_records_ == 0) flush_ = false;
        return {};
      }
      SEALANE_TRY(close_bundle());
    }
    SEALANE_TRY(send());
    out.stored = spooled_->entry;
    out.progressed = true;
    const std::string stem = spooled_->stem;
    spooled_.reset();
    // The rest is tidying up: what fails is done at the next start, or with the next bundle.
    static_cast<void>(drop_spooled(stem).ok());
    return journal_.release_before(state_.next_sequence);
  };
  if (Status status = attempt(); !status.ok()) {
    const Duration limit = options_.limits.backoff_max;
    Duration wait = options_.limits.backoff_min;
    for (std::uint32_t i = 0; i < failures_ && wait < limit; ++i) wait *= 2;
    ++failures_;
    not_before_ = now + std::min(wait, limit);
    // A reader that saw an error stands somewhere in between.
    reader_.reset();
    block_.reset();
    out.error = std::move(status).error();
    out.next_attempt = not_before_;
    return out;
  }
  failures_ = 0;
  if (!out.progressed && archive_records_ > 0)
    out.next_attempt = archive_since_ + options_.limits.age_max;
  return out;
}

bool Delivery::drained() const {
  if (spooled_ || archive_records_ > 0 || block_) return false;
  // The reader is ahead of the state where repair left a gap at the end.
  const std::uint64_t next =
      std::max(state_.next_sequence, reader_ != nullptr ? reader_->position() : 0);
  return next > journal_.durable();
}

}  // namespace sealane::gateway
