#include "format/zip_archive.h"

#include <zip.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "env/file.h"
#include "format/file_for_tests.h"
#include "format/zip_for_tests.h"

namespace sluice::format {
namespace {

using testing::HasSubstr;

class ZipArchiveTest : public testing::Test {
 protected:
  std::string Names(const std::string& path) {
    const auto members = ZipMembers(path);
    if (!members.ok()) return members.status().ToString();
    std::string names;
    for (const ZipMember& member : *members) {
      names += member.name + ":" + std::to_string(member.bytes) + " ";
    }
    return names;
  }
  std::string Content(const std::string& path, const ZipMember& member) {
    const std::string to = folder_.path() + "/member";
    const Status status = UnpackZipMember(path, member, to);
    if (status.ok()) return *env::ReadFile(to);
    EXPECT_FALSE(env::ReadFile(to).ok()) << "nothing is left behind";
    return status.ToString();
  }

  TestFolder folder_;
};

TEST_F(ZipArchiveTest, ListsWhatIsThereByName) {
  const std::string path = folder_.path() + "/a.zip";
  MakeZip(path, {{"b.csv", "1,2\n"},
                 {"a/x.csv", "3\n"},
                 {"a/", ""},
                 {"__MACOSX/._b.csv", "?"},
                 {".DS_Store", "?"}});
  EXPECT_EQ(Names(path), "a/x.csv:2 b.csv:4 ");
  EXPECT_EQ(Content(path, ZipMembers(path)->at(1)), "1,2\n");
}

TEST_F(ZipArchiveTest, RefusesDamage) {
  const std::string path = folder_.path() + "/a.zip";
  const std::string text(100'000, 'x');
  MakeZip(path, {{"a.csv", text + "\n"}});
  const std::string good = *env::ReadFile(path);
  EXPECT_THAT(Names(folder_.Write("cut.zip", good.substr(0, good.size() / 2))),
              HasSubstr("cut.zip: damaged zip archive"));
  EXPECT_THAT(Names(folder_.Write("no.zip", "PK\x03\x04 and nothing else")),
              HasSubstr("damaged zip archive"));
  // One bit of the packed bytes.
  std::string bad = good;
  bad[60] = static_cast<char>(bad[60] ^ 1);
  const std::string spoiled = folder_.Write("bad.zip", bad);
  const ZipMember member = ZipMembers(path)->front();
  EXPECT_THAT(Content(spoiled, member), HasSubstr("damaged zip archive: a.csv"));
  EXPECT_THAT(Content(path, {member.index, member.name, 10}), HasSubstr("longer than"));
}

TEST_F(ZipArchiveTest, RefusesPasswords) {
  const std::string path = folder_.path() + "/a.zip";
  MakeZip(path, {{"a.csv", "1\n"}}, "secret");
  EXPECT_THAT(Names(path), HasSubstr("a.csv is encrypted"));
}

}  // namespace
}  // namespace sluice::format
