#include "format/cast_functions.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/engine.h"

namespace sluice::format {
namespace {

class CastFunctionsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto database = engine::Database::Open("", engine::OpenOptions{});
    ASSERT_TRUE(database.ok()) << database.status().ToString();
    database_ = std::move(*database);
    connection_ = std::move(*database_->Connect());
    ASSERT_TRUE(connection_->Execute("SET TimeZone = 'UTC'").ok());
  }

  // "TYPE value" of the cast of a text, NULL as "~".
  std::string Cast(const std::string& type_name, const std::string& text,
                   const ValueForm& form = {}) {
    const TypedForm typed{*ParseSqlType(type_name), form};
    const Status registered = RegisterCasts(*connection_, {&typed, 1});
    if (!registered.ok()) return registered.ToString();
    const std::string cast = CastExpression(typed.type, "t", form);
    auto rows = connection_->Rows(
        "SELECT typeof(" + cast + "), (" + cast + ")::VARCHAR FROM (SELECT $1::VARCHAR AS t)",
        {text});
    if (!rows.ok()) return rows.status().ToString();
    const auto& row = rows->at(0);
    return engine::ToText(row[0]) + " " + (engine::IsNull(row[1]) ? "~" : engine::ToText(row[1]));
  }

  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Connection> connection_;
};

TEST_F(CastFunctionsTest, GivesTypedValues) {
  EXPECT_EQ(Cast("boolean", "T"), "BOOLEAN true");
  EXPECT_EQ(Cast("smallint", "-32768"), "SMALLINT -32768");
  EXPECT_EQ(Cast("int", "2147483647"), "INTEGER 2147483647");
  EXPECT_EQ(Cast("bigint", "-9223372036854775808"), "BIGINT -9223372036854775808");
  EXPECT_EQ(Cast("float", "1e-3"), "DOUBLE 0.001");
  EXPECT_EQ(Cast("date", "0001-01-01"), "DATE 0001-01-01");
  EXPECT_EQ(Cast("date", "9999-12-31"), "DATE 9999-12-31");
  EXPECT_EQ(Cast("timestamp", "2024-02-29T23:59:59.123456"),
            "TIMESTAMP 2024-02-29 23:59:59.123456");
  EXPECT_EQ(Cast("timestamp", "0001-01-01"), "TIMESTAMP 0001-01-01 00:00:00");
  EXPECT_EQ(Cast("timestamp", "9999-12-31 23:59:59.999999"),
            "TIMESTAMP 9999-12-31 23:59:59.999999");
  EXPECT_EQ(Cast("timestamptz", "2024-01-01 02:00:00+02"),
            "TIMESTAMP WITH TIME ZONE 2024-01-01 00:00:00+00");
  EXPECT_EQ(Cast("text", " x "), "VARCHAR  x ");
}

TEST_F(CastFunctionsTest, StoresDecimalsOfEveryWidth) {
  EXPECT_EQ(Cast("decimal(4,2)", "-12.34"), "DECIMAL(4,2) -12.34");
  EXPECT_EQ(Cast("decimal(9,0)", "999999999"), "DECIMAL(9,0) 999999999");
  EXPECT_EQ(Cast("decimal(18,3)", "-123456789012345.678"), "DECIMAL(18,3) -123456789012345.678");
  EXPECT_EQ(Cast("decimal(19,0)", "9999999999999999999"), "DECIMAL(19,0) 9999999999999999999");
  EXPECT_EQ(Cast("decimal(19,0)", "-9999999999999999999"), "DECIMAL(19,0) -9999999999999999999");
  EXPECT_EQ(Cast("decimal(38,10)", "9999999999999999999999999999.0123456789"),
            "DECIMAL(38,10) 9999999999999999999999999999.0123456789");
  EXPECT_EQ(Cast("decimal(38,10)", "-0.0000000001"), "DECIMAL(38,10) -0.0000000001");
}

TEST_F(CastFunctionsTest, GivesNullForWhatDoesNotFit) {
  EXPECT_EQ(Cast("int", "12.7"), "INTEGER ~");
  EXPECT_EQ(Cast("int", "1e3"), "INTEGER ~");
  EXPECT_EQ(Cast("int", ""), "INTEGER ~");
  EXPECT_EQ(Cast("decimal(12,2)", "12.345"), "DECIMAL(12,2) ~");
  EXPECT_EQ(Cast("timestamp", "2024-01-01 00:00:00+02"), "TIMESTAMP ~");
  EXPECT_EQ(Cast("double", "infinity"), "DOUBLE ~");
  EXPECT_EQ(Cast("boolean", "yes"), "BOOLEAN ~");
}

TEST_F(CastFunctionsTest, WorksOnVectorsWithNulls) {
  const std::vector<TypedForm> types = {
      {*ParseSqlType("int")}, {*ParseSqlType("decimal(19,0)")}, {*ParseSqlType("int")}};
  ASSERT_TRUE(RegisterCasts(*connection_, types).ok());
  ASSERT_TRUE(RegisterCasts(*connection_, types).ok()) << "again";
  // Of 100,000 texts one third is NULL and one third is no number.
  auto rows = connection_->Rows(
      "SELECT count(*), count(sluice_integer(t)), sum(sluice_integer(t)), "
      "sum(sluice_decimal_19_0(t)) "
      "FROM (SELECT CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN i::VARCHAR ELSE i || 'x' END AS t "
      "FROM range(100000) r(i))");
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_EQ(engine::ToText(rows->at(0)[0]), "100000");
  EXPECT_EQ(engine::ToText(rows->at(0)[1]), "33333");
  EXPECT_EQ(engine::ToText(rows->at(0)[2]), "1666616667");
  EXPECT_EQ(engine::ToText(rows->at(0)[3]), "1666616667");
}

TEST_F(CastFunctionsTest, ReadsOtherForms) {
  const ValueForm german{.decimal = ',', .thousands = ".", .date = "dmy"};
  EXPECT_EQ(Cast("decimal(12,2)", "1.234,50", german), "DECIMAL(12,2) 1234.50");
  EXPECT_EQ(Cast("decimal(12,2)", "1,234.50", german), "DECIMAL(12,2) ~");
  EXPECT_EQ(Cast("date", "01.02.2023", german), "DATE 2023-02-01");
  EXPECT_EQ(Cast("date", "01/02/2023", {.date = "mdy"}), "DATE 2023-01-02") << "another function";
  EXPECT_EQ(Cast("int", "x", german), "INTEGER ~");
  EXPECT_EQ(Cast("text", "1.234,50", german), "VARCHAR 1.234,50");
}

TEST_F(CastFunctionsTest, FoldsConstants) {
  const TypedForm type{*ParseSqlType("int")};
  ASSERT_TRUE(RegisterCasts(*connection_, {&type, 1}).ok());
  auto rows = connection_->Rows(
      "SELECT count(sluice_integer('7')), count(sluice_integer(NULL)) FROM range(5000)");
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_EQ(engine::ToText(rows->at(0)[0]), "5000");
  EXPECT_EQ(engine::ToText(rows->at(0)[1]), "0");
}

}  // namespace
}  // namespace sluice::format
