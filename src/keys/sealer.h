// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "envelope/message.h"
#include "keys/keyring.h"

namespace sealane::keys {

// What one data key may do before a new one replaces it.
struct SealerLimits {
  std::uint64_t messages_max = 1u << 20;
  std::uint64_t bytes_max = 64ull << 30;
  Duration age_max = std::chrono::hours(1);
  std::uint64_t wraps_at_once = 4096;  // taken from the keyring in one call
  envelope::Limits envelope = {};
};

struct PrepareOptions {
  std::uint32_t frame_length = envelope::kDefaultFrameLength;
  bool add_epoch = false;  // adds the pair `epoch` with the epoch's number to the context
};

class Sealer;

// A message whose header is sealed and whose body is still to come.  It does not outlive its Sealer
// and belongs to the same thread; several may be open at once, and their bodies may be finished in
// any order or not at all.
class PreparedMessage {
 public:
  PreparedMessage(PreparedMessage&&) = default;
  PreparedMessage& operator=(PreparedMessage&&) = delete;

  const Bytes& header() const { return header_.bytes; }
  const envelope::HeaderTag& header_tag() const { return header_.tag; }
  std::uint32_t epoch() const { return epoch_; }

  // The whole message, header first.
  Result<Bytes> finish(ByteSpan plaintext) &&;
  // Gives the message to `sink` while the plaintext comes in pieces.
  envelope::BodySealer stream(envelope::Sink sink) &&;

 private:
  friend class Sealer;
  PreparedMessage(Sealer& sealer, envelope::SealedHeader header, std::uint32_t epoch)
      : sealer_(&sealer), header_(std::move(header)), epoch_(epoch) {}

  Sealer* sealer_;
  envelope::SealedHeader header_;
  std::uint32_t epoch_;
};

// Seals messages under one named key: one for each thread and key.
//
// A data key is random, serves at most what the limits say, and reaches readers wrapped under the
// active epoch, known as `sealane`, `<key>/<epoch>`.  A wrap binds the message's context, so each
// message with another context costs one wrap, which the keyring counts durably beforehand.
//
// Bounds:  one HKDF, one wrap and the body for each message.
// Threads: one at a time; the Keyring may be shared by sealers of several threads.
// Secrets: the data key is wiped when it is replaced.
class Sealer {
 public:
  Sealer(Keyring& keyring, std::string key_name, const Clock& clock,
         const SealerLimits& limits = {});
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  // Seals the header of a new message, whose tag is final: the next message may name it.
  // Errors: NotFound – no such key; Denied – it is not enabled; Invalid, TooLarge – the context;
  //         those of the Keyring.
  Result<PreparedMessage> prepare(const envelope::EncryptionContext& context,
                                  const PrepareOptions& options = {});

 private:
  friend class PreparedMessage;
  Status renew_if_used_up();

  Keyring& keyring_;
  std::string key_name_;
  const Clock& clock_;
  SealerLimits limits_;
  envelope::Cipher cipher_;
  crypto::AesGcm wrapping_;
  WrapGrant grant_;
  std::uint64_t seen_life_ = 0;  // of the keyring, when grant_ was asked for
  std::string wrapping_name_;
  Secret data_key_;
  Time data_key_since_{};
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  bool have_edk_ = false;  // last_edk_ holds data_key_ for last_context_
  Bytes last_context_;
  envelope::EncryptedDataKey last_edk_;
  // The data key for the recovery key, which binds no context: one serves them all.
  std::optional<envelope::EncryptedDataKey> recovery_edk_;
};

}  // namespace sealane::keys
