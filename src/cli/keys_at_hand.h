// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/env.h"
#include "cli/command.h"
#include "crypto/rsa.h"
#include "envelope/data_keys.h"
#include "keys/keyring.h"

namespace sealane::cli {

// With what a command opens, and what it requires of the message.
struct OpeningOptions {
  std::string keyring;
  std::string passphrase_file;
  std::vector<std::string> key_files;  // NAME/EPOCH=FILE or NAMESPACE:NAME=FILE
  std::vector<std::string> rsa;
  std::string rsa_padding = "oaep-sha256";
  std::vector<std::string> required;
  std::vector<std::string> brought;
  bool any_suite = false;
};
void add_opening_options(CLI::App* command, OpeningOptions& options);

// What opens data keys, from the command line.
//
// Threads: one at a time.
// Secrets: wiped when it goes.
class KeysAtHand {
 public:
  KeysAtHand() = default;
  KeysAtHand(const KeysAtHand&) = delete;
  KeysAtHand& operator=(const KeysAtHand&) = delete;

  // Errors: Invalid – nothing is given that could open anything, or no such key; NotFound – a file.
  Status load(Env& env, const OpeningOptions& options);
  // The required pairs are compared before any key is used and authenticate with the header right
  // after.
  // Errors: Denied – sealed for none of the keys; Corrupt – a required pair is not there.
  Result<Secret> data_key(const envelope::Header& header);
  // The pairs that the message authenticates and does not store.
  const envelope::EncryptionContext& brought() const { return brought_; }
  const envelope::Limits& limits() const { return limits_; }
  // Null when none was named.
  keys::Keyring* keyring() { return keyring_.get(); }

 private:
  Result<Secret> try_one(const envelope::EncryptedDataKey& edk, const envelope::Header& header,
                         ByteSpan context);
  Result<Secret> raw_aes(const envelope::WrapDescription& wrap);

  SystemClock clock_;
  std::unique_ptr<keys::Keyring> keyring_;
  std::vector<envelope::RawAesKey> raw_;
  std::vector<crypto::RsaPrivateKey> rsa_;
  crypto::RsaPadding padding_ = crypto::RsaPadding::OaepSha256;
  envelope::EncryptionContext required_;
  envelope::EncryptionContext brought_;
  envelope::Limits limits_;
};

}  // namespace sealane::cli
