// SPDX-License-Identifier: Apache-2.0
#include "keys/pkcs11_provider.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "crypto/compare.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "keys/pkcs11_session_internal.h"

namespace sealane::keys {
namespace {

constexpr std::size_t kIvBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kBindingHashBytes = 32;
constexpr std::size_t kWrappedBytesMax = 512;
constexpr std::size_t kKeyBytesMax = 256;
constexpr std::size_t kParametersBytesMax = 8 << 10;
constexpr std::uint8_t kByGcm = 1;
constexpr std::uint8_t kByKeyWrap = 2;

struct PinWord {
  PinSource::Kind kind;
  std::string_view word;
};
constexpr std::array<PinWord, 3> kPinWords = {{{PinSource::Kind::File, "file:"},
                                               {PinSource::Kind::Environment, "env:"},
                                               {PinSource::Kind::Credential, "credential:"}}};

// What says that the input is to blame, whatever the token's state.
bool blames_input(CK_RV code) {
  constexpr std::array kCodes = {CKR_ENCRYPTED_DATA_INVALID, CKR_ENCRYPTED_DATA_LEN_RANGE,
                                 CKR_WRAPPED_KEY_INVALID, CKR_WRAPPED_KEY_LEN_RANGE};
  return std::ranges::find(kCodes, code) != kCodes.end();
}

Error not_ours() { return fail(ErrorKind::Corrupt, "a wrapped key does not unwrap"); }

}  // namespace

std::string to_string(const PinSource& source) {
  const auto found = std::ranges::find(kPinWords, source.kind, &PinWord::kind);
  return std::string(found->word) + source.name;
}

Result<PinSource> parse_pin_source(std::string_view text) {
  for (const PinWord& each : kPinWords)
    if (text.starts_with(each.word) && text.size() > each.word.size())
      return PinSource{each.kind, std::string(text.substr(each.word.size()))};
  return fail(ErrorKind::Invalid, "nothing says where the PIN is",
              "write file:PATH, env:NAME or credential:NAME; a PIN itself is never written");
}

Bytes encode(const Pkcs11Key& key) {
  return to_bytes(json::Writer()
                      .begin_object()
                      .field("module", key.module)
                      .field("token", key.token)
                      .field("label", key.label)
                      .field("pin", to_string(key.pin))
                      .end_object()
                      .str());
}

Result<Pkcs11Key> decode_pkcs11_key(ByteSpan parameters) {
  const auto damaged = [] {
    return fail(ErrorKind::Corrupt, "the keyring does not say how the token's key is reached");
  };
  if (parameters.size() > kParametersBytesMax) return damaged();
  const auto parsed = json::parse(as_text(parameters));
  if (!parsed.value) return damaged();
  Pkcs11Key out;
  const std::array<std::pair<const char*, std::string*>, 3> fields = {
      {{"module", &out.module}, {"token", &out.token}, {"label", &out.label}}};
  for (const auto& [name, to] : fields) {
    const json::Value* value = parsed.value->find(name);
    if (value == nullptr || value->text() == nullptr) return damaged();
    *to = *value->text();
  }
  const json::Value* pin = parsed.value->find("pin");
  if (pin == nullptr || pin->text() == nullptr) return damaged();
  SEALANE_ASSIGN(out.pin, parse_pin_source(*pin->text()));
  if (!check(out).ok()) return damaged();
  return out;
}

Status check(const Pkcs11Key& key) {
  constexpr std::size_t kTokenMax = 32;  // what the interface has room for
  constexpr std::size_t kLabelMax = 128;
  constexpr std::size_t kPathMax = 1024;
  if (!key.module.starts_with('/') || key.module.size() > kPathMax)
    return fail(ErrorKind::Invalid, "`" + key.module + "` is no absolute path of a PKCS#11 module",
                "as in /usr/lib/softhsm/libsofthsm2.so; no folders are searched");
  if (key.token.empty() || key.token.size() > kTokenMax)
    return fail(ErrorKind::Invalid, "the label of a token has 1 to 32 bytes");
  if (key.label.empty() || key.label.size() > kLabelMax)
    return fail(ErrorKind::Invalid, "the label of a token's key has 1 to 128 bytes");
  if (key.pin.name.empty() || key.pin.name.size() > kPathMax)
    return fail(ErrorKind::Invalid, "nothing says where the PIN is");
  return {};
}

Pkcs11Provider::Pkcs11Provider(Pkcs11Key key, Secret pin, std::shared_ptr<Pkcs11Modules> modules)
    : key_(std::move(key)), pin_(std::move(pin)), modules_(std::move(modules)) {}
Pkcs11Provider::~Pkcs11Provider() = default;

Result<Pkcs11Session*> Pkcs11Provider::session() {
  if (refused_) return *refused_;
  if (session_ && !session_->is_ours()) session_.reset();
  if (!session_) {
    SEALANE_ASSIGN(auto library, modules_->impl_->library(key_.module));
    bool refused = false;
    auto opened =
        Pkcs11Session::open(std::move(library), key_, pin_, Pkcs11Session::Access::Read, refused);
    if (!opened.ok()) {
      if (refused) refused_ = opened.error();
      return std::move(opened).error();
    }
    SEALANE_TRY((*opened)->find_key(key_));
    session_ = std::move(opened).value();
  }
  return session_.get();
}

// What the session knew is not relied on any more.
Error Pkcs11Provider::away(unsigned long code, bool& again) {
  session_.reset();
  again = true;
  return fail(ErrorKind::Unavailable,
              "token `" + key_.token + "` does not answer: " + pkcs11_code(code),
              "is it plugged in? the key is asked for again when it is needed");
}

Result<Bytes> Pkcs11Provider::wrap(const Secret& key, ByteSpan binding) {
  const std::lock_guard lock(mutex_);
  if (key.empty() || key.size() > kKeyBytesMax)
    return fail(ErrorKind::Invalid, "a key of this size is not wrapped");
  bool again = false;
  auto done = wrap_once(key, binding, again);
  return again ? wrap_once(key, binding, again) : std::move(done);
}

Result<Bytes> Pkcs11Provider::wrap_once(const Secret& key, ByteSpan binding, bool& again) {
  SEALANE_ASSIGN(Pkcs11Session * session, this->session());
  Bytes out;
  Bytes wrapped;
  if (session->mechanism() == Pkcs11Mechanism::AesGcm) {
    put_be(out, kByGcm);
    std::array<std::byte, kIvBytes> iv{};
    crypto::random_bytes(iv);
    const CK_RV code = session->seal(iv, binding, key.reveal(), wrapped);
    if (code != CKR_OK) return away(code, again);
    // Some tokens choose the IV and write it over ours.
    append(out, iv);
    if (wrapped.size() != key.size() + kTagBytes)
      return fail(ErrorKind::Unavailable,
                  "token `" + key_.token + "` returns a wrapped key of another size");
  } else {
    put_be(out, kByKeyWrap);
    const crypto::Sha256 bound = crypto::sha256(binding);
    Secret both = Secret::zeros(key.size() + bound.size());
    copy_bytes(both.reveal_mutable(), key.reveal());
    copy_bytes(both.reveal_mutable().subspan(key.size()), bound);
    const CK_RV code = session->key_wrap(both.reveal(), wrapped);
    if (code != CKR_OK) return away(code, again);
  }
  append(out, wrapped);
  return out;
}

Result<Secret> Pkcs11Provider::unwrap(ByteSpan wrapped, ByteSpan binding) {
  const std::lock_guard lock(mutex_);
  bool again = false;
  auto done = unwrap_once(wrapped, binding, again);
  return again ? unwrap_once(wrapped, binding, again) : std::move(done);
}

Result<Secret> Pkcs11Provider::unwrap_once(ByteSpan wrapped, ByteSpan binding, bool& again) {
  if (wrapped.size() > kWrappedBytesMax) return not_ours();
  ByteReader reader(wrapped);
  const auto kind = reader.be<std::uint8_t>();
  const bool by_gcm = kind == kByGcm;
  if (!by_gcm && kind != kByKeyWrap) return not_ours();
  const std::size_t around = by_gcm ? kIvBytes + kTagBytes : 8 + kBindingHashBytes;
  if (reader.left() <= around) return not_ours();
  SEALANE_ASSIGN(Pkcs11Session * session, this->session());
  Secret out;
  CK_RV code = CKR_OK;
  if (by_gcm) {
    const ByteSpan iv = *reader.take(kIvBytes);
    code = session->open_sealed(iv, binding, reader.rest(), out);
  } else {
    code = session->key_unwrap(reader.rest(), reader.left() - 8, out);
  }
  if (code != CKR_OK) {
    // Many tokens have one code for wrong data and for their own trouble.
    if (blames_input(code) || session->works()) return not_ours();
    return away(code, again);
  }
  if (by_gcm) return out;
  const std::size_t size = out.size() - kBindingHashBytes;
  if (!crypto::equal_constant_time(out.reveal().subspan(size), crypto::sha256(binding)))
    return not_ours();
  return Secret(out.reveal().first(size));
}

Status Pkcs11Provider::make_key(Pkcs11Mechanism mechanism) {
  SEALANE_ASSIGN(const bool made, make_key_if_missing(mechanism));
  if (!made)
    return fail(ErrorKind::Conflict,
                "token `" + key_.token + "` has a key `" + key_.label + "` already");
  return {};
}

Result<bool> Pkcs11Provider::make_key_if_missing(Pkcs11Mechanism mechanism) {
  const std::lock_guard lock(mutex_);
  if (refused_) return *refused_;
  SEALANE_ASSIGN(auto library, modules_->impl_->library(key_.module));
  bool refused = false;
  auto opened =
      Pkcs11Session::open(std::move(library), key_, pin_, Pkcs11Session::Access::Write, refused);
  if (!opened.ok()) {
    if (refused) refused_ = opened.error();
    return std::move(opened).error();
  }
  SEALANE_ASSIGN(const bool there, (*opened)->has_key(key_));
  if (there) return false;
  const CK_RV code = (*opened)->generate(key_, mechanism);
  if (code != CKR_OK)
    return fail(ErrorKind::Unavailable,
                "token `" + key_.token + "` makes no key: " + pkcs11_code(code));
  return true;
}

}  // namespace sealane::keys
