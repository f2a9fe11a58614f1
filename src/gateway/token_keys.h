// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/env.h"
#include "keys/keyring.h"
#include "keys/provider_finder.h"
#include "pipeline/model.h"

namespace sealane::gateway {

// A key of the pipeline that is under a token; `folder` is that of the pipeline file.
Result<keys::Pkcs11Key> token_key(const pipeline::TokenKey& key, const std::string& folder);

// Finds providers as the pipeline file says; reads the PINs.  Errors: name the key.
Result<std::shared_ptr<keys::ProviderFinder>> finder_of(
    Env& env, const pipeline::Pipeline& pipeline, const std::string& folder,
    keys::ProviderFinder::Environment environment);
// For KeyringParts::provider_for.
decltype(keys::KeyringParts::provider_for) provider_for(
    std::shared_ptr<keys::ProviderFinder> finder);

// Errors: Conflict – a key of the keyring has another provider than the pipeline file says.
Status check_providers(const keys::Keyring& keyring, const pipeline::Pipeline& pipeline);

}  // namespace sealane::gateway
