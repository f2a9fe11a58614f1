// SPDX-License-Identifier: Apache-2.0
#include "prove/inherent.h"

#include <algorithm>
#include <array>

namespace sealane::prove {
namespace {

constexpr std::array kInherent = {
    Inherent{
        "iot",
        "the data plane of AWS IoT Core has no plaintext port: MQTT and HTTPS over TLS alone",
        "AWS IoT Core Developer Guide, device communication protocols (ports 443, 8443, 8883) and "
        "transport security",
        "2026-11-23"},
};

}  // namespace

std::optional<Inherent> inherent_of(std::string_view service) {
  const auto* const found = std::ranges::find(kInherent, service, &Inherent::service);
  if (found == kInherent.end()) return std::nullopt;
  return *found;
}

}  // namespace sealane::prove
