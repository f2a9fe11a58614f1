// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/testing/fake_clock.h"
#include "keys/keyring.h"
#include "keys/opener.h"
#include "keys/sealer.h"

namespace sealane::store {

// A keyring with the keys `journal` and `training` in a folder of its own, for tests.  It stays
// when the power of a FaultEnv goes.
class TestKeys {
 public:
  TestKeys() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sealane-keys-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    auto made = keys::Keyring::create(folder_, keys::UnlockKey{Secret::zeros(32)}, clock);
    SEALANE_CHECK(made.ok());
    keyring = std::move(made).value();
    SEALANE_CHECK(keyring->create_key("journal").ok());
    SEALANE_CHECK(keyring->create_key("training").ok());
  }
  ~TestKeys() {
    keyring.reset();
    std::filesystem::remove_all(folder_);
  }
  TestKeys(const TestKeys&) = delete;
  TestKeys& operator=(const TestKeys&) = delete;

  FakeClock clock;
  std::unique_ptr<keys::Keyring> keyring;

 private:
  std::string folder_;
};

}  // namespace sealane::store
