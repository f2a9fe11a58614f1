// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/check.h"
#include "base/process.h"
#include "keys/pkcs11_provider.h"

namespace sealane::keys {

// A folder of SoftHSM tokens, used by this process while the object lives.  Tokens are made before
// the first provider is used: the library lists its tokens when it starts.
class SoftTokens {
 public:
  static constexpr const char* kPin = "correct-1234";

  explicit SoftTokens(const std::string& folder) : folder_(folder) {
    std::filesystem::create_directories(tokens());
    std::ofstream(folder_ + "/softhsm2.conf")
        << "directories.tokendir = " << tokens() << "\nobjectstore.backend = file\n"
        << "log.level = ERROR\nslots.removable = false\n";
    SEALANE_CHECK(::setenv("SOFTHSM2_CONF", (folder_ + "/softhsm2.conf").c_str(), 1) == 0);
  }
  ~SoftTokens() { ::unsetenv("SOFTHSM2_CONF"); }
  SoftTokens(const SoftTokens&) = delete;
  SoftTokens& operator=(const SoftTokens&) = delete;

  static std::string module() {
    for (const char* path :
         {"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"})
      if (std::filesystem::exists(path)) return path;
    return "/usr/lib/softhsm/libsofthsm2.so";
  }
  std::string tokens() const { return folder_ + "/tokens"; }

  void add(const std::string& label) const {
    auto made =
        ChildProcess::spawn({.argv = {"/usr/bin/softhsm2-util", "--init-token", "--free", "--label",
                                      label, "--so-pin", "officer-5678", "--pin", kPin},
                             .stdout_file = folder_ + "/init.out",
                             .stderr_file = folder_ + "/init.err"});
    SEALANE_CHECK(made.ok());
    const auto ended = made->wait(std::chrono::seconds(60));
    SEALANE_CHECK(ended.ok() && ended->code == 0);  // script/bootstrap installs softhsm2
  }

  Pkcs11Key key(const std::string& token, const std::string& label) const {
    return {.module = module(),
            .token = token,
            .label = label,
            .pin = {.kind = PinSource::Kind::File, .name = folder_ + "/pin"}};
  }
  static Secret pin() { return Secret(as_bytes(kPin)); }

 private:
  std::string folder_;
};

}  // namespace sealane::keys
