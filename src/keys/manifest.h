// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "envelope/header.h"

namespace sealane::keys {

// One entry of a data set's manifest: what the bundle of that index is.
struct ManifestEntry {
  std::string dataset;
  std::uint64_t index = 0;  // from 0, without gaps
  std::string name;         // object key of the bundle
  std::uint64_t size = 0;   // of the sealed bundle
  std::uint64_t first = 0;  // sequence numbers of its records, both included
  std::uint64_t last = 0;
  std::uint32_t epoch = 0;
  // Of the whole sealed bundle.  Entries of version 1 have none: in their bundles, whoever holds
  // the data set key can rewrite frames before the final one.
  std::optional<crypto::Sha256> sha256{};
  crypto::Sha256 header_sha256{};  // of the sealed bundle's header with its tag
  crypto::GcmTag final_frame_tag{};
  crypto::Sha256 previous{};  // SHA-256 of the previous entry's whole file; zeros for index 0
  friend bool operator==(const ManifestEntry&, const ManifestEntry&) = default;
};

// `<dataset>/manifest/<20-digit index>.json`
std::string manifest_object_key(std::string_view dataset, std::uint64_t index);
// `<dataset>/bundles/<20 digits>-<20 digits>.tar.esdk`
std::string bundle_object_key(std::string_view dataset, std::uint64_t first, std::uint64_t last);

// Fills size, sha256, header_sha256 and final_frame_tag from a sealed bundle.
// Errors: those of envelope::decode_header; Corrupt – its size fits no body.
Status describe_bundle(ByteSpan sealed, ManifestEntry& entry);

// The file of an entry: line 1 the entry as JSON, line 2 base64 of the Ed25519 signature over
// `sealane manifest v2\n` (v1 without sha256) and line 1.  Format: docs/formats/manifest.md.
std::string sign_manifest_entry(const ManifestEntry& entry, const crypto::Ed25519PrivateKey& key);

// Checks the signature and reads the entry.  Errors: Corrupt – no such file, or the signature is
// not by `key`; TooLarge.
Result<ManifestEntry> verify_manifest_entry(std::string_view file,
                                            const crypto::Ed25519PublicKey& key);

// Reads an entry without a key.  Nothing of it may be relied on: for showing it to people.
// Errors: Corrupt – no such file; TooLarge.
Result<ManifestEntry> read_unverified_entry(std::string_view file);

// The newest entry that somebody verified: what a reader keeps between reads.
struct ManifestHead {
  std::uint64_t index = 0;
  crypto::Sha256 sha256{};  // of the entry's whole file
  friend bool operator==(const ManifestHead&, const ManifestHead&) = default;
};
// `<index>:<hex>`, one line without an end.
std::string to_text(const ManifestHead& head);
Result<ManifestHead> parse_manifest_head(std::string_view text);

enum class Freshness {
  Unknown,  // no head was known: entries at the end may be missing
  AtLeastAsNewAsHead,
};
std::string_view to_string(Freshness freshness);

// What a verified manifest amounts to.
struct ManifestSummary {
  std::uint64_t entries = 0;
  std::optional<ManifestHead> head;  // nothing when the manifest is empty
  Freshness freshness = Freshness::Unknown;
};

// Verifies a data set's manifest: feed the files in order of index, then finish().
//
// Errors:  Corrupt, each naming the index and what is wrong: missing entry, signature not by this
//          key, entry of another data set, entry in another's place, chain broken (swapped or
//          replaced), sequence numbers overlapping or going back, rolled back (the known head is
//          not in the chain), truncated (it ends before the known head).  After an error the
//          verifier keeps refusing.
// Threads: one at a time.
class ManifestVerifier {
 public:
  ManifestVerifier(std::string dataset, crypto::Ed25519PublicKey key,
                   std::optional<ManifestHead> known_head = std::nullopt);
  Result<ManifestEntry> add(std::string_view file);
  Result<ManifestSummary> finish();

 private:
  Error refuse(std::string message);

  std::string dataset_;
  crypto::Ed25519PublicKey key_;
  std::optional<ManifestHead> known_head_;
  std::uint64_t next_index_ = 0;
  std::optional<std::uint64_t> last_sequence_;
  crypto::Sha256 previous_{};
  std::optional<Error> failed_;
};

// What is wrong with a stored bundle.
enum class BundleFault {
  Missing,
  Truncated,
  TooLong,
  Swapped,  // it is the bundle of another entry
  Foreign,  // it is the bundle of no entry: not made by whoever has the manifest's key
  Damaged,  // it is the entry's bundle, and does not authenticate
};
std::string_view to_string(BundleFault fault);
struct BundleFinding {
  BundleFault fault = BundleFault::Missing;
  std::string detail;  // `is missing`, `is foreign: …`: follows the bundle's name
  friend bool operator==(const BundleFinding&, const BundleFinding&) = default;
};
// `bundle `x` is missing`
Error to_error(const ManifestEntry& entry, const BundleFinding& finding);

// What the size and the header of a stored object say, before any key is used.  `header_bytes`
// begin the object and hold at least its whole header; `all` are the manifest's entries, by which a
// swapped bundle is told from a foreign one.  Nothing when both are the entry's.
std::optional<BundleFinding> judge_bundle(const ManifestEntry& entry, std::uint64_t size,
                                          ByteSpan header_bytes,
                                          std::span<const ManifestEntry> all = {});
// What it means that a bundle of the right size and header has another hash than its entry says.
// `opened`: what came of opening it under the data set key.
BundleFinding judge_other_bytes(const Status& opened);

// Whether a stored object is the bundle of the entry: its size, header hash, final frame's tag, and
// (its header authenticated by whoever opens it) the context's pairs dataset, first, last, epoch.
// Errors: Corrupt – names what differs: truncated, another bundle, damaged.
Status check_bundle(const ManifestEntry& entry, ByteSpan sealed);
// The same for a reader that has not fetched the whole object.  `header_bytes` begin the object and
// hold at least its whole header.
Status check_bundle(const ManifestEntry& entry, std::uint64_t size, ByteSpan header_bytes,
                    const crypto::GcmTag& final_frame_tag);

// The pairs that the bundle of `entry` must carry in its context.
envelope::EncryptionContext bundle_context(std::string_view pipeline, const ManifestEntry& entry);

}  // namespace sealane::keys
