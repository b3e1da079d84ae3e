#include "ingest/quarantine.h"

#include "ingest/ingest_fixture.h"
#include "ingest/quarantine_sql.h"
#include "ingest/replay.h"

namespace sluice::ingest {
namespace {

class QuarantineTest : public IngestTest {
 protected:
  // Layout files, one table with an INT key `id` and an INT `n`.
  void AddFiles(config::Table::Mode mode) {
    ingest_.layout = "files";
    ingest_.csv.empty_quoted_is_null = false;
    config::Table table;
    table.name = "t";
    table.key = {"id"};
    table.pattern = "*.csv";
    table.mode = mode;
    table.columns = {{"id", "INTEGER", {}}, {"n", "INTEGER", {}}};
    ingest_.tables.push_back(std::move(table));
  }
  std::vector<QuarantineEntry> Entries(const std::string& where = "true") {
    auto entries = ReadQuarantine(session_->connection(), where, {}, 1000);
    EXPECT_TRUE(entries.ok()) << entries.status().ToString();
    return entries.ok() ? std::move(entries).value() : std::vector<QuarantineEntry>();
  }
  // Stores `text` for every row of `where`, after it was judged.
  Status Fix(const std::string& where, const std::string& text) {
    const auto entries = Entries(where);
    EXPECT_FALSE(entries.empty()) << where;
    SLUICE_ASSIGN(TargetTable target,
                  TargetOf(session_->connection(), ingest_, entries.front().table));
    const RowEditor editor(std::move(target));
    for (const QuarantineEntry& entry : entries) SLUICE_TRY(editor.Judge(entry, text));
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(session_->connection()));
    SLUICE_TRY(StoreFixes(session_->connection(), entries,
                          std::vector<std::string>(entries.size(), text), "", {"test", 0}));
    return transaction->Commit();
  }
  Status Discard(const std::string& where) {
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(session_->connection()));
    SLUICE_TRY(DiscardRows(session_->connection(), Entries(where), "no use", {"test", 0}));
    return transaction->Commit();
  }
  // Looks into later files when `looks`.
  enum class Rebuilds { kNo, kYes };
  ReplayOutcome Replay(Rebuilds rebuilds = Rebuilds::kNo, bool looks = false) {
    FetchFile fetch;
    ListSources list;
    if (rebuilds == Rebuilds::kYes) {
      list = [&]() -> Result<std::vector<Source>> {
        SLUICE_ASSIGN(auto listing, store_->List("", nullptr));
        return std::vector<Source>{{"drop", store_.get(), std::move(listing)}};
      };
    }
    if (looks) {
      fetch = [&](const std::string&, const connector::StoredFile& file, const std::string& spool) {
        return store_->Fetch(file, spool, nullptr, nullptr);
      };
    }
    const IngestContext context{
        ingest_, *session_, *functions_, reporter_, clock_, nullptr, env::JoinPath(dir_, "spool"),
        "replay"};
    auto outcomes = ReplayFixes(context, {}, fetch, list);
    EXPECT_TRUE(outcomes.ok()) << outcomes.status().ToString();
    if (!outcomes.ok() || outcomes->empty()) return {};
    EXPECT_EQ(Rows("SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, "
                   "'_sluice_')"),
              "");
    return outcomes->front();
  }
  // read|inserted|updated|skipped|quarantined of each file, and whether the loads say the same.
  std::string Accounts() {
    EXPECT_EQ(Rows("SELECT count(*) FROM _sluice.files WHERE rows_read <> inserted + updated + "
                   "unchanged + delete_matched + delete_unmatched + superseded + skipped + "
                   "quarantined"),
              "0\n");
    EXPECT_EQ(Rows("SELECT sum(inserted), sum(skipped), sum(quarantined) FROM _sluice.files"),
              Rows("SELECT sum(inserted), sum(skipped), sum(quarantined) FROM _sluice.loads"));
    EXPECT_EQ(Rows("SELECT sum(quarantined)::BIGINT FROM _sluice.files"),
              Rows("SELECT count(*) FROM _sluice.quarantine"));
    return Rows(
        "SELECT rows_read, inserted, updated, skipped, quarantined FROM _sluice.files "
        "ORDER BY rowid");
  }
};

TEST_F(QuarantineTest, AFixedRowIsAddedUnderItsOwnFileAndLoad) {
  AddFiles(config::Table::Mode::kAppend);
  Write("a.csv", "id,n\n1,1\n2,two\n3,3\n");
  MustRun();
  ASSERT_TRUE(Fix("q.line = 3", "2,2").ok());
  EXPECT_EQ(Replay().counts.inserted, 1);
  EXPECT_EQ(Rows("SELECT id, n FROM t ORDER BY id"), "1|1\n2|2\n3|3\n");
  EXPECT_EQ(Rows("SELECT count(DISTINCT (_sluice_file, _sluice_load)) FROM t"), "1\n");
  EXPECT_EQ(Accounts(), "3|3|0|0|0\n");
  EXPECT_EQ(Rows("SELECT version FROM _sluice.versions WHERE name = 't'"), "2\n");
}

TEST_F(QuarantineTest, AFixIsFoundAgainWhenItsFileIsStagedAgain) {
  AddFiles(config::Table::Mode::kReplace);
  Write("a.csv", "id,n\r\n1,1\r\n2,two\r\n3\r\n4,four\r\n");
  MustRun();
  ASSERT_TRUE(Fix("q.line = 3", "2,\"2\"").ok());
  ASSERT_TRUE(Discard("q.line = 4").ok());
  EXPECT_EQ(Accounts(), "4|1|0|1|2\n");
  Write("b.csv", "id,n\n5,5\n");
  MustRun();  // the set has changed: all files are read again
  EXPECT_EQ(Rows("SELECT id, n FROM t ORDER BY id"), "1|1\n2|2\n5|5\n");
  EXPECT_EQ(Rows("SELECT rows_read, inserted, skipped, quarantined FROM _sluice.files ORDER BY "
                 "rowid DESC LIMIT 2"),
            "1|1|0|0\n4|2|1|1\n");
  EXPECT_EQ(Rows("SELECT line, action, state FROM _sluice.quarantine_fixes ORDER BY line"),
            "3|fix|applied\n4|discard|applied\n");
  // Places are those in the file as it came, whatever was done to rows before.
  EXPECT_EQ(Rows("SELECT line, byte_offset FROM _sluice.quarantine ORDER BY rowid DESC LIMIT 1"),
            "5|21\n");
}

TEST_F(QuarantineTest, WhatDoesNotFitIsRefusedWithItsPlace) {
  AddFiles(config::Table::Mode::kAppend);
  Write("a.csv", "id,n\n1,one\n2,2\n");
  MustRun();
  EXPECT_EQ(Fix("true", "1,zwei").message().substr(0, 24), "a.csv:2: column n: expec");
  EXPECT_EQ(Fix("true", ",1").message(), "a.csv:2: column id: the key is NULL");
  EXPECT_EQ(Fix("true", "1").message(), "a.csv:2: too few columns");
  EXPECT_EQ(Fix("true", "1,1\n2,2").message(), "a.csv:2: it is more than one row");
  EXPECT_EQ(Fix("true", "").message(), "a.csv:2: there is no row in it");
  EXPECT_EQ(Rows("SELECT count(*) FROM _sluice.quarantine_fixes"), "0\n");
}

TEST_F(QuarantineTest, AnOpenQuoteIsNotFixedForTheRowsItSwallowed) {
  AddFiles(config::Table::Mode::kAppend);
  Write("a.csv", "id,n\n1,1\n2,\"2\n3,3\n");
  MustRun();
  EXPECT_NE(Fix("true", "2,2").message().find("never closed"), std::string::npos);
}

TEST_F(QuarantineTest, ACheckThatFailsKeepsTheRowsOut) {
  AddFiles(config::Table::Mode::kAppend);
  config::Check unique;
  unique.kind = config::Check::Kind::kUnique;
  ingest_.checks.push_back(unique);
  Write("a.csv", "id,n\n1,1\nx,2\n");
  MustRun();
  ASSERT_TRUE(Fix("true", "1,2").ok());
  EXPECT_EQ(Replay().outcome, "held");
  EXPECT_EQ(Accounts(), "2|1|0|0|1\n");
  ASSERT_TRUE(Fix("true", "2,2").ok());  // another decision about the same row
  EXPECT_EQ(Replay().outcome, "done");
  EXPECT_EQ(Accounts(), "2|2|0|0|0\n");
}

class ZenotiQuarantineTest : public QuarantineTest {
 protected:
  void SetUp() override {
    QuarantineTest::SetUp();
    Write("SchemaFull/bi_dimuser.txt", "create table bi_dimuser (userid INT, age INT);");
    Write("SchemaFull/bi_factsale.txt",
          "create table bi_factsale (saleid INT, amount INT, void BOOLEAN);");
  }
};

TEST_F(ZenotiQuarantineTest, ADimensionsRowNeverWinsOverALaterOne) {
  AddTable("bi_dimuser", {"userid"});
  Write("P/1/bi_dimuser/1/a.csv", "1,old\n2,young\n");
  Write("P/2/bi_dimuser/1/a.csv", "1,41\n");
  MustRun();
  ASSERT_TRUE(Fix("q.line = 1", "1,40").ok());
  EXPECT_EQ(Replay().outcome, "failed");  // and no rebuild was offered
  EXPECT_EQ(Rows("SELECT age FROM bi_dimuser"), "41\n");
  const auto outcome = Replay(Rebuilds::kYes);
  EXPECT_EQ(outcome.outcome, "rebuilt") << outcome.message;
  EXPECT_EQ(Rows("SELECT userid, age FROM bi_dimuser"), "1|41\n") << "the later row still wins";
  EXPECT_EQ(Rows("SELECT inserted, updated, quarantined FROM _sluice.files ORDER BY group_id"),
            "1|0|1\n0|1|0\n")
      << "as if the first file had been so from the start";
  EXPECT_EQ(Rows("SELECT state FROM _sluice.quarantine_fixes"), "applied\n");
  EXPECT_EQ(Rows("SELECT line FROM _sluice.quarantine"), "2\n");
  EXPECT_EQ(Rows("SELECT reason FROM _sluice.rebuilds"), "rows of it were fixed\n");
}

TEST_F(ZenotiQuarantineTest, OnlyThePodOfTheFixIsRebuilt) {
  AddTable("bi_factsale", {"saleid"});
  Write("P/1/bi_factsale/1/a.csv", "1,1,0\n2,x,0\n");
  Write("P/2/bi_factsale/1/a.csv", "2,2,1\n");
  Write("Q/1/bi_factsale/1/a.csv", "9,9,0\n");
  MustRun();
  ASSERT_TRUE(Fix("true", "2,2,0").ok());
  const auto outcome = Replay(Rebuilds::kYes);
  EXPECT_EQ(outcome.outcome, "rebuilt") << outcome.message;
  EXPECT_EQ(Rows("SELECT saleid FROM bi_factsale ORDER BY 1"), "1\n9\n") << "it is voided later";
  EXPECT_EQ(Rows("SELECT connection, pod, files FROM _sluice.rebuilds"), "drop|P|2\n");
  Accounts();
}

TEST_F(ZenotiQuarantineTest, WithoutItsFilesATableIsNotRebuilt) {
  AddTable("bi_dimuser", {"userid"});
  Write("P/1/bi_dimuser/1/a.csv", "1,old\n2,3\n");
  Write("P/2/bi_dimuser/1/a.csv", "1,41\n");
  MustRun();
  ASSERT_TRUE(Fix("true", "1,40").ok());
  ASSERT_TRUE(env::RemoveFile(env::JoinPath(drop_, "P/2/bi_dimuser/1/a.csv")).ok());
  const auto outcome = Replay(Rebuilds::kYes);
  EXPECT_EQ(outcome.outcome, "failed");
  EXPECT_NE(outcome.message.find("cannot be rebuilt: of the 2 files"), std::string::npos)
      << outcome.message;
  EXPECT_EQ(Rows("SELECT state FROM _sluice.quarantine_fixes"), "open\n");
  EXPECT_EQ(Rows("SELECT userid, age FROM bi_dimuser ORDER BY 1"), "1|41\n2|3\n");
}

TEST_F(ZenotiQuarantineTest, ADimensionsRowWithAKeyThatNobodyHasIsAdded) {
  AddTable("bi_dimuser", {"userid"});
  Write("P/1/bi_dimuser/1/a.csv", "1,1\n2,young\n2,younger\n");
  Write("P/2/bi_dimuser/1/a.csv", "1,41\n");
  MustRun();
  ASSERT_TRUE(Fix("q.line = 2", "2,20").ok());
  ASSERT_TRUE(Fix("q.line = 3", "2,19").ok());
  EXPECT_EQ(Replay().outcome, "done");
  EXPECT_EQ(Rows("SELECT age FROM bi_dimuser WHERE userid = 2"), "19\n");
  EXPECT_EQ(Rows("SELECT inserted, superseded, quarantined FROM _sluice.files ORDER BY rowid"),
            "2|1|0\n0|0|0\n");
}

TEST_F(ZenotiQuarantineTest, AFactsRowIsAddedWhenItsFileIsTheLast) {
  AddTable("bi_factsale", {"saleid"});
  Write("P/1/bi_factsale/1/a.csv", "1,1,0\n2,x,0\n");
  MustRun();
  ASSERT_TRUE(Fix("true", "2,2,0").ok());
  EXPECT_EQ(Replay().outcome, "done");
  EXPECT_EQ(Rows("SELECT saleid FROM bi_factsale ORDER BY 1"), "1\n2\n");
  Accounts();
}

TEST_F(ZenotiQuarantineTest, AFactsRowWaitsForARebuildWhenLaterFilesMayVoidIt) {
  AddTable("bi_factsale", {"saleid"});
  Write("P/1/bi_factsale/1/a.csv", "1,1,0\n2,x,0\n");
  Write("P/2/bi_factsale/1/a.csv", "2,2,1\n");
  MustRun();
  ASSERT_TRUE(Fix("true", "2,2,0").ok());
  const auto outcome = Replay();
  EXPECT_EQ(outcome.outcome, "failed");
  EXPECT_NE(outcome.message.find("a file was loaded after"), std::string::npos);
  // Another pod's files are no later ones.
  Write("Q/1/bi_factsale/1/a.csv", "3,x,0\n");
  MustRun();
  Write("P/3/bi_factsale/1/a.csv", "4,4,0\n");
  MustRun();
  ASSERT_TRUE(Fix("q.pod = 'Q'", "3,3,0").ok());
}

TEST_F(ZenotiQuarantineTest, LaterFilesThatDoNotHaveTheKeyDoNotMatter) {
  AddTable("bi_factsale", {"saleid"});
  Write("P/1/bi_factsale/1/a.csv", "1,1,0\n2,x,0\n3,x,0\n");
  Write("P/2/bi_factsale/1/a.csv", "3,,1\n4,4,0\n");
  MustRun();
  ASSERT_TRUE(Fix("q.line = 2", "2,2,0").ok());
  EXPECT_EQ(Replay(Rebuilds::kNo, true).outcome, "done");
  EXPECT_EQ(Rows("SELECT saleid FROM bi_factsale ORDER BY 1"), "1\n2\n4\n");
  ASSERT_TRUE(Fix("q.line = 3", "3,3,0").ok());
  const auto outcome = Replay(Rebuilds::kNo, true);
  EXPECT_EQ(outcome.outcome, "failed");
  EXPECT_NE(outcome.message.find("P/2/bi_factsale/1/a.csv has the same key"), std::string::npos)
      << outcome.message;
  EXPECT_EQ(Rows("SELECT saleid FROM bi_factsale ORDER BY 1"), "1\n2\n4\n");
  Accounts();
}

TEST_F(ZenotiQuarantineTest, ADimensionsRowWinsOverAnEarlierOne) {
  AddTable("bi_dimuser", {"userid"});
  Write("P/1/bi_dimuser/1/a.csv", "1,1\n2,2\n");
  Write("P/2/bi_dimuser/1/a.csv", "1,old\n2,22\n2,older\n");
  Write("P/3/bi_dimuser/1/a.csv", "3,3\n");
  MustRun();
  ASSERT_TRUE(Fix("q.line = 1", "1,11").ok());
  EXPECT_EQ(Replay(Rebuilds::kNo, true).counts.updated, 1);
  EXPECT_EQ(Rows("SELECT age FROM bi_dimuser ORDER BY userid"), "11\n22\n3\n");
  // The rest of its own file has the key: which of the two lines is the last counts.
  ASSERT_TRUE(Fix("q.line = 3", "2,222").ok());
  EXPECT_EQ(Replay(Rebuilds::kNo, true).outcome, "failed");
  Accounts();
}

TEST_F(ZenotiQuarantineTest, AFileThatIsGoneProvesNothing) {
  AddTable("bi_factsale", {"saleid"});
  Write("P/1/bi_factsale/1/a.csv", "1,1,0\n2,x,0\n");
  Write("P/2/bi_factsale/1/a.csv", "4,4,0\n");
  MustRun();
  ASSERT_TRUE(env::RemoveFile(env::JoinPath(drop_, "P/2/bi_factsale/1/a.csv")).ok());
  ASSERT_TRUE(Fix("true", "2,2,0").ok());
  EXPECT_NE(Replay(Rebuilds::kNo, true).message.find("cannot be read as it was loaded"),
            std::string::npos);
}

TEST_F(ZenotiQuarantineTest, ADeletionLeavesTheRowsOfItsOwnFile) {
  AddTable("bi_factsale", {"saleid"});
  Write("P/1/bi_factsale/1/a.csv", "1,1,0\n");
  Write("P/2/bi_factsale/1/a.csv", "1,2,0\n1,x,1\n");
  MustRun();
  ASSERT_TRUE(Fix("true", "1,1,1").ok());
  EXPECT_EQ(Replay().outcome, "failed");
  EXPECT_EQ(Rows("SELECT count(*) FROM bi_factsale"), "2\n");
}

TEST_F(QuarantineTest, ExpressionsSeeCellsAndWhatIsKnownOfTheRow) {
  AddFiles(config::Table::Mode::kAppend);
  Write("a.csv", "id,n\n1,\"1,0\"\n2,zwei\n3\n4,4\n");
  MustRun();
  const auto entries = Entries();
  const RowEditor editor(TargetOf(session_->connection(), ingest_, "t").value());
  const auto texts = [&](const SqlFix& fix) {
    const auto found = TextsBySql(session_->connection(), editor, entries, fix);
    if (!found.ok()) return found.status().message();
    std::string out;
    for (const auto& text : *found) out += text.value_or("-") + "|";
    return out;
  };
  EXPECT_EQ(texts({"n LIKE '%,%'", {{"n", "split_part(n, ',', 1)"}}, ""}), "1,1|-|-|");
  EXPECT_EQ(texts({"_rule = 'type' AND _line = 3", {{"n", "NULL"}}, ""}), "-|2,|-|");
  EXPECT_EQ(texts({"n IS NULL", {}, "_raw || ',' || _line"}), "-|-|3,4|");
  EXPECT_NE(texts({"true); DROP TABLE t; --", {}, "_raw"}), "");
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), "1\n");
}

}  // namespace
}  // namespace sluice::ingest
