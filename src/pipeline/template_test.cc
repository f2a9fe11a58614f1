// SPDX-License-Identifier: Apache-2.0
#include "pipeline/template.h"

#include <gtest/gtest.h>

#include "pipeline/load.h"
#include "pipeline/model.h"
#include "pipeline/things.h"
#include "policy/document.h"

namespace sealane::pipeline {
namespace {

TEST(Template, FilesLoadWithoutAFinding) {
  const auto files = template_files("my-pipeline");
  ASSERT_EQ(files.size(), 4u);
  auto loaded = load_pipeline(files[0].text, files[0].path);
  EXPECT_TRUE(loaded.diagnostics.empty()) << to_text(loaded.diagnostics[0]);
  ASSERT_TRUE(loaded.value);
  EXPECT_EQ(loaded.value->name, "my-pipeline");
  EXPECT_EQ(loaded.value->hops[0].policy_file, files[1].path);
  EXPECT_EQ(loaded.value->find_node("devices")->things_file, files[2].path);
  const auto policy =
      policy::parse_document(files[1].text, policy::DocumentKind::IotDevice, files[1].path);
  EXPECT_TRUE(policy.value && policy.diagnostics.empty());
  EXPECT_TRUE(parse_things(files[2].text, files[2].path).value);
}

TEST(PipelineName, IsABucketName) {
  for (const char* name : {"abc", "weather-forecast", "a.b-c.d", "1st"})
    EXPECT_TRUE(is_pipeline_name(name)) << name;
  for (const char* name : {"", "ab", "-abc", "abc-", "a..b", "a_b", "Abc", "192.168.0.1", "12345"})
    EXPECT_FALSE(is_pipeline_name(name)) << name;
  EXPECT_FALSE(is_pipeline_name(std::string(64, 'a')));
}

TEST(Template, NamesComeFromFolders) {
  EXPECT_EQ(template_name("My Pipeline (2)"), "my-pipeline-2");
  EXPECT_EQ(template_name("../"), "pipeline");
  EXPECT_EQ(template_name(std::string(100, 'a')), std::string(63, 'a'));
  for (const char* name : {"-x-", "p", "i1", "10", "192.168.0.1", "a.b", "\xc3\xa9t\xc3\xa9", "_"})
    EXPECT_TRUE(is_pipeline_name(template_name(name))) << name;
}

}  // namespace
}  // namespace sealane::pipeline
