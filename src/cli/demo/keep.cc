// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/keep.h"

namespace sealane::cli::demo {
namespace {

Status copy_file(Env& env, const std::string& from, const std::string& to) {
  SEALANE_ASSIGN(const Bytes bytes, read_file(env, from, kCaptureBytesMax));
  return write_file_atomic(env, to, bytes, IfExists::Refuse);
}

Status copy_folder(Env& env, const std::string& from, const std::string& to) {
  SEALANE_TRY(make_folders(env, to));
  SEALANE_ASSIGN(const std::vector<std::string> names, env.list(from));
  for (const std::string& name : names) {
    const std::string tail = "/" + name;
    SEALANE_TRY(copy_file(env, from + tail, to + tail));
  }
  return {};
}

Status write_lake(Env& env, const LakeContents& lake, const std::string& folder) {
  for (const auto& [key, bytes] : lake) {
    std::string path = folder;
    path.append("/").append(key);
    SEALANE_TRY(make_folders(env, folder_of(path)));
    SEALANE_TRY(write_file_atomic(env, path, bytes, IfExists::Refuse));
  }
  return {};
}

// Public keys, and the one that opens the data set.
Status copy_keys(Env& env, const Scene& scene, const std::string& folder) {
  const std::string& dataset = scene.parts.dataset;
  SEALANE_TRY(make_folders(env, folder + "/public"));
  SEALANE_TRY(copy_file(env, scene.loaded.manifest_public_key(), folder + "/public/manifest.pub"));
  SEALANE_TRY(copy_file(env, scene.loaded.trust_ca(), folder + "/public/ca.pem"));
  return copy_file(env, scene.loaded.node_folder(scene.parts.trainer) + "/" + dataset + "-1.key",
                   folder + "/" + dataset + ".key");
}

}  // namespace

Status prepare_keep(const std::string& folder, Env& env) {
  auto present = env.list(folder);
  if (present.ok() && !present->empty())
    return fail(ErrorKind::Conflict, "`" + folder + "` is not empty",
                "name a folder that does not exist yet");
  if (!present.ok() && present.error().kind != ErrorKind::NotFound)
    return std::move(present).error();
  return make_folders(env, folder);
}

Status keep_run(const Scene& scene, const LakeContents& lake, std::string_view result_json,
                const std::string& folder, Env& env) {
  SEALANE_TRY(copy_folder(env, scene.captures(), folder + "/captures"));
  SEALANE_TRY(copy_file(env, scene.control_capture(), folder + "/captures/control.pcap"));
  SEALANE_TRY(copy_folder(env, scene.logs(), folder + "/logs"));
  SEALANE_TRY(copy_folder(env, scene.markers(), folder + "/markers"));
  SEALANE_TRY(write_lake(env, lake, folder + "/lake"));
  SEALANE_TRY(copy_keys(env, scene, folder));
  return write_file_atomic(env, folder + "/result.json", as_bytes(result_json), IfExists::Refuse);
}

}  // namespace sealane::cli::demo
