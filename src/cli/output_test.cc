#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>

#include <nlohmann/json.hpp>

#include "cli/json_writer.h"
#include "cli/result_output.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace sluice::cli {
namespace {

const Terminal kPipe{};

std::string Printed(const Table& table, const Terminal& terminal, size_t indent = 0) {
  std::ostringstream out;
  table.Print(out, terminal, indent);
  return out.str();
}

TEST(TableTest, OnANarrowTerminalTheLastColumnGoesOnBelow) {
  Table table({{"id"}, {"why"}});
  table.Row(
      {"7ab23fc4", "too few rows: 2, expected at least 25 of them averylongwordwithoutblanks"});
  std::ostringstream out;
  table.Print(out, {true, 40, false});
  EXPECT_EQ(out.str(),
            "id        why\n"
            "7ab23fc4  too few rows: 2, expected at\n"
            "          least 25 of them\n"
            "          averylongwordwithoutblanks\n");
}

TEST(TableTest, NumbersStandToTheRightAndNothingBehindTheLastColumn) {
  Table table({{"table"}, {"rows", Align::kRight}, {"mode"}});
  table.Row({"orders", "1,234", "append"});
  table.Row({"customers_of_the_shop", "7", ""});
  EXPECT_EQ(Printed(table, kPipe, 2),
            "  table                   rows  mode\n"
            "  orders                 1,234  append\n"
            "  customers_of_the_shop      7\n");
}

TEST(TableTest, ColumnsWithoutAnythingAreLeftOut) {
  Table table({{"a"}, {"b"}, {"c"}});
  table.Row({"1", "", "3"});
  EXPECT_EQ(Printed(table, kPipe), "a  c\n1  3\n");
  Table all({{"a"}, {"b"}}, Table::Empty::kStay);
  all.Row({"1", ""});
  EXPECT_EQ(Printed(all, kPipe), "a  b\n1\n");
}

TEST(TableTest, OnATerminalTheWidestTextIsShortenedUntilItFits) {
  Table table({{"id"}, {"why"}, {"rows", Align::kRight}});
  table.Row({"3fa9", std::string(60, 'x'), "12"});
  EXPECT_EQ(Printed(table, {true, 40, false}),
            "id    why                           rows\n"
            "3fa9  xxxxxxxxxxxxxxxxxxxxxxxxxxx…    12\n");
  EXPECT_EQ(Printed(table, kPipe).find("…"), std::string::npos);
}

TEST(TableTest, WidthsAreThoseThatPeopleSee) {
  Table table({{"city"}, {"n", Align::kRight}});
  table.Row({"Köln", "1"});
  table.Row({"東京", "2"});
  table.Row({"Graz!", "3"});
  EXPECT_EQ(Printed(table, kPipe), "city   n\nKöln   1\n東京   2\nGraz!  3\n");
}

TEST(TableTest, ColoursOnlyWhereThereAreSome) {
  Table table({{"a"}});
  table.Row({"bad"}, Look::kBad);
  EXPECT_EQ(Printed(table, {true, 80, true}), "\x1b[2ma\x1b[0m\n\x1b[31mbad\x1b[0m\n");
  EXPECT_EQ(Printed(table, {true, 80, false}), "a\nbad\n");
}

TEST(TerminalTest, DataCannotSteerTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[2Jb\r\n\tc\x7f"), "a\\x1b[2Jb\\r\\n\\tc\\x7f");
  EXPECT_EQ(Printable("\xff\xfe ok"), "\\xff\\xfe ok");
  EXPECT_EQ(Printable("über 東京"), "über 東京");
  EXPECT_EQ(Printable("\u202Eabc\u0085"), "\\u202eabc\\x85");
}

TEST(TerminalTest, AMessageOfSeveralLinesKeepsThem) {
  EXPECT_EQ(PrintableLines("2 errors:\na\tb\nc", "  "), "2 errors:\n  a\\tb\n  c");
  EXPECT_EQ(PrintableLines("one", "  "), "one");
}

TEST(TerminalTest, ShortenedTextEndsBetweenCharacters) {
  EXPECT_EQ(Shortened("Zürich", 3), "Zü…");
  EXPECT_EQ(Shortened("東京都", 4), "東…");
  EXPECT_EQ(Shortened("東京", 4), "東京");
  EXPECT_EQ(Shortened("abc", 0), "");
}

TEST(NumberTest, ThousandsAreSetApart) {
  EXPECT_EQ(Number(1234567), "1,234,567");
  EXPECT_EQ(Number(-1234), "-1,234");
  EXPECT_EQ(Number(std::numeric_limits<int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(JsonWriterTest, WritesWhatAParserReads) {
  std::ostringstream out;
  JsonWriter json(out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Field("text", "a \"b\"\n");
  json.Name("list");
  json.BeginArray();
  json.Number(int64_t{-5});
  json.Number(0.1);
  json.Number(std::nan(""));
  json.BeginObject();
  json.EndObject();
  json.Null();
  json.EndArray();
  json.Field("yes", true);
  json.FieldOrNull("nothing", "");
  json.FieldOrNull("something", "x");
  json.EndObject();
  json.Finish();
  EXPECT_EQ(
      out.str(),
      "{\"version\":1,\"text\":\"a \\\"b\\\"\\n\",\"list\":[-5,0.1,null,{},null],\"yes\":true,"
      "\"nothing\":null,\"something\":\"x\"}\n");
  EXPECT_EQ(nlohmann::json::parse(out.str())["list"].size(), 5U);
}

TEST(JsonWriterTest, BytesThatAreNoTextDoNotBreakTheDocument) {
  std::ostringstream out;
  JsonWriter json(out);
  json.BeginArray();
  json.Text("a\xff\xc3(\xe6\x9d\xb1");
  json.EndArray();
  EXPECT_EQ(nlohmann::json::parse(out.str())[0].get<std::string>(), "a\uFFFD\uFFFD(東");
}

TEST(CsvFieldTest, NullAndTheEmptyTextDiffer) {
  EXPECT_EQ(CsvField(std::monostate()), "");
  EXPECT_EQ(CsvField(std::string()), "\"\"");
  EXPECT_EQ(CsvField(std::string("a,b")), "\"a,b\"");
  EXPECT_EQ(CsvField(std::string("say \"x\"")), "\"say \"\"x\"\"\"");
  EXPECT_EQ(CsvField(std::string("two\nlines")), "\"two\nlines\"");
  EXPECT_EQ(CsvField(std::string(" x")), "\" x\"");
  EXPECT_EQ(CsvField(int64_t{-7}), "-7");
}

class ResultOutputTest : public testing::Test {
 protected:
  void SetUp() override {
    database_ = std::move(engine::Database::Open("", {})).value();
    connection_ = std::move(database_->Connect()).value();
  }
  std::string Write(const std::string& sql, RowFormat format, int64_t limit = 0) {
    auto result = connection_->Stream(sql);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    std::ostringstream out;
    const auto written = WriteRows(result.value(), format, {limit}, out, kPipe);
    EXPECT_TRUE(written.ok());
    written_ = *written;
    return out.str();
  }
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Connection> connection_;
  RowsWritten written_;
};

TEST_F(ResultOutputTest, ATableForPeople) {
  EXPECT_EQ(Write("SELECT 'Ann' AS name, 1.50::DECIMAL(10,2) AS total, NULL AS gone, '' AS nothing",
                  RowFormat::kTable),
            "name  total  gone  nothing\nAnn    1.50  NULL\n");
  EXPECT_EQ(Write("SELECT 1 AS a WHERE false", RowFormat::kTable), "a\n");
}

TEST_F(ResultOutputTest, CsvIsExact) {
  EXPECT_EQ(Write("SELECT NULL AS a, '' AS b, 12345678901234567890123::DECIMAL(38,0) AS c, DATE "
                  "'2026-11-21' AS d, 0.1::DOUBLE AS e, [1, 2] AS f",
                  RowFormat::kCsv),
            "a,b,c,d,e,f\n,\"\",12345678901234567890123,2026-11-21,0.1,\"[1, 2]\"\n");
}

TEST_F(ResultOutputTest, JsonRoundsNothing) {
  EXPECT_EQ(
      Write("SELECT 9007199254740993::BIGINT AS a, 1.10::DECIMAL(4,2) AS b, "
            "18446744073709551615::UBIGINT AS c, true AS d, NULL AS e, 'nan'::DOUBLE AS f",
            RowFormat::kJson),
      "{\"version\":1,\"columns\":[{\"name\":\"a\",\"type\":\"BIGINT\"},{\"name\":\"b\",\"type\":"
      "\"DECIMAL(4,2)\"},{\"name\":\"c\",\"type\":\"UBIGINT\"},{\"name\":\"d\",\"type\":"
      "\"BOOLEAN\"},{\"name\":\"e\",\"type\":\"INTEGER\"},{\"name\":\"f\",\"type\":\"DOUBLE\"}],"
      "\"rows\":[[9007199254740993,\"1.10\",18446744073709551615,true,null,\"nan\"]],"
      "\"complete\":true}\n");
}

TEST_F(ResultOutputTest, ALimitIsTold) {
  EXPECT_EQ(Write("FROM range(5000) AS t(n)", RowFormat::kCsv, 2), "n\n0\n1\n");
  EXPECT_EQ(written_.rows, 2);
  EXPECT_FALSE(written_.complete);
  Write("FROM range(2) AS t(n)", RowFormat::kCsv, 2);
  EXPECT_TRUE(written_.complete);
}

TEST_F(ResultOutputTest, ManyRowsAreOneTable) {
  const std::string text =
      Write("SELECT n::VARCHAR AS n FROM range(4001) AS t(n)", RowFormat::kTable);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4002);
  EXPECT_EQ(written_.rows, 4001);
  EXPECT_EQ(text.find("n\n", 2), std::string::npos);
}

}  // namespace
}  // namespace sluice::cli
