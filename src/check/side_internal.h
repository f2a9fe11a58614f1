// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "check/hops.h"
#include "check/names_internal.h"
#include "iac/lookup.h"

namespace sealane::check {

// What one row says about one side, after reading the input.
struct Control {
  const Row* row = nullptr;
  Effect effect;  // transport Unknown: `says` tells why
  pipeline::Basis basis{};
  std::vector<pipeline::Fact> facts;
  std::vector<std::string> notes;
  std::string proven;  // what was proved, one sentence
  std::string code;    // of an effect that is not green: `not-known`, `not-confirmed`, `policy`

  bool closes() const {
    return effect.transport == Transport::Tls || effect.transport == Transport::TlsUnverified;
  }
};

// One side of hops: what all rows together say of a resource, or of an element of it.
struct OneSide {
  std::uint32_t resource = 0;
  std::string hop{};      // a server's hop; what a client does: `destination`
  std::string element{};  // `[2]`, `[reports]`; empty: the resource
  std::vector<Control> controls{};
  const Target* to = nullptr;        // a client's
  std::vector<std::uint32_t> met{};  // the resources that a client goes to
  std::string label{};               // when there are none
};

// Effects of several settings, each of which may be used.
Effect any_of(const Effect& a, const Effect& b);
// `given` as the row's conditions see it: true and false are one for `1`, `on` and `yes` too.
bool same_value(std::string_view a, std::string_view b);

// Everything that a run asks again and again.
struct Context {
  const iac::System& system;
  const Rows& rows;
  const policy::Catalogue& catalogue;
  const Prover& prove;
  const Options& options;
  const Names& names;
  iac::Arena& arena;
};

// All sides of one resource.
std::vector<OneSide> sides_of(const Context& context, std::uint32_t resource);

// A policy reading: what the policies of `resource` deny.  `settings` are the documents.
struct PolicyQuestion {
  std::uint32_t resource = 0;  // what the policy protects
  std::string_view kind;       // `s3-bucket`
  std::uint32_t holder = 0;    // the resource that the setting stands in
  const iac::Setting* setting = nullptr;
  std::string_view property;  // path of the setting, without indices
};
Control read_policy(const Context& context, const Row& row, const PolicyQuestion& question);

// A guard reading: the resource control policy of the input that closes plaintext; nothing when
// none does.
std::optional<Control> read_guard(const Context& context, const Row& row, std::uint32_t resource);

// The text of a value for people; secrets are hidden, long texts cut.
std::string shown(const iac::Value& value);

}  // namespace sealane::check
