// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"
#include "tls/blocking_client.h"

namespace sealane::gateway {

struct RunOptions {
  std::string pipeline_file;
  std::string state_folder;  // empty: `.sealane` beside the pipeline file
  std::string node;
  std::map<std::string, std::uint16_t> ports;  // listener (`mqtt`, `https`) → port, over the file's
  std::map<std::string, tls::Endpoint> peers;  // node → where it is, over the file's
  unsigned threads = 1;                        // loops of the MQTT front
  std::string passphrase_file;                 // opens the keyring in place of its unlock.key
  // What a variable of the environment holds; for PINs.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::string user = "nobody";  // who to become when started as root
};

// Runs one node of a pipeline until SIGTERM or SIGINT: a gateway or a store.  The composition root:
// everything is constructed here, in order, and handed to what uses it.
//
// Errors: what is wrong with the pipeline goes to `diagnostics`; Invalid then.  Unavailable – a
// port
//         is taken; Corrupt – the journal or the keyring is damaged; Unsupported – a node of a kind
//         that does not run.
Status run_node(const RunOptions& options, std::vector<Diagnostic>& diagnostics);

}  // namespace sealane::gateway
