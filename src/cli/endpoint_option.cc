// SPDX-License-Identifier: Apache-2.0
#include "cli/endpoint_option.h"

#include <charconv>

namespace sealane::cli {

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(ErrorKind::Invalid, "`" + std::string(text) + "` is not a port",
                "a port is a number from 0 to 65535");
  return port;
}

Result<std::pair<std::string, tls::Endpoint>> parse_peer(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::size_t colon = text.rfind(':');
  const bool shaped = equals != std::string_view::npos && equals > 0 &&
                      colon != std::string_view::npos && colon > equals + 1;
  if (!shaped)
    return fail(ErrorKind::Invalid, "`" + std::string(text) + "` does not say where a node is",
                "write --peer lake=10.0.0.7:9443");
  SEALANE_ASSIGN(const std::uint16_t port, parse_port(text.substr(colon + 1)));
  return std::pair(std::string(text.substr(0, equals)),
                   tls::Endpoint{std::string(text.substr(equals + 1, colon - equals - 1)), port});
}

}  // namespace sealane::cli
