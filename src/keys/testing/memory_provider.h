// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "base/bytes.h"
#include "keys/provider.h"

namespace sealane::keys {

// Keeps keys in memory and hands out tickets; can be told to be away.  Contents are shared by every
// provider made from the same Store, as a key service is by its clients.
class MemoryProvider final : public KeyProvider {
 public:
  struct Store {
    struct Entry {
      Bytes key;
      Bytes binding;
    };
    std::map<Bytes, Entry> entries;
    bool away = false;
  };
  explicit MemoryProvider(Store& store) : store_(store) {}

  std::string_view name() const override { return "memory"; }
  Bytes parameters() const override { return {}; }
  Result<Bytes> wrap(const Secret& key, ByteSpan binding) override {
    if (store_.away) return fail(ErrorKind::Unavailable, "the key service is away");
    Bytes ticket;
    put_be(ticket, static_cast<std::uint64_t>(store_.entries.size()));
    store_.entries[ticket] = {to_bytes(key.reveal()), to_bytes(binding)};
    return ticket;
  }
  Result<Secret> unwrap(ByteSpan wrapped, ByteSpan binding) override {
    if (store_.away) return fail(ErrorKind::Unavailable, "the key service is away");
    const auto found = store_.entries.find(to_bytes(wrapped));
    if (found == store_.entries.end() || found->second.binding != to_bytes(binding))
      return fail(ErrorKind::Corrupt, "not wrapped here for this");
    return Secret(found->second.key);
  }

 private:
  Store& store_;
};

}  // namespace sealane::keys
