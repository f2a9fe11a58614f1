// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "policy/context.h"
#include "policy/principal.h"

namespace sealane::policy {

// What cannot be told from a principal and an ARN, and exempts from an organization's policies.
struct Exemptions {
  bool principal_in_management_account = false;  // no SCP binds it
  bool resource_in_management_account = false;   // no RCP binds it
  bool aws_managed_key = false;                  // the KMS key is AWS's own: no RCP binds it
  bool service_without_rcps = false;             // RCPs do not reach the resource's service
};

// What becomes of a variable of a device policy whose value has `*`, `$`, `+`, `?`, `#` or `/`.
enum class VariableRule : std::uint8_t {
  Guarded,  // it is not substituted: an Allow does not match, a Deny that could is not evaluable
  AsSent,   // `iot:ClientId` is substituted whatever it has, as AWS IoT Core documents it
};

// One question.  Everything is borrowed and must outlive the call.
struct Request {
  const Principal& principal;  // Principal::device() for a device, Principal::anonymous()
  std::string_view action;     // `iot:Publish`
  std::string_view resource;   // an ARN; `*` for an action without a resource
  const Context& context;
  Time now;
  // Who owns the resource.  Empty: the ARN's account.  When that is empty too, as in S3's ARNs, the
  // resource is taken for one of the principal's own account.
  std::string_view resource_account = {};
  Exemptions exemptions = {};
  VariableRule variables = VariableRule::Guarded;
};

}  // namespace sealane::policy
