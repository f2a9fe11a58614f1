// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "cli/dataset_reader.h"
#include "cli/demo/attempts_wire.h"
#include "cli/demo/scene.h"

namespace sealane::cli::demo {

// The objects of a lake: key and bytes.
using LakeContents = std::map<std::string, Bytes>;

// Everything that a data set has in the lake: its manifest and its bundles, as they lie there.
Result<LakeContents> download_lake(const DatasetSource& source, const VerifiedManifest& manifest);

struct LakeCast {
  const Scene& scene;
  LakeContents contents;
  VerifiedManifest manifest;
};

// Attempts on what lies in the lake: bit flipped in a stored bundle, truncated bundle, deleted
// bundle, two bundles with swapped names, an old bundle put back, the whole lake rolled back with
// its manifest.  Each is made on a copy of the lake's objects that a lake process of its own
// serves; the trainer, who knows the newest head, reads it over HTTPS like any lake.
std::vector<Attempt> attempt_changed_lakes(LakeCast& cast, Env& env, const Clock& clock,
                                           const Progress& progress);

}  // namespace sealane::cli::demo
