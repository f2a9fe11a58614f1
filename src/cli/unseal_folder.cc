// SPDX-License-Identifier: Apache-2.0
#include "cli/unseal_folder.h"

#include <algorithm>

#include "cli/dataset_reader.h"
#include "cli/folder_manifest.h"
#include "cli/folder_tree.h"
#include "cli/sealed_files.h"
#include "envelope/stream_opener.h"
#include "store/tar_stream.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kPemBytesMax = 64 << 10;
constexpr std::size_t kPieceBytes = 1u << 20;

// The newest of what is known from before and what the caller says.
Result<std::optional<keys::ManifestHead>> known_head(const HeadKeeper& keeper,
                                                     const std::string& expected,
                                                     const crypto::Sha256& chain) {
  SEALANE_ASSIGN(std::optional<keys::ManifestHead> known, keeper.load(chain));
  if (expected.empty()) return known;
  SEALANE_ASSIGN(const keys::ManifestHead said, keys::parse_manifest_head(expected));
  if (!known || known->index <= said.index) known = said;
  return known;
}

class FolderOpener {
 public:
  FolderOpener(Env& env, KeysAtHand& at_hand, const SealedFolder& folder, TreeBuild& build,
               Progress& progress)
      : env_(env), at_hand_(at_hand), folder_(folder), build_(build), progress_(progress) {}

  Status open(const keys::ManifestEntry& entry) {
    const Status opened = stream(entry);
    const bool pinned = entry.sha256.has_value() && bytes_ == entry.size;
    if (pinned && hasher_.finish() != *entry.sha256)
      return keys::to_error(entry, keys::judge_other_bytes(opened));
    // Of an entry without the hash of the whole bundle: the most that was signed.
    if (opened.ok() && tag_ != entry.final_frame_tag)
      return keys::to_error(entry, keys::judge_other_bytes(opened));
    if (opened.ok()) return {};
    if (opened.error().kind == ErrorKind::Corrupt)
      return keys::to_error(entry,
                            {keys::BundleFault::Damaged, "is damaged: " + opened.error().message});
    return opened.error().within("bundle `" + entry.name + "`");
  }
  std::uint64_t plaintext_bytes() const { return plaintext_bytes_; }

 private:
  Status stream(const keys::ManifestEntry& entry) {
    hasher_.finish();
    bytes_ = 0;
    SEALANE_ASSIGN(const auto file, env_.open(folder_.path_of(entry.name), OpenMode::Read));
    std::uint64_t members = 0;
    store::TarStream archive({.begin =
                                  [&](const store::TarHead& head) {
                                    ++members;
                                    plaintext_bytes_ += head.size;
                                    return build_.begin(head);
                                  },
                              .data = [&](ByteSpan data) { return build_.write(data); },
                              .end = [&] { return build_.end(); }});
    envelope::StreamOpener opener(
        cipher_,
        [&](const envelope::Header& header) -> Result<Secret> {
          SEALANE_TRY(
              envelope::require_context(header.context, {{"dataset", entry.dataset},
                                                         {"first", std::to_string(entry.first)},
                                                         {"last", std::to_string(entry.last)},
                                                         {"epoch", std::to_string(entry.epoch)}}));
          return at_hand_.data_key(header);
        },
        [&](ByteSpan plaintext) { return archive.write(plaintext); },
        {.limits = at_hand_.limits(), .caller_context = at_hand_.brought()});
    Bytes piece(kPieceBytes);
    // All of it is read and hashed even when it does not open: by that a rewritten bundle is told
    // from a damaged one.
    Status failed;
    for (;;) {
      SEALANE_TRY(check_interrupted());
      SEALANE_ASSIGN(const std::size_t got, file->read_at(bytes_, piece));
      if (got == 0) break;
      bytes_ += got;
      hasher_.update(ByteSpan(piece).first(got));
      keep_end(ByteSpan(piece).first(got));
      progress_.advance(got);
      if (failed.ok()) failed = opener.write(ByteSpan(piece).first(got));
    }
    SEALANE_TRY(failed);
    SEALANE_TRY(opener.finish());
    SEALANE_TRY(archive.finish());
    if (bytes_ != entry.size) return fail(ErrorKind::Conflict, "it changed while it was read");
    if (members != entry.last - entry.first + 1)
      return fail(ErrorKind::Corrupt, "it holds another number of files than its entry says");
    return {};
  }

  // The last bytes of what was read: of a bundle, its final frame's tag.
  void keep_end(ByteSpan bytes) {
    const std::size_t fresh = std::min(bytes.size(), tag_.size());
    std::ranges::rotate(tag_, tag_.begin() + static_cast<std::ptrdiff_t>(fresh));
    copy_bytes(MutableByteSpan(tag_).last(fresh), bytes.last(fresh));
  }

  Env& env_;
  KeysAtHand& at_hand_;
  const SealedFolder& folder_;
  TreeBuild& build_;
  Progress& progress_;
  envelope::Cipher cipher_;
  crypto::Sha256Hasher hasher_;
  crypto::GcmTag tag_{};
  std::uint64_t bytes_ = 0;
  std::uint64_t plaintext_bytes_ = 0;
};

}  // namespace

void add_manifest_options(CLI::App* command, ManifestOptions& options) {
  command
      ->add_option("--manifest-key", options.manifest_key,
                   "of a folder: the public key that its manifest is signed with (default: the "
                   "keyring's)")
      ->type_name("FILE");
  command
      ->add_option("--dataset", options.dataset,
                   "of a folder: the data set (default: the only one)")
      ->type_name("NAME");
  command
      ->add_option("--expect-head", options.expect_head,
                   "of a folder: newest manifest entry known; an older one is refused")
      ->type_name("INDEX:SHA256");
  command
      ->add_option("--head-file", options.head_file,
                   "of a folder: where the newest head is kept (default: beside the keyring)")
      ->type_name("FILE");
}

Result<crypto::Ed25519PublicKey> manifest_public_key(Env& env, keys::Keyring* keyring,
                                                     const std::string& file) {
  if (!file.empty()) {
    SEALANE_ASSIGN(const Bytes pem, read_file(env, file, kPemBytesMax));
    auto key = crypto::Ed25519PublicKey::from_pem(as_text(pem));
    if (!key.ok()) return std::move(key).error().within("`" + file + "`");
    return key;
  }
  if (keyring == nullptr)
    return fail(ErrorKind::Invalid, "nobody says whose manifest it has to be",
                "give --manifest-key FILE, as `sealane key manifest` writes it, or --keyring DIR");
  SEALANE_ASSIGN(const auto key, keyring->manifest_signing_key());
  return key.public_key();
}

Result<FolderUnsealed> unseal_folder(Env& env, KeysAtHand& at_hand, const OpeningOptions& opening,
                                     const ManifestOptions& options, const std::string& in,
                                     const std::string& out) {
  SEALANE_ASSIGN(const auto key, manifest_public_key(env, at_hand.keyring(), options.manifest_key));
  SEALANE_ASSIGN(const SealedFolder folder, find_sealed_folder(env, in, options.dataset));
  const HeadKeeper keeper(env, opening.keyring, options.head_file);
  SEALANE_ASSIGN(const FolderManifest manifest,
                 read_folder_manifest(env, folder, key, [&](const crypto::Sha256& chain) {
                   return known_head(keeper, options.expect_head, chain);
                 }));
  SEALANE_ASSIGN(const auto findings, judge_bundles(env, folder, manifest));
  if (!findings.empty()) {
    std::string all;
    for (const std::string& each : findings) all += (all.empty() ? "" : "; ") + each;
    return fail(ErrorKind::Corrupt, std::move(all));
  }
  SEALANE_ASSIGN(StagedFolder staged, StagedFolder::create(out));
  SEALANE_ASSIGN(TreeBuild build, TreeBuild::open(staged.path()));
  std::uint64_t total = 0;
  for (const keys::ManifestEntry& entry : manifest.entries) total += entry.size;
  Progress progress("unsealing", total);
  FolderOpener opener(env, at_hand, folder, build, progress);
  for (const keys::ManifestEntry& entry : manifest.entries) SEALANE_TRY(opener.open(entry));
  SEALANE_TRY(build.finish());
  SEALANE_TRY(staged.commit());
  SEALANE_TRY(keeper.save(manifest.chain, *manifest.summary.head));
  return FolderUnsealed{.dataset = folder.dataset,
                        .files = build.files(),
                        .bundles = manifest.summary.entries,
                        .plaintext_bytes = opener.plaintext_bytes(),
                        .head = *manifest.summary.head,
                        .freshness = manifest.summary.freshness};
}

}  // namespace sealane::cli
