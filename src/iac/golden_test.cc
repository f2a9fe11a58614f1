// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "iac/read.h"
#include "iac/testing/show.h"

namespace sealane::iac {
namespace {

std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Every file of a folder but `want.json` and notes is one system; `want.json` is what it becomes.
class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, BecomesTheSystemOfItsFolder) {
  const std::filesystem::path folder = std::filesystem::path("testdata") / GetParam();
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename() != "want.json" && entry.path().extension() != ".md" &&
        entry.path().extension() != ".txt")
      files.push_back(entry.path());
  std::ranges::sort(files);
  ASSERT_FALSE(files.empty()) << folder;
  std::vector<std::string> texts;
  for (const auto& file : files) texts.push_back(file_text(file));
  std::vector<Input> inputs;
  for (std::size_t i = 0; i < files.size(); ++i)
    inputs.push_back({files[i].filename().string(), texts[i]});
  const Wanted wanted = [](std::string_view type) {
    return !type.contains("CDK::Metadata") && !type.contains("Lambda::Function");
  };
  const std::string got = show(read(inputs, wanted, {}));
  const auto want = folder / "want.json";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(want, std::ios::binary) << got;
  EXPECT_EQ(got, file_text(want));
}

INSTANTIATE_TEST_SUITE_P(Recorded, Golden,
                         testing::Values("recorded/modules", "recorded/omitted",
                                         "recorded/path-closed", "recorded/path-open",
                                         "recorded/policies"));

// cdk/VERSION.txt says which version of aws-cdk-lib wrote them.
INSTANTIATE_TEST_SUITE_P(Cdk, Golden,
                         testing::Values("cdk/path-open", "cdk/path-closed", "cdk/path-floor",
                                         "cdk/two-stacks", "cdk/nested", "cdk/services"));
INSTANTIATE_TEST_SUITE_P(HandMade, Golden,
                         testing::Values("cloudformation/short-forms", "cloudformation/exports",
                                         "state", "terraform-json", "pulumi"));

}  // namespace
}  // namespace sealane::iac
