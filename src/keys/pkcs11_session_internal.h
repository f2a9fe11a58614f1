// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/pkcs11.h>
#include <sys/types.h>

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "keys/pkcs11_provider.h"

namespace sealane::keys {

// `CKR_PIN_INCORRECT`, or the number.
std::string pkcs11_code(CK_RV code);

// A token library that was loaded and initialised.  It stays mapped when the object goes: several
// libraries do not survive being unmapped.
class Pkcs11Library {
 public:
  // Errors: NotFound – it cannot be loaded; Invalid – no PKCS#11 library; Unavailable – it fails.
  static Result<std::shared_ptr<Pkcs11Library>> load(const std::string& path);
  ~Pkcs11Library();
  Pkcs11Library(const Pkcs11Library&) = delete;
  Pkcs11Library& operator=(const Pkcs11Library&) = delete;

  const CK_FUNCTION_LIST& call() const { return *functions_; }
  // Initialises it in this process, which may be a fork of the one that did so before.
  Status initialise();

 private:
  Pkcs11Library(std::string path, CK_FUNCTION_LIST* functions)
      : path_(std::move(path)), functions_(functions) {}

  const std::string path_;
  CK_FUNCTION_LIST* const functions_;
  std::mutex mutex_;
  pid_t owner_ = 0;    // the process that it is initialised in
  bool ours_ = false;  // and not by somebody else in that process
};

struct Pkcs11Modules::Impl {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<Pkcs11Library>> libraries;
  Result<std::shared_ptr<Pkcs11Library>> library(const std::string& path);
};

// A session with one token in which the user has logged in.
class Pkcs11Session {
 public:
  enum class Access { Read, Write };
  // Errors: as Pkcs11Provider.  `refused` is set when the PIN is to blame.
  static Result<std::unique_ptr<Pkcs11Session>> open(std::shared_ptr<Pkcs11Library> library,
                                                     const Pkcs11Key& key, const Secret& pin,
                                                     Access access, bool& refused);
  ~Pkcs11Session();
  Pkcs11Session(const Pkcs11Session&) = delete;
  Pkcs11Session& operator=(const Pkcs11Session&) = delete;

  // Whether it was opened by this process, not by the one that this is a fork of.
  bool is_ours() const;
  // Finds the key and what it may be used for.
  Status find_key(const Pkcs11Key& key);
  Result<bool> has_key(const Pkcs11Key& key);
  Pkcs11Mechanism mechanism() const { return mechanism_; }

  CK_RV generate(const Pkcs11Key& key, Pkcs11Mechanism mechanism);
  CK_RV generate(std::span<CK_ATTRIBUTE> wanted);
  // `out` gets the size that the token says.
  CK_RV seal(MutableByteSpan iv, ByteSpan binding, ByteSpan plain, Bytes& out);
  CK_RV open_sealed(ByteSpan iv, ByteSpan binding, ByteSpan sealed, Secret& out);
  CK_RV key_wrap(ByteSpan plain, Bytes& out);
  CK_RV key_unwrap(ByteSpan wrapped, std::size_t size, Secret& out);
  // Whether the token still does what it is asked to.
  bool works();

 private:
  Pkcs11Session(std::shared_ptr<Pkcs11Library> library, CK_SLOT_ID slot, CK_SESSION_HANDLE handle);
  const CK_FUNCTION_LIST& call() const { return library_->call(); }
  Result<std::vector<CK_OBJECT_HANDLE>> keys_of(const Pkcs11Key& key);
  bool is_true(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE attribute, bool when_unknown);
  bool offers(CK_MECHANISM_TYPE mechanism, CK_FLAGS uses);

  const std::shared_ptr<Pkcs11Library> library_;
  const CK_SLOT_ID slot_;
  const CK_SESSION_HANDLE handle_;
  const pid_t owner_;
  CK_OBJECT_HANDLE key_ = CK_INVALID_HANDLE;
  Pkcs11Mechanism mechanism_ = Pkcs11Mechanism::AesGcm;
};

}  // namespace sealane::keys
