#include "format/read_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "format/file_for_tests.h"
#include "format/gzip_for_tests.h"

namespace sluice::format {
namespace {

using testing::HasSubstr;

class ReadCsvTest : public testing::Test {
 protected:
  void SetUp() override {
    engine::OpenOptions options;
    options.threads = 2;
    auto database = engine::Database::Open("", options);
    ASSERT_TRUE(database.ok()) << database.status().ToString();
    database_ = std::move(*database);
    connection_ = std::move(*database_->Connect());
  }

  // Rows as "a|b" lines, NULL as "~".
  std::string Read(const ReadCsvOptions& options, const std::string& order = "") {
    auto rows = connection_->Rows("SELECT * FROM " + ReadCsvCall(options) + order);
    if (!rows.ok()) return rows.status().ToString();
    std::string out;
    for (const auto& row : *rows) {
      for (size_t i = 0; i < row.size(); ++i) {
        if (i > 0) out += '|';
        out += engine::IsNull(row[i]) ? "~" : engine::ToText(row[i]);
      }
      out += '\n';
    }
    return out;
  }

  TestFolder folder_;
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Connection> connection_;
};

TEST_F(ReadCsvTest, ReadsTextAndNull) {
  const std::string path = folder_.Write("a.csv", "1,2024-01-01\n,\"\"\nNULL,\"NULL\"\n");
  EXPECT_EQ(Read({.paths = {path}, .columns = {"a", "b"}}), "1|2024-01-01\n~|\nNULL|NULL\n");
  EXPECT_EQ(Read({.paths = {path}, .columns = {"a", "b"}, .dialect = {.null_words = {"NULL"}}}),
            "1|2024-01-01\n~|\n~|NULL\n");
  EXPECT_EQ(Read({.paths = {path},
                  .columns = {"a", "b"},
                  .dialect = {.null_words = {"NULL"}, .empty_quoted_is_null = true}}),
            "1|2024-01-01\n~|~\n~|~\n");
}

TEST_F(ReadCsvTest, SkipsTheHeaderOfEachFile) {
  const std::string a = folder_.Write("a.csv", "x,y\n1,2\n");
  const std::string b = folder_.Write("b.csv", "x,y\r\n3,4\r\n");
  const std::string c = folder_.Write("c.csv", "");
  EXPECT_EQ(Read({.paths = {a, c, b}, .columns = {"a", "b"}, .header = true, .file_column = "f"},
                 " ORDER BY ALL"),
            "1|2|" + a + "\n3|4|" + b + "\n");
}

TEST_F(ReadCsvTest, TakesPathsLiterally) {
  const std::string odd = folder_.Write("a[1]*?'.csv", "1,2\n");
  folder_.Write("a1x'.csv", "9,9\n");
  EXPECT_EQ(Read({.paths = {odd}, .columns = {"a", "b"}, .file_column = "f"}), "1|2|" + odd + "\n");
}

TEST_F(ReadCsvTest, QuotesNamesAndFollowsTheDialect) {
  const std::string path = folder_.Write("a.csv", "1;'a;b'\n2;'it''s'\n");
  EXPECT_EQ(Read({.paths = {path},
                  .columns = {"it's", "a \"b\""},
                  .dialect = {.delimiter = ";", .quote = '\'', .escape = '\''}}),
            "1|a;b\n2|it's\n");
}

TEST_F(ReadCsvTest, ReadsGzipWhateverTheName) {
  const std::string path = folder_.Write("a.csv", Gzip("1,2\n") + Gzip("3,4\n"));
  EXPECT_EQ(Read({.paths = {path}, .columns = {"a", "b"}, .compression = Compression::kGzip}),
            "1|2\n3|4\n");
  const std::string plain = folder_.Write("b.csv.gz", "1,2\n");
  EXPECT_EQ(Read({.paths = {plain}, .columns = {"a", "b"}}), "1|2\n");
}

TEST_F(ReadCsvTest, LeavesBrokenRecordsOut) {
  const std::string path = folder_.Write("a.csv", "1,2\n3\n4,5,6\n7,8\n");
  EXPECT_EQ(Read({.paths = {path}, .columns = {"a", "b"}}), "1|2\n7|8\n");
}

TEST(ReadCsvCall, SaysEverything) {
  const std::string call =
      ReadCsvCall({.paths = {"/x/a.csv"}, .columns = {"a"}, .parallel = false});
  for (const char* part : {"auto_detect = false", "header = false", "strict_mode = true",
                           "null_padding = false", "ignore_errors = true", "parallel = false",
                           "compression = 'none'", "columns = {'a': 'VARCHAR'}", "nullstr = ['']",
                           "allow_quoted_nulls = false", "hive_partitioning = false"}) {
    EXPECT_THAT(call, HasSubstr(part));
  }
}

}  // namespace
}  // namespace sluice::format
