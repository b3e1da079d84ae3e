#include "format/json_normalise.h"

#include <gtest/gtest.h>

#include "env/file.h"
#include "format/csv_census.h"
#include "format/file_for_tests.h"
#include "format/gzip_for_tests.h"

namespace sluice::format {
namespace {

class JsonNormaliseTest : public testing::Test {
 protected:
  // The new file's content, after its counts.
  std::string Normalise(std::string_view text, const CsvPatches& patches = {}) {
    const std::string from = folder_.Write("from", text);
    const std::string to = folder_.path() + "/to";
    const auto counts = NormaliseJson(from, options_, patches, stop_, to);
    if (!counts.ok()) {
      EXPECT_FALSE(env::Exists(to));
      return counts.status().ToString();
    }
    unknown_ = counts->unknown;
    seen_ = counts->seen;
    const std::string content = *env::ReadFile(to);
    EXPECT_EQ(counts->bytes, content.size());
    const auto census = TakeCensus(to, JsonCopyDialect(), JsonCopyLimits());
    EXPECT_EQ(census->trap, CsvTrap::kNone);
    EXPECT_EQ(census->Rows(true, options_.columns.size()), counts->accepted);
    EXPECT_TRUE(counts->quoted || !census->quoted_breaks);
    return std::to_string(counts->accepted) + "+" + std::to_string(counts->broken) + " " + content;
  }

  JsonReaderOptions options_ = {.columns = {{{"a"}}, {{"b"}}}, .collect_unknown = true};
  bool stop_ = false;
  std::vector<UnknownKey> unknown_;
  std::vector<bool> seen_;
  TestFolder folder_;
};

TEST_F(JsonNormaliseTest, WritesWhatTheEngineReadsExactly) {
  EXPECT_EQ(Normalise("{\"a\":1.50,\"b\":null}\n{\"a\":\"\",\"b\":\"it's, \\\"so\\\"\\r\\n\"}\nx\n"
                      "{\"a\":\"'q'\",\"b\":{\"k\": \"v\"}}"),
            "3+1 sluice\n1.50,\n'','it''s, \"so\"\r\n'\n'''q''',{\"k\":\"v\"}\n");
}

TEST_F(JsonNormaliseTest, KeepsNullAloneInAColumn) {
  options_.columns = {{{"a"}}};
  EXPECT_EQ(Normalise("[{\"a\":1},{},{\"a\":3}]"), "3+0 sluice\n1\n\n3\n");
}

TEST_F(JsonNormaliseTest, ReadsOtherTextInTheirPlace) {
  const std::string text = "{\"a\":1}\n{\"a\":x}\n{\"a\":3}\n{\"a\":4}\n";
  EXPECT_EQ(Normalise(text, {{8, "{\n\"b\":2\n}"}, {16, std::nullopt}}),
            "3+0 sluice\n1,\n,2\n4,\n");
  EXPECT_EQ(seen_, (std::vector<bool>{true, true}));
  EXPECT_EQ(Normalise(text, {{8, "{\"a\":1} {\"a\":2}"}, {16, "[]"}}), "2+2 sluice\n1,\n4,\n");
  EXPECT_EQ(Normalise(text, {{9, "{}"}}), "no row begins at byte 9");
  EXPECT_EQ(Normalise(text, {{99, "{}"}}), "no row begins at byte 99");
}

TEST_F(JsonNormaliseTest, TellsOfUnknownKeys) {
  (void)Normalise("{\"a\":1}\n{\"c\":1}\n{\"d\":x}\n", {{16, "{\"e\":1}"}});
  ASSERT_EQ(unknown_.size(), 2U);
  EXPECT_EQ(unknown_[0].path, "c");
  EXPECT_EQ(unknown_[1].path, "e");
  EXPECT_EQ(unknown_[1].line, 3U);
  stop_ = true;
  EXPECT_EQ(Normalise("{\"a\":1}\n{\"c\":1}\n{\"d\":1}\n"), "2+0 sluice\n1,\n,\n");
  EXPECT_EQ(unknown_.size(), 1U);
}

TEST_F(JsonNormaliseTest, LeavesNothingBehindAfterAnError) {
  EXPECT_NE(Normalise("[{\"a\":1}").find("cut off"), std::string::npos);
  EXPECT_NE(Normalise(Gzip(std::string(100'000, 'x')).substr(0, 50)).find("gzip"),
            std::string::npos);
  env::Cancel cancel;
  cancel.Set();
  const std::string to = folder_.path() + "/to";
  const std::string from = folder_.Write("b", "{\"a\":1}");
  EXPECT_EQ(NormaliseJson(from, options_, {}, false, to, &cancel).status().code(),
            Code::kCancelled);
  EXPECT_FALSE(env::Exists(to));
}

}  // namespace
}  // namespace sluice::format
