// SPDX-License-Identifier: Apache-2.0
#include "iac/lookup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "iac/read.h"
#include "iac/testing/show.h"

namespace sealane::iac {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

System system_of(const std::string& name, std::string_view text) {
  const Input input{name, text};
  auto parsed = read(std::span(&input, 1), {}, {});
  EXPECT_TRUE(parsed.value) << show(parsed);
  return parsed.value ? *std::move(parsed.value) : System{};
}

const Resource& named(const System& system, std::string_view address) {
  const auto found = std::ranges::find(system.resources, address, &Resource::address);
  EXPECT_NE(found, system.resources.end()) << address;
  return *found;
}

// `given: TLS; omitted` and so on.
std::string settings(const Resource& resource, std::string_view path) {
  Arena arena;
  const auto found = lookup(resource, path, arena);
  if (!found.ok()) return found.error().message;
  std::string out;
  for (const Setting& setting : *found) {
    if (!out.empty()) out += "; ";
    out += setting.path;
    if (setting.presence == Presence::Omitted) out += " omitted";
    if (setting.presence == Presence::Unknown) out += " unknown: " + setting.why;
    if (setting.presence == Presence::Given) out += " = " + show(*setting.value);
  }
  return out;
}

// The shapes in which plans show a property that nobody wrote, each as an engine recorded it.
class Omitted : public testing::Test {
 protected:
  std::string settings_of(std::string_view address, std::string_view path) {
    return settings(named(system_, address), path);
  }
  System system_ = system_of("plan.json", file_text("testdata/recorded/omitted/plan.json"));
};

TEST_F(Omitted, AbsentAndKnownAfterApplyIsOmitted) {
  EXPECT_EQ(settings_of("aws_dms_endpoint.absent", "ssl_mode"), "ssl_mode omitted");
  EXPECT_EQ(settings_of("aws_elasticache_replication_group.absent", "transit_encryption_enabled"),
            "transit_encryption_enabled omitted");
  EXPECT_EQ(settings_of("aws_transfer_server.filled_in", "protocols"), "protocols omitted");
}
TEST_F(Omitted, WholeBlockKnownAfterApplyIsOmitted) {
  EXPECT_EQ(
      settings_of("aws_opensearch_domain.absent_block", "domain_endpoint_options.enforce_https"),
      "domain_endpoint_options omitted");
  EXPECT_EQ(settings_of("aws_opensearch_domain.absent_block", "node_to_node_encryption[].enabled"),
            "node_to_node_encryption omitted");
}
TEST_F(Omitted, NullIsOmitted) {
  EXPECT_EQ(settings_of("aws_db_proxy.null", "require_tls"), "require_tls omitted");
  EXPECT_EQ(settings_of("aws_datasync_location_efs.null", "in_transit_encryption"),
            "in_transit_encryption omitted");
  EXPECT_EQ(settings_of("aws_sagemaker_data_quality_job_definition.empty_block",
                        "network_config.enable_inter_container_traffic_encryption"),
            "network_config[0].enable_inter_container_traffic_encryption omitted");
}
TEST_F(Omitted, EmptyListIsOmitted) {
  EXPECT_EQ(settings_of("aws_msk_cluster.empty_list",
                        "encryption_info.encryption_in_transit.client_broker"),
            "encryption_info.encryption_in_transit omitted");
  EXPECT_EQ(settings_of("aws_msk_cluster.empty_block",
                        "encryption_info.encryption_in_transit.client_broker"),
            "encryption_info[0].encryption_in_transit.client_broker omitted");
  EXPECT_EQ(
      settings_of("aws_redshift_parameter_group.empty_list", "parameter[name=require_ssl].value"),
      "parameter[name=require_ssl] omitted");
}
TEST_F(Omitted, ComputedInsideAnEmptyBlockIsOmitted) {
  EXPECT_EQ(
      settings_of("aws_msk_cluster.empty_block", "encryption_info.encryption_at_rest_kms_key_arn"),
      "encryption_info[0].encryption_at_rest_kms_key_arn omitted");
}
TEST_F(Omitted, EmptyTextAndZeroAreOmitted) {
  EXPECT_EQ(settings_of("aws_ecs_task_definition.zero",
                        "volume[].efs_volume_configuration.transit_encryption"),
            "volume[0].efs_volume_configuration[0].transit_encryption omitted");
}
TEST_F(Omitted, DefaultFilledInIsGiven) {
  EXPECT_EQ(settings_of("aws_memorydb_cluster.filled_in", "tls_enabled"), "tls_enabled = true");
  EXPECT_EQ(settings_of("aws_mskconnect_connector.filled_in",
                        "kafka_cluster_encryption_in_transit.encryption_type"),
            "kafka_cluster_encryption_in_transit[0].encryption_type = \"PLAINTEXT\"");
  EXPECT_EQ(settings_of("aws_mskconnect_connector.filled_in",
                        "connector_configuration[\"connector.class\"]"),
            "connector_configuration[\"connector.class\"] = \"S3Sink\"");
}

// What somebody gave and the plan does not know yet is never omitted.
std::string plan_with(std::string_view after, std::string_view unknown, std::string_view given) {
  return R"({"format_version":"1.2","resource_changes":[{"address":"t.x","mode":"managed","type":"t","name":"x",)"
         R"("change":{"actions":["create"],"after":)" +
         std::string(after) + R"(,"after_unknown":)" + std::string(unknown) +
         R"(,"after_sensitive":{}}}],"configuration":{"root_module":{"resources":[{"address":"t.x",)"
         R"("mode":"managed","type":"t","name":"x","expressions":)" +
         std::string(given) + "}]}}}";
}
std::string in_plan(std::string_view after, std::string_view unknown, std::string_view given,
                    std::string_view path) {
  const std::string text = plan_with(after, unknown, given);
  return settings(named(system_of("plan.json", text), "t.x"), path);
}

TEST(Lookup, EveryFieldOfAMap) {
  const System system = system_of(
      "t.json",
      R"({"Resources": {"A": {"Type": "AWS::X::Y", "Properties": {"S": {"b": {"t": 1}, "c": {}}}}}})");
  EXPECT_EQ(settings(named(system, "A"), "S[*].t"), "S.b.t = {\"number\":\"1\"}; S.c.t omitted");
}
TEST(Lookup, GivenAndUnknownIsUnknown) {
  EXPECT_EQ(in_plan("{}", R"({"tls":true})", R"({"tls":{"references":["var.tls"]}})", "tls"),
            "tls unknown: known after apply");
  EXPECT_EQ(in_plan("{}", R"({"tls":true})", R"({"tls":{}})", "tls"),
            "tls unknown: known after apply");
  EXPECT_EQ(in_plan("{}", R"({"tls":true})", "{}", "tls"), "tls omitted");
}
TEST(Lookup, ElementOfAGivenArgumentIsUnknown) {
  EXPECT_EQ(in_plan(R"({"tags":{"b":"1"}})", R"({"tags":{"a":true}})",
                    R"({"tags":{"references":["t.y.arn","t.y"]}})", "tags.a"),
            "tags.a unknown: known after apply");
}
TEST(Lookup, PropertyThatABlockDoesNotGiveIsOmitted) {
  EXPECT_EQ(in_plan(R"({"b":[{}]})", R"({"b":[{"p":true,"q":true}]})",
                    R"({"b":[{"q":{"references":["local.q"]}}]})", "b.p"),
            "b[0].p omitted");
  EXPECT_EQ(
      in_plan(R"({"b":[{}]})", R"({"b":[{"p":true,"q":true}]})",
              R"({"b":[{"q":{"references":["local.q"]}}]})", "b.q"),
      "b[0].q unknown: known after apply, computed through `local.q`, of which a plan does not "
      "show the expression");
}
TEST(Lookup, PropertyOfADynamicBlockIsUnknown) {
  EXPECT_EQ(in_plan(R"({"b":[{}]})", R"({"b":[{"p":true}]})", "{}", "b.p"),
            "b[0].p unknown: known after apply");
}
TEST(Lookup, WithoutConfigurationNothingIsTakenForOmitted) {
  const std::string text =
      R"({"format_version":"1.2","resource_changes":[{"address":"t.x","mode":"managed","type":"t",)"
      R"("name":"x","change":{"actions":["create"],"after":{},"after_unknown":{"tls":true}}}]})";
  EXPECT_EQ(settings(named(system_of("plan.json", text), "t.x"), "tls"),
            "tls unknown: known after apply");
}
TEST(Lookup, ElementKeepsWhatWasGiven) {
  const std::string text =
      plan_with(R"({"b":[{}],"d":[{}]})", R"({"b":[{"p":true,"q":true}],"d":[{"p":true}]})",
                R"({"b":[{"q":{"references":["local.q"]}}]})");
  const System system = system_of("plan.json", text);
  const Resource& whole = named(system, "t.x");
  Arena arena;
  const auto b = lookup(whole, "b[]", arena);
  EXPECT_EQ(settings(element_of(whole, (*b)[0]), "p"), "p omitted");
  EXPECT_TRUE(settings(element_of(whole, (*b)[0]), "q").starts_with("q unknown"));
  const auto d = lookup(whole, "d[]", arena);
  EXPECT_EQ(settings(element_of(whole, (*d)[0]), "p"), "p unknown: known after apply");
}

Resource resource_with(std::string_view properties) {
  const std::string text =
      R"({"Parameters":{"Mode":{"Type":"String"}},"Resources":{"X":{"Type":"T::T::T","Properties":)" +
      std::string(properties) + "}}}";
  return system_of("t.json", text).resources.at(0);
}

TEST(Lookup, BlockIsEnteredWithoutAnIndexAndAListAsEveryElement) {
  const Resource r = resource_with(R"({"A":[{"B":1},{"B":2},{}]})");
  EXPECT_EQ(settings(r, "A.B"),
            R"(A[0].B = {"number":"1"}; A[1].B = {"number":"2"}; A[2].B omitted)");
  EXPECT_EQ(settings(r, "A[].B"), settings(r, "A.B"));
  EXPECT_EQ(settings(r, "A[1].B"), R"(A[1].B = {"number":"2"})");
  EXPECT_EQ(settings(r, "A[3].B"), "A[3] omitted");
}
TEST(Lookup, SelectorTakesElementsByText) {
  const Resource r = resource_with(
      R"({"P":[{"Name":"rds.force_ssl","Value":1},{"Name":"x","Value":2}],"Q":[{"Name":{"Ref":"Mode"},"Value":3}]})");
  EXPECT_EQ(settings(r, "P[Name=rds.force_ssl].Value"), R"(P[0].Value = {"number":"1"})");
  EXPECT_EQ(settings(r, "P[Name=none].Value"), "P[Name=none] omitted");
  EXPECT_EQ(settings(r, "Q[Name=none].Value"),
            "Q unknown: an element whose `Name` the input does not tell may be `none`");
}
TEST(Lookup, JsonInTextIsEntered) {
  const Resource r =
      resource_with(R"({"D":"{\"a\":{\"b\":[true]}}","M":{"a":{"b":[false]}},"Bad":"{"})");
  EXPECT_EQ(settings(r, "D|json.a.b[]"), "D|json.a.b[0] = true");
  EXPECT_EQ(settings(r, "M|json.a.b[]"), "M.a.b[0] = false");
  EXPECT_TRUE(settings(r, "Bad|json.a").starts_with("Bad unknown: the text is no JSON"));
}
TEST(Lookup, JsonKeepsReferencesInsideItsTexts) {
  const Resource r = resource_with(
      R"({"D":{"Fn::Sub":"{\"key\":\"${AWS::Region}-x\",\"tls\":true}"},"N":{"Fn::Sub":"{\"n\":${Mode}}"}})");
  EXPECT_EQ(settings(r, "D|json.key"), R"(D|json.key = {"template":"${AWS::Region}-x"})");
  EXPECT_EQ(settings(r, "D|json.tls"), "D|json.tls = true");
  EXPECT_TRUE(settings(r, "N|json.n").starts_with("N unknown: with references in it"));
}
TEST(Lookup, PropertiesOfATextAreEntered) {
  const Resource r = resource_with(R"({"C":"a.b=1\n# c=2\n security.protocol = SSL ;x=y"})");
  EXPECT_EQ(settings(r, "C|properties[\"security.protocol\"]"),
            R"(C|properties["security.protocol"] = "SSL")");
  EXPECT_EQ(settings(r, "C|properties.c"), "C|properties.c omitted");
}
TEST(Lookup, DeepSearchFindsEveryFieldAndSaysWhatItCannotSee) {
  const Resource r = resource_with(R"({"A":{"E":true,"L":[{"E":false}]},"U":{"Fn::GetAZs":""}})");
  EXPECT_EQ(settings(r, "A.**.E"), "A.E = true; A.L[0].E = false");
  EXPECT_EQ(settings(r, "A.**.F"), "A.**.F omitted");
  EXPECT_EQ(settings(r, "**.F"), "**.F unknown: what the input does not tell may hold `F`");
}
TEST(Lookup, ParameterWithoutAValueIsUnknown) {
  const Resource r =
      resource_with(R"({"Tls":{"Ref":"Mode"},"Url":{"Fn::Sub":"https://${Mode}/"}})");
  EXPECT_EQ(settings(r, "Tls"), "Tls unknown: `Mode` has no value in the input");
  EXPECT_EQ(settings(r, "Url"), R"(Url = {"template":"https://${Mode}/"})");
}
TEST(Lookup, FalseIsGivenAndZeroOfATemplateToo) {
  const Resource r = resource_with(R"({"F":false,"Z":0,"E":"","L":[]})");
  EXPECT_EQ(settings(r, "F"), "F = false");
  EXPECT_EQ(settings(r, "Z"), R"(Z = {"number":"0"})");
  EXPECT_EQ(settings(r, "L"), "L omitted");
}
TEST(Lookup, SecretsAreNotRepeatedInReasons) {
  const std::string text = plan_with(R"({"d":"{\"hunter2\":1,\"hunter2\":2}"})", "{}", "{}");
  const std::string secret = text.substr(0, text.find(R"("after_sensitive":{})")) +
                             R"("after_sensitive":{"d":true})" +
                             text.substr(text.find(R"("after_sensitive":{})") + 20);
  EXPECT_TRUE(settings(named(system_of("plan.json", text), "t.x"), "d|json.a").contains("hunter2"));
  EXPECT_EQ(settings(named(system_of("plan.json", secret), "t.x"), "d|json.a"),
            "d unknown: the text is no JSON: it cannot be parsed");
}
TEST(Lookup, DefaultOfAParameterIsMarkedInsideWhatItChooses) {
  const std::string text =
      R"({"Parameters":{"P":{"Type":"String","Default":"a"}},"Conditions":{"C":{"Fn::Equals":[{"Ref":"P"},"a"]}},)"
      R"("Resources":{"X":{"Type":"T::X","Properties":{"B":{"Fn::If":["C",{"Tls":true},{"Tls":false}]}}}}})";
  const System system = system_of("t.json", text);
  EXPECT_EQ(settings(named(system, "X"), "B.Tls"), R"(B.Tls = {"default":true})");
}
TEST(Lookup, PathsOfWrongSyntaxAreRefused) {
  const Resource r = resource_with("{}");
  Arena arena;
  for (const char* path : {"", ".", "a..b", "a[", "a[x]", "a|xml", "a.**", "a[\"b"})
    EXPECT_FALSE(lookup(r, path, arena).ok()) << path;
}

}  // namespace
}  // namespace sealane::iac
