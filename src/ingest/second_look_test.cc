#include "ingest/second_look.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "format/byte_source.h"
#include "format/csv_census.h"
#include "format/file_for_tests.h"

namespace sluice::ingest {
namespace {

class SecondLookTest : public testing::Test {
 protected:
  SecondLookTest() {
    target_.name = "t";
    target_.columns = {{"id", {}}, {"total", {}}};
    target_.columns[1].type = *format::ParseSqlType("INTEGER");
    target_.csv.header = config::CsvOptions::Header::kYes;
    shape_.header = true;
    shape_.columns = {"id", "total"};
  }

  // Of `rows` rows the bad ones are those that `is_bad` takes; each is on two lines.
  template <typename IsBad>
  void AddFile(size_t rows, const std::string& filler, IsBad is_bad) {
    std::string text = "id,total\n";
    for (size_t i = 0; i < rows; ++i) {
      text += "\"" + std::to_string(i) + "\n" + filler + "\"," + (is_bad(i) ? "x" : "1") + "\n";
    }
    const std::string path = folder_.Write("f" + std::to_string(files_.size()), text);
    auto source = format::OpenByteSource(path);
    ASSERT_TRUE(source.ok());
    auto census = format::TakeCensus(**source, {}, {}, nullptr, 256 << 10);
    ASSERT_TRUE(census.ok()) << census.status().ToString();
    files_.push_back({path, &shape_, &no_fixes_, census->marks});
  }

  struct Seen {
    size_t file;
    int64_t record, line, offset;
    std::string raw;
    bool operator==(const Seen&) const = default;
  };

  std::vector<Seen> Look(std::vector<int64_t>* counts) {
    std::vector<Seen> seen;
    const auto found = FindBadRows(target_, files_, nullptr, [&](size_t file, QuarantinedRow& row) {
      seen.push_back({file, row.record, row.line, row.byte_offset, row.raw.substr(0, 8)});
      return Status::Ok();
    });
    EXPECT_TRUE(found.ok()) << found.status().ToString();
    if (found.ok()) *counts = *found;
    return seen;
  }

  format::TestFolder folder_;
  TargetTable target_;
  FileShape shape_;
  const FixesOfFile no_fixes_;
  std::vector<SuspectFile> files_;
};

// Also where more is found ahead of its turn than is kept in memory.
TEST_F(SecondLookTest, StretchesGiveTheirRowsInTheOrderOfTheFile) {
  AddFile(200'000, std::string(200, '.'), [](size_t i) { return i % 10 != 0; });
  AddFile(3, "", [](size_t i) { return i == 1; });
  AddFile(60'000, "", [](size_t i) { return i > 59'990; });
  EXPECT_GT(files_[0].marks.size(), 100u);
  std::vector<int64_t> counts;
  const std::vector<Seen> by_stretches = Look(&counts);
  EXPECT_EQ(counts, (std::vector<int64_t>{180'000, 1, 9}));
  ASSERT_EQ(by_stretches.size(), 180'010u);
  EXPECT_EQ(by_stretches[0], (Seen{0, 2, 4, by_stretches[0].offset, "\"1\n....."}));
  EXPECT_EQ(by_stretches[180'000].line, 4);
  EXPECT_EQ(by_stretches.back().record, 60'000);
  for (SuspectFile& file : files_) file.marks.clear();
  EXPECT_EQ(by_stretches == Look(&counts), true);
}

TEST_F(SecondLookTest, OnlyTheFirstRowsAreGivenAndAllAreCounted) {
  AddFile(20'000, std::string(100, '.'), [](size_t) { return true; });
  AddFile(20'000, std::string(100, '.'), [](size_t i) { return i % 2 == 0; });
  EXPECT_GT(files_[0].marks.size(), 3u);
  files_[0].most = 7'000;
  std::vector<int64_t> counts;
  const std::vector<Seen> seen = Look(&counts);
  EXPECT_EQ(counts, (std::vector<int64_t>{20'000, 10'000}));
  ASSERT_EQ(seen.size(), 17'000u);
  EXPECT_EQ(seen[6'999].record, 7'000);
  EXPECT_EQ(seen[7'000].file, 1u);
}

TEST_F(SecondLookTest, WhoCannotTakeARowEndsIt) {
  AddFile(20'000, std::string(100, '.'), [](size_t) { return true; });
  int64_t seen = 0;
  const auto found = FindBadRows(target_, files_, nullptr, [&](size_t, QuarantinedRow&) {
    return ++seen == 9'000 ? FailedError("no room") : Status::Ok();
  });
  EXPECT_EQ(found.status().message(), "no room");
  EXPECT_EQ(seen, 9'000);
}

TEST_F(SecondLookTest, AFileThatIsGoneIsTheErrorNotThoseThatWaitedForIt) {
  AddFile(20'000, std::string(100, '.'), [](size_t) { return true; });
  files_.insert(files_.begin(), {folder_.path() + "/gone.csv", &shape_, &no_fixes_, {}});
  const auto found =
      FindBadRows(target_, files_, nullptr, [](size_t, QuarantinedRow&) { return Status::Ok(); });
  EXPECT_EQ(found.status().code(), Code::kNotFound) << found.status().ToString();
}

}  // namespace
}  // namespace sluice::ingest
