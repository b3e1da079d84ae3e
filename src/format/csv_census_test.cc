#include "format/csv_census.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/file_for_tests.h"
#include "format/gzip_for_tests.h"

namespace sluice::format {
namespace {

CsvCensus Count(std::string_view text, const CsvLimits& limits = {},
                const CsvDialect& dialect = {}) {
  const auto source = MemorySource(text);
  return *TakeCensus(*source, dialect, limits);
}

// The trap, or how many rows of two columns without a header.
std::string Rows(std::string_view text) {
  const CsvCensus census = Count(text);
  if (census.trap != CsvTrap::kNone) {
    return std::string(CsvTrapText(census.trap)) + " at " + std::to_string(census.trap_offset);
  }
  return std::to_string(census.Rows(false, 2)) + (census.quoted_breaks ? " q" : "");
}

TEST(CsvCensus, CountsRecords) {
  EXPECT_EQ(Rows(""), "0");
  EXPECT_EQ(Rows("\xEF\xBB\xBF"), "0");
  EXPECT_EQ(Rows("1,2\n3,4\n"), "2");
  EXPECT_EQ(Rows("1,2\r\n3,4"), "2");
  EXPECT_EQ(Rows("1,2\n\n\n3,4\n\n"), "2");
  EXPECT_EQ(Rows("1\n1,2,3\n\"a\"b\n \n"), "4");  // broken ones count
  EXPECT_EQ(Rows("1,\"2\"\n3,\"4\"\"4\"\n"), "2");
  EXPECT_EQ(Rows("1,a\"b\n3,\"4\"\n"), "2");
  EXPECT_EQ(Rows("1, \"a\"  \n \"a\",2\n"), "2");
  EXPECT_EQ(Rows("1,  \"a\n3,4\n"), "2");  // two blanks: not an opening quote
}

TEST(CsvCensus, SeesWhatStandsInQuotes) {
  EXPECT_EQ(Rows("1,\"a\nb\"\n3,4\n"), "2 q");
  EXPECT_EQ(Rows("1,\"a,b\"\n"), "1 q");
  EXPECT_EQ(Rows("1,\"a\rb\"\n"), "line ends of several kinds at 7");
  EXPECT_EQ(Rows("1,2\n1,\"a\rb\"\n"), "2 q");
  EXPECT_EQ(Rows("\"a\"b,\"c\nd\"\n"), "1 q");
}

TEST(CsvCensus, KnowsHeaderAndSingleColumn) {
  const CsvCensus census = Count("a\n1\n\n2\n\n");
  EXPECT_EQ(census.Rows(true, 1), 4U);
  EXPECT_EQ(census.Rows(true, 2), 2U);
  EXPECT_EQ(census.Rows(false, 2), 3U);
  EXPECT_EQ(Count("").Rows(true, 2), 0U);
  EXPECT_EQ(census.bytes, 8U);
}

TEST(CsvCensus, FindsTraps) {
  EXPECT_EQ(Rows("1,2\r\n3,4\n"), "line ends of several kinds at 8");
  EXPECT_EQ(Rows("1,2\n3,4\r\n"), "line ends of several kinds at 7");
  EXPECT_EQ(Rows("1,\"a\nb\"\r\n3,4\r\n"), "line ends of several kinds at 7");
  EXPECT_EQ(Rows("1,\"\r\r\n\"\r\n"), "1 q");
  EXPECT_EQ(Rows("1,\"\r\n\"\n"), "line ends of several kinds at 6");
  EXPECT_EQ(Rows("1,2\n3\r,4\n"), "a carriage return outside quotes at 5");
  EXPECT_EQ(Rows("1,2\r3,4\r"), "a carriage return outside quotes at 3");
  EXPECT_EQ(Rows("1,2\r\n3,4\r"), "a carriage return outside quotes at 8");
  EXPECT_EQ(Rows("1,2\n1,\"2\n3,4\n"), "a quote is never closed at 6");
  EXPECT_EQ(Rows("1,2\n1,\"2\"\"\n"), "a quote is never closed at 6");
  EXPECT_EQ(Rows("1,\"a\" \"b\"\n"), "text after a closing quote at 6");
  EXPECT_EQ(Rows(std::string_view("1,2\n\0,4\n", 8)), "a NUL byte at 4");
  EXPECT_EQ(Rows(std::string_view("1,2\n\"\0\",4\n", 10)), "a NUL byte at 5");
  EXPECT_EQ(Rows("\n1,2\n"), "a blank line at the beginning at 0");
  EXPECT_EQ(Rows("\n"), "a blank line at the beginning at 0");
}

TEST(CsvCensus, BoundsRecords) {
  const CsvLimits limits{.max_record_bytes = 10, .buffer_bytes = 64};
  EXPECT_EQ(Count("123456,89\n1,2\n", limits).trap, CsvTrap::kNone);
  EXPECT_EQ(Count("123456,890\n1,2\n", limits).trap, CsvTrap::kLongRecord);
  EXPECT_EQ(Count("1,2\n\n\n\n\n\n\n1234,6\n", limits).trap, CsvTrap::kLongRecord);
}

TEST(CsvCensus, FindsWhatBordersOfBuffersSpoil) {
  const CsvLimits small{.max_record_bytes = 16, .buffer_bytes = 64};
  std::string lines;
  for (int i = 0; i < 20; ++i) lines += "1,\"a\"\r\n";
  EXPECT_EQ(Count(lines, small).trap, CsvTrap::kNone);
  EXPECT_EQ(Count("1,\"a\" \r\n" + lines, small).trap, CsvTrap::kBlankBesideQuote);
  EXPECT_EQ(Count("1, \"a\"\r\n" + lines, small).trap, CsvTrap::kBlankBesideQuote);
  EXPECT_EQ(Count("1,2\r\n\r\n" + lines, small).trap, CsvTrap::kBlankLine);
  EXPECT_EQ(Count("1, \"a\" \r\n\r\n" + lines).trap, CsvTrap::kNone);
}

TEST(CsvCensus, FollowsTheDialect) {
  const CsvDialect odd{.delimiter = ";", .quote = '\'', .escape = '\\'};
  EXPECT_EQ(Count("1;'a\\'\n'\n2;\"\n", {}, odd).records, 2U);
  EXPECT_EQ(Count("1;'a\\", {}, odd).trap, CsvTrap::kUnclosedQuote);
}

TEST(CsvCensus, SeesTheSameAcrossChunks) {
  // The borders of 256 kB fall on every place of this pattern of 23 bytes, quotes and CRLF included.
  std::string text = "a,b\r\n";
  constexpr int kRepeats = 120'000;
  for (int i = 0; i < kRepeats; ++i) text += "x, \"a\"\"b\r\n,\" ,\"\"\r\n1,2\r\n";
  text.erase(text.size() - 2);
  const CsvCensus census = Count(text);
  EXPECT_EQ(census.trap, CsvTrap::kNone);
  EXPECT_EQ(census.records, 1U + 2U * kRepeats);
  EXPECT_EQ(census.bytes, text.size());
  EXPECT_EQ(Count(text + " \"").records, 1U + 2U * kRepeats);
  text[300'000] = '\0';
  EXPECT_EQ(Count(text).trap_offset, 300'000U);
}

TEST(CsvCensus, ReadsFilesAndRefusesDamage) {
  const TestFolder folder;
  EXPECT_EQ(TakeCensus(folder.Write("a", Gzip("1,2\n3,4\n")), {})->records, 2U);
  const std::string cut = Gzip("1,2\n3,4\n").substr(0, 20);
  EXPECT_EQ(TakeCensus(folder.Write("b", cut), {}).status().code(), Code::kRejected);
  env::Cancel cancel;
  cancel.Set();
  EXPECT_EQ(TakeCensus(folder.path() + "/a", {}, {}, &cancel).status().code(), Code::kCancelled);
}

}  // namespace
}  // namespace sluice::format
