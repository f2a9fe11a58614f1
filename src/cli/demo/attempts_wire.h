// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/demo/attempt.h"

namespace sealane::cli::demo {

// The payload of attempts' publishes; they are no records of a station.
inline constexpr std::string_view kAttemptPayload = R"({"attempt":"publish"})";
// The attempt whose repaired client leaves one such record.
inline constexpr std::string_view kPublishAttempt = "publishing as another station";

using CredentialsPtr = std::shared_ptr<const tls::Credentials>;

// Who takes part in the attempts on connections.
struct WireCast {
  Target edge;
  Target lake;
  std::string bucket;
  std::string dataset;
  std::string ca_pem;
  std::string station;        // thing of a registered device
  std::string station_topic;  // where it may publish
  std::string other_topic;    // where another station may publish
  CredentialsPtr station_credentials;
  CredentialsPtr revoked_credentials;  // a certificate of `renewed_station` that was revoked
  std::string renewed_station;
  CredentialsPtr renewed_credentials;  // the one that it got afterwards
  CredentialsPtr self_signed_credentials;
  CredentialsPtr edge_credentials;
  CredentialsPtr trainer_credentials;
};

// Told of each attempt before it starts.
using Progress = std::function<void(const std::string& attempt)>;

// Attempts on the edge's listener: plaintext client, no certificate, self-signed certificate,
// revoked device, publishing as another station, TLS 1.2 client.
std::vector<Attempt> attempt_edge(WireCast& cast, const Progress& progress);
// Attempts on the lake's listener: a station reading, the trainer writing, a device posing as the
// edge.
std::vector<Attempt> attempt_lake(WireCast& cast, const Progress& progress);

}  // namespace sealane::cli::demo
