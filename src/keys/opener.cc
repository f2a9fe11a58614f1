// SPDX-License-Identifier: Apache-2.0
#include "keys/opener.h"

#include <charconv>
#include <memory>
#include <utility>

#include "envelope/raw_aes.h"

namespace sealane::keys {

std::string key_epoch_name(std::string_view name, std::uint32_t epoch) {
  return std::string(name) + "/" + std::to_string(epoch);
}

Result<KeyEpoch> parse_key_epoch(std::string_view full_name) {
  const std::size_t slash = full_name.rfind('/');
  const Error wrong =
      fail(ErrorKind::Invalid, "`" + std::string(full_name) + "` is not `<key>/<epoch>`");
  if (slash == std::string_view::npos || slash == 0) return wrong;
  KeyEpoch out{.name = std::string(full_name.substr(0, slash)), .epoch = 0};
  const std::string_view digits = full_name.substr(slash + 1);
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), out.epoch);
  if (code != std::errc() || end != digits.data() + digits.size() ||
      key_epoch_name(out.name, out.epoch) != full_name)
    return wrong;
  return out;
}

Opener::Opener(EpochKeyFor epoch_key_for, const OpenerLimits& limits)
    : epoch_key_for_(std::move(epoch_key_for)), limits_(limits) {}

Opener Opener::with_keyring(Keyring& keyring, const OpenerLimits& limits) {
  Opener out([&keyring](std::string_view name,
                        std::uint32_t epoch) { return keyring.export_key(name, epoch); },
             limits);
  out.life_ = [&keyring] { return keyring.look(); };
  return out;
}

Opener Opener::with_key(Keyring& keyring, std::string name, const OpenerLimits& limits) {
  Opener out(
      [&keyring, only = std::move(name)](std::string_view wanted,
                                         std::uint32_t epoch) -> Result<Secret> {
        if (wanted != only)
          return fail(ErrorKind::Denied, "the message is sealed for `" +
                                             key_epoch_name(wanted, epoch) + "`, not for `" + only +
                                             "`");
        return keyring.export_key(wanted, epoch);
      },
      limits);
  out.life_ = [&keyring] { return keyring.look(); };
  return out;
}

void Opener::forget_if_changed() {
  if (!life_) return;
  const std::uint64_t life = life_();
  if (life == seen_life_) return;
  seen_life_ = life;
  by_id_.clear();
  recent_.clear();
  epoch_keys_.clear();
}

Opener Opener::with_keys(std::vector<ExportedKey> keys, const OpenerLimits& limits) {
  auto shared = std::make_shared<std::vector<ExportedKey>>(std::move(keys));
  return Opener(
      [shared](std::string_view name, std::uint32_t epoch) -> Result<Secret> {
        for (const ExportedKey& each : *shared)
          if (each.name == name && each.epoch == epoch) return each.key.clone();
        return fail(ErrorKind::NotFound, "there is no key `" + key_epoch_name(name, epoch) + "`");
      },
      limits);
}

Result<Secret> Opener::epoch_key(const std::string& full_name) {
  if (const auto found = epoch_keys_.find(full_name); found != epoch_keys_.end())
    return found->second.clone();
  SEALANE_ASSIGN(const KeyEpoch parsed, parse_key_epoch(full_name));
  SEALANE_ASSIGN(Secret key, epoch_key_for_(parsed.name, parsed.epoch));
  if (key.size() != crypto::kAes256KeyBytes)
    return fail(ErrorKind::Invalid, "a data set key has 32 bytes");
  if (epoch_keys_.size() >= limits_.epoch_keys_max) epoch_keys_.clear();
  epoch_keys_.emplace(full_name, key.clone());
  return key;
}

// The context is part of what a cached key is found by, because it is part of what unwrapping
// checks.
Result<Secret> Opener::data_key(const envelope::Header& header) {
  forget_if_changed();
  SEALANE_ASSIGN(const Bytes context, envelope::encode_context(header.context, limits_.envelope));
  Error last = fail(ErrorKind::Denied, "the message is not sealed for any key of `sealane`");
  for (const envelope::EncryptedDataKey& edk : header.data_keys) {
    const std::string name(envelope::wrapping_key_name(edk, kKeyNamespace));
    if (name.empty()) continue;
    Bytes identity;
    for (ByteSpan part : {ByteSpan(edk.info), ByteSpan(edk.ciphertext), ByteSpan(context)}) {
      put_be(identity, static_cast<std::uint32_t>(part.size()));
      append(identity, part);
    }
    const crypto::Sha256 id = crypto::sha256(identity);
    if (const auto found = by_id_.find(id); found != by_id_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return recent_.front().data_key.clone();
    }
    auto wrapping_key = epoch_key(name);
    if (!wrapping_key.ok()) {
      const ErrorKind kind = wrapping_key.error().kind;
      if (kind == ErrorKind::Unavailable || kind == ErrorKind::Corrupt) return wrapping_key;
      if (kind == ErrorKind::Denied) {
        last = wrapping_key.error();
        continue;
      }
      last = fail(ErrorKind::Denied,
                  "the message is sealed for `" + name + "`, a key that is not here");
      continue;
    }
    wrapping_.set_key(wrapping_key->reveal());
    auto key = envelope::unwrap_data_key(
        wrapping_, {.key_namespace = std::string(kKeyNamespace), .name = name}, edk, context);
    if (!key.ok()) {
      last = key.error();
      continue;
    }
    if (limits_.data_keys_max > 0) {
      if (recent_.size() >= limits_.data_keys_max) {
        by_id_.erase(recent_.back().id);
        recent_.pop_back();
      }
      recent_.push_front({.id = id, .data_key = key->clone()});
      by_id_[id] = recent_.begin();
    }
    return key;
  }
  return last;
}

Result<envelope::OpenedMessage> Opener::open(ByteSpan message,
                                             const envelope::EncryptionContext& expected) {
  return envelope::decrypt_message(
      cipher_, message,
      [&](const envelope::Header& header) -> Result<Secret> {
        // Checked before any key is used and authenticated with the header right after.
        SEALANE_TRY(envelope::require_context(header.context, expected));
        return data_key(header);
      },
      limits_.envelope);
}

Result<envelope::SeekableReader> Opener::open_seekable(
    envelope::ReadAt read_at, std::uint64_t message_bytes,
    const envelope::EncryptionContext& expected) {
  return envelope::SeekableReader::open(
      std::move(read_at), message_bytes,
      [&](const envelope::Header& header) -> Result<Secret> {
        SEALANE_TRY(envelope::require_context(header.context, expected));
        return data_key(header);
      },
      limits_.envelope);
}

Result<envelope::Header> Opener::open_header(ByteSpan message,
                                             const envelope::EncryptionContext& expected) {
  SEALANE_ASSIGN(auto decoded, envelope::decode_header(message, limits_.envelope));
  if (!decoded) return fail(ErrorKind::Corrupt, "the message is cut short in its header");
  SEALANE_TRY(envelope::require_context(decoded->header.context, expected));
  SEALANE_ASSIGN(const Secret key, data_key(decoded->header));
  SEALANE_ASSIGN(const Secret content_key, envelope::open_header(cipher_, *decoded, message, key));
  return std::move(decoded->header);
}

}  // namespace sealane::keys
