// SPDX-License-Identifier: Apache-2.0
#include "bench/prove_policies.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <span>
#include <string_view>

namespace sealane::bench {
namespace {

// The distributions of the standard library differ between libraries; this one does not.
class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  double share() { return (static_cast<double>(engine_()) + 0.5) / 4294967296.0; }
  bool chance(double p) { return share() < p; }
  template <typename T>
  const T& one_of(std::span<const T> all) {
    return all[below(all.size())];
  }
  double normal() {
    return std::sqrt(-2.0 * std::log(share())) * std::cos(2.0 * std::numbers::pi * share());
  }

 private:
  std::mt19937 engine_;
};

struct Service {
  std::string_view type, prefix, arn_head, name_head, beneath;
  std::span<const std::string_view> actions;
};

constexpr std::array<std::string_view, 14> kS3 = {"GetObject",
                                                  "PutObject",
                                                  "DeleteObject",
                                                  "ListBucket",
                                                  "GetBucketLocation",
                                                  "GetObjectVersion",
                                                  "PutObjectAcl",
                                                  "GetObjectTagging",
                                                  "Get*",
                                                  "List*",
                                                  "PutObject*",
                                                  "GetBucket*",
                                                  "AbortMultipartUpload",
                                                  "PutBucketTagging"};
constexpr std::array<std::string_view, 8> kSqs = {
    "SendMessage", "ReceiveMessage",     "DeleteMessage", "GetQueueAttributes",
    "GetQueueUrl", "SetQueueAttributes", "Get*",          "ChangeMessageVisibility"};
constexpr std::array<std::string_view, 8> kSns = {
    "Publish",     "Subscribe",     "GetTopicAttributes", "SetTopicAttributes",
    "DeleteTopic", "AddPermission", "RemovePermission",   "ListSubscriptionsByTopic"};
constexpr std::array<std::string_view, 9> kKms = {
    "Encrypt",     "Decrypt",    "ReEncrypt*", "GenerateDataKey*",   "DescribeKey",
    "CreateGrant", "ListGrants", "Put*",       "ScheduleKeyDeletion"};
constexpr std::array<std::string_view, 7> kKinesis = {
    "PutRecord",      "PutRecords", "GetRecords",      "GetShardIterator",
    "DescribeStream", "ListShards", "SubscribeToShard"};

constexpr std::array<Service, 5> kServices = {{
    {"s3-bucket", "s3", "arn:aws:s3:::", "training-data-", "/", kS3},
    {"sqs-queue", "sqs", "arn:aws:sqs:eu-central-1:111122223333:", "ingest-", "", kSqs},
    {"sns-topic", "sns", "arn:aws:sns:eu-central-1:111122223333:", "alerts-", "", kSns},
    {"kms-key", "kms", "arn:aws:kms:eu-central-1:111122223333:key/", "1234abcd-12ab-34cd-56ef-", "",
     kKms},
    {"kinesis-stream", "kinesis", "arn:aws:kinesis:eu-central-1:111122223333:stream/", "sensors-",
     "/consumer/", kKinesis},
}};
// In hundredths.
constexpr std::array<std::size_t, 5> kServiceShares = {60, 13, 10, 9, 8};

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }
std::string one_or_list(const std::vector<std::string>& texts) {
  if (texts.size() == 1) return quoted(texts.front());
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + quoted(text);
  return out + "]";
}

// One policy, statement by statement.
class Writer {
 public:
  Writer(Random& random, const Service& service, std::string arn)
      : random_(random), service_(service), arn_(std::move(arn)) {}

  void statement(std::string_view effect, const std::string& principal, const std::string& action,
                 const std::string& resource, const std::string& condition) {
    statements_ += statements_.empty() ? "\n    {\n" : ",\n    {\n";
    statements_ += "      \"Sid\": " + quoted("Statement" + std::to_string(++count_)) +
                   ",\n      \"Effect\": " + quoted(effect) + ",\n      " + principal +
                   ",\n      " + action + ",\n      " + resource;
    if (!condition.empty()) statements_ += ",\n      \"Condition\": {" + condition + "}";
    statements_ += "\n    }";
  }
  std::string text() const {
    return "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [" + statements_ + "\n  ]\n}\n";
  }
  bool has(std::string_view what) const { return statements_.find(what) != std::string::npos; }
  std::size_t size() const { return statements_.size() + 60; }

  std::string everybody() { return "\"Principal\": \"*\""; }
  std::string every_action() {
    return "\"Action\": " + quoted(std::string(service_.prefix) + ":*");
  }
  std::string not_actions(std::vector<std::string> actions) {
    return "\"NotAction\": " + one_or_list(actions);
  }
  std::string actions(std::vector<std::string> actions) {
    return "\"Action\": " + one_or_list(actions);
  }
  std::string both() {
    std::vector<std::string> all = {arn_};
    if (!service_.beneath.empty()) all.push_back(beneath("*"));
    return "\"Resource\": " + one_or_list(all);
  }
  std::string resource(std::vector<std::string> arns) {
    return "\"Resource\": " + one_or_list(arns);
  }
  std::string beneath(std::string_view rest) {
    return arn_ + std::string(service_.beneath) + std::string(rest);
  }
  bool has_beneath() const { return !service_.beneath.empty(); }
  bool is_s3() const { return service_.prefix == "s3"; }
  const std::string& arn() const { return arn_; }
  std::string some_action() {
    return std::string(service_.prefix) + ":" + std::string(random_.one_of(service_.actions));
  }
  std::string some_actions() {
    std::vector<std::string> out;
    for (std::size_t n = 1 + random_.below(5); n > 0; --n) {
      std::string action = some_action();
      if (std::ranges::find(out, action) == out.end()) out.push_back(std::move(action));
    }
    return "\"Action\": " + one_or_list(out);
  }

 private:
  Random& random_;
  const Service& service_;
  std::string arn_;
  std::string statements_;
  std::size_t count_ = 0;
};

constexpr std::string_view kPlain = R"("Bool": {"aws:SecureTransport": "false"})";

std::string and_plain(const std::string& rest) {
  // One operator stands once in a statement.
  constexpr std::string_view kBool = "\"Bool\": {";
  if (rest.starts_with(kBool))
    return std::string(kPlain.substr(0, kPlain.size() - 1)) + ", " + rest.substr(kBool.size());
  return std::string(kPlain) + ", " + rest;
}

std::string role_arn(Random& random) {
  static constexpr std::array<std::string_view, 6> kRoles = {
      "etl", "trainer", "service-role/glue", "deploy", "audit", "legacy"};
  return "arn:aws:iam::" + std::to_string(111122223333 + 1111 * random.below(4)) + ":role/" +
         std::string(random.one_of(std::span<const std::string_view>(kRoles)));
}

std::string set_condition(Random& random) {
  const std::string n = std::to_string(random.below(40));
  switch (random.below(4)) {
    case 0:
      return R"("ForAnyValue:StringEquals": {"aws:CalledVia": ["athena.amazonaws.com", "cloudformation.amazonaws.com"]})";
    case 1:
      return R"("ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3/r-ab12/ou-)" + n +
             R"(/*"})";
    case 2:
      return R"("ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost-center-)" + n +
             R"("]})";
    default:
      return R"("ForAllValues:StringLike": {"aws:TagKeys": ["team-*", "project-)" + n + R"(-*"]})";
  }
}

std::string variable_condition(Random& random) {
  switch (random.below(3)) {
    case 0: return R"("StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"})";
    case 1: return R"("StringLike": {"aws:ResourceTag/owner": "${aws:username}-*"})";
    default: return R"("StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"})";
  }
}

// A condition's operator and key, in the proportions of the 1,641 policies.
std::string some_condition(Random& random, bool with_variables, bool with_sets) {
  const std::string n = std::to_string(random.below(40));
  if (with_sets && random.chance(0.6)) return set_condition(random);
  if (with_variables && random.chance(0.6)) return variable_condition(random);
  const std::size_t roll = random.below(4478);
  if (roll < 2540) {
    switch (random.below(5)) {
      case 0: return R"("StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"})";
      case 1:
        return R"("StringEquals": {"aws:SourceAccount": "11112222)" +
               std::to_string(3000 + random.below(9)) + R"("})";
      case 2: return R"("StringEquals": {"aws:ResourceTag/stage": ["prod", "test-)" + n + R"("]})";
      case 3: return R"("StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c)" + n + R"("})";
      default: return R"("StringEquals": {"aws:PrincipalTag/department": "data-)" + n + R"("})";
    }
  }
  if (roll < 3270) {
    switch (random.below(3)) {
      case 0: return R"("StringLike": {"aws:PrincipalTag/project": ["ml-*", "*-)" + n + R"("]})";
      case 1: return R"("StringLike": {"aws:userid": "AROA*:session-)" + n + R"("})";
      default:
        return R"("StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/breakglass-)" + n +
               R"(*"})";
    }
  }
  if (roll < 3778)
    return random.chance(0.5) ? R"("Null": {"aws:PrincipalTag/department": "false"})"
                              : R"("Null": {"aws:SourceVpce": "true"})";
  if (roll < 4141) return R"("ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:events-)" + n + R"(*"})";
  if (roll < 4275)
    return R"("ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/)" + n + R"(/*"})";
  if (roll < 4383)
    return random.chance(0.5) ? R"("Bool": {"aws:ViaAWSService": "false"})"
                              : R"("BoolIfExists": {"aws:MultiFactorAuthPresent": "true"})";
  return random.chance(0.5)
             ? R"("IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "198.51.100.)" + n + R"(/32"]})"
             : R"("NotIpAddress": {"aws:SourceIp": "203.0.113.0/2)" +
                   std::to_string(4 + random.below(5)) + R"("})";
}

// The whole service's actions in statements that divide them.
void divided_actions(Writer& out, const std::string& condition) {
  const std::string chosen = out.some_action();
  out.statement("Deny", out.everybody(), out.actions({chosen}), out.both(), condition);
  out.statement("Deny", out.everybody(), out.not_actions({chosen}), out.both(), condition);
}

// Statements about transport; returns what the part is called.
std::string transport_part(Writer& out, Random& random, const std::string& version_key) {
  const std::string plain(kPlain);
  const std::string n = std::to_string(random.below(90));
  const auto deny = [&](const std::string& resource, const std::string& condition) {
    out.statement("Deny", out.everybody(), out.every_action(), resource, condition);
  };
  switch (random.below(15)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5: deny(out.both(), plain); return "canonical";
    case 6:
      if (out.has_beneath()) {
        deny(out.resource({out.arn()}), plain);
        deny(out.resource({out.beneath("*")}), plain);
        return "two-statements";
      }
      divided_actions(out, plain);
      return "divided-actions";
    case 7: divided_actions(out, plain); return "divided-actions";
    case 8:
      deny(out.both(), and_plain(R"("ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ops-)" +
                                 n + R"("})"));
      deny(out.both(),
           and_plain(R"("ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ops-)" + n + R"("})"));
      return "carve-out-closed";
    case 9:
      deny(out.both(), and_plain(R"("BoolIfExists": {"aws:PrincipalIsAWSService": "false"})"));
      deny(out.both(), and_plain(R"("Bool": {"aws:PrincipalIsAWSService": "true"})"));
      return "services-apart";
    case 10:
      deny(
          out.both(),
          and_plain(
              R"("ForAllValues:StringEquals": {"aws:CalledVia": ["athena.amazonaws.com", "glue.amazonaws.com"]})"));
      deny(
          out.both(),
          and_plain(
              R"("ForAnyValue:StringNotEquals": {"aws:CalledVia": ["athena.amazonaws.com", "glue.amazonaws.com"]})"));
      return "sets-closed";
    case 11:
      if (out.is_s3()) {
        deny(out.resource({out.arn(), out.beneath("home/${aws:username, 'none'}/*")}), plain);
        out.statement("Deny", out.everybody(), out.every_action(),
                      "\"NotResource\": " + quoted(out.beneath("home/${aws:username, 'none'}/*")),
                      plain);
        return "variables-closed";
      }
      deny(out.both(),
           and_plain(
               R"("StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team, 'none'}"})"));
      deny(
          out.both(),
          and_plain(
              R"("StringNotEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team, 'none'}"})"));
      return "variables-closed";
    case 12:
      deny(out.both(), R"("NumericLessThanIfExists": {")" + version_key + R"(": "1.3"})");
      return "floor-if-exists";
    case 13:
      switch (random.below(5)) {
        case 0: deny(out.both(), R"("Bool": {"aws:SecureTransport": "true"})"); return "mistake";
        case 1: deny(out.resource({out.arn()}), plain); return "mistake";
        case 2:
          out.statement("Deny", out.everybody(), out.some_actions(), out.both(), plain);
          return "mistake";
        case 3:
          deny(out.both(),
               and_plain(R"("StringNotEquals": {"aws:PrincipalTag/exempt": "yes-)" + n + R"("})"));
          return "mistake";
        default:
          out.statement("Allow", out.everybody(), out.some_actions(), out.both(),
                        R"("Bool": {"aws:SecureTransport": "true"})");
          return "mistake";
      }
    default:
      deny(out.both(), and_plain(some_condition(random, random.chance(0.5), random.chance(0.5))));
      return "carve-out";
  }
}

}  // namespace

std::vector<GeneratedPolicy> generate_policies(unsigned seed, std::size_t count) {
  Random random(seed);
  std::vector<GeneratedPolicy> out;
  // exp of a normal variable: the median is 723 and one in a hundred is above 25,000.
  const double sigma = std::log(25'000.0 / 480.0) / 2.3263;
  while (out.size() < count) {
    std::size_t roll = random.below(100);
    std::size_t chosen = 0;
    while (roll >= kServiceShares[chosen]) roll -= kServiceShares[chosen++];
    const Service& service = kServices[chosen];
    GeneratedPolicy one;
    one.type = service.type;
    std::string name(service.name_head);
    for (std::size_t i = 0; i < (chosen == 3 ? 12u : 4u); ++i)
      name += "0123456789ab"[random.below(12)];
    one.resource = std::string(service.arn_head) + name;
    const auto target =
        static_cast<std::size_t>(std::min(157'000.0, 480.0 * std::exp(sigma * random.normal())));
    const bool with_variables = random.chance(0.07);
    const bool with_sets = random.chance(0.13);
    Writer writer(random, service, one.resource);
    one.shape = transport_part(writer, random, std::string(service.prefix) + ":TlsVersion");
    const bool grants = target > writer.size() + 300 && random.chance(0.35);
    one.claim = one.shape == "floor-if-exists" ? "floor" : grants ? "grant" : "enforce";
    one.min_tls = one.claim == "floor" ? "1.3" : "1.2";
    while (writer.size() + 250 < target) {
      const bool denies = random.chance(0.12);
      const std::string condition =
          denies || random.chance(0.75) ? some_condition(random, with_variables, with_sets) : "";
      std::string principal = random.chance(0.3)
                                  ? R"("Principal": {"Service": "logging.s3.amazonaws.com"})"
                                  : R"("Principal": {"AWS": )" + quoted(role_arn(random)) + "}";
      if (denies) principal = R"("Principal": "*")";
      std::string resource = writer.both();
      if (writer.has_beneath() && random.chance(0.5))
        resource = writer.resource(
            {writer.beneath(with_variables && random.chance(0.4)
                                ? "home/${aws:username}/*"
                                : "part-" + std::to_string(random.below(50)) + "/*")});
      std::string action = writer.some_actions();
      if (random.chance(0.004)) action = writer.not_actions({writer.some_action()});
      writer.statement(denies ? "Deny" : "Allow", principal, action, resource, condition);
    }
    if (with_sets && !writer.has("\"ForA"))
      writer.statement("Allow", R"("Principal": {"AWS": )" + quoted(role_arn(random)) + "}",
                       writer.some_actions(), writer.both(), set_condition(random));
    if (with_variables && !writer.has("${"))
      writer.statement("Allow", R"("Principal": {"AWS": )" + quoted(role_arn(random)) + "}",
                       writer.some_actions(), writer.both(), variable_condition(random));
    one.text = writer.text();
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace sealane::bench
