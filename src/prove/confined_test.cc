// SPDX-License-Identifier: Apache-2.0
#include "prove/confined.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "mqtt/topic.h"
#include "policy/evaluate.h"
#include "prove/testdata/fixture.h"

namespace sealane::prove {
namespace {

// One line of testdata/confined.tsv.
struct Row {
  std::string name, profile, own, without, expected, reached, naive, policy, why;
};

std::vector<Row> rows() {
  return rows_of<Row>("testdata/confined.tsv",
                      {&Row::name, &Row::profile, &Row::own, &Row::without, &Row::expected,
                       &Row::reached, &Row::naive, &Row::policy, &Row::why});
}

policy::Document document_of(const std::string& text) {
  auto parsed = policy::parse_document(text, policy::DocumentKind::IotDevice, "policy.json");
  for (const Diagnostic& d : parsed.diagnostics)
    if (d.severity == Severity::Error) ADD_FAILURE() << to_text(d) << text;
  return parsed.value.value_or(policy::Document{});
}

ConfinedOptions options_of(const Row& row) {
  ConfinedOptions out;
  out.profile =
      row.profile == "mqtt-standard" ? mqtt::Profile::MqttStandard : mqtt::Profile::AwsIotCore;
  std::istringstream own(row.own);
  for (std::string filter; own >> filter;) out.own.push_back(filter);
  if (!row.without.empty()) out.axioms.erase(*parse_axiom(row.without));
  return out;
}

class Confined : public ::testing::TestWithParam<Row> {};
INSTANTIATE_TEST_SUITE_P(Table, Confined, ::testing::ValuesIn(rows()), [](const auto& given) {
  std::string name = given.param.name + "_" + given.param.profile;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});
void PrintTo(const Row& row, std::ostream* out) { *out << row.name << " " << row.profile; }

TEST_P(Confined, IsDecidedAsTheTableSays) {
  const Row& row = GetParam();
  const policy::Document document = document_of(row.policy);
  const Confinement found = confined(std::span(&document, 1), options_of(row));
  EXPECT_EQ(to_string(found.outcome), row.expected)
      << row.why << "\n"
      << found.detail << (found.reached.empty() ? "" : found.reached[0].sentence);
  EXPECT_EQ(found.reached.empty(), row.expected != "fails");
  if (!row.reached.empty() && !found.reached.empty())
    EXPECT_EQ(found.reached[0].filter + " " + found.reached[0].topic, row.reached)
        << found.reached[0].sentence;
  // Every request of every way out is allowed by the text alone.
  const auto policies = policy::compile(std::span(&document, 1));
  for (const Reached& one : found.reached) {
    EXPECT_FALSE(one.requests.empty());
    for (const policy::RequestFile& request : one.requests)
      EXPECT_TRUE(policy::decide(policies, request.at(Time())).allowed())
          << request_json(request) << one.sentence;
  }
}

TEST(ConfinedTable, HasEnoughRowsWhoseNaiveReadingIsWrong) {
  const auto all = rows();
  EXPECT_GE(all.size(), 25U);
  EXPECT_GE(std::ranges::count(all, std::string("wrong"), &Row::naive), 15);
}

}  // namespace
}  // namespace sealane::prove
