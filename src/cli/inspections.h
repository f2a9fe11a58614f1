// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "cli/unseal_folder.h"
#include "envelope/inspect.h"
#include "keys/manifest.h"

namespace sealane::cli {

// What a stored message says of itself, whatever SDK wrote it.
// Errors: those of envelope::inspect_message; Conflict – it became shorter meanwhile.
Result<envelope::Inspection> inspect_stored(File& file, const std::string& name);

// One bundle of a sealed folder.
struct BundleRow {
  keys::ManifestEntry entry;
  std::optional<envelope::Inspection> seen;  // nothing when it is missing or no message
  std::optional<keys::BundleFinding> finding;
  std::vector<std::string> problems;  // of the message
};

// What a sealed folder says of itself.  Without a key of the manifest nothing is verified but that
// its parts fit together.
struct FolderInspection {
  std::string dataset;
  std::optional<keys::ManifestHead> head;
  bool signatures_checked = false;
  std::vector<BundleRow> bundles;
  std::vector<std::string> problems;  // of the manifest, and bundles in no entry
};
// Errors: NotFound – no sealed folder; Invalid – no key in the file.
Result<FolderInspection> inspect_folder(Env& env, const std::string& root,
                                        const ManifestOptions& options);

// Nothing wrong was seen.
bool looks_right(const FolderInspection& seen);
std::string to_lines(const FolderInspection& seen);
std::string to_document(const std::string& folder, const FolderInspection& seen);

// A terminal is shown no control characters of a stranger's file.
std::string shown(std::string_view text);
// `1 frame`, `2 frames`
std::string counted(std::uint64_t number, const std::string& noun);
void write_recipients(json::Writer& w, const envelope::Inspection& seen);

}  // namespace sealane::cli
