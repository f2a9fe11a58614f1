// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace sealane::gateway {

struct StatusRequest {};
struct ReloadRequest {};
// Answered when every worker has the registry of this generation or a newer one.
struct ConfirmRequest {
  std::uint64_t registry_generation = 0;
};
struct WhyRequest {
  std::string name;  // a thing or node; empty: anybody
  std::string peer;  // an address; empty: any
  std::size_t last = 20;
};
struct ConnectionsRequest {
  std::size_t most = 1000;
};
using AdminRequest =
    std::variant<StatusRequest, ReloadRequest, ConfirmRequest, WhyRequest, ConnectionsRequest>;

struct AdminLimits {
  static constexpr std::size_t kRequestBytesMax = 4096;
  static constexpr std::size_t kAnswerBytesMax = 16u << 20;
  static constexpr std::size_t kLastMax = 4096;
  static constexpr std::size_t kConnectionsMax = 20'000;
};

// One request of the admin socket, without its newline.
//
// Source:  docs/formats/admin-socket.md.
// Errors:  Invalid – no JSON object, no such request, a member that it does not have, or a number
//          out of bounds.
// Threads: pure.
Result<AdminRequest> parse_admin_request(std::string_view line);
// The same request as text, without newline.
std::string to_text(const AdminRequest& request);

}  // namespace sealane::gateway
