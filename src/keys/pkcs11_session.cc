// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "crypto/random.h"
#include "keys/pkcs11_session_internal.h"

namespace sealane::keys {
namespace {

constexpr CK_ULONG kSlotsMax = 256;
constexpr CK_ULONG kKeyBytesWanted = 32;
constexpr std::size_t kOutputMax = 1024;

unsigned char* bytes_of(MutableByteSpan bytes) { return as_uchar(bytes); }
// The interface has no const; none of the functions called with it changes its input.
unsigned char* input(ByteSpan bytes) { return const_cast<unsigned char*>(as_uchar(bytes)); }
CK_ULONG size_of(ByteSpan bytes) { return static_cast<CK_ULONG>(bytes.size()); }

CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, CK_ULONG& value) {
  return {type, &value, sizeof(value)};
}
CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, CK_BBOOL& value) {
  return {type, &value, sizeof(value)};
}
CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, ByteSpan value) {
  return {type, input(value), size_of(value)};
}

// Fixed fields of the interface are padded with blanks.
std::string unpadded(ByteSpan field) {
  std::string out = to_text(field);
  while (!out.empty() && (out.back() == ' ' || out.back() == '\0')) out.pop_back();
  return out;
}

struct Slot {
  CK_SLOT_ID id = 0;
  CK_TOKEN_INFO token{};
};

std::string label_of(const CK_TOKEN_INFO& token) {
  return unpadded(std::as_bytes(std::span(token.label)));
}

Error failed(const std::string& what, CK_RV code) {
  return fail(ErrorKind::Unavailable, what + ": " + pkcs11_code(code));
}

Result<Slot> find_token(const CK_FUNCTION_LIST& call, const Pkcs11Key& key) {
  CK_ULONG count = 0;
  CK_RV code = call.C_GetSlotList(CK_TRUE, nullptr, &count);
  std::vector<CK_SLOT_ID> slots(std::min(count, kSlotsMax));
  count = static_cast<CK_ULONG>(slots.size());
  if (code == CKR_OK && count > 0) code = call.C_GetSlotList(CK_TRUE, slots.data(), &count);
  if (code != CKR_OK) return failed("`" + key.module + "` does not list its tokens", code);
  slots.resize(std::min<std::size_t>(slots.size(), count));
  std::vector<Slot> found;
  std::string others;
  for (const CK_SLOT_ID id : slots) {
    Slot slot{.id = id, .token = {}};
    if (call.C_GetTokenInfo(id, &slot.token) != CKR_OK) continue;
    if ((slot.token.flags & CKF_TOKEN_INITIALIZED) == 0) continue;
    const std::string label = label_of(slot.token);
    if (label == key.token)
      found.push_back(slot);
    else
      others += (others.empty() ? "`" : ", `") + one_line(label) + "`";
  }
  if (found.size() > 1)
    return fail(ErrorKind::Conflict, "there are several tokens `" + key.token + "`",
                "give each token a label of its own");
  if (found.empty())
    return fail(
        ErrorKind::NotFound, "`" + key.module + "` has no token `" + key.token + "`",
        others.empty() ? "is it plugged in, and may this user read it?" : "it has " + others);
  return found.front();
}

Error pin_refused(const Pkcs11Key& key, const std::string& what, CK_FLAGS flags) {
  std::string hint = "correct what `" + to_string(key.pin) + "` gives, then start again";
  if ((flags & CKF_USER_PIN_FINAL_TRY) != 0)
    hint += "; one more wrong PIN locks the token";
  else if ((flags & CKF_USER_PIN_COUNT_LOW) != 0)
    hint += "; further wrong PINs lock the token";
  return fail(ErrorKind::Denied, "token `" + key.token + "` " + what, std::move(hint));
}

Error pin_locked(const Pkcs11Key& key) {
  return fail(ErrorKind::Denied, "the PIN of token `" + key.token + "` is locked",
              "the token's security officer sets a new one");
}

}  // namespace

std::string pkcs11_code(CK_RV code) {
  switch (code) {
    case CKR_HOST_MEMORY: return "CKR_HOST_MEMORY";
    case CKR_SLOT_ID_INVALID: return "CKR_SLOT_ID_INVALID";
    case CKR_GENERAL_ERROR: return "CKR_GENERAL_ERROR";
    case CKR_FUNCTION_FAILED: return "CKR_FUNCTION_FAILED";
    case CKR_ARGUMENTS_BAD: return "CKR_ARGUMENTS_BAD";
    case CKR_DEVICE_ERROR: return "CKR_DEVICE_ERROR";
    case CKR_DEVICE_MEMORY: return "CKR_DEVICE_MEMORY";
    case CKR_DEVICE_REMOVED: return "CKR_DEVICE_REMOVED";
    case CKR_ENCRYPTED_DATA_INVALID: return "CKR_ENCRYPTED_DATA_INVALID";
    case CKR_FUNCTION_NOT_SUPPORTED: return "CKR_FUNCTION_NOT_SUPPORTED";
    case CKR_KEY_HANDLE_INVALID: return "CKR_KEY_HANDLE_INVALID";
    case CKR_KEY_FUNCTION_NOT_PERMITTED: return "CKR_KEY_FUNCTION_NOT_PERMITTED";
    case CKR_MECHANISM_INVALID: return "CKR_MECHANISM_INVALID";
    case CKR_MECHANISM_PARAM_INVALID: return "CKR_MECHANISM_PARAM_INVALID";
    case CKR_OBJECT_HANDLE_INVALID: return "CKR_OBJECT_HANDLE_INVALID";
    case CKR_PIN_INCORRECT: return "CKR_PIN_INCORRECT";
    case CKR_PIN_LOCKED: return "CKR_PIN_LOCKED";
    case CKR_SESSION_CLOSED: return "CKR_SESSION_CLOSED";
    case CKR_SESSION_COUNT: return "CKR_SESSION_COUNT";
    case CKR_SESSION_HANDLE_INVALID: return "CKR_SESSION_HANDLE_INVALID";
    case CKR_SESSION_READ_ONLY: return "CKR_SESSION_READ_ONLY";
    case CKR_TEMPLATE_INCONSISTENT: return "CKR_TEMPLATE_INCONSISTENT";
    case CKR_TOKEN_NOT_PRESENT: return "CKR_TOKEN_NOT_PRESENT";
    case CKR_TOKEN_NOT_RECOGNIZED: return "CKR_TOKEN_NOT_RECOGNIZED";
    case CKR_TOKEN_WRITE_PROTECTED: return "CKR_TOKEN_WRITE_PROTECTED";
    case CKR_USER_NOT_LOGGED_IN: return "CKR_USER_NOT_LOGGED_IN";
    case CKR_USER_PIN_NOT_INITIALIZED: return "CKR_USER_PIN_NOT_INITIALIZED";
    case CKR_WRAPPED_KEY_INVALID: return "CKR_WRAPPED_KEY_INVALID";
    case CKR_CRYPTOKI_NOT_INITIALIZED: return "CKR_CRYPTOKI_NOT_INITIALIZED";
    default: return "code " + std::to_string(code);
  }
}

// --- library

Result<std::shared_ptr<Pkcs11Library>> Pkcs11Library::load(const std::string& path) {
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = ::dlerror();
    return fail(ErrorKind::NotFound,
                "the PKCS#11 module `" + path +
                    "` cannot be loaded: " + one_line(why == nullptr ? "no reason given" : why),
                "install the token's library, or correct `module`");
  }
  void* entry = ::dlsym(handle, "C_GetFunctionList");
  if (entry == nullptr)
    return fail(ErrorKind::Invalid, "`" + path + "` is no PKCS#11 module",
                "`module` is the library that came with the token");
  CK_FUNCTION_LIST* functions = nullptr;
  const CK_RV code = std::bit_cast<CK_C_GetFunctionList>(entry)(&functions);
  if (code != CKR_OK || functions == nullptr)
    return failed("the PKCS#11 module `" + path + "` does not start", code);
  if (functions->version.major != 2 || functions->version.minor < 20)
    return fail(ErrorKind::Unsupported,
                "the PKCS#11 module `" + path + "` is not of 2.20 or later");
  std::shared_ptr<Pkcs11Library> out(new Pkcs11Library(path, functions));
  SEALANE_TRY(out->initialise());
  return out;
}

Status Pkcs11Library::initialise() {
  const std::lock_guard lock(mutex_);
  if (owner_ == ::getpid()) return {};
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CK_RV code = functions_->C_Initialize(&arguments);
  if (code != CKR_OK && code != CKR_CRYPTOKI_ALREADY_INITIALIZED)
    return failed("the PKCS#11 module `" + path_ + "` does not start", code);
  ours_ = code == CKR_OK;
  owner_ = ::getpid();
  return {};
}

Pkcs11Library::~Pkcs11Library() {
  if (ours_ && owner_ == ::getpid()) functions_->C_Finalize(nullptr);
}

Result<std::shared_ptr<Pkcs11Library>> Pkcs11Modules::Impl::library(const std::string& path) {
  const std::lock_guard lock(mutex);
  if (auto known = libraries[path].lock()) {
    SEALANE_TRY(known->initialise());
    return known;
  }
  SEALANE_ASSIGN(auto loaded, Pkcs11Library::load(path));
  libraries[path] = loaded;
  return loaded;
}

Pkcs11Modules::Pkcs11Modules() : impl_(std::make_unique<Impl>()) {}
Pkcs11Modules::~Pkcs11Modules() = default;

// --- session

Pkcs11Session::Pkcs11Session(std::shared_ptr<Pkcs11Library> library, CK_SLOT_ID slot,
                             CK_SESSION_HANDLE handle)
    : library_(std::move(library)), slot_(slot), handle_(handle), owner_(::getpid()) {}

// The last session that goes takes the login with it.
Pkcs11Session::~Pkcs11Session() {
  if (is_ours()) call().C_CloseSession(handle_);
}

bool Pkcs11Session::is_ours() const { return owner_ == ::getpid(); }

Result<std::unique_ptr<Pkcs11Session>> Pkcs11Session::open(std::shared_ptr<Pkcs11Library> library,
                                                           const Pkcs11Key& key, const Secret& pin,
                                                           Access access, bool& refused) {
  const CK_FUNCTION_LIST& call = library->call();
  SEALANE_ASSIGN(const Slot slot, find_token(call, key));
  if ((slot.token.flags & CKF_USER_PIN_LOCKED) != 0) {
    refused = true;
    return pin_locked(key);
  }
  CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV code = call.C_OpenSession(
      slot.id, CKF_SERIAL_SESSION | (access == Access::Write ? CKF_RW_SESSION : 0UL), nullptr,
      nullptr, &handle);
  if (code != CKR_OK) return failed("token `" + key.token + "` opens no session", code);
  std::unique_ptr<Pkcs11Session> out(new Pkcs11Session(library, slot.id, handle));
  code = call.C_Login(handle, CKU_USER, input(pin.reveal()), size_of(pin.reveal()));
  switch (code) {
    case CKR_OK:
    case CKR_USER_ALREADY_LOGGED_IN: return out;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE: {
      refused = true;
      CK_TOKEN_INFO now{};
      if (call.C_GetTokenInfo(slot.id, &now) != CKR_OK) now.flags = 0;
      return pin_refused(key, "refuses the PIN", now.flags);
    }
    case CKR_PIN_EXPIRED: refused = true; return pin_refused(key, "wants a new PIN", 0);
    case CKR_PIN_LOCKED: refused = true; return pin_locked(key);
    case CKR_USER_PIN_NOT_INITIALIZED:
      refused = true;
      return fail(ErrorKind::Denied, "token `" + key.token + "` has no user PIN",
                  "the token's security officer sets one");
    default: return failed("token `" + key.token + "` takes no login", code);
  }
}

Result<std::vector<CK_OBJECT_HANDLE>> Pkcs11Session::keys_of(const Pkcs11Key& key) {
  CK_ULONG object_class = CKO_SECRET_KEY;
  CK_BBOOL in_token = CK_TRUE;
  std::array<CK_ATTRIBUTE, 3> wanted = {attribute(CKA_CLASS, object_class),
                                        attribute(CKA_TOKEN, in_token),
                                        attribute(CKA_LABEL, as_bytes(key.label))};
  CK_RV code = call().C_FindObjectsInit(handle_, wanted.data(), wanted.size());
  std::vector<CK_OBJECT_HANDLE> found(2);
  CK_ULONG count = 0;
  if (code == CKR_OK) {
    code = call().C_FindObjects(handle_, found.data(), found.size(), &count);
    call().C_FindObjectsFinal(handle_);
  }
  if (code != CKR_OK) return failed("token `" + key.token + "` does not list its keys", code);
  found.resize(std::min<std::size_t>(found.size(), count));
  return found;
}

bool Pkcs11Session::is_true(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool when_unknown) {
  CK_BBOOL value = 0;
  CK_ATTRIBUTE wanted = attribute(type, value);
  if (call().C_GetAttributeValue(handle_, object, &wanted, 1) != CKR_OK) return when_unknown;
  return wanted.ulValueLen == sizeof(value) ? value != 0 : when_unknown;
}

bool Pkcs11Session::offers(CK_MECHANISM_TYPE mechanism, CK_FLAGS uses) {
  CK_MECHANISM_INFO info{};
  return call().C_GetMechanismInfo(slot_, mechanism, &info) == CKR_OK &&
         (info.flags & uses) == uses;
}

Result<bool> Pkcs11Session::has_key(const Pkcs11Key& key) {
  SEALANE_ASSIGN(const auto found, keys_of(key));
  return !found.empty();
}

Status Pkcs11Session::find_key(const Pkcs11Key& key) {
  const std::string named = "key `" + key.label + "` of token `" + key.token + "`";
  SEALANE_ASSIGN(const auto found, keys_of(key));
  if (found.empty())
    return fail(ErrorKind::NotFound,
                "token `" + key.token + "` has no secret key `" + key.label + "`",
                "make an AES-256 key of that label in it, or let `sealane key create --make-key`");
  if (found.size() > 1)
    return fail(ErrorKind::Conflict,
                "there are several keys `" + key.label + "` in token `" + key.token + "`",
                "give each a label of its own");
  const CK_OBJECT_HANDLE object = found.front();
  CK_ULONG type = CKK_AES;
  CK_ATTRIBUTE wanted = attribute(CKA_KEY_TYPE, type);
  if (call().C_GetAttributeValue(handle_, object, &wanted, 1) != CKR_OK || type != CKK_AES)
    return fail(ErrorKind::Denied, named + " is no AES key");
  CK_ULONG size = kKeyBytesWanted;
  wanted = attribute(CKA_VALUE_LEN, size);
  if (call().C_GetAttributeValue(handle_, object, &wanted, 1) != CKR_OK || size != kKeyBytesWanted)
    return fail(ErrorKind::Denied, named + " does not have 256 bits");
  if (is_true(object, CKA_EXTRACTABLE, true) || !is_true(object, CKA_SENSITIVE, false))
    return fail(ErrorKind::Denied, named + " can leave the token",
                "make one that is sensitive and not extractable");
  if (offers(CKM_AES_GCM, CKF_ENCRYPT | CKF_DECRYPT) && is_true(object, CKA_ENCRYPT, false) &&
      is_true(object, CKA_DECRYPT, false))
    mechanism_ = Pkcs11Mechanism::AesGcm;
  else if (offers(CKM_AES_KEY_WRAP, CKF_WRAP | CKF_UNWRAP) && is_true(object, CKA_WRAP, false) &&
           is_true(object, CKA_UNWRAP, false))
    mechanism_ = Pkcs11Mechanism::AesKeyWrap;
  else
    return fail(ErrorKind::Unsupported,
                named + " can be used neither for AES-GCM nor for AES key wrap",
                "it needs CKA_ENCRYPT and CKA_DECRYPT, or CKA_WRAP and CKA_UNWRAP");
  key_ = object;
  return {};
}

CK_RV Pkcs11Session::generate(const Pkcs11Key& key, Pkcs11Mechanism mechanism) {
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = 0;
  CK_BBOOL gcm = mechanism == Pkcs11Mechanism::AesGcm;
  CK_BBOOL wrap = mechanism == Pkcs11Mechanism::AesKeyWrap;
  CK_ULONG size = kKeyBytesWanted;
  std::array<CK_ATTRIBUTE, 10> wanted = {
      attribute(CKA_TOKEN, yes),      attribute(CKA_PRIVATE, yes),
      attribute(CKA_SENSITIVE, yes),  attribute(CKA_EXTRACTABLE, no),
      attribute(CKA_ENCRYPT, gcm),    attribute(CKA_DECRYPT, gcm),
      attribute(CKA_WRAP, wrap),      attribute(CKA_UNWRAP, wrap),
      attribute(CKA_VALUE_LEN, size), attribute(CKA_LABEL, as_bytes(key.label))};
  return generate(wanted);
}

CK_RV Pkcs11Session::generate(std::span<CK_ATTRIBUTE> wanted) {
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  return call().C_GenerateKey(handle_, &mechanism, wanted.data(), wanted.size(), &made);
}

namespace {

CK_GCM_PARAMS gcm_parameters(MutableByteSpan iv, ByteSpan binding) {
  CK_GCM_PARAMS out{};
  out.pIv = bytes_of(iv);
  out.ulIvLen = size_of(iv);
  out.ulIvBits = 8 * size_of(iv);
  out.pAAD = input(binding);
  out.ulAADLen = size_of(binding);
  out.ulTagBits = 128;
  return out;
}

}  // namespace

CK_RV Pkcs11Session::seal(MutableByteSpan iv, ByteSpan binding, ByteSpan plain, Bytes& out) {
  CK_GCM_PARAMS parameters = gcm_parameters(iv, binding);
  CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof(parameters)};
  CK_RV code = call().C_EncryptInit(handle_, &mechanism, key_);
  if (code != CKR_OK) return code;
  out.resize(kOutputMax);
  CK_ULONG size = size_of(out);
  code = call().C_Encrypt(handle_, input(plain), size_of(plain), bytes_of(out), &size);
  out.resize(code == CKR_OK ? std::min<std::size_t>(size, kOutputMax) : 0);
  return code;
}

CK_RV Pkcs11Session::open_sealed(ByteSpan iv, ByteSpan binding, ByteSpan sealed, Secret& out) {
  Bytes iv_copy = to_bytes(iv);
  CK_GCM_PARAMS parameters = gcm_parameters(iv_copy, binding);
  CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof(parameters)};
  CK_RV code = call().C_DecryptInit(handle_, &mechanism, key_);
  if (code != CKR_OK) return code;
  Secret buffer = Secret::zeros(kOutputMax);
  CK_ULONG size = size_of(buffer.reveal());
  code = call().C_Decrypt(handle_, input(sealed), size_of(sealed),
                          bytes_of(buffer.reveal_mutable()), &size);
  if (code == CKR_OK) out = Secret(buffer.reveal().first(std::min<std::size_t>(size, kOutputMax)));
  return code;
}

// The key to be wrapped becomes an object of this session for as long as it takes.
CK_RV Pkcs11Session::key_wrap(ByteSpan plain, Bytes& out) {
  CK_ULONG object_class = CKO_SECRET_KEY;
  CK_ULONG type = CKK_GENERIC_SECRET;
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = 0;
  std::array<CK_ATTRIBUTE, 6> wanted = {
      attribute(CKA_CLASS, object_class), attribute(CKA_KEY_TYPE, type),
      attribute(CKA_TOKEN, no),           attribute(CKA_PRIVATE, yes),
      attribute(CKA_EXTRACTABLE, yes),    attribute(CKA_VALUE, plain)};
  CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
  CK_RV code = call().C_CreateObject(handle_, wanted.data(), wanted.size(), &object);
  if (code != CKR_OK) return code;
  CK_MECHANISM mechanism{CKM_AES_KEY_WRAP, nullptr, 0};
  out.resize(kOutputMax);
  CK_ULONG size = size_of(out);
  code = call().C_WrapKey(handle_, &mechanism, key_, object, bytes_of(out), &size);
  call().C_DestroyObject(handle_, object);
  out.resize(code == CKR_OK ? std::min<std::size_t>(size, kOutputMax) : 0);
  return code;
}

CK_RV Pkcs11Session::key_unwrap(ByteSpan wrapped, std::size_t size, Secret& out) {
  CK_ULONG object_class = CKO_SECRET_KEY;
  CK_ULONG type = CKK_GENERIC_SECRET;
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = 0;
  std::array<CK_ATTRIBUTE, 6> wanted = {
      attribute(CKA_CLASS, object_class), attribute(CKA_KEY_TYPE, type),
      attribute(CKA_TOKEN, no),           attribute(CKA_PRIVATE, yes),
      attribute(CKA_SENSITIVE, no),       attribute(CKA_EXTRACTABLE, yes)};
  CK_MECHANISM mechanism{CKM_AES_KEY_WRAP, nullptr, 0};
  CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
  CK_RV code = call().C_UnwrapKey(handle_, &mechanism, key_, input(wrapped), size_of(wrapped),
                                  wanted.data(), wanted.size(), &object);
  if (code != CKR_OK) return code;
  Secret value = Secret::zeros(size);
  CK_ATTRIBUTE asked{CKA_VALUE, bytes_of(value.reveal_mutable()), static_cast<CK_ULONG>(size)};
  code = call().C_GetAttributeValue(handle_, object, &asked, 1);
  call().C_DestroyObject(handle_, object);
  if (code == CKR_BUFFER_TOO_SMALL || (code == CKR_OK && asked.ulValueLen != size))
    return CKR_WRAPPED_KEY_INVALID;
  if (code == CKR_OK) out = std::move(value);
  return code;
}

bool Pkcs11Session::works() {
  const Bytes probe(64, std::byte{0x55});
  if (mechanism_ == Pkcs11Mechanism::AesKeyWrap) {
    Bytes wrapped;
    return key_wrap(probe, wrapped) == CKR_OK;
  }
  Bytes iv(12);
  crypto::random_bytes(iv);
  Bytes sealed;
  Secret opened;
  if (seal(iv, {}, probe, sealed) != CKR_OK) return false;
  return open_sealed(iv, {}, sealed, opened) == CKR_OK;
}

}  // namespace sealane::keys
