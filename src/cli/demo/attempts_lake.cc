// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/attempts_lake.h"

#include <sys/stat.h>

#include <cerrno>
#include <iterator>
#include <utility>

#include "cli/demo/interrupt.h"
#include "cli/reader_setup.h"
#include "http/s3_request.h"
#include "store/object_store.h"

namespace sealane::cli::demo {
namespace {

constexpr std::uint64_t kObjectBytesMax = std::uint64_t{1} << 30;
constexpr std::uint64_t kPemBytesMax = 1 << 20;
constexpr std::chrono::milliseconds kStartLimit{15'000};
constexpr mode_t kPassable = 0711;

// A lake process that serves given objects, and the relay in front of it.
struct LakeCopy {
  Child process;
  RelayProcess relay;
};

Status copy_file(Env& env, const std::string& from, const std::string& to) {
  SEALANE_ASSIGN(const Bytes bytes, read_file(env, from, kPemBytesMax));
  return write_file_atomic(env, to, bytes, IfExists::Refuse);
}

// A state folder with the lake's identity and these objects.
Status lay_out(const Scene& scene, Env& env, const Clock& clock, const std::string& state,
               const LakeContents& contents) {
  const std::string node = state + "/nodes/" + scene.parts.lake;
  for (const std::string& folder : {state, state + "/nodes", state + "/trust", node}) {
    SEALANE_TRY(env.make_folder(folder));
    if (::chmod(folder.c_str(), kPassable) != 0)
      return fail_errno(errno, "cannot set the mode of `" + folder + "`");
  }
  SEALANE_TRY(copy_file(env, scene.loaded.trust_ca(), state + "/trust/ca.pem"));
  for (const char* file : {"/cert.pem", "/key.pem"})
    SEALANE_TRY(copy_file(env, scene.loaded.node_folder(scene.parts.lake) + file, node + file));
  SEALANE_ASSIGN(const auto store, store::ObjectStore::open(env, node + "/objects"));
  for (const auto& [key, bytes] : contents) SEALANE_TRY(store->put(key, bytes, clock.now()));
  return {};
}

Result<LakeCopy> serve(const Scene& scene, Env& env, const Clock& clock, const std::string& name,
                       const LakeContents& contents) {
  const std::string state = scene.changed_lakes() + "/" + name;
  SEALANE_TRY(lay_out(scene, env, clock, state, contents));
  SEALANE_ASSIGN(Child process,
                 Child::start(env, {.name = "lake-" + name,
                                    .arguments = {"run", scene.loaded.file, "--node",
                                                  scene.parts.lake, "--state", state, "--listen",
                                                  "https=0", "--log-format", "json"},
                                    .folder = scene.logs()}));
  SEALANE_ASSIGN(const Endpoint address, listening_at(process, kStartLimit));
  SEALANE_ASSIGN(RelayProcess relay,
                 RelayProcess::start(env, "lake-" + name, address,
                                     scene.captures() + "/lake-" + name + ".pcap", scene.logs()));
  return LakeCopy{std::move(process), std::move(relay)};
}

// The trainer reads everything from that lake.
Status read_all(const LakeCast& cast, Env& env, const Clock& clock, const LakeCopy& lake) {
  const Endpoint address = lake.relay.address();
  SEALANE_ASSIGN(ReaderSetup reader,
                 set_up_reader(env, cast.scene.loaded,
                               {.consumer = cast.scene.parts.trainer,
                                .lake = tls::Endpoint{address_text(address), address.port}},
                               clock));
  SEALANE_ASSIGN(const auto head, load_head(env, reader.head_file));
  if (!head) return fail(ErrorKind::Internal, "the trainer has kept no head");
  const DatasetSource source{*reader.client, cast.scene.loaded.pipeline.name, reader.dataset,
                             reader.manifest_key_pem, head};
  auto read = read_dataset(source, reader.opener, [](const DatasetRecord&) { return Status(); });
  if (!read.ok()) return std::move(read).error();
  return {};
}

const std::string& bundle(const LakeCast& cast, std::size_t index) {
  return cast.manifest.entries[index].name;
}

void flip_a_bit(const LakeCast& cast, LakeContents& contents) {
  Bytes& bytes = contents[bundle(cast, cast.manifest.entries.size() / 2)];
  bytes[bytes.size() / 2] ^= std::byte{0x01};
}
void truncate(const LakeCast& cast, LakeContents& contents) {
  Bytes& bytes = contents[bundle(cast, cast.manifest.entries.size() / 2)];
  bytes.resize(bytes.size() * 3 / 4);
}
void remove_one(const LakeCast& cast, LakeContents& contents) {
  contents.erase(bundle(cast, cast.manifest.entries.size() / 2));
}
void swap_two(const LakeCast& cast, LakeContents& contents) {
  std::swap(contents[bundle(cast, 1)], contents[bundle(cast, 2)]);
}
void put_old_back(const LakeCast& cast, LakeContents& contents) {
  contents[bundle(cast, cast.manifest.entries.size() - 2)] = contents[bundle(cast, 0)];
}
// The lake as it was before its last two bundles, every signature still right.
void roll_back(const LakeCast& cast, LakeContents& contents) {
  for (auto entry = cast.manifest.entries.end() - 2; entry != cast.manifest.entries.end();
       ++entry) {
    contents.erase(entry->name);
    contents.erase(keys::manifest_object_key(entry->dataset, entry->index));
  }
}

struct Change {
  const char* name;
  const char* folder;
  void (*make)(const LakeCast&, LakeContents&);
};
constexpr Change kChanges[] = {
    {"bit flipped in a stored bundle", "bit-flipped", flip_a_bit},
    {"truncated bundle", "truncated", truncate},
    {"deleted bundle", "deleted", remove_one},
    {"two bundles with swapped names", "swapped", swap_two},
    {"an old bundle put back", "old-bundle", put_old_back},
    {"the whole lake rolled back with its manifest", "rolled-back", roll_back},
};

// Refused: the reader names damage, and not for want of a lake.
Status try_change(LakeCast& cast, Env& env, const Clock& clock, const Change& change,
                  Attempt& attempt) {
  LakeContents contents = cast.contents;
  change.make(cast, contents);
  SEALANE_ASSIGN(LakeCopy lake, serve(cast.scene, env, clock, change.folder, contents));
  const Status read = read_all(cast, env, clock, lake);
  if (read.ok()) {
    attempt.reason = "the trainer read it all";
    return {};
  }
  attempt.reason = read.error().message;
  SEALANE_ASSIGN(const Relayed opened, lake.relay.next_opened(0));
  SEALANE_ASSIGN(const Relayed passed, lake.relay.closed(opened.seen_as));
  attempt.proof = "the changed lake served " + std::to_string(passed.to_client) +
                  " bytes to the trainer through the relay";
  attempt.refused = read.error().kind == ErrorKind::Corrupt && passed.to_client > 0;
  SEALANE_TRY(lake.relay.stop());
  return lake.process.stop();
}

}  // namespace

Result<LakeContents> download_lake(const DatasetSource& source, const VerifiedManifest& manifest) {
  LakeContents out;
  for (const keys::ManifestEntry& entry : manifest.entries) {
    for (const std::string& key :
         {entry.name, keys::manifest_object_key(entry.dataset, entry.index)}) {
      http::Request request = http::make_request(
          http::GetObject{.bucket = source.pipeline, .key = key, .range = std::nullopt});
      request.response_bytes_max = kObjectBytesMax;
      SEALANE_ASSIGN(http::Response response, source.lake.send(request));
      if (response.status != 200)
        return fail(ErrorKind::Unavailable,
                    "the lake answers " + std::to_string(response.status) + " for `" + key + "`");
      out[key] = std::move(response.body);
    }
  }
  return out;
}

std::vector<Attempt> attempt_changed_lakes(LakeCast& cast, Env& env, const Clock& clock,
                                           const Progress& progress) {
  std::vector<Attempt> out;
  auto unchanged = cast.manifest.entries.size() < 4
                       ? Result<LakeCopy>(fail(ErrorKind::Invalid, "too few bundles to change one"))
                       : serve(cast.scene, env, clock, "unchanged", cast.contents);
  for (const Change& change : kChanges) {
    if (interrupted()) break;
    progress(change.name);
    Attempt& attempt = out.emplace_back();
    attempt.name = change.name;
    if (!unchanged.ok()) {
      attempt.reason = unchanged.error().message;
      continue;
    }
    if (const Status tried = try_change(cast, env, clock, change, attempt); !tried.ok())
      attempt.reason = tried.error().message;
    judge_repaired(attempt, read_all(cast, env, clock, *unchanged),
                   "with the original objects the same trainer reads everything");
  }
  return out;
}

}  // namespace sealane::cli::demo
