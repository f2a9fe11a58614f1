// SPDX-License-Identifier: Apache-2.0
#include "cli/folder_manifest.h"

#include <algorithm>
#include <set>

#include "cli/dataset_reader.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kEntryBytesMax = 64 << 10;
constexpr std::size_t kHeaderBytesMax = 128 << 10;
constexpr std::size_t kNamesMax = 16;

Error damaged(std::string what) { return fail(ErrorKind::Corrupt, std::move(what)); }

}  // namespace

bool is_dataset_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

Result<SealedFolder> find_sealed_folder(Env& env, const std::string& root,
                                        const std::string& wanted) {
  SealedFolder out{.root = root, .dataset = wanted};
  if (!wanted.empty() && !is_dataset_name(wanted))
    return fail(ErrorKind::Invalid, "`" + wanted + "` is no name for a data set");
  SEALANE_ASSIGN(const std::vector<std::string> names, env.list(root));
  std::vector<std::string> found;
  for (const std::string& name : names)
    if (is_dataset_name(name) && (wanted.empty() || name == wanted) &&
        env.list(root + "/" + name + "/manifest").ok())
      found.push_back(name);
  if (found.empty())
    return fail(ErrorKind::NotFound, "`" + root + "` is no sealed folder: it has no `" +
                                         (wanted.empty() ? "<data set>" : wanted) + "/manifest`");
  if (found.size() > 1)
    return fail(ErrorKind::Invalid, "`" + root + "` holds several data sets",
                "say which one with --dataset");
  out.dataset = found.front();
  return out;
}

Result<FolderManifest> read_folder_manifest(Env& env, const SealedFolder& folder,
                                            const crypto::Ed25519PublicKey& key,
                                            const KnownHead& known_head) {
  FolderManifest out;
  const std::string place = folder.path_of(folder.dataset + "/manifest");
  SEALANE_ASSIGN(const std::vector<std::string> names, env.list(place));
  std::optional<keys::ManifestVerifier> verifier;
  for (const std::string& name : names) {
    SEALANE_ASSIGN(const Bytes file, read_file(env, place + "/" + name, kEntryBytesMax));
    if (!verifier) {
      out.chain = crypto::sha256(file);
      SEALANE_ASSIGN(const auto head, known_head(out.chain));
      auto copy = crypto::Ed25519PublicKey::from_raw(key.raw());
      verifier.emplace(folder.dataset, *std::move(copy), head);
    }
    auto entry = verifier->add(as_text(file));
    if (!entry.ok()) return std::move(entry).error().within("`" + place + "/" + name + "`");
    if (folder.dataset + "/manifest/" + name !=
        keys::manifest_object_key(folder.dataset, entry->index))
      return damaged("`" + place + "/" + name + "` is the manifest's entry " +
                     std::to_string(entry->index));
    out.entries.push_back(*std::move(entry));
  }
  if (!verifier) return damaged("`" + place + "`: the manifest is missing: it has no entry");
  auto summary = verifier->finish();
  if (!summary.ok()) return std::move(summary).error().within("`" + place + "`");
  out.summary = *summary;
  std::set<std::string_view> listed;
  for (const keys::ManifestEntry& entry : out.entries) listed.insert(entry.name);
  SEALANE_ASSIGN(const auto bundles, env.list(folder.path_of(folder.dataset + "/bundles")));
  for (const std::string& name : bundles) {
    std::string full = folder.dataset + "/bundles/" + name;
    if (!listed.contains(full)) out.unlisted.push_back(std::move(full));
  }
  return out;
}

Result<std::optional<keys::BundleFinding>> judge_stored_bundle(
    Env& env, const SealedFolder& folder, const keys::ManifestEntry& entry,
    const std::vector<keys::ManifestEntry>& all) {
  auto file = env.open(folder.path_of(entry.name), OpenMode::Read);
  if (!file.ok() && file.error().kind == ErrorKind::NotFound)
    return std::optional(keys::BundleFinding{keys::BundleFault::Missing, "is missing"});
  if (!file.ok()) return std::move(file).error();
  SEALANE_ASSIGN(const std::uint64_t size, (*file)->size());
  Bytes front(static_cast<std::size_t>(std::min<std::uint64_t>(size, kHeaderBytesMax)));
  SEALANE_ASSIGN(const std::size_t got, (*file)->read_at(0, front));
  return keys::judge_bundle(entry, size, ByteSpan(front).first(got), all);
}

Result<std::vector<std::string>> judge_bundles(Env& env, const SealedFolder& folder,
                                               const FolderManifest& manifest) {
  std::vector<std::string> out;
  for (const keys::ManifestEntry& entry : manifest.entries) {
    SEALANE_ASSIGN(const auto finding, judge_stored_bundle(env, folder, entry, manifest.entries));
    if (finding) out.push_back(keys::to_error(entry, *finding).message);
    if (out.size() == kNamesMax) return out;
  }
  for (const std::string& name : manifest.unlisted) {
    out.push_back("bundle `" + name + "` is foreign: no entry of the manifest names it");
    if (out.size() == kNamesMax) return out;
  }
  return out;
}

std::string HeadKeeper::path_of(const crypto::Sha256& chain) const {
  if (!head_file_.empty()) return head_file_;
  if (keyring_folder_.empty()) return {};
  return keyring_folder_ + "/heads/" + to_hex(chain) + ".head";
}

Result<std::optional<keys::ManifestHead>> HeadKeeper::load(const crypto::Sha256& chain) const {
  const std::string path = path_of(chain);
  if (path.empty()) return std::optional<keys::ManifestHead>();
  return load_head(env_, path);
}

Status HeadKeeper::save(const crypto::Sha256& chain, const keys::ManifestHead& head) const {
  const std::string path = path_of(chain);
  if (path.empty()) return {};
  if (head_file_.empty()) SEALANE_TRY(env_.make_folder(folder_of(path)));
  return save_head(env_, path, head);
}

}  // namespace sealane::cli
