#include "ingest/file_columns.h"

#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

using Names = std::vector<std::string>;

TEST(FileColumns, AreOneListForAFileAndForMembersThatAreAlike) {
  EXPECT_EQ(FileColumnsText({}), "");
  EXPECT_EQ(FileColumnsText({{"", {"id", "", "name"}}}), "id\n\nname");
  const std::string alike = FileColumnsText({{"a.csv", {"id", "name"}}, {"b.csv", {"id", "name"}}});
  EXPECT_EQ(alike, "id\nname");
  EXPECT_EQ(ColumnsOfRow(alike, "0a/b.csv"), (Names{"id", "name"}));
  EXPECT_EQ(ColumnsOfRow(alike, "0a"), (Names{"id", "name"}));
  EXPECT_EQ(ColumnsOfRow("", "0a"), Names());
}

TEST(FileColumns, AreKeptForEachMemberThatHasOthers) {
  const FileColumns columns = {{"d/a.csv", {"id", "name"}}, {"b.csv", {"name", "", "id"}}};
  const std::string text = FileColumnsText(columns);
  EXPECT_EQ(ParseFileColumns(text), columns);
  EXPECT_EQ(ColumnsOfRow(text, "0a/d/a.csv"), (Names{"id", "name"}));
  EXPECT_EQ(ColumnsOfRow(text, "0a/b.csv"), (Names{"name", "", "id"}));
  EXPECT_EQ(ColumnsOfRow(text, "0a/c.csv"), Names());
}

}  // namespace
}  // namespace sluice::ingest
