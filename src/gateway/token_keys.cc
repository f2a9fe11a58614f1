// SPDX-License-Identifier: Apache-2.0
#include "gateway/token_keys.h"

#include <filesystem>
#include <utility>

namespace sealane::gateway {

Result<keys::Pkcs11Key> token_key(const pipeline::TokenKey& key, const std::string& folder) {
  SEALANE_ASSIGN(keys::PinSource pin, keys::parse_pin_source(key.pin));
  if (pin.kind == keys::PinSource::Kind::File)
    pin.name = std::filesystem::absolute(std::filesystem::path(folder) / pin.name)
                   .lexically_normal()
                   .string();
  return keys::Pkcs11Key{
      .module = key.module, .token = key.token, .label = key.label, .pin = std::move(pin)};
}

Result<std::shared_ptr<keys::ProviderFinder>> finder_of(
    Env& env, const pipeline::Pipeline& pipeline, const std::string& folder,
    keys::ProviderFinder::Environment environment) {
  auto out = std::make_shared<keys::ProviderFinder>(env, std::move(environment));
  for (const pipeline::KeySpec& key : pipeline.keys) {
    if (!key.token) continue;
    SEALANE_ASSIGN(const keys::Pkcs11Key where, token_key(*key.token, folder));
    SEALANE_TRY(out->tell(key.name, where));
  }
  return out;
}

decltype(keys::KeyringParts::provider_for) provider_for(
    std::shared_ptr<keys::ProviderFinder> finder) {
  return [finder = std::move(finder)](std::string_view key, std::string_view provider,
                                      ByteSpan parameters) {
    return finder->find(key, provider, parameters);
  };
}

Status check_providers(const keys::Keyring& keyring, const pipeline::Pipeline& pipeline) {
  for (const pipeline::KeySpec& key : pipeline.keys) {
    const auto info = keyring.find(key.name);
    const std::string wanted = key.token ? "pkcs11" : "local";
    if (info.ok() && info->provider != wanted)
      return fail(ErrorKind::Conflict,
                  "key `" + key.name + "` is wrapped by `" + info->provider +
                      "` in the keyring, by `" + wanted + "` in the pipeline file",
                  "a key keeps its provider: give the data set a key of another name");
  }
  return {};
}

}  // namespace sealane::gateway
