// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace sealane::crypto {

using Sha256 = std::array<std::byte, 32>;
using Sha384 = std::array<std::byte, 48>;
using Sha512 = std::array<std::byte, 64>;
using Md5 = std::array<std::byte, 16>;

// Source: FIPS 180-4.  Threads: pure.
Sha256 sha256(ByteSpan data);
Sha384 sha384(ByteSpan data);
Sha512 sha512(ByteSpan data);

// Source:  RFC 2104 with SHA-256.  Threads: pure.
Sha256 hmac_sha256(ByteSpan key, ByteSpan data);

// RFC 1321.  For S3's ETag and Content-MD5, where the protocol fixes it; it authenticates nothing.
Md5 md5_for_s3_etag(ByteSpan data);

struct HashState;  // the library's state; its type stays inside this component
struct HashStateDeleter {
  void operator()(HashState* state) const;
};

// A hash over data that comes in pieces.  finish() returns the hash of everything since the start
// and makes the object ready for the next.  Threads: one at a time.
class Sha256Hasher {
 public:
  Sha256Hasher();
  void update(ByteSpan data);
  Sha256 finish();

 private:
  std::unique_ptr<HashState, HashStateDeleter> state_;
};

class Md5ForS3EtagHasher {
 public:
  Md5ForS3EtagHasher();
  void update(ByteSpan data);
  Md5 finish();

 private:
  std::unique_ptr<HashState, HashStateDeleter> state_;
};

}  // namespace sealane::crypto
