#include "ingest/unmatched_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace sluice::ingest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr env::Micros kNow = 1'000'000'000'000;

config::Ingest FilesOf(const std::string& name, const std::string& prefix,
                       const std::string& pattern) {
  config::Ingest ingest;
  ingest.name = name;
  ingest.from = {"inbox"};
  ingest.layout = "files";
  ingest.prefix = prefix;
  ingest.settle = std::chrono::minutes(1);
  config::Table table;
  table.name = name + "_rows";
  table.pattern = pattern;
  ingest.tables = {table};
  return ingest;
}

// "2 a.csv": how many `ingest` tells of, and the first.
std::vector<std::string> ToldBy(const config::Project& project, const std::string& ingest,
                                const std::vector<std::string>& paths,
                                const std::string& connection = "inbox",
                                env::Micros age = 60'000'000) {
  Source source;
  source.connection = connection;
  for (const std::string& path : paths) {
    if (StartsWith(path, project.FindIngest(ingest)->prefix)) {
      source.listing.files.push_back({path, 1, kNow - age, "tag"});
    }
  }
  const auto found = FindUnmatched(project, *project.FindIngest(ingest), {source}, kNow);
  EXPECT_TRUE(found.ok()) << found.status().ToString();
  std::vector<std::string> told;
  for (const UnmatchedFiles& files : *found) {
    told.push_back(std::to_string(files.files) + " " + files.first);
  }
  return told;
}

TEST(UnmatchedFilesTest, OneOfSeveralIngestsTellsThem) {
  config::Project project;
  project.ingests = {FilesOf("a", "", "a*.csv"), FilesOf("b", "", "b*.csv"),
                     FilesOf("c", "c/", "*.csv.gz")};
  const std::vector<std::string> paths = {"a1.csv", "b1.csv",  "c/1.csv.gz", "c/2.csv",
                                          "d.csv",  "e.jsonl", "f.pdf",      "g.csv.part"};
  EXPECT_THAT(ToldBy(project, "a", paths), ElementsAre("2 d.csv"));
  EXPECT_THAT(ToldBy(project, "b", paths), IsEmpty()) << "the first of both tells";
  EXPECT_THAT(ToldBy(project, "c", paths), ElementsAre("1 c/2.csv"));
}

TEST(UnmatchedFilesTest, WhatIsYoungerThanItsMinimumAgeIsNotTold) {
  config::Project project;
  project.ingests = {FilesOf("a", "", "a*.csv")};
  EXPECT_THAT(ToldBy(project, "a", {"d.csv"}, "inbox", 59'999'999), IsEmpty());
  EXPECT_THAT(ToldBy(project, "a", {"d.csv"}, "inbox", 60'000'000), ElementsAre("1 d.csv"));
}

TEST(UnmatchedFilesTest, WhatLiesBesideADropOrAFileByHandIsNobodysMistake) {
  config::Project project;
  project.ingests = {FilesOf("a", "", "a*.csv"), FilesOf("hand", "", "x.csv")};
  project.ingests[1].from = {"hand-0123"};
  config::Ingest drop;
  drop.name = "spa";
  drop.layout = "zenoti";
  drop.from = {"inbox"};
  drop.prefix = "drop/";
  project.ingests.push_back(drop);
  EXPECT_THAT(ToldBy(project, "a", {"drop/POD1/1/t/1/x.csv", "x.csv"}), ElementsAre("1 x.csv"));
  EXPECT_THAT(ToldBy(project, "hand", {"y.csv"}, "hand-0123"), IsEmpty());
  EXPECT_THAT(ToldBy(project, "spa", {"drop/x.csv"}), IsEmpty());
}

TEST(UnmatchedFilesTest, WhatWaitsForATableIsTaken) {
  config::Project project;
  project.ingests = {FilesOf("a", "in/", "a*.csv")};
  config::Table& table = project.ingests[0].tables[0];
  table.complete_when = "{file}.json";
  table.manifest = "*.txt";
  table.move_to = "in/done/";
  EXPECT_THAT(ToldBy(project, "a", {"in/a.csv", "in/a.csv.json", "in/done/b.csv", "in/files.txt"}),
              IsEmpty());
}

TEST(UnmatchedFilesTest, ItIsOneSentenceWithWhatToType) {
  EXPECT_EQ(Told("shop", {"inbox", 1, "x.csv"}),
            "shop: 1 file of connection inbox fits no pattern of a table and is not loaded "
            "(x.csv); sluice discover shop proposes a table");
  EXPECT_EQ(Told("shop", {"inbox", 12, "x.csv"}),
            "shop: 12 files of connection inbox fit no pattern of a table and are not loaded "
            "(x.csv …); sluice discover shop proposes tables");
}

}  // namespace
}  // namespace sluice::ingest
