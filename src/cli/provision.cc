// SPDX-License-Identifier: Apache-2.0
#include "cli/provision.h"

#include <sys/stat.h>

#include <chrono>

#include "crypto/sign.h"
#include "identity/registry.h"
#include "keys/keyring.h"
#include "pipeline/load.h"
#include "pipeline/things.h"

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

Status write_public(Env& env, const std::string& path, ByteSpan data) {
  SEALANE_TRY(write_file_atomic(env, path, data, IfExists::Replace));
  return set_mode(path, kReadable);
}

Result<identity::CertificateAuthority> open_ca(Env& env, const LoadedPipeline& loaded) {
  SEALANE_ASSIGN(const Secret passphrase,
                 identity::read_unlock_key(env, loaded.ca_folder() + "/unlock.key"));
  return identity::CertificateAuthority::open(env, loaded.ca_folder(), passphrase);
}

// The thing as the pipeline's things files list it.
Result<pipeline::Thing> find_thing(Env& env, const LoadedPipeline& loaded,
                                   const std::string& name) {
  std::string files;
  for (const pipeline::Node& node : loaded.pipeline.nodes) {
    if (node.kind != pipeline::NodeKind::Device) continue;
    SEALANE_ASSIGN(const Bytes text,
                   read_file(env, loaded.folder + "/" + node.things_file, kTextBytesMax));
    auto parsed = pipeline::parse_things(as_text(text), node.things_file);
    if (!parsed.value) return fail(ErrorKind::Invalid, to_text(parsed.diagnostics.front()));
    for (pipeline::Thing& thing : *parsed.value)
      if (thing.name == name) return std::move(thing);
    files += (files.empty() ? "`" : ", `") + node.things_file + "`";
  }
  return fail(ErrorKind::NotFound, "no things file lists `" + name + "`",
              "add a line for it to " + (files.empty() ? "a device node's things file" : files));
}

Status provision_gateway(Env& env, const LoadedPipeline& loaded, const pipeline::Node& node,
                         const Clock& clock, std::vector<std::string>& made) {
  const std::string folder = loaded.node_folder(node.name);
  const std::string unlock_file = folder + "/unlock.key";
  if (loaded.passphrase_file.empty() && !exists(unlock_file)) {
    SEALANE_TRY(keys::create_unlock_key(env, unlock_file));
    made.push_back("key that opens the keyring of `" + node.name + "`: " + unlock_file);
  }
  SEALANE_ASSIGN(keys::Unlock unlock, keys::read_unlock(env, folder, loaded.passphrase_file));
  const bool fresh = !exists(folder + "/keyring.db");
  auto opened = fresh ? keys::Keyring::create(folder, unlock, clock)
                      : keys::Keyring::open(folder, unlock, clock);
  if (!opened.ok()) return std::move(opened).error();
  keys::Keyring& keyring = **opened;
  for (const pipeline::KeySpec& key : loaded.pipeline.keys) {
    if (keyring.find(key.name).ok()) continue;
    std::optional<Duration> rotate;
    if (key.rotate) rotate = std::chrono::duration_cast<Duration>(*key.rotate);
    SEALANE_TRY(keyring.create_key(key.name, rotate));
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
    SEALANE_ASSIGN(keys::Unlock unlock, keys::read_unlock(env, gateway, loaded.passphrase_file));
    SEALANE_ASSIGN(const auto keyring, keys::Keyring::open(gateway, unlock, clock));
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

Status issue_node(Env& env, const LoadedPipeline& loaded, const NodeNames& names, Time now) {
  SEALANE_ASSIGN(const identity::CertificateAuthority ca, open_ca(env, loaded));
  const std::string folder = loaded.node_folder(names.node);
  SEALANE_TRY(make_folders(env, folder));
  SEALANE_ASSIGN(const identity::Issued issued,
                 ca.generate_node({names.node, names.dns_names, names.ip_addresses}, now));
  SEALANE_ASSIGN(const Secret key, issued.key.to_pem());
  SEALANE_TRY(write_file_atomic(env, folder + "/key.pem", key.reveal(), IfExists::Replace));
  return write_public(env, folder + "/cert.pem", as_bytes(issued.certificate.to_pem()));
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
      SEALANE_TRY(issue_node(env, loaded, default_names(node), clock.now()));
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

Result<AddedDevice> add_device(Env& env, const LoadedPipeline& loaded, const DeviceRequest& request,
                               Time now) {
  SEALANE_ASSIGN(const pipeline::Thing thing, find_thing(env, loaded, request.thing));
  SEALANE_ASSIGN(const identity::CertificateAuthority ca, open_ca(env, loaded));
  const std::string out =
      request.out_folder.empty() ? loaded.state + "/devices/" + request.thing : request.out_folder;
  AddedDevice added;
  added.thing = request.thing;
  added.certificate_file = out + "/cert.pem";
  std::optional<crypto::Certificate> certificate;
  if (request.csr_file.empty()) {
    SEALANE_ASSIGN(identity::Issued issued, ca.generate_device(request.thing, now));
    SEALANE_ASSIGN(const Secret key, issued.key.to_pem());
    SEALANE_TRY(make_folders(env, out));
    added.key_file = out + "/key.pem";
    SEALANE_TRY(write_file_atomic(env, added.key_file, key.reveal(), IfExists::Replace));
    certificate = std::move(issued.certificate);
  } else {
    SEALANE_ASSIGN(const Bytes pem, read_file(env, request.csr_file, kTextBytesMax));
    auto csr = crypto::CertificateRequest::from_pem(pem);
    if (!csr.ok()) return std::move(csr).error().within("`" + request.csr_file + "`");
    SEALANE_ASSIGN(certificate, ca.issue_device(request.thing, *csr, now));
    SEALANE_TRY(make_folders(env, out));
  }
  identity::Device device;
  device.thing = request.thing;
  device.certificate_sha256 = certificate->facts().sha256;
  device.serial = certificate->facts().serial;
  device.not_after = certificate->facts().not_after;
  device.attributes = thing.attributes;
  SEALANE_ASSIGN(identity::Registry registry, identity::Registry::open(loaded.registry()));
  SEALANE_TRY(registry.add(device));
  SEALANE_TRY(write_public(env, added.certificate_file, as_bytes(certificate->to_pem())));
  added.certificate_sha256 = device.certificate_sha256;
  added.not_after = device.not_after;
  return added;
}

}  // namespace sealane::cli
