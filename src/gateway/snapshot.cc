// SPDX-License-Identifier: Apache-2.0
#include "gateway/snapshot.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/log.h"
#include "identity/identity.h"
#include "identity/list_order.h"
#include "pipeline/lake_policy.h"
#include "pipeline/things.h"
#include "policy/document.h"
#include "policy/evaluate.h"

namespace sealane::gateway {
namespace {

constexpr std::uint64_t kTextBytesMax = 16u << 20;

Result<std::string> read_text(Env& env, const std::string& path) {
  auto text = read_file(env, path, kTextBytesMax);
  if (!text.ok()) {
    Error error = std::move(text).error();
    if (error.kind == ErrorKind::Denied) error.hint = "let the user that the node runs as read it";
    return error;
  }
  return to_text(*text);
}

Error wrong(const std::string& path, std::string why) {
  return fail(ErrorKind::Invalid, "`" + path + "`: " + std::move(why));
}

std::string stamp_of(const std::string& path) {
  struct stat s{};
  if (path.empty() || ::stat(path.c_str(), &s) != 0) return "-;";
  // No owner and no ctime: a start gives the node's folder to the node's user.
  return fmt::format("{}.{}.{}.{}.{}.{};", s.st_dev, s.st_ino, s.st_mode, s.st_size,
                     s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
}

std::string lists_of(const identity::RevocationLists& authorities) {
  std::string all;
  for (const identity::Authority& authority : authorities.authorities()) {
    if (authority.crl) all += to_text(authority.crl->der());
    all += '\n';
  }
  return all;
}

// What a device or a lake would refuse in our own certificate is better known before it is used.
Status check_own_certificate(const SnapshotSource::Files& files, const NodeSnapshot& snapshot,
                             const crypto::Certificate& certificate, Time now) {
  const crypto::CertificateFacts& facts = certificate.facts();
  const std::string& path = files.certificate;
  const std::string uri = pipeline::node_uri(*files.pipeline, files.node);
  const auto identity = identity::identity_of(facts);
  if (!identity || identity::to_uri(*identity) != uri)
    return wrong(path, "not the certificate of `" + uri + "`");
  if (!facts.server_auth) return wrong(path, "the certificate is not for servers");
  if (now < facts.not_before)
    return wrong(path, "the certificate is not valid before " + to_rfc3339(facts.not_before));
  if (now >= facts.not_after)
    return wrong(path, "the certificate has expired on " + to_rfc3339(facts.not_after));
  Status issued = crypto::verify_client_certificate(
      certificate, snapshot.authorities->authorities().front().certificate, now);
  if (!issued.ok())
    return wrong(path,
                 "not issued by the CA in `" + files.own.ca_file + "`: " + issued.error().message);
  return {};
}

}  // namespace

std::string NodeSnapshot::trusted_pem() const {
  return registry ? authorities->trusted_pem() : own_ca_pem();
}

std::string NodeSnapshot::own_ca_pem() const {
  return authorities->authorities().front().certificate.to_pem();
}

std::vector<std::string> SnapshotChange::words() const {
  std::vector<std::string> out;
  const std::pair<bool, const char*> all[] = {{certificate, "certificate"}, {trust, "trust"},
                                              {lists, "revocation-lists"},  {policies, "policies"},
                                              {things, "things"},           {registry, "registry"}};
  for (const auto& one : all)
    if (one.first) out.emplace_back(one.second);
  return out;
}

SnapshotSource::SnapshotSource(Env& env, const Clock& clock, Files files)
    : env_(env), clock_(clock), files_(std::move(files)) {}

std::string SnapshotSource::stamp() const {
  std::string all = stamp_of(files_.certificate) + stamp_of(files_.key);
  all += stamp_of(files_.own.ca_file) + stamp_of(files_.own.crl_file);
  for (const identity::AuthorityFiles& other : files_.others)
    all += stamp_of(other.ca_file) + stamp_of(other.crl_file);
  return all + stamp_of(files_.policy) + stamp_of(files_.things);
}

Status SnapshotSource::load_credentials(NodeSnapshot& to) {
  SEALANE_ASSIGN(to.credentials, tls::load_credentials(env_, files_.certificate, files_.key));
  auto certificate = crypto::Certificate::from_pem(as_bytes(to.credentials->certificate_pem));
  if (!certificate.ok())
    return std::move(certificate).error().within("`" + files_.certificate + "`");
  to.certificate = certificate->facts();
  return check_own_certificate(files_, to, *certificate, clock_.now());
}

Status SnapshotSource::load_device_files(NodeSnapshot& to, const NodeSnapshot* previous,
                                         SnapshotChange& change) {
  SEALANE_ASSIGN(std::string policy_text, read_text(env_, files_.policy));
  SEALANE_ASSIGN(std::string things_text, read_text(env_, files_.things));
  change.policies = previous == nullptr || policy_text != *previous->policy_text;
  change.things = previous == nullptr || things_text != *previous->things_text;
  if (change.policies) {
    auto parsed =
        policy::parse_document(policy_text, policy::DocumentKind::IotDevice, files_.policy);
    for (const Diagnostic& d : parsed.diagnostics)
      log::write(d.severity == Severity::Error ? log::Level::Error : log::Level::Warning,
                 "policy-diagnostic", {{"detail", to_text(d)}});
    if (!parsed.value) {
      std::string first = parsed.diagnostics.empty() ? "" : to_text(parsed.diagnostics.front());
      for (const Diagnostic& d : parsed.diagnostics)
        if (d.severity == Severity::Error) {
          first = to_text(d);
          break;
        }
      return fail(ErrorKind::Invalid,
                  "policy `" + files_.policy + "` cannot be evaluated: " + first,
                  "the lines above say where and why");
    }
    to.policies = std::make_shared<const fronts::PolicySnapshot>(
        policy::compile(std::span(&*parsed.value, 1)));
    to.policy_text = std::make_shared<const std::string>(std::move(policy_text));
  }
  if (change.things) {
    auto parsed = pipeline::parse_things(things_text, files_.things);
    if (!parsed.value) return fail(ErrorKind::Invalid, to_text(parsed.diagnostics.front()));
    auto names = std::make_shared<std::set<std::string>>();
    for (const pipeline::Thing& thing : *parsed.value) names->insert(thing.name);
    to.things = std::move(names);
    to.things_text = std::make_shared<const std::string>(std::move(things_text));
  }
  if (!registry_) {
    SEALANE_ASSIGN(registry_, identity::RegistryReader::open(files_.registry));
  } else if (auto refreshed = registry_->refresh(); !refreshed.ok()) {
    return std::move(refreshed).error().within("`" + files_.registry + "`");
  }
  to.registry = registry_->current();
  change.registry = previous == nullptr || previous->registry != to.registry;
  return {};
}

Status SnapshotSource::load_store_policies(NodeSnapshot& to, const NodeSnapshot* previous) {
  if (previous != nullptr) return {};
  const pipeline::Node* store = files_.pipeline->find_node(files_.node);
  SEALANE_CHECK(store != nullptr);
  SEALANE_ASSIGN(const policy::Document document,
                 pipeline::store_policy(*files_.pipeline, *store, clock_.now()));
  to.policies =
      std::make_shared<const fronts::PolicySnapshot>(policy::compile(std::span(&document, 1)));
  return {};
}

Result<LoadedSnapshot> SnapshotSource::load(const std::shared_ptr<const NodeSnapshot>& previous) {
  auto next =
      previous ? std::make_shared<NodeSnapshot>(*previous) : std::make_shared<NodeSnapshot>();
  SnapshotChange change;
  loaded_stamp_ = stamp();
  next->loaded = clock_.now();
  SEALANE_ASSIGN(next->authorities,
                 identity::RevocationLists::load(env_, files_.own, files_.others));
  // A revocation list is optional until there is one; then it is never ignored.
  if (previous && previous->authorities->authorities().front().crl &&
      !next->authorities->authorities().front().crl)
    return wrong(files_.own.crl_file, "the revocation list is gone");
  if (previous)
    SEALANE_TRY(identity::check_not_older(*previous->authorities, *next->authorities));
  SEALANE_TRY(load_credentials(*next));
  SEALANE_TRY(files_.registry.empty() ? load_store_policies(*next, previous.get())
                                      : load_device_files(*next, previous.get(), change));
  if (previous) {
    change.certificate =
        next->credentials->certificate_pem != previous->credentials->certificate_pem;
    change.trust = next->trusted_pem() != previous->trusted_pem();
    change.lists = lists_of(*next->authorities) != lists_of(*previous->authorities);
    if (change.any()) ++next->generation;
    if (change.policies || change.things) next->policy_generation = next->generation;
  }
  return LoadedSnapshot{std::move(next), change};
}

Result<std::shared_ptr<const NodeSnapshot>> SnapshotSource::refresh_registry(
    const NodeSnapshot& previous) {
  if (!registry_) return std::shared_ptr<const NodeSnapshot>();
  if (auto refreshed = registry_->refresh(); !refreshed.ok())
    return std::move(refreshed).error().within("`" + files_.registry + "`");
  if (registry_->current() == previous.registry) return std::shared_ptr<const NodeSnapshot>();
  auto next = std::make_shared<NodeSnapshot>(previous);
  ++next->generation;
  next->loaded = clock_.now();
  next->registry = registry_->current();
  return std::shared_ptr<const NodeSnapshot>(std::move(next));
}

}  // namespace sealane::gateway
