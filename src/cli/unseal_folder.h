// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/env.h"
#include "cli/keys_at_hand.h"
#include "keys/manifest.h"

namespace sealane::cli {

// What a reader of a sealed folder says of its manifest.
struct ManifestOptions {
  std::string dataset;
  std::string manifest_key;  // file with the public key; empty: the keyring's
  std::string expect_head;
  std::string head_file;
};
void add_manifest_options(CLI::App* command, ManifestOptions& options);

struct FolderUnsealed {
  std::string dataset;
  std::uint64_t files = 0;
  std::uint64_t bundles = 0;
  std::uint64_t plaintext_bytes = 0;  // of the files
  keys::ManifestHead head;
  keys::Freshness freshness = keys::Freshness::Unknown;
};

// Verifies a sealed folder's manifest and bundles, opens them and writes the files that are in
// them. `out` gets its name when all of it has authenticated.
//
// Errors:     Corrupt – names every bundle that is missing, truncated, too long, swapped or
// foreign,
//             each with its reason, before any is opened; or one that does not authenticate; or a
//             name in it that leads elsewhere; those of read_folder_manifest.  Conflict – `out`
//             exists.  Denied – no key for it.
// Bounds:     a few frames, the manifest, and the open folders on the way to a file.
// Durability: on disk when it returns without error, the newest head included.
Result<FolderUnsealed> unseal_folder(Env& env, KeysAtHand& at_hand, const OpeningOptions& opening,
                                     const ManifestOptions& manifest, const std::string& in,
                                     const std::string& out);

// The public key that a manifest is verified with.
// Errors: Invalid – nobody says which.
Result<crypto::Ed25519PublicKey> manifest_public_key(Env& env, keys::Keyring* keyring,
                                                     const std::string& file);

}  // namespace sealane::cli
