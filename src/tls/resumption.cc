// SPDX-License-Identifier: Apache-2.0
// What ties a context of OpenSSL to the sessions it may resume.
#include <openssl/err.h>

#include <algorithm>
#include <span>

#include "crypto/hash.h"
#include "tls/connection_internal.h"

namespace sealane::tls {
namespace {

std::string key_of(const Context::Impl& context, const unsigned char* id, unsigned int size) {
  return context.scope + to_text(std::as_bytes(std::span(id, size)));
}

std::string key_of(const Context::Impl& context, const SSL_SESSION* session) {
  unsigned int size = 0;
  const unsigned char* id = SSL_SESSION_get_id(session, &size);
  return key_of(context, id, size);
}

Context::Impl& context_of(const SSL* ssl) { return connection_of(ssl).context->impl(); }

// A session of this connection begins: its full handshake's facts go with it.  A session that a
// resumption made has those of the one before it already.
bool complete(const SSL* ssl, SSL_SESSION* session) {
  if (SSL_session_reused(ssl) != 1) {
    if (!connection_of(ssl).session_facts) return false;
    attach_facts(session, connection_of(ssl).session_facts);
  }
  return facts_in(session) != nullptr;
}

// Of a reference to `session` OpenSSL keeps it when this returns 0.
int session_began_at_server(SSL* ssl, SSL_SESSION* session) {
  const Context::Impl& context = context_of(ssl);
  if (!complete(ssl, session)) return 0;
  context.server().sessions->impl().put(key_of(context, session), copy_of(session));
  return 0;
}

int session_began_at_client(SSL* ssl, SSL_SESSION* session) {
  if (complete(ssl, session)) context_of(ssl).keep(copy_of(session));
  return 0;
}

SSL_SESSION* session_wanted(SSL* ssl, const unsigned char* id, int size, int* copy) {
  *copy = 0;
  const Context::Impl& context = context_of(ssl);
  SessionStore::Impl& store = context.server().sessions->impl();
  const std::string key = key_of(context, id, static_cast<unsigned int>(std::max(size, 0)));
  SessionPtr session = store.find(key);
  if (!session) return nullptr;
  const auto facts = facts_in(session.get());
  if (!facts || check_again(context, *facts)) {
    // A full handshake says why, or lets the peer in on what is true now.
    store.refuse(key);
    return nullptr;
  }
  return session.release();
}

// Tells the client how long the session may be resumed.
int set_lifetime(SSL* ssl, void*) {
  SSL_SESSION* session = SSL_get_session(ssl);
  if (!complete(ssl, session)) return 1;
  const auto left =
      std::chrono::floor<std::chrono::seconds>(facts_in(session)->ends_at - context_of(ssl).now());
  SSL_SESSION_set_timeout(session, std::max<long>(1, left.count()));
  return 1;
}

std::string scope_of(const ServerPolicy& policy) {
  crypto::Sha256Hasher hash;
  const auto add = [&](std::string_view text) {
    Bytes size;
    put_be(size, std::uint64_t{text.size()});
    hash.update(size);
    hash.update(as_bytes(text));
  };
  add("sealane session scope v1");
  add(policy.listener);
  add(to_string(policy.version_min));
  add(policy.client_identity == ClientIdentity::Required ? "identity required" : "none");
  add(policy.trusted_ca_pem);
  return to_text(hash.finish());
}

}  // namespace

Status keep_sessions(Context::Impl& impl) {
  SSL_CTX* ssl = impl.ssl.get();
  if (!impl.is_server()) {
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, session_began_at_client);
    return {};
  }
  impl.scope = scope_of(impl.server());
  // SSL_OP_NO_TICKET, set for every context, makes the one ticket of TLS 1.3 a name of a session.
  if (SSL_CTX_set_session_id_context(ssl, as_uchar(as_bytes(impl.scope)),
                                     checked_cast<unsigned int>(impl.scope.size())) != 1 ||
      SSL_CTX_set_num_tickets(ssl, 1) != 1 ||
      SSL_CTX_set_session_ticket_cb(ssl, set_lifetime, nullptr, nullptr) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::Internal, "resumption cannot be set up");
  }
  const auto lifetime =
      std::chrono::floor<std::chrono::seconds>(impl.server().sessions->impl().limits.lifetime_max);
  SSL_CTX_set_timeout(ssl, lifetime.count());
  SSL_CTX_set_session_cache_mode(
      ssl, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR);
  SSL_CTX_sess_set_new_cb(ssl, session_began_at_server);
  SSL_CTX_sess_set_get_cb(ssl, session_wanted);
  return {};
}

SessionPtr Context::Impl::session_to_offer() {
  if (!is_server() && !client().resume) return nullptr;
  const std::lock_guard lock(kept_mutex);
  if (!kept) return nullptr;
  const auto facts = facts_in(kept.get());
  if (!facts || check_again(*this, *facts)) {
    kept.reset();
    return nullptr;
  }
  return copy_of(kept.get());
}

void Context::Impl::keep(SessionPtr session) {
  const std::lock_guard lock(kept_mutex);
  kept.swap(session);
}

void Connection::Impl::forget_session() {
  if (!context || !ssl) return;
  Context::Impl& of = context->impl();
  const SSL_SESSION* session = SSL_get_session(ssl.get());
  if (!of.is_server()) {
    of.keep(nullptr);
  } else if (session != nullptr && of.server().sessions) {
    of.server().sessions->impl().remove(key_of(of, session));
  }
}

}  // namespace sealane::tls
