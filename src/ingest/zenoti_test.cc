#include <gtest/gtest.h>

#include "ingest/ingest_fixture.h"

namespace sluice::ingest {
namespace {

constexpr const char* kFactDdl =
    "create table Bi_FactSale (saleid INT, amount DECIMAL(10,2), void BOOLEAN, organizationid "
    "VARCHAR(36))";
constexpr const char* kUserDdl =
    "create table Bi_DimUser_s3 (userid NVARCHAR(36), name NVARCHAR(10), visits INT)";

class ZenotiTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    Write("SchemaFull/bi_factsale.txt", kFactDdl);
    Write("SchemaFull/Bi_DimUser.txt", kUserDdl);
    AddTable("bi_factsale", {"saleid"});
    AddTable("bi_dimuser", {"userid"});
  }
  std::string Sales() {
    return Rows("SELECT _sluice_pod, saleid, amount FROM bi_factsale ORDER BY ALL");
  }
  std::string Users() {
    return Rows("SELECT _sluice_pod, userid, name, visits FROM bi_dimuser ORDER BY ALL");
  }
  std::string Counts(const std::string& table) {
    return Rows(
        "SELECT group_id, rows_read, inserted, updated, unchanged, delete_matched, "
        "delete_unmatched, superseded, skipped, quarantined FROM _sluice.loads WHERE "
        "table_name = '" +
        table + "' ORDER BY pod, group_id");
  }
};

TEST_F(ZenotiTest, FactsAreDeletedByVoidAndInserted) {
  Write("POD1/9/Bi_FactSale/1/a.csv", "1,10.00,0,o\n2,20.00,0,o\n3,30.00,0,o\n");
  Write("POD1/10/bi_factsale/2/a.csv", "2,,1,o\n2,22.50,0,o\n3,,1,o\n4,,1,o\n5,50,0,o\n");
  MustRun();
  EXPECT_EQ(Sales(), "POD1|1|10.00\nPOD1|2|22.50\nPOD1|5|50.00\n");
  EXPECT_EQ(Counts("bi_factsale"), "9|3|3|0|0|0|0|0|0|0\n10|5|2|0|0|2|1|0|0|0\n");
  EXPECT_EQ(Rows("SELECT group_id, log_id FROM _sluice.cursors"), "10|2\n");
  EXPECT_EQ(MustRun().loads.size(), 0U) << "a second run has nothing to do";
}

TEST_F(ZenotiTest, OnlyALaterFileDeletesWhatAFileInserted) {
  Write("POD1/1/bi_factsale/1/a.csv", "1,1,0,o\n1,,1,o\n2,2,0,o\n");
  Write("POD1/1/bi_factsale/2/a.csv", "2,,1,o\n3,3,0,o\n");
  Write("POD1/1/bi_factsale/10/a.csv", "2,2.5,0,o\n");
  MustRun();
  EXPECT_EQ(Sales(), "POD1|1|1.00\nPOD1|2|2.50\nPOD1|3|3.00\n");
  EXPECT_EQ(Counts("bi_factsale"), "1|6|4|0|0|1|1|0|0|0\n");
}

TEST_F(ZenotiTest, TheOrganizationBelongsToTheKeyOfAFact) {
  Write("POD1/1/bi_factsale/1/a.csv", "1,1,0,a\n1,2,0,b\n");
  Write("POD1/2/bi_factsale/1/a.csv", "1,,1,b\n");
  MustRun();
  EXPECT_EQ(Sales(), "POD1|1|1.00\n");
}

TEST_F(ZenotiTest, DimensionsTakeTheLastRowOfAKeyNullsIncluded) {
  Write("POD1/1/bi_dimuser/1/a.csv", "u1,Ann,1\nu2,Bob,2\nu1,Anna,\n");
  Write("POD1/2/bi_dimuser/1/b.csv", "u2,Bob,2\nu3,\"Li, Na\",3\n");
  Write("POD1/2/bi_dimuser/2/a.csv", "u1,,5\n");
  MustRun();
  EXPECT_EQ(Users(), "POD1|u1|NULL|5\nPOD1|u2|Bob|2\nPOD1|u3|Li, Na|3\n");
  EXPECT_EQ(Counts("bi_dimuser"), "1|3|2|0|0|0|0|1|0|0\n2|3|1|1|1|0|0|0|0|0\n");
}

TEST_F(ZenotiTest, PodsDoNotTouchEachOther) {
  Write("POD1/1/bi_dimuser/1/a.csv", "u1,Ann,1\n");
  Write("POD2/7/bi_dimuser/1/a.csv", "u1,Ben,2\n");
  Write("POD2/8/bi_dimuser/1/a.csv", "u1,Bea,3\n");
  MustRun();
  EXPECT_EQ(Users(), "POD1|u1|Ann|1\nPOD2|u1|Bea|3\n");
}

TEST_F(ZenotiTest, AHeaderNamesColumnsInAnyOrderAndAShortOneLeavesNulls) {
  Write("POD1/1/bi_dimuser/1/a.csv", "Visits,UserId,Name\n4,u1,Ann\n");
  Write("POD1/2/bi_dimuser/1/a.csv", "userid,visits\r\nu1,5\r\n");
  MustRun();
  EXPECT_EQ(Users(), "POD1|u1|NULL|5\n");
}

TEST_F(ZenotiTest, AColumnThatNobodyKnowsMayBeIgnored) {
  ingest_.schema_changes = config::SchemaChanges::kIgnore;
  Write("POD1/1/bi_dimuser/1/a.csv", "userid,name,visits,mood\nu1,Ann,1,good\nu2,Bob,2,x,y\n");
  MustRun();
  EXPECT_EQ(Users(), "POD1|u1|Ann|1\n");
  EXPECT_EQ(Rows("SELECT line, reason FROM _sluice.quarantine"), "3|too many columns\n");
}

TEST_F(ZenotiTest, BadRowsGoToQuarantineWithTheirPlaceAndTheRestIsLoaded) {
  Write("POD1/1/bi_dimuser/1/a.csv",
        "u1,\"two\nlines\",1\nu2,Bob,12.7\n,Nobody,1\nu3,Cay\nu4,Dan,4,5\nu5,Eve,5\n");
  MustRun();
  EXPECT_EQ(Users(), "POD1|u1|two\nlines|1\nPOD1|u5|Eve|5\n");
  EXPECT_EQ(
      Rows("SELECT line, byte_offset, column_name, value, reason FROM _sluice.quarantine ORDER "
           "BY line"),
      "3|17|visits|12.7|expected a whole number between -2147483648 and 2147483647\n"
      "4|29|userid|NULL|the key is NULL\n"
      "5|39|NULL|NULL|too few columns\n"
      "6|46|NULL|NULL|too many columns\n");
  EXPECT_EQ(Counts("bi_dimuser"), "1|6|2|0|0|0|0|0|0|4\n");
}

TEST_F(ZenotiTest, VoidThatIsNullIsNeitherARowNorADeletion) {
  Write("POD1/1/bi_factsale/1/a.csv", "1,1,,o\n2,2,0,o\n");
  MustRun();
  EXPECT_EQ(Sales(), "POD1|2|2.00\n");
  EXPECT_EQ(Rows("SELECT line, reason FROM _sluice.quarantine"),
            "1|void is NULL: neither a deletion nor a row\n");
}

TEST_F(ZenotiTest, TheTwoExceptionsSkipVoidedRowsAndInsertAllOthers) {
  Write("SchemaFull/bi_factfeedbackv2.txt",
        "create table bi_factfeedbackv2 (id INT, void BOOLEAN)");
  AddTable("bi_factfeedbackv2", {"id"});
  Write("POD1/1/bi_factfeedbackv2/1/a.csv", "1,0\n2,1\n3,\n");
  Write("POD1/2/bi_factfeedbackv2/1/a.csv", "1,1\n1,0\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id, count(*) FROM bi_factfeedbackv2 GROUP BY id ORDER BY id"),
            "1|2\n3|1\n");
  EXPECT_EQ(Counts("bi_factfeedbackv2"), "1|3|2|0|0|0|0|0|1|0\n2|2|1|0|0|0|0|0|1|0\n");
  EXPECT_EQ(Rows("SELECT sum(key_collisions) FROM _sluice.loads"), "1\n");
}

TEST_F(ZenotiTest, AnUpgradeAddsColumnsAndOlderFilesLackThem) {
  Write("POD1/1/bi_dimuser/1/a.csv", "u1,Ann,1\n");
  MustRun();
  Write("SchemaUpgrade/R2/bi_dimuser.txt", "alter table bi_dimuser add column city varchar(20)");
  Write("POD1/2/bi_dimuser/1/a.csv", "u2,Bob,2,Rome\n");
  Write("POD1/2/bi_dimuser/2/a.csv", "u3,Cay,3\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT userid, city FROM bi_dimuser ORDER BY 1"), "u1|NULL\nu2|Rome\nu3|NULL\n");
}

TEST_F(ZenotiTest, AFileWithoutAHeaderGoesByTheVersionOfItsWidth) {
  Write("SchemaUpgrade/R2/bi_factsale.txt",
        "create table bi_factsale (saleid INT, amount DECIMAL(10,2), rating INT, void BOOLEAN, "
        "organizationid VARCHAR(36))");
  Write("POD1/1/bi_factsale/1/a.csv", "1,10,0,o\n2,20,0,o\n");
  Write("POD1/2/bi_factsale/1/a.csv", "1,,,1,o\n3,30,1,0,o\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT saleid, amount, rating, void FROM bi_factsale ORDER BY ALL"),
            "2|20.00|NULL|false\n3|30.00|1|false\n");
}

TEST_F(ZenotiTest, AFileThatFitsTwoVersionsOfOneWidthIsHeld) {
  Write("SchemaUpgrade/R2/bi_dimuser.txt",
        "create table bi_dimuser (userid NVARCHAR(36), visits INT, name NVARCHAR(10))");
  Write("POD1/1/bi_dimuser/1/a.csv", "u1,1,2\n");
  Write("POD1/1/bi_dimuser/2/a.csv", "userid,name,visits\nu2,Bob,2\n");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_EQ(Rows("SELECT message FROM _sluice.holds"),
            "POD1/1/bi_dimuser/1/a.csv: the file has 3 columns and no header, and two versions of "
            "the table have so many: column 2 is name in one and visits in the other. "
            "Have the file sent with a header\n");
}

TEST_F(ZenotiTest, ATableThatHoldsWhatAnUpgradeAppendsHadAShorterVersion) {
  Write("SchemaUpgrade/R2/bi_dimuser.txt", "alter table bi_dimuser add column visits INT");
  Write("POD1/1/bi_dimuser/1/a.csv", "u1,Ann\n");
  MustRun();
  EXPECT_EQ(Users(), "POD1|u1|Ann|NULL\n");
}

TEST_F(ZenotiTest, AFileWithFewerColumnsThanAnyVersionIsHeld) {
  Write("POD1/1/bi_dimuser/1/a.csv", "u1,Ann\n");
  Write("POD1/1/bi_factsale/1/a.csv", "1,1,0,o\n");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_EQ(outcome->hold_ids.size(), 1U);
  EXPECT_EQ(Sales(), "POD1|1|1.00\n") << "the other table of the group is loaded";
  EXPECT_EQ(Rows("SELECT kind, table_name, pod, group_id FROM _sluice.holds"),
            "file|bi_dimuser|POD1|1\n");
  const auto again = Run();
  EXPECT_EQ(again->hold_ids, outcome->hold_ids) << "later runs do not hold it again";
}

TEST_F(ZenotiTest, AGateHoldsASmallGroupUntilItIsAccepted) {
  config::Check check;
  check.kind = config::Check::Kind::kVolume;
  check.volume.at_least = config::Percent{60};
  ingest_.checks.push_back(check);
  std::string ten;
  for (int i = 0; i < 10; ++i) ten += "u" + std::to_string(i) + ",N,1\n";
  for (int group = 1; group <= 6; ++group) {
    Write("POD1/" + std::to_string(group) + "/bi_dimuser/1/a.csv", ten);
  }
  Write("POD1/7/bi_dimuser/1/a.csv", "u0,Small,2\n");
  Write("POD1/8/bi_dimuser/1/a.csv", ten);
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  ASSERT_EQ(outcome->hold_ids.size(), 1U);
  EXPECT_EQ(Rows("SELECT max(group_id) FROM _sluice.cursors"), "6\n") << "group 8 waits behind 7";
  EXPECT_NE(Rows("SELECT message FROM _sluice.holds").find("too few rows: 1, expected at least 6"),
            std::string::npos);
  AcceptHold();
  EXPECT_EQ(Rows("SELECT name FROM bi_dimuser WHERE userid = 'u0'"), "Small\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT max(group_id) FROM _sluice.cursors"), "8\n");
  EXPECT_EQ(Rows("SELECT name FROM bi_dimuser WHERE userid = 'u0'"), "N\n");
}

TEST_F(ZenotiTest, ADayIsJudgedOnceItIsOver) {
  config::Check check;
  check.kind = config::Check::Kind::kVolume;
  check.volume.per = config::VolumeCheck::Per::kDay;
  check.volume.min_history = 3;
  check.volume.at_least = config::Percent{60};
  check.tables = {"bi_dimuser"};
  ingest_.checks.push_back(check);
  constexpr int64_t kDay = 86'400;
  // Ten rows a day; on the sixth day only one comes, on the seventh nothing.
  for (int group = 1; group <= 7; ++group) {
    std::string rows;
    for (int i = 0; i < (group == 7 ? 1 : 10); ++i) {
      rows += "u" + std::to_string(100 * group + i) + ",N,1\n";
    }
    const std::string path = "POD1/" + std::to_string(group) + "/bi_dimuser/1/a.csv";
    Write(path, rows);
    const utimbuf times{group * kDay, group * kDay};
    ASSERT_EQ(utime(env::JoinPath(drop_, path).c_str(), &times), 0);
  }
  clock_.Set(7 * kDay * 1'000'000 + 1);
  EXPECT_EQ(MustRun().hold_ids.size(), 0U) << "day 7 is not over";
  clock_.Set(8 * kDay * 1'000'000 + 1);
  ASSERT_EQ(MustRun().hold_ids.size(), 1U);
  EXPECT_EQ(
      Rows("SELECT kind, message FROM _sluice.holds"),
      "day|1970-01-08: too few rows: 1, expected at least 6 (the median of the last 5 days is "
      "10)\n");
  clock_.Set(9 * kDay * 1'000'000 + 1);
  EXPECT_EQ(MustRun().hold_ids.size(), 2U) << "nothing came on day 8";
  EXPECT_EQ(MustRun().hold_ids.size(), 2U) << "a day is judged once";

  // What came on day 8 was only seen later: the day is judged again, passes, and is held no more.
  std::string rows;
  for (int i = 0; i < 10; ++i) rows += "u" + std::to_string(800 + i) + ",N,1\n";
  Write("POD1/8/bi_dimuser/1/a.csv", rows);
  const utimbuf times{8 * kDay, 8 * kDay};
  ASSERT_EQ(utime(env::JoinPath(drop_, "POD1/8/bi_dimuser/1/a.csv").c_str(), &times), 0);
  EXPECT_EQ(MustRun().hold_ids.size(), 1U);
  EXPECT_EQ(Rows("SELECT files, state, reason FROM _sluice.holds ORDER BY files"),
            "1970-01-08|open|NULL\n1970-01-09|accepted|the day has 10 rows by now and passes\n");
  EXPECT_EQ(
      Rows("SELECT outcome, measured FROM _sluice.check_results WHERE day = '1970-01-09' ORDER "
           "BY outcome"),
      "fail|0\npass|10\n");
}

TEST_F(ZenotiTest, ALateFileIsHeldWhereTheProjectWantsIt) {
  ingest_.late_files = config::LateFiles::kHold;
  Write("POD1/1/bi_dimuser/1/a.csv", "u1,Ann,1\n");
  Write("POD1/2/bi_dimuser/1/a.csv", "u2,Bob,2\n");
  MustRun();
  Write("POD1/1/bi_dimuser/2/late.csv", "u1,Late,9\n");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->late_files, 1);
  EXPECT_EQ(outcome->hold_ids.size(), 1U);
  EXPECT_EQ(Users(), "POD1|u1|Ann|1\nPOD1|u2|Bob|2\n");
}

TEST_F(ZenotiTest, AFileThatWasOnlyTouchedIsNotLate) {
  ingest_.late_files = config::LateFiles::kHold;
  Write("POD1/1/bi_dimuser/1/a.csv", "u1,Ann,1\n");
  Write("POD1/2/bi_dimuser/1/a.csv", "u2,Bob,2\n");
  MustRun();
  Touch("POD1/1/bi_dimuser/1/a.csv");
  EXPECT_EQ(MustRun().late_files, 0);
  Write("POD1/1/bi_dimuser/1/a.csv", "u1,Ann,9\n");
  EXPECT_EQ(Run()->late_files, 1);
}

TEST_F(ZenotiTest, TooManyBadRowsHoldTheWholeFile) {
  ingest_.bad_rows = {1, 2};
  Write("POD1/1/bi_dimuser/1/a.csv", "u1,A,x\nu2,A,x\nu3,A,x\nu4,A,4\n");
  const auto outcome = Run();
  ASSERT_EQ(outcome->hold_ids.size(), 1U);
  EXPECT_EQ(Rows("SELECT check_name, message FROM _sluice.holds"),
            "bad_rows|POD1/1/bi_dimuser/1/a.csv: 3 of 4 rows (75.0%) are bad, more than the 1% or "
            "2 that are "
            "allowed\n");
}

TEST_F(ZenotiTest, EmptyFilesAndHeadersAloneAreConsumed) {
  Write("POD1/1/bi_dimuser/1/a.csv", "");
  Write("POD1/1/bi_dimuser/2/a.csv", "userid,name,visits\n");
  MustRun();
  EXPECT_EQ(Users(), "");
  EXPECT_EQ(Rows("SELECT count(*) FROM _sluice.files WHERE state = 'loaded'"), "2\n");
}

TEST_F(ZenotiTest, TextLongerThanDeclaredIsLoadedAndCounted) {
  Write("POD1/1/bi_dimuser/1/a.csv", "u1,ElevenBytes,1\nu2,Short,2\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT sum(too_long) FROM _sluice.loads"), "1\n");
}

TEST_F(ZenotiTest, ABrokenSchemaFileStopsItsTableAlone) {
  Write("SchemaFull/Bi_DimUser.txt", "create table oops");
  Write("POD1/1/bi_dimuser/1/a.csv", "u1,Ann,1\n");
  Write("POD1/1/bi_factsale/1/a.csv", "1,1,0,o\n");
  const auto outcome = Run();
  EXPECT_TRUE(outcome->failed);
  EXPECT_EQ(Sales(), "POD1|1|1.00\n");
}

TEST_F(ZenotiTest, NinetyNineComesBeforeHundred) {
  Write("POD1/100/bi_dimuser/1/a.csv", "u1,New,2\n");
  Write("POD1/99/bi_dimuser/1/a.csv", "u1,Old,1\n");
  MustRun();
  EXPECT_EQ(Users(), "POD1|u1|New|2\n");
}

TEST_F(ZenotiTest, AGroupThatMayStillGrowWaits) {
  clock_.Set(0);
  ingest_.settle = std::chrono::minutes(15);
  Write("POD1/1/bi_dimuser/1/a.csv", "u1,Ann,1\n");
  Write("POD1/2/bi_dimuser/1/a.csv", "u1,Anna,2\n");
  MustRun();
  EXPECT_EQ(Users(), "POD1|u1|Ann|1\n") << "group 2 is the highest and young";
}

}  // namespace
}  // namespace sluice::ingest
