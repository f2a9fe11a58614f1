// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/check.h"
#include "policy/lint_internal.h"

namespace sealane::policy {
namespace {

constexpr auto kError = Severity::Error;
constexpr auto kWarning = Severity::Warning;
constexpr auto kNote = Severity::Note;

constexpr std::array kRules = {
    LintRule{"action-resource-mismatch", kWarning,
             "no resource of the statement is of a kind that the action is asked about"},
    LintRule{"action-without-resource", kWarning,
             "an action that is asked about no resource, without `Resource` \"*\""},
    LintRule{"allow-not-principal", kWarning, "`Allow` with `NotPrincipal`"},
    LintRule{"allow-only-transit-condition", kWarning,
             "TLS is a condition of an `Allow`, and nothing denies plaintext"},
    LintRule{"arn-service-case", kWarning, "the service of an ARN has upper case"},
    LintRule{"broad-allow", kWarning, "everything is allowed on everything"},
    LintRule{"contradictory-conditions", kError, "two conditions exclude one another"},
    LintRule{"deleted-principal", kWarning, "the id of a user or role that is no more"},
    LintRule{"deny-not-principal", kNote, "`Deny` with `NotPrincipal`"},
    LintRule{"duplicate-key", kError, "a condition key stands twice, in two spellings"},
    LintRule{"duplicate-member", kError, "a member stands twice in one object"},
    LintRule{"duplicate-operator", kError, "an operator stands twice, in two spellings"},
    LintRule{"duplicate-sid", kError, "a `Sid` stands twice"},
    LintRule{"element-form", kError, "an element whose value is not of its form"},
    LintRule{"empty-list", kWarning, "a list without elements"},
    LintRule{"endpoint-key", kWarning, "a VPC key compared with wildcards or as a number"},
    LintRule{"for-all-values-single", kWarning, "`ForAllValues` on a key with one value"},
    LintRule{"for-all-values-without-null", kWarning,
             "`Allow` with `ForAllValues` also holds without the key"},
    LintRule{"for-any-value-single", kNote, "`ForAnyValue` on a key with one value"},
    LintRule{"forbidden-element", kError, "an element that this kind of policy does not have"},
    LintRule{"foreign-character", kError, "a character that no policy may have"},
    LintRule{"invalid-action", kError, "an action that is not `service:Name`"},
    LintRule{"invalid-arn", kError, "a resource that is no ARN"},
    LintRule{"invalid-effect", kError, "`Effect` is neither \"Allow\" nor \"Deny\""},
    LintRule{"invalid-key", kError,
             "a condition key that is not `prefix:name`, or that there is not"},
    LintRule{"invalid-principal", kError, "a principal that is none"},
    LintRule{"invalid-sid", kError, "a `Sid` with characters that it may not have"},
    LintRule{"invalid-version", kError, "a version of the language that there is not"},
    LintRule{"inverted-transit-deny", kError, "a `Deny` of the encrypted requests"},
    LintRule{"iot-any-client-id", kWarning, "`client/${iot:ClientId}` restricts nothing"},
    LintRule{"iot-client-id-injection", kWarning,
             "a filter built from a client id that the client chooses"},
    LintRule{"iot-mqtt-wildcard", kWarning, "`+` or `#` in a policy"},
    LintRule{"iot-no-plaintext-port", kWarning, "a condition on plaintext where there is none"},
    LintRule{"iot-subscribe-deny-bypass", kWarning,
             "a denied filter is reached by a filter above it"},
    LintRule{"iot-undocumented-key", kWarning, "a key that IoT device policies do not have"},
    LintRule{"key-not-carried", kWarning, "the action is not documented with the key"},
    LintRule{"key-not-sent", kWarning, "the action's service never sends the key"},
    LintRule{"limit", kError, "longer or larger than what is read"},
    LintRule{"missing-element", kError, "an element that must be there is not"},
    LintRule{"missing-qualifier", kError,
             "a key with several values without `ForAllValues` or `ForAnyValue`"},
    LintRule{"missing-version", kWarning, "the document has no `Version`"},
    LintRule{"multi-valued-variable", kWarning, "a variable that has several values"},
    LintRule{"multiple-bool", kWarning, "`Bool` with several values"},
    LintRule{"not-evaluable", kError, "the document cannot be evaluated"},
    LintRule{"null-with-if-exists", kError, "`Null` with `IfExists`"},
    LintRule{"null-with-qualifier", kWarning, "`Null` with `ForAllValues` or `ForAnyValue`"},
    LintRule{"operator-spelling", kWarning, "an operator in another spelling than AWS's"},
    LintRule{"principal-wildcard", kError, "a wildcard in a part of a principal"},
    LintRule{"private-source-ip", kWarning, "a private address in `aws:SourceIp`"},
    LintRule{"quota-size", kWarning, "longer than what AWS takes"},
    LintRule{"rcp-allow", kError, "a resource control policy that allows"},
    LintRule{"short-arn", kNote, "an ARN of fewer than six parts"},
    LintRule{"syntax", kError, "the text is not JSON"},
    LintRule{"tls-floor-without-plaintext-deny", kWarning,
             "old TLS versions are denied, and plaintext is not"},
    LintRule{"transit-deny-bucket-only", kWarning, "plaintext is denied for the bucket alone"},
    LintRule{"transit-deny-carve-out", kWarning,
             "plaintext passes where the request has not some other key"},
    LintRule{"transit-deny-objects-only", kWarning, "plaintext is denied for the objects alone"},
    LintRule{"transit-deny-some-actions", kWarning, "plaintext is denied for some actions alone"},
    LintRule{"transit-deny-some-principals", kWarning,
             "plaintext is denied to some principals alone"},
    LintRule{"type-mismatch", kWarning, "an operator of another type than the key's"},
    LintRule{"unknown-action", kWarning, "an action that AWS does not document"},
    LintRule{"unknown-element", kError, "an element that the language does not have"},
    LintRule{"unknown-key", kWarning, "a condition key that AWS does not document"},
    LintRule{"unknown-operator", kError, "an operator that the language does not have"},
    LintRule{"unknown-service", kWarning, "a service that AWS does not document"},
    LintRule{"vacuous-deny", kError, "a `Deny` that denies nothing"},
    LintRule{"value-type", kError, "a value that is not of the operator's type"},
    LintRule{"variable-in-2008", kError, "`${...}` in a document without Version \"2012-10-17\""},
    LintRule{"variable-in-element", kWarning, "`${...}` where it is plain text"},
    LintRule{"variable-place", kError, "a variable before an ARN's fifth colon"},
    LintRule{"variable-syntax", kError, "a variable with a missing brace or quote, or a space"},
    LintRule{"wildcard-without-like", kWarning, "`*` or `?` in an operator that compares exactly"},
};

// What parse_document's messages contain, in the order in which they are tried.  A test gives each
// rule a document, so that a message that is worded anew is found.
struct Needle {
  std::string_view text;
  std::string_view rule;  // empty: a rule of lint says it better
};
constexpr std::array kNeedles = {
    Needle{"the document has no `Version`", ""},
    Needle{"the operator is spelt", ""},
    Needle{"`Null` with a quantifier", ""},
    Needle{"the list of values is empty", ""},
    Needle{"`Bool` with several values", ""},
    Needle{"means itself in this operator", ""},
    Needle{"in one operator, in two spellings", "duplicate-key"},
    Needle{"stands twice, in two spellings", "duplicate-operator"},
    Needle{"stands twice in the document", "duplicate-sid"},
    Needle{"stands twice", "duplicate-member"},
    Needle{"there is no element", "unknown-element"},
    Needle{"there is no such version", "invalid-version"},
    Needle{"policy is of version", "invalid-version"},
    Needle{"policy has a `Version`", "missing-version"},
    Needle{"policy cannot allow", "rcp-allow"},
    Needle{"that was deleted", "deleted-principal"},
    Needle{"in an endpoint policy", "endpoint-key"},
    Needle{"there is no operator", "unknown-operator"},
    Needle{"`Null` cannot have `IfExists`", "null-with-if-exists"},
    Needle{"there is no type of principal", "invalid-principal"},
    Needle{"a principal has no wildcards", "principal-wildcard"},
    Needle{"principal", "invalid-principal"},
    Needle{"`Principal` of a", "invalid-principal"},
    Needle{"Principal` is neither", "invalid-principal"},
    Needle{"is not a condition key", "invalid-key"},
    Needle{"there is no key", "invalid-key"},
    Needle{"is not closed", "variable-syntax"},
    Needle{"is not quoted", "variable-syntax"},
    Needle{"does not name a variable", "variable-syntax"},
    Needle{"the variable `", "variable-syntax"},
    Needle{"before the fifth colon", "variable-place"},
    Needle{"is not an action", "invalid-action"},
    Needle{"has a wildcard", "invalid-action"},
    Needle{"is not an ARN", "invalid-arn"},
    Needle{"fewer than six parts", "invalid-arn"},
    Needle{"`Effect` is neither", "invalid-effect"},
    Needle{"`Sid` has characters", "invalid-sid"},
    Needle{"`Sid` is text", "invalid-sid"},
    Needle{"beyond U+00FF", "foreign-character"},
    Needle{"cannot stand in a policy document", "foreign-character"},
    Needle{"is empty", "empty-list"},
    Needle{"has both", "forbidden-element"},
    Needle{"of this kind has no", "forbidden-element"},
    Needle{"policy has no `", "forbidden-element"},
    Needle{"has no `", "missing-element"},
    Needle{"has neither", "missing-element"},
    Needle{"names its `Principal`", "missing-element"},
    Needle{"is not a number", "value-type"},
    Needle{"is not a date", "value-type"},
    Needle{"is not `true` or `false`", "value-type"},
    Needle{"is not an IP address", "value-type"},
    Needle{"is not base64", "value-type"},
    Needle{"a condition value is", "value-type"},
    Needle{"is text", "element-form"},
    Needle{"is a JSON object", "element-form"},
    Needle{"holds an object", "element-form"},
    Needle{"more than ", "limit"},
    Needle{"is longer than ", "limit"},
    Needle{"deeper than", "limit"},
};

}  // namespace

std::span<const LintRule> lint_rules() { return kRules; }

const LintRule& lint_rule(std::string_view id) {
  const auto at = std::ranges::lower_bound(kRules, id, {}, &LintRule::id);
  SEALANE_CHECK(at != kRules.end() && at->id == id);  // callers name rules by literals
  return *at;
}

std::string_view rule_of_parse_message(std::string_view message) {
  const auto at = std::ranges::find_if(
      kNeedles, [&](const Needle& needle) { return message.contains(needle.text); });
  return at == kNeedles.end() ? "not-evaluable" : at->rule;
}

}  // namespace sealane::policy
