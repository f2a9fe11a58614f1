// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iac/system.h"

namespace sealane::iac {

// What an input says of one property.
enum class Presence : std::uint8_t {
  Given,    // `value` is what will be there
  Omitted,  // the service's default decides
  Unknown,  // somebody gave it, and the input does not tell the value; `why` says why
};

struct Setting {
  Presence presence = Presence::Omitted;
  const Value* value = nullptr;  // Given, and owned by the resource or by the lookup's arena
  std::string path;              // with indices: `listener[2].protocol`
  std::string why;               // Unknown
  Place place;                   // of the value, or of the nearest thing above that exists
};

// Values that a lookup made, such as the document in a text property; it outlives the settings.
class Arena;

// Finds a property, or every property that a path with `[]` or a selector names.
//
// Input:   names joined by `.`; `[]` every element of a list; `[name=rds.force_ssl]` the elements
//          whose field has that text; `|json` what stands as JSON in a text; `|properties` the
//          `key=value` lines or `;` pairs of a text; `**.Name` every field of that name beneath.
//          A list of one where a block is meant is entered without an index.
// Result:  one setting at least.  The five shapes of an omitted property are all Omitted: absent,
//          null, an empty list, empty text or zero where the schema means "unset", and absent but
//          "known after apply" without being given (../../docs/formats/service-rows.md).
// Errors:  Invalid – the path's own syntax.
// Threads: pure.
Result<std::vector<Setting>> lookup(const Resource& resource, std::string_view path, Arena& arena);

}  // namespace sealane::iac
