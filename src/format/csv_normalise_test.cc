#include "format/csv_normalise.h"

#include <gtest/gtest.h>

#include "env/file.h"
#include "format/csv_census.h"
#include "format/file_for_tests.h"
#include "format/gzip_for_tests.h"

namespace sluice::format {
namespace {

class CsvNormaliseTest : public testing::Test {
 protected:
  // The new file's content, after its counts.
  std::string Normalise(std::string_view text, CsvReaderOptions options = {.columns = 2}) {
    const std::string from = folder_.Write("from", text);
    const std::string to = folder_.path() + "/to";
    const auto counts = NormaliseCsv(from, options, to);
    if (!counts.ok()) return counts.status().ToString();
    const std::string content = *env::ReadFile(to);
    EXPECT_EQ(counts->bytes, content.size());
    EXPECT_EQ(TakeCensus(to, CanonicalDialect())->trap, CsvTrap::kNone);
    EXPECT_EQ(TakeCensus(to, CanonicalDialect())->Rows(true, options.columns), counts->accepted);
    return std::to_string(counts->accepted) + "+" + std::to_string(counts->broken) + " " + content;
  }

  TestFolder folder_;
};

TEST_F(CsvNormaliseTest, WritesOneKindOfLineEnd) {
  EXPECT_EQ(Normalise("1,2\r\n3,4\n5,6"), "3+0 sluice\n1,2\n3,4\n5,6\n");
  EXPECT_EQ(Normalise("\xEF\xBB\xBF\n\n1,2\r3,4\r"), "0+1 sluice\n");  // the first line end is LF
  EXPECT_EQ(Normalise("1,2\r3,4\r"), "2+0 sluice\n1,2\n3,4\n");
}

TEST_F(CsvNormaliseTest, KeepsValuesAndNull) {
  EXPECT_EQ(Normalise(",\"\"\n \"a\"  ,\"b\nc\"\n x,a\"b\n\"\"\"\",\"x,y\"\n"),
            "4+0 sluice\n,\"\"\n\"a\",\"b\nc\"\n\" x\",a\"b\n\"\"\"\",\"x,y\"\n");
  EXPECT_EQ(Normalise("NULL,\"NULL\"\n", {.dialect = {.null_words = {"NULL"}}, .columns = 2}),
            "1+0 sluice\n,\"NULL\"\n");
  EXPECT_EQ(Normalise("1\n\n2\n", {.columns = 1}), "3+0 sluice\n1\n\n2\n");
}

TEST_F(CsvNormaliseTest, LeavesBrokenRecordsOut) {
  EXPECT_EQ(Normalise("h,i\n1,2\n3\n\"a\" \"b\",2\n4,5\n", {.columns = 2, .header = true}),
            "2+2 sluice\n1,2\n4,5\n");
  EXPECT_EQ(Normalise("1,2\n3,\"4\n5,6\n"), "1+1 sluice\n1,2\n");
}

TEST_F(CsvNormaliseTest, MakesEveryDialectThePlainOne) {
  const CsvDialect odd{.delimiter = ";", .quote = '\'', .escape = '\\'};
  EXPECT_EQ(Normalise("'a\\'\\\\';'b;c'\nx,y;\"\r\n", {.dialect = odd, .columns = 2}),
            "2+0 sluice\n\"a'\\\",\"b;c\"\n\"x,y\",\"\"\"\"\n");
}

TEST_F(CsvNormaliseTest, DecodesAndUnpacks) {
  const CsvDialect latin{.encoding = "latin1"};
  EXPECT_EQ(Normalise("\xE9,\xFC\n", {.dialect = latin, .columns = 2}),
            "1+0 sluice\n\xC3\xA9,\xC3\xBC\n");
  EXPECT_EQ(Normalise(Gzip(std::string("\xFF\xFE"
                                       "1\0,\0"
                                       "2\0\n\0",
                                       10))),
            "1+0 sluice\n1,2\n");
}

TEST_F(CsvNormaliseTest, LeavesNothingBehindAfterAnError) {
  const std::string cut = Gzip(std::string(100'000, 'x')).substr(0, 50);
  const std::string to = folder_.path() + "/to";
  EXPECT_EQ(NormaliseCsv(folder_.Write("a", cut), {.columns = 1}, to).status().code(),
            Code::kRejected);
  EXPECT_FALSE(env::Exists(to));
  env::Cancel cancel;
  cancel.Set();
  EXPECT_EQ(NormaliseCsv(folder_.Write("b", "1\n"), {.columns = 1}, to, &cancel).status().code(),
            Code::kCancelled);
  EXPECT_FALSE(env::Exists(to));
}

}  // namespace
}  // namespace sluice::format
