// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/compile_internal.h"

namespace sealane::policy {
namespace {

CompiledStatement statement(std::initializer_list<const char*> actions,
                            Polarity polarity = Polarity::Listed) {
  CompiledStatement out;
  out.action_polarity = polarity;
  for (const char* action : actions) out.actions.push_back(parse_action(action).value());
  return out;
}

std::vector<std::uint32_t> found(const ActionIndex& index,
                                 const std::vector<CompiledStatement>& statements,
                                 std::string_view action) {
  std::vector<std::uint32_t> out;
  Candidates some = candidates(index, action);
  for (auto i = some.next(); i; i = some.next())
    if (some.exact() || matches_action(statements[*i], action)) out.push_back(*i);
  return out;
}

TEST(ActionIndex, FindsWhatEveryStatementTogetherWouldInTheSameOrder) {
  std::vector<CompiledStatement> statements;
  statements.push_back(statement({"s3:GetObject", "iot:Publish"}));
  statements.push_back(statement({"*"}));
  statements.push_back(statement({"s3:Get*"}));
  statements.push_back(statement({"iot:*"}, Polarity::NotListed));
  statements.push_back(statement({"S3:putobject", "s3:Get?bject"}));
  statements.push_back(statement({"sqs:*", "*"}, Polarity::NotListed));
  statements.push_back(statement({"iot:*"}));
  const ActionIndex index = build_action_index(statements);
  for (const char* action :
       {"s3:getobject", "s3:putobject", "s3:getobjectacl", "iot:publish", "iot:connect",
        "iot:unheardof", "sqs:send", "kms:decrypt", "s3:list"}) {
    std::vector<std::uint32_t> every;
    for (std::uint32_t i = 0; i < statements.size(); ++i)
      if (matches_action(statements[i], action)) every.push_back(i);
    EXPECT_EQ(found(index, statements, action), every) << action;
  }
}
TEST(ActionIndex, ANamedActionIsExactAndAnotherGoesByItsService) {
  std::vector<CompiledStatement> statements;
  statements.push_back(statement({"sqs:Send"}));
  statements.push_back(statement({"sqs:Re*"}));
  const ActionIndex index = build_action_index(statements);
  EXPECT_TRUE(candidates(index, "sqs:send").exact());
  EXPECT_FALSE(candidates(index, "sqs:receive").exact());
  EXPECT_EQ(found(index, statements, "sqs:receive"), (std::vector<std::uint32_t>{1}));
}
// Ten thousand statements with an action of their own each: the whole table would have a hundred
// million entries to look at.
TEST(ActionIndex, HoldsNoMoreThanItsBudgetForManyStatementsAndStillFindsAll) {
  std::vector<CompiledStatement> statements;
  for (int i = 0; i < 10'000; ++i)
    statements.push_back(statement({("s3:a" + std::to_string(i)).c_str()}));
  const ActionIndex index = build_action_index(statements);
  EXPECT_LT(index.actions.size(), 200u);
  ASSERT_EQ(index.services.size(), 1u);
  EXPECT_EQ(index.services[0].statements.size(), 10'000u);
  for (const char* action : {"s3:a0", "s3:a9999"})
    EXPECT_EQ(found(index, statements, action).size(), 1u) << action;
}

}  // namespace
}  // namespace sealane::policy
