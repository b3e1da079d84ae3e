#include "ingest/reading.h"

#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

class ReadingTest : public testing::Test {
 protected:
  void SetUp() override {
    Column("id", "INTEGER");
    Column("total", "DECIMAL(10,2)");
    Column("sold", "DATE");
    target_.versions.lists = {{"id", "total", "sold"}};
    target_.key = {"id"};
    FileShape shape;
    shape.header = true;
    shape.columns = {"id", "total", "sold"};
    headed_.Add(shape, false);
    shape.header = false;
    bare_.Add(shape, false);
    shape.format = config::FileFormat::kParquet;
    parquet_.Add(shape, false);
  }
  void Column(const std::string& name, const std::string& type) {
    target_.columns.push_back({name, format::ParseSqlType(type).value()});
  }
  // What differs for a file that was read as `before` says, and is by `target_` now.
  std::string Differs(const TargetTable& before, const ReadParts& parts) const {
    std::string text;
    for (const std::string& one : ReadOtherwise(ReadingOf(before, parts), target_)) {
      text += (text.empty() ? "" : "; ") + one;
    }
    return text;
  }

  TargetTable target_;
  ReadParts headed_;
  ReadParts bare_;
  ReadParts parquet_;
};

TEST_F(ReadingTest, TheSameDeclarationReadsTheSame) {
  EXPECT_EQ(Differs(target_, headed_), "");
  EXPECT_EQ(Differs(target_, bare_), "");
  EXPECT_EQ(Differs(target_, parquet_), "");
  EXPECT_EQ(ReadingOf(target_, headed_), ReadingOf(target_, headed_));
  EXPECT_NE(ReadingId(ReadingOf(target_, headed_)), ReadingId(ReadingOf(target_, bare_)));
}

TEST_F(ReadingTest, WhatIsSaidOfCsvConcernsCsvAlone) {
  const TargetTable before = target_;
  target_.csv.delimiter = ";";
  EXPECT_EQ(Differs(before, headed_), R"(delimiter was "," and is ";")");
  EXPECT_EQ(Differs(before, parquet_), "");
  target_.csv = {};
  target_.csv.null_words = {"n/a"};
  EXPECT_EQ(Differs(before, headed_), R"(null_words was [] and is ["n/a"])");
  target_.csv = {};
  target_.csv.encoding = "windows-1252";
  EXPECT_EQ(Differs(before, headed_), R"(encoding was "auto" and is "windows-1252")");
  target_.csv = {};
  target_.csv.skip_lines = 1;
  EXPECT_EQ(Differs(before, headed_), "skip_lines was 0 and is 1");
}

TEST_F(ReadingTest, AFormCountsForTheColumnsThatHaveIt) {
  const TargetTable before = target_;
  target_.csv.date_format = "dmy";
  EXPECT_EQ(Differs(before, headed_), R"(date_format of sold was not said and is "dmy")");
  target_.csv.date_format = "";
  target_.columns[2].date_format = "mdy";
  EXPECT_EQ(Differs(before, headed_), R"(date_format of sold was not said and is "mdy")");
  target_ = before;
  target_.csv.decimal = ',';
  EXPECT_NE(Differs(before, headed_).find("decimal of total"), std::string::npos);
  EXPECT_EQ(Differs(before, parquet_), "");
}

TEST_F(ReadingTest, AWiderTypeHoldsTheSameValuesButTextDoesNot) {
  const TargetTable before = target_;
  target_.columns[0].type = format::ParseSqlType("BIGINT").value();
  target_.columns[1].type = format::ParseSqlType("DECIMAL(12,3)").value();
  target_.columns[2].type = format::ParseSqlType("TIMESTAMP").value();
  EXPECT_EQ(Differs(before, headed_), "");
  target_.columns[0].type = format::ParseSqlType("VARCHAR").value();
  EXPECT_EQ(Differs(before, headed_), R"(type of id was "INTEGER" and is "VARCHAR")");
  target_.columns[0].type = format::ParseSqlType("SMALLINT").value();
  EXPECT_EQ(Differs(before, headed_), R"(type of id was "INTEGER" and is "SMALLINT")");
}

TEST_F(ReadingTest, TheLengthOfATextIsNoOtherWayOfReading) {
  Column("note", "VARCHAR(10)");
  const TargetTable before = target_;
  target_.columns.back().type = format::ParseSqlType("VARCHAR(20)").value();
  EXPECT_EQ(Differs(before, headed_), "");
}

TEST_F(ReadingTest, MoreNamesAreNoHarmAndOtherOnesAre) {
  target_.columns[1].from = {"sum"};
  const TargetTable before = target_;
  target_.columns[1].from = {"amount", "Sum"};
  EXPECT_EQ(Differs(before, headed_), "");
  target_.columns[1].from = {"amount"};
  EXPECT_EQ(Differs(before, headed_), R"(from of total was ["sum"] and is ["amount"])");
  EXPECT_EQ(Differs(before, bare_), "") << "columns go by position";
}

TEST_F(ReadingTest, WithoutAHeaderTheOrderOfColumnsCounts) {
  const TargetTable before = target_;
  target_.versions.lists = {{"id", "sold", "total"}};
  EXPECT_EQ(Differs(before, headed_), "");
  EXPECT_EQ(Differs(before, bare_),
            "the order of columns without a header was [\"id\",\"total\",\"sold\"] and is "
            "[\"id\",\"sold\",\"total\"]");
  // A version of the table that is wider stands beside the one of the file.
  target_.versions.lists = {{"id", "total", "sold"}, {"id", "total", "sold", "shop"}};
  EXPECT_EQ(Differs(before, bare_), "");
}

TEST_F(ReadingTest, WhatWasFoundOutThenMayBeSaidNow) {
  const TargetTable before = target_;
  target_.csv.header = config::CsvOptions::Header::kYes;
  EXPECT_EQ(Differs(before, headed_), "");
  EXPECT_EQ(Differs(before, bare_), R"(header was "auto" and is "true")");
  target_.csv.header = config::CsvOptions::Header::kNo;
  EXPECT_EQ(Differs(before, bare_), "");
}

TEST_F(ReadingTest, ARenamedColumnIsTheSame) {
  const TargetTable before = target_;
  target_.columns[0].name = "number";
  target_.columns[0].renamed_from = "id";
  target_.columns[0].from = {"id"};
  target_.key = {"number"};
  target_.versions.lists = {{"number", "total", "sold"}};
  EXPECT_EQ(Differs(before, headed_), "");
  EXPECT_EQ(Differs(before, bare_), "");
}

TEST_F(ReadingTest, TheKeyCounts) {
  const TargetTable before = target_;
  target_.key = {"id", "sold"};
  EXPECT_EQ(Differs(before, headed_), R"(key was ["id"] and is ["id","sold"])");
  target_ = before;
  target_.version = "sold";
  EXPECT_EQ(Differs(before, headed_), R"(version was "" and is "sold")");
}

TEST_F(ReadingTest, WhatPathsSayCounts) {
  target_.captured = {{"sold", "day"}};
  target_.pattern = "{day}/{shop}.csv";
  const TargetTable before = target_;
  target_.pattern = "{shop}/{day}.csv";
  EXPECT_EQ(Differs(before, headed_), R"(path was "{day}/{shop}.csv" and is "{shop}/{day}.csv")");
  target_.pattern = before.pattern;
  target_.captured = {{"sold", "shop"}};
  EXPECT_EQ(Differs(before, headed_), R"(capture of sold was "day" and is "shop")");
}

TEST_F(ReadingTest, WhatCannotBeUnderstoodIsNotPassedOver) {
  EXPECT_EQ(ReadOtherwise("{", target_).size(), 1U);
}

}  // namespace
}  // namespace sluice::ingest
