#include "models/table_names.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace sluice::models {
namespace {

std::string In(std::string_view sql) {
  std::vector<std::string> names;
  for (const NamedTable& table : FindTableNames(sql)) names.push_back(table.name);
  return Join(names, " ");
}

TEST(TableNames, StandBehindFromAndJoinAndCommas) {
  EXPECT_EQ(In("SELECT a.x, b.y FROM a JOIN b ON a.id = b.id, c AS d, e f LEFT JOIN g USING (id)"),
            "a b c e g");
  EXPECT_EQ(In("FROM a SELECT x, y"), "a");
  EXPECT_EQ(In("SELECT * FROM (a JOIN b ON a.x = b.x) JOIN (SELECT 1, p FROM c), LATERAL d"),
            "a b c d");
  EXPECT_EQ(In("SELECT (SELECT max(x) FROM a), y FROM b WHERE z IN (FROM c) ORDER BY d, e"),
            "a b c");
  EXPECT_EQ(In("SELECT 1 UNION ALL SELECT x FROM a UNION FROM b"), "a b");
  EXPECT_EQ(In("FROM x: a, y: main.b"), "a b");
  EXPECT_EQ(In("PIVOT a ON city USING sum(x)"), "a");
}

TEST(TableNames, AreReadAsTheEngineReadsThem) {
  EXPECT_EQ(In("select * from Orders join \"Two \"\" Words\""), "orders two \" words");
  EXPECT_EQ(In("SELECT * FROM main.a, warehouse.main.b, other.c, _sluice.runs, a.list"), "a b");
}

TEST(TableNames, KnowTheirPlace) {
  const auto tables = FindTableNames("SELECT *\n  FROM main.a\nJOIN a ON true");
  ASSERT_EQ(tables.size(), 1U);
  EXPECT_EQ(tables[0].line, 2);
  EXPECT_EQ(tables[0].column, 13);
}

TEST(TableNames, AreNotInCommentsQuotesAndReferences) {
  EXPECT_EQ(
      In("-- FROM a\nSELECT 'FROM b', E'\\' FROM c', $$ FROM d $$, $t$ FROM e $t$ /* FROM f */"
         " FROM {{ ref('g') }} h, 'i.csv', k WHERE n = $1"),
      "k");
}

TEST(TableNames, AreNoFunctionsAndNoOtherFrom) {
  EXPECT_EQ(In("SELECT extract(year FROM a), trim(BOTH 'x' FROM b), x IS DISTINCT FROM c, "
               "x IS NOT DISTINCT FROM d FROM range(3), unnest(e) AS u, f"),
            "f");
  EXPECT_EQ(In("SELECT extract(year FROM (SELECT max(day) FROM a))"), "a");
}

TEST(TableNames, AreNoCommonTableExpressions) {
  EXPECT_EQ(In("WITH x AS (SELECT * FROM a), y(p, q) AS MATERIALIZED (FROM x JOIN b) "
               "SELECT * FROM x, y, c"),
            "a b c");
  // The body of one does not see itself, and what is defined in brackets ends with them.
  EXPECT_EQ(In("WITH a AS (SELECT * FROM a) SELECT * FROM a"), "a");
  EXPECT_EQ(In("WITH a AS (SELECT 1) SELECT * FROM a"), "");
  EXPECT_EQ(In("WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT * FROM a) FROM a"), "");
  EXPECT_EQ(In("SELECT * FROM (WITH b AS (SELECT 1) FROM b) JOIN b ON true"), "b");
}

TEST(TableNames, OfTextThatIsNoSqlDoNotFail) {
  for (const char* text : {"", "FROM", "FROM a.", "FROM \"", "))) FROM a", "FROM 'x", "$", "/*",
                           "WITH", "WITH x AS (", "{{", "FROM x:", "e'\\"}) {
    FindTableNames(text);
  }
  EXPECT_EQ(In("))) FROM a"), "a");
}

}  // namespace
}  // namespace sluice::models
