// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "cli/command.h"
#include "cli/folder_tree.h"
#include "cli/recipients.h"
#include "keys/manifest.h"

namespace sealane::cli {

struct FolderPlan {
  std::string in;
  std::string out;
  std::string dataset;  // empty: named after the folder
  bool append = false;
  std::uint64_t bundle_bytes = std::uint64_t{256} << 20;  // of plaintext; a larger file has its own
  MessagePlan message;
};

struct FolderSealed {
  std::string dataset;
  std::uint64_t files = 0;
  std::uint64_t bundles = 0;  // written now
  std::uint64_t plaintext_bytes = 0;
  std::uint64_t sealed_bytes = 0;
  keys::ManifestHead head;
  crypto::Sha256 chain{};
};

// Seals a folder as bundles with a manifest, signed by the keyring's key.  The new folder, or what
// is added to one, gets its names when it is complete.
//
// Errors:     Invalid – something that is no file and no folder is in it, and is named; no keyring
//             to sign with; Conflict – `out` exists, or `in` changed while it was read; when
//             adding, those of read_folder_manifest.
// Bounds:     a few frames, and the names of the folders from the root to where it is.
// Durability: on disk when it returns without error.
Result<FolderSealed> seal_folder(Env& env, Recipients& recipients, const FolderPlan& plan);

}  // namespace sealane::cli
