// SPDX-License-Identifier: Apache-2.0
#include "check/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "check/rows_internal.h"
#include "iac/lookup.h"

namespace sealane::check {
namespace {

using ::testing::HasSubstr;

std::string errors_of(const std::string& text) {
  const Rows::Text file{"x.yaml", text};
  const auto parsed = Rows::from_texts({&file, 1});
  std::string out;
  for (const Diagnostic& d : parsed.diagnostics) out += to_text(d) + "\n";
  EXPECT_EQ(parsed.value.has_value(), out.empty());
  return out;
}

TEST(Rows, EveryShippedFileLoads) {
  const auto parsed = Rows::from_texts(shipped_texts());
  for (const Diagnostic& d : parsed.diagnostics) ADD_FAILURE() << to_text(d);
  ASSERT_TRUE(parsed.value);
  EXPECT_FALSE(parsed.value->rows().empty());
}
TEST(Rows, EveryPathCanBeRead) {
  iac::Arena arena;
  iac::Resource nothing;
  nothing.properties.data = iac::Value::Map{};
  const auto read = [&](const Row& row, const PathsPerDialect& paths) {
    for (const auto& [dialect, all] : paths)
      for (const std::string& path : all) {
        const auto found =
            iac::lookup(nothing, path.starts_with('/') ? path.substr(1) : path, arena);
        EXPECT_TRUE(found.ok()) << row.id << ": " << path << ": " << found.error().message;
      }
  };
  for (const Row& row : Rows::shipped().rows()) {
    read(row, row.property);
    read(row, row.each);
    if (row.to) read(row, row.to->property);
    for (const When& when : row.when) read(row, when.property);
  }
}
TEST(Rows, AMistakeIsShownWithItsPlace) {
  const std::string head =
      "service: S\nrows:\n  - row: a\n    side: server\n    type: { terraform: t }\n";
  const std::string tail = "    verdicts: [open]\n    cite: c\ncites: { c: { title: T } }\n";
  EXPECT_EQ(errors_of(head + "    always: { transport: either }\n" + tail), "");
  EXPECT_THAT(
      errors_of(head + "    allways: { transport: either }\n" + tail),
      HasSubstr("x.yaml:6:5: error: a row has no `allways`\n  hint: did you mean `always`?"));
  EXPECT_THAT(errors_of(head + "    always: { transport: ether }\n" + tail),
              HasSubstr("x.yaml:6:26"));
  EXPECT_THAT(errors_of(head + "    always: { min_tls: 1.2 }\n" + tail), HasSubstr("in quotes"));
  EXPECT_THAT(errors_of(head + tail), HasSubstr("a row has one reading"));
  EXPECT_THAT(errors_of(head + "    always: tls\n    cite: c\n"), HasSubstr("no verdicts"));
  EXPECT_THAT(errors_of(head + "    always: tls\n    verdicts: [open]\n    cite: d\n"),
              HasSubstr("no citation `d`"));
}

}  // namespace
}  // namespace sealane::check
