// What becomes of quarantined rows of files that newer ones took the place of.
#include <gtest/gtest.h>

#include "ingest/ingest_fixture.h"
#include "ingest/replay.h"

namespace sluice::ingest {
namespace {

class ReplacedFilesTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    ingest_.layout = "files";
    ingest_.csv = {};
    config::Table table;
    table.name = "t";
    table.pattern = "*.csv";
    table.mode = config::Table::Mode::kAppend;
    table.columns = {{"id", "INTEGER", {}}, {"n", "INTEGER", {}}};
    ingest_.tables.push_back(table);
  }
  config::Table& table() { return ingest_.tables[0]; }
  // Line and row of each, and the counts of every entry: they add up with quarantine at any time.
  std::string Quarantine() {
    return Rows("SELECT address, line, raw FROM _sluice.quarantine ORDER BY ALL");
  }
  std::string Counts(const std::string& of) {
    return Rows("SELECT rows_read, inserted, superseded, quarantined FROM _sluice." + of +
                " ORDER BY rowid");
  }
  // Whether there are as many rows in quarantine as files and loads count.
  void ExpectAccounted() {
    for (const char* of : {"files", "loads"}) {
      EXPECT_EQ(Rows(std::string("SELECT sum(quarantined) = (SELECT count(*) FROM "
                                 "_sluice.quarantine) FROM _sluice.") +
                     of),
                "true\n")
          << of;
    }
  }
};

TEST_F(ReplacedFilesTest, RowsOfAnAppendedFileAreSuperseded) {
  Write("a.csv", "1,1\n2,bad\n");
  Write("b.csv", "3,3\n4,bad\n");
  MustRun();
  Write("a.csv", "1,1\n2,2\n5,bad\n");
  MustRun();
  EXPECT_EQ(Quarantine(), "a.csv|3|5,bad\nb.csv|2|4,bad\n");
  EXPECT_EQ(Counts("files"), "2|1|1|0\n2|1|0|1\n3|2|0|1\n");
  EXPECT_EQ(Counts("loads"), "4|2|1|1\n3|2|0|1\n");
  ExpectAccounted();
}

TEST_F(ReplacedFilesTest, SoAreThoseOfAnUpsert) {
  table().mode = config::Table::Mode::kUpsert;
  table().key = {"id"};
  Write("a.csv", "1,1\n2,bad\n");
  MustRun();
  Write("a.csv", "1,1\n2,2\n");
  MustRun();
  EXPECT_EQ(Quarantine(), "");
  EXPECT_EQ(Counts("files"), "2|1|1|0\n2|1|0|0\n");
  ExpectAccounted();
}

// An upsert keeps what only an earlier version had.
TEST_F(ReplacedFilesTest, RowsOfAnUpsertThatTheNewContentDoesNotHaveStay) {
  table().mode = config::Table::Mode::kUpsert;
  table().key = {"id"};
  Write("a.csv", "1,1\n2,bad\n3,bad\n4,bad\nx,5\n6\n");
  MustRun();
  Write("a.csv", "7,7\n2,2\n4,bad\nx,5\n");
  MustRun();
  EXPECT_EQ(Quarantine(), "a.csv|3|3,bad\na.csv|3|4,bad\na.csv|4|x,5\na.csv|6|6\n");
  EXPECT_EQ(Counts("files"), "6|1|3|2\n4|2|0|2\n");
  ExpectAccounted();
}

TEST_F(ReplacedFilesTest, ARowWithAGreaterVersionThanThatOfTheNewContentStays) {
  table().mode = config::Table::Mode::kUpsert;
  table().key = {"id"};
  table().version = "v";
  table().columns.push_back({"v", "INTEGER", {}});
  Write("a.csv", "1,bad,1\n2,bad,2\n3,bad,3\n4,bad,\n5,bad,x\n9,9,9\n");
  MustRun();
  Write("a.csv", "1,1,2\n2,2,2\n3,3,2\n4,4,\n5,5,5\n");
  MustRun();
  EXPECT_EQ(Quarantine(), "a.csv|3|3,bad,3\na.csv|5|5,bad,x\n");
  ExpectAccounted();
}

TEST_F(ReplacedFilesTest, SoAreThoseOfATableThatIsReplacedOfUnchangedFilesToo) {
  table().mode = config::Table::Mode::kReplace;
  Write("a.csv", "1,1\n2,bad\n");
  MustRun();
  Write("b.csv", "3,3\n");
  MustRun();
  EXPECT_EQ(Quarantine(), "a.csv|2|2,bad\n");
  EXPECT_EQ(Counts("loads"), "2|1|1|0\n3|2|0|1\n");
  ExpectAccounted();
}

// Where names come again for other files nothing takes the place of anything.
TEST_F(ReplacedFilesTest, WhatALetterBoxBroughtCanBeFixedWhenMoreCame) {
  table().after_loading = config::Table::AfterLoading::kDelete;
  Write("a.csv", "1,1\n2,bad\n");
  MustRun();
  Write("a.csv", "3,3\n");
  MustRun();
  EXPECT_EQ(Quarantine(), "a.csv|2|2,bad\n");
  Execute(
      "INSERT INTO _sluice.quarantine_fixes SELECT quarantine_id, ingest, table_name, "
      "content_hash, "
      "byte_offset, 'fix', '2,2', raw, column_name, rule, reason, address, line, NULL, 'open', "
      "now()::TIMESTAMP, NULL FROM _sluice.quarantine");
  const IngestContext context{
      ingest_, *session_, *functions_, reporter_, clock_, nullptr, env::JoinPath(dir_, "spool"),
      "replay"};
  const auto replayed = ReplayFixes(context, {}, {}, {});
  ASSERT_TRUE(replayed.ok()) << replayed.status().ToString();
  ASSERT_EQ(replayed->size(), 1U);
  EXPECT_EQ(replayed->front().outcome, "done") << replayed->front().message;
  EXPECT_EQ(Rows("SELECT id, n FROM t ORDER BY id"), "1|1\n2|2\n3|3\n");
  ExpectAccounted();
}

}  // namespace
}  // namespace sluice::ingest
