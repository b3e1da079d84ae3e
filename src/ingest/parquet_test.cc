// Parquet files in layout files: exact types, bad rows, damage.
#include <gtest/gtest.h>

#include "base/text.h"
#include "ingest/ingest_fixture.h"

namespace sluice::ingest {
namespace {

class ParquetTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    ingest_.layout = "files";
    ingest_.csv = {};
    config::Table table;
    table.name = "t";
    table.pattern = "*.parquet";
    table.mode = config::Table::Mode::kAppend;
    ingest_.tables.push_back(table);
  }
  void Declare(const std::string& columns) {
    ingest_.tables[0].columns.clear();
    for (const std::string& column : Split(columns, ';')) {
      const size_t blank = column.find(' ');
      ingest_.tables[0].columns.push_back({column.substr(0, blank), column.substr(blank + 1), {}});
    }
  }
  // A file with these rows.
  std::string Put(const std::string& name, const std::string& select) {
    const std::string path = env::JoinPath(drop_, name);
    Execute("COPY (" + select + ") TO '" + path + "' (FORMAT parquet)");
    return path;
  }
  // Values that a type takes from a column of `from`, then what is bad of the others.
  std::string Load(const std::string& from, const std::string& type, const std::string& values) {
    Execute("DROP TABLE IF EXISTS t");
    Execute("DELETE FROM _sluice.files");
    Execute("DELETE FROM _sluice.quarantine");
    Execute("DELETE FROM _sluice.loads");
    Declare("n INTEGER;x " + type);
    Put("x.parquet", "SELECT n::INTEGER AS n, x::" + from + " AS x FROM (VALUES (0, NULL), " +
                         values + ") AS v(n, x)");
    MustRun();
    return ReplaceAll(Rows("SELECT CAST(x AS VARCHAR) FROM t WHERE n > 0 ORDER BY n"), "\n", " ") +
           "/ " +
           ReplaceAll(Rows("SELECT coalesce(value, '') FROM _sluice.quarantine ORDER BY line"),
                      "\n", " ");
  }
};

TEST_F(ParquetTest, ValuesAreExactOrInQuarantine) {
  EXPECT_EQ(Load("BIGINT", "INTEGER", "(1, 7), (2, 2147483648)"), "7 / 2147483648 ");
  EXPECT_EQ(Load("UTINYINT", "SMALLINT", "(1, 255)"), "255 / ");
  EXPECT_EQ(Load("BIGINT", "DECIMAL(5,2)", "(1, 999), (2, 1000)"), "999.00 / 1000 ");
  EXPECT_EQ(Load("BIGINT", "DOUBLE", "(1, 9007199254740992), (2, 9007199254740993)"),
            "9007199254740992.0 / 9007199254740993 ");
  EXPECT_EQ(Load("BIGINT", "VARCHAR", "(1, -3)"), "-3 / ");
  EXPECT_EQ(Load("BIGINT", "BOOLEAN", "(1, 1), (2, 2)"), "true / 2 ");
  EXPECT_EQ(Load("DOUBLE", "INTEGER", "(1, 12), (2, 12.7), (3, 3e9), (4, 'nan'), (5, 'inf')"),
            "12 / 12.7 3000000000.0 nan inf ");
  EXPECT_EQ(Load("DOUBLE", "BIGINT", "(1, 9007199254740992), (2, 9223372036854775807)"),
            "9007199254740992 / 9.223372036854776e+18 ");
  EXPECT_EQ(Load("DOUBLE", "DECIMAL(6,2)", "(1, 12.7), (2, 0.1), (3, 12.345), (4, 1e20)"),
            "12.70 0.10 / 12.345 1e+20 ");
  EXPECT_EQ(Load("DOUBLE", "DOUBLE", "(1, 0.1), (2, 'nan'::DOUBLE)"), "0.1 / nan ");
  EXPECT_EQ(Load("DECIMAL(9,3)", "DECIMAL(5,2)", "(1, 1.230), (2, 1.234), (3, 123456)"),
            "1.23 / 1.234 123456.000 ");
  EXPECT_EQ(Load("DECIMAL(9,2)", "INTEGER", "(1, 7.00)"), "/ 7.00 ");
  EXPECT_EQ(Load("DECIMAL(9,2)", "DECIMAL(9,2)", "(1, 7.00)"), "7.00 / ");
  EXPECT_EQ(Load("VARCHAR", "INTEGER", "(1, '7'), (2, '7.0'), (3, '')"), "7 / 7.0  ");
  EXPECT_EQ(Load("BOOLEAN", "BOOLEAN", "(1, true)"), "true / ");
  EXPECT_EQ(Load("BOOLEAN", "INTEGER", "(1, true)").substr(0, 6), "/ true");
}

TEST_F(ParquetTest, TimesKeepWhatTheySay) {
  EXPECT_EQ(Load("DATE", "DATE", "(1, '2026-02-28'), (2, 'infinity')"), "2026-02-28 / infinity ");
  EXPECT_EQ(Load("DATE", "TIMESTAMP", "(1, '2026-02-28')"), "2026-02-28 00:00:00 / ");
  EXPECT_EQ(Load("TIMESTAMP", "DATE", "(1, '2026-02-28 00:00:00'), (2, '2026-02-28 00:00:01')"),
            "2026-02-28 / 2026-02-28 00:00:01 ");
  EXPECT_EQ(Load("TIMESTAMP", "TIMESTAMP", "(1, '2026-02-28 10:00:00.123456')"),
            "2026-02-28 10:00:00.123456 / ");
  EXPECT_EQ(Load("TIMESTAMP_NS", "TIMESTAMP",
                 "(1, '2026-02-28 10:00:00.123456'), (2, '2026-02-28 10:00:00.123456789')"),
            "2026-02-28 10:00:00.123456 / 2026-02-28 10:00:00.123456789 ");
  EXPECT_EQ(Load("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", "(1, '2026-02-28 10:00:00+02')")
                .substr(0, 19),
            "2026-02-28 08:00:00");
}

TEST_F(ParquetTest, AZoneIsNeitherDroppedNorInvented) {
  Declare("n INTEGER;x TIMESTAMP");
  Put("x.parquet", "SELECT 1 AS n, TIMESTAMPTZ '2026-02-28 10:00:00+02' AS x");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Rows("SELECT message FROM _sluice.holds")
                .find("x.parquet: all of its rows are bad (1); line 1: "
                      "column x: expected"),
            0U);
}

TEST_F(ParquetTest, NestedAndBinaryValuesBecomeText) {
  Declare("s VARCHAR;l VARCHAR;b VARCHAR;u VARCHAR");
  Put("x.parquet",
      "SELECT {'a': 1, 'b': 'x'} AS s, [12345678901234567890123456.50, NULL] AS l, encode('é') AS "
      "b, "
      "'6f1c8a5e-0000-4000-8000-000000000001'::UUID AS u UNION ALL SELECT NULL, NULL, "
      "'\\xFF'::BLOB, NULL");
  MustRun();
  EXPECT_EQ(Rows("SELECT s, l, b, u FROM t"),
            "{\"a\":1,\"b\":\"x\"}|[\"12345678901234567890123456.50\",null]|é|6f1c8a5e-0000-4000-"
            "8000-000000000001\n");
  EXPECT_EQ(Rows("SELECT line, byte_offset, column_name, rule FROM _sluice.quarantine"),
            "2|1|b|type\n");
}

// The limits of CSV and JSON are those of Parquet.
TEST_F(ParquetTest, TextsThatNoOtherFormatTakesGoToQuarantine) {
  Declare("id INTEGER;t VARCHAR;b VARCHAR");
  Put("x.parquet",
      "SELECT 1 AS id, 'short' AS t, encode('b') AS b UNION ALL SELECT 2, repeat('x', 2000000), "
      "NULL "
      "UNION ALL SELECT 3, repeat('x', 2000001), NULL UNION ALL SELECT 4, 'a' || chr(0) || 'b', "
      "NULL "
      "UNION ALL SELECT 5, NULL, '\\x61\\x00'::BLOB UNION ALL SELECT 6, '', NULL");
  MustRun();
  EXPECT_EQ(Rows("SELECT id, length(t) FROM t ORDER BY id"), "1|5\n2|2000000\n6|0\n");
  EXPECT_EQ(Rows("SELECT line, column_name, rule, reason, length(value), length(raw) FROM "
                 "_sluice.quarantine ORDER BY 1"),
            "3|t|type|a text of 2,000,001 bytes; at most 2,000,000 are taken (max_row)|200|4096\n"
            "4|t|type|a NUL character in a text|4|32\n"
            "5|b|type|expected text|3|30\n");
  EXPECT_EQ(Rows("SELECT rows_read, inserted, quarantined FROM _sluice.files"), "6|3|3\n");
}

TEST_F(ParquetTest, AColumnThatComesTwiceIsNotLoadedUnderAnotherName) {
  ingest_.schema_changes = config::SchemaChanges::kEvolve;
  Declare("id INTEGER");
  const std::string path =
      Put("x.parquet", "SELECT 1 AS id, {'a': 1, 'id': 2} AS s, 2 AS it, [3] AS l");
  MustRun();
  EXPECT_EQ(Rows("SELECT id, it FROM t"), "1|2\n") << "below another one a name is free";
  std::string content = *env::ReadFile(path);
  size_t at = 0;
  while ((at = content.find("\x02it", at)) != std::string::npos) content[at + 2] = 'd';
  Write("y.parquet", content);
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Rows("SELECT message FROM _sluice.holds"),
            "y.parquet: it has the column id twice. Have it sent with each name once\n");
}

TEST_F(ParquetTest, AFileOfNoBytesIsNoParquet) {
  Declare("id INTEGER");
  Write("x.parquet", "");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Rows("SELECT check_name, message FROM _sluice.holds"),
            "file|x.parquet: it has 0 bytes, and is no Parquet file. Have the file sent again\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM _sluice.files"), "0\n");
}

TEST_F(ParquetTest, RowsThatDoNotFitAreNumberedAndKeptAsJson) {
  ingest_.tables[0].key = {"id"};
  Declare("id INTEGER;name VARCHAR");
  Put("x.parquet",
      "SELECT i AS \"ID\", 'n' || i AS name FROM (VALUES (1), (NULL), (5000000000), (4)) AS v(i)");
  MustRun();
  EXPECT_EQ(Rows("SELECT id, name FROM t ORDER BY id"), "1|n1\n4|n4\n");
  EXPECT_EQ(Rows("SELECT line, byte_offset, column_name, rule, value, raw FROM _sluice.quarantine "
                 "ORDER BY 1"),
            "2|1|id|key|NULL|{\"ID\":null,\"name\":null}\n"
            "3|2|id|type|5000000000|{\"ID\":5000000000,\"name\":\"n5000000000\"}\n");
  EXPECT_EQ(Rows("SELECT rows_read, inserted, quarantined FROM _sluice.files"), "4|2|2\n");
}

TEST_F(ParquetTest, ColumnsGoByNameAndPolicy) {
  Declare("id INTEGER");
  Put("x.parquet", "SELECT 1 AS id, 2 AS more");
  ASSERT_TRUE(Run().ok());
  EXPECT_NE(Rows("SELECT message FROM _sluice.holds").find("a column more that is not declared"),
            std::string::npos);
  Execute("DELETE FROM _sluice.holds");
  Execute("DELETE FROM _sluice.files");
  ingest_.schema_changes = config::SchemaChanges::kEvolve;
  MustRun();
  EXPECT_EQ(Rows("SELECT id, more FROM t"), "1|2\n");
}

TEST_F(ParquetTest, DamagedFilesAreHeld) {
  Declare("id INTEGER;text VARCHAR");
  const std::string path =
      Put("a.parquet", "SELECT i AS id, 'text ' || hash(i) AS text FROM range(50000) t(i)");
  const std::string good = *env::ReadFile(path);
  std::string torn = good;
  torn.replace(good.size() / 3, 2000, std::string(2000, 'x'));
  for (const std::string& content :
       {good.substr(0, good.size() - 100), torn, std::string("id,text\n1,x\n")}) {
    Write("a.parquet", content);
    ASSERT_TRUE(Run().ok());
    const std::string held = Rows("SELECT message FROM _sluice.holds");
    EXPECT_EQ(held.find("a.parquet: it cannot be read as Parquet: "), 0U) << held;
    EXPECT_EQ(held.find(dir_), std::string::npos) << "no local path: " << held;
    Execute("DELETE FROM _sluice.holds");
    Execute("DELETE FROM _sluice.files");
  }
  Write("a.parquet", good);
  MustRun();
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), "50000\n");
}

TEST_F(ParquetTest, DiscardedRowsStayOut) {
  Declare("id INTEGER");
  Put("x.parquet", "SELECT i AS id FROM (VALUES (1), (5000000000), (3)) AS v(i)");
  MustRun();
  Execute(
      "INSERT INTO _sluice.quarantine_fixes SELECT quarantine_id, ingest, table_name, "
      "content_hash, "
      "byte_offset, 'discard', NULL, raw, column_name, rule, reason, address, line, NULL, "
      "'applied', "
      "now()::TIMESTAMP, now()::TIMESTAMP FROM _sluice.quarantine");
  for (const char* table : {"files", "loads", "quarantine"}) {
    Execute(std::string("DELETE FROM _sluice.") + table);
  }
  Execute("DELETE FROM t");
  MustRun();
  EXPECT_EQ(Rows("SELECT id FROM t ORDER BY id"), "1\n3\n");
  EXPECT_EQ(Rows("SELECT rows_read, inserted, skipped, quarantined FROM _sluice.files"),
            "3|2|1|0\n");
}

TEST_F(ParquetTest, AColumnCalledLikeSluicesOwnTakesThePlaceOfNone) {
  ingest_.schema_changes = config::SchemaChanges::kEvolve;
  Declare("id INTEGER");
  Put("1.parquet", "SELECT 1 AS id");
  Put("2.parquet", "SELECT 2 AS id, 7 AS _SLUICE_FILE");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Rows("SELECT id, _sluice_file <> 7 FROM t"), "1|true\n");
  EXPECT_NE(Rows("SELECT message FROM _sluice.holds").find("such names are Sluice's own"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::ingest
