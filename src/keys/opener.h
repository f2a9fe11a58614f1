// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "envelope/message.h"
#include "envelope/seekable.h"
#include "keys/keyring.h"

namespace sealane::keys {

// A data set key as `key export` gives it.
struct ExportedKey {
  std::string name;
  std::uint32_t epoch = 0;
  Secret key;  // 32 bytes
};

struct OpenerLimits {
  std::size_t data_keys_max = 1024;  // unwrapped ones kept; the least recently used goes first
  std::size_t epoch_keys_max = 64;
  envelope::Limits envelope = {};
};

// Opens messages sealed under keys of the namespace `sealane`, known as `<key>/<epoch>`.
//
// Threads: one at a time.
// Secrets: cached keys are wiped when they go.
class Opener {
 public:
  // Errors: NotFound – no such key.
  using EpochKeyFor = std::function<Result<Secret>(std::string_view name, std::uint32_t epoch)>;

  explicit Opener(EpochKeyFor epoch_key_for, const OpenerLimits& limits = {});
  // Opens what the keyring's keys open, as long as they are enabled; the keyring outlives the
  // opener, which sees what becomes of a key within the keyring's look_interval.
  static Opener with_keyring(Keyring& keyring, const OpenerLimits& limits = {});
  // The same for messages sealed for one of its keys and for no other: whoever was given another of
  // the keyring's keys cannot write what this opener opens.
  static Opener with_key(Keyring& keyring, std::string name, const OpenerLimits& limits = {});
  // For a reader that has exported keys and no keyring.
  static Opener with_keys(std::vector<ExportedKey> keys, const OpenerLimits& limits = {});

  // Opens a whole message whose context has at least the pairs of `expected`.
  // Errors: Denied – no data key of it is wrapped for a key we have; Corrupt – it does not
  //         authenticate, or its context is another; those of envelope::decode_header.
  Result<envelope::OpenedMessage> open(ByteSpan message,
                                       const envelope::EncryptionContext& expected);

  // The same for random access.
  Result<envelope::SeekableReader> open_seekable(envelope::ReadAt read_at,
                                                 std::uint64_t message_bytes,
                                                 const envelope::EncryptionContext& expected);

  // Authenticates the header alone.
  Result<envelope::Header> open_header(ByteSpan message,
                                       const envelope::EncryptionContext& expected);

 private:
  struct Cached {
    crypto::Sha256 id;
    Secret data_key;
  };
  Result<Secret> data_key(const envelope::Header& header);
  void forget_if_changed();
  Result<Secret> epoch_key(const std::string& full_name);

  EpochKeyFor epoch_key_for_;
  std::function<std::uint64_t()> life_;  // another number: what is cached is out of date
  std::uint64_t seen_life_ = 0;
  OpenerLimits limits_;
  envelope::Cipher cipher_;
  crypto::AesGcm wrapping_;
  std::list<Cached> recent_;  // most recent first
  std::map<crypto::Sha256, std::list<Cached>::iterator> by_id_;
  std::map<std::string, Secret> epoch_keys_;
};

// Splits `<key>/<epoch>`.  Errors: Invalid.
struct KeyEpoch {
  std::string name;
  std::uint32_t epoch = 0;
};
Result<KeyEpoch> parse_key_epoch(std::string_view full_name);
std::string key_epoch_name(std::string_view name, std::uint32_t epoch);

}  // namespace sealane::keys
