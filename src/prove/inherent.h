// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace sealane::prove {

// An endpoint that takes TLS alone, whatever policies say: nothing need be configured.
struct Inherent {
  std::string_view service;  // the prefix of its actions: `iot`
  std::string_view text;     // one sentence
  std::string_view source;
  std::string_view read_on;  // the day on which the source said so
};
// The row of a service; nothing where its endpoint takes plaintext, or nobody has looked.
std::optional<Inherent> inherent_of(std::string_view service);

}  // namespace sealane::prove
