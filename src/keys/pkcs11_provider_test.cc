// SPDX-License-Identifier: Apache-2.0
#include "keys/pkcs11_provider.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <tuple>

#include "keys/pkcs11_session_internal.h"
#include "keys/testing/soft_token.h"

namespace sealane::keys {
namespace {

class Pkcs11Test : public testing::Test {
 protected:
  Pkcs11Test() {
    std::string pattern = testing::TempDir() + "sealane-pkcs11-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    tokens_.emplace(folder_);
    for (const char* token : {"hall", "cellar"}) tokens_->add(token);
  }
  ~Pkcs11Test() override {
    modules_.reset();
    std::filesystem::remove_all(folder_);
  }

  Pkcs11Provider provider(const Pkcs11Key& key, std::string_view pin = SoftTokens::kPin) {
    return {key, Secret(as_bytes(pin)), modules_};
  }
  Pkcs11Key key(const std::string& label = "wrapping") { return tokens_->key("hall", label); }
  static Secret data_key() { return Secret(as_bytes(std::string(32, 'd'))); }
  Error wrap_error(const Pkcs11Key& key, std::string_view pin = SoftTokens::kPin) {
    auto wrapped = provider(key, pin).wrap(data_key(), {});
    return wrapped.ok() ? fail(ErrorKind::Internal, "it was wrapped") : wrapped.error();
  }
  // A key that this product would not make.
  void make_odd_key(const std::string& label, CK_ULONG size, CK_BBOOL extractable,
                    CK_BBOOL sensitive = CK_TRUE) {
    auto library = Pkcs11Library::load(SoftTokens::module()).value();
    bool refused = false;
    auto session = Pkcs11Session::open(library, key(), SoftTokens::pin(),
                                       Pkcs11Session::Access::Write, refused);
    ASSERT_TRUE(session.ok());
    CK_BBOOL yes = CK_TRUE;
    std::string name = label;
    CK_ATTRIBUTE wanted[] = {{CKA_TOKEN, &yes, sizeof yes},
                             {CKA_SENSITIVE, &sensitive, sizeof sensitive},
                             {CKA_EXTRACTABLE, &extractable, sizeof extractable},
                             {CKA_ENCRYPT, &yes, sizeof yes},
                             {CKA_DECRYPT, &yes, sizeof yes},
                             {CKA_VALUE_LEN, &size, sizeof size},
                             {CKA_LABEL, name.data(), name.size()}};
    ASSERT_EQ((*session)->generate(wanted), CKR_OK);
  }

  std::string folder_;
  std::optional<SoftTokens> tokens_;
  std::shared_ptr<Pkcs11Modules> modules_ = std::make_shared<Pkcs11Modules>();
};

TEST_F(Pkcs11Test, AModuleThatIsNotThereOrIsNoneIsNamed) {
  Pkcs11Key missing = key();
  missing.module = folder_ + "/none.so";
  EXPECT_EQ(wrap_error(missing).kind, ErrorKind::NotFound);
  EXPECT_NE(wrap_error(missing).message.find(missing.module), std::string::npos);
  EXPECT_FALSE(wrap_error(missing).hint.empty());
  Pkcs11Key other = key();
  std::ofstream(folder_ + "/text.so") << "no library";
  other.module = folder_ + "/text.so";
  EXPECT_EQ(wrap_error(other).kind, ErrorKind::NotFound);
  Dl_info facts{};
  void* math = ::dlopen("libm.so.6", RTLD_NOW);
  ASSERT_NE(math, nullptr);
  ASSERT_NE(::dladdr(::dlsym(math, "cos"), &facts), 0);
  other.module = facts.dli_fname;
  EXPECT_EQ(wrap_error(other).kind, ErrorKind::Invalid);
  EXPECT_NE(wrap_error(other).message.find("is no PKCS#11 module"), std::string::npos);
}

TEST_F(Pkcs11Test, ATokenThatIsNotThereIsNamedAndTheOthersToo) {
  const Error error = wrap_error(tokens_->key("attic", "wrapping"));
  EXPECT_EQ(error.kind, ErrorKind::NotFound);
  EXPECT_NE(error.message.find("no token `attic`"), std::string::npos) << error.message;
  EXPECT_NE(error.hint.find("`hall`"), std::string::npos) << error.hint;
  EXPECT_NE(error.hint.find("`cellar`"), std::string::npos) << error.hint;
}

TEST_F(Pkcs11Test, TwoTokensOfOneLabelAreNotChosenFrom) {
  tokens_->add("hall");
  EXPECT_EQ(wrap_error(key()).kind, ErrorKind::Conflict);
}

TEST_F(Pkcs11Test, AWrongPinIsSaidAndNeverTriedAgain) {
  Pkcs11Provider wrong = provider(key(), "wrong-9999");
  const Error first = wrong.wrap(data_key(), {}).error();
  EXPECT_EQ(first.kind, ErrorKind::Denied);
  EXPECT_NE(first.message.find("refuses the PIN"), std::string::npos) << first.message;
  EXPECT_EQ(first.message.find("wrong-9999"), std::string::npos);
  EXPECT_NE(first.hint.find("file:" + folder_ + "/pin"), std::string::npos) << first.hint;
  // Without its tokens the library could not say this.
  std::filesystem::rename(tokens_->tokens(), folder_ + "/away");
  EXPECT_EQ(wrong.wrap(data_key(), {}).error().message, first.message);
  EXPECT_EQ(wrong.make_key().error().message, first.message);
}

TEST_F(Pkcs11Test, AKeyThatIsNotThereIsMadeOnce) {
  const Error missing = wrap_error(key());
  EXPECT_EQ(missing.kind, ErrorKind::NotFound);
  EXPECT_NE(missing.message.find("no secret key `wrapping`"), std::string::npos);
  ASSERT_TRUE(provider(key()).make_key().ok());
  EXPECT_TRUE(provider(key()).wrap(data_key(), {}).ok());
  EXPECT_EQ(provider(key()).make_key().error().kind, ErrorKind::Conflict);
}

TEST_F(Pkcs11Test, AKeyThatCanLeaveItsTokenOrIsShortIsNotUsed) {
  make_odd_key("open", 32, CK_TRUE);
  const Error open = wrap_error(key("open"));
  EXPECT_EQ(open.kind, ErrorKind::Denied);
  EXPECT_NE(open.message.find("can leave the token"), std::string::npos) << open.message;
  make_odd_key("plain", 32, 0, 0);
  EXPECT_EQ(wrap_error(key("plain")).kind, ErrorKind::Denied);
  make_odd_key("short", 16, 0);
  EXPECT_NE(wrap_error(key("short")).message.find("256 bits"), std::string::npos);
  make_odd_key("twice", 32, 0);
  make_odd_key("twice", 32, 0);
  EXPECT_EQ(wrap_error(key("twice")).kind, ErrorKind::Conflict);
}

TEST_F(Pkcs11Test, WhatTheKeyIsForChoosesTheMechanism) {
  for (const auto& [label, mechanism, kind] :
       {std::tuple("gcm", Pkcs11Mechanism::AesGcm, 1), {"kw", Pkcs11Mechanism::AesKeyWrap, 2}}) {
    Pkcs11Provider made = provider(key(label));
    ASSERT_TRUE(made.make_key(mechanism).ok());
    const Bytes wrapped = made.wrap(data_key(), as_bytes("b")).value();
    EXPECT_EQ(std::to_integer<int>(wrapped.front()), kind);
    // GCM: 1 + 12 + 32 + 16; key wrap: 1 + 8 + 32 + 32.
    EXPECT_EQ(wrapped.size(), kind == 1 ? 61u : 73u);
    EXPECT_EQ(as_text(made.unwrap(wrapped, as_bytes("b")).value().reveal()),
              as_text(data_key().reveal()));
  }
}

TEST_F(Pkcs11Test, ATokenThatGoesIsUnavailableAndIsUsedAgainWhenItIsBack) {
  Pkcs11Provider running = provider(key());
  ASSERT_TRUE(running.make_key().ok());
  const Bytes wrapped = running.wrap(data_key(), as_bytes("b")).value();
  std::filesystem::rename(tokens_->tokens(), folder_ + "/away");
  const auto gone = running.unwrap(wrapped, as_bytes("b"));
  ASSERT_FALSE(gone.ok());
  EXPECT_TRUE(gone.error().kind == ErrorKind::Unavailable ||
              gone.error().kind == ErrorKind::NotFound)
      << gone.error().message;
  EXPECT_FALSE(running.wrap(data_key(), as_bytes("b")).ok());
  std::filesystem::rename(folder_ + "/away", tokens_->tokens());
  const auto back = running.unwrap(wrapped, as_bytes("b"));
  EXPECT_TRUE(back.ok()) << back.error().message;
}

TEST_F(Pkcs11Test, WhatAKeyringStoresHasNoPinAndIsReadBackOrRefused) {
  const Bytes stored = encode(key());
  EXPECT_EQ(to_text(stored).find(SoftTokens::kPin), std::string::npos);
  EXPECT_EQ(decode_pkcs11_key(stored).value(), key());
  for (std::size_t i = 0; i < stored.size(); ++i)
    EXPECT_FALSE(decode_pkcs11_key(ByteSpan(stored).first(i)).ok()) << i;
  EXPECT_EQ(decode_pkcs11_key(as_bytes("{}")).error().kind, ErrorKind::Corrupt);
  Pkcs11Key relative = key();
  relative.module = "libsofthsm2.so";
  EXPECT_EQ(decode_pkcs11_key(encode(relative)).error().kind, ErrorKind::Corrupt);
}

TEST_F(Pkcs11Test, APinIsNeverWrittenWhereItsSourceStands) {
  for (const char* text : {"file:/run/pin", "env:PIN", "credential:pin"})
    EXPECT_EQ(to_string(parse_pin_source(text).value()), text);
  for (const char* text : {"", "1234", "file:", "pin:1234"})
    EXPECT_EQ(parse_pin_source(text).error().kind, ErrorKind::Invalid) << text;
  EXPECT_EQ(parse_pin_source("hunter2").error().message.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace sealane::keys
