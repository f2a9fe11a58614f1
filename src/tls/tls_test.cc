// SPDX-License-Identifier: Apache-2.0
#include "tls/connection.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "tls/testing/pki.h"
#include "tls/testing/wire.h"

namespace sealane::tls {
namespace {

class Tls : public ::testing::Test {
 protected:
  std::shared_ptr<Context> server_context(ServerPolicy policy) {
    return Context::server(std::move(policy)).value();
  }
  std::shared_ptr<Context> client_context(ClientPolicy policy) {
    return Context::client(std::move(policy)).value();
  }

  // The refusal that `server` gives `client`.
  Refusal refusal_of(ServerPolicy server_policy, ClientPolicy client_policy) {
    Wire wire;
    Connection client(client_context(std::move(client_policy)), wire.ends[0]);
    Connection server(server_context(std::move(server_policy)), wire.ends[1]);
    const Outcome out = shake_hands(client, server);
    EXPECT_EQ(out.server, Step::Failed);
    client_read_error_.clear();
    if (out.client == Step::Done) {
      Bytes buffer(100);
      EXPECT_EQ(client.read(buffer).step, Step::Failed);
    }
    client_read_error_ = client.error();
    return out.server == Step::Failed ? server.refusal() : Refusal{};
  }

  Pki pki_;
  std::string client_read_error_;
};

TEST_F(Tls, MutualTls13GivesBothSidesTheirFacts) {
  Wire wire;
  Connection client(client_context(pki_.client(pki_.device("station"), "edge")), wire.ends[0]);
  Connection server(server_context(pki_.server("edge")), wire.ends[1]);
  const Outcome out = shake_hands(client, server);
  ASSERT_EQ(out.client, Step::Done) << client.refusal().detail;
  ASSERT_EQ(out.server, Step::Done) << server.refusal().detail;
  EXPECT_EQ(server.facts().version, "TLSv1.3");
  EXPECT_EQ(server.facts().suite, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(server.facts().group, "X25519");
  EXPECT_FALSE(server.facts().resumed);
  EXPECT_EQ(server.facts().identity, "spiffe://test/device/station");
  EXPECT_EQ(server.facts().certificate->sha256.size(), 64u);
  EXPECT_EQ(client.facts().identity, "spiffe://test/node/edge");
  EXPECT_EQ(client.facts().group, "X25519");

  const Bytes hello = to_bytes("hello");
  ASSERT_EQ(client.write(hello).bytes, hello.size());
  Bytes buffer(100);
  const Io io = server.read(buffer);
  ASSERT_EQ(io.step, Step::Done);
  EXPECT_EQ(as_text(ByteSpan(buffer).first(io.bytes)), "hello");
  EXPECT_EQ(server.read(buffer).step, Step::WantRead);
}

TEST_F(Tls, CloseNotifyIsACleanEndAndItsAbsenceIsNot) {
  for (const bool clean : {true, false}) {
    Wire wire;
    Connection client(client_context(pki_.client(pki_.device("station"), "edge")), wire.ends[0]);
    Connection server(server_context(pki_.server("edge")), wire.ends[1]);
    ASSERT_EQ(shake_hands(client, server).server, Step::Done);
    if (clean) client.shutdown();
    ::shutdown(wire.ends[0], SHUT_RDWR);
    Bytes buffer(100);
    EXPECT_EQ(server.read(buffer).step, Step::Closed) << server.error();
    EXPECT_EQ(server.closed_cleanly(), clean);
  }
}

TEST_F(Tls, WithoutAStoreNothingIsResumed) {
  auto context = client_context(pki_.client(pki_.device("station"), "edge"));
  auto at = server_context(pki_.server("edge"));
  for (int i = 0; i < 2; ++i) {
    Wire wire;
    Connection client(context, wire.ends[0]);
    Connection server(at, wire.ends[1]);
    ASSERT_EQ(shake_hands(client, server).server, Step::Done);
    EXPECT_FALSE(server.facts().resumed);
    // No ticket came: the handshake left the client nothing to read.
    Bytes buffer(10);
    EXPECT_EQ(client.read(buffer).step, Step::WantRead);
  }
}

TEST_F(Tls, NoCertificateIsNamed) {
  EXPECT_EQ(refusal_of(pki_.server("edge"), pki_.client(nullptr, "edge")).reason,
            RefusalReason::NoCertificate);
}

TEST_F(Tls, SelfSignedAndForeignIssuersAreUntrusted) {
  auto own = refusal_of(pki_.server("edge"), pki_.client(Pki::self_signed("station"), "edge"));
  EXPECT_EQ(own.reason, RefusalReason::UntrustedIssuer) << own.detail;
  ASSERT_TRUE(own.certificate);
  EXPECT_EQ(own.certificate->common_name, "station");
  EXPECT_GT(own.bytes, 0u);
  auto foreign =
      refusal_of(pki_.server("edge"), pki_.client(Pki("test").device("station"), "edge"));
  EXPECT_EQ(foreign.reason, RefusalReason::UntrustedIssuer) << foreign.detail;
}

TEST_F(Tls, ExpiredAndNotYetValidAreNamed) {
  const Time now = SystemClock().now();
  auto past = pki_.device_profile("station");
  past.not_before = now - std::chrono::hours(48);
  past.not_after = now - std::chrono::hours(1);
  EXPECT_EQ(refusal_of(pki_.server("edge"), pki_.client(pki_.issue(past), "edge")).reason,
            RefusalReason::Expired);
  auto future = pki_.device_profile("station");
  future.not_before = now + std::chrono::hours(1);
  EXPECT_EQ(refusal_of(pki_.server("edge"), pki_.client(pki_.issue(future), "edge")).reason,
            RefusalReason::NotYetValid);
}

TEST_F(Tls, WrongOrMissingKeyUsageIsAWrongRole) {
  auto serving = pki_.device_profile("station");
  serving.uses = {crypto::KeyUse::ServerAuth};
  EXPECT_EQ(refusal_of(pki_.server("edge"), pki_.client(pki_.issue(serving), "edge")).reason,
            RefusalReason::WrongRole);
  auto without = pki_.device_profile("station");
  without.uses = {};
  EXPECT_EQ(refusal_of(pki_.server("edge"), pki_.client(pki_.issue(without), "edge")).reason,
            RefusalReason::WrongRole);
}

TEST_F(Tls, OldVersionUnderTheFloorIsNamed) {
  auto old = pki_.client(pki_.device("station"), "edge");
  old.version_min = old.version_max = Version::Tls12;
  EXPECT_EQ(refusal_of(pki_.server("edge"), old).reason, RefusalReason::TlsVersion);
  auto tolerant = pki_.server("edge");
  tolerant.version_min = Version::Tls12;
  Wire wire;
  Connection client(client_context(old), wire.ends[0]);
  Connection server(server_context(tolerant), wire.ends[1]);
  ASSERT_EQ(shake_hands(client, server).server, Step::Done);
  EXPECT_EQ(server.facts().version, "TLSv1.2");
  EXPECT_EQ(server.facts().group, "X25519");
}

TEST_F(Tls, TheApplicationsCheckRefusesDuringTheHandshake) {
  auto policy = pki_.server("edge");
  policy.check = [](const crypto::CertificateFacts& facts) -> std::optional<Refusal> {
    return Refusal{.reason = RefusalReason::Revoked, .detail = "revoked: " + facts.common_name};
  };
  const Refusal refusal = refusal_of(policy, pki_.client(pki_.device("station"), "edge"));
  EXPECT_EQ(refusal.reason, RefusalReason::Revoked);
  EXPECT_EQ(refusal.detail, "revoked: station");
  EXPECT_TRUE(refusal.verified);
}

// OpenSSL looks at the uses before the signature: of such a certificate nothing is proven.
TEST_F(Tls, WhatIsRefusedBeforeItsSignatureIsReadIsNotVerified) {
  auto serving = pki_.device_profile("station");
  serving.uses = {crypto::KeyUse::ServerAuth};
  EXPECT_FALSE(refusal_of(pki_.server("edge"), pki_.client(pki_.issue(serving), "edge")).verified);
  EXPECT_FALSE(
      refusal_of(pki_.server("edge"), pki_.client(Pki("test").device("station"), "edge")).verified);
}

TEST_F(Tls, ThePeerHearsTheSameForEveryBadCertificate) {
  auto expired = pki_.device_profile("station");
  expired.not_after = SystemClock().now() - std::chrono::hours(1);
  auto check = pki_.server("edge");
  check.check = require_uri("spiffe://test/device/other");
  refusal_of(pki_.server("edge"), pki_.client(pki_.issue(expired), "edge"));
  const std::string first = client_read_error_;
  EXPECT_TRUE(first.contains("bad certificate")) << first;
  refusal_of(pki_.server("edge"), pki_.client(Pki::self_signed("x"), "edge"));
  EXPECT_EQ(client_read_error_, first);
  refusal_of(check, pki_.client(pki_.device("station"), "edge"));
  EXPECT_EQ(client_read_error_, first);
}

TEST_F(Tls, PlaintextIsNamedWithItsProtocolAndBytes) {
  const Bytes connect =
      to_bytes(std::string_view("\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", 14));
  Wire wire;
  Connection server(server_context(pki_.server("edge")), wire.ends[1]);
  EXPECT_EQ(server.handshake(), Step::WantRead);
  ASSERT_EQ(::send(wire.ends[0], connect.data(), connect.size(), 0), 14);
  EXPECT_EQ(server.handshake(), Step::Failed);
  EXPECT_EQ(server.refusal().reason, RefusalReason::Plaintext);
  EXPECT_EQ(server.refusal().bytes, 14u);
  EXPECT_TRUE(server.refusal().detail.ends_with("MQTT")) << server.refusal().detail;
  Bytes answer(100);
  ASSERT_EQ(::recv(wire.ends[0], answer.data(), answer.size(), 0), 7);
  EXPECT_EQ(answer[0], std::byte{0x15});
}

// A ClientHello of TLS 1.2 (or 1.0, by `minor`) without extensions, as no library of today sends
// it.
Bytes raw_hello(std::uint8_t minor) {
  Bytes body{std::byte{3}, std::byte{minor}};
  body.resize(2 + 32, std::byte{0x5a});                     // random
  append(body, std::string_view("\0\0\2\xc0\x2b\1\0", 7));  // no session, one suite, no compression
  Bytes out{std::byte{0x16}, std::byte{3}, std::byte{1}};
  put_be(out, checked_cast<std::uint16_t>(body.size() + 4));
  put_be(out, checked_cast<std::uint32_t>((1u << 24) | body.size()));
  append(out, body);
  return out;
}

TEST_F(Tls, RawHellosUnderTheFloorAreAVersionAndGarbageIsNot) {
  auto garbage = raw_hello(3);
  garbage[1] = std::byte{0x47};
  struct Case {
    Bytes bytes;
    RefusalReason reason;
  };
  for (const Case& item :
       {Case{raw_hello(3), RefusalReason::TlsVersion},
        Case{raw_hello(1), RefusalReason::TlsVersion}, Case{garbage, RefusalReason::Handshake}}) {
    Wire wire;
    Connection server(server_context(pki_.server("edge")), wire.ends[1]);
    ASSERT_GT(::send(wire.ends[0], item.bytes.data(), item.bytes.size(), 0), 0);
    ASSERT_EQ(server.handshake(), Step::Failed);
    EXPECT_EQ(server.refusal().reason, item.reason) << server.refusal().detail;
    EXPECT_EQ(server.refusal().bytes, item.bytes.size());
  }
}

TEST_F(Tls, ClientRefusesAServerThatIsSomebodyElse) {
  struct Case {
    ServerPolicy server;
    std::string uri;
    std::string host;
    bool good;
  };
  auto device_as_server = pki_.server("edge");
  device_as_server.credentials = pki_.device("station");
  auto foreign = Pki("test").server("edge");
  foreign.trusted_ca_pem = pki_.ca_pem();
  for (const Case& item : {Case{pki_.server("edge"), pki_.node_uri("edge"), "", true},
                           Case{pki_.server("edge"), "", "localhost", true},
                           Case{pki_.server("edge"), "", "127.0.0.1", true},
                           Case{pki_.server("edge"), pki_.node_uri("edge"), "localhost", true},
                           Case{pki_.server("edge"), pki_.node_uri("lake"), "", false},
                           Case{pki_.server("edge"), pki_.node_uri("edge"), "example.com", false},
                           Case{pki_.server("edge"), "", "127.0.0.2", false},
                           Case{device_as_server, pki_.device_uri("station"), "", false},
                           Case{foreign, pki_.node_uri("edge"), "", false}}) {
    auto policy = pki_.client(pki_.device("station"), "edge");
    policy.expected_uri = item.uri;
    policy.expected_host = item.host;
    Wire wire;
    Connection client(client_context(policy), wire.ends[0]);
    Connection server(server_context(item.server), wire.ends[1]);
    const Outcome out = shake_hands(client, server);
    EXPECT_EQ(out.client == Step::Done, item.good)
        << item.uri << " " << item.host << ": " << client.refusal().detail;
  }
}

TEST_F(Tls, AClientThatVerifiesNobodyCannotBeMade) {
  auto policy = pki_.client(nullptr, "edge");
  policy.expected_uri.clear();
  EXPECT_FALSE(Context::client(policy).ok());
  policy.expected_host = "localhost";
  policy.trusted_ca_pem.clear();
  EXPECT_FALSE(Context::client(policy).ok());
}

TEST_F(Tls, CredentialsThatDoNotFitAreNamed) {
  auto policy = pki_.server("edge");
  policy.credentials = std::make_shared<const Credentials>(
      Credentials{.certificate_pem = policy.credentials->certificate_pem,
                  .key_pem = pki_.node("edge")->key_pem.clone()});
  EXPECT_FALSE(Context::server(policy).ok());
  policy.credentials = std::make_shared<const Credentials>(
      Credentials{.certificate_pem = "nonsense", .key_pem = {}});
  EXPECT_FALSE(Context::server(policy).ok());
}

TEST(TlsPolicy, PrintsAsTheSnapshotSays) {
  const std::string text = "# Server, floor TLSv1.3\n" + print_policy(ServerPolicy{}) +
                           "\n# Server, floor TLSv1.2\n" +
                           print_policy(ServerPolicy{.version_min = Version::Tls12}) +
                           "\n# Client\n" + print_policy(ClientPolicy{});
  PosixEnv env;
  const std::string path = "../../docs/tls-policy.txt";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file_atomic(env, path, as_bytes(text), IfExists::Replace).ok());
  }
  const auto golden = read_file(env, path, 1u << 20);
  ASSERT_TRUE(golden.ok()) << golden.error().message;
  EXPECT_EQ(as_text(*golden), text);
}

TEST(TlsSniff, GuessesProtocols) {
  EXPECT_EQ(guess_protocol(as_bytes("GET / HT")), "HTTP");
  EXPECT_EQ(guess_protocol(as_bytes("P")), "HTTP");
  EXPECT_EQ(guess_protocol(as_bytes("SSH-2.0-")), "SSH");
  EXPECT_EQ(guess_protocol(as_bytes("\x16\x03\x01")), "TLS");
  EXPECT_EQ(guess_protocol(as_bytes("\x10\x20")), "MQTT");
  EXPECT_EQ(guess_protocol(as_bytes("zzz")), "unknown");
}

}  // namespace
}  // namespace sealane::tls
