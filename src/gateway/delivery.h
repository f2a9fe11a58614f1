// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"
#include "crypto/sign.h"
#include "keys/manifest.h"
#include "keys/opener.h"
#include "keys/sealer.h"
#include "sinks/sink.h"
#include "store/journal.h"
#include "store/reader.h"

namespace sealane::gateway {

struct DeliveryLimits {
  std::uint32_t records_max = 10'000;           // per bundle
  std::uint64_t bytes_max = 32u << 20;          // of the tar archive
  Duration age_max = std::chrono::seconds(10);  // since the bundle's first record was received here
  Duration backoff_min = std::chrono::milliseconds(200);
  Duration backoff_max = std::chrono::seconds(30);
};

struct DeliveryOptions {
  std::string pipeline;
  std::string dataset;       // the key of `seal:` and the first part of object keys
  std::string spool_folder;  // sealed bundles that may have been sent
  std::string state_folder;  // how far delivery is
  store::JournalName journal;
  DeliveryLimits limits;
};

// How far delivery is; durable.
struct DeliveryState {
  std::uint64_t next_sequence = 1;  // everything before it is in the lake and in the manifest
  std::uint64_t next_index = 0;     // of the manifest
  crypto::Sha256 previous{};        // hash of the last manifest entry's file
};

// Reads delivery's state before the journal is opened (RecoveryOptions::durable_at_least is
// next_sequence - 1).  A state that was never written is the first one.  Errors: Corrupt.
Result<DeliveryState> load_delivery_state(Env& env, const std::string& state_folder);

// What one step did.
struct DeliveryStep {
  bool progressed = false;          // call again at once
  Time next_attempt = Time::max();  // otherwise call again then, or when something is durable
  std::optional<keys::ManifestEntry> stored;  // a bundle and its manifest entry are in the lake
  std::optional<Error> error;  // this attempt failed; `next_attempt` says when the next is
};

// Moves durable records from the journal to the lake: bundles of a data set, each sealed once,
// spooled, put, entered in the signed manifest, and only then forgotten.
//
// INVARIANT: what may have reached the sink is in the spool until the state says that it is there;
// so a retry sends the same bytes and each sequence number is in one bundle, once.
// Threads: one at a time.  Blocks in the sink.
class Delivery {
 public:
  // Reads the state and finishes or drops what the spool holds.
  // Errors: Corrupt; Unavailable.
  static Result<std::unique_ptr<Delivery>> open(Env& env, store::Journal& journal,
                                                keys::Opener& opener, keys::Sealer& sealer,
                                                const crypto::Ed25519PrivateKey& manifest_key,
                                                sinks::Sink& sink, DeliveryOptions options);

  // One bundle at most.
  DeliveryStep step(Time now);
  // The next step closes the bundle that is being collected, however small.
  void flush() { flush_ = true; }
  // Whether everything durable in the journal is in the lake.
  bool drained() const;
  const DeliveryState& state() const { return state_; }

 private:
  struct Spooled {
    keys::ManifestEntry entry;
    Bytes entry_file;
    std::string stem;  // of its two files in the spool
  };

  Delivery(Env& env, store::Journal& journal, keys::Opener& opener, keys::Sealer& sealer,
           const crypto::Ed25519PrivateKey& manifest_key, sinks::Sink& sink,
           DeliveryOptions options, DeliveryState state);
  Status load_spool();
  Status collect(Time now);
  Status add_record(const store::Record& record, Time now);
  bool due(Time now) const;
  Status close_bundle();
  Status send();
  Status save_state(const DeliveryState& state);
  Status drop_spooled(const std::string& stem);
  std::string spool_path(const std::string& name) const;

  Env& env_;
  store::Journal& journal_;
  keys::Opener& opener_;
  keys::Sealer& sealer_;
  const crypto::Ed25519PrivateKey& manifest_key_;
  sinks::Sink& sink_;
  const DeliveryOptions options_;
  DeliveryState state_;

  std::unique_ptr<store::JournalReader> reader_;
  std::optional<store::ReadBlock> block_;  // read and not yet used up
  std::size_t block_used_ = 0;

  Bytes archive_;  // the bundle being collected
  std::uint64_t archive_first_ = 0;
  std::uint64_t archive_last_ = 0;
  std::uint32_t archive_records_ = 0;
  Time archive_since_{};

  std::optional<Spooled> spooled_;
  bool full_ = false;  // nothing more fits
  bool flush_ = false;
  std::uint32_t failures_ = 0;
  Time not_before_{};
};

}  // namespace sealane::gateway
