// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/env.h"
#include "base/result.h"
#include "base/secret.h"

namespace sealane::keys {

// What a keyring was when it was last changed.  Format: docs/formats/keyring.md.
struct Anchor {
  std::uint64_t generation = 0;
  std::map<std::string, std::uint32_t, std::less<>> epochs;  // newest one of each key
};

// Errors: NotFound; Corrupt – not written under that key.
Result<Anchor> read_anchor(Env& env, const std::string& path, const Secret& seal_key);
// Errors: NotFound – no such folder; those of the Env.  Durability: on disk when it returns.
Status write_anchor(Env& env, const std::string& path, const Anchor& anchor,
                    const Secret& seal_key);

}  // namespace sealane::keys
