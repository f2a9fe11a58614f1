// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "gateway/admin_request.h"

namespace sealane::gateway {

// Asks a running node over its admin socket.  Blocks at most `limit`.
//
// Result: the answer's object; nothing when the node does not run.  That is said only if nobody
//         holds the node's lock, which a start takes before it reads anything that a command
//         changed before it asks.
// Errors: what the node answered; Timeout – it runs and does not answer; Denied – this user may not
//         ask it.
// Bounds: AdminLimits.  Threads: any.
Result<std::optional<json::Value>> ask_node(const std::string& node_folder,
                                            const AdminRequest& request,
                                            std::chrono::milliseconds limit);

}  // namespace sealane::gateway
