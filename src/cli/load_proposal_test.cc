#include "cli/load_proposal.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sluice::cli {
namespace {

class LoadProposalTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_load_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Propose(const std::string& content, config::FileFormat format) {
    const std::string path = folder_ + "/file";
    std::ofstream(path, std::ios::binary) << content;
    config::CsvOptions csv;
    if (format == config::FileFormat::kCsv) csv.delimiter = GuessDelimiter(path, csv)->delimiter;
    const auto proposed = ProposeColumns(path, format, csv, nullptr);
    return proposed.ok() ? ColumnsText(proposed->columns) : proposed.status().message();
  }
  std::string Csv(const std::string& content) { return Propose(content, config::FileFormat::kCsv); }
  std::string Json(const std::string& content) {
    return Propose(content, config::FileFormat::kJson);
  }

  std::string folder_;
};

TEST_F(LoadProposalTest, AllValuesOfAFileDecide) {
  EXPECT_EQ(Csv("id,x\n1,2\n2,3.25\n"), "id BIGINT, x DECIMAL(18,2)");
  EXPECT_EQ(Csv("id|x\n1|2\n2|two\n"), "id BIGINT, x VARCHAR");
  EXPECT_EQ(Csv("zip;day;odd;on\n02134;2026-02-28;2026-02-30;true\n"),
            "zip VARCHAR, day DATE, odd VARCHAR, on BOOLEAN");
  EXPECT_EQ(Csv("when,also\n01/02/2023,31/12/2023\n"), "when VARCHAR, also VARCHAR");
  EXPECT_EQ(Csv("a\tb\n\t1\n\t\n"), "a VARCHAR, b BIGINT");
  std::string late = "id\n";
  for (int i = 1; i < 20'000; ++i) late += std::to_string(i) + "\n";
  EXPECT_EQ(Csv(late), "id BIGINT");
  EXPECT_EQ(Csv(late + "0.5\n"), "id DECIMAL(18,1)");
}

TEST_F(LoadProposalTest, TheDelimiterIsTheOneThatCutsEveryLineAlike) {
  const auto guess = [&](const std::string& content) {
    const std::string path = folder_ + "/file";
    std::ofstream(path, std::ios::binary) << content;
    const auto found = GuessDelimiter(path, {});
    std::string words = DelimiterWord(found->delimiter);
    for (const std::string& other : found->alike) words += " or " + DelimiterWord(other);
    return words;
  };
  EXPECT_EQ(guess("id;text\n1;a, b, c, d\n2;e, f, g, h\n"), ";");
  EXPECT_EQ(guess("id;price\n1;2,5\n2;3,5\n"), ";");
  EXPECT_EQ(guess("1;2,5\n2;3,5\n"), ", or ;");
  EXPECT_EQ(guess("1|2;5,7\n"), ", or ; or |");
  EXPECT_EQ(guess("a,b;c\n1,2;3\n4,5;6,\n"), ", or ;");
  EXPECT_EQ(guess("a\tb\tc\n1\t2,5\t3\n"), "tab");
  EXPECT_EQ(guess("one\ntwo\n"), ",");
}

TEST_F(LoadProposalTest, ValuesAreReadAsTheFileIsWritten) {
  const std::string path = folder_ + "/file";
  std::ofstream(path, std::ios::binary) << "1;1.234,5;13.02.2026;02134\n2;7;01.02.2026;10115\n";
  config::CsvOptions csv;
  csv.delimiter = ";";
  csv.header = config::CsvOptions::Header::kNo;
  csv.decimal = ',';
  csv.thousands = ".";
  csv.date_format = "dmy";
  const auto proposed = ProposeColumns(path, config::FileFormat::kCsv, csv, nullptr);
  ASSERT_TRUE(proposed.ok());
  EXPECT_EQ(ColumnsText(proposed->columns),
            "column1 BIGINT, column2 DECIMAL(18,1), column3 DATE, column4 VARCHAR");
}

TEST_F(LoadProposalTest, TextsOfJsonAreNoNumbers) {
  EXPECT_EQ(
      Json("{\"a\":1,\"b\":\"1\",\"c\":\"2026-01-01\",\"d\":{\"e\":1}}\n{\"a\":1e2,\"F\":true}\n"),
      "a DOUBLE, b VARCHAR, c DATE, d VARCHAR, f BOOLEAN");
  EXPECT_EQ(Json("[]"), "no record of the file has a key");
}

TEST_F(LoadProposalTest, FilesWithoutColumnsAreRefused) {
  EXPECT_EQ(Csv(""), "the file is empty");
  EXPECT_EQ(Propose("x", config::FileFormat::kParquet).find("it cannot be read as Parquet"), 0U);
}

TEST(LoadColumns, AreReadAndWritten) {
  const std::string text = "id BIGINT, total DECIMAL(12,2), \"a b\" TIMESTAMP WITH TIME ZONE";
  EXPECT_EQ(ColumnsText(*ParseColumns(text)), text);
  EXPECT_EQ(ColumnsText(*ParseColumns(" Id  int ,")), "id int");
  for (const char* bad : {"", " , ", "id", "id WORD", "id INT, ID INT", "\"a INT",
                          "_sluice_load INT", "a INT b INT"}) {
    EXPECT_FALSE(ParseColumns(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace sluice::cli
