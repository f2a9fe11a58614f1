// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string_view>

namespace sealane::prove {

// What a proof takes for granted about requests and cannot see in a policy.
enum class Axiom : std::uint8_t {
  A1,   // aws:SecureTransport is always present
  A3,   // TlsVersion is absent without TLS
  A4,   // TlsVersion is present over TLS, but for the actions that are not listed with it
  A5,   // endpoints take TLS 1.2 and newer alone
  A6,   // aws:PrincipalIsAWSService
  A7,   // aws:ViaAWSService, aws:CalledVia
  A8,   // aws:SourceIp and the keys of VPC endpoints
  A9,   // what an anonymous request lacks
  A11,  // the catalogue's actions are all there are
  A12,  // the policies that were given are all there are
  A13,  // whom an organization's policies bind
  A14,  // resource ARNs are well-formed
  A15,  // identity policies, boundary and session policies are those of whoever asks
  A16,  // requests come through the endpoint whose policy was given
  A17,  // sets that only limit are compared as if others granted everything
  A18,  // thing variables of AWS IoT Core
  A19,  // names of things
  A20,  // iot:Receive
  A21,  // publishing over HTTPS
};

struct AxiomFacts {
  Axiom axiom;
  std::string_view name;    // `A1`
  std::string_view text;    // one sentence
  std::string_view source;  // where it is documented, or that it is not
  bool can_be_off;          // `--without A1`
};
std::span<const AxiomFacts> axioms();
const AxiomFacts& facts_of(Axiom axiom);
std::optional<Axiom> parse_axiom(std::string_view name);

using AxiomSet = std::set<Axiom>;
// Every axiom.
AxiomSet all_axioms();

}  // namespace sealane::prove
