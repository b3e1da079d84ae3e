#include "ingest/quarantined_rows.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "env/file.h"
#include "format/file_for_tests.h"

namespace sluice::ingest {
namespace {

QuarantinedRow Row(size_t file, int64_t line, std::string raw) {
  QuarantinedRow row;
  row.file = file;
  row.member = file == 2 ? "a.csv" : "";
  row.record = line - 1;
  row.line = line;
  row.byte_offset = int64_t{10} * line;
  row.column = "total";
  row.value = "x";
  row.reason = "expected INTEGER";
  row.rule = line % 2 == 0 ? "encoding" : "type";
  if (row.rule == "encoding") row.reason = file == 2 ? "not valid utf-16le" : "not valid UTF-8";
  row.raw = std::move(raw);
  row.raw_cut = line % 3 == 0;
  return row;
}

std::string Told(const QuarantinedRow& row) {
  return std::to_string(row.file) + " " + row.member + " " + std::to_string(row.record) + " " +
         std::to_string(row.line) + " " + std::to_string(row.byte_offset) + " " + row.column + " " +
         row.value + " " + row.reason + " " + row.rule + " " + row.raw +
         (row.raw_cut ? " cut" : "");
}

class QuarantinedRowsTest : public testing::Test {
 protected:
  void Add(QuarantinedRows& rows, int64_t count, const std::string& raw) {
    for (int64_t line = 1; line <= count; ++line) {
      const QuarantinedRow row = Row(static_cast<size_t>(line % 3), line, raw);
      added_.push_back(Told(row));
      ASSERT_TRUE(rows.Add(row).ok());
    }
  }

  static std::vector<std::string> All(const QuarantinedRows& rows) {
    std::vector<std::string> all;
    const Status status = rows.ForEach([&](QuarantinedRow& row) {
      all.push_back(Told(row));
      return Status::Ok();
    });
    EXPECT_TRUE(status.ok()) << status.ToString();
    return all;
  }

  size_t Files() const { return env::ListDirectory(folder_.path())->size(); }

  format::TestFolder folder_;
  std::vector<std::string> added_;
};

TEST_F(QuarantinedRowsTest, AFewAreInNoFile) {
  QuarantinedRows rows(folder_.path());
  EXPECT_TRUE(rows.empty());
  Add(rows, 100, std::string("a\0\xFF\n", 4));
  EXPECT_FALSE(rows.empty());
  EXPECT_EQ(All(rows), added_);
  EXPECT_EQ(Files(), 0u);
}

TEST_F(QuarantinedRowsTest, ManyComeBackFromAFileThatGoesWithThem) {
  {
    QuarantinedRows rows(folder_.path());
    Add(rows, 20'000, std::string(300, 'x'));
    EXPECT_EQ(Files(), 1u);
    EXPECT_GT(env::ListDirectory(folder_.path())->front().info.size, 5u << 20);
    EXPECT_EQ(All(rows), added_);
    Add(rows, 10, "more");
    const QuarantinedRows copy = rows;
    rows = {};
    EXPECT_EQ(All(copy), added_);
    EXPECT_EQ(All(copy), added_);
  }
  EXPECT_EQ(Files(), 0u);
}

TEST_F(QuarantinedRowsTest, OfEachFileTheFirstAndHowManyAreKnown) {
  QuarantinedRows rows(folder_.path());
  Add(rows, 7, "x");
  EXPECT_EQ(rows.Of(1).rows, 3);
  EXPECT_EQ(rows.Of(1).not_utf8, 1);
  EXPECT_EQ(rows.Of(2).not_utf8, 0) << "not valid in the encoding that it has";
  EXPECT_EQ(rows.Of(2).line, 2);
  EXPECT_EQ(rows.Of(2).reason, "not valid utf-16le");
  EXPECT_EQ(rows.Of(9).rows, 0);
  EXPECT_EQ(QuarantinedRows().Of(1).rows, 0);
}

TEST_F(QuarantinedRowsTest, TheFirstErrorEndsIt) {
  QuarantinedRows rows(folder_.path());
  Add(rows, 5'000, std::string(300, 'x'));
  int seen = 0;
  const Status status = rows.ForEach(
      [&](QuarantinedRow&) { return ++seen == 3 ? FailedError("enough") : Status::Ok(); });
  EXPECT_EQ(status.message(), "enough");
  EXPECT_EQ(seen, 3);
}

TEST_F(QuarantinedRowsTest, AFolderThatCannotBeWrittenToIsAnError) {
  QuarantinedRows rows(folder_.path() + "/not there");
  Status status;
  for (int i = 0; i < 5'000 && status.ok(); ++i) status = rows.Add(Row(0, 1, "raw, raw, raw"));
  EXPECT_FALSE(status.ok());
}

}  // namespace
}  // namespace sluice::ingest
