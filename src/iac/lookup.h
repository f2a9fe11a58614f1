// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
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
class Arena {
 public:
  Value& add(Value value) { return values_.emplace_back(std::move(value)); }

 private:
  std::deque<Value> values_;  // stays where it is
};

// Finds a property, or every property that a path with `[]` or a selector names.
//
// Input:   names joined by `.`; `["a.b"]` a name with a point in it; `[]` every element of a list,
//          (a map is its own only element), `[*]` every field of a map; `[2]` one of them;
//          `[name=rds.force_ssl]` the elements whose field has that text; `|json` what stands as
//          JSON in a text (a property that already is a map or list stays); `|properties` the
//          `key=value` lines or `;` pairs of a text as a map; `**.Name` every field of that name
//          beneath.  `content|json.A.B` goes on inside.  A list where a block is meant is entered
//          without an index: a list of one as the block, a longer one as `[]`.
// Result:  one setting at least, in the input's order.  The five shapes of an omitted property are
//          all Omitted: absent, null, an empty list, for Terraform empty text and zero, and absent
//          but "known after apply" without being given (../../docs/formats/service-rows.md).
//          A selector that matches nothing is Omitted too, unless an element's field is unknown.
// Errors:  Invalid – the path's own syntax.
// Threads: pure.
Result<std::vector<Setting>> lookup(const Resource& resource, std::string_view path, Arena& arena);

// A map inside a resource as if it were a resource: a setting that is Given, and `given` as it is
// beneath its path.  Unknown properties of a dynamic block stay Unknown.
Resource element_of(const Resource& whole, const Setting& setting);

}  // namespace sealane::iac
