// SPDX-License-Identifier: Apache-2.0
#include "policy/testing/generator.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "policy/testing/texts.h"

namespace sealane::policy::reference {
namespace {

using Texts = std::vector<std::string>;

const Texts kPrincipals = {
    "arn:aws:iam::111122223333:user/u",
    "arn:aws:iam::111122223333:user/v",
    "arn:aws:iam::111122223333:role/r",
    "arn:aws:sts::111122223333:assumed-role/r/s",
    "arn:aws:sts::111122223333:assumed-role/r/t",
    "arn:aws:sts::111122223333:federated-user/u",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/X",
    "arn:aws:iam::444455556666:user/u",
    "arn:aws:sts::444455556666:assumed-role/r/s",
    "arn:aws:iam::444455556666:root",
    "arn:aws-cn:iam::111122223333:user/u",
};

// The entries that together name a principal completely, as NotPrincipal has to.
const std::array<Texts, 5> kChains = {
    Texts{"111122223333", "arn:aws:iam::111122223333:user/u"},
    Texts{"arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/r",
          "arn:aws:sts::111122223333:assumed-role/r/s"},
    Texts{"111122223333", "arn:aws:iam::111122223333:user/u",
          "arn:aws:sts::111122223333:federated-user/u"},
    Texts{"444455556666", "arn:aws:iam::444455556666:user/u"},
    Texts{"444455556666", "arn:aws:iam::444455556666:role/r",
          "arn:aws:sts::444455556666:assumed-role/r/s"}};

enum class Type : std::uint8_t { Text, Number, Date, Address, Flag, Arn, Bytes };

struct Key {
  std::string name;
  Type type;
};
const std::vector<Key> kKeys = {
    {"aws:username", Type::Text},       {"aws:PrincipalTag/t", Type::Text},
    {"iot:ClientId", Type::Text},       {"aws:TagKeys", Type::Text},
    {"s3:max-keys", Type::Number},      {"aws:EpochTime", Type::Number},
    {"aws:TokenIssueTime", Type::Date}, {"aws:CurrentTime", Type::Date},
    {"aws:SourceIp", Type::Address},    {"aws:SecureTransport", Type::Flag},
    {"aws:PrincipalArn", Type::Arn},    {"aws:SourceArn", Type::Arn},
    {"example:Bytes", Type::Bytes}};

bool is_of_the_request(const std::string& key) {
  return key == "aws:CurrentTime" || key == "aws:EpochTime" || key == "aws:PrincipalArn";
}

Type type_of(const std::string& base) {
  if (base.starts_with("Numeric")) return Type::Number;
  if (base.starts_with("Date")) return Type::Date;
  if (base.starts_with("Arn")) return Type::Arn;
  if (base.ends_with("IpAddress")) return Type::Address;
  if (base == "Bool") return Type::Flag;
  if (base == "BinaryEquals") return Type::Bytes;
  return Type::Text;
}

// Request values by type; the last ones are malformed.
const Texts& well_formed(Type type) {
  static const std::array<Texts, 7> pools = {
      Texts{"a", "b", "ab", "A", "a/b", "*", "?", "é", "+", "", "${aws:username}", "a:b"},
      Texts{"1.2", "1.200", "1.10", "0", "-1", "12", "-0", "007.5"},
      Texts{"2027-01-15T08:00:00Z", "1800000000", "2027-01", "2027-01-15T08:00:00.5Z",
            "2027-01-15T10:00+02:00", "0"},
      Texts{"192.0.2.7", "192.0.2.6", "10.128.0.1", "2001:db8::1", "::1", "::ffff:192.0.2.9",
            "2001:db8:0:8001::5"},
      Texts{"true", "false", "True", "FALSE"},
      Texts{"arn:aws:iam::111122223333:role/r", "arn:aws:s3:::a/b", "arn:aws:s3:::b",
            "arn:aws:iot:r:111122223333:a:b"},
      Texts{"A", "AB", "é", ""}};
  return pools[static_cast<std::size_t>(type)];
}
const Texts& malformed(Type type) {
  static const std::array<Texts, 7> pools = {
      Texts{"a"},
      Texts{"x", "1e3", ".5", "1.", "--1", "", " 1", "+1"},
      Texts{"2027-13-01", "yesterday", "2027-01-15T08:00:00", "2027", "2027-1-5", ""},
      Texts{"192.0.2", "1.2.3.4.5", ":::", "1::2::3", "::ffff:1.2.3", "012.0.0.1",
            "12345::", "fe80::1%eth0"},
      Texts{"yes", "1", ""},
      Texts{"arn:aws:s3", "nothing", "arn:aws:s3:::", ""},
      Texts{"A"}};
  return pools[static_cast<std::size_t>(type)];
}

const Texts kBases = {"StringEquals",
                      "StringNotEquals",
                      "StringEqualsIgnoreCase",
                      "StringNotEqualsIgnoreCase",
                      "StringLike",
                      "StringNotLike",
                      "ArnEquals",
                      "ArnNotEquals",
                      "ArnLike",
                      "ArnNotLike",
                      "NumericEquals",
                      "NumericNotEquals",
                      "NumericLessThan",
                      "NumericLessThanEquals",
                      "NumericGreaterThan",
                      "NumericGreaterThanEquals",
                      "DateEquals",
                      "DateNotEquals",
                      "DateLessThan",
                      "DateLessThanEquals",
                      "DateGreaterThan",
                      "DateGreaterThanEquals",
                      "Bool",
                      "BinaryEquals",
                      "IpAddress",
                      "NotIpAddress",
                      "Null"};

bool is_limit(DocumentKind kind) {
  return kind == DocumentKind::Boundary || kind == DocumentKind::Session ||
         kind == DocumentKind::Scp || kind == DocumentKind::VpcEndpoint;
}

// What the encoding can ask about a key: times are dates to it, whatever asks for them.
bool fits_exactly(const std::string& base, const Key& key) {
  if (key.name == "aws:EpochTime") return base.starts_with("Date");
  const Type type = type_of(base);
  return key.type == type || (type == Type::Text && key.type == Type::Flag);
}

// A value of the key's own type and arity.
ModelValue usual_value(Generator& random, const Key& key) {
  const auto one = [&]() -> std::string {
    if (key.type == Type::Flag) return random.one_in(2) ? "true" : "false";
    const Texts& all = well_formed(key.type);
    return all[random.below(all.size())];
  };
  ModelValue out{key.name == "aws:TagKeys", {}};
  for (std::size_t i = out.multi ? 1 + random.below(2) : 1; i > 0; --i) out.values.push_back(one());
  return out;
}

}  // namespace

std::vector<ModelDocument> Generator::documents(Style style) {
  using enum DocumentKind;
  style_ = style;
  theme_ = std::array{Theme::Account, Theme::Account, Theme::Account, Theme::Trust,
                      Theme::Key,     Theme::Device,  Theme::Cognito}[below(encodable() ? 5 : 7)];
  cast_.clear();
  for (std::size_t i = 0; i < 3; ++i) cast_.push_back(somebody());
  std::vector<ModelDocument> out;
  if (theme_ == Theme::Device || theme_ == Theme::Cognito) add(IotDevice, 0, out);
  if (theme_ == Theme::Trust) add(Trust, 0, out);
  if (theme_ == Theme::Key) add(Kms, 0, out);
  if (theme_ != Theme::Device && !one_in(5)) add(Identity, 0, out);
  if (one_in(theme_ == Theme::Account ? 2 : 4)) add(Resource, 0, out);
  if (one_in(4)) add(Boundary, 0, out);
  if (one_in(4)) add(Session, 0, out);
  if (one_in(5)) add(VpcEndpoint, 0, out);
  if (one_in(5)) add(Rcp, 0, out);
  if (one_in(4))
    for (std::uint32_t level = 0; level <= below(3); ++level) {
      add(Scp, level, out);
      if (one_in(4)) add(Scp, level, out);
    }
  return out;
}

void Generator::add(DocumentKind kind, std::uint32_t level, std::vector<ModelDocument>& out) {
  ModelDocument& document = out.emplace_back();
  document.kind = kind;
  document.level = level;
  document.v2012 = kind == DocumentKind::Rcp || !one_in(4);
  if (is_limit(kind) && !one_in(3)) {
    // A limit that leaves something open.
    ModelStatement& all = document.statements.emplace_back();
    all.actions = {"*"};
    all.resources = {"*"};
    if (kind == DocumentKind::VpcEndpoint) all.principals = {{"*", "*"}};
    if (one_in(2)) return;
  }
  for (std::size_t i = 1 + below(3); i > 0; --i) document.statements.push_back(statement(document));
}

ModelPrincipal Generator::somebody() {
  if (theme_ == Theme::Device) return {"device", ""};
  if (encodable()) {
    if (one_in(8)) return {"anonymous", ""};
    if (one_in(8)) return {"Service", "sns.amazonaws.com"};
    ModelPrincipal out{"AWS", pick(kPrincipals)};
    while (out.value.starts_with("arn:aws-cn:") || out.value.contains("aws-service-role"))
      out.value = pick(kPrincipals);
    return out;
  }
  switch (below(12)) {
    case 0: return {"anonymous", ""};
    case 1: return {"Service", "sns.amazonaws.com"};
    case 2: return {"Federated", "accounts.google.com"};
    case 3: return {"CanonicalUser", "c0ffee"};
    default: return {"AWS", pick(kPrincipals)};
  }
}

ModelStatement Generator::statement(const ModelDocument& document) {
  const DocumentKind kind = document.kind;
  ModelStatement out;
  out.allow = kind != DocumentKind::Rcp && !one_in(4);
  out.not_action = kind != DocumentKind::Rcp && one_in(6);
  const bool broad = one_in(2);
  for (std::size_t i = 1 + below(2); i > 0; --i) {
    out.actions.push_back(broad ? "*" : action(true));
    if (kind != DocumentKind::Trust) out.resources.push_back(broad ? "*" : resource_pattern(kind));
  }
  if (out.not_action && broad) out.actions = {action(true), action(true)};
  out.not_resource = !broad && !out.resources.empty() && one_in(4);
  if (names_principals(kind)) add_principals(out, kind);
  add_conditions(out, kind);
  return out;
}

void Generator::add_principals(ModelStatement& out, DocumentKind kind) {
  if (kind == DocumentKind::Rcp || one_in(4)) {
    out.principals = {one_in(2) ? ModelPrincipal{"*", "*"} : ModelPrincipal{"AWS", "*"}};
    return;
  }
  if (kind != DocumentKind::Trust && one_in(5)) {
    out.not_principal = true;
    Texts chain = kChains[below(kChains.size())];
    if (one_in(3)) chain.erase(chain.begin() + static_cast<std::ptrdiff_t>(below(chain.size())));
    for (const std::string& one : chain) out.principals.push_back({"AWS", one});
    if (one_in(3)) out.principals.push_back({"Service", "sns.amazonaws.com"});
    if (one_in(6)) out.principals.push_back({"CanonicalUser", "c0ffee"});
    if (one_in(10)) out.principals.push_back({"AWS", "*"});
    return;
  }
  for (std::size_t i = 1 + below(3); i > 0; --i) switch (below(10)) {
      case 0: out.principals.push_back({"Service", "sns.amazonaws.com"}); break;
      case 1: out.principals.push_back({"Federated", "accounts.google.com"}); break;
      case 2: out.principals.push_back({"CanonicalUser", "c0ffee"}); break;
      case 3:
      case 4:
        out.principals.push_back(
            {"AWS", pick({"111122223333", "444455556666", "arn:aws-cn:iam::111122223333:root"})});
        break;
      case 5: {
        const ModelPrincipal& asker = cast_[below(cast_.size())];
        if (asker.type == "AWS") out.principals.push_back(asker);
        break;
      }
      default: out.principals.push_back({"AWS", pick(kPrincipals)});
    }
  if (out.principals.empty()) out.principals = {{"AWS", "111122223333"}};
}

std::string Generator::action(bool pattern) {
  switch (theme_) {
    case Theme::Trust:
      return pattern ? pick({"sts:*", "sts:AssumeRole", "STS:assumerole*", "*"})
                     : pick({"sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:assumerole"});
    case Theme::Key:
      return pattern ? pick({"kms:*", "kms:Decrypt", "KMS:*Grant", "*", "kms:?ecrypt"})
                     : pick({"kms:Decrypt", "kms:RetireGrant", "KMS:decrypt"});
    case Theme::Device:
    case Theme::Cognito:
      return pattern ? pick({"iot:*", "iot:Publish", "iot:?ublish", "IOT:Con*t", "iot:*Thing*"})
                     : pick({"iot:Publish", "iot:Connect", "iot:ListThings", "IOT:publish",
                             "iot:GetThingShadow", "iot:RetainPublish"});
    case Theme::Account: break;
  }
  return pattern ? pick({"s3:*", "S3:Get*", "s3:GetObject", "s3:*t*", "s3:?ist*", "iot:*"})
                 : pick({"s3:GetObject", "S3:getobject", "s3:List", "s3:PutObject"});
}

std::string Generator::resource_pattern(DocumentKind kind) {
  const bool takes_short = kind == DocumentKind::Identity || kind == DocumentKind::Boundary ||
                           kind == DocumentKind::Session || kind == DocumentKind::IotDevice;
  if (takes_short && one_in(8))
    return pick({"arn:aws:s3", "arn:aws:iot", "arn:aws", "arn:a?s:kms:*"});
  if (kind != DocumentKind::Rcp && one_in(20)) return pick({"arn:aws:s3:*", "arn:aws:iot:r:*"});
  if (one_in(6)) return "*";
  const std::string own = own_part(true);
  switch (theme_) {
    case Theme::Key: return pick({"arn:aws:kms:r:111122223333:", "arn:aws:kms:*:*:"}) + own;
    case Theme::Trust: return pick({"arn:aws:iam::111122223333:", "arn:*:iam:*:*:"}) + own;
    case Theme::Account:
      return pick({"arn:aws:s3:::", "arn:*:s3:::", "arn:aws:s3:r:111122223333:", "arn:aws:s3:*:*:",
                   "arn:aws:s3:?:444455556666:", "arn:AWS:s3:::"}) +
             own;
    default:
      return pick({"arn:aws:iot:r:111122223333:", "arn:a?s:iot:*:*:", "arn:aws:iot:?:*:"}) + own;
  }
}

std::string Generator::own_part(bool pattern) {
  if (pattern && encodable()) return encodable_pattern(one_in(3));
  std::string out;
  for (std::size_t i = 1 + below(3); i > 0; --i)
    out += pattern && one_in(2) ? pick({"*", "*", "?", "**", "${aws:username}", "${*}", "${?}",
                                        "${$}", "${aws:TagKeys}", "${aws:Username, 'a*'}",
                                        "${iot:ClientId}", "${aws:PrincipalTag/t, 'b'}"})
                                : pick({"a", "b", "/", ":", "é", "+", "#", "*", "A"});
  return out;
}

// The encoding has no `?` beside a variable.
std::string Generator::encodable_pattern(bool variables) {
  std::string out;
  for (std::size_t i = 1 + below(3); i > 0; --i)
    out += one_in(2) ? pick({"a", "b", "/", ":", "é", "+", "#", "*", "A", "\\u{61}"})
           : variables
               ? pick({"*", "**", "${aws:username}", "${*}", "${?}", "${$}", "${aws:TagKeys}",
                       "${aws:Username, 'a*'}", "${iot:ClientId}", "${aws:PrincipalTag/t, 'b'}"})
               : pick({"*", "*", "?", "**", "${*}", "${?}", "${$}"});
  return out;
}

void Generator::add_conditions(ModelStatement& out, DocumentKind) {
  std::set<std::string> used;
  for (std::size_t i = std::array<std::size_t, 7>{0, 0, 1, 1, 1, 2, 3}[below(7)]; i > 0; --i) {
    ModelCondition one;
    one.quantifier = pick({"", "", "ForAllValues:", "ForAnyValue:"});
    one.base = pick(kBases);
    one.if_exists = one.base != "Null" && one_in(3);
    const Type type = type_of(one.base);
    for (std::size_t tries = 0; tries < (encodable() ? 400U : 40U); ++tries) {
      const Key& key = kKeys[below(kKeys.size())];
      one.key = key.name;
      const bool fits = encodable() ? fits_exactly(one.base, key) : key.type == type;
      if (fits || one.base == "Null" || (!encodable() && one_in(30))) break;
    }
    if (!used.insert(one.quantifier + one.base + (one.if_exists ? "?" : "") + one.key).second)
      continue;
    if (one_in(4)) one.key = lower_case(one.key);
    for (std::size_t k = one_in(15) ? 0 : 1 + below(3); k > 0; --k)
      one.values.push_back(value_for(one.base));
    out.conditions.push_back(std::move(one));
  }
}

std::string Generator::value_for(const std::string& base) {
  if (encodable() && base.starts_with("Arn"))
    return pick({"arn:aws:iam::111122223333:*", "arn:aws:s3:::*", "arn:*:*:*:*:*",
                 "arn:aws:iot:*:a:b", "arn:aws:iot:r:*:b", "arn:aws:iam::1111?2223333:r*", "*",
                 "arn:aws:iam::111122223333:role/r", "arn:aws:iam::111122223333:user/u"});
  if (encodable() && base.ends_with("IgnoreCase")) return encodable_pattern(false);
  switch (type_of(base)) {
    case Type::Number:
      return pick(
          {"1.2", "1.20", "0", "-0", "-1.5", "12", "00012.0", "1.3", "0.001", "1800000000"});
    case Type::Date:
      return pick({"0", "1800000000", "2024", "2027-01-15", "2027-01-15T08:00:00Z",
                   "2027-01-15T08:00Z", "2027-01-15T10:00:00+02:00", "2027-01-14T23:30:00.5-08:30",
                   "2027-01", "2028-02-29T00:00:00Z"});
    case Type::Flag: return pick({"true", "false", "TRUE", "False"});
    case Type::Bytes: return pick({"QQ==", "QUI=", "w6k=", ""});
    case Type::Address:
      return pick({"192.0.2.0/24", "192.0.2.7", "0.0.0.0/0", "10.0.0.0/9", "2001:db8::/32", "::/0",
                   "::1", "::ffff:192.0.2.0/120", "::ffff:192.0.2.7", "2001:db8:0:8000::/49",
                   "192.0.2.7/31"});
    case Type::Arn:
      return one_in(2)
                 ? pick({"arn:aws:iam::111122223333:*", "arn:aws:s3:::*", "arn:*:*:*:*:*",
                         "arn:aws:iot:*:a:b", "arn:aws:iot:r:*:b", "arn:aws:s3:::${aws:username}"})
             : one_in(2) ? pick(kPrincipals)
                         : pick({"*", "${aws:PrincipalArn}", "${aws:SourceArn}"});
    case Type::Text: break;
  }
  if (base == "Null") return pick({"true", "false", "TRUE", "False"});
  return one_in(3) ? pick(well_formed(Type::Text)) : own_part(true);
}

ModelRequest Generator::request() {
  ModelRequest out;
  out.principal = cast_[below(cast_.size())];
  out.action = action(false);
  switch (theme_) {
    case Theme::Trust: out.resource = "arn:aws:iam::111122223333:role/a"; break;
    case Theme::Key: out.resource = "arn:aws:kms:r:111122223333:" + own_part(false); break;
    case Theme::Account:
      out.resource = pick({"arn:aws:s3:::", "arn:aws:s3:::", "arn:aws:s3:r:111122223333:",
                           "arn:aws:s3:r:444455556666:"}) +
                     own_part(false);
      break;
    default: out.resource = "arn:aws:iot:r:111122223333:" + own_part(false);
  }
  if (theme_ == Theme::Account && one_in(30)) out.resource = "arn:aws:s3::aws:" + own_part(false);
  if (one_in(12)) out.resource = "*";
  if (!encodable() && one_in(150))
    out.resource = pick({"arn:aws:s3", "b/k", "arn::s3:::b", "arn:aws:s3:::"});
  if (!encodable() && one_in(200)) out.action = pick({"s3", "s3:", ":x", "s3:*", "a b"});
  if (one_in(3)) out.resource_account = pick({"111122223333", "444455556666"});
  out.now = 1'800'000'000 + static_cast<std::int64_t>(below(3)) - 1;
  if (encodable()) {
    for (const Key& key : kKeys)
      if (!one_in(3) && !is_of_the_request(key.name))
        out.context[lower_case(key.name)] = usual_value(*this, key);
    return out;
  }
  out.principal_in_management_account = one_in(12);
  out.resource_in_management_account = one_in(12);
  out.aws_managed_key = theme_ == Theme::Key && one_in(12);
  for (const Key& key : kKeys) {
    if (one_in(3) || is_of_the_request(key.name)) continue;
    const Type type = one_in(40) ? static_cast<Type>(below(7)) : key.type;
    ModelValue value{key.name == "aws:TagKeys" ? !one_in(6) : one_in(6), {}};
    for (std::size_t i = value.multi ? below(4) : 1; i > 0; --i)
      value.values.push_back(pick(one_in(25) ? malformed(type) : well_formed(type)));
    out.context[lower_case(key.name)] = value;
  }
  return out;
}

}  // namespace sealane::policy::reference
