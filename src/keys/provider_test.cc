// SPDX-License-Identifier: Apache-2.0
// What every KeyProvider keeps, held against each of them: the local one with both kinds of unlock,
// and a PKCS#11 token with both of its mechanisms.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "base/testing/fake_clock.h"
#include "keys/keyring.h"
#include "keys/local_provider.h"
#include "keys/opener.h"
#include "keys/pkcs11_provider.h"
#include "keys/sealer.h"
#include "keys/testing/soft_token.h"

namespace sealane::keys {
namespace {

// One place where wrapping keys are kept.
class Place {
 public:
  virtual ~Place() = default;
  // The provider of this place's key; each call a new object.
  virtual std::unique_ptr<KeyProvider> provider() = 0;
  // The same from what a keyring stored.
  virtual std::unique_ptr<KeyProvider> reopened(ByteSpan parameters) = 0;
  // Another key of the same kind.
  virtual std::unique_ptr<KeyProvider> stranger() = 0;
  // A keyring in `folder` that has `k`, wrapped by this place's key.
  virtual Result<std::unique_ptr<Keyring>> keyring(const std::string& folder, const Clock& clock,
                                                   const KeyringLimits& limits) = 0;
};

Unlock other_unlock() { return UnlockKey{Secret(as_bytes(std::string(32, 'x')))}; }
Unlock local_unlock(bool passphrase) {
  if (passphrase) return Passphrase{Secret(as_bytes("correct horse"))};
  return UnlockKey{Secret(as_bytes(std::string(32, 'k')))};
}

Result<std::unique_ptr<Keyring>> open_or_create(const std::string& folder, const Unlock& unlock,
                                                const Clock& clock, const KeyringLimits& limits,
                                                KeyringParts parts, const KeyPlan& plan) {
  if (std::filesystem::exists(folder + "/keyring.db"))
    return Keyring::open(folder, unlock, clock, limits, std::move(parts));
  SEALANE_ASSIGN(auto keyring, Keyring::create(folder, unlock, clock, limits, std::move(parts)));
  SEALANE_TRY(keyring->create_key("k", plan));
  return keyring;
}

class LocalPlace final : public Place {
 public:
  explicit LocalPlace(bool passphrase) : passphrase_(passphrase) {
    parameters_ = LocalProvider::create(local_unlock(passphrase_)).value()->parameters();
  }
  std::unique_ptr<KeyProvider> provider() override { return reopened(parameters_); }
  std::unique_ptr<KeyProvider> reopened(ByteSpan parameters) override {
    return LocalProvider::open(local_unlock(passphrase_), parameters).value();
  }
  std::unique_ptr<KeyProvider> stranger() override {
    return LocalProvider::create(other_unlock()).value();
  }
  Result<std::unique_ptr<Keyring>> keyring(const std::string& folder, const Clock& clock,
                                           const KeyringLimits& limits) override {
    return open_or_create(folder, local_unlock(passphrase_), clock, limits, {}, {});
  }

 private:
  bool passphrase_;
  Bytes parameters_;
};

class TokenPlace final : public Place {
 public:
  TokenPlace(const std::string& folder, Pkcs11Mechanism mechanism) : tokens_(folder) {
    for (const char* token : {"first", "second"}) tokens_.add(token);
    for (const char* token : {"first", "second"}) {
      const Status made = at(token)->make_key(mechanism);
      SEALANE_CHECK(made.ok());
    }
  }
  std::unique_ptr<Pkcs11Provider> at(const std::string& token) {
    return std::make_unique<Pkcs11Provider>(tokens_.key(token, "wrapping"), SoftTokens::pin(),
                                            modules_);
  }
  std::unique_ptr<KeyProvider> provider() override { return at("first"); }
  std::unique_ptr<KeyProvider> reopened(ByteSpan parameters) override {
    return std::make_unique<Pkcs11Provider>(decode_pkcs11_key(parameters).value(),
                                            SoftTokens::pin(), modules_);
  }
  std::unique_ptr<KeyProvider> stranger() override { return at("second"); }
  Result<std::unique_ptr<Keyring>> keyring(const std::string& folder, const Clock& clock,
                                           const KeyringLimits& limits) override {
    KeyringParts parts;
    parts.provider_for = [this](std::string_view, std::string_view provider,
                                ByteSpan parameters) -> Result<std::shared_ptr<KeyProvider>> {
      SEALANE_CHECK(provider == "pkcs11");
      return std::shared_ptr<KeyProvider>(reopened(parameters));
    };
    return open_or_create(folder, other_unlock(), clock, limits, std::move(parts),
                          {.rotate_after = std::nullopt,
                           .provider = "pkcs11",
                           .parameters = provider()->parameters()});
  }

 private:
  SoftTokens tokens_;
  std::shared_ptr<Pkcs11Modules> modules_ = std::make_shared<Pkcs11Modules>();
};

enum class Kind { LocalKey, LocalPassphrase, TokenGcm, TokenKeyWrap };

class ProviderConformance : public testing::TestWithParam<Kind> {
 protected:
  ProviderConformance() {
    std::string pattern = testing::TempDir() + "sealane-provider-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(keyring_folder());
    switch (GetParam()) {
      case Kind::LocalKey: place_ = std::make_unique<LocalPlace>(false); break;
      case Kind::LocalPassphrase: place_ = std::make_unique<LocalPlace>(true); break;
      case Kind::TokenGcm:
        place_ = std::make_unique<TokenPlace>(folder_, Pkcs11Mechanism::AesGcm);
        break;
      case Kind::TokenKeyWrap:
        place_ = std::make_unique<TokenPlace>(folder_, Pkcs11Mechanism::AesKeyWrap);
        break;
    }
  }
  ~ProviderConformance() override {
    place_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string keyring_folder() const { return folder_ + "/keyring"; }
  std::unique_ptr<Keyring> keyring(const KeyringLimits& limits = {}) {
    auto opened = place_->keyring(keyring_folder(), clock_, limits);
    SEALANE_CHECK(opened.ok());
    return std::move(opened).value();
  }
  static Secret data_key() { return Secret(as_bytes("0123456789abcdef0123456789ABCDEF")); }
  static ByteSpan binding() { return as_bytes("weather/training/3"); }
  static bool is_data_key(const Result<Secret>& key) {
    return key.ok() && as_text(key->reveal()) == as_text(data_key().reveal());
  }
  bool some_file_holds(ByteSpan bytes) const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      std::ostringstream content;
      content << file.rdbuf();
      if (content.str().find(as_text(bytes)) != std::string::npos) return true;
    }
    return false;
  }
  static Result<Bytes> seal(Sealer& sealer) {
    SEALANE_ASSIGN(auto prepared, sealer.prepare({{"n", "c"}}));
    return std::move(prepared).finish(as_bytes("payload"));
  }

  std::string folder_;
  FakeClock clock_;
  std::unique_ptr<Place> place_;
};

TEST_P(ProviderConformance, WhatIsWrappedUnwrapsAndSoItDoesFromStoredParameters) {
  const auto provider = place_->provider();
  const Bytes wrapped = provider->wrap(data_key(), binding()).value();
  EXPECT_TRUE(is_data_key(provider->unwrap(wrapped, binding())));
  EXPECT_TRUE(is_data_key(place_->reopened(provider->parameters())->unwrap(wrapped, binding())));
}

TEST_P(ProviderConformance, AWrappedKeyDoesNotShowTheKey) {
  const auto provider = place_->provider();
  const Secret key = data_key();
  const std::string wrapped = to_text(provider->wrap(key, binding()).value());
  for (std::size_t i = 0; i + 4 <= key.size(); ++i)
    EXPECT_EQ(wrapped.find(as_text(key.reveal().subspan(i, 4))), std::string::npos) << i;
}

TEST_P(ProviderConformance, AnotherBindingIsRefused) {
  const auto provider = place_->provider();
  const Bytes wrapped = provider->wrap(data_key(), binding()).value();
  for (std::size_t i = 0; i < binding().size(); ++i) {
    Bytes other = to_bytes(binding());
    other[i] ^= std::byte{1};
    EXPECT_EQ(provider->unwrap(wrapped, other).error().kind, ErrorKind::Corrupt) << i;
  }
  for (const char* other : {"", "weather/training/", "weather/training/30"})
    EXPECT_EQ(provider->unwrap(wrapped, as_bytes(other)).error().kind, ErrorKind::Corrupt) << other;
  EXPECT_TRUE(is_data_key(provider->unwrap(wrapped, binding())));
}

TEST_P(ProviderConformance, EveryChangedByteAndEveryOtherLengthIsRefused) {
  const auto provider = place_->provider();
  const Bytes wrapped = provider->wrap(data_key(), binding()).value();
  for (std::size_t i = 0; i < wrapped.size(); ++i) {
    Bytes other = wrapped;
    other[i] ^= std::byte{0x10};
    EXPECT_EQ(provider->unwrap(other, binding()).error().kind, ErrorKind::Corrupt) << i;
    EXPECT_EQ(provider->unwrap(ByteSpan(wrapped).first(i), binding()).error().kind,
              ErrorKind::Corrupt)
        << i;
  }
  for (const std::size_t more : {1u, 8u, 600u}) {
    Bytes other = wrapped;
    other.resize(wrapped.size() + more);
    EXPECT_EQ(provider->unwrap(other, binding()).error().kind, ErrorKind::Corrupt) << more;
  }
  EXPECT_TRUE(is_data_key(provider->unwrap(wrapped, binding())));
}

TEST_P(ProviderConformance, AnotherKeyOfTheSameKindIsRefused) {
  const Bytes wrapped = place_->provider()->wrap(data_key(), binding()).value();
  EXPECT_EQ(place_->stranger()->unwrap(wrapped, binding()).error().kind, ErrorKind::Corrupt);
}

TEST_P(ProviderConformance, ManyThreadsWrapAndUnwrapAtOnce) {
  const auto provider = place_->provider();
  std::vector<std::thread> threads;
  std::array<int, 4> good{};
  for (int& count : good)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const std::string bound = "context " + std::to_string(i);
        const auto wrapped = provider->wrap(data_key(), as_bytes(bound));
        if (wrapped.ok() && is_data_key(provider->unwrap(*wrapped, as_bytes(bound)))) ++count;
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const int count : good) EXPECT_EQ(count, 20);
}

TEST_P(ProviderConformance, AForkedChildGoesOnWithIt) {
  const auto provider = place_->provider();
  const Bytes wrapped = provider->wrap(data_key(), binding()).value();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(is_data_key(provider->unwrap(wrapped, binding())) ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(is_data_key(provider->unwrap(wrapped, binding())));
}

TEST_P(ProviderConformance, AKeyringOfItRotatesReopensAndKeepsADisabledKeyClosed) {
  Bytes first;
  Bytes second;
  {
    auto made = keyring();
    Sealer sealer(*made, "k", clock_);
    first = seal(sealer).value();
    EXPECT_EQ(made->rotate("k").value(), 2u);
    second = seal(sealer).value();
  }
  auto again = keyring();
  Opener opener = Opener::with_keyring(*again);
  EXPECT_TRUE(opener.open(first, {}).ok());
  EXPECT_TRUE(opener.open(second, {}).ok());
  ASSERT_TRUE(again->disable("k").ok());
  EXPECT_EQ(opener.open(first, {}).error().kind, ErrorKind::Denied);
  EXPECT_EQ(again->grant_wraps("k", 1).error().kind, ErrorKind::Denied);
  again.reset();
  again = keyring();
  EXPECT_EQ(again->export_key("k", 2).error().kind, ErrorKind::Denied);
  ASSERT_TRUE(again->enable("k").ok());
  EXPECT_TRUE(Opener::with_keyring(*again).open(second, {}).ok());
}

TEST_P(ProviderConformance, ASmallWrapBudgetOpensNewEpochs) {
  auto made = keyring({.wraps_max = 2, .reservation = 2});
  for (std::uint32_t i = 0; i < 6; ++i)
    EXPECT_EQ(made->grant_wraps("k", 1).value().epoch, 1 + i / 2);
}

TEST_P(ProviderConformance, NoFileHoldsADataSetKey) {
  Secret key;
  {
    auto made = keyring();
    key = made->export_key("k", 1).value();
    EXPECT_TRUE(made->rotate("k").ok());
  }
  ASSERT_EQ(key.size(), 32u);
  EXPECT_TRUE(some_file_holds(as_bytes("SQLite format 3")));
  EXPECT_FALSE(some_file_holds(key.reveal().first(8)));
  EXPECT_FALSE(some_file_holds(as_bytes(SoftTokens::kPin)));
}

std::string name_of(const testing::TestParamInfo<Kind>& info) {
  switch (info.param) {
    case Kind::LocalKey: return "LocalUnlockKey";
    case Kind::LocalPassphrase: return "LocalPassphrase";
    case Kind::TokenGcm: return "Pkcs11AesGcm";
    case Kind::TokenKeyWrap: return "Pkcs11AesKeyWrap";
  }
  return "";
}
INSTANTIATE_TEST_SUITE_P(Each, ProviderConformance,
                         testing::Values(Kind::LocalKey, Kind::LocalPassphrase, Kind::TokenGcm,
                                         Kind::TokenKeyWrap),
                         name_of);

}  // namespace
}  // namespace sealane::keys
