// SPDX-License-Identifier: Apache-2.0
#include "prove/fast_path_internal.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "policy/document.h"
#include "prove/prove.h"
#include "prove/testdata/fixture.h"

namespace sealane::prove {
namespace {

constexpr std::array kPrincipals = {
    R"("Principal":"*")", R"("Principal":{"AWS":["111122223333","*"]})",
    R"("Principal":{"AWS":"111122223333"})",
    R"("NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"})", R"("NotPrincipal":{"AWS":"*"})"};
constexpr std::array kActions = {R"("Action":"*")", R"("Action":["s3:GetObject","S3:*"])",
                                 R"("Action":"s3:?*")", R"("Action":"sqs:*")",
                                 R"("NotAction":"s3:*")"};
constexpr std::array kResources = {
    R"("Resource":"*")",
    R"("Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"])",
    R"("Resource":["arn:*:s3:*:*:b","arn:aws:s3:::?/*"])",
    R"("Resource":["arn:aws:s3:::b","arn:aws:s3:::b/?*"])",
    R"("Resource":"arn:aws:s3:::b*")",
    R"("Resource":["arn:aws:s3:::b","arn:aws:s3:::b/a*"])",
    R"("Resource":["arn:aws:s3:::b","arn:aws:s3:::b/${aws:username}*"])",
    R"("NotResource":"arn:aws:s3:::c")"};
constexpr std::array kConditions = {
    R"({"Bool":{"aws:SecureTransport":"false"}})",
    R"({"BoolIfExists":{"AWS:securetransport":["True",false]}})",
    R"({"StringEquals":{"aws:SecureTransport":"False"}})",
    R"({"StringEqualsIgnoreCase":{"aws:SecureTransport":"False"}})",
    R"({"StringNotEquals":{"aws:SecureTransport":"false"}})",
    R"({"ForAnyValue:Bool":{"aws:SecureTransport":"false"}})",
    R"({"Bool":{"aws:SecureTransport":[]}})",
    R"({"Bool":{"aws:SecureTransport":"false","aws:ViaAWSService":"false"}})"};

TEST(FastPath, AnswersNothingThatSolversAnswerOtherwise) {
  const Scope scope = *scope_of(catalogue(), ResourceType::S3Bucket, "arn:aws:s3:::b");
  Options by_solvers;
  by_solvers.fast_path = false;
  std::size_t answered = 0;
  for (const char* version : {"2008-10-17", "2012-10-17"})
    for (const char* principal : kPrincipals)
      for (const char* action : kActions)
        for (const char* resource : kResources)
          for (const char* condition : kConditions) {
            const std::string text =
                std::string(R"({"Version":")") + version + R"(","Statement":{"Effect":"Deny",)" +
                principal + "," + action + "," + resource + R"(,"Condition":)" + condition + "}}";
            const auto parsed =
                policy::parse_document(text, policy::DocumentKind::Resource, "policy.json");
            ASSERT_TRUE(parsed.value) << text;
            const std::span documents(&*parsed.value, 1);
            if (!enforced_by_text(scope, documents)) continue;
            ++answered;
            const Proof proof = prove(catalogue(), scope, documents, solvers(), by_solvers);
            EXPECT_EQ(proof.outcome, Outcome::Holds) << text << proof.detail;
          }
  EXPECT_GT(answered, 40U);
  EXPECT_LT(answered, 400U);
}

}  // namespace
}  // namespace sealane::prove
