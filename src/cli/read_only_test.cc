#include "cli/read_only.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

class ReadOnlyTest : public testing::Test {
 protected:
  void SetUp() override {
    database_ = std::move(engine::Database::Open("", {})).value();
    connection_ = std::move(database_->Connect()).value();
    ASSERT_TRUE(connection_->Execute("CREATE TABLE t (a INTEGER, b VARCHAR)").ok());
  }
  Status Check(const std::string& sql) { return CheckReadOnly(*connection_, sql); }

  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Connection> connection_;
};

TEST_F(ReadOnlyTest, WhatReadsPasses) {
  for (const char* sql : {"SELECT 1", "select * from t where b = 'x;y' ;", "FROM t",
                          "WITH x AS (SELECT 1) SELECT * FROM x", "VALUES (1), (2)",
                          "(SELECT a FROM t) UNION ALL (SELECT 2)", "DESCRIBE t", "SHOW TABLES",
                          "SUMMARIZE t", "SELECT 1 -- the end", "EXPLAIN SELECT * FROM t",
                          "SELECT a AS x, a AS x FROM t", "TABLE t"}) {
    EXPECT_TRUE(Check(sql).ok()) << sql << ": " << Check(sql).ToString();
  }
}

TEST_F(ReadOnlyTest, WhatChangesSomethingDoesNot) {
  for (const char* sql :
       {"DELETE FROM t",
        "INSERT INTO t VALUES (1, 'x')",
        "INSERT INTO t VALUES (1, 'x') RETURNING a",
        "UPDATE t SET a = 1",
        "DROP TABLE t",
        "CREATE TABLE u AS SELECT 1",
        "TRUNCATE t",
        "COPY t TO '/tmp/never.csv'",
        "SET threads = 1",
        "PRAGMA enable_profiling",
        "CALL force_checkpoint()",
        "CHECKPOINT",
        "BEGIN",
        "ATTACH ':memory:' AS x",
        "INSTALL json",
        "SELECT 1; DROP TABLE t",
        "SELECT 1) ; DROP TABLE t; (SELECT 1",
        "SELECT 1) AS x; DROP TABLE t --",
        "EXPLAIN ANALYZE DELETE FROM t",
        "EXPLAIN DELETE FROM t",
        "explain  analyze SELECT 1",
        "VACUUM",
        "WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x",
        "MERGE INTO t USING (SELECT 1 AS a) AS s ON t.a = s.a WHEN MATCHED THEN DELETE"}) {
    EXPECT_EQ(Check(sql).code(), Code::kConfig) << sql;
  }
  EXPECT_EQ(engine::ToInt(*connection_->Scalar("SELECT count(*) FROM duckdb_tables()")), 1);
}

TEST_F(ReadOnlyTest, WhatIsRefusedLeavesNothingBehind) {
  const std::string folder = testing::TempDir() + "sluice_read_only_test";
  std::filesystem::remove_all(folder);
  for (const char* before :
       {"EXPORT", "export", "/* a */ Export", "EXPLAIN EXPORT", "-- a\nEXPORT"}) {
    const std::string sql = std::string(before) + " DATABASE '" + folder + "'";
    EXPECT_EQ(Check(sql).code(), Code::kConfig) << sql;
    EXPECT_FALSE(std::filesystem::exists(folder)) << sql;
  }
}

TEST_F(ReadOnlyTest, AMistakeIsToldInTheEnginesWords) {
  EXPECT_THAT(Check("SELECT nothing FROM t").message(), testing::HasSubstr("nothing"));
  EXPECT_THAT(Check("SELECT nothing FROM exports").message(), testing::HasSubstr("exports"));
  EXPECT_THAT(Check("SELEC 1").message(), testing::HasSubstr("SELEC"));
  EXPECT_EQ(Check("  ;").message(), "there is no SQL");
  EXPECT_THAT(Check("EXPLAIN ANALYZE SELECT 1").message(), testing::HasSubstr("executes"));
}

}  // namespace
}  // namespace sluice::cli
