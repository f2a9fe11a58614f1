// SPDX-License-Identifier: Apache-2.0
// How fast policies decide on one core, and what a decision allocates; prints the table of
// bench/README.md.
#include <sys/utsname.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "policy/evaluate.h"

namespace {
std::size_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace sealane;
using namespace sealane::policy;

constexpr const char* kUsage = R"(Usage: policy_rate [--rounds N] [--seconds S]

Decides the same requests again and again on one thread, N rounds (default 5) of S seconds (default 1) for each
case, and prints decisions per second of the thread's CPU time, medians, and allocations per decision.

Example:
  policy_rate --rounds 3
)";

constexpr Time kNow{std::chrono::seconds(1'800'000'000)};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "policy_rate: %s\n", why.c_str());
  std::exit(2);
}

Document read(const std::string& statements, DocumentKind kind, std::uint32_t level = 0) {
  const std::string text = R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
  auto parsed = parse_document(text, kind, std::string(to_string(kind)));
  if (!parsed.value) give_up(to_text(parsed.diagnostics.at(0)));
  parsed.value->level = level;
  return *std::move(parsed.value);
}

struct Question {
  std::string action, resource;
  Outcome expected;
};

// Policies, the one who asks, and the questions that are asked in turn.
struct Case {
  std::string name;
  CompiledPolicies policies;
  Principal principal;
  Context context;
  std::vector<Question> questions;
  std::string resource_account;
};

Context device_context() {
  Context out;
  out.set_bool("aws:SecureTransport", true);
  out.set("aws:SourceIp", "192.0.2.7");
  out.set("sealane:TlsVersion", "1.3");
  out.set("sealane:TlsGroup", "X25519MLKEM768");
  out.set("sealane:TlsSuite", "TLS_AES_128_GCM_SHA256");
  out.set_bool("sealane:PostQuantum", true);
  out.set_bool("sealane:Resumed", false);
  out.set("sealane:CertificateAgeDays", "12");
  out.set("sealane:CertificateSha256", std::string(64, 'a'));
  out.set("iot:ClientId", "seattle-01");
  out.set("iot:Connection.Thing.ThingName", "seattle-01");
  out.set_bool("iot:Connection.Thing.IsAttached", true);
  out.set("iot:Connection.Thing.Attributes[site]", "roof");
  return out;
}

constexpr std::string_view kArn = "arn:aws:iot:eu-central-1:123456789012:";

Case device_policy() {
  auto own = [](const char* effect, const char* action, const char* resource, const char* rest) {
    return std::string(R"({"Effect":")") + effect + R"(","Action":")" + action +
           R"(","Resource":")" + std::string(kArn) + resource + "\"" + rest + "}";
  };
  const std::string statements =
      own("Allow", "iot:Connect", "client/${iot:Connection.Thing.ThingName}",
          R"(,"Condition":{"Bool":{"iot:Connection.Thing.IsAttached":"true"}})") +
      "," + own("Allow", "iot:Publish", "topic/stations/${iot:Connection.Thing.ThingName}/*", "") +
      "," +
      own("Allow", "iot:Subscribe",
          "topicfilter/stations/${iot:Connection.Thing.ThingName}/commands", "") +
      "," +
      own("Allow", "iot:Receive", "topic/stations/${iot:Connection.Thing.ThingName}/commands", "") +
      R"(,{"Effect":"Deny","Action":"iot:*","Resource":"*","Condition":{"NumericLessThanIfExists":{"sealane:TlsVersion":"1.3"}}})";
  const Document document = read(statements, DocumentKind::IotDevice);
  const std::string arn(kArn);
  return {"5 statements of a device, with a Deny",
          compile(std::span(&document, 1)),
          Principal::device(),
          device_context(),
          {{"iot:Publish", arn + "topic/stations/seattle-01/observations", Outcome::Allowed},
           {"iot:Receive", arn + "topic/stations/seattle-01/commands", Outcome::Allowed},
           {"iot:Publish", arn + "topic/stations/new-york/observations", Outcome::ImplicitlyDenied},
           {"iot:Subscribe", arn + "topicfilter/stations/seattle-01/commands", Outcome::Allowed}},
          {}};
}

// Every statement is looked at: all name the action, and the last one allows.
std::string fifty_with_conditions() {
  constexpr std::array<std::string_view, 5> kFalse = {
      R"("StringNotEquals":{"aws:PrincipalTag/team":"weather"},"Bool":{"aws:SecureTransport":"true"})",
      R"("StringEquals":{"aws:PrincipalTag/team":"weather"},"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24","2001:db8::/32"]})",
      R"("NumericLessThan":{"s3:TlsVersion":"1.2"},"StringLike":{"aws:PrincipalTag/team":"w*r"})",
      R"("ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/w*"},"DateGreaterThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"})",
      R"("ForAnyValue:StringLike":{"aws:TagKeys":["x*","y*"]},"Null":{"aws:SourceVpce":"true"})"};
  std::string out;
  for (int i = 0; i < 49; ++i)
    out +=
        std::string(R"({"Effect":")") + (i % 5 == 0 ? "Deny" : "Allow") +
        R"(","Action":["s3:Get*","s3:PutObject"],"Resource":"arn:aws:s3:::lake/*","Condition":{)" +
        std::string(kFalse[static_cast<std::size_t>(i) % kFalse.size()]) + "}},";
  return out +
         R"({"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/${aws:PrincipalTag/team}/*",
             "Condition":{"NumericGreaterThanEquals":{"s3:TlsVersion":"1.2"},"Bool":{"aws:SecureTransport":"true"}}})";
}

Principal role() {
  return parse_principal("arn:aws:sts::123456789012:assumed-role/writer/session").value();
}

Context role_context() {
  Context out;
  out.set_bool("aws:SecureTransport", true);
  out.set("aws:SourceIp", "192.0.2.7");
  out.set("aws:PrincipalTag/team", "weather");
  out.set("s3:TlsVersion", "1.3");
  out.set_list("aws:TagKeys", std::array<std::string, 2>{"site", "height"});
  return out;
}

Case fifty() {
  const Document document = read(fifty_with_conditions(), DocumentKind::Identity);
  return {"50 statements, two conditions each, all looked at",
          compile(std::span(&document, 1)),
          role(),
          role_context(),
          {{"s3:GetObject", "arn:aws:s3:::lake/weather/1.tar", Outcome::Allowed},
           {"s3:GetObject", "arn:aws:s3:::lake/other/1.tar", Outcome::ImplicitlyDenied}},
          {}};
}

Case across_accounts() {
  const std::string all = R"({"Effect":"Allow","Action":"*","Resource":"*"})";
  const std::string no_iot = R"({"Effect":"Deny","Action":"iot:*","Resource":"*"})";
  const std::string tls =
      R"({"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"BoolIfExists":{"aws:SecureTransport":"false"}}})";
  const std::vector<Document> documents = {
      read(all + "," + no_iot, DocumentKind::Scp, 0),
      read(all, DocumentKind::Scp, 1),
      read(all, DocumentKind::Scp, 2),
      read(tls, DocumentKind::Rcp),
      read(fifty_with_conditions(), DocumentKind::Identity),
      read(all, DocumentKind::Boundary),
      read(
          R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/writer"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/*"},)" +
              tls,
          DocumentKind::Resource)};
  return {"the same across accounts: 3 levels of SCPs, RCP, boundary, bucket policy",
          compile(documents),
          role(),
          role_context(),
          {{"s3:GetObject", "arn:aws:s3:::lake/weather/1.tar", Outcome::Allowed}},
          "210987654321"};
}

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Measured {
  double per_second = 0;
  double allocations_each = 0;
};

Measured measure(const Case& one, double seconds) {
  constexpr int kBatch = 256;
  const std::size_t allocated = allocations;
  const double start = thread_seconds();
  std::size_t decisions = 0;
  double took = 0;
  while (took < seconds) {
    for (int i = 0; i < kBatch; ++i) {
      const Question& question = one.questions[decisions % one.questions.size()];
      const Decision decision = decide(one.policies, {.principal = one.principal,
                                                      .action = question.action,
                                                      .resource = question.resource,
                                                      .context = one.context,
                                                      .now = kNow,
                                                      .resource_account = one.resource_account});
      if (decision.outcome() != question.expected)
        give_up(one.name + ": " + question.action + " " + question.resource + ": " +
                explain(one.policies, decision));
      ++decisions;
    }
    took = thread_seconds() - start;
  }
  return {static_cast<double>(decisions) / took,
          static_cast<double>(allocations - allocated) / static_cast<double>(decisions)};
}

std::string first_line_after(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key)) {
      const std::size_t colon = line.find(": ");
      return colon == std::string::npos ? line : line.substr(colon + 2);
    }
  return "unknown";
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = 5;
  double seconds = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--rounds" && i + 1 < argc) {
      rounds = std::clamp(std::atoi(argv[++i]), 1, 1000);
    } else if (argument == "--seconds" && i + 1 < argc) {
      seconds = std::clamp(std::atof(argv[++i]), 0.01, 60.0);
    } else {
      std::fputs(kUsage, argument == "--help" ? stdout : stderr);
      return argument == "--help" ? 0 : 2;
    }
  }
  std::printf("%s, %u cores; load before: %s\n\n",
              first_line_after("/proc/cpuinfo", "model name").c_str(),
              std::thread::hardware_concurrency(), first_line_after("/proc/loadavg", "").c_str());
  std::printf(
      "| policies | decisions/s per core | ns each | allocations each |\n|---|---|---|---|\n");
  for (const Case& one : {device_policy(), fifty(), across_accounts()}) {
    std::vector<Measured> all;
    for (int i = 0; i < rounds; ++i) all.push_back(measure(one, seconds));
    std::ranges::sort(all, {}, &Measured::per_second);
    const Measured& median = all[all.size() / 2];
    std::printf("| %s | %.2f M | %.0f | %.2f |\n", one.name.c_str(), median.per_second / 1e6,
                1e9 / median.per_second, median.allocations_each);
    std::fflush(stdout);
  }
  std::printf("\nload after: %s\n", first_line_after("/proc/loadavg", "").c_str());
  return 0;
}
