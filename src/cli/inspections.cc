// SPDX-License-Identifier: Apache-2.0
#include "cli/inspections.h"

#include <algorithm>
#include <set>

#include "cli/folder_manifest.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kEntryBytesMax = 64 << 10;

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

// Reads the entries that can be read, and says how they do not fit together.
class ManifestLook {
 public:
  ManifestLook(Env& env, const SealedFolder& folder, const crypto::Ed25519PublicKey* key,
               FolderInspection& out)
      : env_(env), folder_(folder), key_(key), out_(out) {}

  Status run() {
    const std::string place = folder_.path_of(folder_.dataset + "/manifest");
    SEALANE_ASSIGN(const auto names, env_.list(place));
    for (const std::string& name : names) {
      auto file = read_file(env_, place + "/" + name, kEntryBytesMax);
      if (!file.ok()) return std::move(file).error();
      look_at(name, as_text(*file));
    }
    if (out_.bundles.empty()) problem("the manifest has no entry");
    return {};
  }

 private:
  void problem(std::string text) { out_.problems.push_back(std::move(text)); }

  void look_at(const std::string& name, std::string_view file) {
    const std::string what = "manifest entry `" + name + "` ";
    if (key_ != nullptr) {
      if (auto verified = keys::verify_manifest_entry(file, *key_); !verified.ok())
        problem(what + verified.error().message);
    }
    auto entry = keys::read_unverified_entry(file);
    if (!entry.ok()) return problem(what + "is none");
    if (entry->dataset != folder_.dataset ||
        folder_.dataset + "/manifest/" + name !=
            keys::manifest_object_key(folder_.dataset, entry->index))
      return problem(what + "is entry " + std::to_string(entry->index) + " of `" + entry->dataset +
                     "`: swapped");
    // It is a path that is about to be opened.
    if (entry->name != keys::bundle_object_key(folder_.dataset, entry->first, entry->last))
      return problem(what + "names another object than its sequence numbers say");
    for (; next_ < entry->index; ++next_) {
      if (out_.problems.size() > 64) break;
      problem("manifest entry " + std::to_string(next_) + " is missing");
    }
    if (entry->index == next_ && entry->previous != previous_ && whole_)
      problem(what + "does not follow the entry before it: one of the two was replaced");
    next_ = entry->index + 1;
    previous_ = crypto::sha256(as_bytes(file));
    whole_ = true;
    out_.head = {.index = entry->index, .sha256 = previous_};
    out_.bundles.push_back({*std::move(entry), {}, {}, {}});
  }

  Env& env_;
  const SealedFolder& folder_;
  const crypto::Ed25519PublicKey* key_;
  FolderInspection& out_;
  std::uint64_t next_ = 0;
  crypto::Sha256 previous_{};
  bool whole_ = true;
};

Status look_at_bundle(Env& env, const SealedFolder& folder,
                      const std::vector<keys::ManifestEntry>& all, BundleRow& row) {
  SEALANE_ASSIGN(row.finding, judge_stored_bundle(env, folder, row.entry, all));
  if (row.finding && row.finding->fault == keys::BundleFault::Missing) return {};
  SEALANE_ASSIGN(const auto file, env.open(folder.path_of(row.entry.name), OpenMode::Read));
  auto seen = inspect_stored(*file, row.entry.name);
  if (!seen.ok()) {
    row.problems.push_back(seen.error().message);
    return {};
  }
  row.problems = seen->problems;
  row.seen = *std::move(seen);
  return {};
}

std::string key_names(const envelope::Inspection& seen) {
  std::string out;
  for (const envelope::WrapDescription& wrap : seen.recipients)
    out += (out.empty() ? "" : ", ") + shown(to_string(wrap));
  return out;
}

}  // namespace

std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out;
}

std::string counted(std::uint64_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

Result<envelope::Inspection> inspect_stored(File& file, const std::string& name) {
  SEALANE_ASSIGN(const std::uint64_t size, file.size());
  const envelope::ReadAt read_at = [&](std::uint64_t offset, MutableByteSpan to) -> Status {
    SEALANE_ASSIGN(const std::size_t count, file.read_at(offset, to));
    if (count != to.size())
      return fail(ErrorKind::Conflict, "`" + name + "` was cut short while it was read");
    return {};
  };
  // Whatever any SDK ever wrote is shown.
  const envelope::Limits limits = {.context_order = envelope::ContextOrder::AsWritten,
                                   .suites = envelope::SuiteSet::all()};
  return envelope::inspect_message(read_at, size, limits);
}

Result<FolderInspection> inspect_folder(Env& env, const std::string& root,
                                        const ManifestOptions& options) {
  FolderInspection out;
  SEALANE_ASSIGN(const SealedFolder folder, find_sealed_folder(env, root, options.dataset));
  out.dataset = folder.dataset;
  std::optional<crypto::Ed25519PublicKey> key;
  if (!options.manifest_key.empty()) {
    SEALANE_ASSIGN(key, manifest_public_key(env, nullptr, options.manifest_key));
    out.signatures_checked = true;
  }
  SEALANE_TRY(ManifestLook(env, folder, key ? &*key : nullptr, out).run());
  std::vector<keys::ManifestEntry> all;
  std::set<std::string> listed;
  for (const BundleRow& row : out.bundles) {
    all.push_back(row.entry);
    listed.insert(row.entry.name);
  }
  for (BundleRow& row : out.bundles) SEALANE_TRY(look_at_bundle(env, folder, all, row));
  SEALANE_ASSIGN(const auto stored, env.list(folder.path_of(folder.dataset + "/bundles")));
  for (const std::string& name : stored)
    if (const std::string full = folder.dataset + "/bundles/" + name; !listed.contains(full))
      out.problems.push_back("bundle `" + full + "` is foreign: no entry of the manifest names it");
  return out;
}

bool looks_right(const FolderInspection& seen) {
  return seen.problems.empty() && std::ranges::none_of(seen.bundles, [](const BundleRow& row) {
           return row.finding || !row.problems.empty();
         });
}

std::string to_lines(const FolderInspection& seen) {
  std::uint64_t members = 0;
  for (const BundleRow& row : seen.bundles) members += row.entry.last - row.entry.first + 1;
  std::string out = "data set `" + seen.dataset + "`, " + counted(seen.bundles.size(), "bundle") +
                    ", " + counted(members, "member");
  if (seen.head) out += ", head " + keys::to_text(*seen.head);
  out += "\n  bundle           members         bytes     plaintext    frames  suite   sealed for\n";
  for (const BundleRow& row : seen.bundles) {
    out += padded(std::to_string(row.entry.index), 8) +
           padded(std::to_string(row.entry.first) + "-" + std::to_string(row.entry.last), 18) +
           padded(std::to_string(row.entry.size), 14);
    if (row.seen)
      out += padded(std::to_string(row.seen->plaintext_bytes), 14) +
             padded(std::to_string(row.seen->frames), 10) + "  " +
             std::string(envelope::suite_of(row.seen->header.suite).name) + "  " +
             key_names(*row.seen);
    out += "\n";
  }
  for (const std::string& problem : seen.problems) out += "looks wrong: " + shown(problem) + "\n";
  for (const BundleRow& row : seen.bundles) {
    const std::string what = "looks wrong: bundle `" + shown(row.entry.name) + "` ";
    if (row.finding) out += what + shown(row.finding->detail) + "\n";
    for (const std::string& problem : row.problems) out += what + shown(problem) + "\n";
  }
  if (looks_right(seen)) out += "nothing looks wrong; ";
  return out + (seen.signatures_checked
                    ? "the manifest's signatures were checked, the bundles' content was not\n"
                    : "without a key nothing was authenticated\n");
}

void write_recipients(json::Writer& w, const envelope::Inspection& seen) {
  w.key("recipients").begin_array();
  for (const envelope::WrapDescription& wrap : seen.recipients)
    w.begin_object()
        .field("kind", to_string(wrap.kind))
        .field("provider", wrap.provider)
        .field("name", wrap.name)
        .end_object();
  w.end_array();
}

std::string to_document(const std::string& folder, const FolderInspection& seen) {
  json::Writer w(2);
  w.begin_object().field("folder", folder).field("dataset", seen.dataset);
  w.field("head", seen.head ? keys::to_text(*seen.head) : "");
  w.field("signatures_checked", seen.signatures_checked).key("bundles").begin_array();
  for (const BundleRow& row : seen.bundles) {
    w.begin_object().field("index", row.entry.index).field("name", row.entry.name);
    w.field("first", row.entry.first).field("last", row.entry.last).field("size", row.entry.size);
    w.field("epoch", std::uint64_t{row.entry.epoch}).key("fault");
    row.finding ? w.value(to_string(row.finding->fault)) : w.null();
    const envelope::Inspection none;
    const envelope::Inspection& of = row.seen ? *row.seen : none;
    w.field("suite", row.seen ? envelope::suite_of(of.header.suite).name : "");
    w.field("frames", of.frames).field("plaintext_bytes", of.plaintext_bytes);
    write_recipients(w, of);
    w.key("problems").begin_array();
    if (row.finding) w.value(row.finding->detail);
    for (const std::string& problem : row.problems) w.value(problem);
    w.end_array().end_object();
  }
  w.end_array().key("problems").begin_array();
  for (const std::string& problem : seen.problems) w.value(problem);
  return w.end_array().end_object().str() + "\n";
}

}  // namespace sealane::cli
