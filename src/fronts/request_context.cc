// SPDX-License-Identifier: Apache-2.0
#include "fronts/request_context.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/utf8.h"

namespace sealane::fronts {
namespace {

// `TLSv1.3` → `1.3`, a number for Numeric operators.
std::string_view version_number(std::string_view version) {
  const std::size_t v = version.find('v');
  return v == std::string_view::npos ? version : version.substr(v + 1);
}

bool is_post_quantum(std::string_view group) {
  return group.find("MLKEM") != std::string_view::npos;
}

// The fields of a name that have a variable, by OpenSSL's names of the attributes.
// Source: AWS IoT Core, X.509 certificate policy variables.
struct Field {
  std::string_view attribute;
  std::string_view variable;
};
constexpr std::array<Field, 13> kFields = {{
    {"countryName", "Country"},
    {"organizationName", "Organization"},
    {"organizationalUnitName", "OrganizationalUnit"},
    {"stateOrProvinceName", "State"},
    {"commonName", "CommonName"},
    {"serialNumber", "SerialNumber"},
    {"title", "Title"},
    {"surname", "Surname"},
    {"givenName", "GivenName"},
    {"initials", "Initials"},
    {"pseudonym", "Pseudonym"},
    {"generationQualifier", "GenerationQualifier"},
    {"dnQualifier", "DistinguishedNameQualifier"},
}};

// A value that no condition sees and no variable becomes.  (Wildcards and separators of topics in a
// value are the evaluator's: they may be compared, and are not put into patterns.)
bool is_usable(const std::string& value) {
  constexpr std::size_t kValueMax = 1024;
  return !value.empty() && value.size() <= kValueMax && is_utf8(value) &&
         std::ranges::none_of(
             value, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

class CertificateKeys {
 public:
  explicit CertificateKeys(policy::Context& context) : context_(context) {}

  void add(const std::string& name, std::vector<std::string> values) {
    constexpr std::size_t kValuesMax = 5;
    if (values.size() > kValuesMax) values.resize(kValuesMax);
    const std::size_t usable = static_cast<std::size_t>(std::ranges::count_if(values, is_usable));
    if (usable == 0) return;
    names_.push_back(name);
    context_.set_certificate_field(name, values);
    if (usable == values.size()) return;
    // Places stay: what stands behind a value that is left out does not move up.
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (is_usable(values[i])) continue;
      if (i == 0) context_.erase(name);
      context_.erase(name + "." + std::to_string(i));
    }
    std::erase_if(values, [](const std::string& value) { return !is_usable(value); });
    context_.set_list(name + ".List", values);
  }

  void add_name(const std::string& prefix, const std::vector<crypto::NameAttribute>& attributes) {
    for (const Field& field : kFields) {
      std::vector<std::string> values;
      for (const crypto::NameAttribute& attribute : attributes)
        if (attribute.type == field.attribute) values.push_back(attribute.value);
      add(prefix + std::string(field.variable), std::move(values));
    }
  }

  void add_alternatives(const std::string& prefix, const crypto::AlternativeNames& names) {
    add(prefix + "RFC822Name", names.emails);
    add(prefix + "DNSName", names.dns_names);
    add(prefix + "DirectoryName", names.directories);
    add(prefix + "UniformResourceIdentifier", names.uris);
    add(prefix + "IPAddress", names.ip_addresses);
  }

  void finish() {
    if (!names_.empty()) context_.set_list("iot:Certificate.AvailableKeys", names_);
  }

 private:
  policy::Context& context_;
  std::vector<std::string> names_;
};

void add_certificate(policy::Context& context, const crypto::CertificateFacts& facts) {
  CertificateKeys keys(context);
  keys.add_name("iot:Certificate.Subject.", facts.subject_attributes);
  keys.add_name("iot:Certificate.Issuer.", facts.issuer_attributes);
  keys.add_alternatives("iot:Certificate.Subject.AlternativeName.", facts.subject_names);
  keys.add_alternatives("iot:Certificate.Issuer.AlternativeName.", facts.issuer_names);
  keys.finish();
  context.set("iot:Certificate.SerialNumber", facts.serial);
}

}  // namespace

policy::Context connection_context(const ConnectionFacts& facts) {
  policy::Context context;
  context.set_bool("aws:SecureTransport", true);
  context.set("aws:SourceIp", facts.source_ip);
  context.set("sealane:TlsVersion", version_number(facts.tls.version));
  context.set("sealane:TlsGroup", facts.tls.group);
  context.set("sealane:TlsSuite", facts.tls.suite);
  context.set_bool("sealane:PostQuantum", is_post_quantum(facts.tls.group));
  context.set_bool("sealane:Resumed", facts.tls.resumed);
  if (const auto& certificate = facts.tls.certificate) {
    const auto age = std::chrono::floor<std::chrono::days>(facts.now - certificate->not_before);
    context.set("sealane:CertificateAgeDays", std::to_string(age.count()));
    context.set("sealane:CertificateSha256", certificate->sha256);
    add_certificate(context, *certificate);
  }
  return context;
}

void add_device(policy::Context& context, const identity::Device& device,
                std::string_view client_id) {
  context.set("iot:ClientId", client_id);
  const bool attached = client_id == device.thing;
  context.set_bool("iot:Connection.Thing.IsAttached", attached);
  // Of the certificate, like the thing's groups at AWS: whatever the client calls itself.
  if (!device.groups.empty()) context.set_list("sealane:ThingGroups", device.groups);
  if (!attached) return;
  context.set("iot:Connection.Thing.ThingName", device.thing);
  if (!device.type.empty()) context.set("iot:Connection.Thing.ThingTypeName", device.type);
  for (const auto& [name, value] : device.attributes)
    context.set("iot:Connection.Thing.Attributes[" + name + "]", value);
}

Time next_age(const crypto::CertificateFacts& certificate, Time now) {
  using std::chrono::days;
  return certificate.not_before + std::chrono::floor<days>(now - certificate.not_before) + days(1);
}

policy::KeySet constant_keys(const policy::CompiledPolicies& policies) {
  return policies.key_set({"aws:securetransport", "aws:sourceip", "sealane:*", "iot:clientid",
                           "iot:connection.thing.*", "iot:certificate.*", "aws:principalarn"});
}

std::string_view ip_of(std::string_view peer) {
  if (peer.starts_with('[')) {
    const std::size_t end = peer.find(']');
    return end == std::string_view::npos ? peer : peer.substr(1, end - 1);
  }
  return peer.substr(0, peer.rfind(':'));
}

}  // namespace sealane::fronts
