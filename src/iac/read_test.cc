// SPDX-License-Identifier: Apache-2.0
#include "iac/read.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "iac/testing/show.h"

namespace sealane::iac {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Parsed<System> read_one(std::string_view text, const Limits& limits = {}) {
  const Input input{"in", text};
  return read(std::span(&input, 1), {}, {}, limits);
}

std::string first_error(const Parsed<System>& parsed) {
  for (const Diagnostic& d : parsed.diagnostics)
    if (d.severity == Severity::Error) return to_text(d);
  return "no error";
}

std::string without_names(const Parsed<System>& parsed) { return show(parsed); }

std::string utf16(std::string_view ascii, bool little, bool mark) {
  std::string out = mark ? (little ? "\xff\xfe" : "\xfe\xff") : "";
  for (const char c : ascii) {
    if (!little) out += '\0';
    out += c;
    if (little) out += '\0';
  }
  return out;
}

const std::string kModules = "testdata/recorded/modules/plan.json";
const std::string kTemplate = "testdata/cdk/path-closed/Weather.template.json";

TEST(Read, EncodingsOfOneTextAreOneSystem) {
  for (const std::string& path : {kModules, kTemplate}) {
    const std::string text = file_text(path);
    const std::string want = without_names(read_one(text));
    EXPECT_TRUE(want.contains("\"resources\""));
    EXPECT_EQ(without_names(read_one("\xef\xbb\xbf" + text)), want);
    for (const bool little : {true, false})
      for (const bool mark : {true, false})
        EXPECT_EQ(without_names(read_one(utf16(text, little, mark))), want);
  }
}

TEST(Read, SurrogatePairsOfUtf16AreOneCharacter) {
  // {"Resources":{"A":{"Type":"T::A","Properties":{"N":"😀"}}}} with the pair D83D DE00.
  std::string text = utf16(R"({"Resources":{"A":{"Type":"T::A","Properties":{"N":")", true, true);
  text += std::string("\x3d\xd8\x00\xde", 4);
  text += utf16(R"("}}}})", true, false);
  EXPECT_TRUE(show(read_one(text)).contains("\xf0\x9f\x98\x80"));
  text = utf16("{", true, true) + std::string("\x3d\xd8", 2);
  EXPECT_EQ(first_error(read_one(text)),
            "in:1:1: error: half of a UTF-16 surrogate pair stands alone at byte 4");
}

TEST(Read, TextThatBreaksOffIsAnErrorWithItsPlace) {
  for (const std::string& path : {kModules, kTemplate}) {
    const std::string text = file_text(path);
    const std::size_t end = text.find_last_of('}');
    for (std::size_t size = 0; size < end; size += size < 2'000 ? 1 : 97) {
      const auto parsed = read_one(text.substr(0, size));
      ASSERT_FALSE(parsed.value) << path << " " << size;
      ASSERT_FALSE(parsed.diagnostics.empty());
      const auto lines = static_cast<std::uint32_t>(std::ranges::count(text.substr(0, size), '\n'));
      ASSERT_LE(parsed.diagnostics[0].span.line, lines + 1);
    }
  }
}

TEST(Read, WrongTextsAreRefusedWithTheReason) {
  const std::pair<std::string_view, std::string_view> kCases[] = {
      {"", "in:1:1: error: the file is empty"},
      {"\n \n", "in:1:1: error: the file is empty"},
      {"hello", "in:1:1: error: the format is not known"},
      {"{\"a\":1}", "in:1:1: error: the format is not known"},
      {"\xff\xff", "in:1:1: error: the text is neither UTF-8 nor UTF-16"},
      {R"({"version":4,"serial":1,"lineage":"x"})",
       "in:1:1: error: this is Terraform's own state file"},
      {R"({"format_version":"2.0","planned_values":{}})",
       "in:1:19: error: plans of format version `2.0` are not known"},
      {R"({"format_version":"1.2","resource_changes":[],})",
       "in:1:47: error: a member's name in quotes was expected here"},
      {R"({"format_version":"1.2","planned_values":{"a":01}})",
       "in:1:47: error: this is no number of JSON"},
      {R"({"format_version":"1.2","planned_values":{}} x)",
       "in:1:46: error: text follows the end of the plan"},
      {R"({"AWSTemplateFormatVersion":"x"})", "in:1:1: error: the template has no resources"},
      {R"({"Resources":{"A":{"Type":"T::A","Type":"T::B"}}})",
       "in:1:34: error: the member `Type` stands twice in one object"},
      {"Resources:\n  A: {Type: T::A, Type: T::B}\n",
       "in:2:19: error: the key `Type` stands twice in one mapping"},
      {"Resources:\n  A: &a {Type: T::A}\n  B: *a\n", "in:3:6: error: the alias `*a` is not taken"},
      {"Resources:\n  A:\n    Type: T::A\n    <<: {B: C}\n",
       "in:4:5: error: the merge key `<<` is not taken"},
      {"Resources:\n  A: {Type: !Unknown T::A}\n",
       "in:2:13: error: the tag `!Unknown` is not known"},
      {"Resources:\n  A: {Type: T::A\n", "in:3:1: error: did not find expected ',' or '}'"},
      {"Resources: {A: {Type: T::A}}\n---\na: b\n", "in:2:1: error: a second document begins here"},
  };
  for (const auto& [text, want] : kCases)
    EXPECT_TRUE(first_error(read_one(text)).starts_with(want)) << text << "\n"
                                                               << first_error(read_one(text));
}

TEST(Read, ManyAliasesAreRefusedAtTheFirst) {
  std::string bomb = "Resources:\n  A: {Type: T::A}\na0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 30; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 9; ++k) bomb += (k ? ",*a" : "*a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_EQ(first_error(read_one(bomb)).substr(0, 47),
            "in:4:10: error: the alias `*a0` is not taken\n  ");
}

TEST(Read, DeepNestingStopsAtTheLimit) {
  const std::string deep(200'000, '[');
  EXPECT_TRUE(first_error(read_one(R"({"format_version":"1.2","planned_values":)" + deep))
                  .ends_with("nested deeper than 64 levels"));
  EXPECT_TRUE(first_error(read_one(R"({"AWSTemplateFormatVersion":"","Resources":)" + deep))
                  .ends_with("nested deeper than 64 levels"));
  EXPECT_TRUE(first_error(read_one("Resources:\n  A:\n    Type: T::A\n    B: " + deep))
                  .ends_with("nested deeper than 64 levels"));
}

TEST(Read, FileOverTheLimitIsRefusedUnread) {
  // Pages that nobody may read: looking at them would end the test.
  constexpr std::size_t kSize = std::size_t{1} << 30;
  void* pages = mmap(nullptr, kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  const auto parsed = read_one({static_cast<const char*>(pages), kSize});
  EXPECT_EQ(first_error(parsed),
            "in:1:1: error: the file has 1073741824 bytes; 536870912 are the limit");
  munmap(pages, kSize);
}

TEST(Read, ResourcesOverTheLimitAreRefused) {
  Limits limits;
  limits.resources_max = 2;
  EXPECT_EQ(first_error(read_one(file_text(kModules), limits)),
            "in:237:3: error: more than 2 resources");
}

TEST(Read, EveryFileIsReadAndEveryErrorTold) {
  const std::string plan = file_text(kModules);
  const Input inputs[] = {{"a", "{\"a\":"}, {"b", "x: ["}, {"c", plan}};
  const auto parsed = read(inputs, {}, {});
  EXPECT_FALSE(parsed.value);
  EXPECT_EQ(parsed.diagnostics.size(), 2u);
}

TEST(Read, OrderAndNamesOfFilesChangeNoAddress) {
  const std::string a = file_text("testdata/cdk/two-stacks/Lake.template.json");
  const std::string b = file_text("testdata/cdk/two-stacks/Ingest.template.json");
  auto addresses = [](const Parsed<System>& parsed) {
    std::string out;
    for (const Resource& r : parsed.value->resources) out += r.address + "\n";
    for (const Edge& e : parsed.value->edges)
      out += std::to_string(e.from) + e.property + std::to_string(e.to) + "\n";
    return out;
  };
  const Input one[] = {{"x", a}, {"y", b}};
  const Input two[] = {{"q", b}, {"p", a}};
  EXPECT_EQ(addresses(read(one, {}, {})), addresses(read(two, {}, {})));
}

TEST(Read, UnwantedTypesAreCountedAndChecked) {
  const std::string text = file_text(kModules);
  const Input whole{"in", text};
  const Wanted buckets = [](std::string_view type) { return type == "aws_s3_bucket"; };
  const auto parsed = read(std::span(&whole, 1), buckets, {});
  ASSERT_TRUE(parsed.value);
  EXPECT_EQ(parsed.value->resources.size(), 2u);
  EXPECT_EQ(parsed.value->skipped,
            (std::vector<std::pair<std::string, std::uint32_t>>{
                {"aws_kinesis_firehose_delivery_stream", 2}, {"aws_s3_bucket_policy", 1}}));
}

TEST(Cycles, ConditionThatDependsOnItselfIsAnError) {
  const auto parsed = read_one(
      R"({"Conditions":{"A":{"Fn::Not":[{"Condition":"B"}]},"B":{"Fn::Not":[{"Condition":"A"}]}},)"
      R"("Resources":{"X":{"Type":"T::X","Condition":"A"}}})");
  EXPECT_EQ(first_error(parsed), "in:1:68: error: the condition `A` depends on itself");
}
TEST(Cycles, ResourcesThatReferToEachOtherHaveEdgesBothWays) {
  const auto parsed = read_one(
      R"({"Resources":{"A":{"Type":"T::A","Properties":{"P":{"Ref":"B"}}},"B":{"Type":"T::B","Properties":{"P":{"Fn::Sub":"${A}"}}}}})");
  ASSERT_TRUE(parsed.value);
  EXPECT_EQ(parsed.value->edges.size(), 2u);
}
TEST(Cycles, ExportsThatImportEachOtherEndInUnknown) {
  const Input inputs[] = {
      {"a",
       R"({"Resources":{"A":{"Type":"T::A","Properties":{"P":{"Fn::ImportValue":"y"}}}},"Outputs":{"O":{"Value":{"Fn::ImportValue":"y"},"Export":{"Name":"x"}}}})"},
      {"b",
       R"({"Resources":{"B":{"Type":"T::B","Properties":{"P":{"Fn::ImportValue":"x"}}}},"Outputs":{"O":{"Value":{"Fn::ImportValue":"x"},"Export":{"Name":"y"}}}})"}};
  const auto parsed = read(inputs, {}, {});
  EXPECT_TRUE(show(parsed).contains("refer to each other too deeply")) << show(parsed);
}
TEST(Cycles, StackInsideItselfEnds) {
  const Input inputs[] = {
      {"a.yaml",
       "Parameters: {P: {Type: String}}\nResources:\n  B: {Type: AWS::CloudFormation::Stack, "
       "Properties: {TemplateURL: b.yaml, Parameters: {P: !Sub '${P}${P}'}}}\n"},
      {"b.yaml",
       "Parameters: {P: {Type: String}}\nResources:\n  A: {Type: AWS::CloudFormation::Stack, "
       "Properties: {TemplateURL: a.yaml, Parameters: {P: !Sub '${P}${P}'}}}\n"}};
  EXPECT_TRUE(read(inputs, {}, {}).value);
}
TEST(Cycles, ModulesThatRefersToEachOtherEnd) {
  // No engine writes this: the argument of each module is an output of the other.
  const auto parsed = read_one(
      R"({"format_version":"1.2","resource_changes":[{"address":"module.a.t.x","module_address":"module.a","mode":"managed","type":"t","name":"x","change":{"actions":["create"],"after":{},"after_unknown":{"p":true}}}],)"
      R"("configuration":{"root_module":{"module_calls":{"a":{"expressions":{"v":{"references":["module.b.o","module.b"]}},"module":{"resources":[{"address":"t.x","type":"t","expressions":{"p":{"references":["var.v","var.v","var.v"]}}}],"outputs":{"o":{"expression":{"references":["var.v","var.v"]}}}}},)"
      R"("b":{"expressions":{"v":{"references":["module.a.o","module.a"]}},"module":{"outputs":{"o":{"expression":{"references":["var.v","var.v"]}}}}}}}}})");
  ASSERT_TRUE(parsed.value);
  EXPECT_TRUE(parsed.value->edges.empty());
}

TEST(Bounds, ReferencesThatDoubleAtEachStepStopAtTheLimit) {
  std::string text = R"({"Resources":{"X":{"Type":"T::X","Properties":{"P":)";
  for (int i = 0; i < 40; ++i) text += R"({"Fn::Sub":["${A}${A}${A}${A}",{"A":)";
  text += "\"aaaaaaaaaaaaaaaa\"";
  for (int i = 0; i < 40; ++i) text += "}]}";
  text += "}}}}";
  Limits limits;
  limits.depth_max = 256;
  EXPECT_TRUE(show(read_one(text, limits)).contains("\"unknown\""))
      << show(read_one(text, limits)).substr(0, 300);
}

std::string plan_of(std::string_view changes, std::string_view configuration) {
  return R"({"format_version":"1.2","resource_changes":[)" + std::string(changes) +
         R"(],"configuration":)" + std::string(configuration) + "}";
}
std::string entry(std::string_view address, std::string_view type, std::string_view name,
                  std::string_view more, std::string_view change) {
  return R"({"address":)" + json::quote(address) + R"(,"mode":"managed","type":")" +
         std::string(type) + R"(","name":")" + std::string(name) + "\"" + std::string(more) +
         R"(,"change":)" + std::string(change) + "}";
}
constexpr std::string_view kCreate =
    R"({"actions":["create"],"after":{},"after_unknown":{"p":true}})";

std::vector<std::string> edges_of(std::string_view text) {
  const auto parsed = read_one(text);
  std::vector<std::string> out;
  if (!parsed.value) return {first_error(parsed)};
  for (const Edge& e : parsed.value->edges)
    out.push_back(parsed.value->resources[e.from].address + " " + e.property + " " +
                  parsed.value->resources[e.to].address + (e.by_key ? " by key" : ""));
  return out;
}

TEST(Plan, InstancesOfOneKeyBelongTogether) {
  std::string changes;
  for (const char* key : {"a", "b"})
    for (const char* type : {"t", "u"}) {
      if (!changes.empty()) changes += ",";
      changes += entry(std::string(type) + ".x[\"" + key + "\"]", type, "x",
                       std::string(R"(,"index":")") + key + "\"", kCreate);
    }
  const auto plan = [&](std::string_view expression, std::string_view each) {
    return plan_of(
        changes,
        R"({"root_module":{"resources":[{"address":"t.x","type":"t","expressions":{}},{"address":"u.x","type":"u","expressions":{"p":{"references":[)" +
            std::string(expression) + R"(]}},"for_each_expression":{"references":[)" +
            std::string(each) + "]}}]}}");
  };
  const std::vector<std::string> paired{R"(u.x["a"] p t.x["a"] by key)",
                                        R"(u.x["b"] p t.x["b"] by key)"};
  EXPECT_EQ(edges_of(plan(R"("t.x","each.key")", R"("var.names")")), paired);
  EXPECT_EQ(edges_of(plan(R"("each.value.id","each.value")", R"("t.x")")), paired);
  EXPECT_EQ(edges_of(plan(R"("t.x[\"b\"].id","t.x[\"b\"]","t.x")", "")),
            (std::vector<std::string>{R"(u.x["a"] p t.x["b"])", R"(u.x["b"] p t.x["b"])"}));
  EXPECT_EQ(edges_of(plan(R"("t.x")", "")).size(), 4u);
}

TEST(Plan, WhatIsDeletedIsNotPartOfTheSystem) {
  const std::string changes =
      entry("t.gone", "t", "gone", "",
            R"({"actions":["delete"],"after":null,"after_unknown":{}})") +
      "," +
      entry("t.left", "t", "left", "",
            R"({"actions":["forget"],"after":null,"after_unknown":{}})") +
      "," +
      entry("t.same", "t", "same", "",
            R"({"actions":["no-op"],"after":{"a":1},"after_unknown":{}})") +
      "," +
      entry("t.new", "t", "new", "",
            R"({"actions":["delete","create"],"after":{"a":1},"after_unknown":{}})") +
      "," +
      entry("t.old", "t", "old", R"(,"deposed":"1234")",
            R"({"actions":["delete"],"after":null,"after_unknown":{}})");
  const auto parsed = read_one(plan_of(changes, "{}"));
  ASSERT_TRUE(parsed.value);
  ASSERT_EQ(parsed.value->resources.size(), 2u);
  EXPECT_EQ(parsed.value->resources[0].address, "t.new");
  EXPECT_EQ(parsed.value->resources[1].address, "t.same");
}

TEST(Plan, WhatIsMissingOfItIsToldAloud) {
  auto warnings = [](std::string_view text) {
    std::string out;
    for (const Diagnostic& d : read_one(text).diagnostics) out += to_text(d).substr(0, 60) + "\n";
    return out;
  };
  EXPECT_EQ(
      warnings(R"({"format_version":"1.2","planned_values":{},"errored":true,"complete":false})"),
      "in:1:55: warning: the plan ended with an error and may be in\n"
      "in:1:71: warning: the plan is not complete: a part of it is \n"
      "in:1:1: warning: the plan has no `resource_changes`, and so \n");
  EXPECT_EQ(warnings(R"({"format_version":"1.2","resource_changes":[],"complete":true})"),
            "in:1:1: warning: the plan has no `configuration`: which unkn\n");
}

TEST(Plan, OverlaysAreReadInAnyOrder) {
  const std::string last = entry(
      "t.x", "t", "x", "",
      R"({"actions":["create"],"after_unknown":{"a":{"b":true},"l":[false,true]},"after_sensitive":{"s":true},"after":{"a":{},"l":["x",null],"s":{"t":"u"}}})");
  const std::string first = entry(
      "t.x", "t", "x", "",
      R"({"actions":["create"],"after":{"a":{},"l":["x",null],"s":{"t":"u"}},"after_unknown":{"a":{"b":true},"l":[false,true]},"after_sensitive":{"s":true}})");
  const auto a = read_one(plan_of(last, "{}"));
  const auto b = read_one(plan_of(first, "{}"));
  ASSERT_TRUE(a.value && b.value);
  const std::string want =
      R"({"a":{"b":{"unknown":"known after apply"}},"l":["x",{"unknown":"known after apply"}],"s":{"sensitive":{"t":{"sensitive":"u"}}}})";
  EXPECT_EQ(show(a.value->resources[0].properties), want);
  EXPECT_EQ(show(b.value->resources[0].properties), want);
}

TEST(Plan, ProviderConstraintComesWithTheResource) {
  const auto parsed = read_one(plan_of(
      entry("t.x", "t", "x", "", kCreate),
      R"({"provider_config":{"aws":{"name":"aws","version_constraint":"~> 5.0"}},"root_module":{"resources":[{"address":"t.x","type":"t","provider_config_key":"aws","expressions":{}}]}})"));
  ASSERT_TRUE(parsed.value);
  EXPECT_EQ(parsed.value->resources[0].provider, "~> 5.0");
}

TEST(Template, MacroMakesEveryPropertyUnknown) {
  const auto parsed =
      read_one(R"({"Transform":"MyMacro","Resources":{"A":{"Type":"T::A","Properties":{"P":1}}}})");
  ASSERT_TRUE(parsed.value);
  EXPECT_EQ(show(parsed.value->resources[0].properties),
            R"({"unknown":"the macro `MyMacro` may change it"})");
  EXPECT_EQ(parsed.diagnostics.size(), 1u);
}

TEST(Template, PropertiesThatAreNoMapAreUnknown) {
  const auto parsed = read_one("Resources:\n  A: {Type: T::A, Properties: text}\n");
  ASSERT_TRUE(parsed.value);
  EXPECT_EQ(show(parsed.value->resources[0].properties),
            R"({"unknown":"the properties are no map"})");
}

TEST(Template, GivenParametersTakeThePlaceOfDefaults) {
  const std::string text =
      R"({"Parameters":{"P":{"Type":"String","Default":"d"}},"Resources":{"A":{"Type":"T::A","Properties":{"P":{"Ref":"P"},"R":{"Ref":"AWS::Region"}}}}})";
  const Input input{"in", text};
  const auto given = read(std::span(&input, 1), {}, {{"P", "g"}, {"AWS::Region", "eu-central-1"}});
  EXPECT_EQ(show(given.value->resources[0].properties), R"({"P":"g","R":"eu-central-1"})");
  EXPECT_EQ(show(read_one(text).value->resources[0].properties),
            R"({"P":{"default":"d"},"R":{"template":"${AWS::Region}"}})");
}

}  // namespace
}  // namespace sealane::iac
