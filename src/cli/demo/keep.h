// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/env.h"
#include "base/result.h"
#include "cli/demo/attempts_lake.h"
#include "cli/demo/scene.h"

namespace sealane::cli::demo {

// Makes the folder that a run is kept in.  Errors: Conflict – it has something in it.
Status prepare_keep(const std::string& folder, Env& env);

// Leaves everything that somebody needs to recount a run without this program:
//   captures/<hop>.pcap, captures/control.pcap   every byte of every connection
//   lake/<key>                                   sealed bundles and the signed manifest
//   public/manifest.pub, public/ca.pem           public keys
//   <dataset>.key                                the raw key of the data set: 32 bytes, for
//   demonstrations markers/<thing>.csv                          `<marker as hex>,<date>,<location>`
//   logs/                                        of every process
//   result.json
Status keep_run(const Scene& scene, const LakeContents& lake, std::string_view result_json,
                const std::string& folder, Env& env);

}  // namespace sealane::cli::demo
