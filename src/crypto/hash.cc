// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include <openssl/evp.h>

namespace sealane::crypto {

struct HashState {
  EVP_MD_CTX* context = nullptr;
  const EVP_MD* algorithm = nullptr;
};

void HashStateDeleter::operator()(HashState* state) const {
  EVP_MD_CTX_free(state->context);
  delete state;
}

namespace {

// Fetched once per process and never freed: every hash of the program's life uses them.
const EVP_MD* fetch(const char* name) {
  const EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
  SEALANE_CHECK(algorithm != nullptr);
  return algorithm;
}
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const kAlgorithm = fetch("SHA256");
  return kAlgorithm;
}
const EVP_MD* sha384_algorithm() {
  static const EVP_MD* const kAlgorithm = fetch("SHA384");
  return kAlgorithm;
}
const EVP_MD* sha512_algorithm() {
  static const EVP_MD* const kAlgorithm = fetch("SHA512");
  return kAlgorithm;
}
const EVP_MD* md5_algorithm() {
  static const EVP_MD* const kAlgorithm = fetch("MD5");
  return kAlgorithm;
}

std::unique_ptr<HashState, HashStateDeleter> start(const EVP_MD* algorithm) {
  std::unique_ptr<HashState, HashStateDeleter> state(new HashState);
  state->context = EVP_MD_CTX_new();
  state->algorithm = algorithm;
  SEALANE_CHECK(state->context != nullptr);
  SEALANE_CHECK(EVP_DigestInit_ex2(state->context, algorithm, nullptr) == 1);
  return state;
}

void update_hash(HashState& state, ByteSpan data) {
  SEALANE_CHECK(EVP_DigestUpdate(state.context, data.data(), data.size()) == 1);
}

template <class Digest>
Digest finish_hash(HashState& state) {
  Digest out{};
  unsigned int length = 0;
  SEALANE_CHECK(EVP_DigestFinal_ex(state.context, as_uchar(MutableByteSpan(out)), &length) == 1 &&
                length == out.size());
  SEALANE_CHECK(EVP_DigestInit_ex2(state.context, state.algorithm, nullptr) == 1);
  return out;
}

template <class Digest>
Digest hash_once(const EVP_MD* algorithm, ByteSpan data) {
  Digest out{};
  unsigned int length = 0;
  SEALANE_CHECK(EVP_Digest(data.data(), data.size(), as_uchar(MutableByteSpan(out)), &length,
                           algorithm, nullptr) == 1 &&
                length == out.size());
  return out;
}

}  // namespace

Sha256 sha256(ByteSpan data) { return hash_once<Sha256>(sha256_algorithm(), data); }
Sha384 sha384(ByteSpan data) { return hash_once<Sha384>(sha384_algorithm(), data); }
Sha512 sha512(ByteSpan data) { return hash_once<Sha512>(sha512_algorithm(), data); }
Md5 md5_for_s3_etag(ByteSpan data) { return hash_once<Md5>(md5_algorithm(), data); }

Sha256 hmac_sha256(ByteSpan key, ByteSpan data) {
  Sha256 out{};
  std::size_t length = 0;
  SEALANE_CHECK(EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(),
                          as_uchar(data), data.size(), as_uchar(MutableByteSpan(out)), out.size(),
                          &length) != nullptr &&
                length == out.size());
  return out;
}

Sha256Hasher::Sha256Hasher() : state_(start(sha256_algorithm())) {}
void Sha256Hasher::update(ByteSpan data) { update_hash(*state_, data); }
Sha256 Sha256Hasher::finish() { return finish_hash<Sha256>(*state_); }

Md5ForS3EtagHasher::Md5ForS3EtagHasher() : state_(start(md5_algorithm())) {}
void Md5ForS3EtagHasher::update(ByteSpan data) { update_hash(*state_, data); }
Md5 Md5ForS3EtagHasher::finish() { return finish_hash<Md5>(*state_); }

}  // namespace sealane::crypto
