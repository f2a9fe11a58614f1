// SPDX-License-Identifier: Apache-2.0
#include "keys/unlock.h"

#include <utility>

#include "crypto/random.h"

namespace sealane::keys {
namespace {

constexpr std::size_t kUnlockKeyBytes = 32;

}  // namespace

Result<UnlockKey> create_unlock_key(Env& env, const std::string& path) {
  UnlockKey out{crypto::random_secret(kUnlockKeyBytes)};
  SEALANE_TRY(write_file_atomic(env, path, out.key.reveal(), IfExists::Refuse));
  return out;
}

Result<UnlockKey> read_unlock_key(Env& env, const std::string& path) {
  SEALANE_ASSIGN(Bytes bytes, read_file(env, path, 1024));
  UnlockKey out{Secret::take(std::move(bytes))};
  if (out.key.size() != kUnlockKeyBytes)
    return fail(ErrorKind::Invalid, "`" + path + "` is no unlock key: it does not have 32 bytes");
  return out;
}

namespace {

Result<Unlock> read_passphrase(Env& env, const std::string& file) {
  SEALANE_ASSIGN(Bytes bytes, read_file(env, file, 4096));
  const Secret content = Secret::take(std::move(bytes));
  const std::string_view text = as_text(content.reveal());
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  if (line.empty())
    return fail(ErrorKind::Invalid, "`" + file + "` has no passphrase in its first line");
  return Unlock(Passphrase{Secret(as_bytes(line))});
}

std::string& credentials_folder() {
  static std::string folder;
  return folder;
}

}  // namespace

void use_credentials_of(std::string folder) { credentials_folder() = std::move(folder); }

std::string credential_path(const std::string& name) {
  return credentials_folder().empty() ? "" : credentials_folder() + "/" + name;
}

Result<Unlock> read_unlock(Env& env, const std::string& folder,
                           const std::string& passphrase_file) {
  if (!passphrase_file.empty()) return read_passphrase(env, passphrase_file);
  auto key = read_unlock_key(env, folder + "/unlock.key");
  if (key.ok()) return Unlock(std::move(key).value());
  const std::string& credentials = credentials_folder();
  if (key.error().kind != ErrorKind::NotFound || credentials.empty()) return std::move(key).error();
  auto handed = read_unlock_key(env, credentials + "/sealane-unlock-key");
  if (handed.ok()) return Unlock(std::move(handed).value());
  if (handed.error().kind != ErrorKind::NotFound) return std::move(handed).error();
  auto phrase = read_passphrase(env, credentials + "/sealane-passphrase");
  if (!phrase.ok() && phrase.error().kind == ErrorKind::NotFound) return std::move(key).error();
  return phrase;
}

bool has_unlock(Env& env, const std::string& folder) {
  const auto unlock = read_unlock(env, folder, "");
  return unlock.ok() || unlock.error().kind != ErrorKind::NotFound;
}

}  // namespace sealane::keys
