// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crypto/x509.h"

namespace sealane::identity {

enum class Role { Node, Device };

// Who a certificate is issued to: spiffe://<pipeline>/node/<name> or …/device/<thing>.
struct Identity {
  std::string pipeline;
  Role role = Role::Device;
  std::string name;

  friend bool operator==(const Identity&, const Identity&) = default;
};

// Names of pipelines, nodes and things: 1 to 128 of A-Z a-z 0-9 . _ : -, not starting with a dot.
// Safe as a file name and inside a URI.
bool is_name(std::string_view text);

std::string to_uri(const Identity& identity);
// Nothing when `uri` is not of that form.
std::optional<Identity> parse_uri(std::string_view uri);
// The identity of a certificate with exactly one spiffe URI; nothing otherwise.
std::optional<Identity> identity_of(const crypto::CertificateFacts& facts);

}  // namespace sealane::identity
