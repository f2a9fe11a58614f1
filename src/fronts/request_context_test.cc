// SPDX-License-Identifier: Apache-2.0
#include "fronts/request_context.h"

#include <gtest/gtest.h>

namespace sealane::fronts {
namespace {

const Time kNow = Time(std::chrono::seconds(1'760'000'000));

// The values of a key; nothing when the request has none.
std::vector<std::string> values(const policy::Context& context, std::string_view lower_key) {
  const policy::Context::Entry* entry = context.find(lower_key);
  return entry == nullptr ? std::vector<std::string>() : entry->values;
}
using Values = std::vector<std::string>;

tls::PeerFacts peer(crypto::CertificateFacts certificate) {
  certificate.not_before = kNow - std::chrono::hours(49);
  certificate.serial = "0a1b";
  tls::PeerFacts out;
  out.version = "TLSv1.3";
  out.certificate = std::move(certificate);
  return out;
}

TEST(CertificateKeys, ARepeatedFieldHasItsFirstValueItsPlacesAndAList) {
  crypto::CertificateFacts facts;
  facts.subject_attributes = {{"organizationName", "Acme"},
                              {"organizationalUnitName", "roof"},
                              {"organizationalUnitName", "lab"},
                              {"commonName", "seattle"},
                              {"emailAddress", "no variable"}};
  facts.issuer_attributes = {{"commonName", "Acme devices"}, {"dnQualifier", "q"}};
  facts.subject_names.dns_names = {"a.example", "b.example"};
  facts.subject_names.emails = {"me@example"};
  facts.issuer_names.uris = {"https://ca.example"};
  const tls::PeerFacts tls = peer(facts);
  const policy::Context context = connection_context({tls, "192.0.2.1", kNow});
  const std::string subject = "iot:certificate.subject.";
  EXPECT_EQ(values(context, subject + "organizationalunit"), Values{"roof"});
  EXPECT_EQ(values(context, subject + "organizationalunit.1"), Values{"lab"});
  EXPECT_EQ(values(context, subject + "organizationalunit.2"), Values{});
  EXPECT_EQ(values(context, subject + "organizationalunit.list"), (Values{"roof", "lab"}));
  EXPECT_EQ(context.find(subject + "organizationalunit.list")->arity,
            policy::Context::Arity::Multi);
  EXPECT_EQ(values(context, subject + "commonname"), Values{"seattle"});
  EXPECT_EQ(values(context, subject + "country"), Values{});
  EXPECT_EQ(values(context, "iot:certificate.issuer.commonname"), Values{"Acme devices"});
  EXPECT_EQ(values(context, "iot:certificate.issuer.distinguishednamequalifier"), Values{"q"});
  EXPECT_EQ(values(context, subject + "alternativename.dnsname.1"), Values{"b.example"});
  EXPECT_EQ(values(context, subject + "alternativename.rfc822name"), Values{"me@example"});
  EXPECT_EQ(values(context, "iot:certificate.issuer.alternativename.uniformresourceidentifier"),
            Values{"https://ca.example"});
  EXPECT_EQ(values(context, "iot:certificate.serialnumber"), Values{"0a1b"});
  EXPECT_EQ(values(context, "sealane:certificateagedays"), Values{"2"});
  const Values available = values(context, "iot:certificate.availablekeys");
  EXPECT_EQ(available.size(), 8u);
  EXPECT_EQ(available.front(), "iot:Certificate.Subject.Organization");
}

TEST(CertificateKeys, UnusableValuesAreLeftOutAndTheOthersKeepTheirPlaces) {
  crypto::CertificateFacts facts;
  for (const std::string& value : {std::string("a\nb"), std::string("good"), std::string(1025, 'x'),
                                   std::string("\xff"), std::string("fifth"), std::string("sixth")})
    facts.subject_attributes.push_back({"organizationalUnitName", value});
  facts.subject_attributes.push_back({"title", std::string("nul\0", 4)});
  // Wildcards may be compared; the evaluator does not put them into patterns.
  facts.subject_attributes.push_back({"commonName", "+"});
  const tls::PeerFacts tls = peer(facts);
  const policy::Context context = connection_context({tls, "192.0.2.1", kNow});
  const std::string unit = "iot:certificate.subject.organizationalunit";
  for (const char* gone : {"", ".0", ".2", ".3", ".5"})
    EXPECT_EQ(values(context, unit + gone), Values{}) << gone;
  EXPECT_EQ(values(context, unit + ".1"), Values{"good"});
  EXPECT_EQ(values(context, unit + ".4"), Values{"fifth"});
  EXPECT_EQ(values(context, unit + ".list"), (Values{"good", "fifth"}));
  EXPECT_EQ(values(context, "iot:certificate.subject.title"), Values{});
  EXPECT_EQ(values(context, "iot:certificate.subject.commonname"), Values{"+"});
}

TEST(ThingKeys, TypeGroupsAndAttributesAreThoseOfTheRegistry) {
  identity::Device device{.thing = "seattle",
                          .certificate_sha256 = std::string(64, 'a'),
                          .serial = "01",
                          .attributes = {{"site", "north"}},
                          .type = "station",
                          .groups = {"lab", "roof"}};
  policy::Context context;
  add_device(context, device, "seattle");
  EXPECT_EQ(values(context, "iot:connection.thing.thingname"), Values{"seattle"});
  EXPECT_EQ(values(context, "iot:connection.thing.thingtypename"), Values{"station"});
  EXPECT_EQ(values(context, "iot:connection.thing.attributes[site]"), Values{"north"});
  EXPECT_EQ(values(context, "iot:connection.thing.isattached"), Values{"true"});
  EXPECT_EQ(values(context, "sealane:thinggroups"), (Values{"lab", "roof"}));
  EXPECT_EQ(context.find("sealane:thinggroups")->arity, policy::Context::Arity::Multi);
}

TEST(ThingKeys, AClientUnderAnotherNameLosesTheThingsKeysButNotItsGroups) {
  identity::Device device{.thing = "seattle",
                          .certificate_sha256 = std::string(64, 'a'),
                          .serial = "01",
                          .attributes = {{"site", "north"}},
                          .type = "station",
                          .groups = {"banned"}};
  policy::Context context;
  add_device(context, device, "somebody");
  EXPECT_EQ(values(context, "iot:connection.thing.isattached"), Values{"false"});
  for (const char* key : {"iot:connection.thing.thingname", "iot:connection.thing.thingtypename",
                          "iot:connection.thing.attributes[site]"})
    EXPECT_EQ(values(context, key), Values{}) << key;
  // A Deny on a group holds whatever the client calls itself.
  EXPECT_EQ(values(context, "sealane:thinggroups"), Values{"banned"});
}

}  // namespace
}  // namespace sealane::fronts
