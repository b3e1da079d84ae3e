// What becomes of a table when its declaration or its files change, by policy.
#include <gtest/gtest.h>

#include "base/text.h"
#include "ingest/ingest_fixture.h"

namespace sluice::ingest {
namespace {

using config::SchemaChanges;

class SchemaChangesTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    ingest_.layout = "files";
    ingest_.csv = {};
    config::Table table;
    table.name = "orders";
    table.pattern = "*.csv";
    table.mode = config::Table::Mode::kAppend;
    table.columns = {{"id", "INTEGER", {}}, {"total", "DECIMAL(8,2)", {}}, {"day", "DATE", {}}};
    ingest_.tables.push_back(table);
    Write("1.csv", "id,total,day\n1,10.50,2026-01-01\n");
    MustRun();
  }
  std::vector<config::Column>& columns() { return ingest_.tables[0].columns; }
  void Widen() {
    columns() = {{"id", "BIGINT", {}}, {"total", "DECIMAL(12,4)", {}}, {"day", "TIMESTAMP", {}}};
    Write("2.csv", "id,total,day\n5000000000,0.1234,2026-01-02 10:00:00\n");
  }
  // Why the table failed.
  std::string Failure() {
    const auto outcome = Run();
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    if (!outcome.ok() || outcome->loads.size() != 1) return "no load";
    EXPECT_EQ(outcome->loads[0].outcome, "failed");
    return outcome->loads[0].message;
  }
  std::string HoldMessage() {
    const auto outcome = Run();
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    return Rows("SELECT message FROM _sluice.holds WHERE state = 'open'");
  }
};

TEST_F(SchemaChangesTest, DeclaredTypesThatBecameWiderAreApplied) {
  Execute("CREATE VIEW v AS SELECT sum(total) AS s FROM orders");
  Widen();
  EXPECT_EQ(MustRun().warnings,
            (std::vector<std::string>{"z.orders: column id: INTEGER becomes BIGINT",
                                      "z.orders: column total: DECIMAL(8,2) becomes DECIMAL(12,4)",
                                      "z.orders: column day: DATE becomes TIMESTAMP"}));
  EXPECT_EQ(Rows("SELECT id, total, day FROM orders ORDER BY id"),
            "1|10.5000|2026-01-01 00:00:00\n5000000000|0.1234|2026-01-02 10:00:00\n");
  EXPECT_EQ(Rows("SELECT s FROM v"), "10.6234\n");
  EXPECT_EQ(Join(MustRun().warnings, "\n"), "");
  session_.reset();
  session_ = std::move(warehouse_->Open(false, std::chrono::seconds(1), nullptr)).value();
  EXPECT_EQ(Rows("SELECT count(*) FROM orders"), "2\n") << "the log can be replayed";
}

TEST_F(SchemaChangesTest, WidenWithTheDeletionsOfAnUpsertInOneTransaction) {
  ingest_.tables[0].mode = config::Table::Mode::kUpsert;
  ingest_.tables[0].key = {"id"};
  columns() = {{"id", "BIGINT", {}},
               {"total", "DECIMAL(12,4)", {}},
               {"date", "TIMESTAMP", {}, {"day"}, "day"},
               {"note", "VARCHAR", {}}};
  Write("2.csv", "id,total,day,note\n1,0.1234,2026-01-02,x\n2,1,2026-01-02,y\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id, total, date, note FROM orders ORDER BY id"),
            "1|0.1234|2026-01-02 00:00:00|x\n2|1.0000|2026-01-02 00:00:00|y\n");
  EXPECT_EQ(Rows("SELECT inserted, updated FROM _sluice.files WHERE address = '2.csv'"), "1|1\n");
}

TEST_F(SchemaChangesTest, AWholeNumberBecomesTheTextOfItsDigits) {
  columns()[0].sql_type = "VARCHAR";
  Write("2.csv", "id,total,day\n007,1,2026-01-02\n");
  EXPECT_EQ(
      MustRun().warnings,
      std::vector<std::string>{"z.orders: column id: INTEGER becomes VARCHAR (what was read as a "
                               "number is its digits: 007 is 7)"});
  EXPECT_EQ(Rows("SELECT id FROM orders ORDER BY id"), "007\n1\n");
}

TEST_F(SchemaChangesTest, WhatHasSeveralTextsBecomesNone) {
  columns()[1].sql_type = "VARCHAR";
  Write("2.csv", "id,total,day\n2,1,2026-01-02\n");
  const std::string why =
      ". The table does not have the texts of its files, which would be others (12.50 and 12.5, 1 "
      "and "
      "true, in a key 007 and 7). Write ";
  EXPECT_EQ(Failure(),
            "orders: column total is DECIMAL(8,2) in the table and VARCHAR in sluice.yml" + why +
                "total: DECIMAL(8,2) as before, or declare it under another name, or load "
                "into a table of another name");
  columns()[1].sql_type = "DECIMAL(8,2)";
  columns()[0].sql_type = "VARCHAR";
  ingest_.tables[0].mode = config::Table::Mode::kUpsert;
  ingest_.tables[0].key = {"id"};
  EXPECT_EQ(Failure(),
            "orders: column id is INTEGER in the table and VARCHAR in sluice.yml" + why +
                "id: INTEGER as before, or declare it under another name, or load into a "
                "table of another name");
}

TEST_F(SchemaChangesTest, NewColumnsAreNullInRowsThatAreThere) {
  columns().push_back({"note", "VARCHAR", {}});
  Write("2.csv", "id,total,day,note\n2,1,2026-01-02,x\n");
  EXPECT_EQ(MustRun().warnings, std::vector<std::string>{"z.orders: column note is added"});
  EXPECT_EQ(Rows("SELECT id, note FROM orders ORDER BY id"), "1|NULL\n2|x\n");
}

TEST_F(SchemaChangesTest, AColumnThatIsRenamedKeepsWhatIsInIt) {
  columns()[1] = {"amount", "DECIMAL(8,2)", {}, {"total", "amount"}, "total"};
  Write("2.csv", "id,total,day\n2,20,2026-01-02\n");
  Write("3.csv", "day,amount,id\n2026-01-03,30,3\n");
  EXPECT_EQ(MustRun().warnings, std::vector<std::string>{"z.orders: column total becomes amount"});
  EXPECT_EQ(Rows("SELECT id, amount FROM orders ORDER BY id"), "1|10.50\n2|20.00\n3|30.00\n");
  Write("4.csv", "id,total,day,amount\n4,1,2026-01-02,2\n");
  EXPECT_EQ(
      HoldMessage(),
      "4.csv: the header has both total and amount, and both are column amount. Leave one of them "
      "out of its `from`\n");
}

TEST_F(SchemaChangesTest, WhatWouldLoseValuesIsAnErrorUnderEveryPolicy) {
  columns()[1].sql_type = "DECIMAL(8,1)";
  Write("2.csv", "id,total,day\n2,1,2026-01-02\n");
  for (const SchemaChanges policy : {SchemaChanges::kDeclared, SchemaChanges::kEvolve,
                                     SchemaChanges::kIgnore, SchemaChanges::kFreeze}) {
    ingest_.schema_changes = policy;
    EXPECT_EQ(Failure(),
              "orders: column total is DECIMAL(8,2) in the table and DECIMAL(8,1) in sluice.yml. "
              "Values would be lost. Write total: DECIMAL(8,2) as before, or declare it under "
              "another name, or load into a table of another name");
  }
}

TEST_F(SchemaChangesTest, FreezeKeepsTheTableAsItIs) {
  ingest_.schema_changes = SchemaChanges::kFreeze;
  Widen();
  columns().push_back({"note", "VARCHAR", {}});
  EXPECT_EQ(Failure(),
            "orders: column id is INTEGER in the table and BIGINT in sluice.yml, column total is "
            "DECIMAL(8,2) in the table and DECIMAL(12,4) in sluice.yml, column day is DATE in the "
            "table and TIMESTAMP in sluice.yml and 1 more column. schema_changes: freeze keeps the "
            "table as it is; set schema_changes: declared to have it changed");
  columns() = {{"id", "INTEGER", {}}, {"total", "DECIMAL(8,2)", {}}, {"day", "DATE", {}}};
  Write("2.csv", "id,total,day,mood\n2,1,2026-01-02,good\n");
  EXPECT_EQ(HoldMessage(),
            "2.csv: the header has a column mood that is not declared. Declare it, or set "
            "schema_changes: evolve or ignore\n");
}

TEST_F(SchemaChangesTest, EvolveTakesColumnsThatOnlyFilesHaveAndReadsThemStrictly) {
  ingest_.schema_changes = SchemaChanges::kEvolve;
  Write("2.csv", "id,total,day,mood\n2,1,2026-01-02,good\n");
  MustRun();
  Write("3.csv", "id,total,day\n3,1,2026-01-02\n");
  EXPECT_EQ(Join(MustRun().warnings, "\n"), "");
  EXPECT_EQ(Rows("SELECT id, mood FROM orders ORDER BY id"), "1|NULL\n2|good\n3|NULL\n");
  // A column that is declared no more and comes on: its type is that of the table.
  columns().pop_back();
  Write("4.csv", "id,total,day\n4,1,2026-01-04\n5,1,soon\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id, day FROM orders WHERE id > 3"), "4|2026-01-04\n");
  EXPECT_EQ(Rows("SELECT column_name, value FROM _sluice.quarantine"), "day|soon\n");
}

TEST_F(SchemaChangesTest, IgnoreLeavesOutWhatOnlyFilesHave) {
  ingest_.schema_changes = SchemaChanges::kIgnore;
  Write("2.csv", "id,total,day,mood\n2,1,2026-01-02,good\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT count(*) FROM orders"), "2\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM duckdb_columns() WHERE table_name = 'orders' AND "
                 "column_name = 'mood'"),
            "0\n");
}

TEST_F(SchemaChangesTest, AHoldTakesOnWhatWasDeclaredSince) {
  ingest_.schema_changes = SchemaChanges::kEvolve;
  config::Check check;
  check.kind = config::Check::Kind::kNotNull;
  check.columns = {"total"};
  ingest_.tables[0].checks = {check};
  Write("2.csv", "id,total,day,mood\n2,,2026-01-02,good\n");
  ASSERT_EQ(Run()->hold_ids.size(), 1U);
  columns() = {{"id", "BIGINT", {}},
               {"amount", "DECIMAL(9,2)", {}, {"total"}, "total"},
               {"day", "DATE", {}},
               {"note", "VARCHAR", {}}};
  AcceptHold();
  EXPECT_EQ(Rows("SELECT id, amount, day, note, mood FROM orders ORDER BY id"),
            "1|10.50|2026-01-01|NULL|NULL\n2|NULL|2026-01-02|NULL|good\n");
}

TEST_F(SchemaChangesTest, AHoldWhoseTypesNoLongerFitIsReadAgain) {
  config::Check check;
  check.kind = config::Check::Kind::kNotNull;
  check.columns = {"day"};
  ingest_.tables[0].checks = {check};
  columns()[1].sql_type = "DECIMAL(12,4)";
  Write("2.csv", "id,total,day\n2,1.1234,\n");
  ASSERT_EQ(Run()->hold_ids.size(), 1U);
  columns()[1].sql_type = "DECIMAL(8,2)";
  const auto hold = quality::FindHold(session_->connection(), "latest");
  ASSERT_TRUE(hold.ok());
  auto transaction = engine::Transaction::Begin(session_->connection());
  const auto published =
      PublishHeld(session_->connection(), ingest_, hold.value(), {"gate", clock_.Now()});
  ASSERT_FALSE(published.ok());
  EXPECT_EQ(published.status().ToString(),
            "the rows of hold " + hold->id +
                " were read when column total was DECIMAL(12,4), and it is DECIMAL(8,2) now. Type "
                "sluice gate reject " +
                hold->id + ": the next run reads the files again");
}

}  // namespace
}  // namespace sluice::ingest
