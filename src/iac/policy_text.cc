// SPDX-License-Identifier: Apache-2.0
#include "iac/policy_text.h"

namespace sealane::iac {

Result<PolicyText> policy_text(const System&, std::uint32_t, const Setting&,
                               std::optional<std::uint32_t>) {
  return fail(ErrorKind::Unsupported, "not yet");
}
std::optional<std::string> known_arn(const System&, std::uint32_t) { return std::nullopt; }
std::optional<std::string> known_name(const System&, std::uint32_t) { return std::nullopt; }

}  // namespace sealane::iac
