#include "format/csv_patch.h"

#include <gtest/gtest.h>

#include "env/file.h"
#include "format/csv_text.h"
#include "format/file_for_tests.h"
#include "format/gzip_for_tests.h"

namespace sluice::format {
namespace {

class CsvPatchTest : public testing::Test {
 protected:
  std::string Patch(std::string_view text, const CsvPatches& patches,
                    const CsvReaderOptions& options = {.columns = 2}) {
    const std::string from = folder_.Write("from", text);
    const std::string to = folder_.path() + "/to";
    const Status status = PatchCsv(from, options, patches, to);
    if (status.ok()) return *env::ReadFile(to);
    EXPECT_FALSE(env::Exists(to));
    return status.message();
  }
  TestFolder folder_;
};

TEST_F(CsvPatchTest, ReplacesARecordAndNothingElse) {
  EXPECT_EQ(Patch("h,i\r\n1,x\r\n2,3\r\n", {{5, "1,1"}}, {.columns = 2, .header = true}),
            "h,i\r\n1,1\r\n2,3\r\n");
  EXPECT_EQ(Patch("1,2\n3", {{4, "3,\"a\nb\""}}), "1,2\n3,\"a\nb\"");
  EXPECT_EQ(Patch("\xEF\xBB\xBFx,2\n3,4\n", {{3, "1,2"}}),
            "\xEF\xBB\xBF"
            "1,2\n3,4\n");
}

TEST_F(CsvPatchTest, LeavesRecordsOutWithTheirLineEnds) {
  EXPECT_EQ(Patch("1,2\r\nx\r\ny\r\n3,4\r\n", {{5, {}}, {8, {}}}), "1,2\r\n3,4\r\n");
  EXPECT_EQ(Patch("x\n1,2\n", {{0, {}}}), "1,2\n");
  EXPECT_EQ(Patch("1,2\rx\r3,4\r", {{4, {}}}), "1,2\r3,4\r");
  EXPECT_EQ(Patch("1,2\nx", {{4, {}}}), "1,2\n");
}

TEST_F(CsvPatchTest, SeveralAtOnceAlsoInGzip) {
  EXPECT_EQ(Patch(Gzip("a\nb\n1,2\nc\n"), {{0, "9,9"}, {2, {}}, {8, "8,8"}}), "9,9\n1,2\n8,8\n");
}

TEST_F(CsvPatchTest, RefusesAPlaceWhereNoRowBegins) {
  EXPECT_EQ(Patch("1,2\n3,4\n", {{2, "x"}}), "no row begins at byte 2");
  EXPECT_EQ(Patch("1,2\n3,4\n", {{400, "x"}}), "no row begins at byte 400");
}

TEST(CsvText, WritesWhatIsReadBackAlike) {
  const CsvDialect dialect{.null_words = {"NULL"}};
  const std::vector<CsvCell> cells = {{"", false, true},
                                      {"", true, false},
                                      {"NULL", true, false},
                                      {"a,b", false, false},
                                      {"q\"", true}};
  std::string text;
  AppendCsvRecord(text, cells, dialect);
  EXPECT_EQ(text, ",\"\",\"NULL\",\"a,b\",\"q\"\"\"");
  const auto source = MemorySource(text);
  CsvReader reader(*source, {.dialect = dialect});
  ASSERT_TRUE(*reader.Next());
  ASSERT_EQ(reader.record().cells.size(), cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    EXPECT_EQ(reader.record().cells[i].text, cells[i].text);
    EXPECT_EQ(reader.record().cells[i].null, cells[i].null);
  }
}

}  // namespace
}  // namespace sluice::format
