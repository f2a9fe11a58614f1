// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/env.h"
#include "base/result.h"
#include "crypto/sign.h"
#include "http/client.h"
#include "keys/manifest.h"
#include "keys/opener.h"

namespace sealane::cli {

// Where a data set is read and what it is verified against.
struct DatasetSource {
  http::HttpClient& lake;
  std::string pipeline;  // its name is the lake's bucket
  std::string dataset;
  std::string manifest_key_pem;  // of the gateway, known out of band
  std::optional<keys::ManifestHead> known_head;
};

// One record of a bundle.  Views are valid during the call that gets it.
struct DatasetRecord {
  std::uint64_t sequence = 0;
  std::string thing;
  std::string topic;
  std::string received;  // RFC 3339
  ByteSpan payload;
};
using OnRecord = std::function<Status(const DatasetRecord&)>;

struct DatasetLimits {
  std::uint64_t entries_max = 1'000'000;
  std::uint64_t bundle_bytes_max = std::uint64_t{1} << 30;
  std::uint64_t entry_bytes_max = 64 << 10;
  std::uint64_t range_bytes = 1 << 20;  // asked for at once
};

// A manifest whose every entry was verified.
struct VerifiedManifest {
  std::vector<keys::ManifestEntry> entries;
  keys::ManifestSummary summary;
};

// Lists and verifies a data set's manifest.
//
// Errors:  those of keys::ManifestVerifier (Corrupt: missing, forged, swapped, rolled back, cut
//          short); Denied – the lake refuses; Unavailable, Timeout.
// Bounds:  limits.entries_max entries.
Result<VerifiedManifest> read_manifest(const DatasetSource& source,
                                       const DatasetLimits& limits = {});

// A bundle, and the manifest that it is in: by it a swapped bundle is told from a foreign one.
struct BundleOf {
  const keys::ManifestEntry& entry;
  std::span<const keys::ManifestEntry> all;
};

// Reads one bundle in ranges, opens it and gives its records in order.
//
// Result:  how many records.
// Errors:  Corrupt, each naming the bundle and what it is: missing, truncated, too long, swapped,
//          foreign, damaged; or it holds other sequence numbers than its entry says.
//          Denied – no key for it.
// Bounds:  in memory at once, a bundle of at most limits.bundle_bytes_max sealed and opened.
Result<std::uint64_t> read_bundle(const DatasetSource& source, const BundleOf& bundle,
                                  keys::Opener& opener, const OnRecord& on_record,
                                  const DatasetLimits& limits = {});

// Objects among the bundles that no entry names: foreign ones, and those whose entry is still to
// come.  Nobody reads them.
Result<std::vector<std::string>> unlisted_bundles(const DatasetSource& source,
                                                  const VerifiedManifest& manifest,
                                                  const DatasetLimits& limits = {});

struct DatasetRead {
  VerifiedManifest manifest;
  std::uint64_t records = 0;
  std::vector<std::string> unlisted;
};
// The whole data set: manifest, then every bundle in order.
Result<DatasetRead> read_dataset(const DatasetSource& source, keys::Opener& opener,
                                 const OnRecord& on_record, const DatasetLimits& limits = {});

// The highest head that this reader verified, kept in a file between reads so that an older lake
// shows.  load: nothing when there is no file.  Errors: Corrupt.
// Durability: on disk when save returns without error.
Result<std::optional<keys::ManifestHead>> load_head(Env& env, const std::string& path);
Status save_head(Env& env, const std::string& path, const keys::ManifestHead& head);

}  // namespace sealane::cli
