// SPDX-License-Identifier: Apache-2.0
#include "prove/axioms.h"

#include <algorithm>

namespace sealane::prove {
namespace {

constexpr std::array<AxiomFacts, 19> kAxioms = {{
    {Axiom::A1, "A1", "every request has aws:SecureTransport",
     "IAM User Guide, global condition keys; AWS's own HTTPS-only sample policies use BoolIfExists",
     true},
    {Axiom::A3, "A3", "a request without TLS has no TlsVersion key",
     "implied by AWS re:Post on enforcing TLS 1.2; not stated", true},
    {Axiom::A4, "A4",
     "a request over TLS has its service's TlsVersion key, for the actions listed with it",
     "Service Authorization Reference", true},
    {Axiom::A5, "A5", "AWS endpoints take TLS 1.2 and newer alone",
     "AWS Storage Blog, update of 8 April 2024", true},
    {Axiom::A6, "A6",
     "aws:PrincipalIsAWSService is there for signed requests alone, and true for services' own "
     "calls alone; aws:PrincipalServiceName is of these",
     "IAM User Guide, global condition keys", true},
    {Axiom::A7, "A7",
     "aws:ViaAWSService is always there; it is true, and aws:CalledVia there, only for signed "
     "requests that a service makes for somebody",
     "IAM User Guide, global condition keys", true},
    {Axiom::A8, "A8",
     "aws:SourceIp is absent, and aws:SourceVpc, aws:SourceVpce and aws:VpcSourceIp are present, "
     "only through a VPC endpoint",
     "IAM User Guide, global condition keys", true},
    {Axiom::A9, "A9",
     "an anonymous request has none of the keys about its principal but aws:PrincipalAccount, "
     "aws:PrincipalType and aws:userid, which say that it is anonymous",
     "IAM User Guide, global condition keys", true},
    {Axiom::A11, "A11", "actions and their resources are those of the shipped catalogue",
     "Service Authorization Reference, restated; the catalogue says its date", false},
    {Axiom::A12, "A12",
     "the policies that were given are all there are: no other identity policy, resource policy or "
     "grant allows anything",
     "by definition of the claim", false},
    {Axiom::A13, "A13",
     "accounts are members of the organization, none is its management account, and no role is "
     "service-linked",
     "AWS Organizations User Guide, effects of service and resource control policies", false},
    {Axiom::A14, "A14", "ARNs and values in requests are well-formed",
     "Service Authorization Reference, resource types", false},
    {Axiom::A15, "A15",
     "the identity policies, boundaries and session policies that were given are those of whoever "
     "asks, in whatever account",
     "by definition of the claim", false},
    {Axiom::A16, "A16", "every request comes through the VPC endpoint whose policy was given",
     "by definition of the claim", false},
    {Axiom::A17, "A17", "other policies grant everything, for what was given only limits",
     "by definition of the claim", false},
    {Axiom::A18, "A18",
     "thing variables are there only for a client whose id is the name of a thing that is attached "
     "to its certificate",
     "AWS IoT Core Developer Guide, thing policy variables; not so for exclusive things", true},
    {Axiom::A19, "A19", "names of things have no `/`, `+`, `#`, `*`, `?` and `$`",
     "AWS IoT API Reference, CreateThing", false},
    {Axiom::A20, "A20", "iot:Receive is asked for on each delivery",
     "AWS IoT Core Developer Guide, policy actions", false},
    {Axiom::A21, "A21", "a publish over HTTPS has no client id and no thing variables",
     "AWS IoT Core Developer Guide, policy variables: over MQTT alone", false},
}};

}  // namespace

std::span<const AxiomFacts> axioms() { return kAxioms; }

const AxiomFacts& facts_of(Axiom axiom) {
  return *std::ranges::find(kAxioms, axiom, &AxiomFacts::axiom);
}

std::optional<Axiom> parse_axiom(std::string_view name) {
  const auto* const found = std::ranges::find(kAxioms, name, &AxiomFacts::name);
  if (found == kAxioms.end()) return std::nullopt;
  return found->axiom;
}

AxiomSet all_axioms() {
  AxiomSet all;
  for (const AxiomFacts& facts : kAxioms) all.insert(facts.axiom);
  return all;
}

}  // namespace sealane::prove
