// Load modes of layout files beside what modes_random_test.cc compares: ties, holds, the unique check on
// the result, tables that were filled in another mode.
#include <gtest/gtest.h>

#include "ingest/ingest_fixture.h"

namespace sluice::ingest {
namespace {

class ModesTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    ingest_.layout = "files";
    ingest_.csv = {};
    config::Table table;
    table.name = "people";
    table.pattern = "*.csv";
    table.mode = config::Table::Mode::kUpsert;
    table.key = {"id"};
    table.version = "changed";
    table.columns = {{"id", "INTEGER", {}}, {"changed", "TIMESTAMP", {}}, {"email", "VARCHAR", {}}};
    ingest_.tables.push_back(table);
  }
  void DeleteInsert() {
    config::Table& table = ingest_.tables[0];
    table.mode = config::Table::Mode::kDeleteInsert;
    table.version.clear();
    table.columns.push_back({"gone", "BOOLEAN", {}});
    table.delete_when = {"gone", {"true"}};
  }
  void Unique(std::vector<std::string> columns) {
    config::Check check;
    check.kind = config::Check::Kind::kUnique;
    check.columns = std::move(columns);
    ingest_.tables[0].checks.push_back(check);
  }
  std::string People() { return Rows("SELECT id, changed, email FROM people ORDER BY ALL"); }
  std::string Counts() {
    return Rows(
        "SELECT inserted, updated, unchanged, superseded FROM _sluice.loads ORDER BY published_at "
        "DESC, rowid DESC LIMIT 1");
  }
};

TEST_F(ModesTest, OfEqualVersionsTheLaterRowWins) {
  Write("a.csv", "id,changed,email\n1,2026-01-01,a\n1,2026-01-01,b\n2,2026-01-01,c\n3,,d\n3,,e\n");
  Write("b.csv", "id,changed,email\n2,2026-01-01,d\n1,2025-12-31,old\n");
  MustRun();
  EXPECT_EQ(People(), "1|2026-01-01 00:00:00|b\n2|2026-01-01 00:00:00|d\n3|NULL|e\n");
  EXPECT_EQ(Counts(), "3|0|0|4\n");
  Write("c.csv", "id,changed,email\n1,2026-01-01,late\n2,2026-01-01,d\n3,,d\n");
  MustRun();
  EXPECT_EQ(People(), "1|2026-01-01 00:00:00|late\n2|2026-01-01 00:00:00|d\n3|NULL|d\n");
  EXPECT_EQ(Counts(), "0|2|1|0\n");
}

TEST_F(ModesTest, AnOlderRowReplacesNothing) {
  Write("a.csv", "id,changed,email\n1,2026-01-02,new\n2,,x\n");
  MustRun();
  Write("b.csv", "id,changed,email\n1,2026-01-01,old\n2,2026-01-01,y\n");
  MustRun();
  EXPECT_EQ(People(), "1|2026-01-02 00:00:00|new\n2|2026-01-01 00:00:00|y\n");
  EXPECT_EQ(Counts(), "0|1|0|1\n");
  Write("c.csv", "id,changed,email\n2,,z\n");
  MustRun();
  EXPECT_EQ(Counts(), "0|0|0|1\n") << "NULL is the oldest";
}

TEST_F(ModesTest, UniqueLooksAtWhatAnUpsertWouldLeave) {
  Unique({"email"});
  Write("a.csv", "id,changed,email\n1,2026-01-02,a\n2,2026-01-02,b\n");
  MustRun();
  // The two swap; and an older row that is not published has an address that is taken.
  Write("b.csv", "id,changed,email\n1,2026-01-03,b\n2,2026-01-03,a\n");
  MustRun();
  Write("c.csv", "id,changed,email\n1,2026-01-01,a\n3,2026-01-01,c\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id, email FROM people ORDER BY id"), "1|b\n2|a\n3|c\n");
  // 1 stays what it is, for this row is too old to change it, and 4 clashes with it.
  Write("d.csv", "id,changed,email\n1,2026-01-01,x\n4,2026-01-01,b\n");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_EQ(outcome->hold_ids.size(), 1U);
  EXPECT_EQ(Rows("SELECT count(*) FROM people"), "3\n");
}

TEST_F(ModesTest, AHeldUpsertIsComparedWithTheTableOfTheDayItIsAccepted) {
  config::Check accepted;
  accepted.kind = config::Check::Kind::kAcceptedValues;
  accepted.columns = {"email"};
  accepted.values = {"a", "b"};
  ingest_.tables[0].checks.push_back(accepted);
  Write("a.csv", "id,changed,email\n1,2026-01-01,a\n2,2026-01-01,a\n3,2026-01-01,a\n");
  MustRun();
  Write("b.csv", "id,changed,email\n1,2026-01-02,x\n2,2026-01-02,b\n3,2026-01-01,a\n4,,b\n4,,a\n");
  ASSERT_EQ(Run()->hold_ids.size(), 1U);
  Execute("UPDATE people SET changed = '2026-01-03', email = 'b' WHERE id = 2");
  AcceptHold();
  EXPECT_EQ(People(),
            "1|2026-01-02 00:00:00|x\n2|2026-01-03 00:00:00|b\n3|2026-01-01 00:00:00|a\n"
            "4|NULL|a\n");
  EXPECT_EQ(Rows("SELECT rows_read, inserted, updated, unchanged, superseded FROM _sluice.files "
                 "WHERE address = 'b.csv'"),
            "5|1|1|1|2\n");
  EXPECT_EQ(MustRun().loads.size(), 0U);
}

TEST_F(ModesTest, UpsertIntoATableThatWasAppendedToLeavesOneRowOfAKey) {
  ingest_.tables[0].mode = config::Table::Mode::kAppend;
  ingest_.tables[0].version.clear();
  Write("a.csv",
        "id,changed,email\n1,2026-01-01,a\n1,2026-01-01,a\n2,2026-01-01,b\n2,2026-01-05,c\n");
  MustRun();
  ingest_.tables[0].mode = config::Table::Mode::kUpsert;
  ingest_.tables[0].version = "changed";
  Write("b.csv", "id,changed,email\n1,2026-01-01,a\n2,2026-01-03,d\n");
  MustRun();
  EXPECT_EQ(Counts(), "0|1|0|1\n");
  EXPECT_EQ(Rows("SELECT id, email FROM people ORDER BY ALL"), "1|a\n2|b\n2|c\n")
      << "of 2 one row is newer: nothing of it is replaced";
}

TEST_F(ModesTest, BothKindsOfOneKeyInAFileAreAnUpdate) {
  DeleteInsert();
  Write("a.csv", "id,changed,email,gone\n1,,a,0\n2,,b,0\n2,,c,\n");
  MustRun();
  Write("b.csv", "id,changed,email,gone\n1,,,1\n1,,z,0\n2,,,1\n9,,,1\n3,,d,0\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id, email FROM people ORDER BY ALL"), "1|z\n3|d\n");
  EXPECT_EQ(Rows("SELECT inserted, delete_matched, delete_unmatched FROM _sluice.files WHERE "
                 "address = 'b.csv'"),
            "2|2|1\n");
}

TEST_F(ModesTest, UniqueLooksAtWhatADeleteInsertWouldLeave) {
  DeleteInsert();
  Unique({"id"});
  Write("a.csv", "id,changed,email,gone\n1,,a,0\n2,,b,0\n");
  MustRun();
  Write("b.csv", "id,changed,email,gone\n1,,,1\n1,,z,0\n");
  MustRun();
  Write("c.csv", "id,changed,email,gone\n2,,y,0\n");
  ASSERT_EQ(Run()->hold_ids.size(), 1U) << "2 was not deleted and would stand twice";
  EXPECT_EQ(Rows("SELECT id, email FROM people ORDER BY ALL"), "1|z\n2|b\n");
}

TEST_F(ModesTest, AMarkerThatTheColumnCannotHaveIsAnError) {
  DeleteInsert();
  ingest_.tables[0].delete_when.values = {"true", "deleted"};
  Write("a.csv", "id,changed,email,gone\n1,,a,0\n");
  const auto outcome = Run();
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.status().ToString().find("\"deleted\" is no value of column gone"),
            std::string::npos)
      << outcome.status().ToString();
}

}  // namespace
}  // namespace sluice::ingest
