// SPDX-License-Identifier: Apache-2.0
#include "tls/revocation.h"

#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"
#include "base/testing/fault_env.h"
#include "tls/session_store.h"
#include "tls/testing/pki.h"
#include "tls/testing/wire.h"

namespace sealane::tls {
namespace {

using std::chrono::hours;

// A listener that trusts the pipeline's CA and somebody else's, each with its list.
class Revocation : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(env_.make_folder("/t").ok());
    write("/t/own.pem", own_.ca_pem());
    write("/t/other.pem", other_.ca_pem());
    write_lists({}, {});
    load();
  }

  void write(const std::string& path, const std::string& text) {
    ASSERT_TRUE(write_file_atomic(env_, path, as_bytes(text), IfExists::Replace).ok());
  }
  // Revokes these; the lists hold for an hour, the other one's for two.
  void write_lists(std::vector<crypto::RevokedSerial> own,
                   std::vector<crypto::RevokedSerial> other) {
    const Time now = std::chrono::floor<std::chrono::seconds>(clock_.now());
    write("/t/own.crl", own_.crl_pem({.this_update = now - hours(1),
                                      .next_update = now + hours(1),
                                      .revoked = std::move(own)}));
    write("/t/other.crl", other_.crl_pem({.this_update = now - hours(1),
                                          .next_update = now + hours(2),
                                          .revoked = std::move(other)}));
  }
  void load() {
    auto lists = identity::RevocationLists::load(env_, {"/t/own.pem", "/t/own.crl"},
                                                 {{"/t/other.pem", "/t/other.crl"}});
    ASSERT_TRUE(lists.ok()) << lists.error().message;
    lists_ = *lists;
  }

  std::shared_ptr<Context> listener() {
    auto policy = own_.server("edge");
    policy.trusted_ca_pem = lists_->trusted_pem();
    policy.revocation = revocation_check([this] { return lists_; });
    policy.sessions = store_;
    policy.clock = &clock_;
    return Context::server(std::move(policy)).value();
  }
  std::shared_ptr<Context> client(const Pki& issuer) {
    auto policy = own_.client(issuer.device("station"), "edge");
    return Context::client(std::move(policy)).value();
  }

  // What the server says; the refusal's reason when it refuses.
  std::string connect(const std::shared_ptr<Context>& from, const std::shared_ptr<Context>& to) {
    Wire wire;
    Connection client(from, wire.ends[0]);
    Connection server(to, wire.ends[1]);
    const Outcome out = shake_hands(client, server);
    Bytes buffer(10);
    if (out.client == Step::Done) client.read(buffer);
    detail_ = server.refusal().detail;
    if (out.server != Step::Done) return std::string(to_string(server.refusal().reason));
    serial_ = server.facts().certificate->serial;
    return server.facts().resumed ? "resumed" : "full";
  }

  FaultEnv env_;
  FakeClock clock_{SystemClock().now()};
  Pki own_{"test"};
  Pki other_{"other"};
  std::shared_ptr<SessionStore> store_ = SessionStore::create();
  std::shared_ptr<const identity::RevocationLists> lists_;
  std::string serial_;
  std::string detail_;
};

TEST_F(Revocation, AReloadedListHoldsForTheNextHandshakeWhoeverIssuedTheCertificate) {
  const auto at = listener();
  for (const bool of_other : {false, true}) {
    const auto station = client(of_other ? other_ : own_);
    ASSERT_EQ(connect(station, at), "full") << detail_;
    ASSERT_EQ(connect(station, at), "resumed");
    // The other authority's list does not concern it.
    const crypto::RevokedSerial revoked{.serial = serial_,
                                        .revoked_at = clock_.now() - std::chrono::minutes(1)};
    of_other ? write_lists({revoked}, {}) : write_lists({}, {revoked});
    load();
    EXPECT_EQ(connect(station, at), "resumed");
    of_other ? write_lists({}, {revoked}) : write_lists({revoked}, {});
    load();
    EXPECT_EQ(connect(station, at), "revoked");
    EXPECT_TRUE(detail_.contains(serial_)) << detail_;
    EXPECT_EQ(connect(station, at), "revoked");
    write_lists({}, {});
    load();
    EXPECT_EQ(connect(station, at), "full");
  }
}

TEST_F(Revocation, AListPastItsEndRefusesItsAuthoritysCertificatesAndNoOthers) {
  const auto at = listener();
  const auto mine = client(own_);
  const auto theirs = client(other_);
  ASSERT_EQ(connect(mine, at), "full");
  ASSERT_EQ(connect(theirs, at), "full");
  clock_.advance(std::chrono::minutes(61));
  EXPECT_EQ(connect(mine, at), "stale-crl");
  EXPECT_TRUE(detail_.contains("/t/own.crl")) << detail_;
  EXPECT_EQ(connect(theirs, at), "resumed");
  EXPECT_EQ(connect(client(own_), at), "stale-crl");
  clock_.advance(hours(1));
  EXPECT_EQ(connect(theirs, at), "stale-crl");
  write_lists({}, {});
  load();
  EXPECT_EQ(connect(mine, at), "full");
}

TEST_F(Revocation, WithoutListsOrAnAuthorityNothingIsLetIn) {
  const auto at = listener();
  const auto station = client(other_);
  ASSERT_EQ(connect(station, at), "full");
  // The authority is still trusted by the listener's context, and has left the lists.
  auto own_alone = identity::RevocationLists::load(env_, {"/t/own.pem", "/t/own.crl"}, {});
  ASSERT_TRUE(own_alone.ok());
  lists_ = *own_alone;
  EXPECT_EQ(connect(station, at), "missing-crl");
  lists_ = nullptr;
  EXPECT_EQ(connect(client(own_), at), "missing-crl");
}

}  // namespace
}  // namespace sealane::tls
