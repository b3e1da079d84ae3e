#include "ingest/ddl.h"

#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

using Kind = format::SqlType::Kind;

TEST(Ddl, ReadsAVendorsCreateTable) {
  const auto statements = ParseDdl(
      "-- forms\ncreate temporary table dbo.Bi_FactForms_s3 (\n FormId VARCHAR(36)\n"
      ",factformid DECIMAL(19,0) not null encode az64\n,Value1 FLOAT\n,tags VARCHAR(MAX)\n"
      ",t TIMESTAMP without time zone default getdate()\n, primary key (factformid, FormId))\n"
      " distkey(factformid)\n sortkey(factformid, FormId)\n;");
  ASSERT_TRUE(statements.ok()) << statements.status().ToString();
  ASSERT_EQ(statements->size(), 1U);
  const DdlStatement& table = statements->front();
  EXPECT_EQ(table.table, "bi_factforms_s3");
  EXPECT_EQ(CanonicalTableName(table.table), "bi_factforms");
  ASSERT_EQ(table.columns.size(), 5U);
  EXPECT_EQ(table.columns[0].name, "formid");
  EXPECT_EQ(table.columns[0].type.max_bytes, 36);
  EXPECT_EQ(table.columns[1].type.DuckDb(), "DECIMAL(19,0)");
  EXPECT_EQ(table.columns[2].type.kind, Kind::kDouble);
  EXPECT_EQ(table.columns[4].type.kind, Kind::kTimestamp);
  EXPECT_EQ(table.dist_key, std::vector<std::string>{"factformid"});
  EXPECT_EQ(table.sort_key, (std::vector<std::string>{"factformid", "formid"}));
}

TEST(Ddl, ReadsAddedColumns) {
  const auto statements = ParseDdl(
      "ALTER TABLE \"Bi_DimUser\" ADD COLUMN Extra1 INT; alter table x add y double precision");
  ASSERT_TRUE(statements.ok()) << statements.status().ToString();
  ASSERT_EQ(statements->size(), 2U);
  EXPECT_EQ(statements->front().kind, DdlStatement::Kind::kAddColumns);
  EXPECT_EQ(statements->front().table, "bi_dimuser");
  EXPECT_EQ(statements->front().columns[0].name, "extra1");
  EXPECT_EQ(statements->back().columns[0].type.kind, Kind::kDouble);
}

TEST(Ddl, WhatItDoesNotUnderstandNamesTheLine) {
  EXPECT_EQ(ParseDdl("create table t (\n a INT,\n b GEOMETRIE)").status().message().substr(0, 8),
            "line 3: ");
  EXPECT_EQ(ParseDdl("drop table t").status().message(),
            "line 1: expected CREATE TABLE or ALTER TABLE, found \"drop\"");
  EXPECT_EQ(ParseDdl("create table t (a INT, A INT)").status().message(),
            "line 1: column a stands twice");
  EXPECT_EQ(ParseDdl("create table t (a INT").status().message(),
            "line 1: expected \")\", found the end of the file");
  EXPECT_FALSE(ParseDdl("").ok());
  EXPECT_EQ(ParseDdl("alter table t\ndrop column a").status().message(),
            "line 2: expected ADD COLUMN: nothing else of ALTER TABLE is followed, found \"drop\"");
}

}  // namespace
}  // namespace sluice::ingest
