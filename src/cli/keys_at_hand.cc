// SPDX-License-Identifier: Apache-2.0
#include "cli/keys_at_hand.h"

#include "cli/keyring_option.h"
#include "cli/sealed_files.h"
#include "keys/opener.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kKeyFileBytesMax = 64 << 10;

// `training/1=FILE` is a key of Sealane's, `space:name=FILE` one of anybody's.
Result<envelope::RawAesKey> read_raw_key(Env& env, const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos)
    return fail(ErrorKind::Invalid, "`" + word + "` is not `NAME/EPOCH=FILE`");
  const std::string name = word.substr(0, equals);
  envelope::RawAesKey out;
  if (const std::size_t colon = name.find(':'); colon != std::string::npos) {
    out.name = {name.substr(0, colon), name.substr(colon + 1)};
  } else {
    SEALANE_TRY(keys::parse_key_epoch(name));
    out.name = {std::string(keys::kKeyNamespace), name};
  }
  SEALANE_ASSIGN(Bytes raw, read_file(env, word.substr(equals + 1), kKeyFileBytesMax));
  out.key = Secret::take(std::move(raw));
  if (out.key.size() != 16 && out.key.size() != 24 && out.key.size() != 32)
    return fail(ErrorKind::Invalid, "`" + word.substr(equals + 1) + "` is no raw key");
  return out;
}

Result<crypto::RsaPadding> parse_padding(const std::string& name) {
  using enum crypto::RsaPadding;
  for (const crypto::RsaPadding each : {Pkcs1, OaepSha1, OaepSha256, OaepSha384, OaepSha512})
    if (crypto::to_string(each) == name) return each;
  return fail(ErrorKind::Invalid, "`" + name + "` is no padding",
              "one of oaep-sha1, oaep-sha256, oaep-sha384, oaep-sha512, pkcs1");
}

}  // namespace

void add_opening_options(CLI::App* command, OpeningOptions& options) {
  command->add_option("--keyring", options.keyring, "folder of a keyring")->type_name("DIR");
  command->add_option("--passphrase-file", options.passphrase_file, "what opens the keyring")
      ->type_name("FILE");
  command
      ->add_option("--key-file", options.key_files,
                   "a raw key as `key export` writes it; with NAMESPACE:NAME one of another SDK's")
      ->type_name("NAME/EPOCH=FILE")
      ->allow_extra_args(false);
  command
      ->add_option("--rsa-private-key", options.rsa, "an RSA private key, PEM without a passphrase")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command
      ->add_option("--rsa-padding", options.rsa_padding,
                   "how the data key was wrapped for it: oaep-sha1, oaep-sha256, oaep-sha384, "
                   "oaep-sha512 or pkcs1")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_option("--require-context", options.required, "a pair that the message must carry")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--bring-context", options.brought,
                   "a pair that the message authenticates and does not store")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--any-suite", options.any_suite,
                    "also suites that do not commit to their key, as old SDKs wrote them");
}

Status KeysAtHand::load(Env& env, const OpeningOptions& options) {
  if (!options.keyring.empty()) {
    SEALANE_ASSIGN(keyring_, open_keyring(env, options.keyring, options.passphrase_file, clock_));
  }
  for (const std::string& word : options.key_files) {
    SEALANE_ASSIGN(auto key, read_raw_key(env, word));
    raw_.push_back(std::move(key));
  }
  SEALANE_ASSIGN(padding_, parse_padding(options.rsa_padding));
  for (const std::string& path : options.rsa) {
    SEALANE_ASSIGN(Bytes raw, read_file(env, path, kKeyFileBytesMax));
    const Secret pem = Secret::take(std::move(raw));
    auto key = crypto::RsaPrivateKey::from_pem(pem);
    if (!key.ok()) return std::move(key).error().within("`" + path + "`");
    rsa_.push_back(std::move(key).value());
  }
  SEALANE_ASSIGN(required_, parse_context(options.required));
  SEALANE_ASSIGN(brought_, parse_context(options.brought));
  if (options.any_suite) limits_.suites = envelope::SuiteSet::all();
  if (!keyring_ && raw_.empty() && rsa_.empty())
    return fail(ErrorKind::Invalid, "nothing is given that could open it",
                "give --keyring DIR, --key-file NAME/EPOCH=FILE or --rsa-private-key FILE");
  return {};
}

Result<Secret> KeysAtHand::data_key(const envelope::Header& header) {
  SEALANE_TRY(envelope::require_context(header.context, required_));
  SEALANE_ASSIGN(const Bytes context, envelope::encode_full_context(header, limits_));
  Error last = fail(ErrorKind::Denied, "the message is sealed for none of the keys at hand");
  for (const envelope::EncryptedDataKey& edk : header.data_keys) {
    auto key = try_one(edk, header, context);
    if (key.ok()) return key;
    if (key.error().kind != ErrorKind::NotFound) last = key.error();
  }
  return last;
}

Result<Secret> KeysAtHand::try_one(const envelope::EncryptedDataKey& edk,
                                   const envelope::Header& header, ByteSpan context) {
  const envelope::WrapDescription wrap = envelope::describe_data_key(edk);
  const envelope::WrappingKeyName name{.key_namespace = wrap.provider, .name = wrap.name};
  if (wrap.kind == envelope::WrapKind::RawRsa) {
    const std::size_t bytes = envelope::suite_of(header.suite).key_bytes;
    for (const crypto::RsaPrivateKey& key : rsa_) {
      auto opened = envelope::unwrap_data_key(key, padding_, name, edk, bytes);
      if (opened.ok()) return opened;
    }
  }
  if (wrap.kind != envelope::WrapKind::RawAes) return fail(ErrorKind::NotFound, "no key for it");
  SEALANE_ASSIGN(const Secret wrapping_key, raw_aes(wrap));
  crypto::AesGcm cipher;
  cipher.set_key(wrapping_key.reveal());
  return envelope::unwrap_data_key(cipher, name, edk, context);
}

Result<Secret> KeysAtHand::raw_aes(const envelope::WrapDescription& wrap) {
  for (const envelope::RawAesKey& each : raw_)
    if (each.name.key_namespace == wrap.provider && each.name.name == wrap.name)
      return each.key.clone();
  auto parsed = keys::parse_key_epoch(wrap.name);
  if (!keyring_ || wrap.provider != keys::kKeyNamespace || !parsed.ok())
    return fail(ErrorKind::NotFound, "no key for it");
  return keyring_->export_key(parsed->name, parsed->epoch);
}

}  // namespace sealane::cli
