// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/env.h"
#include "cli/command.h"
#include "crypto/rsa.h"
#include "envelope/sealed_header.h"
#include "keys/keyring.h"

namespace sealane::cli {

// For whom a command seals.
struct RecipientOptions {
  std::string keyring;
  std::string passphrase_file;
  std::vector<std::string> keys;
  std::vector<std::string> rsa;  // files with public keys
};
void add_recipient_options(CLI::App* command, RecipientOptions& options);

// What is the same for a message and its neighbours.
struct MessagePlan {
  envelope::SuiteId suite = envelope::kDefaultSuite;
  std::uint32_t frame_length = envelope::kDefaultFrameLength;
  envelope::EncryptionContext context = {};
  envelope::EncryptionContext brought = {};  // authenticated and not stored
  bool add_epoch = false;  // adds the pair `epoch`: of the first key; 0 without keys
};

// A header that is planned, and the data key that its recipients get.
struct PlannedMessage {
  envelope::HeaderPlan plan;
  Secret data_key;
  std::uint32_t epoch = 0;  // of the first key; 0 without keys
};

// Makes a fresh data key for each message and wraps it for every recipient of the command line.
//
// Threads: one at a time.
class Recipients {
 public:
  Recipients() = default;
  Recipients(const Recipients&) = delete;
  Recipients& operator=(const Recipients&) = delete;

  // Errors: Invalid – nobody is named, or no keyring for the keys; those of open_keyring; NotFound
  // –
  //         a file.
  Status load(Env& env, const RecipientOptions& options);
  // Counts one wrap for each key durably.
  // Errors: Denied – a key is not enabled; NotFound – there is no such key.
  Result<PlannedMessage> plan(const MessagePlan& message);
  // Null when none was named.
  keys::Keyring* keyring() { return keyring_.get(); }

 private:
  struct PublicKey {
    crypto::RsaPublicKey key;
    std::string key_namespace;
    std::string name;
  };
  SystemClock clock_;
  std::unique_ptr<keys::Keyring> keyring_;
  std::vector<std::string> keys_;
  std::vector<PublicKey> rsa_;
};

// A suite to seal with, by its name.  Errors: Invalid.
Result<envelope::SuiteId> sealing_suite(const std::string& name);
// Errors: Invalid.
Status check_frame_length(std::uint32_t frame_length);

}  // namespace sealane::cli
