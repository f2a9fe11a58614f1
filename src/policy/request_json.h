// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "policy/catalogue.h"
#include "policy/request.h"

namespace sealane::policy {

// A request that owns what policy::Request borrows.
struct RequestFile {
  Principal principal = Principal::device();
  bool names_principal = false;
  std::string action;
  std::string resource;
  std::string resource_account;
  Context context;
  std::optional<Time> now;  // nothing: the file does not say
  Exemptions exemptions;
  VariableRule variables = VariableRule::Guarded;

  // Views into this object.
  Request at(Time instant) const;
};

struct RequestLimits {
  std::size_t bytes_max = 1u << 20;
  std::size_t keys_max = 1'000;
  std::size_t values_max = 10'000;
  std::size_t value_bytes_max = 64u << 10;
};

// Reads a request:
//
//   {"principal": "arn:aws:iam::123456789012:role/edge",   or {"AWS" | "Service" | "Federated":
//   ...}
//    "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "resource_account": "123456789012",
//    "context": {"aws:SecureTransport": true, "aws:TagKeys": ["a", "b"]}, "now": "2027-06-30"}
//
// Input:   `principal`: as parse_principal reads it; the ARN of a certificate or thing of IoT Core
// is
//          a device; left out: whoever the identity documents belong to.  `resource` left out: `*`.
//          Numbers in `context` keep their text.  How many values a key has is what the catalogue
//          says, for keys that it does not know what the file does.  `aws:CurrentTime` and
//          `aws:EpochTime` are other names of `now`; `aws:PrincipalArn` gives a session its role's
//          path and must else agree with `principal`.
//          `variables`: `guarded` (left out: the same) or `as-sent`, how VariableRule has it.
// Errors:  syntax, members that there are not, values of another form, a list of several values for
//          a key that has one, two times, limits: each with its place.
// Bounds:  limits; linear in the text.
// Threads: pure.
Parsed<RequestFile> parse_request(std::string_view text, const std::string& file,
                                  const Catalogue& catalogue, const RequestLimits& limits = {});

}  // namespace sealane::policy
