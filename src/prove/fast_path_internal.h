// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include "policy/document.h"
#include "prove/scope.h"

namespace sealane::prove {

// What a statement takes in by its text: everybody; every action of a service; every ARN of a
// shape. False when it needs more than a look.
bool covers_everybody(const policy::Statement& statement);
bool covers_actions(const policy::Statement& statement, std::string_view service);
bool covers_shape(const policy::Document& document, const policy::Statement& statement,
                  const ArnShape& shape);

// A Deny that by its text alone denies every plaintext request in scope: everybody, every action
// and resource, and one condition that aws:SecureTransport is false.  Nothing: ask the solvers.
struct FastPath {
  std::size_t document = 0;
  std::size_t statement = 0;
  bool needs_presence = true;  // the condition does not hold when the key is missing
};
std::optional<FastPath> enforced_by_text(const Scope& scope,
                                         std::span<const policy::Document> documents);

}  // namespace sealane::prove
