// SPDX-License-Identifier: Apache-2.0
#include "cli/seal_folder.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "cli/folder_manifest.h"
#include "cli/sealed_files.h"
#include "envelope/body_sealer.h"
#include "store/tar_stream.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kMembersMax = 100'000;  // in one bundle

// `photos` of `pictures/photos/`, without what no data set's name has.
std::string dataset_named_after(const std::string& folder) {
  std::error_code none;
  const std::filesystem::path whole = std::filesystem::weakly_canonical(folder, none);
  std::string out;
  for (const char c : whole.filename().string())
    out += is_dataset_name("x" + std::string(1, c)) ? c : '-';
  while (out.starts_with('.')) out.erase(0, 1);
  out.resize(std::min<std::size_t>(out.size(), 64));
  return out.empty() ? "folder" : out;
}

// What is written into the folder that is read would be read too.
Status check_apart(const std::string& in, const std::string& out) {
  std::error_code none;
  const std::filesystem::path inner = std::filesystem::weakly_canonical(in, none);
  const std::filesystem::path outer = std::filesystem::weakly_canonical(out, none);
  const auto [end, rest] = std::mismatch(inner.begin(), inner.end(), outer.begin(), outer.end());
  if (end == inner.end())
    return fail(ErrorKind::Invalid, "`" + out + "` lies in the folder that is to be sealed");
  return {};
}

std::uint64_t bytes_of(const store::TarHead& head, const Bytes& blocks) {
  return blocks.size() + head.size + store::tar_padding(head.size);
}

// How many members come into each bundle.  It walks ahead of who seals, because a bundle's header
// says what its last member is.
class Planner {
 public:
  Planner(TreeWalk walk, std::uint64_t bundle_bytes)
      : walk_(std::move(walk)), bundle_bytes_(bundle_bytes) {}
  // 0 at the end.
  Result<std::uint64_t> next() {
    std::uint64_t members = 0;
    std::uint64_t bytes = 0;
    for (;; ++members) {
      if (!ahead_) {
        SEALANE_ASSIGN(ahead_, walk_.next());
      }
      if (!ahead_) return members;
      SEALANE_ASSIGN(const Bytes blocks, store::tar_head(*ahead_));
      bytes += bytes_of(*ahead_, blocks);
      if (members == kMembersMax || (members > 0 && bytes > bundle_bytes_)) return members;
      ahead_.reset();
    }
  }

 private:
  TreeWalk walk_;
  std::uint64_t bundle_bytes_;
  std::optional<store::TarHead> ahead_;
};

class FolderSealer {
 public:
  FolderSealer(Env& env, Recipients& recipients, const FolderPlan& plan,
               crypto::Ed25519PrivateKey key)
      : env_(env), recipients_(recipients), plan_(plan), key_(std::move(key)) {}

  Result<FolderSealed> run() {
    SEALANE_TRY(find_place());
    SEALANE_ASSIGN(TreeWalk ahead, TreeWalk::open(plan_.in));
    SEALANE_ASSIGN(TreeWalk walk, TreeWalk::open(plan_.in));
    // When adding, what is new stands inside the folder until it is complete.
    SEALANE_ASSIGN(StagedFolder staged,
                   StagedFolder::create(plan_.append ? plan_.out + "/.adding" : plan_.out));
    for (const char* part : {"", "/bundles", "/manifest"})
      SEALANE_TRY(env_.make_folder(staged.path() + "/" + out_.dataset + part));
    Planner planner(std::move(ahead), plan_.bundle_bytes);
    Progress progress("sealing", std::nullopt);
    for (;;) {
      SEALANE_ASSIGN(const std::uint64_t members, planner.next());
      if (members == 0) break;
      SEALANE_TRY(seal_bundle(walk, members, staged.path(), progress));
    }
    SEALANE_ASSIGN(const auto beyond, walk.next());
    if (beyond) return changed();
    SEALANE_TRY(publish(staged));
    out_.head = {.index = next_.index - 1, .sha256 = next_.previous};
    return out_;
  }

 private:
  Error changed() const {
    return fail(ErrorKind::Conflict, "`" + plan_.in + "` changed while it was read",
                "seal it again");
  }

  // Where the chain of entries goes on.
  Status find_place() {
    SEALANE_TRY(check_apart(plan_.in, plan_.out));
    for (const char* taken : {"dataset", "first", "last", "epoch"})
      if (plan_.message.context.contains(taken))
        return fail(ErrorKind::Invalid,
                    "`" + std::string(taken) + "` is a pair that a bundle has of its own");
    out_.dataset = plan_.dataset.empty() ? dataset_named_after(plan_.in) : plan_.dataset;
    if (!is_dataset_name(out_.dataset))
      return fail(ErrorKind::Invalid, "`" + out_.dataset + "` is no name for a data set",
                  "letters, digits, `.`, `_` and `-`, at most 64");
    next_.first = 1;
    if (plan_.append) {
      SEALANE_ASSIGN(const SealedFolder folder, find_sealed_folder(env_, plan_.out, plan_.dataset));
      SEALANE_ASSIGN(
          const FolderManifest before,
          read_folder_manifest(env_, folder, key_.public_key(),
                               [](const auto&) -> Result<std::optional<keys::ManifestHead>> {
                                 return std::optional<keys::ManifestHead>();
                               }));
      if (!before.unlisted.empty())
        return fail(ErrorKind::Conflict,
                    "`" + before.unlisted.front() + "` is in no entry of the manifest",
                    "it is foreign, or was left when adding was interrupted: remove it");
      out_.dataset = folder.dataset;
      out_.chain = before.chain;
      next_.index = before.summary.entries;
      next_.previous = before.summary.head->sha256;
      next_.first = before.entries.back().last + 1;
    }
    next_.dataset = out_.dataset;
    return {};
  }

  Status seal_bundle(TreeWalk& walk, std::uint64_t members, const std::string& place,
                     Progress& progress) {
    keys::ManifestEntry entry = next_;
    entry.last = entry.first + members - 1;
    entry.name = keys::bundle_object_key(entry.dataset, entry.first, entry.last);
    MessagePlan message = plan_.message;
    message.context["dataset"] = entry.dataset;
    message.context["first"] = std::to_string(entry.first);
    message.context["last"] = std::to_string(entry.last);
    message.add_epoch = true;
    SEALANE_ASSIGN(const PlannedMessage planned, recipients_.plan(message));
    entry.epoch = planned.epoch;
    SEALANE_ASSIGN(auto header, envelope::seal_header(cipher_, planned.plan, planned.data_key));
    entry.header_sha256 = crypto::sha256(header.bytes);
    SEALANE_ASSIGN(const auto file, env_.open(place + "/" + entry.name, OpenMode::CreateNew));
    envelope::BodySealer body(
        cipher_, std::move(header),
        [&](ByteSpan bytes) {
          hasher_.update(bytes);
          return file->append(bytes);
        },
        envelope::bulk_options(sealing_threads(plan_.bundle_bytes), message.frame_length));
    for (std::uint64_t i = 0; i < members; ++i) SEALANE_TRY(add_member(walk, body, progress));
    SEALANE_TRY(body.write(store::tar_end()));
    SEALANE_ASSIGN(entry.final_frame_tag, body.finish());
    SEALANE_TRY(file->sync());
    entry.size = body.bytes_written();
    entry.sha256 = hasher_.finish();
    out_.sealed_bytes += entry.size;
    return add_entry(entry, place);
  }

  Status add_member(TreeWalk& walk, envelope::BodySealer& body, Progress& progress) {
    SEALANE_ASSIGN(const auto head, walk.next());
    if (!head) return changed();
    SEALANE_ASSIGN(const Bytes blocks, store::tar_head(*head));
    SEALANE_TRY(body.write(blocks));
    if (head->kind == store::TarKind::Folder) return {};
    for (;;) {
      SEALANE_TRY(check_interrupted());
      SEALANE_ASSIGN(const MutableByteSpan room, body.room());
      SEALANE_ASSIGN(const std::size_t got, walk.read(room));
      if (got == 0) break;
      body.commit(got);
      progress.advance(got);
    }
    ++out_.files;
    out_.plaintext_bytes += head->size;
    return body.write(Bytes(store::tar_padding(head->size)));
  }

  Status add_entry(const keys::ManifestEntry& entry, const std::string& place) {
    const std::string file = keys::sign_manifest_entry(entry, key_);
    SEALANE_TRY(
        write_file_atomic(env_, place + "/" + keys::manifest_object_key(entry.dataset, entry.index),
                          as_bytes(file), IfExists::Refuse));
    entries_.push_back({entry.name, keys::manifest_object_key(entry.dataset, entry.index)});
    next_.previous = crypto::sha256(as_bytes(file));
    if (entry.index == 0) out_.chain = next_.previous;
    next_.index = entry.index + 1;
    next_.first = entry.last + 1;
    ++out_.bundles;
    return {};
  }

  Status publish(StagedFolder& staged) {
    const std::string inner = staged.path() + "/" + out_.dataset;
    for (const std::string& folder :
         {inner + "/bundles", inner + "/manifest", inner, staged.path()})
      SEALANE_TRY(env_.sync_folder(folder));
    if (!plan_.append) return staged.commit();
    // Bundles first: an entry never names one that is not there.
    for (const bool manifest : {false, true}) {
      for (const Written& each : entries_) {
        const std::string& name = manifest ? each.entry : each.bundle;
        SEALANE_TRY(
            env_.rename(staged.path() + "/" + name, plan_.out + "/" + name, IfExists::Refuse));
      }
      SEALANE_TRY(
          env_.sync_folder(plan_.out + "/" + out_.dataset + (manifest ? "/manifest" : "/bundles")));
    }
    return {};
  }

  struct Written {
    std::string bundle;
    std::string entry;
  };
  Env& env_;
  Recipients& recipients_;
  const FolderPlan& plan_;
  const crypto::Ed25519PrivateKey key_;
  envelope::Cipher cipher_;
  crypto::Sha256Hasher hasher_;
  keys::ManifestEntry next_;  // what is known of the entry to come
  std::vector<Written> entries_;
  FolderSealed out_;
};

}  // namespace

Result<FolderSealed> seal_folder(Env& env, Recipients& recipients, const FolderPlan& plan) {
  if (recipients.keyring() == nullptr)
    return fail(ErrorKind::Invalid, "a sealed folder has a manifest, which a keyring's key signs",
                "give --keyring DIR; `sealane key create` makes one");
  if (envelope::suite_of(plan.message.suite).is_signed())
    return fail(ErrorKind::Invalid, "the bundles of a folder are signed by its manifest",
                "seal it with 0x0478");
  if (!plan.message.brought.empty())
    return fail(ErrorKind::Invalid, "the bundles of a folder store their whole context",
                "use --context");
  SEALANE_ASSIGN(auto key, recipients.keyring()->manifest_signing_key());
  return FolderSealer(env, recipients, plan, std::move(key)).run();
}

}  // namespace sealane::cli
