// SPDX-License-Identifier: Apache-2.0
#include "cli/recipients.h"

#include "cli/keyring_option.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "envelope/footer.h"
#include "envelope/raw_aes.h"
#include "envelope/raw_rsa.h"
#include "keys/opener.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kPemBytesMax = 64 << 10;
constexpr std::size_t kDataKeyBytes = 32;

}  // namespace

void add_recipient_options(CLI::App* command, RecipientOptions& options) {
  command->add_option("--keyring", options.keyring, "folder of a keyring")->type_name("DIR");
  command->add_option("--passphrase-file", options.passphrase_file, "what opens the keyring")
      ->type_name("FILE");
  command
      ->add_option("--key", options.keys, "a key of the keyring to seal for; several may be given")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command
      ->add_option("--rsa-public-key", options.rsa,
                   "an RSA public key to seal for; several may be given")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

Result<envelope::SuiteId> sealing_suite(const std::string& name) {
  const envelope::Suite* suite = envelope::find_suite(name);
  if (suite == nullptr || !suite->commits())
    return fail(ErrorKind::Invalid, "`" + name + "` is no suite to seal with",
                "use 0x0478, or 0x0578 for a signed message");
  return suite->id;
}

Status check_frame_length(std::uint32_t frame_length) {
  if (frame_length == 0 || frame_length % 16 != 0)
    return fail(ErrorKind::Invalid, "the length of a frame is a multiple of 16");
  return {};
}

Status Recipients::load(Env& env, const RecipientOptions& options) {
  if (options.keys.empty() && options.rsa.empty())
    return fail(ErrorKind::Invalid, "nobody could open it: no recipient is named",
                "give --keyring DIR --key NAME, or --rsa-public-key FILE");
  if (!options.keys.empty() && options.keyring.empty())
    return fail(ErrorKind::Invalid, "nobody says in which keyring the keys are",
                "give --keyring DIR");
  if (!options.keyring.empty()) {
    // One wrap for each message: more would be reserved for nobody.
    SEALANE_ASSIGN(keyring_, open_keyring(env, options.keyring, options.passphrase_file, clock_,
                                          {.reservation = 1}));
  }
  keys_ = options.keys;
  for (const std::string& path : options.rsa) {
    SEALANE_ASSIGN(const Bytes file, read_file(env, path, kPemBytesMax));
    auto key = crypto::RsaPublicKey::from_pem(as_text(file));
    if (!key.ok()) return std::move(key).error().within("`" + path + "`");
    // The same key has the same name wherever its file lies.
    std::string name = to_hex(crypto::sha256(as_bytes(key->pem()))).substr(0, 32);
    rsa_.push_back({*std::move(key), "sealane-rsa", std::move(name)});
  }
  return {};
}

Result<PlannedMessage> Recipients::plan(const MessagePlan& message) {
  PlannedMessage out;
  out.data_key = crypto::random_secret(kDataKeyBytes);
  // Epochs are known before the context, which the wraps are bound to.
  std::vector<keys::WrapGrant> grants;
  for (const std::string& name : keys_) {
    SEALANE_ASSIGN(keys::WrapGrant grant, keyring_->grant_wraps(name, 1));
    grants.push_back(std::move(grant));
  }
  if (!grants.empty()) out.epoch = grants.front().epoch;
  out.plan.suite = message.suite;
  out.plan.frame_length = message.frame_length;
  out.plan.context = message.context;
  if (message.add_epoch) out.plan.context["epoch"] = std::to_string(out.epoch);
  if (const envelope::Suite& suite = envelope::suite_of(message.suite); suite.is_signed()) {
    out.plan.signing_key = std::make_shared<const crypto::EcdsaPrivateKey>(
        crypto::EcdsaPrivateKey::generate(envelope::curve_of(suite)));
    envelope::add_public_key(out.plan.context, *out.plan.signing_key);
  }
  out.plan.caller_context = message.brought;
  envelope::EncryptionContext whole = out.plan.context;
  for (const auto& [key, value] : message.brought)
    if (!whole.emplace(key, value).second)
      return fail(ErrorKind::Invalid, "the pair `" + key + "` is there twice");
  SEALANE_ASSIGN(const Bytes context, envelope::encode_context(whole));
  const auto add_rsa = [&](const crypto::RsaPublicKey& key, envelope::WrappingKeyName name) {
    return envelope::wrap_data_key(key, crypto::RsaPadding::OaepSha256, std::move(name),
                                   out.data_key.reveal());
  };
  for (std::size_t i = 0; i < grants.size(); ++i) {
    crypto::AesGcm cipher;
    cipher.set_key(grants[i].key.reveal());
    crypto::GcmIv iv{};
    crypto::random_bytes(iv);
    out.plan.data_keys.push_back(
        envelope::wrap_data_key(cipher,
                                {.key_namespace = std::string(keys::kKeyNamespace),
                                 .name = keys::key_epoch_name(keys_[i], grants[i].epoch)},
                                iv, out.data_key.reveal(), context));
    if (grants[i].recovery_pem.empty()) continue;
    SEALANE_ASSIGN(const auto recovery, crypto::RsaPublicKey::from_pem(grants[i].recovery_pem));
    SEALANE_ASSIGN(auto edk, add_rsa(recovery, {std::string(keys::kRecoveryNamespace), keys_[i]}));
    out.plan.data_keys.push_back(std::move(edk));
  }
  for (const PublicKey& each : rsa_) {
    SEALANE_ASSIGN(auto edk, add_rsa(each.key, {each.key_namespace, each.name}));
    out.plan.data_keys.push_back(std::move(edk));
  }
  crypto::random_bytes(out.plan.message_id);
  return out;
}

}  // namespace sealane::cli
