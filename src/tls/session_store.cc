// SPDX-License-Identifier: Apache-2.0
#include "tls/session_store.h"

#include <algorithm>
#include <utility>

#include "tls/session_store_internal.h"

namespace sealane::tls {
namespace {

void free_facts(void*, void* facts, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<SessionFactsPtr*>(facts);
}

int copy_facts(CRYPTO_EX_DATA*, const CRYPTO_EX_DATA*, void** facts, int, long, void*) {
  if (*facts != nullptr) *facts = new SessionFactsPtr(*static_cast<SessionFactsPtr*>(*facts));
  return 1;
}

int facts_index() {
  static const int index =
      SSL_SESSION_get_ex_new_index(0, nullptr, nullptr, copy_facts, free_facts);
  return index;
}

}  // namespace

SessionPtr copy_of(const SSL_SESSION* session) { return SessionPtr(SSL_SESSION_dup(session)); }

void attach_facts(SSL_SESSION* session, SessionFactsPtr facts) {
  if (auto* present =
          static_cast<SessionFactsPtr*>(SSL_SESSION_get_ex_data(session, facts_index()))) {
    *present = std::move(facts);
    return;
  }
  auto owned = std::make_unique<SessionFactsPtr>(std::move(facts));
  SEALANE_CHECK(SSL_SESSION_set_ex_data(session, facts_index(), owned.get()) == 1);
  static_cast<void>(owned.release());
}

SessionFactsPtr facts_in(const SSL_SESSION* session) {
  const auto* present =
      static_cast<SessionFactsPtr*>(SSL_SESSION_get_ex_data(session, facts_index()));
  return present == nullptr ? nullptr : *present;
}

void SessionStore::Impl::take(Entries::iterator at, Entries& out) {
  const auto chain = by_certificate.find(at->facts->certificate.sha256);
  std::erase(chain->second, at);
  if (chain->second.empty()) by_certificate.erase(chain);
  by_key.erase(at->key);
  out.splice(out.end(), entries, at);
}

void SessionStore::Impl::put(const std::string& key, SessionPtr session) {
  Entries gone;
  auto facts = facts_in(session.get());
  const std::lock_guard lock(mutex);
  if (limits.sessions_max == 0 || limits.sessions_per_certificate_max == 0) return;
  if (const auto present = by_key.find(key); present != by_key.end()) take(present->second, gone);
  Chain& own = by_certificate[facts->certificate.sha256];
  entries.push_front({key, std::move(session), std::move(facts)});
  own.push_back(entries.begin());
  by_key.emplace(key, entries.begin());
  ++counts.stored;
  if (own.size() > limits.sessions_per_certificate_max) {
    ++counts.evicted;
    take(own.front(), gone);
  }
  if (entries.size() > limits.sessions_max) {
    ++counts.evicted;
    take(std::prev(entries.end()), gone);
  }
}

SessionPtr SessionStore::Impl::find(const std::string& key) {
  const std::lock_guard lock(mutex);
  const auto found = by_key.find(key);
  if (found == by_key.end()) {
    ++counts.unknown;
    return nullptr;
  }
  const auto at = found->second;
  entries.splice(entries.begin(), entries, at);
  // Used again: of this certificate's, too, it is the last to go.
  Chain& own = by_certificate.at(at->facts->certificate.sha256);
  std::erase(own, at);
  own.push_back(at);
  return copy_of(at->session.get());
}

void SessionStore::Impl::resumed() {
  const std::lock_guard lock(mutex);
  ++counts.found;
}

void SessionStore::Impl::refuse(const std::string& key) {
  remove(key);
  const std::lock_guard lock(mutex);
  ++counts.refused;
}

void SessionStore::Impl::remove(const std::string& key) {
  Entries gone;
  const std::lock_guard lock(mutex);
  if (const auto found = by_key.find(key); found != by_key.end()) take(found->second, gone);
}

SessionStore::SessionStore(Limits limits) : impl_(std::make_unique<Impl>(limits)) {}
SessionStore::~SessionStore() = default;

std::shared_ptr<SessionStore> SessionStore::create(Limits limits) {
  return std::shared_ptr<SessionStore>(new SessionStore(limits));
}

std::size_t SessionStore::erase(const std::string& certificate_sha256) {
  Impl::Entries gone;
  const std::lock_guard lock(impl_->mutex);
  const auto chain = impl_->by_certificate.find(certificate_sha256);
  if (chain == impl_->by_certificate.end()) return 0;
  const Impl::Chain all = chain->second;
  for (const auto at : all) impl_->take(at, gone);
  impl_->counts.erased += gone.size();
  return gone.size();
}

std::size_t SessionStore::erase_if(
    const std::function<bool(const crypto::CertificateFacts&)>& gone_if) {
  Impl::Entries gone;
  const std::lock_guard lock(impl_->mutex);
  for (auto at = impl_->entries.begin(); at != impl_->entries.end();) {
    const auto next = std::next(at);
    if (gone_if(at->facts->certificate)) impl_->take(at, gone);
    at = next;
  }
  impl_->counts.erased += gone.size();
  return gone.size();
}

std::size_t SessionStore::clear() {
  return erase_if([](const crypto::CertificateFacts&) { return true; });
}

std::size_t SessionStore::size() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->entries.size();
}

SessionStore::Counts SessionStore::counts() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->counts;
}

}  // namespace sealane::tls
