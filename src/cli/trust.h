// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/env.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/provision.h"
#include "identity/ca.h"
#include "identity/registry.h"
#include "identity/revocation.h"

namespace sealane::cli {

// The own CA, when there is state, and the authorities of the pipeline file, with their lists.
Result<std::shared_ptr<const identity::RevocationLists>> load_trust(Env& env,
                                                                    const LoadedPipeline& loaded);

struct IssuedCrl {
  std::string file;
  std::uint64_t number = 0;
  std::size_t entries = 0;
  Time this_update{};
  Time next_update{};
};
// Issues the CA's revocation list of everything that is revoked and has not expired, and puts it in
// the place of the present one.  Durability: the file is on disk when it returns.
Result<IssuedCrl> issue_crl(Env& env, const LoadedPipeline& loaded,
                            const identity::CertificateAuthority& ca, identity::Registry& registry,
                            Duration lifetime, Time now);

// What became of the revocation list after something was revoked.
struct RefreshedCrl {
  std::optional<IssuedCrl> issued{};
  std::string note{};  // why there is no new list, one line; empty when there is
};
enum class IfNoCrl {
  Leave,  // whoever never issued a list need not issue one every week from now on
  Issue,
};
// Issues the next list, for as long as the present one holds, when the CA's key can be opened.
RefreshedCrl refresh_crl(Env& env, const LoadedPipeline& loaded, identity::Registry& registry,
                         IfNoCrl if_none, Time now);

// Lines for people, and the members `crl` and `crl_note` of the object that `out` is in.
std::string to_text(const RefreshedCrl& crl);
void write_refreshed(json::Writer& out, const RefreshedCrl& crl);
// `crl`'s own members.
void write_issued(json::Writer& out, const IssuedCrl& crl);

// `--reason key-compromise`
void add_reason_option(CLI::App* command, crypto::RevocationReason& reason);

}  // namespace sealane::cli
