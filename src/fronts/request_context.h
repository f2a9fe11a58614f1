// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/clock.h"
#include "identity/registry.h"
#include "policy/context.h"
#include "policy/evaluate.h"
#include "tls/connection.h"

namespace sealane::fronts {

// What a connection is known to be when its handshake is done.
struct ConnectionFacts {
  const tls::PeerFacts& tls;
  std::string_view source_ip;
  Time now;
};

// The one place where facts of a connection become condition keys, for every front:
// `aws:SecureTransport`, `aws:SourceIp`, `sealane:TlsVersion` (`1.3`), `sealane:TlsGroup`,
// `sealane:TlsSuite`, `sealane:PostQuantum`, `sealane:Resumed`, `sealane:CertificateAgeDays` (whole
// days at `now`), `sealane:CertificateSha256`, `iot:Certificate.SerialNumber`
// (hex), `iot:Certificate.AvailableKeys` (the names without a place), and what the certificate has
// of `iot:Certificate.{Subject,Issuer}.*` and `….AlternativeName.*`, each in the forms of
// policy::Context::set_certificate_field.  Values that are not UTF-8, have control characters or
// are over 1,024 bytes are left out; those behind them keep their places.
policy::Context connection_context(const ConnectionFacts& facts);

// `iot:Connection.Thing.ThingName`, `…ThingTypeName`, `…IsAttached`, `…Attributes[name]`.  These
// are present only when the client id is the thing's name, as AWS IoT Core has it; `iot:ClientId`
// is always set, and `sealane:ThingGroups` whenever the thing is in a group.
void add_device(policy::Context& context, const identity::Device& device,
                std::string_view client_id);

// When `sealane:CertificateAgeDays` is next another number.
Time next_age(const crypto::CertificateFacts& certificate, Time now);

// The keys above: while a connection lives they change by the registry and at next_age() alone, so
// that until then a decision that read no other may be kept.
policy::KeySet constant_keys(const policy::CompiledPolicies& policies);

// `1.2.3.4` of `1.2.3.4:567`; `::1` of `[::1]:567`.
std::string_view ip_of(std::string_view peer_address);

}  // namespace sealane::fronts
