// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/env.h"
#include "cli/provision.h"
#include "keys/opener.h"
#include "net/https_client.h"

namespace sealane::cli {

// Who reads which data set, where.
struct ReaderRequest {
  std::string consumer;               // node of kind consumer; empty: the only one
  std::optional<tls::Endpoint> lake;  // in place of what the pipeline says
};

// Everything that a consumer needs: its verified connection, its keys, and where it keeps its head.
struct ReaderSetup {
  std::string consumer;
  std::string dataset;
  std::string manifest_key_pem;
  std::string head_file;  // `nodes/<consumer>/<dataset>.head`
  std::unique_ptr<net::HttpsClient> client;
  keys::Opener opener;
};

// Errors: NotFound – no such consumer, no hop to it, no key for the data set; Invalid – nobody says
//         where the lake is.
Result<ReaderSetup> set_up_reader(Env& env, const LoadedPipeline& loaded,
                                  const ReaderRequest& request, const Clock& clock);

// Raw keys `<dataset>-<epoch>.key` of a folder, as provision and `key export` write them.
Result<std::vector<keys::ExportedKey>> load_exported_keys(Env& env, const std::string& folder,
                                                          const std::string& dataset);

}  // namespace sealane::cli
