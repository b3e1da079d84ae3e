#include <gtest/gtest.h>
#include <zlib.h>

#include "ingest/ingest_fixture.h"

namespace sluice::ingest {
namespace {

class FilesTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    ingest_.layout = "files";
    ingest_.csv = {};
    config::Table orders;
    orders.name = "orders";
    orders.pattern = "orders/**/*.csv*";
    orders.mode = config::Table::Mode::kAppend;
    orders.columns = {
        {"id", "BIGINT", {}}, {"amount", "DECIMAL(8,2)", {}}, {"note", "VARCHAR", {}}};
    ingest_.tables.push_back(orders);
    config::Table prices = orders;
    prices.name = "prices";
    prices.pattern = "prices-*.csv";
    prices.mode = config::Table::Mode::kReplace;
    ingest_.tables.push_back(prices);
  }
  static config::Check Unique() {
    config::Check check;
    check.kind = config::Check::Kind::kUnique;
    check.columns = {"id"};
    return check;
  }
  // But for what is said of patterns without a file.
  static std::vector<std::string> Warnings(IngestOutcome outcome) {
    std::erase_if(outcome.warnings, [](const std::string& warning) {
      return warning.find("no file matches") != std::string::npos;
    });
    return outcome.warnings;
  }
};

TEST_F(FilesTest, AppendTakesEachFileOnce) {
  Write("orders/2026/a.csv", "id,amount,note\n1,1.50,x\n");
  MustRun();
  Write("orders/2026/07/b.csv", "2,2.50,\"\"\n3,3,\n");
  MustRun();
  EXPECT_EQ(MustRun().loads.size(), 0U);
  EXPECT_EQ(Rows("SELECT id, amount, note FROM orders ORDER BY id"),
            "1|1.50|x\n2|2.50|\n3|3.00|NULL\n");
  EXPECT_EQ(Rows("SELECT count(DISTINCT _sluice_load), count(DISTINCT _sluice_file) FROM orders"),
            "2|2\n");
}

TEST_F(FilesTest, HowManyRowsThereAreIsToldBeforeTheyAreRead) {
  Write("orders/a.csv", "id,amount,note\n1,1,x\n2,bad,y\n3,3,z\n");
  MustRun();
  EXPECT_EQ(reporter_.announced, std::vector<uint64_t>{3});
}

TEST_F(FilesTest, AFileThatChangedTakesThePlaceOfWhatItWas) {
  ingest_.tables[0].checks.push_back(Unique());
  Write("orders/a.csv", "1,1,x\n2,bad,y\n");
  Write("orders/b.csv", "9,9,x\n");
  MustRun();
  Write("orders/a.csv", "1,1.50,x\n2,2,y\n3,3,z\n");
  const auto outcome = MustRun();
  EXPECT_EQ(outcome.late_files, 0);
  EXPECT_EQ(Warnings(outcome), std::vector<std::string>{
                                   "z.orders: orders/a.csv has changed since it was loaded: 1 row "
                                   "of earlier versions is replaced, and 1 in quarantine"});
  EXPECT_EQ(Rows("SELECT id, amount FROM orders ORDER BY id"), "1|1.50\n2|2.00\n3|3.00\n9|9.00\n");
  EXPECT_EQ(Rows("SELECT address, state FROM _sluice.files ORDER BY rowid"),
            "orders/a.csv|replaced\norders/b.csv|loaded\norders/a.csv|loaded\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM _sluice.quarantine"), "0\n");
  // And back to what it was: the same content has the same id.
  Write("orders/a.csv", "1,1,x\n2,bad,y\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id, amount FROM orders ORDER BY id"), "1|1.00\n9|9.00\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM _sluice.quarantine"), "1\n");
  EXPECT_EQ(MustRun().loads.size(), 0U);
}

TEST_F(FilesTest, AChangedFileIsHeldWhereTheProjectWantsIt) {
  ingest_.late_files = config::LateFiles::kHold;
  Write("orders/a.csv", "1,1,x\n");
  MustRun();
  Write("orders/a.csv", "1,1,x\n2,2,y\n");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->late_files, 1);
  EXPECT_EQ(Rows("SELECT count(*) FROM orders"), "1\n");
}

TEST_F(FilesTest, NamesComeAgainWhereFilesMoveAway) {
  ingest_.tables[0].after_loading = config::Table::AfterLoading::kDelete;
  Write("orders/a.csv", "1,1,x\n");
  MustRun();
  Write("orders/a.csv", "2,2,y\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id FROM orders ORDER BY id"), "1\n2\n");
}

TEST_F(FilesTest, AFileThatAGateHeldTakesThePlaceOfWhatItWas) {
  ingest_.tables[0].checks.push_back(Unique());
  Write("orders/a.csv", "1,1,x\n");
  MustRun();
  Write("orders/a.csv", "2,2,x\n2,2,y\n");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok());
  ASSERT_EQ(outcome->hold_ids.size(), 1U);
  EXPECT_EQ(Rows("SELECT id FROM orders"), "1\n");
  AcceptHold();
  EXPECT_EQ(Rows("SELECT id FROM orders"), "2\n2\n");
}

TEST_F(FilesTest, OfTheLedgerOnlyWhatIsInAStoreIsKept) {
  Write("orders/a.csv", "1,1,x\n");
  Write("orders/b.csv", "2,2,x\n");
  MustRun();
  const std::vector<Source> none = {{"drop", store_.get(), {}}};
  auto ledger = ReadLedger(session_->connection(), ingest_, none);
  ASSERT_TRUE(ledger.ok()) << ledger.status().ToString();
  EXPECT_TRUE(ledger->files.empty()) << "the history of a store that is emptied grows for ever";
  EXPECT_EQ(ledger->fed.count("orders"), 1U);
  ingest_.tables[0].manifest = "*.manifest";  // it may name files that have gone
  ledger = ReadLedger(session_->connection(), ingest_, none);
  ASSERT_TRUE(ledger.ok());
  EXPECT_EQ(ledger->files.size(), 2U);
}

TEST_F(FilesTest, TheSameContentUnderAnotherNameIsTold) {
  Write("orders/a.csv", "1,1,x\n");
  Write("orders/empty.csv", "id,amount,note\n");
  MustRun();
  Write("orders/copy.csv", "1,1,x\n");
  Write("orders/empty2.csv", "id,amount,note\n");
  Write("orders/third.csv", "1,1,x\n");
  EXPECT_EQ(
      Warnings(MustRun()),
      (std::vector<std::string>{
          "z.orders: orders/empty2.csv without a row",
          "z.orders: orders/copy.csv has the content of orders/a.csv, and 1 more file likewise: "
          "their rows are there twice (sluice unload takes a load back)"}));
}

TEST_F(FilesTest, TheSameContentIsToldWhereverItLies) {
  AddStore("second", "second");
  Write("../second/readme.txt", "");
  Write("orders/a.csv", "1,1,x\n");
  MustRun();
  Write("../second/orders/a.csv", "1,1,x\n");
  EXPECT_EQ(Warnings(MustRun()).size(), 1U) << "under the same name in another store";
  // What a table was replaced from before is no part of it; two files of one load are.
  Write("prices-1.csv", "1,1,x\n");
  Write("prices-2.csv", "1,1,x\n");
  EXPECT_EQ(Warnings(MustRun()).size(), 1U);
}

TEST_F(FilesTest, AFileThatWasOnlyTouchedHasNotChanged) {
  Write("orders/a.csv", "1,1,x\n");
  Write("prices-1.csv", "1,1,x\n");
  MustRun();
  const std::string before = Rows("SELECT tag FROM _sluice.files ORDER BY ALL");
  Touch("orders/a.csv");
  Touch("prices-1.csv");
  const IngestOutcome outcome = MustRun();
  EXPECT_EQ(outcome.late_files, 0);
  EXPECT_EQ(outcome.loads.size(), 0U) << "nor is what is replaced loaded again";
  EXPECT_NE(Rows("SELECT tag FROM _sluice.files ORDER BY ALL"), before);
  Write("orders/a.csv", "1,2,x\n");
  EXPECT_EQ(MustRun().loads.size(), 1U) << "as long, and another content";
}

TEST_F(FilesTest, AColumnThatAHeaderHasTwiceIsNotLoadedOnce) {
  ingest_.schema_changes = config::SchemaChanges::kEvolve;
  Write("orders/a.csv", "id,amount,note,extra,Extra\n1,1,x,y,z\n");
  ASSERT_EQ(Run()->hold_ids.size(), 1U);
  EXPECT_EQ(
      Rows("SELECT message FROM _sluice.holds"),
      "orders/a.csv: the header has extra twice (columns 4 and 5). Have it sent with each name "
      "once\n");
}

TEST_F(FilesTest, FilesWithoutARowAreToldAndOnesThatCannotBeSoAreHeld) {
  Write("orders/a.csv", "id,amount,note\n");
  Write("orders/b.csv", "");
  Write("orders/c.csv", "1,1,x\n");
  EXPECT_EQ(Warnings(MustRun()),
            std::vector<std::string>{"z.orders: orders/a.csv and 1 more file without a row"});
  Write("orders/d.csv", "2,2,x\n");
  EXPECT_TRUE(Warnings(MustRun()).empty());
  ingest_.tables[0].pattern = "orders/*";
  Write("orders/e.csv.gz", "");
  ASSERT_EQ(Run()->hold_ids.size(), 1U);
  EXPECT_EQ(
      Rows("SELECT check_name, message FROM _sluice.holds"),
      "file|orders/e.csv.gz: it has 0 bytes, and is no gzip file. Have the file sent again\n");
}

// With another delimiter every row is one field, and that is a value of the first column.
TEST_F(FilesTest, OneColumnIsNeverLoadedInSilence) {
  config::Table& table = ingest_.tables[0];
  table.key = {};
  table.columns = {{"name", "VARCHAR", {}}, {"note", "VARCHAR", {}}};
  ingest_.csv.pad_short = true;
  Write("orders/a.csv", "Ann;x\nBen\nCid;y;z\n");
  ASSERT_EQ(Run()->hold_ids.size(), 1U);
  EXPECT_EQ(
      Rows("SELECT message FROM _sluice.holds"),
      "orders/a.csv: most rows are one field with a \";\" in it, and the table has 2 columns: is "
      "that the delimiter? Then write csv: { delimiter: \";\" }\n");
  ingest_.csv.delimiter = ";";
  ingest_.csv.cut_long = true;
  Write("orders/b.csv", "Dan\nEve, and others\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT name, note FROM orders ORDER BY 1"), "Dan|NULL\nEve, and others|NULL\n");
}

TEST_F(FilesTest, ATableOfOneColumnIsNoPlaceForAllOfThem) {
  config::Table& table = ingest_.tables[0];
  table.key = {};
  table.columns = {{"name", "VARCHAR", {}}};
  Write("orders/a.csv", "name;note\nAnn;x\nBen;y\n");
  ASSERT_EQ(Run()->hold_ids.size(), 1U);
  EXPECT_NE(
      Rows("SELECT message FROM _sluice.holds").find("every row has a \";\" in its one field"),
      std::string::npos);
  Write("orders/b.csv", "name\nAnn; Ben\nCid; Dan\n");
  Write("orders/c.csv", "Eve; Fay\nGus\n");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Rows("SELECT name FROM orders ORDER BY 1"), "Ann; Ben\nCid; Dan\nEve; Fay\nGus\n")
      << "a header, and rows that are not alike, say that they are texts";
  ingest_.csv.header = config::CsvOptions::Header::kNo;
  Write("orders/d.csv", "Hal; Ida\nJon; Kit\n");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Rows("SELECT count(*) FROM orders"), "6\n") << "somebody has looked";
}

TEST_F(FilesTest, AHeaderOfOneNameThatIsSeveralIsHeldWhateverIsIgnored) {
  ingest_.csv.header = config::CsvOptions::Header::kYes;
  for (const auto changes : {config::SchemaChanges::kIgnore, config::SchemaChanges::kEvolve}) {
    ingest_.schema_changes = changes;
    Write("orders/a.csv", "id;shop\n1;2\n");
    Touch("orders/a.csv");
    ASSERT_EQ(Run()->hold_ids.size(), 1U);
    EXPECT_EQ(
        Rows("SELECT message FROM _sluice.holds WHERE state = 'open'"),
        "orders/a.csv: the header is one name with a \";\" in it: is that the delimiter? Then "
        "write csv: { delimiter: \";\" }\n");
    Execute("UPDATE _sluice.holds SET state = 'rejected'");
  }
}

TEST_F(FilesTest, AFileWithoutOneUsableRowIsHeldHoweverShort) {
  Write("orders/a.csv", "1;1;x\n2;2;y\n");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok());
  ASSERT_EQ(outcome->hold_ids.size(), 1U);
  EXPECT_EQ(Rows("SELECT check_name, message FROM _sluice.holds"),
            "file|orders/a.csv: the file has 1 column and no header, the table 3, and its first "
            "line has a \";\": is that the delimiter? Then write csv: { delimiter: \";\" }\n");
  Write("orders/a.csv", "x,1,x\ny,2,y\n");
  ASSERT_TRUE(session_->connection().Execute("UPDATE _sluice.holds SET state = 'rejected'").ok());
  ASSERT_EQ(Run()->hold_ids.size(), 1U);
  EXPECT_EQ(Rows("SELECT message FROM _sluice.holds WHERE check_name = 'bad_rows'"),
            "orders/a.csv: all of its rows are bad (2); line 1: column id: expected a whole number "
            "between -9223372036854775808 and 9223372036854775807\n");
  AcceptHold();
  MustRun();
  EXPECT_EQ(Rows("SELECT count(*) FROM _sluice.quarantine"), "2\n");
}

TEST_F(FilesTest, AcceptingBadRowsIsForTheseFilesAndNotForLaterOnes) {
  ingest_.bad_rows = {1, 0};
  Write("orders/a.csv", "1,1,x\n2,bad,y\n");
  ASSERT_EQ(Run()->hold_ids.size(), 1U);
  AcceptHold();
  Write("orders/b.csv", "3,3,x\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id FROM orders ORDER BY id"), "1\n3\n") << "others may come beside them";
  Write("orders/c.csv", "4,4,x\n5,bad,y\n");
  EXPECT_EQ(Run()->hold_ids.size(), 1U);

  clock_.Set(clock_.Now() + 1'000'000);  // the hold that comes is the newest
  Write("prices-1.csv", "1,1,x\n2,bad,y\n");
  ASSERT_EQ(Run()->hold_ids.size(), 2U);
  AcceptHold();
  EXPECT_EQ(Run()->loads.size(), 1U);
  Write("prices-1.csv", "1,1,x\n2,worse,y\n");
  EXPECT_EQ(Run()->hold_ids.size(), 2U) << "sent again under the same name";
  EXPECT_EQ(Rows("SELECT count(*) FROM prices"), "1\n");
}

TEST_F(FilesTest, AReplacementWithoutRowsIsHeldUntilItIsAccepted) {
  Write("prices-1.csv", "1,1,x\n2,2,y\n");
  MustRun();
  Write("prices-1.csv", "id,amount,note\n");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok());
  ASSERT_EQ(outcome->hold_ids.size(), 1U);
  EXPECT_EQ(Rows("SELECT kind, message FROM _sluice.holds"),
            "gate|not emptied: prices would go from 2 rows to 0\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM prices"), "2\n");
  AcceptHold();
  EXPECT_EQ(Rows("SELECT count(*) FROM prices"), "0\n");
  EXPECT_EQ(MustRun().loads.size(), 0U);
}

TEST_F(FilesTest, ColumnsThatAHeaderLacksAreTold) {
  Write("orders/a.csv", "id,amount\n1,1\n2,2\n");
  Write("orders/b.csv", "amount,id\n3,3\n");
  Write("orders/c.csv", "id,amount,note\n4,4,x\n");
  EXPECT_EQ(MustRun().warnings,
            (std::vector<std::string>{
                "z.prices: no file matches prices-*.csv in " + drop_,
                "z.orders: orders/a.csv and 1 more file without column note: NULL in 3 rows"}));
}

TEST_F(FilesTest, AFileThatCannotBeReadIsNamedOnceByItsAddress) {
  Write("orders/a.csv", std::string("1\0,\0002\0", 6));
  ASSERT_EQ(Run()->hold_ids.size(), 1U);
  const std::string message = Rows("SELECT message FROM _sluice.holds");
  EXPECT_EQ(message.find("orders/a.csv: it is full of NUL bytes"), 0U) << message;
}

TEST_F(FilesTest, ReplaceIsWhatTheFilesHoldNow) {
  Write("prices-1.csv", "1,1,x\n2,2,y\n");
  MustRun();
  ASSERT_TRUE(
      session_->connection().Execute("CREATE VIEW v AS SELECT sum(id) AS s FROM prices").ok());
  Write("prices-1.csv", "5,5,z\n");
  Write("prices-2.csv", "6,6,z\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id FROM prices ORDER BY id"), "5\n6\n");
  EXPECT_EQ(Rows("SELECT s FROM v"), "11\n") << "a view survives the swap";
  EXPECT_EQ(MustRun().loads.size(), 0U);
}

TEST_F(FilesTest, GzipIsKnownByItsBytes) {
  const std::string path = env::JoinPath(drop_, "orders/a.csv");
  ASSERT_TRUE(env::CreateDirectories(env::Dirname(path)).ok());
  gzFile file = gzopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  gzputs(file, "1,1,x\n2,bad,y\n");
  gzclose(file);
  MustRun();
  EXPECT_EQ(Rows("SELECT id FROM orders"), "1\n");
  EXPECT_EQ(Rows("SELECT line, byte_offset, column_name, raw FROM _sluice.quarantine"),
            "2|6|amount|2,bad,y\n");
}

TEST_F(FilesTest, ManyFilesOfOneShapeKeepTheirLineage) {
  for (int i = 0; i < 40; ++i) {
    Write("orders/" + std::to_string(i) + ".csv", std::to_string(i) + ",1,\"a\nb\"\n");
  }
  MustRun();
  EXPECT_EQ(Rows("SELECT count(*), count(DISTINCT _sluice_file) FROM orders"), "40|40\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM orders o JOIN _sluice.files f ON f.file_id = o._sluice_file "
                 "WHERE f.address = 'orders/' || o.id || '.csv'"),
            "40\n");
}

TEST_F(FilesTest, AFileThatTheEngineWouldReadWronglyIsRewrittenFirst) {
  // Line ends of two kinds, and text behind a closing quote.
  Write("orders/a.csv", "1,1,x\r\n2,2,y\n3,3,\"q\"z\n4,4,w\r\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id FROM orders ORDER BY id"), "1\n2\n4\n");
  EXPECT_EQ(Rows("SELECT line, column_name FROM _sluice.quarantine"), "3|NULL\n");
}

TEST_F(FilesTest, ATableThatWasDroppedIsMissed) {
  Write("orders/a.csv", "id,amount,note\n1,1,x\n");
  EXPECT_TRUE(Warnings(MustRun()).empty());
  Execute("DROP TABLE orders");
  const auto warnings = Warnings(MustRun());
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].find("z.orders: the table was dropped, and the ledger says that 1 file of "
                             "it is loaded: not read again by itself."),
            0U)
      << warnings[0];
  EXPECT_NE(warnings[0].find("sluice unload LOAD --again"), std::string::npos);
  Execute("UPDATE _sluice.files SET state = 'unloaded'");
  EXPECT_TRUE(Warnings(MustRun()).empty()) << "nothing is missed any more";
}

TEST_F(FilesTest, FilesThatDoNotFitAreLeftOutAndTheOthersKeepTheirColumns) {
  ingest_.schema_changes = config::SchemaChanges::kEvolve;
  Write("orders/a.csv", "id,amount,note\n1,1,x\n");
  // A column of a file that is left out for its bad rows does not come into the table.
  Write("orders/b.csv", "id,amount,note,colour\nx,1,x,red\n");
  Write("orders/c.csv", "id,amount,note,size\n3,3,x,big\n");
  Write("orders/d.csv.gz", "\x1f\x8b\x08 cut off");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_EQ(Rows("SELECT id, size FROM orders ORDER BY id"), "1|NULL\n3|big\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM duckdb_columns() WHERE table_name = 'orders' AND "
                 "column_name = 'colour'"),
            "0\n");
  EXPECT_EQ(Rows("SELECT files, check_name FROM _sluice.holds ORDER BY 1"),
            "orders/b.csv|bad_rows\norders/d.csv.gz|file\n");
  EXPECT_EQ(
      Rows("SELECT count(DISTINCT load_id) FROM _sluice.files WHERE table_name = 'orders' AND "
           "state = 'loaded'"),
      "1\n");
  EXPECT_EQ(Rows("SELECT address, rows_read, quarantined FROM _sluice.files WHERE state = 'held'"),
            "orders/b.csv|1|1\n");
  EXPECT_EQ(Rows("SELECT address, line, column_name FROM _sluice.quarantine"),
            "orders/b.csv|2|id\n");
  EXPECT_TRUE(Run()->loads.empty()) << "what is held is not read again";
}

TEST_F(FilesTest, OfAHeldFileTheFirstHundredThousandBadRowsAreKept) {
  std::string content = "id,amount,note\n1,1,x\n";
  for (int i = 0; i < 100'050; ++i) content += "x,1,\n";
  Write("orders/a.csv", content);
  ASSERT_EQ(Run()->hold_ids.size(), 1U);
  EXPECT_EQ(Rows("SELECT rows_read, quarantined FROM _sluice.files"), "100051|100050\n");
  EXPECT_EQ(Rows("SELECT count(*), min(line), max(line) FROM _sluice.quarantine"),
            "100000|3|100002\n");
  AcceptHold();
  MustRun();
  EXPECT_EQ(Rows("SELECT count(*), min(line), max(line) FROM _sluice.quarantine"),
            "100050|3|100052\n");
  EXPECT_EQ(Rows("SELECT rows_read, inserted, quarantined FROM _sluice.files"),
            "100051|1|100050\n");
}

TEST_F(FilesTest, SoOfJson) {
  ingest_.bad_rows = {0, 0};
  std::string content = "{\"id\":1,\"amount\":1}\n";
  for (int i = 0; i < 100'050; ++i) content += "{\"id\":\"x\",\"amount\":1}\n";
  ingest_.tables[0].format = config::FileFormat::kJson;
  Write("orders/a.csv", content);
  ASSERT_EQ(Run()->hold_ids.size(), 1U);
  EXPECT_EQ(Rows("SELECT rows_read, quarantined FROM _sluice.files"), "100051|100050\n");
  EXPECT_EQ(Rows("SELECT count(*), max(line) FROM _sluice.quarantine"), "100000|100001\n");
}

TEST_F(FilesTest, AHeldFileIsAcceptedAloneThoughOthersCameWithIt) {
  ingest_.tables[0].bad_rows = config::BadRowLimit{0, 0};
  Write("orders/a.csv", "id,amount,note\n1,1,x\n");
  Write("orders/b.csv", "id,amount,note\n2,2,x\nx,1,x\n");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Rows("SELECT id FROM orders"), "1\n");
  AcceptHold();
  MustRun();
  EXPECT_EQ(Rows("SELECT id FROM orders ORDER BY 1"), "1\n2\n");
}

}  // namespace
}  // namespace sluice::ingest
