// SPDX-License-Identifier: Apache-2.0
// Rules about policies of AWS IoT Core devices.
#include <algorithm>
#include <array>

#include "policy/lint_internal.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

// Source: IoT Core Developer Guide, "policy actions".  The reference lists those on jobs under
// another prefix, and the credential provider's not at all.
constexpr std::array<std::string_view, 16> kDeviceActions = {"iot:connect",
                                                             "iot:publish",
                                                             "iot:subscribe",
                                                             "iot:receive",
                                                             "iot:retainpublish",
                                                             "iot:getretainedmessage",
                                                             "iot:listretainedmessages",
                                                             "iot:getthingshadow",
                                                             "iot:updatethingshadow",
                                                             "iot:deletethingshadow",
                                                             "iot:listnamedshadowsforthing",
                                                             "iot:describejobexecution",
                                                             "iot:getpendingjobexecutions",
                                                             "iot:startnextpendingjobexecution",
                                                             "iot:updatejobexecution",
                                                             "iot:assumerolewithcertificate"};

constexpr std::string_view kClientIdVariable = "${iot:clientid}";

// The resource's own part, lower case where it names a variable or a type.
std::string own_part(std::string_view arn) {
  for (int i = 0; i < 5; ++i) {
    const std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return to_lower(arn);
    arn.remove_prefix(colon + 1);
  }
  return to_lower(arn);
}

bool names_action(const LintStatement& statement, std::string_view action) {
  if (statement.action_polarity != Polarity::Listed) return false;
  return std::ranges::any_of(statement.actions, [&](const SourceText& a) {
    return equal_ignoring_case(a.text, action) || is_everything(a.text) ||
           equal_ignoring_case(a.text, "iot:*");
  });
}

// AWS's own audit takes the condition for what ties a client id to a registered thing.
bool asks_attached(const LintStatement& statement) {
  const LintCondition* attached = statement.find("iot:connection.thing.isattached");
  return attached != nullptr && attached->equals("true");
}

bool any_client(const SourceText& resource) {
  if (is_everything(resource.text)) return true;
  const std::string own = own_part(resource.text);
  return own == "*" || own == "client/*" || own == "client/" + std::string(kClientIdVariable);
}

void lint_keys(Linter& linter, const LintStatement& statement) {
  for (const LintCondition& condition : statement.conditions) {
    if (condition.key == "aws:securetransport") {
      linter.report(
          "iot-undocumented-key", condition.span,
          "the key `" + condition.key_text + "` is not documented for IoT device policies",
          "AWS lists it for secure tunneling alone; remove the condition");
      linter.report("iot-no-plaintext-port", condition.span,
                    "IoT Core has no plaintext port: the condition keeps no request from being "
                    "sent in the clear",
                    "what can be chosen is the TLS floor: the domain configuration's security "
                    "policy");
      continue;
    }
    const KnownKey known = linter.known_key(condition.key);
    const bool time = condition.key == "aws:currenttime" || condition.key == "aws:epochtime";
    if (known.source == KnownKey::Source::Global && !time && condition.key != "aws:principalarn")
      linter.report(
          "iot-undocumented-key", condition.span,
          "the key `" + condition.key_text + "` is not documented for IoT device policies",
          "IoT device policies have the variables `iot:…` and `aws:SourceIp`");
  }
}

void lint_client_id(Linter& linter, const LintStatement& statement) {
  if (!statement.allows() || !names_action(statement, "iot:Connect") || asks_attached(statement) ||
      statement.resource_polarity != Polarity::Listed)
    return;
  for (const SourceText& resource : statement.resources)
    if (own_part(resource.text) == "client/" + std::string(kClientIdVariable))
      linter.report("iot-any-client-id", resource.span,
                    "`client/${iot:ClientId}` is the same as `client/*`: the client chooses its id",
                    "use `client/${iot:Connection.Thing.ThingName}`, or add `Bool` "
                    "`iot:Connection.Thing.IsAttached` \"true\"");
}

// With a free choice of client id, `+` and `#` reach filters that are built from it.
void lint_injection(Linter& linter, bool clients_are_free) {
  if (!clients_are_free) return;
  for (const LintStatement& statement : linter.document().statements) {
    if (!statement.allows()) continue;
    for (const SourceText& resource : statement.resources) {
      const std::string own = own_part(resource.text);
      if (!own.starts_with("topicfilter/") || !own.contains(kClientIdVariable)) continue;
      linter.report("iot-client-id-injection", resource.span,
                    "a client that calls itself `+` or `#` subscribes to everybody's topics: "
                    "Connect does not restrict the client id",
                    "allow Connect on `client/${iot:Connection.Thing.ThingName}` alone");
      return;
    }
  }
}

void lint_mqtt_wildcards(Linter& linter, const LintStatement& statement) {
  for (const SourceText& resource : statement.resources) {
    const std::string own = own_part(resource.text);
    const bool topic = own.starts_with("topic/");
    const bool filter = own.starts_with("topicfilter/");
    if ((!topic && !filter) || own.find_first_of("+#") == std::string::npos) continue;
    linter.report(
        "iot-mqtt-wildcard", resource.span,
        topic ? "`+` and `#` mean themselves in a policy, and no topic has them: this matches "
                "nothing"
              : "`+` and `#` mean themselves in a policy: this takes in exactly this filter and "
                "no narrower one",
        "the wildcards of a policy are `*` and `?`");
  }
}

void lint_bypass(Linter& linter) {
  const auto& statements = linter.document().statements;
  const bool receive = std::ranges::any_of(statements, [](const LintStatement& s) {
    return s.denies() && names_action(s, "iot:Receive");
  });
  if (receive) return;
  const bool all_filters = std::ranges::none_of(statements, [](const LintStatement& s) {
    return s.allows() && names_action(s, "iot:Receive");
  });
  if (all_filters) return;
  for (const LintStatement& statement : statements) {
    if (!statement.denies() || !names_action(statement, "iot:Subscribe")) continue;
    for (const SourceText& resource : statement.resources) {
      if (!own_part(resource.text).starts_with("topicfilter/")) continue;
      linter.report("iot-subscribe-deny-bypass", resource.span,
                    "a filter with `#` or `+` above it reaches the same topics past this `Deny`",
                    "deny `iot:Receive` on the topics as well");
      return;
    }
  }
}

}  // namespace

bool is_device_action(std::string_view action) {
  return std::ranges::any_of(
      kDeviceActions, [&](std::string_view known) { return equal_ignoring_case(action, known); });
}

void lint_iot(Linter& linter) {
  if (linter.document().kind != DocumentKind::IotDevice) return;
  bool clients_are_free = false;
  for (const LintStatement& statement : linter.document().statements) {
    lint_keys(linter, statement);
    lint_client_id(linter, statement);
    lint_mqtt_wildcards(linter, statement);
    clients_are_free =
        clients_are_free ||
        (statement.allows() && names_action(statement, "iot:Connect") &&
         !asks_attached(statement) && std::ranges::any_of(statement.resources, any_client));
  }
  lint_injection(linter, clients_are_free);
  lint_bypass(linter);
}

}  // namespace sealane::policy
