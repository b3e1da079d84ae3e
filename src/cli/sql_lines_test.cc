#include "cli/sql_lines.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

// What comes out of lines, statement after statement, with "|" behind each, and what is left.
std::string Statements(const std::vector<std::string>& lines) {
  SqlLines sql;
  std::string out;
  for (const std::string& line : lines) {
    sql.Add(line);
    while (const auto statement = sql.Take()) out += *statement + "|";
  }
  return out + (sql.has_begun() ? "…" : "");
}

TEST(SqlLines, AStatementEndsWithASemicolon) {
  EXPECT_EQ(Statements({"SELECT 1;"}), "SELECT 1|");
  EXPECT_EQ(Statements({"SELECT", "1", ";"}), "SELECT\n1|");
  EXPECT_EQ(Statements({"SELECT 1; SELECT 2;  "}), "SELECT 1|SELECT 2|");
  EXPECT_EQ(Statements({"SELECT 1"}), "…");
  EXPECT_EQ(Statements({"", "  "}), "");
}

TEST(SqlLines, QuotesAndCommentsKeepTheirs) {
  EXPECT_EQ(Statements({"SELECT ';', \"a;b\", 'it''s;';"}), "SELECT ';', \"a;b\", 'it''s;'|");
  EXPECT_EQ(Statements({"SELECT 1 -- not; here", ";"}), "SELECT 1 -- not; here|");
  EXPECT_EQ(Statements({"SELECT /* ; ", "; */ 2;"}), "SELECT /* ; \n; */ 2|");
  EXPECT_EQ(Statements({"SELECT 'open", "still;", "';"}), "SELECT 'open\nstill;\n'|");
  EXPECT_EQ(Statements({"-- only a remark;"}), "");
  EXPECT_EQ(Statements({"/* begun"}), "…");
}

}  // namespace
}  // namespace sluice::cli
