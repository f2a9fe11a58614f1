// SPDX-License-Identifier: Apache-2.0
#include "tls/connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "identity/identity.h"
#include "tls/connection_internal.h"

namespace sealane::tls {
namespace {

constexpr std::byte kHandshakeRecord{0x16};
// Fatal alert 40, handshake_failure: all that a peer without TLS gets.
constexpr std::array<unsigned char, 7> kRefusalAlert{0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28};

std::string system_text(int error) { return std::generic_category().message(error); }

// SSL_R_WRONG_VERSION_NUMBER is not among them: it says that a record is none.
bool is_version_error(int reason) {
  return reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_VERSION_TOO_LOW ||
         reason == SSL_R_VERSION_TOO_HIGH || reason == SSL_R_WRONG_SSL_VERSION ||
         reason == SSL_R_NO_PROTOCOLS_AVAILABLE || reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION;
}

std::string group_of(SSL* ssl) {
  const int group = static_cast<int>(SSL_get_negotiated_group(ssl));
  const char* name = SSL_group_to_name(ssl, group);
  std::string text = name == nullptr ? "" : name;
  // OpenSSL 3.0 says `x25519` and `secp256r1` or `P-256` by version.
  if (text == "x25519") return "X25519";
  if (text == "secp256r1" || text == "prime256v1") return "P-256";
  if (text == "secp384r1") return "P-384";
  return text;
}

}  // namespace

std::string drain_errors() {
  std::string out;
  for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (out.empty() && reason != nullptr) out = reason;
  }
  return out;
}

Connection::Connection(std::shared_ptr<Context> context, int descriptor)
    : impl_(std::make_unique<Impl>()) {
  impl_->context = std::move(context);
  impl_->socket.descriptor = descriptor;
  impl_->ssl.reset(SSL_new(impl_->context->impl().ssl.get()));
  SEALANE_CHECK(impl_->ssl != nullptr);
  SSL* ssl = impl_->ssl.get();
  BIO* bio = socket_bio(impl_->socket).release();
  SSL_set_bio(ssl, bio, bio);
  SEALANE_CHECK(SSL_set_ex_data(ssl, connection_index(), impl_.get()) == 1);
  if (impl_->context->impl().is_server()) {
    SSL_set_accept_state(ssl);
    return;
  }
  SSL_set_connect_state(ssl);
  if (const SessionPtr session = impl_->context->impl().session_to_offer())
    SSL_set_session(ssl, session.get());
  impl_->sniffed = true;
  const auto& policy = std::get<ClientPolicy>(impl_->context->impl().policy);
  const std::string& host = policy.expected_host;
  // RFC 6066 §3: literal addresses are not permitted in server_name.
  if (!host.empty() && host.find_first_not_of("0123456789.") != std::string::npos &&
      !host.contains(':')) {
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
}

// A connection that ends without a farewell says nothing against its session.
Connection::Impl::~Impl() {
  if (ssl && handshaken)
    SSL_set_shutdown(ssl.get(), SSL_get_shutdown(ssl.get()) | SSL_SENT_SHUTDOWN);
}

Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

Step Connection::Impl::fail_handshake(RefusalReason reason, std::string detail) {
  refusal = Refusal{.reason = reason,
                    .detail = std::move(detail),
                    .bytes = socket.received,
                    .certificate = std::move(peer_certificate)};
  if (hello) refusal.hello = read_hello(*hello);
  error = refusal.detail;
  ERR_clear_error();
  return Step::Failed;
}

Step Connection::Impl::sniff() {
  std::array<std::byte, 8> first{};
  ssize_t got = 0;
  do {
    got = ::recv(socket.descriptor, first.data(), first.size(), MSG_PEEK);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Step::WantRead;
  if (got < 0) return fail_handshake(RefusalReason::Disconnected, system_text(errno));
  if (got == 0) return fail_handshake(RefusalReason::Disconnected, "the peer left without a byte");
  if (first[0] == kHandshakeRecord) {
    sniffed = true;
    return Step::Done;
  }
  const auto seen = ByteSpan(first).first(static_cast<std::size_t>(got));
  int waiting = 0;
  const bool counted = ::ioctl(socket.descriptor, FIONREAD, &waiting) == 0;
  socket.received = static_cast<std::uint64_t>(counted ? waiting : got);
  // Take what came, bounded, so that closing does not reset the connection before the alert is
  // read.
  std::array<std::byte, 4096> sink{};
  [[maybe_unused]] const ssize_t taken = ::recv(socket.descriptor, sink.data(), sink.size(), 0);
  [[maybe_unused]] const ssize_t sent =
      ::send(socket.descriptor, kRefusalAlert.data(), kRefusalAlert.size(), MSG_NOSIGNAL);
  return fail_handshake(RefusalReason::Plaintext, "the first bytes are not TLS; they look like " +
                                                      std::string(guess_protocol(seen)));
}

Step Connection::Impl::handshake_failed() {
  const int code = SSL_get_error(ssl.get(), -1);
  const int reason = ERR_GET_REASON(ERR_peek_error());
  // Whatever it was: the next attempt of this client is a full handshake.
  if (!context->impl().is_server()) forget_session();
  if (verdict) {
    const Refusal by_us = *std::move(verdict);
    fail_handshake(by_us.reason, by_us.detail);
    refusal.verified = by_us.verified;
    return Step::Failed;
  }
  if (socket.error != 0)
    return fail_handshake(RefusalReason::Disconnected, system_text(socket.error));
  if (socket.at_end || code == SSL_ERROR_SYSCALL) {
    return fail_handshake(RefusalReason::Disconnected, "the peer left during the handshake");
  }
  if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
    return fail_handshake(RefusalReason::NoCertificate, "the peer showed no certificate");
  }
  std::string text = drain_errors();
  if (is_version_error(reason)) return fail_handshake(RefusalReason::TlsVersion, std::move(text));
  return fail_handshake(RefusalReason::Handshake,
                        text.empty() ? "the handshake failed" : std::move(text));
}

// What a call of OpenSSL that returned `result` <= 0 means once the handshake is over.
Step Connection::Impl::after(int result) {
  switch (SSL_get_error(ssl.get(), result)) {
    case SSL_ERROR_WANT_READ: return Step::WantRead;
    case SSL_ERROR_WANT_WRITE: return Step::WantWrite;
    case SSL_ERROR_ZERO_RETURN: clean_end = true; return Step::Closed;
    default: break;
  }
  // First: OpenSSL answers the end with an alert, which may fail to be sent.
  if (socket.at_end && ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    error = "the transport ended without close_notify";
    ERR_clear_error();
    return Step::Closed;
  }
  if (socket.error != 0) {
    error = system_text(socket.error);
  } else {
    error = drain_errors();
    if (error.empty()) error = "the connection failed";
    forget_session();
  }
  ERR_clear_error();
  return Step::Failed;
}

void Connection::Impl::collect_facts() {
  facts.version = SSL_get_version(ssl.get());
  facts.suite = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl.get()));
  facts.group = group_of(ssl.get());
  facts.resumed = SSL_session_reused(ssl.get()) == 1;
  if (facts.resumed) {
    if (const auto before = facts_in(SSL_get_session(ssl.get())))
      facts.certificate = before->certificate;
    if (context->impl().is_server()) context->impl().server().sessions->impl().resumed();
  } else {
    facts.certificate = std::move(peer_certificate);
  }
  facts.ends_at = context->impl().own_not_after;
  if (facts.certificate) {
    facts.not_after = facts.certificate->not_after;
    facts.ends_at = std::min(facts.ends_at, facts.not_after);
    if (const auto identity = identity::identity_of(*facts.certificate))
      facts.identity = identity::to_uri(*identity);
  }
}

Step Connection::handshake() {
  if (impl_->handshaken) return Step::Done;
  if (!impl_->sniffed) {
    if (const Step step = impl_->sniff(); step != Step::Done) return step;
  }
  ERR_clear_error();
  const int result = SSL_do_handshake(impl_->ssl.get());
  if (result == 1) {
    impl_->handshaken = true;
    impl_->collect_facts();
    impl_->hello.reset();
    return Step::Done;
  }
  switch (SSL_get_error(impl_->ssl.get(), result)) {
    case SSL_ERROR_WANT_READ: return Step::WantRead;
    case SSL_ERROR_WANT_WRITE: return Step::WantWrite;
    default: return impl_->handshake_failed();
  }
}

Io Connection::read(MutableByteSpan to) {
  ERR_clear_error();
  std::size_t got = 0;
  const int result = SSL_read_ex(impl_->ssl.get(), to.data(), to.size(), &got);
  if (result == 1) return {Step::Done, got};
  return {impl_->after(result), 0};
}

Io Connection::write(ByteSpan from) {
  if (from.empty()) return {Step::Done, 0};
  ERR_clear_error();
  std::size_t put = 0;
  const int result = SSL_write_ex(impl_->ssl.get(), from.data(), from.size(), &put);
  if (result == 1) return {Step::Done, put};
  return {impl_->after(result), 0};
}

Step Connection::shutdown() {
  if (!impl_->handshaken || !impl_->error.empty()) return Step::Done;
  ERR_clear_error();
  const int result = SSL_shutdown(impl_->ssl.get());
  if (result >= 0) return Step::Done;
  return impl_->after(result);
}

Refusal Connection::abandon(RefusalReason reason, std::string detail) {
  impl_->fail_handshake(reason, std::move(detail));
  return impl_->refusal;
}

const PeerFacts& Connection::facts() const { return impl_->facts; }
const Refusal& Connection::refusal() const { return impl_->refusal; }
const std::string& Connection::error() const { return impl_->error; }
bool Connection::closed_cleanly() const { return impl_->clean_end; }
std::uint64_t Connection::bytes_received() const { return impl_->socket.received; }
std::uint64_t Connection::bytes_sent() const { return impl_->socket.sent; }
bool Connection::has_pending() const { return SSL_has_pending(impl_->ssl.get()) == 1; }

std::string_view guess_protocol(ByteSpan first) {
  if (first.empty()) return "unknown";
  const std::string_view text = as_text(first);
  if (first[0] == kHandshakeRecord) return "TLS";
  for (const std::string_view start :
       {"GET ", "PUT ", "POST", "HEAD", "DELE", "OPTI", "CONN", "PATC", "PRI "}) {
    if (text.starts_with(start.substr(0, text.size()))) return "HTTP";
  }
  if (text.starts_with("SSH-")) return "SSH";
  // MQTT-3.1: CONNECT, then the remaining length, then the protocol name's length.
  if (first[0] == std::byte{0x10}) return "MQTT";
  return "unknown";
}

}  // namespace sealane::tls
