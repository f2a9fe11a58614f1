// SPDX-License-Identifier: Apache-2.0
#include "keys/sealer.h"

#include <utility>

#include "crypto/random.h"
#include "crypto/rsa.h"
#include "envelope/raw_aes.h"
#include "envelope/raw_rsa.h"
#include "keys/opener.h"

namespace sealane::keys {
namespace {
constexpr std::size_t kDataKeyBytes = 32;

Result<envelope::EncryptedDataKey> wrap_for_recovery(const std::string& pem,
                                                     const std::string& key_name,
                                                     const Secret& data_key) {
  SEALANE_ASSIGN(const crypto::RsaPublicKey key, crypto::RsaPublicKey::from_pem(pem));
  return envelope::wrap_data_key(
      key, crypto::RsaPadding::OaepSha256,
      {.key_namespace = std::string(kRecoveryNamespace), .name = key_name}, data_key.reveal());
}

}  // namespace

Result<Bytes> PreparedMessage::finish(ByteSpan plaintext) && {
  sealer_->bytes_ += plaintext.size();
  return envelope::seal_body(sealer_->cipher_, std::move(header_), plaintext,
                             sealer_->limits_.envelope);
}

envelope::BodySealer PreparedMessage::stream(envelope::Sink sink) && {
  // The count of bytes grows as they go by.
  Sealer* sealer = sealer_;
  return envelope::BodySealer(sealer->cipher_, std::move(header_),
                              [sealer, inner = std::move(sink)](ByteSpan bytes) -> Status {
                                sealer->bytes_ += bytes.size();
                                return inner(bytes);
                              });
}

Sealer::Sealer(Keyring& keyring, std::string key_name, const Clock& clock,
               const SealerLimits& limits)
    : keyring_(keyring), key_name_(std::move(key_name)), clock_(clock), limits_(limits) {}

// INVARIANT: after it succeeded, grant_ has a wrap left and data_key_ may serve one more message of
// the grant's epoch.
Status Sealer::renew_if_used_up() {
  const Time now = clock_.now();
  const std::uint64_t life = keyring_.look(now);
  if (life != seen_life_ || grant_.wraps == 0 || now >= grant_.rotate_at) {
    const std::uint32_t before = grant_.epoch;
    if (life != seen_life_) data_key_ = Secret();
    grant_.wraps = 0;
    SEALANE_ASSIGN(grant_, keyring_.grant_wraps(key_name_, limits_.wraps_at_once));
    wrapping_.set_key(grant_.key.reveal());
    wrapping_name_ = key_epoch_name(key_name_, grant_.epoch);
    // Asking may itself have opened an epoch; what another process changed since shows later.
    seen_life_ = life;
    // A new epoch begins with a new data key: the old one is readable by holders of the old epoch.
    if (grant_.epoch != before) data_key_ = Secret();
  }
  // A clock that went back gives the key no longer life than its limit from now.
  if (data_key_.empty() || messages_ >= limits_.messages_max || bytes_ >= limits_.bytes_max ||
      now >= data_key_since_ + limits_.age_max || now < data_key_since_) {
    data_key_ = crypto::random_secret(kDataKeyBytes);
    data_key_since_ = now;
    messages_ = 0;
    bytes_ = 0;
    have_edk_ = false;
    recovery_edk_.reset();
    if (!grant_.recovery_pem.empty()) {
      SEALANE_ASSIGN(recovery_edk_, wrap_for_recovery(grant_.recovery_pem, key_name_, data_key_));
    }
  }
  return {};
}

Result<PreparedMessage> Sealer::prepare(const envelope::EncryptionContext& context,
                                        const PrepareOptions& options) {
  SEALANE_TRY(renew_if_used_up());
  envelope::HeaderPlan plan;
  plan.context = context;
  plan.frame_length = options.frame_length;
  if (options.add_epoch) plan.context["epoch"] = std::to_string(grant_.epoch);
  SEALANE_ASSIGN(Bytes context_bytes, envelope::encode_context(plan.context, limits_.envelope));
  // The wrap binds the context alone, so a message with the same one may carry the same wrap.
  if (!have_edk_ || context_bytes != last_context_) {
    crypto::GcmIv iv{};
    crypto::random_bytes(iv);
    --grant_.wraps;
    last_edk_ = envelope::wrap_data_key(
        wrapping_, {.key_namespace = std::string(kKeyNamespace), .name = wrapping_name_}, iv,
        data_key_.reveal(), context_bytes);
    last_context_ = std::move(context_bytes);
    have_edk_ = true;
  }
  plan.data_keys.push_back(last_edk_);
  if (recovery_edk_) plan.data_keys.push_back(*recovery_edk_);
  crypto::random_bytes(plan.message_id);
  ++messages_;
  SEALANE_ASSIGN(auto header, envelope::seal_header(cipher_, plan, data_key_, limits_.envelope));
  return PreparedMessage(*this, std::move(header), grant_.epoch);
}

}  // namespace sealane::keys
