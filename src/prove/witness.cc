// SPDX-License-Identifier: Apache-2.0
#include "prove/witness.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "base/json.h"
#include "policy/operator_arn.h"
#include "prove/witness_internal.h"

namespace sealane::prove {
namespace {

using solver::Value;

constexpr std::array<std::string_view, 3> kChoiceTerms = {"class", "transport", "caller"};

// Actions that everybody knows, first.
constexpr std::array<std::string_view, 12> kWellKnown = {
    "s3:GetObject",    "s3:PutObject",        "s3:ListBucket",     "s3:DeleteObject",
    "sqs:SendMessage", "sqs:ReceiveMessage",  "sns:Publish",       "sns:Subscribe",
    "kms:Decrypt",     "kms:GenerateDataKey", "kinesis:PutRecord", "kinesis:GetRecords"};

std::size_t rank(std::string_view action) {
  return static_cast<std::size_t>(std::ranges::find(kWellKnown, action) - kWellKnown.begin());
}

// Of a class in the catalogue.
const Target& example_target(const Scope& scope, const ActionClass& one) {
  return scope.targets[*std::ranges::min_element(
      one.targets, {}, [&](std::size_t target) { return rank(scope.targets[target].action); })];
}
std::string example_action(const Scope& scope, const ActionClass& one) {
  return one.in_catalogue ? example_target(scope, one).action : one.service + ":ActionOfTheFuture";
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// Behind the point; what policies tell apart is coarser.
constexpr int kFractionDigitsMax = 40;

// `n` or `n/d` as a decimal, rounded towards zero.
std::optional<std::string> decimal_of(std::string_view number) {
  const std::size_t slash = number.find('/');
  auto over = whole_number(number.substr(0, slash));
  if (!over) return std::nullopt;
  if (slash == std::string_view::npos) return std::string(number);
  const auto under = whole_number(number.substr(slash + 1));
  if (!under || *under <= 0) return std::nullopt;
  const bool negative = *over < 0;
  std::uint64_t rest = static_cast<std::uint64_t>(negative ? -*over : *over);
  const auto divisor = static_cast<std::uint64_t>(*under);
  std::string out = (negative ? "-" : "") + std::to_string(rest / divisor) + ".";
  rest %= divisor;
  if (divisor > std::uint64_t{1} << 60) return std::nullopt;
  for (int digit = 0; digit < kFractionDigitsMax && (digit == 0 || rest != 0); ++digit) {
    rest *= 10;
    out += static_cast<char>('0' + rest / divisor);
    rest %= divisor;
  }
  return out;
}

// A decimal that counts seconds.
Time time_of(std::string_view decimal) {
  const std::size_t point = decimal.find('.');
  std::string micros(point == std::string_view::npos ? "" : decimal.substr(point + 1));
  micros.resize(6, '0');
  return Time(std::chrono::seconds(whole_number(decimal.substr(0, point)).value_or(0)) +
              std::chrono::microseconds(whole_number(micros).value_or(0)));
}

std::uint64_t bits_at(std::string_view bits, std::size_t from, std::size_t count) {
  std::uint64_t out = 0;
  for (const char bit : bits.substr(from, count)) out = out * 2 + (bit == '1' ? 1 : 0);
  return out;
}

std::string address_of(bool is_v4, std::string_view bits4, std::string_view bits6) {
  if (is_v4)
    return fmt::format("{}.{}.{}.{}", bits_at(bits4, 0, 8), bits_at(bits4, 8, 8),
                       bits_at(bits4, 16, 8), bits_at(bits4, 24, 8));
  std::string out;
  for (std::size_t i = 0; i < 128; i += 16)
    out += fmt::format("{}{:x}", i == 0 ? "" : ":", bits_at(bits6, i, 16));
  return out;
}

// The terms of one key, behind its presence.
std::vector<std::string> value_terms(const KeyModel& key) {
  std::vector<std::string> out = {key.present};
  switch (key.sort) {
    case KeySort::Enumerated: out.insert(out.end(), key.is.begin(), key.is.end()); break;
    case KeySort::Number:
    case KeySort::Date:
    case KeySort::Text: out.push_back(key.value); break;
    case KeySort::Ip: out.insert(out.end(), {key.is_v4, key.bits4, key.bits6}); break;
    case KeySort::TextSet:
      for (const KeyModel::Slot& slot : key.slots) out.insert(out.end(), {slot.used, slot.text});
      break;
  }
  return out;
}

// Reads values in order, each of a sort.
class Values {
 public:
  explicit Values(std::span<const Value> values) : values_(values) {}
  bool good() const { return good_; }
  bool boolean() { return next(Value::Kind::Bool) == "true"; }
  std::string text() { return next(Value::Kind::String); }
  std::string number() { return next(Value::Kind::Number); }
  std::string bits() { return next(Value::Kind::BitVector); }
  std::size_t index() {
    const auto value = whole_number(number());
    good_ = good_ && value && *value >= 0;
    return good_ ? static_cast<std::size_t>(*value) : 0;
  }

 private:
  std::string next(Value::Kind kind) {
    good_ = good_ && at_ < values_.size() && values_[at_].kind == kind;
    return good_ ? values_[at_++].text : std::string();
  }
  std::span<const Value> values_;
  std::size_t at_ = 0;
  bool good_ = true;
};

bool is_of_the_caller(std::string_view lower) {
  return lower == "aws:principalarn" || lower == "aws:currenttime" || lower == "aws:epochtime";
}

void read_key(Values& values, const KeyModel& key, policy::Context& context) {
  const bool present = values.boolean();
  const bool wanted = present && !is_of_the_caller(key.lower);
  switch (key.sort) {
    case KeySort::Enumerated: {
      std::size_t chosen = 0;
      for (std::size_t i = 0; i < key.domain.size(); ++i)
        if (values.boolean()) chosen = i;
      if (wanted) context.set(key.name, key.domain[chosen]);
      return;
    }
    case KeySort::Number:
    case KeySort::Date: {
      const auto decimal = decimal_of(values.number());
      if (!wanted || !decimal) return;
      // An instant as a number is one of whole seconds.
      const bool is_instant = key.sort == KeySort::Date && decimal->contains('.');
      context.set(key.name, is_instant ? to_rfc3339(time_of(*decimal)) : *decimal);
      return;
    }
    case KeySort::Text: {
      const std::string text = values.text();
      if (wanted) context.set(key.name, text);
      return;
    }
    case KeySort::Ip: {
      const bool is_v4 = values.boolean();
      const std::string bits4 = values.bits();
      const std::string address = address_of(is_v4, bits4, values.bits());
      if (wanted) context.set(key.name, address);
      return;
    }
    case KeySort::TextSet: break;
  }
  std::vector<std::string> items;
  for (std::size_t i = 0; i < key.slots.size(); ++i) {
    const bool used = values.boolean();
    std::string item = values.text();
    if (used) items.push_back(std::move(item));
  }
  if (wanted) context.set_list(key.name, items);
}

// The values of names, by name.
using Names = std::map<std::string, std::string, std::less<>>;

// The ARN of a shape with the values of its variables.
std::string arn_of(const ArnShape& shape, const Names& names) {
  if (shape.is_any()) return "*";
  std::string out;
  std::size_t part = 0;
  for (std::size_t at = 0; at < shape.head.size(); ++part) {
    const std::size_t colon = shape.head.find(':', at);
    const std::string& variable = shape.head_variables[part];
    out += (variable.empty() ? shape.head.substr(at, colon - at) : names.at(variable)) + ":";
    at = colon + 1;
  }
  for (const ArnPiece& piece : shape.pieces)
    out += piece.is_variable ? names.at(piece.text) : piece.text;
  if (shape.pieces.empty()) out += shape.text + (shape.has_tail ? names.at("tail") : "");
  return out;
}

policy::Principal principal_of(Caller caller, const Names& names, const std::string& partition) {
  policy::Principal who;
  const std::string iam = "arn:" + partition + ":iam::" + names.at("account") + ":";
  const std::string sts = "arn:" + partition + ":sts::" + names.at("account") + ":";
  if (caller != Caller::Anonymous && caller != Caller::Service) {
    who.account = names.at("account");
    who.canonical_user = names.at("canonical");
  }
  switch (caller) {
    case Caller::Anonymous: return policy::Principal::anonymous();
    case Caller::Root:
      who.kind = policy::PrincipalKind::Root;
      who.arn = iam + "root";
      break;
    case Caller::User:
      who.kind = policy::PrincipalKind::User;
      who.arn = iam + "user/" + names.at("user");
      break;
    case Caller::RoleSession:
      who.kind = policy::PrincipalKind::RoleSession;
      who.arn = sts + "assumed-role/" + names.at("role_name") + "/" + names.at("session");
      who.role_arn = iam + "role/" + names.at("role_path") + names.at("role_name");
      break;
    case Caller::FederatedUser:
      who.kind = policy::PrincipalKind::FederatedUser;
      who.arn = sts + "federated-user/" + names.at("session");
      if (names.at("of_user") == "true") who.user_arn = iam + "user/" + names.at("user");
      break;
    case Caller::Service:
      who.kind = policy::PrincipalKind::Service;
      who.name = names.at("service");
      break;
  }
  return who;
}

std::string caller_words(const policy::Principal& who) {
  switch (who.kind) {
    case policy::PrincipalKind::Anonymous: return "anybody, without credentials,";
    case policy::PrincipalKind::Service: return "the service " + who.name;
    default: return who.arn;
  }
}

std::string sentence_of(const Counterexample& example) {
  std::string keys;
  for (const policy::Context::Entry& entry : example.request.context.entries()) {
    if (entry.key == "aws:securetransport" || entry.key.ends_with(":tlsversion")) continue;
    keys += (keys.empty() ? ", with " : ", ") + entry.key + " = ";
    for (const std::string& value : entry.values)
      keys += (&value == &entry.values.front() ? "`" : ", `") + value + "`";
  }
  const std::string how = example.tls == "none" ? "over plaintext HTTP" : "over TLS " + example.tls;
  return caller_words(example.request.principal) + " may try " + example.request.action + " on " +
         example.request.resource + " " + how + keys;
}

// Source: the endpoints of S3, `http://BUCKET.s3.amazonaws.com/KEY`.
std::string command_of(const Counterexample& example) {
  const auto parts = policy::split_arn(example.request.resource);
  if (!parts || (*parts)[2] != "s3" || !(*parts)[4].empty() || example.tls != "none") return "";
  const std::string_view own = (*parts)[5];
  const std::string bucket(own.substr(0, own.find('/')));
  const bool safe = own.find_first_not_of(
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789-._/") == std::string_view::npos;
  if (!safe) return "";
  const std::string key =
      own.size() > bucket.size() ? std::string(own.substr(bucket.size() + 1)) : "";
  if (example.request.principal.kind == policy::PrincipalKind::Anonymous)
    return "curl -i http://" + bucket + ".s3.amazonaws.com/" + key;
  if (example.request.action == "s3:GetObject")
    return "aws --endpoint-url http://s3.amazonaws.com s3api get-object --bucket " + bucket +
           " --key " + key + " out";
  if (example.request.action == "s3:PutObject")
    return "aws --endpoint-url http://s3.amazonaws.com s3api put-object --bucket " + bucket +
           " --key " + key + " --body in";
  if (example.request.action == "s3:ListBucket")
    return "aws --endpoint-url http://s3.amazonaws.com s3api list-objects-v2 --bucket " + bucket;
  return "";
}

void write_value(json::Writer& w, const policy::Context::Entry& entry) {
  if (entry.arity == policy::Context::Arity::Single) {
    w.field(entry.key, entry.values.front());
    return;
  }
  w.key(entry.key).begin_array();
  for (const std::string& value : entry.values) w.value(value);
  w.end_array();
}

}  // namespace

std::vector<std::string> witness_terms(const Encoder& encoder) {
  std::vector<std::string> terms(kChoiceTerms.begin(), kChoiceTerms.end());
  for (const Encoder::Name& name : encoder.names())
    if (name.declared) terms.emplace_back(name.term);
  for (const auto& [lower, key] : encoder.keys())
    for (std::string& term : value_terms(key)) terms.push_back(std::move(term));
  return terms;
}

Result<Counterexample> read_witness(const Encoder& encoder, std::span<const solver::Value> all) {
  Values values(all);
  const std::size_t chosen = values.index();
  const std::size_t transport = values.index();
  const auto caller = static_cast<Caller>(std::min(values.index(), kCallers - 1));
  Names names;
  for (const Encoder::Name& name : encoder.names()) {
    std::string value(name.otherwise);
    if (name.declared)
      value = name.term == "of_user" ? (values.boolean() ? "true" : "false")
              : name.term == "now"   ? values.number()
                                     : values.text();
    names.emplace(name.term, std::move(value));
  }
  Counterexample out;
  for (const auto& [lower, key] : encoder.keys()) read_key(values, key, out.request.context);
  const auto instant = decimal_of(names.at("now"));
  if (!values.good() || !instant || chosen >= encoder.classes().size() ||
      transport > std::size(kTlsVersions))
    return fail(ErrorKind::Internal, "a solver's model has values of other sorts");
  const Scope& scope = encoder.scope();
  const ActionClass& one = encoder.classes()[chosen];
  const ArnShape& shape =
      scope.shapes[one.in_catalogue ? example_target(scope, one).shape : one.shape];
  out.request.principal = principal_of(caller, names, scope.partition);
  out.request.names_principal = true;
  out.request.action = example_action(scope, one);
  out.request.resource = arn_of(shape, names);
  out.request.resource_account = scope.account;
  if (encoder.owner_is_open(one) && encoder.declares("owner"))
    out.request.resource_account = names.at("owner");
  out.request.exemptions.service_without_rcps =
      encoder.has_rcps() && one.in_catalogue && !example_target(scope, one).in_rcps;
  out.request.now = time_of(*instant);
  out.tls = transport == 0 ? "none" : std::string(kTlsVersions[transport - 1]);
  out.sentence = sentence_of(out);
  out.command = command_of(out);
  return out;
}

std::vector<std::vector<Term>> preferences(const Encoder& encoder) {
  std::vector<std::vector<Term>> out = {{"(= caller 0)"}, {"(= caller 2)"}};
  // The class of the action that is best known.
  const auto& classes = encoder.classes();
  std::vector<std::pair<std::size_t, std::size_t>> order;  // rank, class
  for (std::size_t i = 0; i < classes.size(); ++i)
    if (classes[i].in_catalogue)
      order.emplace_back(rank(example_action(encoder.scope(), classes[i])), i);
  std::ranges::sort(order);
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 3); ++i)
    out.push_back({"(= class " + std::to_string(order[i].second) + ")"});
  std::vector<Term> absent = {"(not endpoint)"};
  std::vector<Term> usual;
  for (const auto& [lower, key] : encoder.keys()) {
    if (lower != "aws:securetransport") absent.push_back(negate(key.present));
    if (key.sort != KeySort::Ip) continue;
    usual.push_back(key.is_v4);
    usual.push_back("(= " + key.bits4 + " #xcb007107)");  // 203.0.113.7, RFC 5737
  }
  for (const Encoder::Name& name : encoder.names()) {
    if (!name.declared) continue;
    const std::string value(name.otherwise);
    if (name.term == "of_user")
      usual.emplace_back("(not of_user)");
    else if (name.term == "now")
      usual.push_back("(= now " + value + ".0)");
    else if (name.term != "canonical")
      usual.push_back("(= " + std::string(name.term) + " \"" + value + "\")");
  }
  out.push_back(std::move(absent));
  if (!usual.empty()) out.push_back(std::move(usual));
  return out;
}

std::string request_json(const policy::RequestFile& request, int indent) {
  json::Writer w(indent);
  w.begin_object();
  const policy::Principal& who = request.principal;
  switch (who.kind) {
    case policy::PrincipalKind::Anonymous: w.field("principal", "*"); break;
    case policy::PrincipalKind::Device: break;  // whoever the policies belong to
    case policy::PrincipalKind::Service:
      w.key("principal").begin_object().field("Service", who.name).end_object();
      break;
    default: w.field("principal", who.arn);
  }
  w.field("action", request.action).field("resource", request.resource);
  if (!request.resource_account.empty()) w.field("resource_account", request.resource_account);
  w.key("context").begin_object();
  // A session's ARN does not have its role's path.
  if (who.kind == policy::PrincipalKind::RoleSession) w.field("aws:PrincipalArn", who.role_arn);
  for (const policy::Context::Entry& entry : request.context.entries()) write_value(w, entry);
  w.end_object();
  if (request.variables == policy::VariableRule::AsSent) w.field("variables", "as-sent");
  if (request.now) w.field("now", to_rfc3339(*request.now));
  if (request.exemptions.service_without_rcps)
    w.key("exemptions").begin_object().field("service_without_rcps", true).end_object();
  return w.end_object().str();
}

}  // namespace sealane::prove
