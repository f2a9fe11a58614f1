// SPDX-License-Identifier: Apache-2.0
// A peer's certificate × full and resumed handshake → outcome and recorded reason; and what a
// session store keeps.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <atomic>
#include <thread>

#include "base/testing/fake_clock.h"
#include "tls/connection.h"
#include "tls/connection_internal.h"
#include "tls/session_store.h"
#include "tls/testing/pki.h"
#include "tls/testing/wire.h"

namespace sealane::tls {
namespace {

using std::chrono::hours;
using State = RevocationAnswer::State;

// What a listener and the authorities behind it know, and can be told anew.
struct World {
  FakeClock clock{SystemClock().now()};
  std::optional<Time> crl_until;  // nothing: the CA has no CRL and needs none
  bool crl_is_there = true;
  bool listed = false;            // in the CRL
  bool registry_revoked = false;  // in the registry
  std::string only_uri;           // whom the listener lets in; empty: anybody
  std::uint64_t generation = 1;

  RevocationAnswer revocation(const RevocationQuery& query) const {
    EXPECT_TRUE(query.issuer.is_ca);
    EXPECT_EQ(query.issuer.subject, query.certificate.issuer);
    if (!crl_is_there) return {State::Missing};
    if (!crl_until) return {State::Good};
    if (query.now >= *crl_until) return {State::Stale};
    if (listed) return {State::Revoked, *crl_until, "the CRL lists it"};
    return {State::Good, *crl_until};
  }
  std::optional<Refusal> check(const crypto::CertificateFacts& facts) const {
    if (registry_revoked)
      return Refusal{.reason = RefusalReason::Revoked, .detail = "the registry has it revoked"};
    return only_uri.empty() ? std::nullopt : require_uri(only_uri)(facts);
  }
};

// What one attempt to connect came to.
struct Attempt {
  bool let_in = false;
  bool resumed = false;
  PeerFacts facts;
  Refusal refusal;
};

// One connection from first byte to farewell; the client takes the sessions that it is given.
Attempt attempt(const std::shared_ptr<Context>& from, const std::shared_ptr<Context>& to,
                bool farewell = true) {
  Wire wire;
  Connection client(from, wire.ends[0]);
  Connection server(to, wire.ends[1]);
  const Outcome out = shake_hands(client, server);
  Bytes buffer(100);
  Attempt result;
  if (out.server != Step::Done) {
    result.refusal = server.refusal();
    // The client may have finished before it hears of it.
    if (out.client == Step::Done) EXPECT_EQ(client.read(buffer).step, Step::Failed);
    EXPECT_FALSE(client.error().empty());
    return result;
  }
  EXPECT_EQ(out.client, Step::Done);
  EXPECT_EQ(client.read(buffer).step, Step::WantRead) << client.error();
  result.let_in = true;
  result.resumed = server.facts().resumed;
  result.facts = server.facts();
  EXPECT_EQ(client.facts().resumed, result.resumed);
  EXPECT_EQ(client.facts().identity, "spiffe://test/node/edge");
  if (farewell) {
    EXPECT_EQ(client.shutdown(), Step::Done);
    EXPECT_EQ(server.read(buffer).step, Step::Closed);
    EXPECT_EQ(server.shutdown(), Step::Done);
  }
  return result;
}

class Resumption : public ::testing::Test {
 protected:
  ServerPolicy policy() {
    auto policy = pki_.server("edge");
    policy.sessions = store_;
    policy.listener = "mqtt";
    policy.clock = &world_.clock;
    policy.check = [this](const crypto::CertificateFacts& facts) { return world_.check(facts); };
    policy.revocation = [this](const RevocationQuery& query) { return world_.revocation(query); };
    policy.generation = [this] { return world_.generation; };
    return policy;
  }
  std::shared_ptr<Context> listener() { return Context::server(policy()).value(); }
  std::shared_ptr<Context> device(const std::string& thing = "station") {
    return Context::client(pki_.client(pki_.device(thing), "edge")).value();
  }

  Pki pki_;
  World world_;
  std::shared_ptr<SessionStore> store_ = SessionStore::create();
};

// --- the matrix
// -----------------------------------------------------------------------------------

enum class Fault {
  None,
  Expired,
  NotYetValid,
  WrongCa,
  WrongPurpose,
  RevokedInCrl,
  RevokedInRegistry,
  StaleCrl,
  MissingCrl,
  SelfSigned,
  WeakRsa,
  WeakCurve,
  WeakHash,
  WrongName,
};

struct Row {
  std::string_view name;
  Fault fault;
  std::optional<RefusalReason> reason;  // nothing: let in
  std::string_view detail;              // a part of it
};

const Row kRows[] = {
    {"valid", Fault::None, std::nullopt, ""},
    {"expired", Fault::Expired, RefusalReason::Expired, "expired"},
    {"not yet valid", Fault::NotYetValid, RefusalReason::NotYetValid, "not yet valid"},
    {"wrong CA", Fault::WrongCa, RefusalReason::UntrustedIssuer, ""},
    {"wrong purpose", Fault::WrongPurpose, RefusalReason::WrongRole, "purpose"},
    {"revoked in the CRL", Fault::RevokedInCrl, RefusalReason::Revoked, "CRL lists it"},
    {"revoked in the registry", Fault::RevokedInRegistry, RefusalReason::Revoked, "registry"},
    {"CRL past its nextUpdate", Fault::StaleCrl, RefusalReason::StaleCrl, "nextUpdate"},
    {"CRL not there", Fault::MissingCrl, RefusalReason::MissingCrl, "not there"},
    {"self-signed", Fault::SelfSigned, RefusalReason::UntrustedIssuer, "self-signed"},
    {"RSA of 1024 bits", Fault::WeakRsa, RefusalReason::WeakKey, "1024 bits"},
    {"curve of 224 bits", Fault::WeakCurve, RefusalReason::WeakKey, "224 bits"},
    {"signed over SHA-1", Fault::WeakHash, RefusalReason::WeakKey, "digest"},
    {"wrong name", Fault::WrongName, RefusalReason::WrongRole, "is not that of"},
};

// Whether the certificate itself has the fault: then no full handshake ever began a session.
bool is_born_with(Fault fault) {
  return fault == Fault::WrongPurpose || fault == Fault::SelfSigned || fault == Fault::WeakRsa ||
         fault == Fault::WeakCurve || fault == Fault::WeakHash;
}

class Matrix : public Resumption {
 protected:
  std::shared_ptr<const Credentials> credentials_with(Fault fault) {
    auto profile = pki_.device_profile("station");
    const Time now = world_.clock.now();
    switch (fault) {
      case Fault::Expired:
        profile.not_before = now - hours(48);
        profile.not_after = now - hours(1);
        break;
      case Fault::NotYetValid: profile.not_before = now + hours(1); break;
      case Fault::WrongPurpose: profile.uses = {crypto::KeyUse::ServerAuth}; break;
      case Fault::WrongCa: return Pki("test").device("station");
      case Fault::SelfSigned: return Pki::self_signed("station");
      case Fault::WeakRsa: return pki_.weak_device("station", Pki::Weakness::Rsa1024);
      case Fault::WeakCurve: return pki_.weak_device("station", Pki::Weakness::P224);
      case Fault::WeakHash: return pki_.weak_device("station", Pki::Weakness::Sha1);
      default: break;
    }
    return pki_.issue(profile);
  }

  // The fault befalls a certificate that was good.
  void befall(Fault fault) {
    switch (fault) {
      case Fault::Expired: world_.clock.advance(hours(48)); break;
      case Fault::NotYetValid: world_.clock.advance(-hours(48)); break;
      case Fault::WrongCa: trusted_ca_ = Pki("other").ca_pem(); break;
      case Fault::RevokedInCrl: world_.listed = true; break;
      case Fault::RevokedInRegistry: world_.registry_revoked = true; break;
      case Fault::StaleCrl: world_.crl_until = world_.clock.now(); break;
      case Fault::MissingCrl: world_.crl_is_there = false; break;
      case Fault::WrongName: world_.only_uri = "spiffe://test/device/other"; break;
      default: break;
    }
  }

  std::shared_ptr<Context> matrix_listener(Version version) {
    auto wanted = policy();
    wanted.version_min = version;
    if (!trusted_ca_.empty()) wanted.trusted_ca_pem = trusted_ca_;
    return Context::server(std::move(wanted)).value();
  }

  std::shared_ptr<Context> client_with(std::shared_ptr<const Credentials> credentials,
                                       Version version, bool weak) {
    auto wanted = pki_.client(weak ? nullptr : credentials, "edge");
    wanted.version_min = wanted.version_max = version;
    auto context = Context::client(std::move(wanted)).value();
    if (weak) {
      // What no context of ours would show.
      SSL_CTX* ssl = context->impl().ssl.get();
      SSL_CTX_set_security_level(ssl, 0);
      SEALANE_CHECK(SSL_CTX_set1_sigalgs_list(
                        ssl, "ECDSA+SHA256:RSA-PSS+SHA256:ECDSA+SHA1:ECDSA+SHA224") == 1);
      const BioPtr chain(BIO_new_mem_buf(credentials->certificate_pem.data(), -1));
      const CertificatePtr leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
      const ByteSpan pem = credentials->key_pem.reveal();
      const BioPtr key_bio(BIO_new_mem_buf(pem.data(), checked_cast<int>(pem.size())));
      const KeyPtr key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
      SEALANE_CHECK(SSL_CTX_use_certificate(ssl, leaf.get()) == 1 &&
                    SSL_CTX_use_PrivateKey(ssl, key.get()) == 1);
    }
    return context;
  }

  void expect_refused(const Attempt& got, const Row& row) {
    EXPECT_FALSE(got.let_in);
    EXPECT_EQ(to_string(got.refusal.reason), to_string(*row.reason)) << got.refusal.detail;
    EXPECT_TRUE(got.refusal.detail.contains(row.detail)) << got.refusal.detail;
    // One record with all that is known.
    ASSERT_TRUE(got.refusal.certificate);
    EXPECT_EQ(got.refusal.certificate->common_name, "station");
    EXPECT_EQ(got.refusal.certificate->sha256.size(), 64u);
    EXPECT_FALSE(got.refusal.certificate->serial.empty());
    ASSERT_TRUE(got.refusal.hello);
    EXPECT_FALSE(got.refusal.hello->versions.empty());
    EXPECT_EQ(got.refusal.hello->groups, (std::vector<std::string>{"X25519", "P-256", "P-384"}));
    EXPECT_GT(got.refusal.bytes, 0u);
    EXPECT_EQ(store_->size(), 0u);
  }

  std::string trusted_ca_;
};

TEST_F(Matrix, FullHandshake) {
  for (const Version version : {Version::Tls13, Version::Tls12}) {
    for (const Row& row : kRows) {
      // TLS 1.3 has no signature algorithm for such a curve; its owner would show no certificate.
      if (row.fault == Fault::WeakCurve && version == Version::Tls13) continue;
      SCOPED_TRACE(std::string(row.name) + ", " + std::string(to_string(version)));
      world_.crl_until = world_.clock.now() + hours(1);
      const auto before = world_.clock.now();
      const bool weak = row.fault == Fault::WeakRsa || row.fault == Fault::WeakCurve ||
                        row.fault == Fault::WeakHash;
      const auto client = client_with(credentials_with(row.fault), version, weak);
      if (row.fault != Fault::Expired && row.fault != Fault::NotYetValid &&
          row.fault != Fault::WrongCa)
        befall(row.fault);
      const Attempt got = attempt(client, matrix_listener(version));
      if (row.reason) {
        expect_refused(got, row);
      } else {
        EXPECT_TRUE(got.let_in) << got.refusal.detail;
        EXPECT_FALSE(got.resumed);
      }
      store_->clear();
      world_.listed = world_.registry_revoked = false;
      world_.crl_is_there = true;
      world_.only_uri.clear();
      EXPECT_EQ(world_.clock.now(), before);
    }
  }
}

TEST_F(Matrix, ResumedHandshake) {
  for (const Version version : {Version::Tls13, Version::Tls12}) {
    for (const Row& row : kRows) {
      if (row.fault == Fault::WeakCurve && version == Version::Tls13) continue;
      SCOPED_TRACE(std::string(row.name) + ", " + std::string(to_string(version)));
      world_.crl_until = world_.clock.now() + hours(1);
      const auto before = world_.clock.now();
      const bool born = is_born_with(row.fault);
      const auto client =
          client_with(credentials_with(born ? row.fault : Fault::None), version,
                      born && row.fault != Fault::WrongPurpose && row.fault != Fault::SelfSigned);
      const auto first = matrix_listener(version);
      if (born) {
        // No session begins, so the second attempt is refused as the first.
        const auto stored_before = store_->counts().stored;
        EXPECT_FALSE(attempt(client, first).let_in);
        EXPECT_FALSE(client->impl().session_to_offer());
        expect_refused(attempt(client, first), row);
        EXPECT_EQ(store_->counts().stored, stored_before);
      } else {
        ASSERT_TRUE(attempt(client, first).let_in);
        const Attempt again = attempt(client, first);
        ASSERT_TRUE(again.let_in && again.resumed);
        EXPECT_EQ(again.facts.group, "X25519");
        EXPECT_EQ(again.facts.version, to_string(version));
        befall(row.fault);
        const auto refused_before = store_->counts().refused;
        const auto unknown_before = store_->counts().unknown;
        const Attempt got =
            attempt(client, row.fault == Fault::WrongCa ? matrix_listener(version) : first);
        if (row.reason) {
          // Of another CA generation the session is not even found.
          const bool not_found = row.fault == Fault::WrongCa;
          EXPECT_EQ(store_->counts().unknown, unknown_before + (not_found ? 1 : 0));
          EXPECT_EQ(store_->counts().refused, refused_before + (not_found ? 0 : 1));
          store_->clear();
          expect_refused(got, row);
        } else {
          EXPECT_TRUE(got.let_in && got.resumed);
        }
      }
      store_->clear();
      world_.listed = world_.registry_revoked = false;
      world_.crl_is_there = true;
      world_.only_uri.clear();
      trusted_ca_.clear();
      world_.clock.advance(before - world_.clock.now());
    }
  }
}

// The other direction: what a client says about the server's certificate.
TEST_F(Resumption, AClientDoesNotResumeWithAServerThatItWouldRefuse) {
  auto at = listener();
  for (const Fault fault : {Fault::None, Fault::Expired, Fault::RevokedInCrl, Fault::StaleCrl}) {
    World seen;
    seen.crl_until = seen.clock.now() + hours(1);
    auto wanted = pki_.client(pki_.device("station"), "edge");
    wanted.clock = &seen.clock;
    wanted.revocation = [&seen](const RevocationQuery& query) { return seen.revocation(query); };
    const auto client = Context::client(wanted).value();
    ASSERT_TRUE(attempt(client, at).let_in);
    ASSERT_TRUE(attempt(client, at).resumed);
    if (fault == Fault::Expired) seen.clock.advance(hours(48));
    if (fault == Fault::RevokedInCrl) seen.listed = true;
    if (fault == Fault::StaleCrl) seen.crl_until = seen.clock.now();
    Wire wire;
    Connection from(client, wire.ends[0]);
    Connection to(at, wire.ends[1]);
    const Outcome out = shake_hands(from, to);
    if (fault == Fault::None) {
      EXPECT_TRUE(from.facts().resumed);
      continue;
    }
    ASSERT_EQ(out.client, Step::Failed);
    EXPECT_EQ(from.refusal().reason, fault == Fault::Expired        ? RefusalReason::Expired
                                     : fault == Fault::RevokedInCrl ? RefusalReason::Revoked
                                                                    : RefusalReason::StaleCrl);
  }
}

// --- what the store keeps
// -------------------------------------------------------------------------

TEST_F(Resumption, FactsOfAResumedConnectionAreThoseOfItsFullHandshake) {
  const auto at = listener();
  const auto client = device();
  const Attempt first = attempt(client, at);
  const Attempt second = attempt(client, at);
  EXPECT_FALSE(first.resumed);
  ASSERT_TRUE(second.resumed);
  EXPECT_EQ(second.facts.identity, pki_.device_uri("station"));
  EXPECT_EQ(second.facts.certificate->sha256, first.facts.certificate->sha256);
  EXPECT_EQ(second.facts.version, "TLSv1.3");
  EXPECT_EQ(second.facts.group, "X25519");
  EXPECT_EQ(second.facts.not_after, first.facts.certificate->not_after);
  EXPECT_EQ(second.facts.ends_at, first.facts.ends_at);
  EXPECT_LE(second.facts.ends_at, second.facts.not_after);
}

TEST_F(Resumption, AConnectionEndsWithWhicheverCertificateEndsFirst) {
  const Time now = world_.clock.now();
  auto mine = pki_.node_profile("edge");
  mine.not_after = std::chrono::floor<std::chrono::seconds>(now + hours(3));
  auto peers = pki_.device_profile("station");
  for (const auto after : {hours(2), hours(4)}) {
    peers.not_after = std::chrono::floor<std::chrono::seconds>(now + after);
    auto wanted = policy();
    wanted.credentials = pki_.issue(mine);
    const auto at = Context::server(std::move(wanted)).value();
    const auto client = Context::client(pki_.client(pki_.issue(peers), "edge")).value();
    for (const bool resumed : {false, true}) {
      const Attempt got = attempt(client, at);
      EXPECT_EQ(got.resumed, resumed);
      EXPECT_EQ(got.facts.not_after, peers.not_after);
      EXPECT_EQ(got.facts.ends_at, std::min(peers.not_after, mine.not_after));
    }
  }
}

TEST_F(Resumption, SessionsNeverCrossListenersOrIdentityPolicies) {
  const auto at = listener();
  const auto client = device();
  ASSERT_TRUE(attempt(client, at).let_in);
  auto other_name = policy();
  other_name.listener = "https";
  auto other_floor = policy();
  other_floor.version_min = Version::Tls12;
  auto other_store = policy();
  other_store.sessions = SessionStore::create();
  auto more_cas = policy();
  more_cas.trusted_ca_pem += Pki("external").ca_pem();
  for (ServerPolicy& other : std::vector{other_name, other_floor, other_store, more_cas}) {
    // A session of the first listener, offered to another.
    const auto fresh = device();
    ASSERT_TRUE(attempt(fresh, at).let_in);
    const Attempt got = attempt(fresh, Context::server(std::move(other)).value());
    EXPECT_TRUE(got.let_in);
    EXPECT_FALSE(got.resumed);
  }
  EXPECT_TRUE(attempt(client, at).resumed);
}

TEST_F(Resumption, AllContextsOfAListenerResumeEachOthersSessions) {
  const auto client = device();
  ASSERT_TRUE(attempt(client, listener()).let_in);
  for (int i = 0; i < 3; ++i) {
    // Also with another certificate of the same node.
    EXPECT_TRUE(attempt(client, listener()).resumed);
  }
}

TEST_F(Resumption, TwoThousandResumptionsLeaveABoundedStore) {
  const auto at = listener();
  const auto client = device();
  ASSERT_TRUE(attempt(client, at).let_in);
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(attempt(client, at).resumed) << i;
  EXPECT_LE(store_->size(), SessionStore::Limits().sessions_per_certificate_max);
  EXPECT_EQ(store_->counts().found, 2000u);
  EXPECT_EQ(store_->counts().stored, 2001u);
}

TEST_F(Resumption, TheSessionUsedLongestAgoGoesFirst) {
  store_ = SessionStore::create({.sessions_max = 3, .sessions_per_certificate_max = 2});
  const auto at = listener();
  std::vector<std::shared_ptr<Context>> clients;
  for (const char* name : {"a", "b", "c"}) {
    clients.push_back(device(name));
    ASSERT_TRUE(attempt(clients.back(), at).let_in);
  }
  EXPECT_EQ(store_->size(), 3u);
  // Used again, `a` has two; `b` is the oldest and makes room.
  EXPECT_TRUE(attempt(clients[0], at).resumed);
  EXPECT_EQ(store_->size(), 3u);
  const Attempt b = attempt(clients[1], at);
  EXPECT_TRUE(b.let_in);
  EXPECT_FALSE(b.resumed);
  EXPECT_EQ(store_->size(), 3u);
  EXPECT_EQ(store_->counts().evicted, 2u);
}

TEST_F(Resumption, AClientMayUseOneSessionAgainAndAgain) {
  const auto at = listener();
  const auto client = device();
  ASSERT_TRUE(attempt(client, at).let_in);
  const SessionPtr first = client->impl().session_to_offer();
  for (int i = 0; i < 20; ++i) {
    client->impl().keep(copy_of(first.get()));
    EXPECT_TRUE(attempt(client, at).resumed) << i;
  }
  EXPECT_LE(store_->size(), SessionStore::Limits().sessions_per_certificate_max);
}

TEST_F(Resumption, ResumingDoesNotMakeASessionLiveLonger) {
  store_ = SessionStore::create({.lifetime_max = std::chrono::minutes(60)});
  const auto at = listener();
  const auto client = device();
  ASSERT_TRUE(attempt(client, at).let_in);
  for (int i = 0; i < 2; ++i) {
    world_.clock.advance(std::chrono::minutes(29));
    EXPECT_TRUE(attempt(client, at).resumed);
  }
  world_.clock.advance(std::chrono::minutes(2));
  const Attempt late = attempt(client, at);
  EXPECT_TRUE(late.let_in);
  EXPECT_FALSE(late.resumed);
}

TEST_F(Resumption, ASessionEndsWithTheCrlThatItWasJudgedBy) {
  world_.crl_until = world_.clock.now() + hours(1);
  const auto at = listener();
  const auto client = device();
  ASSERT_TRUE(attempt(client, at).let_in);
  // A newer CRL came; what the old one said is not relied on beyond its time.
  world_.crl_until = world_.clock.now() + hours(10);
  world_.clock.advance(std::chrono::minutes(61));
  const Attempt late = attempt(client, at);
  EXPECT_TRUE(late.let_in);
  EXPECT_FALSE(late.resumed);
}

TEST_F(Resumption, TheTicketIsANameWithTheLifeOfItsSessionAndNoEarlyData) {
  auto profile = pki_.device_profile("station");
  profile.not_after = world_.clock.now() + std::chrono::minutes(10);
  const auto client = Context::client(pki_.client(pki_.issue(profile), "edge")).value();
  ASSERT_TRUE(attempt(client, listener()).let_in);
  const SessionPtr session = client->impl().session_to_offer();
  ASSERT_TRUE(session);
  const auto hint = SSL_SESSION_get_ticket_lifetime_hint(session.get());
  EXPECT_GE(hint, 595u);
  EXPECT_LE(hint, 600u);
  EXPECT_EQ(SSL_SESSION_get_max_early_data(session.get()), 0u);
  const unsigned char* ticket = nullptr;
  std::size_t size = 0;
  SSL_SESSION_get0_ticket(session.get(), &ticket, &size);
  EXPECT_EQ(size, 32u);
}

TEST_F(Resumption, ErasedSessionsAreGoneAndAFullHandshakeFollowsSilently) {
  const auto at = listener();
  const auto a = device("a");
  const auto b = device("b");
  const Attempt of_a = attempt(a, at);
  ASSERT_TRUE(attempt(b, at).let_in);
  EXPECT_EQ(store_->erase(of_a.facts.certificate->sha256), 1u);
  EXPECT_EQ(store_->erase(of_a.facts.certificate->sha256), 0u);
  const Attempt again = attempt(a, at);
  EXPECT_TRUE(again.let_in);
  EXPECT_FALSE(again.resumed);
  EXPECT_TRUE(attempt(b, at).resumed);
  EXPECT_EQ(store_->erase_if([](const auto& facts) { return facts.common_name == "b"; }), 2u);
  EXPECT_FALSE(attempt(b, at).resumed);
  EXPECT_EQ(store_->clear(), 2u);
  EXPECT_EQ(store_->size(), 0u);
  EXPECT_FALSE(attempt(a, at).resumed);
}

TEST_F(Resumption, AnotherGenerationMeansAFullHandshake) {
  const auto at = listener();
  const auto client = device();
  ASSERT_TRUE(attempt(client, at).let_in);
  world_.generation = 2;
  const Attempt got = attempt(client, at);
  EXPECT_TRUE(got.let_in);
  EXPECT_FALSE(got.resumed);
  EXPECT_TRUE(attempt(client, at).resumed);
}

TEST_F(Resumption, AConnectionThatBreaksOffKeepsItsSession) {
  const auto at = listener();
  const auto client = device();
  ASSERT_TRUE(attempt(client, at, false).let_in);
  EXPECT_TRUE(attempt(client, at, false).resumed);
  // The server sees the end of the transport without a close_notify.
  {
    Wire wire;
    Connection from(client, wire.ends[0]);
    Connection to(at, wire.ends[1]);
    ASSERT_EQ(shake_hands(from, to).server, Step::Done);
    Bytes buffer(10);
    EXPECT_EQ(from.read(buffer).step, Step::WantRead);
    ::shutdown(wire.ends[0], SHUT_RDWR);
    EXPECT_EQ(to.read(buffer).step, Step::Closed);
    EXPECT_FALSE(to.closed_cleanly());
  }
  EXPECT_TRUE(attempt(client, at).resumed);
}

TEST_F(Resumption, AFatalErrorOfTlsForgetsTheSession) {
  const auto at = listener();
  const auto client = device();
  {
    Wire wire;
    Connection from(client, wire.ends[0]);
    Connection to(at, wire.ends[1]);
    ASSERT_EQ(shake_hands(from, to).server, Step::Done);
    EXPECT_EQ(store_->size(), 1u);
    Bytes buffer(100);
    EXPECT_EQ(from.read(buffer).step, Step::WantRead);
    // A record that does not decrypt.
    const Bytes forged =
        to_bytes(std::string_view("\x17\x03\x03\x00\x20xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 37));
    ASSERT_EQ(::send(wire.ends[0], forged.data(), forged.size(), 0), 37);
    EXPECT_EQ(to.read(buffer).step, Step::Failed);
    EXPECT_EQ(store_->size(), 0u);
    EXPECT_EQ(from.read(buffer).step, Step::Failed);
  }
  const Attempt next = attempt(client, at);
  EXPECT_TRUE(next.let_in);
  EXPECT_FALSE(next.resumed);
}

TEST_F(Resumption, APeerWithoutACertificateBeginsNoSession) {
  auto wanted = policy();
  wanted.client_identity = ClientIdentity::None;
  const auto at = Context::server(std::move(wanted)).value();
  const auto client = Context::client(pki_.client(nullptr, "edge")).value();
  EXPECT_TRUE(attempt(client, at).let_in);
  EXPECT_FALSE(attempt(client, at).resumed);
  EXPECT_EQ(store_->size(), 0u);
}

TEST_F(Resumption, ThreadsShareOneStoreWhileSessionsAreErased) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 60;
  std::atomic<int> resumed = 0;
  std::atomic<int> refused = 0;
  std::atomic<bool> done = false;
  // Nothing of the fixture that is not for any thread.
  auto shared = pki_.server("edge");
  shared.sessions = store_;
  shared.listener = "mqtt";
  const auto sha256 = std::make_shared<std::atomic<int>>(0);
  shared.check = [sha256](const crypto::CertificateFacts&) -> std::optional<Refusal> {
    ++*sha256;
    return std::nullopt;
  };
  const auto everybodys = pki_.device("station");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto at = Context::server(shared).value();
      const auto client =
          Context::client(pki_.client(t % 2 == 0 ? everybodys : pki_.device("d"), "edge")).value();
      for (int i = 0; i < kRounds; ++i) {
        Wire wire;
        Connection from(client, wire.ends[0]);
        Connection to(at, wire.ends[1]);
        if (shake_hands(from, to).server != Step::Done) {
          ++refused;
          continue;
        }
        Bytes buffer(10);
        EXPECT_EQ(from.read(buffer).step, Step::WantRead);
        if (to.facts().resumed) ++resumed;
      }
    });
  }
  std::thread eraser([&] {
    while (!done) {
      store_->erase_if([](const auto& facts) { return facts.common_name == "d"; });
      std::ignore = store_->counts();
      std::this_thread::yield();
    }
  });
  for (auto& thread : threads) thread.join();
  done = true;
  eraser.join();
  EXPECT_EQ(refused, 0);
  EXPECT_GT(resumed, kRounds);
  EXPECT_LE(store_->size(), kThreads * SessionStore::Limits().sessions_per_certificate_max);
}

}  // namespace
}  // namespace sealane::tls
