// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "keys/keyring.h"
#include "keys/manifest.h"

namespace sealane::cli {

// A sealed folder holds what a data set holds in a lake: `<dataset>/bundles/…` and
// `<dataset>/manifest/…` (docs/formats/manifest.md).
struct SealedFolder {
  std::string root;
  std::string dataset;
  std::string path_of(const std::string& object_key) const { return root + "/" + object_key; }
};

// Letters, digits, `.`, `_` and `-`, at most 64, not beginning with a dot.
bool is_dataset_name(std::string_view name);
// The data set in a folder: the one named, or the only one there.
// Errors: NotFound, Invalid – none, or several and none was named.
Result<SealedFolder> find_sealed_folder(Env& env, const std::string& root,
                                        const std::string& wanted);

struct FolderManifest {
  std::vector<keys::ManifestEntry> entries;
  keys::ManifestSummary summary;
  crypto::Sha256 chain{};             // of the first entry's file: what tells chains apart
  std::vector<std::string> unlisted;  // files among the bundles that no entry names
};

// What was known before of a chain: its newest head.
using KnownHead =
    std::function<Result<std::optional<keys::ManifestHead>>(const crypto::Sha256& chain)>;

// Reads and verifies the manifest of a sealed folder.
// Errors: those of keys::ManifestVerifier; Corrupt – there is no entry, or a file that is none.
Result<FolderManifest> read_folder_manifest(Env& env, const SealedFolder& folder,
                                            const crypto::Ed25519PublicKey& key,
                                            const KnownHead& known_head);

// What is wrong with the bundles, before any key is used: sizes and headers, and files that belong
// to no entry.  At most 16, each naming its bundle.
Result<std::vector<std::string>> judge_bundles(Env& env, const SealedFolder& folder,
                                               const FolderManifest& manifest);
// The same for one bundle.
Result<std::optional<keys::BundleFinding>> judge_stored_bundle(
    Env& env, const SealedFolder& folder, const keys::ManifestEntry& entry,
    const std::vector<keys::ManifestEntry>& all);

// Where heads of sealed folders are kept: one file for each chain beside the keyring, or the file
// that the caller names, or nowhere.
class HeadKeeper {
 public:
  HeadKeeper(Env& env, std::string keyring_folder, std::string head_file)
      : env_(env), keyring_folder_(std::move(keyring_folder)), head_file_(std::move(head_file)) {}
  Result<std::optional<keys::ManifestHead>> load(const crypto::Sha256& chain) const;
  // Durability: on disk when it returns without error.
  Status save(const crypto::Sha256& chain, const keys::ManifestHead& head) const;

 private:
  std::string path_of(const crypto::Sha256& chain) const;
  Env& env_;
  std::string keyring_folder_;
  std::string head_file_;
};

}  // namespace sealane::cli
