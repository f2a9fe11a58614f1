// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <vector>

#include "base/diagnostic.h"
#include "policy/text.h"
#include "policy/vocabulary_internal.h"

namespace sealane::policy {
namespace {

struct OperatorRow {
  std::string_view name;
  Operator op;
  bool negated;
};

constexpr std::array kOperators = {
    OperatorRow{"StringEquals", Operator::StringEquals, false},
    OperatorRow{"StringNotEquals", Operator::StringEquals, true},
    OperatorRow{"StringEqualsIgnoreCase", Operator::StringEqualsIgnoreCase, false},
    OperatorRow{"StringNotEqualsIgnoreCase", Operator::StringEqualsIgnoreCase, true},
    OperatorRow{"StringLike", Operator::StringLike, false},
    OperatorRow{"StringNotLike", Operator::StringLike, true},
    OperatorRow{"ArnEquals", Operator::ArnLike, false},
    OperatorRow{"ArnNotEquals", Operator::ArnLike, true},
    OperatorRow{"ArnLike", Operator::ArnLike, false},
    OperatorRow{"ArnNotLike", Operator::ArnLike, true},
    OperatorRow{"NumericEquals", Operator::NumericEquals, false},
    OperatorRow{"NumericNotEquals", Operator::NumericEquals, true},
    OperatorRow{"NumericLessThan", Operator::NumericLessThan, false},
    OperatorRow{"NumericLessThanEquals", Operator::NumericLessThanEquals, false},
    OperatorRow{"NumericGreaterThan", Operator::NumericGreaterThan, false},
    OperatorRow{"NumericGreaterThanEquals", Operator::NumericGreaterThanEquals, false},
    OperatorRow{"DateEquals", Operator::DateEquals, false},
    OperatorRow{"DateNotEquals", Operator::DateEquals, true},
    OperatorRow{"DateLessThan", Operator::DateLessThan, false},
    OperatorRow{"DateLessThanEquals", Operator::DateLessThanEquals, false},
    OperatorRow{"DateGreaterThan", Operator::DateGreaterThan, false},
    OperatorRow{"DateGreaterThanEquals", Operator::DateGreaterThanEquals, false},
    OperatorRow{"Bool", Operator::Bool, false},
    OperatorRow{"BinaryEquals", Operator::BinaryEquals, false},
    OperatorRow{"IpAddress", Operator::IpAddress, false},
    OperatorRow{"NotIpAddress", Operator::IpAddress, true},
    OperatorRow{"Null", Operator::Null, false},
};

// The keys of our own; a misspelt one would be a condition on nothing.
constexpr std::array<std::string_view, 8> kSealaneKeys = {
    "sealane:tlsversion",        "sealane:tlsgroup",   "sealane:tlssuite",
    "sealane:postquantum",       "sealane:resumed",    "sealane:certificateagedays",
    "sealane:certificatesha256", "sealane:thinggroups"};

// What AWS IoT Core knows of a device's connection.
// Source: "Basic AWS IoT Core policy variables", "Thing policy variables".
constexpr std::array<std::string_view, 8> kIotKeys = {"iot:clientid",
                                                      "iot:domainname",
                                                      "iot:connectattributes",
                                                      "iot:connection.thing.thingname",
                                                      "iot:connection.thing.thingtypename",
                                                      "iot:connection.thing.isattached",
                                                      "iot:certificate.serialnumber",
                                                      "iot:certificate.availablekeys"};
constexpr std::string_view kIotAttributes = "iot:connection.thing.attributes[";

// Source: "X.509 certificate policy variables".
constexpr std::array<std::string_view, 2> kCertificateNames = {"iot:certificate.subject.",
                                                               "iot:certificate.issuer."};
constexpr std::array<std::string_view, 13> kNameFields = {"country",
                                                          "organization",
                                                          "organizationalunit",
                                                          "state",
                                                          "commonname",
                                                          "serialnumber",
                                                          "title",
                                                          "surname",
                                                          "givenname",
                                                          "initials",
                                                          "pseudonym",
                                                          "generationqualifier",
                                                          "distinguishednamequalifier"};
constexpr std::array<std::string_view, 5> kAlternativeFields = {
    "alternativename.rfc822name", "alternativename.dnsname", "alternativename.directoryname",
    "alternativename.uniformresourceidentifier", "alternativename.ipaddress"};

Error unknown_key(std::string_view key, const std::vector<std::string>& known) {
  const auto near = nearest(key, known);
  return fail(ErrorKind::Invalid, "there is no key `" + std::string(key) + "`",
              near ? "did you mean `" + *near + "`?" : "");
}

// Field names may have a place behind them: `.0` to `.4`, or `.list`.
std::string_view without_place(std::string_view field) {
  if (field.ends_with(".list")) return field.substr(0, field.size() - 5);
  if (field.size() > 2 && field[field.size() - 2] == '.' && field.back() >= '0' &&
      field.back() <= '4')
    return field.substr(0, field.size() - 2);
  return field;
}

bool is_certificate_key(std::string_view key) {
  for (const std::string_view name : kCertificateNames) {
    if (!key.starts_with(name)) continue;
    const std::string_view field = without_place(key.substr(name.size()));
    return std::ranges::find(kNameFields, field) != kNameFields.end() ||
           std::ranges::find(kAlternativeFields, field) != kAlternativeFields.end();
  }
  return false;
}

bool is_iot_key(std::string_view key) {
  return std::ranges::find(kIotKeys, key) != kIotKeys.end() || is_certificate_key(key) ||
         (key.starts_with(kIotAttributes) && key.ends_with(']') &&
          key.size() > kIotAttributes.size() + 1);
}

std::vector<std::string> iot_keys() {
  std::vector<std::string> out(kIotKeys.begin(), kIotKeys.end());
  for (const std::string_view name : kCertificateNames) {
    for (const std::string_view field : kNameFields)
      out.push_back(std::string(name) + std::string(field));
    for (const std::string_view field : kAlternativeFields)
      out.push_back(std::string(name) + std::string(field));
  }
  return out;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (text.size() < prefix.size() || !equal_ignoring_case(text.substr(0, prefix.size()), prefix))
    return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (text.size() < suffix.size() ||
      !equal_ignoring_case(text.substr(text.size() - suffix.size()), suffix))
    return false;
  text.remove_suffix(suffix.size());
  return true;
}

}  // namespace

Result<OperatorName> parse_operator(std::string_view text) {
  OperatorName out;
  std::string_view base = text;
  if (take_prefix(base, "ForAllValues:")) {
    out.quantifier = Quantifier::ForAllValues;
    out.canonical = "ForAllValues:";
  } else if (take_prefix(base, "ForAnyValue:")) {
    out.quantifier = Quantifier::ForAnyValue;
    out.canonical = "ForAnyValue:";
  }
  out.if_exists = take_suffix(base, "IfExists");
  const auto row = std::ranges::find_if(
      kOperators, [&](const OperatorRow& r) { return equal_ignoring_case(r.name, base); });
  if (row == kOperators.end()) {
    std::vector<std::string> names;
    for (const OperatorRow& r : kOperators) names.emplace_back(r.name);
    const auto near = nearest(base, names);
    return fail(ErrorKind::Invalid, "there is no operator `" + std::string(text) + "`",
                near ? "did you mean `" + *near + "`?" : "");
  }
  if (row->op == Operator::Null && out.if_exists)
    return fail(ErrorKind::Invalid, "`Null` cannot have `IfExists`",
                "`Null` itself asks whether the key exists");
  out.op = row->op;
  out.negated = row->negated;
  out.canonical += row->name;
  if (out.if_exists) out.canonical += "IfExists";
  return out;
}

Status check_key(std::string_view key, DocumentKind kind) {
  const std::size_t colon = key.find(':');
  const bool printable = std::ranges::all_of(key, [](char c) { return c > ' ' && c != 0x7f; });
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == key.size() || !printable)
    return fail(ErrorKind::Invalid, "`" + std::string(key) + "` is not a condition key",
                "keys have the form `prefix:name`, as in `aws:SourceIp`");
  if (key.starts_with("sealane:") && std::ranges::find(kSealaneKeys, key) == kSealaneKeys.end())
    return unknown_key(key, {kSealaneKeys.begin(), kSealaneKeys.end()});
  if (kind == DocumentKind::IotDevice && key.starts_with("iot:") && !is_iot_key(key))
    return unknown_key(key, iot_keys());
  return {};
}

}  // namespace sealane::policy
