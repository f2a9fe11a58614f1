// SPDX-License-Identifier: Apache-2.0
// The files of a manifest are edited; with the newest head known, they verify only if the edits
// left them as they were.
//
// Input: edits of four bytes: kind, file, position, argument.
#include <cstdlib>
#include <utility>
#include <vector>

#include "keys/manifest.h"

namespace {

using namespace sealane;
using keys::ManifestHead;

constexpr std::uint64_t kEntries = 4;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Signed {
  crypto::Ed25519PrivateKey key = crypto::Ed25519PrivateKey::from_raw(Bytes(32)).value();
  std::vector<std::string> files;
  ManifestHead head;

  Signed() {
    for (std::uint64_t i = 0; i < kEntries; ++i) {
      keys::ManifestEntry entry;
      entry.dataset = "training";
      entry.index = i;
      entry.first = i * 10 + 1;
      entry.last = i * 10 + 10;
      entry.name = keys::bundle_object_key("training", entry.first, entry.last);
      entry.previous = head.sha256;
      files.push_back(keys::sign_manifest_entry(entry, key));
      head = {.index = i, .sha256 = crypto::sha256(as_bytes(files.back()))};
    }
  }
};

void edit(std::vector<std::string>& files, ByteReader& reader) {
  const auto kind = reader.be<std::uint8_t>().value();
  const std::size_t file = reader.be<std::uint8_t>().value();
  const std::size_t position = reader.be<std::uint8_t>().value();
  const auto argument = reader.be<std::uint8_t>().value();
  if (files.empty()) return;
  const std::size_t at = file % files.size();
  switch (kind % 5) {
    case 0: files.erase(files.begin() + static_cast<std::ptrdiff_t>(at)); break;
    case 1: std::swap(files[at], files[position % files.size()]); break;
    case 2:
      files.insert(files.begin() + static_cast<std::ptrdiff_t>(at), files[position % files.size()]);
      break;
    case 3: {
      char& byte = files[at][position % files[at].size()];
      byte = static_cast<char>(byte ^ argument);
      break;
    }
    default: files[at].append(argument % 4, '\n');
  }
}

#ifdef SEALANE_PLANTED_DEFECT
// Forgets what was verified before.
std::optional<ManifestHead> known_head(const Signed&) { return std::nullopt; }
#else
std::optional<ManifestHead> known_head(const Signed& original) { return original.head; }
#endif

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Signed original;
  std::vector<std::string> files = original.files;
  ByteReader reader(std::as_bytes(std::span(data, size)));
  for (int i = 0; i < 4 && reader.left() >= 4; ++i) edit(files, reader);
  keys::ManifestVerifier verifier("training", original.key.public_key(), known_head(original));
  bool good = true;
  for (const std::string& file : files) good = verifier.add(file).ok() && good;
  good = verifier.finish().ok() && good;
  require(good == (files == original.files));
  return 0;
}
