// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace sealane::sinks {

enum class PutOutcome {
  Created,
  AlreadySame,  // an earlier attempt arrived: the key has exactly these bytes
};

// Seam: where bundles go.  Twin: sinks/testing/store_sink.h.
//
// Threads: one at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  // Writes an object that must not exist; `sha256` is that of `data`.
  // Errors:     Conflict – the key has other bytes; Denied; Unavailable, Timeout – try again with
  //             the same bytes.
  // Durability: the object is durable at the other side when it returns without error.
  virtual Result<PutOutcome> put_new(const std::string& key, ByteSpan data,
                                     const crypto::Sha256& sha256) = 0;
};

}  // namespace sealane::sinks
