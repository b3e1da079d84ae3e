#include "connectors/file/purge_lines.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include <cstdlib>

#include "connector/purging.h"
#include "connectors/file/file_destination.h"
#include "env/file.h"

namespace sluice::connectors::file {
namespace {

class PurgeLinesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_purge_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    path_ = env::JoinPath(dir_, "people.jsonl");
  }
  void TearDown() override { EXPECT_TRUE(env::RemoveTree(dir_).ok()); }
  void Write(const std::string& text) {
    ASSERT_TRUE(env::WriteFileAtomically(path_, text, 0640).ok());
  }
  std::string dir_;
  std::string path_;
};

TEST_F(PurgeLinesTest, LinesOfAKeyGoAndAllOthersStayAsTheyStand) {
  Write(
      "{\"kind\":\"upsert\",\"key\":\"1\",\"payload\":{\"email\":\"ann\"}}\n"
      "{ \"key\" : \"12\" }\n"
      "no JSON, \"key\":\"1\"\n"
      "{\"kind\":\"remove\",\"key\":\"1\",\"payload\":{}}\n"
      "{\"key\":\"a\\\"b\"}\n"
      "{\"payload\":{\"key\":\"1\"}}");
  EXPECT_EQ(PurgeLines(path_, {"1", "a\"b"}, nullptr).value(), 3);
  EXPECT_EQ(env::ReadFile(path_).value(),
            "{ \"key\" : \"12\" }\n"
            "no JSON, \"key\":\"1\"\n"
            "{\"payload\":{\"key\":\"1\"}}");
  struct stat now {};
  ASSERT_EQ(stat(path_.c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 07777U, 0640U);
  EXPECT_EQ(PurgeLines(path_, {"1"}, nullptr).value(), 0);
  EXPECT_FALSE(env::Exists(path_ + ".purged"));
}

TEST_F(PurgeLinesTest, LinesThatAreCutByAPieceAreWhole) {
  std::string text;
  std::string rest;
  for (int i = 0; i < 40'000; ++i) {
    const std::string line =
        "{\"key\":\"" + std::to_string(i) + "\",\"payload\":{\"name\":\"somebody\"}}\n";
    text += line;
    if (i != 22'222) rest += line;
  }
  Write(text);
  EXPECT_EQ(PurgeLines(path_, {"22222"}, nullptr).value(), 1);
  EXPECT_EQ(env::ReadFile(path_).value(), rest);
}

TEST_F(PurgeLinesTest, ADestinationGoesOnBehindWhatIsLeft) {
  Write("{\"key\":\"1\"}\n{\"key\":\"2\"}\n");
  const auto destination = MakeFileDestination(dir_, "people").value();
  connector::Purging* purging = connector::PurgingOf(*destination);
  ASSERT_NE(purging, nullptr);
  EXPECT_EQ(purging->Purge({"1"}, nullptr).value(), 1);
  const connector::Operation row{connector::OperationKind::kUpsert, "3", "3", "{}"};
  const auto request = destination->Prepare(std::span(&row, 1), {}).value();
  (void)destination->Send(request, std::span(&row, 1), nullptr);
  EXPECT_EQ(env::ReadFile(path_).value(),
            "{\"key\":\"2\"}\n{\"kind\":\"upsert\",\"key\":\"3\",\"payload\":{}}\n");
}

}  // namespace
}  // namespace sluice::connectors::file
