// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/document.h"
#include "prove/prove.h"
#include "prove/scope.h"

namespace sealane::prove {

// Edits of one Deny statement, in the order in which they are tried.
enum class EditKind : std::uint8_t {
  WidenResource,   // with the ARNs of the scope that it leaves out
  WidenAction,     // to every action of the service
  WidenPrincipal,  // to everybody
  Invert,          // aws:SecureTransport `true` becomes `false`
  Split,           // plaintext and TLS version tested in two statements, not in one
  DropCondition,   // a condition about something else
  IfExists,        // the plaintext test takes in a missing key
  RaiseFloor,      // the test of the TLS version is against the floor
  LimitAllows,     // every Allow without a test of the transport holds over TLS alone
  AddDeny,         // a statement of its own
};

struct Edit {
  EditKind kind{};
  std::size_t statement = 0;
  std::string operator_name;  // DropCondition: which one
  std::string key_name;
};

// The edits that can be done to a document.
std::vector<Edit> possible_edits(const policy::Document& document, const Scope& scope,
                                 const Options& options, bool strict_presence);
// The text with an edit done; nothing when there is nothing to do.
struct Edited {
  std::string text;
  std::string what;
};
std::optional<Edited> apply_edit(const std::string& text, const Edit& edit, const Scope& scope,
                                 const Options& options);

}  // namespace sealane::prove
