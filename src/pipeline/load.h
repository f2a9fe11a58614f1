// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "pipeline/model.h"

namespace sealane::pipeline {

// Reads a pipeline file.
//
// Source:  schema/pipeline.schema.json.
// Result:  the pipeline when there is no Error; Warnings may stand beside it.
// Errors:  unknown keys, wrong types, names used twice, references to nothing, values below the
//          lowest floor, and values of later versions (`not in this version`), each at its place
//          with a hint; as many as there are.
// Bounds:  1 MiB of text, 1,000 nodes, hops and keys.
// Threads: pure.
Parsed<Pipeline> load_pipeline(std::string_view text, const std::string& file);

// Every key that the loader knows, with the path of the mapping in which it stands (`hops[].ack`).
// For the test that the schema says the same.
std::vector<std::string> known_keys();

}  // namespace sealane::pipeline
