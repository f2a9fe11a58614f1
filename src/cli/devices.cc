// SPDX-License-Identifier: Apache-2.0
#include "cli/devices.h"

#include <algorithm>
#include <map>
#include <set>

#include "crypto/x509.h"
#include "identity/ca.h"
#include "identity/identity.h"
#include "identity/revocation.h"
#include "pipeline/things.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kTextBytesMax = 16u << 20;

// The things that the pipeline's things files list.
class Things {
 public:
  static Result<Things> read(Env& env, const LoadedPipeline& loaded) {
    Things out;
    for (const pipeline::Node& node : loaded.pipeline.nodes) {
      if (node.kind != pipeline::NodeKind::Device) continue;
      SEALANE_ASSIGN(const Bytes text,
                     read_file(env, loaded.folder + "/" + node.things_file, kTextBytesMax));
      auto parsed = pipeline::parse_things(as_text(text), node.things_file);
      if (!parsed.value) return fail(ErrorKind::Invalid, to_text(parsed.diagnostics.front()));
      for (pipeline::Thing& thing : *parsed.value) {
        std::string name = thing.name;
        out.things_.emplace(std::move(name), std::move(thing));
      }
      out.files_ += (out.files_.empty() ? "`" : ", `") + node.things_file + "`";
    }
    return out;
  }

  Result<const pipeline::Thing*> find(const std::string& name) const {
    const auto at = things_.find(name);
    if (at != things_.end()) return &at->second;
    return fail(
        ErrorKind::NotFound, "no things file lists `" + name + "`",
        "add a line for it to " + (files_.empty() ? "a device node's things file" : files_));
  }

 private:
  std::map<std::string, pipeline::Thing> things_;
  std::string files_;
};

void put(std::vector<std::pair<std::string, std::string>>& to,
         const std::vector<std::pair<std::string, std::string>>& from) {
  for (const auto& [name, value] : from) {
    const auto at = std::ranges::find(to, name, &std::pair<std::string, std::string>::first);
    if (at == to.end())
      to.emplace_back(name, value);
    else
      at->second = value;
  }
}

// Whose certificate this is.  Errors: Invalid, with what is wrong.
Result<identity::Issuer> judge_certificate(const identity::RevocationLists& trust,
                                           const crypto::Certificate& certificate,
                                           const std::string& file, const std::string& pipeline,
                                           const std::string& thing, Time now) {
  const crypto::CertificateFacts& facts = certificate.facts();
  const auto refuse = [&](const std::string& why, std::string hint = {}) {
    return fail(ErrorKind::Invalid, "`" + file + "`: " + why, std::move(hint));
  };
  if (!crypto::is_strong_key(facts))
    return refuse("its key is `" + facts.key_type + "`",
                  "use P-256, P-384, Ed25519, or RSA of at least 2048 bits");
  const identity::RevocationLists::Answer answer = trust.check(facts, now);
  switch (answer.verdict) {
    case identity::RevocationLists::Verdict::Good: break;
    case identity::RevocationLists::Verdict::UnknownAuthority:
      return refuse(answer.detail,
                    "name the CA in the pipeline file: trust: { authorities: [ { "
                    "ca: FILE, crl: FILE } ] }");
    case identity::RevocationLists::Verdict::Revoked: return refuse(answer.detail);
    case identity::RevocationLists::Verdict::ListExpired:
      return refuse(answer.detail, "fetch the list that holds now");
  }
  if (auto verified =
          crypto::verify_client_certificate(certificate, answer.authority->certificate, now);
      !verified.ok())
    return refuse(verified.error().message);
  const std::string ours = "spiffe://" + pipeline + "/";
  if (answer.authority->own) {
    if (identity::identity_of(facts) !=
        identity::Identity{.pipeline = pipeline, .role = identity::Role::Device, .name = thing})
      return refuse("it is not that of device `" + thing + "`");
    return identity::Issuer::Own;
  }
  if (std::ranges::any_of(facts.uris, [&](const auto& uri) { return uri.starts_with(ours); }))
    return refuse("somebody else's CA gave it a name of this pipeline");
  return identity::Issuer::External;
}

// Issues and collects; the registry comes last.
class Adder {
 public:
  Adder(Env& env, const LoadedPipeline& loaded, DeviceStep step, Time now)
      : env_(env), loaded_(loaded), step_(step), now_(now) {}

  Status prepare() {
    SEALANE_ASSIGN(Things things, Things::read(env_, loaded_));
    things_.emplace(std::move(things));
    SEALANE_ASSIGN(identity::Registry registry, identity::Registry::open(loaded_.registry()));
    registry_.emplace(std::move(registry));
    return {};
  }

  Status take(const DeviceRequest& request) {
    SEALANE_ASSIGN(const pipeline::Thing* thing, things_->find(request.thing));
    if (!seen_.insert(request.thing).second)
      return fail(ErrorKind::Invalid, "`" + request.thing + "` is named twice");
    SEALANE_ASSIGN(const std::optional<identity::ThingFacts> present,
                   registry_->find_thing(request.thing));
    if (step_ == DeviceStep::Renew)
      SEALANE_TRY(check_renewable(request.thing, present.has_value()));
    identity::Device device;
    device.thing = request.thing;
    if (present) {
      device.type = present->type;
      device.groups = present->groups;
      device.attributes = present->attributes;
    }
    if (request.type) device.type = *request.type;
    if (request.groups) device.groups = *request.groups;
    if (step_ == DeviceStep::Add) put(device.attributes, thing->attributes);
    put(device.attributes, request.attributes);
    AddedDevice added{.thing = request.thing,
                      .certificate_file = folder_for(request) + "/cert.pem",
                      .key_file = {},
                      .certificate_sha256 = {}};
    SEALANE_ASSIGN(const crypto::Certificate certificate, request.certificate_file.empty()
                                                              ? issue(request, added)
                                                              : accept(request, device, added));
    const crypto::CertificateFacts& facts = certificate.facts();
    device.certificate_sha256 = facts.sha256;
    device.serial = facts.serial;
    device.not_after = facts.not_after;
    added.certificate_sha256 = facts.sha256;
    added.not_after = facts.not_after;
    if (request.certificate_file.empty())
      certificates_.push_back({added.certificate_file, certificate.to_pem()});
    devices_.push_back(std::move(device));
    added_.push_back(std::move(added));
    return {};
  }

  Result<std::vector<AddedDevice>> finish() {
    SEALANE_TRY(registry_->add(devices_, identity::IfThingExists::Replace));
    for (const auto& [file, pem] : certificates_)
      SEALANE_TRY(write_public(env_, file, as_bytes(pem)));
    return std::move(added_);
  }

 private:
  std::string folder_for(const DeviceRequest& request) const {
    return request.out_folder.empty() ? loaded_.state + "/devices/" + request.thing
                                      : request.out_folder;
  }

  Status check_renewable(const std::string& thing, bool registered) {
    if (!registered)
      return fail(ErrorKind::NotFound, "no thing `" + thing + "` is registered",
                  "`sealane device add` gives it its first certificate");
    if (active_.empty()) {
      SEALANE_ASSIGN(const std::vector<identity::Device> all, registry_->list());
      for (const identity::Device& each : all)
        if (each.state == identity::DeviceState::Active) active_.insert(each.thing);
    }
    if (!active_.contains(thing))
      return fail(ErrorKind::Conflict, "device `" + thing + "` was revoked",
                  "`sealane device add` gives it a new certificate all the same");
    return {};
  }

  Result<crypto::Certificate> issue(const DeviceRequest& request, AddedDevice& added) {
    if (!ca_) {
      SEALANE_ASSIGN(identity::CertificateAuthority ca, open_ca(env_, loaded_));
      ca_.emplace(std::move(ca));
    }
    SEALANE_TRY(make_folders(env_, folder_for(request)));
    if (!request.csr_file.empty()) {
      SEALANE_ASSIGN(const crypto::CertificateRequest csr, read_csr(env_, request.csr_file));
      return ca_->issue_device(request.thing, csr, now_);
    }
    SEALANE_ASSIGN(identity::Issued issued, ca_->generate_device(request.thing, now_));
    SEALANE_ASSIGN(const Secret key, issued.key.to_pem());
    added.key_file = folder_for(request) + "/key.pem";
    SEALANE_TRY(write_file_atomic(env_, added.key_file, key.reveal(), IfExists::Replace));
    return std::move(issued.certificate);
  }

  Result<crypto::Certificate> accept(const DeviceRequest& request, identity::Device& device,
                                     AddedDevice& added) {
    if (!trust_) {
      SEALANE_ASSIGN(trust_, load_trust(env_, loaded_));
    }
    SEALANE_ASSIGN(const Bytes pem, read_file(env_, request.certificate_file, kTextBytesMax));
    auto certificate = crypto::Certificate::from_pem(pem);
    if (!certificate.ok())
      return std::move(certificate).error().within("`" + request.certificate_file + "`");
    SEALANE_ASSIGN(device.issuer, judge_certificate(*trust_, *certificate, request.certificate_file,
                                                    loaded_.pipeline.name, request.thing, now_));
    added.certificate_file = request.certificate_file;
    return certificate;
  }

  struct File {
    std::string path;
    std::string text;
  };

  Env& env_;
  const LoadedPipeline& loaded_;
  DeviceStep step_;
  Time now_;
  std::optional<Things> things_;
  std::optional<identity::Registry> registry_;
  std::optional<identity::CertificateAuthority> ca_;
  std::shared_ptr<const identity::RevocationLists> trust_;
  std::set<std::string> active_;  // things with a certificate that is not revoked
  std::set<std::string> seen_;
  std::vector<identity::Device> devices_;
  std::vector<AddedDevice> added_;
  std::vector<File> certificates_;
};

}  // namespace

Result<std::vector<AddedDevice>> add_devices(Env& env, const LoadedPipeline& loaded,
                                             std::span<const DeviceRequest> requests,
                                             DeviceStep step, Time now) {
  Adder adder(env, loaded, step, now);
  SEALANE_TRY(adder.prepare());
  for (const DeviceRequest& request : requests) SEALANE_TRY(adder.take(request));
  return adder.finish();
}

Result<AddedDevice> add_device(Env& env, const LoadedPipeline& loaded, const DeviceRequest& request,
                               Time now) {
  SEALANE_ASSIGN(std::vector<AddedDevice> added,
                 add_devices(env, loaded, std::span(&request, 1), DeviceStep::Add, now));
  return std::move(added.front());
}

Result<RevokedDevice> revoke_device(Env& env, const LoadedPipeline& loaded,
                                    const std::string& thing, crypto::RevocationReason reason,
                                    Time now) {
  SEALANE_ASSIGN(identity::Registry registry, identity::Registry::open(loaded.registry()));
  RevokedDevice out;
  SEALANE_ASSIGN(out.generation, registry.revoke(thing, {.at = now, .reason = reason}));
  out.crl = refresh_crl(env, loaded, registry, IfNoCrl::Leave, now);
  return out;
}

}  // namespace sealane::cli
