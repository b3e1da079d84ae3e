#include <gtest/gtest.h>

#include <map>
#include <random>

#include <fmt/format.h>

#include "base/text.h"
#include "format/zip_for_tests.h"
#include "ingest/ingest_fixture.h"

namespace sluice::ingest {
namespace {

constexpr const char* kSaleDdl =
    "create table bi_factsale (saleid INT, amount INT, saledate TIMESTAMP, void BOOLEAN, "
    "organizationid VARCHAR(36))";
constexpr const char* kArchive = "MonthlySnapshot/2026-10-01/POD1/1000/Bi_FactSale/77.77.zip";

class RestoreTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    Write("SchemaFull/bi_factsale.txt", kSaleDdl);
    AddTable("bi_factsale", {"saleid"});
    ingest_.tables[0].month_column = "saledate";
  }
  // A file of a group that came on this day.
  void Group(const std::string& path, const std::string& content, const std::string& day) {
    Write(path, content);
    SetDay(path, day);
  }
  void SetDay(const std::string& path, const std::string& day) {
    std::tm date{};
    ASSERT_NE(strptime(day.c_str(), "%Y-%m-%d", &date), nullptr);
    const std::time_t at = timegm(&date) + 12 * 3600;
    const utimbuf times{at, at};
    ASSERT_EQ(utime(env::JoinPath(drop_, path).c_str(), &times), 0);
  }
  void Snapshot(const std::string& path, const std::string& content) {
    const std::string full = env::JoinPath(drop_, path);
    ASSERT_TRUE(env::CreateDirectories(env::Dirname(full)).ok());
    (void)env::RemoveFile(full);
    format::MakeZip(full, {{"77.csv", content}});
  }
  void Remove(const std::string& path) {
    ASSERT_TRUE(env::RemoveFile(env::JoinPath(drop_, path)).ok());
  }
  Result<IngestOutcome> TryRestore(const std::string& table = "bi_factsale",
                                   std::map<std::string, int64_t> after = {},
                                   const std::string& month = "2026-09") {
    clock_.Advance(std::chrono::minutes(1));
    const RestoreRequest request{*Month::Parse(month), table, std::move(after)};
    return Run(&request);
  }
  IngestOutcome Restore(std::map<std::string, int64_t> after = {}) {
    auto outcome = TryRestore("bi_factsale", std::move(after));
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    if (!outcome.ok()) return {};
    for (const LoadOutcome& load : outcome->loads) {
      EXPECT_EQ(load.outcome, "done") << load.label << ": " << load.message;
    }
    EXPECT_EQ(Leftovers(), "");
    return std::move(outcome).value();
  }
  std::string Refusal(const std::string& table = "bi_factsale",
                      std::map<std::string, int64_t> after = {},
                      const std::string& month = "2026-09") {
    const auto outcome = TryRestore(table, std::move(after), month);
    return outcome.ok() ? "it went through" : outcome.status().ToString();
  }
  // A rebuild from all files, as a late one makes it: what is restored comes out the same.
  void RebuildWith(const std::string& path) {
    Group(path, "", "2026-08-01");
    clock_.Advance(std::chrono::minutes(1));
    MustRun();
    EXPECT_NE(Rows("SELECT reason FROM _sluice.rebuilds WHERE reason LIKE '%" + path + "%'"), "")
        << "no rebuild";
  }
  std::string Sales() {
    return Rows("SELECT _sluice_pod, saleid, amount FROM bi_factsale ORDER BY ALL");
  }
  std::string Leftovers() {
    return Rows("SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, '_sluice_')");
  }
  std::string Restores() {
    return Rows(
        "SELECT pod, month, extract, after_group, removed FROM _sluice.restores ORDER BY "
        "restored_at");
  }
  // Four groups, of which the fourth came after the extract; 2 was lost and 3 is not what it was.
  void FourGroups() {
    Group("POD1/1/bi_factsale/1/a.csv", "1,10,2026-08-30,0,o\n3,31,2026-09-02,0,o\n", "2026-08-31");
    Group("POD1/2/bi_factsale/1/a.csv", "4,40,2026-09-03,0,o\n", "2026-09-05");
    Group("POD1/3/bi_factsale/1/a.csv", "5,50,2026-09-20,0,o\n9,90,2026-09-21,0,o\n", "2026-09-21");
    Group("POD1/4/bi_factsale/1/a.csv",
          "5,,,1,o\n5,55,2026-09-20,0,o\n6,60,2026-10-05,0,o\n4,,,1,o\n", "2026-10-06");
    Snapshot(
        kArchive,
        "2,20,2026-09-01,0,o\n3,30,2026-09-02,0,o\n4,40,2026-09-03,0,o\n5,50,2026-09-20,0,o\n");
  }
};

constexpr const char* kRestored = "POD1|1|10\nPOD1|2|20\nPOD1|3|30\nPOD1|5|55\nPOD1|6|60\n";

TEST_F(RestoreTest, TheMonthIsThatOfTheSnapshotAndLaterGroupsCountOnTop) {
  FourGroups();
  MustRun();
  EXPECT_EQ(Sales(), "POD1|1|10\nPOD1|3|31\nPOD1|5|55\nPOD1|6|60\nPOD1|9|90\n");
  const IngestOutcome outcome = Restore();
  EXPECT_EQ(Sales(), kRestored);
  ASSERT_EQ(outcome.loads.size(), 1U);
  EXPECT_EQ(outcome.loads[0].label, "restore z.bi_factsale POD1 2026-09");
  EXPECT_EQ(outcome.total.read, 4) << "the rows of the archive";
  EXPECT_EQ(Restores(), "POD1|2026-09|2026-10-01|3|2\n");
  EXPECT_EQ(Rows("SELECT kind, mode, rows_read, inserted, group_id FROM _sluice.loads WHERE kind = "
                 "'restore'"),
            "restore|restore|4|4|3\n");
  EXPECT_EQ(Rows("SELECT group_id, rows FROM _sluice.cursors"), "4|4\n")
      << "it stands where it stood";
  EXPECT_EQ(MustRun().loads.size(), 0U) << "nothing waits";
}

TEST_F(RestoreTest, ALaterRebuildKeepsIt) {
  FourGroups();
  MustRun();
  Restore();
  RebuildWith("POD1/1/bi_factsale/2/late.csv");
  EXPECT_EQ(Sales(), kRestored);
  EXPECT_EQ(Restores(), "POD1|2026-09|2026-10-01|3|2\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM _sluice.loads WHERE kind = 'restore'"), "1\n");
}

TEST_F(RestoreTest, TwiceIsAsOnce) {
  FourGroups();
  MustRun();
  Restore();
  const std::string files =
      "SELECT address, state, rows_read, inserted FROM _sluice.files ORDER BY ALL";
  const std::string before = Rows(files);
  Restore();
  EXPECT_EQ(Sales(), kRestored);
  EXPECT_EQ(Rows(files), before);
  EXPECT_EQ(Restores(), "POD1|2026-09|2026-10-01|3|2\n");
  RebuildWith("POD1/1/bi_factsale/2/late.csv");
  EXPECT_EQ(Sales(), kRestored);
}

TEST_F(RestoreTest, OnlyTheFilesBehindItAreNeeded) {
  FourGroups();
  MustRun();
  Remove("POD1/1/bi_factsale/1/a.csv");
  Remove("POD1/3/bi_factsale/1/a.csv");
  Restore({{"POD1", 3}});
  EXPECT_EQ(Sales(), kRestored);
}

TEST_F(RestoreTest, AFileThatMustComeAgainAndIsGoneStopsIt) {
  FourGroups();
  MustRun();
  const std::string before = Sales();
  Remove("POD1/4/bi_factsale/1/a.csv");
  EXPECT_EQ(
      Refusal("bi_factsale", {{"POD1", 3}}),
      "bi_factsale of POD1 cannot be restored: of the 1 file applied again behind the month 1 is "
      "no longer in the store as it was: POD1/4/bi_factsale/1/a.csv. Put them back; what changed "
      "is loaded by sluice run");
  EXPECT_EQ(Sales(), before);
}

// The day before the extract is not told apart from the day after: what came then comes again and is
// not doubled.
TEST_F(RestoreTest, AGroupOfAboutThatTimeDoublesNothing) {
  FourGroups();
  SetDay("POD1/3/bi_factsale/1/a.csv", "2026-09-30");
  Snapshot(kArchive, "2,20,2026-09-01,0,o\n5,50,2026-09-20,0,o\n9,90,2026-09-21,0,o\n");
  MustRun();
  Restore();
  EXPECT_EQ(Restores(), "POD1|2026-09|2026-10-01|2|1\n");
  EXPECT_EQ(Sales(), "POD1|1|10\nPOD1|2|20\nPOD1|5|55\nPOD1|6|60\nPOD1|9|90\n");
  EXPECT_EQ(Rows("SELECT sum(key_collisions) FROM _sluice.loads"), "0\n");
  RebuildWith("POD1/1/bi_factsale/2/late.csv");
  EXPECT_EQ(Sales(), "POD1|1|10\nPOD1|2|20\nPOD1|5|55\nPOD1|6|60\nPOD1|9|90\n");
}

// A group that comes after the restore meets it as any other row.
TEST_F(RestoreTest, WhatComesLaterCollidesAsEver) {
  FourGroups();
  MustRun();
  Restore();
  Group("POD1/5/bi_factsale/1/a.csv", "2,21,2026-10-07,0,o\n3,,,1,o\n", "2026-10-08");
  clock_.Advance(std::chrono::minutes(1));
  MustRun();
  const std::string expected = "POD1|1|10\nPOD1|2|20\nPOD1|2|21\nPOD1|5|55\nPOD1|6|60\n";
  EXPECT_EQ(Sales(), expected);
  RebuildWith("POD1/1/bi_factsale/2/late.csv");
  EXPECT_EQ(Sales(), expected);
  EXPECT_EQ(Rows("SELECT key_collisions FROM _sluice.loads WHERE group_id = 5"), "1\n");
}

TEST_F(RestoreTest, WithoutAMonthColumnTheKeysTell) {
  ingest_.tables[0].month_column.clear();
  FourGroups();
  MustRun();
  Restore();
  // 9 is no row of the snapshot: nothing tells that it should not be there.
  EXPECT_EQ(Sales(), std::string(kRestored) + "POD1|9|90\n");
}

TEST_F(RestoreTest, OtherPodsStayAsTheyAre) {
  FourGroups();
  Group("POD2/1/bi_factsale/1/a.csv", "3,333,2026-09-09,0,o\n", "2026-08-31");
  MustRun();
  const IngestOutcome outcome = Restore();
  EXPECT_EQ(Sales(), std::string(kRestored) + "POD2|3|333\n");
  ASSERT_EQ(outcome.warnings.size(), 1U);
  EXPECT_EQ(outcome.warnings[0],
            "z.bi_factsale: the extract of 2026-10-01 has nothing of POD2, which stays as it is");
}

TEST_F(RestoreTest, KeysThatAllPodsShare) {
  ingest_.shared_keys = true;
  FourGroups();
  Group("POD2/1/bi_factsale/1/a.csv", "7,70,2026-09-09,0,o\n", "2026-08-31");
  Group("POD2/2/bi_factsale/1/a.csv", "8,80,2026-09-10,0,o\n2,22,2026-11-01,0,o\n", "2026-11-01");
  Snapshot("MonthlySnapshot/2026-10-01/POD2/1003/Bi_FactSale/5.5.zip", "7,71,2026-09-09,0,o\n");
  MustRun();
  const IngestOutcome outcome = Restore();
  ASSERT_EQ(outcome.loads.size(), 1U);
  const std::string expected =
      "POD1|1|10\nPOD1|3|30\nPOD1|5|55\nPOD1|6|60\nPOD2|2|22\nPOD2|7|71\nPOD2|8|80\n";
  EXPECT_EQ(Sales(), expected) << "2 of POD2 came behind the snapshot of POD1";
  RebuildWith("POD1/1/bi_factsale/2/late.csv");
  EXPECT_EQ(Sales(), expected);
}

TEST_F(RestoreTest, ACheckThatFailsLeavesTheTable) {
  config::Check check;
  check.kind = config::Check::Kind::kUnique;
  ingest_.checks.push_back(check);
  FourGroups();
  Snapshot(kArchive, "2,20,2026-09-01,0,o\n2,21,2026-09-01,0,o\n");
  MustRun();
  const std::string before = Sales();
  auto outcome = TryRestore();
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_TRUE(outcome->failed);
  EXPECT_TRUE(outcome->hold_ids.empty()) << "nobody has to decide anything";
  ASSERT_EQ(outcome->loads.size(), 1U);
  EXPECT_EQ(outcome->loads[0].outcome, "failed");
  EXPECT_TRUE(EndsWith(outcome->loads[0].message, "; z.bi_factsale stays as it was"))
      << outcome->loads[0].message;
  EXPECT_EQ(Sales(), before);
  EXPECT_EQ(Restores(), "");
  EXPECT_EQ(Leftovers(), "");
}

TEST_F(RestoreTest, BadRowsOfTheSnapshotAreInQuarantine) {
  FourGroups();
  Snapshot(kArchive, "2,20,2026-09-01,0,o\nx,30,2026-09-02,0,o\n8,80,2026-09-02,1,o\n");
  MustRun();
  Restore();
  EXPECT_EQ(Rows("SELECT address, column_name, value FROM _sluice.quarantine"),
            std::string(kArchive) + "/77.csv|saleid|x\n");
  EXPECT_EQ(Rows("SELECT rows_read, inserted, skipped, quarantined FROM _sluice.loads WHERE kind = "
                 "'restore'"),
            "3|1|1|1\n");
}

TEST_F(RestoreTest, TheNewestRunOfTheVendorCounts) {
  FourGroups();
  MustRun();
  Snapshot("MonthlySnapshot/2026-10-01/POD1/1001/Bi_FactSale/deep/er/78.78.zip",
           "2,200,2026-09-01,0,o\n");
  const IngestOutcome outcome = Restore();
  EXPECT_EQ(Sales(), "POD1|1|10\nPOD1|2|200\nPOD1|5|55\nPOD1|6|60\n");
  ASSERT_EQ(outcome.warnings.size(), 1U);
  EXPECT_EQ(outcome.warnings[0],
            "z.bi_factsale: POD1 has groups 1000 and 1001 of this month: the newer one is taken");
}

TEST_F(RestoreTest, ALateFileBeforeItIsNotSimplyAdded) {
  ingest_.tables[0].mode = config::Table::Mode::kAppend;
  FourGroups();
  MustRun();
  Restore({{"POD1", 3}});
  const std::string before = Sales();
  Group("POD1/3/bi_factsale/2/late.csv", "99,1,2026-09-08,0,o\n98,1,2026-08-08,0,o\n",
        "2026-09-21");
  clock_.Advance(std::chrono::minutes(1));
  MustRun();
  EXPECT_EQ(Sales(), before + "POD1|98|1\n") << "what is of the month is in the snapshot or is not";
}

TEST_F(RestoreTest, WhereTheSnapshotStandsMustBeClear) {
  FourGroups();
  SetDay("POD1/2/bi_factsale/1/a.csv", "2026-11-11");
  MustRun();
  EXPECT_EQ(
      Refusal(),
      "z.bi_factsale POD1: by the times of their files group 2 came after the extract of "
      "2026-10-01 and group 3 before it: which groups the snapshot has is not clear (a bucket that "
      "was copied has other times). Name the last group that it has: --after POD1=GROUP");
  for (int group = 1; group <= 4; ++group) {
    SetDay("POD1/" + std::to_string(group) + "/bi_factsale/1/a.csv", "2026-11-11");
  }
  EXPECT_NE(Refusal().find("even the full load, group 1, came after the extract"),
            std::string::npos)
      << Refusal();
  EXPECT_NE(Refusal("bi_factsale", {{"POD1", 0}}).find("the full load is group 1"),
            std::string::npos);
  EXPECT_EQ(Refusal("bi_factsale", {{"POD1", 5}}),
            "--after POD1=5: the last group of z.bi_factsale that was loaded is 4. sluice run");
  EXPECT_NE(Refusal("bi_factsale", {{"POD3", 1}}).find("the extract has no pod of that name"),
            std::string::npos);
}

TEST_F(RestoreTest, WhatCannotBeRestoredIsRefusedByName) {
  FourGroups();
  EXPECT_EQ(Refusal(), "nothing of z.bi_factsale of POD1 was loaded yet. sluice run");
  MustRun();
  EXPECT_EQ(Refusal("Bi_FactItemCommissionDeductions"),
            "Bi_FactItemCommissionDeductions: the vendor leaves this table out of its monthly "
            "snapshots. Have it sent as a full load");
  EXPECT_EQ(Refusal("bi_factsales"),
            "bi_factsales is not among the tables of z (did you mean \"bi_factsale\"?)");
  EXPECT_EQ(
      Refusal("bi_factsale", {}, "2026-08"),
      "MonthlySnapshot has no extract of 2026-09-01 of bi_factsale; of it there are 2026-10-01"
      ". sluice run --restore 2026-09 --table bi_factsale");
  ingest_.tables[0].month_column = "amount";
  EXPECT_EQ(Refusal(),
            "z.bi_factsale: month_column amount is INTEGER, expected a date or a timestamp");
  ingest_.tables[0].month_column = "saledat";
  EXPECT_EQ(Refusal(),
            "z.bi_factsale: month_column saledat is no column of it (did you mean \"saledate\"?)");
}

TEST_F(RestoreTest, ASnapshotWithoutARowOfItsMonthTakesNothingAway) {
  FourGroups();
  MustRun();
  const std::string before = Sales();
  const auto message = [&] {
    auto outcome = TryRestore();
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    EXPECT_TRUE(outcome->failed);
    return outcome->loads.at(0).message;
  };
  for (const char* content :
       {"", "saleid,amount,saledate,void,organizationid\n", "8,80,2026-09-02,1,o\n"}) {
    Snapshot(kArchive, content);
    EXPECT_NE(message().find("the snapshot has no row that could be used"), std::string::npos)
        << content;
  }
  Snapshot(kArchive, "2,20,2026-08-01,0,o\n");
  EXPECT_NE(message().find("not one of the snapshot's 1 row is of the month, by saledate"),
            std::string::npos);
  EXPECT_EQ(Sales(), before);
  Snapshot(kArchive, "2,20,2026-08-31,0,o\n3,30,2026-09-01,0,o\n");
  const IngestOutcome outcome = Restore();
  ASSERT_EQ(outcome.warnings.size(), 1U);
  EXPECT_EQ(
      outcome.warnings[0],
      "z.bi_factsale POD1 2026-09: 1 of the snapshot's 2 rows are of another month, by saledate");
}

TEST_F(RestoreTest, AnOrganizationTableIsRestoredFromWhereItComes) {
  ingest_.organization_tables = {"bi_factsale"};
  Write("../south/SchemaFull/bi_factsale.txt", kSaleDdl);
  Group("../south/P1/1/bi_factsale/1/a.csv", "3,31,2026-09-02,0,o\n", "2026-08-31");
  AddStore("south", "south");
  MustRun();
  Snapshot(kArchive, "4,40,2026-09-03,0,o\n");
  Snapshot("../south/MonthlySnapshot/2026-10-01/P1/1000/Bi_FactSale/7.7.zip",
           "3,30,2026-09-02,0,o\n");
  Restore();
  EXPECT_EQ(Sales(), "south/P1|3|30\n");
}

TEST_F(RestoreTest, AGroupThatTheExtractMayHaveIsLoadedFirst) {
  FourGroups();
  MustRun();
  Group("POD1/5/bi_factsale/1/a.csv", "2,20,2026-09-25,0,o\n", "2026-09-30");
  EXPECT_EQ(Refusal(),
            "group 5 of POD1 is not loaded yet, and the extract of 2026-10-01 may have it. sluice "
            "run, and "
            "sluice gate list where it is held");
  SetDay("POD1/5/bi_factsale/1/a.csv", "2026-10-07");
  Restore();
}

TEST_F(RestoreTest, ATableThatIsDeclaredOtherwiseIsLeftAlone) {
  FourGroups();
  MustRun();
  ingest_.tables[0].mode = config::Table::Mode::kAppend;
  EXPECT_EQ(Refusal(),
            "bi_factsale cannot be made again: earlier files were loaded in mode delete-insert, "
            "and it is "
            "append now");
}

// Over histories of chance: restored in place, and made again from all files.
class RandomRestoreTest : public RestoreTest, public testing::WithParamInterface<bool> {};

TEST_P(RandomRestoreTest, InPlaceAndFromAllFilesIsTheSame) {
  ingest_.shared_keys = GetParam();
  std::mt19937 random(GetParam() ? 20261001 : 20261002);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto row = [&](bool voided) {
    return fmt::format("{},{},2026-{:02}-{:02},{},o\n", pick(12), pick(1000), 8 + pick(3),
                       1 + pick(28), voided ? 1 : 0);
  };
  for (int group = 1; group <= 9; ++group) {
    for (const char* pod : {"POD1", "POD2"}) {
      std::string content;
      for (int i = 0; i < 6; ++i) content += row(group > 1 && pick(3) == 0);
      Group(fmt::format("{}/{}/bi_factsale/1/a.csv", pod, group), content,
            fmt::format("2026-{:02}-{:02}", group < 6 ? 9 : 10, group));
    }
  }
  for (const char* pod : {"POD1", "POD2"}) {
    std::string content;
    for (int i = 0; i < 5; ++i) content += fmt::format("{},{},2026-09-07,0,o\n", 2 * i, pick(1000));
    Snapshot(fmt::format("MonthlySnapshot/2026-10-01/{}/1000/Bi_FactSale/7.7.zip", pod), content);
  }
  MustRun();
  const std::string unrestored = Sales();
  Restore();
  const std::string restored = Sales();
  EXPECT_NE(restored, unrestored);
  for (const char* pod : {"POD1", "POD2"})
    RebuildWith(fmt::format("{}/1/bi_factsale/9/b.csv", pod));
  EXPECT_EQ(Sales(), restored);
}

INSTANTIATE_TEST_SUITE_P(Keys, RandomRestoreTest, testing::Bool());

}  // namespace
}  // namespace sluice::ingest
