// SPDX-License-Identifier: Apache-2.0
#include "iac/value.h"

#include <gtest/gtest.h>

#include "iac/system.h"

namespace sealane::iac {
namespace {

TEST(Value, TemplateIsShownAsSubWouldWriteIt) {
  const Template value{{{"arn:", {}},
                        {"", {"AWS::Partition", "Ref"}},
                        {":s3:::", {}},
                        {"", {"Bucket", "Arn"}},
                        {"/*", {}}}};
  EXPECT_EQ(to_text(value), "arn:${AWS::Partition}:s3:::${Bucket.Arn}/*");
}

TEST(Value, NumbersKeepTheirLexeme) {
  Value value;
  value.data = json::Number{"1.10"};
  EXPECT_EQ(scalar_text(value), "1.10");
  value.data = Unknown{"known after apply", {}};
  EXPECT_EQ(scalar_text(value), std::nullopt);
}

TEST(System, PlaceIsLineAndColumnFromOne) {
  System system;
  system.documents.push_back({"a.json", Format::CloudFormation, "", {3, 4, 9}});
  EXPECT_EQ(system.at({0, 0}), (SourceSpan{"a.json", 1, 1}));
  EXPECT_EQ(system.at({0, 3}), (SourceSpan{"a.json", 1, 4}));
  EXPECT_EQ(system.at({0, 4}), (SourceSpan{"a.json", 2, 1}));
  EXPECT_EQ(system.at({0, 5}), (SourceSpan{"a.json", 3, 1}));
  EXPECT_EQ(system.at({0, 12}), (SourceSpan{"a.json", 4, 3}));
}

}  // namespace
}  // namespace sealane::iac
