// SPDX-License-Identifier: Apache-2.0
// Keys that are not in the tables of single services: the global ones, those that a service's
// principals carry to all others, and the variables of IoT device policies.
// Sources: IAM User Guide, "AWS global condition context keys"; IoT Core Developer Guide, "policy
// variables" pages.
#include <algorithm>
#include <array>

#include "policy/catalogue.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

using enum Presence;
constexpr auto kSingle = Context::Arity::Single;
constexpr auto kMulti = Context::Arity::Multi;

constexpr GlobalKey text(std::string_view name, Presence presence, std::string_view when) {
  return {{name, ValueType::String, kSingle}, presence, when};
}
constexpr GlobalKey texts(std::string_view name, std::string_view when) {
  return {{name, ValueType::String, kMulti}, Sometimes, when};
}
constexpr GlobalKey typed(std::string_view name, ValueType type, Presence presence,
                          std::string_view when) {
  return {{name, type, kSingle}, presence, when};
}
constexpr KeyFacts device(std::string_view name, ValueType type = ValueType::String) {
  return {name, type, kSingle};
}
constexpr KeyFacts device_list(std::string_view name) { return {name, ValueType::String, kMulti}; }

constexpr std::string_view kServiceCall = "a service principal calls for another resource";
constexpr std::string_view kEndpoint = "the request came through a VPC endpoint";
constexpr std::string_view kOrganization = "the principal's account is in an organization";

constexpr std::array kGlobalKeys = {
    text("aws:AssumedRoot", Sometimes, "the credentials come from AssumeRoot"),
    texts("aws:CalledVia", "a service called with the principal's credentials"),
    text("aws:CalledViaFirst", Sometimes, "a service called with the principal's credentials"),
    text("aws:CalledViaLast", Sometimes, "a service called with the principal's credentials"),
    typed("aws:ChatbotSourceArn", ValueType::Arn, Sometimes, "a chat client's role calls"),
    typed("aws:CurrentTime", ValueType::Date, Always, ""),
    typed("aws:Ec2InstanceSourcePrivateIPv4", ValueType::IpAddress, Sometimes,
          "the credentials are those of an instance"),
    text("aws:Ec2InstanceSourceVpc", Sometimes, "the credentials are those of an instance"),
    typed("aws:EpochTime", ValueType::Date, Always, ""),
    text("aws:FederatedProvider", Sometimes, "the principal is a federated session"),
    typed("aws:MultiFactorAuthAge", ValueType::Numeric, Sometimes,
          "temporary credentials were made with MFA"),
    typed("aws:MultiFactorAuthPresent", ValueType::Bool, Sometimes,
          "the credentials are temporary; never with long-term access keys"),
    text("aws:PrincipalAccount", Always, ""),
    typed("aws:PrincipalArn", ValueType::Arn, Sometimes,
          "the request is signed; absent for anonymous callers"),
    typed("aws:PrincipalIsAWSService", ValueType::Bool, Sometimes,
          "the request is signed; absent for anonymous callers"),
    text("aws:PrincipalOrgID", Sometimes, kOrganization),
    texts("aws:PrincipalOrgPaths", kOrganization),
    text("aws:PrincipalServiceName", Sometimes, "a service principal calls directly"),
    texts("aws:PrincipalServiceNamesList", "a service principal calls directly"),
    text("aws:PrincipalTag/${TagKey}", Sometimes, "the principal has the tag"),
    text("aws:PrincipalType", Always, ""),
    text("aws:referer", Sometimes, "the client sent the header"),
    text("aws:RequestedRegion", Always, ""),
    text("aws:RequestTag/${TagKey}", Sometimes, "the request passes the tag"),
    text("aws:ResourceAccount", Sometimes, "the request has a resource; not for some services"),
    text("aws:ResourceOrgID", Sometimes, "the resource's account is in an organization"),
    texts("aws:ResourceOrgPaths", "the resource's account is in an organization"),
    text("aws:ResourceTag/${TagKey}", Sometimes, "the resource has the tag"),
    typed("aws:SecureTransport", ValueType::Bool, Always, ""),
    text("aws:SourceAccount", Sometimes, kServiceCall),
    typed("aws:SourceArn", ValueType::Arn, Sometimes, kServiceCall),
    text("aws:SourceIdentity", Sometimes, "the session was given a source identity"),
    typed("aws:SourceIp", ValueType::IpAddress, Sometimes,
          "the request came over a public address, not through a VPC endpoint"),
    text("aws:SourceOrgID", Sometimes, kServiceCall),
    texts("aws:SourceOrgPaths", kServiceCall),
    text("aws:SourceVpc", Sometimes, kEndpoint),
    typed("aws:SourceVpcArn", ValueType::Arn, Sometimes, kEndpoint),
    text("aws:SourceVpce", Sometimes, kEndpoint),
    texts("aws:TagKeys", "the request passes tags"),
    typed("aws:TokenIssueTime", ValueType::Date, Sometimes, "the credentials are temporary"),
    text("aws:UserAgent", Always, ""),
    text("aws:userid", Always, ""),
    text("aws:username", Sometimes, "the principal is an IAM user"),
    typed("aws:ViaAWSService", ValueType::Bool, Always, ""),
    text("aws:VpceAccount", Sometimes, kEndpoint),
    text("aws:VpceOrgID", Sometimes, kEndpoint),
    texts("aws:VpceOrgPaths", kEndpoint),
    typed("aws:VpcSourceIp", ValueType::IpAddress, Sometimes, kEndpoint),
    // Carried by the sessions that a service makes for its own resources.
    typed("codebuild:BuildArn", ValueType::Arn, Sometimes, "a build calls"),
    typed("codebuild:ProjectArn", ValueType::Arn, Sometimes, "a build calls"),
    typed("ec2:RoleDelivery", ValueType::Numeric, Sometimes, "an instance's role calls"),
    typed("ec2:SourceInstanceArn", ValueType::Arn, Sometimes, "an instance's role calls"),
    text("glue:CredentialIssuingService", Sometimes, "a job's session calls"),
    text("glue:RoleAssumedBy", Sometimes, "a job's session calls"),
    text("identitystore:UserId", Sometimes, "the session has an identity of IAM Identity Center"),
    typed("lambda:SourceFunctionArn", ValueType::Arn, Sometimes, "a function's role calls"),
    typed("ssm:SourceInstanceArn", ValueType::Arn, Sometimes, "a managed node's role calls"),
};

constexpr std::array kIotDeviceKeys = {
    device("aws:SourceIp", ValueType::IpAddress),
    device("iot:ClientId"),
    device_list("iot:ConnectAttributes"),
    device("iot:DomainName"),
    device("iot:Connection.Thing.ThingName"),
    device("iot:Connection.Thing.ThingTypeName"),
    device("iot:Connection.Thing.Attributes[${Name}]"),
    device("iot:Connection.Thing.IsAttached", ValueType::Bool),
    device("iot:Certificate.SerialNumber"),
    device_list("iot:Certificate.AvailableKeys"),
    device_list("iot:Certificate.${Field}.List"),
    device("iot:Certificate.Subject.${Field}"),
    device("iot:Certificate.Issuer.${Field}"),
    device("cognito-identity.amazonaws.com:sub"),
    device("cognito-identity.amazonaws.com:aud"),
    device("cognito-identity.amazonaws.com:amr"),
};

}  // namespace

std::span<const GlobalKey> global_keys() { return kGlobalKeys; }

const GlobalKey* find_global_key(std::string_view name) {
  const auto at = std::ranges::find_if(
      kGlobalKeys, [&](const GlobalKey& key) { return key_matches(key.facts.name, name); });
  return at == kGlobalKeys.end() ? nullptr : &*at;
}

std::span<const KeyFacts> iot_device_keys() { return kIotDeviceKeys; }

const KeyFacts* find_iot_device_key(std::string_view name) {
  const auto at = std::ranges::find_if(
      kIotDeviceKeys, [&](const KeyFacts& key) { return key_matches(key.name, name); });
  return at == kIotDeviceKeys.end() ? nullptr : &*at;
}

}  // namespace sealane::policy
