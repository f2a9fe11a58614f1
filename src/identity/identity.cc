// SPDX-License-Identifier: Apache-2.0
#include "identity/identity.h"

namespace sealane::identity {
namespace {

constexpr std::string_view kScheme = "spiffe://";

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == ':' || c == '-';
}

}  // namespace

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 128 || text.front() == '.') return false;
  for (const char c : text) {
    if (!is_name_character(c)) return false;
  }
  return true;
}

std::string to_uri(const Identity& identity) {
  return std::string(kScheme) + identity.pipeline +
         (identity.role == Role::Node ? "/node/" : "/device/") + identity.name;
}

std::optional<Identity> parse_uri(std::string_view uri) {
  if (!uri.starts_with(kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  const std::size_t first = uri.find('/');
  const std::size_t second = first == std::string_view::npos ? first : uri.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view pipeline = uri.substr(0, first);
  const std::string_view role = uri.substr(first + 1, second - first - 1);
  const std::string_view name = uri.substr(second + 1);
  if (!is_name(pipeline) || !is_name(name) || (role != "node" && role != "device"))
    return std::nullopt;
  return Identity{.pipeline = std::string(pipeline),
                  .role = role == "node" ? Role::Node : Role::Device,
                  .name = std::string(name)};
}

std::optional<Identity> identity_of(const crypto::CertificateFacts& facts) {
  std::optional<Identity> found;
  for (const std::string& uri : facts.uris) {
    if (!uri.starts_with(kScheme)) continue;
    if (found) return std::nullopt;
    found = parse_uri(uri);
    if (!found) return std::nullopt;
  }
  return found;
}

}  // namespace sealane::identity
