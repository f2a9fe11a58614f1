// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace sealane::keys {

// Seam: whoever keeps the key that wraps data set keys.  Twin: keys/testing/memory_provider.h.
//
// `binding` names what the key is for; unwrap succeeds only with the binding given to wrap.
// Errors:  Denied – the provider refuses; Corrupt – not wrapped by this key or for this binding;
//          Unavailable – try again later.
// Threads: any.
class KeyProvider {
 public:
  virtual ~KeyProvider() = default;
  virtual std::string_view name() const = 0;
  // What the keyring must store to reach the same key again; nothing secret.
  virtual Bytes parameters() const = 0;
  virtual Result<Bytes> wrap(const Secret& key, ByteSpan binding) = 0;
  virtual Result<Secret> unwrap(ByteSpan wrapped, ByteSpan binding) = 0;
};

}  // namespace sealane::keys
