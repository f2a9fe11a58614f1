// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "crypto/sign.h"
#include "keys/manifest.h"
#include "keys/opener.h"
#include "store/object_store.h"
#include "store/tar.h"

namespace sealane::gateway {

// For tests: what a trainer finds in a lake.
struct LakeRecord {
  std::uint64_t sequence = 0;
  std::string thing;
  std::string payload;
};
struct LakeContents {
  std::vector<keys::ManifestEntry> entries;
  std::vector<LakeRecord> records;  // in order of the manifest
};

// Reads everything that the verified manifest of `dataset` names, the way a trainer does.
inline Result<LakeContents> read_lake(store::ObjectStore& lake, keys::Opener& opener,
                                      const crypto::Ed25519PublicKey& key,
                                      const std::string& pipeline, const std::string& dataset) {
  LakeContents out;
  SEALANE_ASSIGN(auto own_key, crypto::Ed25519PublicKey::from_raw(key.raw()));
  keys::ManifestVerifier verifier(dataset, std::move(own_key));
  SEALANE_ASSIGN(const auto page,
                 lake.list({.prefix = dataset + "/manifest/", .max_keys = 1u << 20}));
  for (const store::ObjectInfo& object : page.objects) {
    SEALANE_ASSIGN(const Bytes file, lake.get(object.key, 0, 1u << 20));
    SEALANE_ASSIGN(const keys::ManifestEntry entry, verifier.add(as_text(file)));
    SEALANE_ASSIGN(const Bytes sealed, lake.get(entry.name, 0, 1u << 30));
    SEALANE_TRY(keys::check_bundle(entry, sealed));
    SEALANE_ASSIGN(const auto opened, opener.open(sealed, keys::bundle_context(pipeline, entry)));
    SEALANE_ASSIGN(const auto members, store::tar_read(opened.plaintext));
    for (std::size_t i = 0; i + 1 < members.size(); i += 2) {
      auto facts = json::parse(as_text(members[i].data));
      if (!facts.value) return fail(ErrorKind::Corrupt, "facts that are not JSON");
      LakeRecord record;
      for (char c : members[i].name.substr(0, 20))
        record.sequence = record.sequence * 10 + static_cast<std::uint64_t>(c - '0');
      if (members[i].name.substr(0, 20) != members[i + 1].name.substr(0, 20))
        return fail(ErrorKind::Corrupt, "a record without facts");
      record.thing = std::string(facts.value->text_or_empty("thing"));
      record.payload = to_text(members[i + 1].data);
      out.records.push_back(std::move(record));
    }
    out.entries.push_back(entry);
  }
  SEALANE_ASSIGN(const auto summary, verifier.finish());
  static_cast<void>(summary);
  return out;
}

}  // namespace sealane::gateway
