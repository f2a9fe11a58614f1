// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "tls/blocking_client.h"

namespace sealane::cli {

// Digits and nothing else, from 0 to 65535.
Result<std::uint16_t> parse_port(std::string_view text);

// `NODE=HOST:PORT`: where a node is, in place of what the pipeline file says.
Result<std::pair<std::string, tls::Endpoint>> parse_peer(std::string_view text);

}  // namespace sealane::cli
