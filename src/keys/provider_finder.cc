// SPDX-License-Identifier: Apache-2.0
#include "keys/provider_finder.h"

#include <utility>

namespace sealane::keys {
namespace {

constexpr std::size_t kPinBytesMax = 256;
constexpr std::uint64_t kPinFileBytesMax = 4096;

}  // namespace

Result<Secret> ProviderFinder::read_pin(const PinSource& source) {
  const std::string where = to_string(source);
  Secret content;
  if (source.kind == PinSource::Kind::Environment) {
    auto value = environment_ ? environment_(source.name) : std::nullopt;
    if (!value)
      return fail(ErrorKind::NotFound, "no PIN: the variable `" + source.name + "` is not set");
    content = Secret(as_bytes(*value));
    ::explicit_bzero(value->data(), value->size());
  } else {
    const std::string path =
        source.kind == PinSource::Kind::File ? source.name : credential_path(source.name);
    if (path.empty())
      return fail(ErrorKind::NotFound,
                  "no PIN: systemd handed over no credentials, so there is no `" + where + "`",
                  "write `LoadCredential=" + source.name + ":FILE` in the unit");
    auto read = read_file(env_, path, kPinFileBytesMax);
    if (!read.ok()) return std::move(read).error().within("no PIN");
    content = Secret::take(std::move(read).value());
  }
  const std::string_view text = as_text(content.reveal());
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  if (line.empty() || line.size() > kPinBytesMax)
    return fail(ErrorKind::Invalid, "`" + where + "` has no PIN in its first line");
  return Secret(as_bytes(line));
}

Result<std::shared_ptr<Pkcs11Provider>> ProviderFinder::make(const Pkcs11Key& where) {
  SEALANE_TRY(check(where));
  SEALANE_ASSIGN(Secret pin, read_pin(where.pin));
  return std::make_shared<Pkcs11Provider>(where, std::move(pin), modules_);
}

Status ProviderFinder::tell(const std::string& key, const Pkcs11Key& where) {
  auto provider = make(where);
  if (!provider.ok()) return std::move(provider).error().within("key `" + key + "`");
  told_.insert_or_assign(key, Told{where, std::move(provider).value()});
  return {};
}

Result<std::shared_ptr<KeyProvider>> ProviderFinder::find(std::string_view key,
                                                          std::string_view provider,
                                                          ByteSpan parameters) {
  const std::string name = "key `" + std::string(key) + "`";
  if (provider != "pkcs11")
    return fail(ErrorKind::Unsupported,
                name + " is wrapped by `" + std::string(provider) + "`, which this build lacks");
  SEALANE_ASSIGN(const Pkcs11Key stored, decode_pkcs11_key(parameters));
  if (const auto told = told_.find(key); told != told_.end()) {
    const Pkcs11Key& where = told->second.where;
    if (where.token != stored.token || where.label != stored.label)
      return fail(ErrorKind::Conflict,
                  name + " is wrapped by `" + stored.label + "` of token `" + stored.token +
                      "`, not by `" + where.label + "` of `" + where.token + "`",
                  "say where it is, or make a key of another name");
    return std::shared_ptr<KeyProvider>(told->second.provider);
  }
  auto made = make(stored);
  if (!made.ok()) return std::move(made).error().within(name);
  return std::shared_ptr<KeyProvider>(std::move(made).value());
}

}  // namespace sealane::keys
