#include "config/csv_words.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

TEST(CsvWordsTest, TheyAreReadLikeTheProjectFile) {
  const auto csv = CsvFromWords(
      {"delimiter=tab", "encoding=Windows-1252", "quote='", "decimal=comma", "thousands=.",
       "header=false", "skip_lines=2", "date_format=dmy", "short_rows=pad", "max_row=1 MB"},
      "--csv");
  ASSERT_TRUE(csv.ok()) << csv.status().ToString();
  EXPECT_EQ(csv->delimiter, "\t");
  EXPECT_EQ(csv->encoding, "windows-1252");
  EXPECT_EQ(csv->quote, '\'');
  EXPECT_EQ(csv->escape, '\'');
  EXPECT_EQ(csv->decimal, ',');
  EXPECT_EQ(csv->thousands, ".");
  EXPECT_EQ(csv->header, CsvOptions::Header::kNo);
  EXPECT_EQ(csv->skip_lines, 2);
  EXPECT_EQ(csv->date_format, "dmy");
  EXPECT_TRUE(csv->pad_short);
  EXPECT_EQ(csv->max_row_bytes, 1'000'000);
}

TEST(CsvWordsTest, WithoutAnyThereAreTheDefaults) {
  const auto csv = CsvFromWords({}, "--csv");
  ASSERT_TRUE(csv.ok());
  EXPECT_EQ(csv->delimiter, ",");
  EXPECT_EQ(csv->header, CsvOptions::Header::kAuto);
  EXPECT_TRUE(csv->null_words.empty());
}

TEST(CsvWordsTest, AListIsSaidOnceForEachItem) {
  const auto one = CsvFromWords({"null_words=n/a"}, "--csv");
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->null_words, (std::vector<std::string>{"n/a"}));
  const auto two = CsvFromWords({"null_words=[a", "null_words=b: c"}, "--csv");
  ASSERT_TRUE(two.ok());
  EXPECT_EQ(two->null_words, (std::vector<std::string>{"[a", "b: c"}));
}

TEST(CsvWordsTest, WhatIsWrongIsToldWithWhatWasExpected) {
  const auto why = [](const std::vector<std::string>& words) {
    return CsvFromWords(words, "--csv").status().message();
  };
  EXPECT_EQ(why({"encodign=latin1"}),
            "--csv: unknown option \"encodign\" (did you mean \"encoding\"?)");
  EXPECT_EQ(why({"decimal=,"}), "--csv: decimal: expected \"point\" or \"comma\", found \",\"");
  EXPECT_EQ(why({"skip_lines=two"}),
            "--csv: skip_lines: expected a whole number from 0 to 1,000,000, found \"two\"");
  EXPECT_EQ(why({"quote=ab"}),
            "--csv: quote: expected one printable ASCII character or \"none\", found \"ab\"");
  EXPECT_EQ(why({"delimiter=;", "delimiter=,"}), "--csv: delimiter: is said twice");
  EXPECT_EQ(why({"semicolon"}), "--csv: expected OPTION=VALUE, found \"semicolon\"");
  EXPECT_EQ(why({"delimiter=x", "quote=x"}), "--csv: delimiter and quote are the same");
}

}  // namespace
}  // namespace sluice::config
