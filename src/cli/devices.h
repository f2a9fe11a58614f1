// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "cli/provision.h"
#include "cli/trust.h"
#include "identity/registry.h"

namespace sealane::cli {

struct DeviceRequest {
  std::string thing;
  std::string csr_file{};    // empty, and no certificate_file: generate the key here
  std::string out_folder{};  // for cert.pem (and key.pem when generated); empty: `devices/<thing>`
  std::string certificate_file{};  // of a CA that the pipeline trusts: nothing is issued
  std::optional<std::string> type{};
  std::optional<std::vector<std::string>> groups{};
  std::vector<std::pair<std::string, std::string>> attributes{};  // over those of the things file
};
struct AddedDevice {
  std::string thing;
  std::string certificate_file;
  std::string key_file;  // empty when the device made its key itself
  std::string certificate_sha256;
  Time not_after{};
};

enum class DeviceStep {
  Add,    // a new identity, or a further certificate of one
  Renew,  // a further certificate of a thing that is registered and not revoked
};

// Issues certificates, or takes those given, and enters all of them in the registry in one
// transaction.  The CA is opened once, when the first certificate is issued.  A thing has the type
// and groups of its request, else those that it had; its attributes are those that it had, then,
// unless it is a renewal, the columns of the things file, then those of the request.
// Errors: NotFound – no things file of the pipeline lists a thing, or, to renew, it is not
//         registered; Invalid – a certificate given is not one that may be accepted; Conflict – a
//         thing to renew is revoked, or a certificate is registered.  After an error nothing is
//         registered.
Result<std::vector<AddedDevice>> add_devices(Env& env, const LoadedPipeline& loaded,
                                             std::span<const DeviceRequest> requests,
                                             DeviceStep step, Time now);
// The same for one.
Result<AddedDevice> add_device(Env& env, const LoadedPipeline& loaded, const DeviceRequest& request,
                               Time now);

struct RevokedDevice {
  std::uint64_t generation = 0;  // that a running gateway confirms
  RefreshedCrl crl{};
};
// Revokes every certificate of a thing in the registry and refreshes the revocation list.
// Errors: NotFound.  Durability: on disk when it returns.
Result<RevokedDevice> revoke_device(Env& env, const LoadedPipeline& loaded,
                                    const std::string& thing, crypto::RevocationReason reason,
                                    Time now);

}  // namespace sealane::cli
