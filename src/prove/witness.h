// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/request_json.h"
#include "prove/scope.h"

namespace sealane::prove {

// One concrete request that shows that a claim fails.
struct Counterexample {
  policy::RequestFile request;
  std::string tls;       // `none`, `1.0` … `1.3`: the transport it came over
  std::string sentence;  // for people
  // A command that shows it against the real service; empty where there is none.  It is printed and
  // never run.
  std::string command;
};

// The request as `sealane policy eval` reads it.
std::string request_json(const policy::RequestFile& request, int indent = 2);

}  // namespace sealane::prove
