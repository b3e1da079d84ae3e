#include "models/sql_error.h"

#include <gtest/gtest.h>

namespace sluice::models {
namespace {

TEST(SqlErrorTest, AColumnThatIsNotThereIsNamedWithCandidates) {
  const std::string sql = "SELECT id,\n  frst_name FROM people";
  const SqlError error = ReadSqlError(
      "Binder Error: Referenced column \"frst_name\" not found in FROM clause!\nCandidate "
      "bindings: "
      "\"first_name\", \"id\"\n\nLINE 2:   frst_name FROM people\n          ^",
      sql);
  EXPECT_EQ(error.text, "no column \"frst_name\" (did you mean \"first_name\"?)");
  ASSERT_TRUE(error.has_place);
  EXPECT_EQ(error.offset, sql.find("frst_name"));
}

TEST(SqlErrorTest, CandidatesThatAreNotNearAreAllNamed) {
  EXPECT_EQ(ReadSqlError("Binder Error: Referenced column \"town\" not found in FROM clause!\n"
                         "Candidate bindings: \"people.city\", \"id\"",
                         "SELECT town FROM people")
                .text,
            "no column \"town\" (candidates: people.city, id)");
  EXPECT_EQ(ReadSqlError("Binder Error: Table \"p\" does not have a column named \"citi\"\n\n"
                         "Candidate bindings: : \"city\"",
                         "SELECT p.citi FROM people AS p")
                .text,
            "no column \"p.citi\" (did you mean \"city\"?)");
  EXPECT_EQ(ReadSqlError("Binder Error: Table \"p\" does not have a column named \"citi\"",
                         "SELECT p.citi FROM people AS p")
                .text,
            "no column \"p.citi\"");
}

TEST(SqlErrorTest, ACutLineIsFoundByWhatIsLeftOfIt) {
  const std::string sql = "SELECT " + std::string(200, ' ') + "frst FROM people WHERE x";
  const SqlError error = ReadSqlError(
      "Binder Error: Referenced column \"frst\" not found in FROM clause!\n\nLINE 1: "
      "...     frst FROM people...\n                ^",
      sql);
  ASSERT_TRUE(error.has_place);
  EXPECT_EQ(error.offset, sql.find("frst"));
}

TEST(SqlErrorTest, ATableThatIsNotThereIsNamed) {
  const SqlError error = ReadSqlError(
      "Catalog Error: Table with name People does not exist!\nDid you mean \"peoples\"?\n\nLINE 1: "
      "SELECT * FROM People\n                      ^",
      "SELECT * FROM People");
  EXPECT_EQ(error.missing_table, "people");
  EXPECT_EQ(error.text, "there is no table People (did you mean \"peoples\"?)");
}

TEST(SqlErrorTest, OtherMessagesBecomeOneLine) {
  EXPECT_EQ(ReadSqlError("Conversion Error: no number\nin this\n\nLINE 1: x\n        ^", "x").text,
            "Conversion Error: no number; in this");
  EXPECT_FALSE(ReadSqlError("Out of Memory Error: 1 GB", "x").has_place);
}

TEST(SqlErrorTest, FunctionsThatMightBeMeantAreLeftOut) {
  EXPECT_EQ(ReadSqlError("Binder Error: No function matches '+(VARCHAR, INTEGER)'. Cast.\n\t"
                         "Candidate functions:\n\t+(TINYINT) -> TINYINT\n\nLINE 1: a + 1\n",
                         "a + 1")
                .text,
            "No function matches '+(VARCHAR, INTEGER)'. Cast.");
}

TEST(SqlErrorTest, PlacesBehindReferencesAreThoseOfTheUsersText) {
  const std::string source = "SELECT a FROM {{ ref('t') }} JOIN {{ ref('u') }} WHERE b";
  const auto references = FindReferences(source).value();
  const auto name_of = [](const std::string& name) { return "\"main\".\"" + name + "\""; };
  const std::string rendered = Render(source, references, name_of);
  EXPECT_EQ(SourceOffset(rendered.find("a FROM"), references, name_of), source.find("a FROM"));
  EXPECT_EQ(SourceOffset(rendered.find("\"u\""), references, name_of), source.find("{{ ref('u')"));
  EXPECT_EQ(SourceOffset(rendered.find("b", rendered.find("WHERE")), references, name_of),
            source.find("b", source.find("WHERE")));
}

}  // namespace
}  // namespace sluice::models
