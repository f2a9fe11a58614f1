// SPDX-License-Identifier: Apache-2.0
#include "iac/policy_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "iac/read.h"
#include "iac/shape_internal.h"
#include "iac/testing/show.h"
#include "policy/document.h"

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

std::uint32_t number_of(const System& system, std::string_view address) {
  const auto found = std::ranges::find(system.resources, address, &Resource::address);
  EXPECT_NE(found, system.resources.end()) << address;
  return static_cast<std::uint32_t>(found - system.resources.begin());
}

Result<PolicyText> text_of(const System& system, std::string_view owner, std::string_view path,
                           std::string_view subject) {
  Arena arena;
  const std::uint32_t number = number_of(system, owner);
  const auto settings = lookup(system.resources[number], path, arena);
  EXPECT_TRUE(settings.ok());
  auto text = policy_text(system, number, settings->at(0), number_of(system, subject));
  if (text.ok())
    for (const std::string* each : {&text->least, &text->most}) {
      const auto parsed =
          policy::parse_document(*each, policy::DocumentKind::Resource, "policy.json");
      EXPECT_TRUE(parsed.value) << *each << to_text(parsed.diagnostics.at(0));
    }
  return text;
}

class FiveWays : public testing::Test {
 protected:
  Result<PolicyText> policy(const std::string& policy_name, const std::string& bucket) {
    return text_of(system_, "aws_s3_bucket_policy." + policy_name, "policy",
                   "aws_s3_bucket." + bucket);
  }
  System system_ = system_of("plan.json", file_text("testdata/recorded/policies/plan.json"));
};

TEST_F(FiveWays, DocumentOfAnUnknownArnIsBounded) {
  const auto text = policy("document", "a");
  ASSERT_TRUE(text.ok());
  EXPECT_FALSE(text->exact());
  EXPECT_EQ(text->missing, "the input does not tell `Resource` of `NoPlaintext`");
  EXPECT_EQ(
      text->least,
      R"({"Version":"2012-10-17","Statement":[{"Sid":"Nothing","Effect":"Deny","Principal":"*",)"
      R"("Action":"sealane:Nothing","Resource":"*"}]})");
  EXPECT_EQ(text->most,
            R"({"Version":"2012-10-17","Statement":[{"Sid":"NoPlaintext","Effect":"Deny",)"
            R"("Action":["s3:*"],"Resource":"*","Principal":"*",)"
            R"("Condition":{"Bool":{"aws:SecureTransport":["false"]}}}]})");
  EXPECT_EQ(text->subject, "arn:aws:s3:::lake-a");
  EXPECT_TRUE(text->hint.contains("`arn:aws:s3:::${aws_s3_bucket.a.bucket}`")) << text->hint;
}
TEST_F(FiveWays, EncodedWithAnUnknownArnIsRefusedAndSaysWhatToWrite) {
  for (const auto& [name, bucket] : {std::pair("encoded", "b"), std::pair("heredoc", "c")}) {
    const auto text = policy(name, bucket);
    ASSERT_FALSE(text.ok());
    EXPECT_EQ(text.error().message, std::string("the document is text made with aws_s3_bucket.") +
                                        bucket +
                                        ".arn, which is known after apply; of such text a plan has "
                                        "no part");
    EXPECT_TRUE(text.error().hint.contains(std::string("${aws_s3_bucket.") + bucket + ".bucket}"));
  }
}
TEST_F(FiveWays, EncodedFromTheNameIsExact) {
  const auto text = policy("by_name", "d");
  ASSERT_TRUE(text.ok());
  EXPECT_TRUE(text->exact());
  EXPECT_EQ(text->subject, "arn:aws:s3:::lake-d");
  EXPECT_TRUE(text->least.contains("\"arn:aws:s3:::lake-d/*\""));
  EXPECT_TRUE(text->assumed.empty());
}
TEST_F(FiveWays, LiteralIsExact) {
  const auto text = policy("literal", "e");
  ASSERT_TRUE(text.ok());
  EXPECT_TRUE(text->exact());
  EXPECT_EQ(text->least, text->most);
}
TEST_F(FiveWays, EverythingIsExactForABucketWithoutAName) {
  const auto text = policy("everything", "f");
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_TRUE(text->exact());
  EXPECT_EQ(text->subject, "arn:aws:s3:::unknown-name-1");
  EXPECT_EQ(text->assumed, std::vector<std::string>{"the input does not tell `name of "
                                                    "aws_s3_bucket.f`; `unknown-name-1` stands for "
                                                    "it"});
}

// A template with a bucket, a policy of the statements given, and parameters without values.
System stack_with(std::string_view bucket, std::string_view statements) {
  const std::string text =
      R"({"Parameters":{"P":{"Type":"String"},"D":{"Type":"String","Default":"lake"}},"Resources":{)"
      R"("Bucket":{"Type":"AWS::S3::Bucket","Properties":)" +
      std::string(bucket) +
      R"(},"Other":{"Type":"AWS::S3::Bucket"},"Role":{"Type":"AWS::IAM::Role"},"Second":{"Type":"AWS::IAM::Role"},)"
      R"("Policy":{"Type":"AWS::S3::BucketPolicy","Properties":{"Bucket":{"Ref":"Bucket"},"PolicyDocument":{"Statement":)" +
      std::string(statements) + "}}}}}";
  return system_of("t.json", text);
}
Result<PolicyText> stack_policy(std::string_view bucket, std::string_view statements) {
  return text_of(stack_with(bucket, statements), "Policy", "PolicyDocument", "Bucket");
}
std::string deny(std::string_view resource, std::string_view more = "") {
  return R"([{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":)" +
         std::string(resource) + std::string(more) + "}]";
}
constexpr std::string_view kBoth =
    R"([{"Fn::GetAtt":["Bucket","Arn"]},{"Fn::Join":["",[{"Fn::GetAtt":["Bucket","Arn"]},"/*"]]}])";

TEST(PolicyText, BucketWithoutANameGetsOneOfItsOwn) {
  const auto text = stack_policy("{}", deny(kBoth));
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_TRUE(text->exact());
  EXPECT_TRUE(
      text->least.contains(R"(["arn:aws:s3:::unknown-name-1","arn:aws:s3:::unknown-name-1/*"])"))
      << text->least;
  EXPECT_EQ(text->subject, "arn:aws:s3:::unknown-name-1");
}
TEST(PolicyText, PartitionAndDefaultsAreAssumedAloud) {
  const auto text = stack_policy(R"({"BucketName":{"Ref":"D"}})",
                                 deny(R"({"Fn::Sub":"arn:${AWS::Partition}:s3:::${D}/*"})"));
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_EQ(text->subject, "arn:aws:s3:::lake");
  EXPECT_TRUE(text->least.contains("\"arn:aws:s3:::lake/*\""));
  EXPECT_EQ(text->assumed, std::vector<std::string>{
                               "parameters have their defaults where the document uses them"});
}
TEST(PolicyText, NameFromAParameterWithoutAValueIsTheSameInBothPlaces) {
  const auto text =
      stack_policy(R"({"BucketName":{"Ref":"P"}})", deny(R"({"Fn::Sub":"arn:aws:s3:::${P}/*"})"));
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_EQ(text->subject + "/*", "arn:aws:s3:::unknown-name-1/*");
  EXPECT_TRUE(text->least.contains("\"arn:aws:s3:::unknown-name-1/*\"")) << text->least;
}
TEST(PolicyText, PatternThatCouldBeTheUnknownNameIsRefused) {
  for (const char* resource :
       {R"("arn:aws:s3:::logs-*")", R"("arn:aws:s3:::logs/*")", R"("arn:aws:s3:::l*")",
        R"("arn:aws:s3:::*-logs")", R"("arn:aws:s3:::????")", R"("arn:*:s3:::logs")",
        R"({"Fn::Sub":"arn:aws:s3:::${P}"})", R"({"Fn::Sub":"${Other.Arn}*"})"}) {
    const auto text = stack_policy("{}", deny(resource));
    EXPECT_FALSE(text.ok()) << resource;
    if (!text.ok()) EXPECT_TRUE(text.error().message.starts_with("a Deny says `")) << resource;
  }
}
TEST(PolicyText, PatternThatTakesInEveryNameOrNoneIsTaken) {
  for (const char* resource :
       {R"("*")", R"("arn:aws:s3:::*")", R"("arn:aws:s3:::*/*")", R"("arn:aws:sqs:*:*:logs")",
        R"({"Fn::GetAtt":["Other","Arn"]})", R"({"Fn::Sub":"${Other.Arn}/*"})",
        R"({"Fn::Sub":"${Bucket.Arn}/a*"})"}) {
    const auto text = stack_policy("{}", deny(resource));
    EXPECT_TRUE(text.ok()) << resource << text.error().message;
  }
}
TEST(PolicyText, NamesThatDiffersFromAKnownNameIsNoDoubt) {
  EXPECT_TRUE(
      stack_policy(R"({"BucketName":"lake"})", deny(R"({"Fn::GetAtt":["Other","Arn"]})")).ok());
  EXPECT_FALSE(
      stack_policy(R"({"BucketName":"lake"})", deny(R"({"Fn::Sub":"arn:aws:s3:::${P}"})")).ok());
}
TEST(PolicyText, AllowMayNameWhatCouldBeTheName) {
  const auto text = stack_policy(
      "{}",
      R"([{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::logs-*"}])");
  EXPECT_TRUE(text.ok());
}
TEST(PolicyText, ConditionsThatCouldNameTheSamePrincipalAreRefused) {
  const auto two = [](std::string_view other) {
    return R"([{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"ArnNotEquals":{"aws:PrincipalArn":{"Fn::GetAtt":["Role","Arn"]}}}},)"
           R"({"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"ArnNotEquals":{"AWS:principalarn":")" +
           std::string(other) + R"("}}}])";
  };
  EXPECT_FALSE(stack_policy("{}", two("arn:aws:iam::111122223333:role/x")).ok());
}
TEST(PolicyText, ArnsOfTwoResourcesAreTwo) {
  EXPECT_TRUE(
      stack_policy(
          "{}",
          R"([{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"ArnNotEquals":{"aws:PrincipalArn":)"
          R"([{"Fn::GetAtt":["Role","Arn"]},{"Fn::GetAtt":["Second","Arn"]}]}}}])")
          .ok());
  EXPECT_FALSE(
      stack_policy(
          "{}",
          R"([{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"ArnNotEquals":{"aws:PrincipalArn":)"
          R"([{"Fn::GetAtt":["Role","Arn"]},{"Ref":"P"}]}}}])")
          .ok());
}
TEST(PolicyText, StatementThatMayNotBeThereIsInMostAlone) {
  const std::string text =
      R"({"Parameters":{"P":{"Type":"String"}},"Conditions":{"C":{"Fn::Equals":[{"Ref":"P"},"x"]}},"Resources":{)"
      R"("Bucket":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":"lake"}},"Policy":{"Type":"AWS::S3::BucketPolicy",)"
      R"("Properties":{"PolicyDocument":{"Statement":[{"Fn::If":["C",)" +
      deny("\"*\"").substr(1, deny("\"*\"").size() - 2) + R"(,{"Ref":"AWS::NoValue"}]}]}}}}})";
  const auto policy = text_of(system_of("t.json", text), "Policy", "PolicyDocument", "Bucket");
  ASSERT_TRUE(policy.ok());
  EXPECT_FALSE(policy->exact());
  EXPECT_TRUE(policy->least.contains("sealane:Nothing"));
  EXPECT_TRUE(
      policy->most.contains(R"("Effect":"Deny","Principal":"*","Action":"*","Resource":"*")"));
}
TEST(PolicyText, JsonInATextKeepsItsReferences) {
  const std::string text =
      R"({"Resources":{"Bucket":{"Type":"AWS::S3::Bucket"},"Policy":{"Type":"AWS::S3::BucketPolicy","Properties":{)"
      R"("PolicyDocument":{"Fn::Sub":"{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"${Bucket.Arn}/*\"}}"}}}}})";
  const auto policy = text_of(system_of("t.json", text), "Policy", "PolicyDocument", "Bucket");
  ASSERT_TRUE(policy.ok()) << policy.error().message;
  EXPECT_TRUE(policy->least.contains("arn:aws:s3:::unknown-name-1/*")) << policy->least;
}
TEST(PolicyText, QueueIsTheOneThatItsPolicyNames) {
  const std::string text =
      R"({"Resources":{"Queue":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"q"}},"Policy":{"Type":"AWS::SQS::QueuePolicy",)"
      R"("Properties":{"PolicyDocument":{"Statement":[{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":)"
      R"("arn:aws:sqs:eu-central-1:111122223333:q"}]}}}}})";
  const auto policy = text_of(system_of("t.json", text), "Policy", "PolicyDocument", "Queue");
  ASSERT_TRUE(policy.ok()) << policy.error().message;
  EXPECT_EQ(policy->subject, "arn:aws:sqs:eu-central-1:111122223333:q");
  EXPECT_EQ(policy->assumed.size(), 2u);
}

// Data sources of the provider's own forms.
std::string data_plan(std::string_view after, std::string_view unknown) {
  return R"({"format_version":"1.2","resource_changes":[)"
         R"({"address":"aws_s3_bucket.b","mode":"managed","type":"aws_s3_bucket","name":"b","change":{"actions":["create"],"after":{"bucket":"lake"},"after_unknown":{"arn":true}}},)"
         R"({"address":"aws_s3_bucket_policy.p","mode":"managed","type":"aws_s3_bucket_policy","name":"p","change":{"actions":["create"],"after":{},"after_unknown":{"policy":true}}},)"
         R"({"address":"data.aws_iam_policy_document.d","mode":"data","type":"aws_iam_policy_document","name":"d","change":{"actions":["read"],"after":)" +
         std::string(after) + R"(,"after_unknown":)" + std::string(unknown) +
         R"(}}],"configuration":{"root_module":{"resources":[{"address":"aws_s3_bucket_policy.p","mode":"managed","type":"aws_s3_bucket_policy","name":"p","expressions":{"policy":{"references":["data.aws_iam_policy_document.d.json","data.aws_iam_policy_document.d"]}}}]}}})";
}
Result<PolicyText> data_policy(std::string_view after, std::string_view unknown) {
  const std::string text = data_plan(after, unknown);
  return text_of(system_of("plan.json", text), "aws_s3_bucket_policy.p", "policy",
                 "aws_s3_bucket.b");
}

TEST(PolicyText, KnownStatementsOfADocumentCountBesideAnUnknownOne) {
  const auto text = data_policy(
      R"({"statement":[{"effect":"Deny","actions":["s3:*"],"resources":["*"],"principals":[{"type":"AWS","identifiers":["*"]}]},)"
      R"({"effect":"Allow","actions":["s3:Get*"],"resources":null,"principals":[{"type":"*","identifiers":["*"]}]}]})",
      R"({"json":true,"statement":[{},{"resources":true}]})");
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_TRUE(text->exact());
  EXPECT_EQ(text->least,
            R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["s3:*"],)"
            R"("Resource":["*"],"Principal":{"AWS":["*"]}}]})");
}
TEST(PolicyText, UnknownSourceDocumentMakesMoreOfTheDocumentPossible) {
  const auto text = data_policy(R"({"statement":[],"source_policy_documents":[null]})",
                                R"({"json":true,"source_policy_documents":[true]})");
  ASSERT_TRUE(text.ok());
  EXPECT_FALSE(text->exact());
  EXPECT_FALSE(data_policy(R"({"statement":[],"override_policy_documents":[null]})",
                           R"({"json":true,"override_policy_documents":[true]})")
                   .ok());
}
TEST(PolicyText, StatementOfTheSameSidTakesThePlaceOfASources) {
  const auto text = data_policy(
      R"({"source_policy_documents":["{\"Statement\":[{\"Sid\":\"A\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}"],)"
      R"("statement":[{"sid":"A","effect":"Allow","actions":["s3:*"],"resources":["*"],"principals":[{"type":"*","identifiers":["*"]}]}]})",
      R"({"json":true})");
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_FALSE(text->least.contains("Deny")) << text->least;
}
TEST(PolicyText, VariablesAreUnmasked) {
  const auto text = data_policy(
      R"({"statement":[{"effect":"Deny","actions":["s3:*"],"resources":["arn:aws:s3:::lake/&{aws:username}/*"],"principals":[{"type":"*","identifiers":["*"]}]}]})",
      R"({"json":true})");
  ASSERT_TRUE(text.ok());
  EXPECT_TRUE(text->least.contains("lake/${aws:username}/*")) << text->least;
}

TEST(PolicyText, ConfigurationTellsItsDocumentsWithReferences) {
  const System system =
      system_of("main.tf.json", file_text("testdata/terraform-json/main.tf.json"));
  const auto literal = text_of(system, "aws_s3_bucket_policy.lake", "policy", "aws_s3_bucket.lake");
  ASSERT_TRUE(literal.ok()) << literal.error().message;
  EXPECT_TRUE(literal->exact());
  EXPECT_TRUE(
      literal->least.contains(R"(["arn:aws:s3:::lake","arn:aws:s3:::lake/${aws:username}/*"])"))
      << literal->least;
  const auto source =
      text_of(system, "aws_s3_bucket_policy.named", "policy", "aws_s3_bucket.named");
  ASSERT_TRUE(source.ok()) << source.error().message;
  EXPECT_TRUE(source->exact());
  EXPECT_TRUE(source->least.contains(R"(["arn:aws:s3:::lake-raw","arn:aws:s3:::lake-raw/*"])"))
      << source->least;
  EXPECT_FALSE(
      text_of(system, "aws_s3_bucket_policy.encoded", "policy", "aws_s3_bucket.named").ok());
}
TEST(PolicyText, ProgramTellsItsDocumentsWithReferences) {
  const System system = system_of("Pulumi.yaml", file_text("testdata/pulumi/Pulumi.yaml"));
  const auto text = text_of(system, "policy", "policy", "lake");
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_TRUE(text->least.contains(
      R"(["arn:aws:s3:::lake-raw","arn:aws:s3:::lake-raw/${aws:username}/*"])"))
      << text->least;
}

TEST(KnownArn, IsToldByNameOrByState) {
  const System system = stack_with(R"({"BucketName":"lake"})", "[]");
  EXPECT_EQ(known_arn(system, number_of(system, "Bucket")), "arn:aws:s3:::lake");
  EXPECT_EQ(known_arn(system, number_of(system, "Other")), std::nullopt);
  EXPECT_EQ(known_name(system, number_of(system, "Bucket")), "lake");
}

}  // namespace
}  // namespace sealane::iac
