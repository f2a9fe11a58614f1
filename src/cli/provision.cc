// SPDX-License-Identifier: Apache-2.0
#include "cli/provision.h"

#include <sys/stat.h>

#include <chrono>

#include "cli/keyring_option.h"
#include "crypto/sign.h"
#include "gateway/token_keys.h"
#include "identity/registry.h"
#include "pipeline/load.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kTextBytesMax = 16u << 20;
// Folders on the way to a node's own must be passable for the user that the node runs as.
constexpr mode_t kPassable = 0711;
constexpr mode_t kReadable = 0644;

bool exists(const std::string& path) {
  struct stat facts{};
  return ::stat(path.c_str(), &facts) == 0;
}

Status set_mode(const std::string& path, mode_t mode) {
  if (::chmod(path.c_str(), mode) != 0)
    return fail_errno(errno, "cannot set the mode of `" + path + "`");
  return {};
}

Status provision_gateway(Env& env, const LoadedPipeline& loaded, const pipeline::Node& node,
                         const Clock& clock, std::vector<std::string>& made) {
  const std::string folder = loaded.node_folder(node.name);
  const std::string unlock_file = folder + "/unlock.key";
  if (loaded.passphrase_file.empty() && !keys::has_unlock(env, folder)) {
    SEALANE_TRY(keys::create_unlock_key(env, unlock_file));
    made.push_back("key that opens the keyring of `" + node.name + "`: " + unlock_file);
  }
  SEALANE_ASSIGN(keys::Unlock unlock, keys::read_unlock(env, folder, loaded.passphrase_file));
  SEALANE_ASSIGN(const auto finder, finder_for(env, &loaded));
  keys::KeyringParts parts;
  parts.provider_for = gateway::provider_for(finder);
  const bool fresh = !exists(folder + "/keyring.db");
  auto opened = fresh ? keys::Keyring::create(folder, unlock, clock, {}, std::move(parts))
                      : keys::Keyring::open(folder, unlock, clock, {}, std::move(parts));
  if (!opened.ok()) return std::move(opened).error();
  keys::Keyring& keyring = **opened;
  for (const pipeline::KeySpec& key : loaded.pipeline.keys) {
    if (keyring.find(key.name).ok()) continue;
    std::optional<Duration> rotate;
    if (key.rotate) rotate = std::chrono::duration_cast<Duration>(*key.rotate);
    keys::KeyPlan plan;
    plan.rotate_after = rotate;
    if (key.token) {
      SEALANE_ASSIGN(const keys::Pkcs11Key where, gateway::token_key(*key.token, loaded.folder));
      SEALANE_ASSIGN(const bool new_one, create_token_key(keyring, *finder, key.name, plan, where,
                                                          MakeTokenKey::IfMissing));
      if (new_one)
        made.push_back("AES-256 key `" + where.label + "` in token `" + where.token + "`");
    } else {
      SEALANE_TRY(keyring.create_key(key.name, plan));
    }
    made.push_back("data set key `" + key.name + "` in the keyring of `" + node.name + "`");
  }
  SEALANE_ASSIGN(const crypto::Ed25519PrivateKey signing, keyring.manifest_signing_key());
  if (!exists(loaded.manifest_public_key())) {
    SEALANE_TRY(
        write_public(env, loaded.manifest_public_key(), as_bytes(signing.public_key().pem())));
    made.push_back("public key of the manifest: " + loaded.manifest_public_key());
  }
  return {};
}

// Gives each consumer the key of the data set that it reads, newest epoch.
Status provision_consumer(Env& env, const LoadedPipeline& loaded, const pipeline::Hop& hop,
                          const Clock& clock, std::vector<std::string>& made) {
  for (const pipeline::Hop& sealed : loaded.pipeline.hops) {
    if (sealed.to != hop.from || sealed.seal.empty()) continue;
    const std::string gateway = loaded.node_folder(sealed.from);
    SEALANE_ASSIGN(const auto keyring,
                   open_keyring(env, gateway, loaded.passphrase_file, clock, {}, false, &loaded));
    SEALANE_ASSIGN(const keys::KeyInfo info, keyring->find(sealed.seal));
    const std::uint32_t epoch = info.epochs.back().number;
    const std::string file =
        loaded.node_folder(hop.to) + "/" + sealed.seal + "-" + std::to_string(epoch) + ".key";
    if (exists(file)) continue;
    SEALANE_ASSIGN(const Secret key, keyring->export_key(sealed.seal, epoch));
    SEALANE_TRY(write_file_atomic(env, file, key.reveal(), IfExists::Refuse));
    made.push_back("key of data set `" + sealed.seal + "` for `" + hop.to + "`: " + file);
  }
  return {};
}

}  // namespace

Status write_public(Env& env, const std::string& path, ByteSpan data) {
  SEALANE_TRY(write_file_atomic(env, path, data, IfExists::Replace));
  return set_mode(path, kReadable);
}

Result<identity::CertificateAuthority> open_ca(Env& env, const LoadedPipeline& loaded) {
  SEALANE_ASSIGN(const Secret passphrase,
                 identity::read_unlock_key(env, loaded.ca_folder() + "/unlock.key"));
  return identity::CertificateAuthority::open(env, loaded.ca_folder(), passphrase);
}

Status make_folders(Env& env, const std::string& path) {
  if (exists(path)) return {};
  const std::string parent = folder_of(path);
  if (parent != path) SEALANE_TRY(make_folders(env, parent));
  SEALANE_TRY(env.make_folder(path));
  return env.sync_folder(parent);
}

Result<LoadedPipeline> load_pipeline_file(Env& env, const std::string& file,
                                          const std::string& state,
                                          std::vector<Diagnostic>& diagnostics) {
  SEALANE_ASSIGN(const Bytes text, read_file(env, file, kTextBytesMax));
  auto parsed = pipeline::load_pipeline(as_text(text), file);
  diagnostics = std::move(parsed.diagnostics);
  if (!parsed.value) return fail(ErrorKind::Invalid, "`" + file + "` does not load");
  LoadedPipeline loaded{std::move(*parsed.value), file, folder_of(file), state, {}};
  if (loaded.state.empty()) loaded.state = loaded.folder + "/.sealane";
  return loaded;
}

Status issue_node(Env& env, const LoadedPipeline& loaded, const NodeNames& names,
                  const std::string& csr_file, Time now) {
  SEALANE_ASSIGN(const identity::CertificateAuthority ca, open_ca(env, loaded));
  const std::string folder = loaded.node_folder(names.node);
  SEALANE_TRY(make_folders(env, folder));
  const identity::NodeRequest request{names.node, names.dns_names, names.ip_addresses};
  if (!csr_file.empty()) {
    SEALANE_ASSIGN(const crypto::CertificateRequest csr, read_csr(env, csr_file));
    SEALANE_ASSIGN(const crypto::Certificate certificate, ca.issue_node(request, csr, now));
    return write_public(env, folder + "/cert.pem", as_bytes(certificate.to_pem()));
  }
  SEALANE_ASSIGN(const identity::Issued issued, ca.generate_node(request, now));
  SEALANE_ASSIGN(const Secret key, issued.key.to_pem());
  SEALANE_TRY(write_file_atomic(env, folder + "/key.pem", key.reveal(), IfExists::Replace));
  return write_public(env, folder + "/cert.pem", as_bytes(issued.certificate.to_pem()));
}

Result<crypto::CertificateRequest> read_csr(Env& env, const std::string& file) {
  SEALANE_ASSIGN(const Bytes pem, read_file(env, file, kTextBytesMax));
  auto csr = crypto::CertificateRequest::from_pem(pem);
  if (!csr.ok()) return std::move(csr).error().within("`" + file + "`");
  return csr;
}

NodeNames default_names(const pipeline::Node& node) {
  NodeNames names{node.name, {node.name, "localhost"}, {"127.0.0.1"}};
  if (node.address == "127.0.0.1" || node.address == "localhost") return names;
  const bool is_ip = node.address.find_first_not_of("0123456789.") == std::string::npos ||
                     node.address.find(':') != std::string::npos;
  (is_ip ? names.ip_addresses : names.dns_names).push_back(node.address);
  return names;
}

Result<std::vector<std::string>> provision(Env& env, const LoadedPipeline& loaded,
                                           const Clock& clock) {
  std::vector<std::string> made;
  for (const char* part : {"", "/nodes", "/trust", "/public"}) {
    SEALANE_TRY(make_folders(env, loaded.state + part));
    SEALANE_TRY(set_mode(loaded.state + part, kPassable));
  }
  if (!exists(loaded.ca_folder() + "/ca.pem")) {
    SEALANE_TRY(make_folders(env, loaded.ca_folder()));
    SEALANE_ASSIGN(const Secret passphrase,
                   identity::read_or_make_unlock_key(env, loaded.ca_folder() + "/unlock.key"));
    SEALANE_TRY(identity::CertificateAuthority::create(
        env, loaded.ca_folder(), loaded.pipeline.name, passphrase, clock.now()));
    made.push_back("certificate authority: " + loaded.ca_folder());
  }
  SEALANE_ASSIGN(const Bytes ca, read_file(env, loaded.ca_folder() + "/ca.pem", kTextBytesMax));
  SEALANE_TRY(write_public(env, loaded.trust_ca(), ca));
  if (!exists(loaded.registry())) {
    SEALANE_ASSIGN(const identity::Registry registry, identity::Registry::open(loaded.registry()));
    SEALANE_TRY(set_mode(loaded.registry(), kReadable));
    made.push_back("device registry: " + loaded.registry());
  }
  for (const pipeline::Node& node : loaded.pipeline.nodes) {
    if (node.kind == pipeline::NodeKind::Device) continue;
    if (!exists(loaded.node_folder(node.name) + "/cert.pem")) {
      SEALANE_TRY(issue_node(env, loaded, default_names(node), {}, clock.now()));
      made.push_back("identity of node `" + node.name + "`: " + loaded.node_folder(node.name));
    }
    if (node.kind == pipeline::NodeKind::Gateway)
      SEALANE_TRY(provision_gateway(env, loaded, node, clock, made));
  }
  for (const pipeline::Hop& hop : loaded.pipeline.hops) {
    const pipeline::Node* to = loaded.pipeline.find_node(hop.to);
    if (to != nullptr && to->kind == pipeline::NodeKind::Consumer)
      SEALANE_TRY(provision_consumer(env, loaded, hop, clock, made));
  }
  return made;
}

Result<std::unique_ptr<keys::Keyring>> open_gateway_keyring(Env& env, const LoadedPipeline& loaded,
                                                            const std::string& gateway,
                                                            const Clock& clock) {
  SEALANE_ASSIGN(const std::string folder, gateway_folder(loaded, gateway));
  return open_keyring(env, folder, loaded.passphrase_file, clock, {}, false, &loaded);
}

Result<std::string> gateway_folder(const LoadedPipeline& loaded, const std::string& gateway) {
  std::string name = gateway;
  for (const pipeline::Node& candidate : loaded.pipeline.nodes)
    if (name.empty() && candidate.kind == pipeline::NodeKind::Gateway) name = candidate.name;
  if (name.empty())
    return fail(ErrorKind::NotFound, "the pipeline has no gateway, so it has no keyring");
  return loaded.node_folder(name);
}

}  // namespace sealane::cli
