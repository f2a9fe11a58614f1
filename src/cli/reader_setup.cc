// SPDX-License-Identifier: Apache-2.0
#include "cli/reader_setup.h"

#include <charconv>

#include "gateway/node_setup.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kSmallFileBytesMax = 1u << 20;

Result<const pipeline::Node*> find_consumer(const LoadedPipeline& loaded,
                                            const std::string& wanted) {
  for (const pipeline::Node& node : loaded.pipeline.nodes)
    if (node.kind == pipeline::NodeKind::Consumer && (wanted.empty() || node.name == wanted))
      return &node;
  return fail(ErrorKind::NotFound, wanted.empty()
                                       ? "the pipeline has no consumer"
                                       : "the pipeline has no consumer `" + wanted + "`");
}

// The epoch of `<dataset>-<epoch>.key`; nothing for other names.
std::optional<std::uint32_t> epoch_of(std::string_view file, const std::string& dataset) {
  const std::string prefix = dataset + "-";
  if (!file.starts_with(prefix) || !file.ends_with(".key")) return std::nullopt;
  const std::string_view digits = file.substr(prefix.size(), file.size() - prefix.size() - 4);
  std::uint32_t epoch = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), epoch);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return epoch;
}

}  // namespace

Result<std::vector<keys::ExportedKey>> load_exported_keys(Env& env, const std::string& folder,
                                                          const std::string& dataset) {
  std::vector<keys::ExportedKey> out;
  SEALANE_ASSIGN(const std::vector<std::string> files, env.list(folder));
  for (const std::string& file : files) {
    const auto epoch = epoch_of(file, dataset);
    if (!epoch) continue;
    SEALANE_ASSIGN(Bytes raw, read_file(env, folder + "/" + file, kSmallFileBytesMax));
    Secret key = Secret::take(std::move(raw));
    if (key.size() != 32)
      return fail(ErrorKind::Invalid, "`" + folder + "/" + file + "` is not a raw key of 32 bytes");
    out.push_back({dataset, *epoch, std::move(key)});
  }
  if (out.empty())
    return fail(ErrorKind::NotFound, "no key of data set `" + dataset + "` in `" + folder + "`",
                "`sealane key export " + dataset + " --out " + folder + "/" + dataset +
                    "-1.key` writes one");
  return out;
}

Result<ReaderSetup> set_up_reader(Env& env, const LoadedPipeline& loaded,
                                  const ReaderRequest& request, const Clock& clock) {
  SEALANE_ASSIGN(const pipeline::Node* consumer, find_consumer(loaded, request.consumer));
  const pipeline::Hop* in = nullptr;
  for (const pipeline::Hop& hop : loaded.pipeline.hops)
    if (hop.to == consumer->name && hop.over == pipeline::HopProtocol::S3) in = &hop;
  if (in == nullptr) return fail(ErrorKind::NotFound, "no s3 hop ends at `" + consumer->name + "`");
  const pipeline::Hop* sealed = nullptr;
  for (const pipeline::Hop& hop : loaded.pipeline.hops)
    if (hop.to == in->from && !hop.seal.empty()) sealed = &hop;
  if (sealed == nullptr)
    return fail(ErrorKind::NotFound, "no hop into `" + in->from + "` seals a data set");

  const std::string folder = loaded.node_folder(consumer->name);
  SEALANE_ASSIGN(std::vector<keys::ExportedKey> exported,
                 load_exported_keys(env, folder, sealed->seal));
  SEALANE_ASSIGN(const Bytes manifest_key,
                 read_file(env, loaded.manifest_public_key(), kSmallFileBytesMax));
  SEALANE_ASSIGN(const Bytes ca, read_file(env, loaded.trust_ca(), kSmallFileBytesMax));
  const pipeline::Node* lake = loaded.pipeline.find_node(in->from);
  SEALANE_CHECK(lake != nullptr);
  SEALANE_ASSIGN(auto credentials,
                 tls::load_credentials(env, folder + "/cert.pem", folder + "/key.pem"));
  SEALANE_ASSIGN(auto options, gateway::lake_client_options({.pipeline = loaded.pipeline,
                                                             .hop = *in,
                                                             .lake = *lake,
                                                             .given = request.lake,
                                                             .credentials = std::move(credentials),
                                                             .trusted_ca_pem = to_text(ca),
                                                             .now = clock.now()}));
  SEALANE_ASSIGN(auto client, net::HttpsClient::create(std::move(options)));
  return ReaderSetup{.consumer = consumer->name,
                     .dataset = sealed->seal,
                     .manifest_key_pem = to_text(manifest_key),
                     .head_file = folder + "/" + sealed->seal + ".head",
                     .client = std::move(client),
                     .opener = keys::Opener::with_keys(std::move(exported))};
}

}  // namespace sealane::cli
