// SPDX-License-Identifier: Apache-2.0
#include "pipeline/load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "pipeline/lake_policy.h"
#include "pipeline/things.h"
#include "policy/evaluate.h"

namespace sealane::pipeline {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{std::chrono::seconds(1'800'000'000)};  // 2027-01-15

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

const std::string kWeather = "../../examples/weather/";

std::string all_text(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& d : diagnostics) out += to_text(d) + "\n";
  return out;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

// The smallest file that has all three hops.
std::string small() {
  return "version: 1\n"
         "pipeline: pipe\n"
         "transit: { min_tls: \"1.3\" }\n"
         "keys: { j: { provider: local }, d: { provider: local } }\n"
         "nodes:\n"
         "  s: { kind: device, things: s.csv }\n"
         "  e: { kind: gateway, listen: [ { mqtt: 0 } ], journal: { seal: j } }\n"
         "  l: { kind: store, listen: [ { https: 0 } ] }\n"
         "  t: { kind: consumer }\n"
         "hops:\n"
         "  - { from: s, to: e, over: mqtt, policy: p.json }\n"
         "  - { from: e, to: l, over: s3, seal: d }\n"
         "  - { from: l, to: t, over: s3 }\n"
         "accept: []\n";
}

Pipeline loaded(const std::string& text) {
  auto out = load_pipeline(text, "p.yaml");
  EXPECT_TRUE(out.value) << all_text(out.diagnostics);
  return out.value.value_or(Pipeline{});
}

// One mistake, at this line, with these words in the message or hint.
void expect_mistake(const std::string& from, const std::string& to, std::uint32_t line,
                    const std::string& words) {
  auto out = load_pipeline(replaced(small(), from, to), "p.yaml");
  EXPECT_FALSE(out.value) << to;
  ASSERT_FALSE(out.diagnostics.empty()) << to;
  const auto found = std::ranges::any_of(out.diagnostics, [&](const Diagnostic& d) {
    return d.severity == Severity::Error && d.span.line == line && to_text(d).contains(words);
  });
  EXPECT_TRUE(found) << to << "\n" << all_text(out.diagnostics);
  for (const Diagnostic& d : out.diagnostics)
    EXPECT_TRUE(d.span.line > 0 && d.span.column > 0 && !d.hint.empty()) << to_text(d);
}

TEST(LoadPipeline, TakesTheWeatherExampleWithoutAFinding) {
  auto out = load_pipeline(file_text(kWeather + "pipeline.yaml"), "pipeline.yaml");
  EXPECT_TRUE(out.diagnostics.empty()) << all_text(out.diagnostics);
  ASSERT_TRUE(out.value);
  const Pipeline& p = *out.value;
  EXPECT_EQ(p.name, "weather-forecast");
  EXPECT_EQ(p.transit, (Floor{TlsVersion::Tls13, PostQuantum::Prefer}));
  EXPECT_EQ(p.find_key("training")->rotate, std::chrono::hours(24 * 90));
  EXPECT_EQ(p.find_node("edge")->listener(ListenerProtocol::Mqtt)->port, 8883);
  EXPECT_EQ(p.find_node("edge")->journal_key, "journal");
  EXPECT_EQ(p.find_node("lake")->bundle_limits.max_records, 250u);
  EXPECT_EQ(p.find_node("lake")->bundle_limits.max_age, 5s);
  ASSERT_EQ(p.hops.size(), 3u);
  EXPECT_EQ(p.hops[0].policy_file, "policies/station.json");
  EXPECT_EQ(p.hops[1].seal, "training");
}

TEST(LoadPipeline, WeatherThingsAndPolicyAreWhole) {
  auto things = parse_things(file_text(kWeather + "stations.csv"), "stations.csv");
  ASSERT_TRUE(things.value) << all_text(things.diagnostics);
  ASSERT_EQ(things.value->size(), 12u);
  EXPECT_EQ(std::ranges::count_if(
                *things.value, [](const Thing& t) { return t.attribute("simulated") == "true"; }),
            10);
  auto document = policy::parse_document(file_text(kWeather + "policies/station.json"),
                                         policy::DocumentKind::IotDevice, "station.json");
  EXPECT_TRUE(document.diagnostics.empty()) << all_text(document.diagnostics);
  ASSERT_TRUE(document.value);
  const auto policies = policy::compile(std::span(&*document.value, 1));
  policy::Context context;
  context.set("iot:Connection.Thing.ThingName", "seattle");
  context.set_bool("iot:Connection.Thing.IsAttached", true);
  const std::string prefix = iot_arn_prefix(loaded(file_text(kWeather + "pipeline.yaml")));
  auto allows = [&](std::string_view action, const std::string& resource) {
    return policy::decide(policies, {.principal = policy::Principal::device(),
                                     .action = action,
                                     .resource = prefix + resource,
                                     .context = context,
                                     .now = kNow})
        .allowed();
  };
  EXPECT_TRUE(allows("iot:Connect", "client/seattle"));
  EXPECT_FALSE(allows("iot:Connect", "client/new-york"));
  EXPECT_TRUE(allows("iot:Publish", "topic/stations/seattle/observations"));
  EXPECT_FALSE(allows("iot:Publish", "topic/stations/new-york/observations"));
  EXPECT_TRUE(allows("iot:Subscribe", "topicfilter/stations/seattle/commands"));
  EXPECT_FALSE(allows("iot:Subscribe", "topicfilter/stations/+/commands"));
  EXPECT_FALSE(allows("iot:Subscribe", "topicfilter/#"));
  EXPECT_TRUE(allows("iot:Receive", "topic/stations/seattle/commands"));
  EXPECT_FALSE(allows("iot:RetainPublish", "topic/stations/seattle/observations"));
}

TEST(LoadPipeline, ReportsSeveralMistakesInOrder) {
  auto out = load_pipeline(
      "version: 2\npipeline: Weather\ntransit: { min_tls: 1.1, verify: false }\nnodes:\n  e: { "
      "kind: gatway }\n"
      "hops:\n  - { from: e, to: x, over: http }\nextra: 1\n",
      "p.yaml");
  EXPECT_FALSE(out.value);
  std::vector<std::uint32_t> lines;
  for (const Diagnostic& d : out.diagnostics) lines.push_back(d.span.line);
  EXPECT_EQ(lines, (std::vector<std::uint32_t>{1, 2, 3, 3, 5, 7, 7, 8}))
      << all_text(out.diagnostics);
}

TEST(LoadPipeline, PlacesAndHintsAreExact) {
  auto out =
      load_pipeline(replaced(small(), "journal: { seal: j }", "jurnal: { seal: j }"), "p.yaml");
  ASSERT_EQ(out.diagnostics.size(), 3u) << all_text(out.diagnostics);
  EXPECT_EQ(to_text(out.diagnostics[2]),
            "p.yaml:7:48: error: there is no key `jurnal`\n  hint: did you mean `journal`?");
}

TEST(LoadPipeline, NothingExpressesPlaintextOrUnverifiedPeers) {
  expect_mistake("min_tls: \"1.3\"", "min_tls: \"1.1\"", 3, "no floor below TLS 1.2");
  expect_mistake("min_tls: \"1.3\"", "min_tls: \"1.3\", client_identity: optional", 3,
                 "cannot be `optional`");
  expect_mistake("min_tls: \"1.3\"", "verify: false", 3, "every connection is encrypted");
  expect_mistake("over: s3, seal: d", "over: http, seal: d", 12, "is plaintext");
  expect_mistake("over: s3, seal: d", "over: \"http://lake\", seal: d", 12, "is plaintext");
  expect_mistake("{ https: 0 }", "{ http: 0 }", 8, "is a plaintext protocol");
  expect_mistake("{ kind: store,", "{ kind: store, address: \"http://x\",", 8, "without a scheme");
  expect_mistake("over: s3, seal: d", "over: s3, insecure: true, seal: d", 12,
                 "both its ends are verified");
  expect_mistake("over: s3, seal: d", "over: s3, min_tls: \"1.2\", seal: d", 12, "cannot be lower");
}

TEST(LoadPipeline, WhatLaterVersionsHaveIsNotInThisOne) {
  const std::string later = "is not in this version";
  expect_mistake("min_tls: \"1.3\"", "profiles: [nist-800-52r2]", 3, later);
  expect_mistake("min_tls: \"1.3\"", "post_quantum: require", 3, later);
  expect_mistake("j: { provider: local }", "j: { provider: aws-kms }", 4, later);
  expect_mistake("listen: [ { mqtt: 0 } ]", "listen: [ { mqtt: 0 }, { https: 0 } ]", 7, later);
  expect_mistake("{ kind: store,", "{ kind: store, on: aws.s3,", 8, later);
  expect_mistake("{ kind: store,", "{ kind: store, bundle: ndjson,", 8, later);
  expect_mistake("{ kind: consumer }", "{ kind: stream }", 9, later);
  expect_mistake("policy: p.json", "policy: p.json, ack: delivered", 11, later);
  expect_mistake("policy: p.json", "policy: p.json, key: \"${topic}\"", 11, later);
  expect_mistake("policy: p.json", "policy: p.json, dedup: record-id", 11, later);
  expect_mistake("kind: gateway,", "kind: gateway, observe: 1883,", 7, later);
  expect_mistake("accept: []", "clouds: { azure: {} }", 14, later);
  expect_mistake("from: l, to: t", "from: e, to: t", 13, later);
}

TEST(LoadPipeline, AKeyInATokenSaysHowItIsReached) {
  const std::string token =
      "j: { provider: pkcs11, module: /lib/p.so, token: hall, label: wrapping, pin: { file: p } }";
  const auto parsed = load_pipeline(replaced(small(), "j: { provider: local }", token), "p.yaml");
  ASSERT_TRUE(parsed.value) << all_text(parsed.diagnostics);
  const KeySpec& key = parsed.value->keys.at(0);
  ASSERT_TRUE(key.token);
  EXPECT_EQ(key.token->module, "/lib/p.so");
  EXPECT_EQ(key.token->token, "hall");
  EXPECT_EQ(key.token->label, "wrapping");
  EXPECT_EQ(key.token->pin, "file:p");
  EXPECT_FALSE(parsed.value->keys.at(1).token);
  const auto mistake = [&](const std::string& from, const std::string& to,
                           const std::string& says) {
    expect_mistake("j: { provider: local }", replaced(token, from, to), 4, says);
  };
  for (const char* part : {"module", "token", "label"})
    mistake(std::string(part) + ": ", "rotate: 1d, " + std::string(part) + ": ~, x: ", "is text");
  mistake(", pin: { file: p }", "", "the key `j` has no `pin`");
  mistake("/lib/p.so", "p.so", "not an absolute path");
  mistake("hall", std::string(33, 'h'), "longer than 32");
  mistake("wrapping", std::string(129, 'w'), "longer than 128");
  mistake("{ file: p }", "\"12345\"", "a PIN never stands in the pipeline file");
  mistake("{ file: p }", "{ file: p, env: P }", "exactly one place");
  mistake("{ file: p }", "{}", "exactly one place");
  mistake("{ file: p }", "{ env: A=1 }", "not the name of a variable");
  mistake("{ file: p }", "{ credential: a/b }", "not the name of a credential");
  mistake("{ file: p }", "{ value: p }", "there is no key `value`");
  expect_mistake("j: { provider: local }", "j: { provider: local, label: x }", 4,
                 "belongs to `provider: pkcs11`");
  // What was taken for a PIN is not repeated.
  const auto said = load_pipeline(
      replaced(small(), "j: { provider: local }", replaced(token, "{ file: p }", "\"98765\"")),
      "p.yaml");
  EXPECT_EQ(all_text(said.diagnostics).find("98765"), std::string::npos);
}

TEST(LoadPipeline, NamesAndReferencesMustFit) {
  expect_mistake("pipeline: pipe", "pipeline: a/b", 2, "cannot name a pipeline");
  expect_mistake("  s: {", "  \"s/x\": {", 6, "cannot name a node");
  expect_mistake("seal: d", "seal: dd", 12, "did you mean `d`?");
  expect_mistake("to: l, over", "to: lake, over", 12, "there is no node `lake`");
  expect_mistake("from: l, to: t", "from: e, to: l", 13, "stands twice");
  expect_mistake("seal: d", "seal: j", 12, "different keys");
  expect_mistake("{ kind: store, listen: [ { https: 0 } ] }", "{ kind: store }", 8, "no listener");
  expect_mistake("[ { mqtt: 0 } ]", "[ { mqtt: 0 }, { mqtt: 1 } ]", 7, "two `mqtt` listeners");
  expect_mistake("{ https: 0 }", "{ https: 65536 }", 8, "from 0 to 65535");
  expect_mistake("{ kind: device, things: s.csv }", "{ kind: device }", 6, "no `things`");
  expect_mistake("{ kind: consumer }", "{ kind: consumer, listen: [] }", 9,
                 "a consumer has no `listen`");
  expect_mistake("policy: p.json", "policy: p.json, seal: d", 11, "has no `seal`");
  expect_mistake("over: mqtt, policy: p.json", "over: mqtt", 11, "no `policy`");
  expect_mistake("{ provider: local }", "{ provider: local, rotate: soon }", 4, "is not a time");
}

TEST(LoadPipeline, TwoNodesCannotShareAPort) {
  std::string text = replaced(small(), "mqtt: 0", "mqtt: 7000");
  EXPECT_FALSE(load_pipeline(replaced(text, "https: 0", "https: 7000"), "p.yaml").value);
  EXPECT_TRUE(load_pipeline(replaced(text, "https: 0", "https: 7001"), "p.yaml").value);
}

TEST(LoadPipeline, AcceptLowersOneHopUntilItsDay) {
  const Pipeline p = loaded(
      replaced(small(), "accept: []",
               "accept: [ { hop: e->l, floor: \"1.2\", because: old lake, until: 2027-01-15 } ]"));
  const Hop& hop = *p.find_hop("e", "l");
  EXPECT_EQ(min_tls_at(p, hop, kNow), TlsVersion::Tls12);
  EXPECT_EQ(min_tls_at(p, hop, kNow + std::chrono::days(1)), TlsVersion::Tls13);
  const Node& lake = *p.find_node("l");
  EXPECT_EQ(listener_min_tls(p, lake, lake.listen[0], kNow), TlsVersion::Tls12);
  EXPECT_EQ(min_tls_at(p, *p.find_hop("l", "t"), kNow), TlsVersion::Tls13);
  expect_mistake("accept: []",
                 "accept: [ { hop: e->x, floor: \"1.2\", because: b, until: 2027-01-15 } ]", 14,
                 "there is no hop");
  expect_mistake("accept: []",
                 "accept: [ { hop: e->l, floor: \"1.3\", because: b, until: 2027-01-15 } ]", 14,
                 "not lower");
  expect_mistake("accept: []",
                 "accept: [ { hop: e->l, floor: \"1.2\", because: b, until: 2027-02-30 } ]", 14,
                 "is not a day");
  expect_mistake("accept: []", "accept: [ { hop: e->l, floor: \"1.2\", until: 2027-01-15 } ]", 14,
                 "has no `because`");
}

TEST(Peers, EveryListenerTakesExactlyTheClientsOfItsHops) {
  const Pipeline p = loaded(small());
  const Node& edge = *p.find_node("e");
  const Node& lake = *p.find_node("l");
  EXPECT_EQ(peers_of(p, edge, edge.listen[0], kNow),
            (std::vector<PeerRole>{{PeerRole::Kind::Device, "s", TlsVersion::Tls13}}));
  EXPECT_EQ(peers_of(p, lake, lake.listen[0], kNow),
            (std::vector<PeerRole>{{PeerRole::Kind::Node, "e", TlsVersion::Tls13},
                                   {PeerRole::Kind::Node, "t", TlsVersion::Tls13}}));
  EXPECT_EQ(node_uri(p, "e"), "spiffe://pipe/node/e");
  EXPECT_EQ(device_uri(p, "seattle"), "spiffe://pipe/device/seattle");
}

TEST(StorePolicy, GivesEachPeerItsVerbsOverTheFloorAlone) {
  const Pipeline p = loaded(small());
  auto document = store_policy(p, *p.find_node("l"), kNow);
  ASSERT_TRUE(document) << document.error().message;
  const auto policies = policy::compile(std::span(&*document, 1));
  auto allows = [&](const char* node, std::string_view action, std::string_view resource,
                    const char* tls = "1.3") {
    policy::Context context;
    if (*tls != '\0') context.set("sealane:TlsVersion", tls);
    const auto principal = policy::parse_principal(node_principal_arn(p, node));
    EXPECT_TRUE(principal) << node;
    return policy::decide(policies, {.principal = *principal,
                                     .action = action,
                                     .resource = resource,
                                     .context = context,
                                     .now = kNow})
        .allowed();
  };
  EXPECT_TRUE(allows("e", "s3:PutObject", "arn:aws:s3:::pipe/d/bundles/1"));
  EXPECT_FALSE(allows("e", "s3:PutObject", "arn:aws:s3:::pipe/other/1"));
  EXPECT_FALSE(allows("e", "s3:GetObject", "arn:aws:s3:::pipe/d/bundles/1"));
  EXPECT_FALSE(allows("e", "s3:PutObject", "arn:aws:s3:::pipe/d/bundles/1", "1.2"));
  EXPECT_FALSE(allows("e", "s3:PutObject", "arn:aws:s3:::pipe/d/bundles/1", ""));
  EXPECT_TRUE(allows("t", "s3:GetObject", "arn:aws:s3:::pipe/d/bundles/1"));
  EXPECT_TRUE(allows("t", "s3:ListBucket", "arn:aws:s3:::pipe"));
  EXPECT_FALSE(allows("t", "s3:PutObject", "arn:aws:s3:::pipe/d/bundles/1"));
  EXPECT_FALSE(allows("t", "s3:DeleteObject", "arn:aws:s3:::pipe/d/bundles/1"));
  EXPECT_FALSE(allows("s", "s3:GetObject", "arn:aws:s3:::pipe/d/bundles/1"));
}

TEST(Schema, HasEveryKeyThatTheLoaderKnowsAndNoOther) {
  auto schema = json::parse(file_text("../../schema/pipeline.schema.json"), {.file = "schema"});
  ASSERT_TRUE(schema.value) << all_text(schema.diagnostics);
  std::vector<std::string> in_schema;
  auto walk = [&](auto&& self, const json::Value& node, const std::string& path) -> void {
    const std::string dot = path.empty() ? "" : ".";
    if (const json::Value* properties = node.find("properties"))
      for (const json::Member& member : *properties->object()) {
        const std::string name = path + dot + member.name;
        in_schema.push_back(name);
        self(self, member.value, name);
      }
    if (const json::Value* named = node.find("additionalProperties");
        named != nullptr && named->object() != nullptr)
      self(self, *named, path + ".*");
    if (const json::Value* items = node.find("items")) self(self, *items, path + "[]");
  };
  walk(walk, *schema.value, "");
  std::vector<std::string> in_loader = known_keys();
  std::ranges::sort(in_schema);
  std::ranges::sort(in_loader);
  EXPECT_EQ(in_schema, in_loader);
}

TEST(Things, ReportsEveryBadLine) {
  auto out = parse_things("name,site\na,1\na,2\nb\n\"c,3\n-d,4\n", "t.csv");
  EXPECT_FALSE(out.value);
  std::vector<std::uint32_t> lines;
  for (const Diagnostic& d : out.diagnostics) lines.push_back(d.span.line);
  EXPECT_EQ(lines, (std::vector<std::uint32_t>{3, 4, 5, 6})) << all_text(out.diagnostics);
  EXPECT_FALSE(parse_things("", "t.csv").value);
  EXPECT_FALSE(parse_things("id,site\n", "t.csv").value);
}

TEST(Things, TakesQuotedFieldsAndWindowsLines) {
  auto out = parse_things("name,site\r\na,\"x, \"\"y\"\"\"\r\n\r\nb,\r\n", "t.csv");
  ASSERT_TRUE(out.value) << all_text(out.diagnostics);
  EXPECT_EQ(out.value->at(0).attribute("site"), "x, \"y\"");
  EXPECT_TRUE(out.value->at(1).attributes.empty());
}

TEST(Trust, AuthoritiesAreFilesAndTheListMayBeLeftOut) {
  const auto parsed = load_pipeline(
      small() + "trust: { authorities: [ { ca: a.pem, crl: a.crl }, { ca: b.pem } ] }\n", "f");
  ASSERT_TRUE(parsed.value) << all_text(parsed.diagnostics);
  const auto& authorities = parsed.value->authorities;
  ASSERT_EQ(authorities.size(), 2u);
  EXPECT_EQ(authorities[0].ca_file, "a.pem");
  EXPECT_EQ(authorities[0].crl_file, "a.crl");
  EXPECT_EQ(authorities[1].ca_file, "b.pem");
  EXPECT_EQ(authorities[1].crl_file, "");
  EXPECT_EQ(authorities[1].span.line, 15u);
  EXPECT_TRUE(load_pipeline(small(), "f").value->authorities.empty());
}

TEST(Trust, MistakesHaveTheirPlaceAndAHint) {
  std::string many = "trust:\n  authorities:\n";
  for (int i = 0; i < 17; ++i) many += "    - { ca: c" + std::to_string(i) + ".pem }\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"trust: { authorities: [ { crl: a.crl } ] }\n", "f:15:25: error: the authority has no `ca`"},
      {"trust: { authorities: [ { ca: a.pem }, { ca: a.pem } ] }\n",
       "f:15:40: error: the file `a.pem` stands twice"},
      {"trust: { authorities: [ { ca: a.pem, ctl: a.crl } ] }\n", "did you mean `crl`"},
      {"trust: { authorities: [ { ca: \"https://a\" } ] }\n", "is a file, not an address"},
      {"trust: { cas: [] }\n", "there is no key `cas`"},
      {"trust: []\n", "f:15:8: error: this is not a mapping"},
      {"trust: { authorities: a.pem }\n", "f:15:23: error"},
      {many, "more than 16 authorities"},
  };
  for (const auto& [text, wanted] : cases) {
    const auto parsed = load_pipeline(small() + text, "f");
    EXPECT_FALSE(parsed.value) << text;
    EXPECT_TRUE(all_text(parsed.diagnostics).contains(wanted)) << wanted << "\n"
                                                               << all_text(parsed.diagnostics);
    for (const Diagnostic& d : parsed.diagnostics) EXPECT_FALSE(d.hint.empty()) << d.message;
  }
}

}  // namespace
}  // namespace sealane::pipeline
