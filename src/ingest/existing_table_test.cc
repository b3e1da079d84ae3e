#include <gtest/gtest.h>

#include "ingest/ingest_fixture.h"

namespace sluice::ingest {
namespace {

constexpr const char* kSaleDdl =
    "create table bi_factsale (saleid INT, amount DECIMAL(10,2), void BOOLEAN)";
constexpr const char* kUserDdl = "create table bi_dimuser (userid VARCHAR(36), name VARCHAR(40))";

class ExistingTableTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    Write("SchemaFull/bi_factsale.txt", kSaleDdl);
    Write("SchemaFull/bi_dimuser.txt", kUserDdl);
    AddTable("bi_factsale", {"saleid"});
    AddTable("bi_dimuser", {"userid"});
  }
  std::string Sales() {
    return Rows("SELECT _sluice_pod, saleid, amount FROM bi_factsale ORDER BY ALL");
  }
  // What the run says of the table that failed; the others must be done.
  std::string Failure() {
    const auto outcome = Run();
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    if (!outcome.ok()) return {};
    std::string failure;
    for (const LoadOutcome& load : outcome->loads) {
      if (load.outcome == "failed") failure += load.message + "\n";
    }
    EXPECT_TRUE(outcome->failed);
    return failure;
  }
};

TEST_F(ExistingTableTest, IsAdoptedWithThePodThatTheProjectNames) {
  Execute("CREATE TABLE bi_factsale (saleid INTEGER, amount DECIMAL(10,2), void BOOLEAN)");
  Execute("INSERT INTO bi_factsale VALUES (1, 10, false), (2, 20, false)");
  ingest_.start_after = {{"P1", 4711}};
  ingest_.adopt_pod = "P1";
  config::Check unique;
  unique.kind = config::Check::Kind::kUnique;
  unique.tables = {"bi_factsale"};
  ingest_.checks.push_back(unique);
  Write("P1/4711/bi_factsale/1/a.csv", "1,10,0\n");
  Write("P1/4712/bi_factsale/1/a.csv", "2,,1\n3,30,0\n");
  MustRun();
  EXPECT_EQ(Sales(), "P1|1|10.00\nP1|3|30.00\n");
  EXPECT_EQ(Rows("SELECT saleid FROM bi_factsale WHERE _sluice_load IS NULL"), "1\n");
  // A row without a pod is a mistake from here on: the default is gone.
  EXPECT_EQ(Rows("SELECT column_default FROM duckdb_columns() WHERE column_name = '_sluice_pod' "
                 "AND table_name = 'bi_factsale'"),
            "NULL\n");
  session_.reset();
  session_ = std::move(warehouse_->Open(false, std::chrono::seconds(1), nullptr)).value();
  EXPECT_EQ(Sales(), "P1|1|10.00\nP1|3|30.00\n") << "the log can be replayed";
}

TEST_F(ExistingTableTest, KeepsAKeyThatItsOwnRowsHaveUnique) {
  Execute(
      "CREATE TABLE bi_factsale AS SELECT 1 AS saleid, 10::DECIMAL(10,2) AS amount, false AS "
      "void");
  ingest_.start_after = {{"P1", 1}};
  ingest_.adopt_pod = "P1";
  config::Check unique;
  unique.kind = config::Check::Kind::kUnique;
  unique.tables = {"bi_factsale"};
  ingest_.checks.push_back(unique);
  Write("P1/2/bi_factsale/1/a.csv", "1,11,0\n");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_EQ(outcome->hold_ids.size(), 1U);
}

TEST_F(ExistingTableTest, IsLeftAloneWhenNobodySaysWhosePodItIs) {
  Execute("CREATE TABLE bi_factsale (saleid INTEGER, amount DECIMAL(10,2), void BOOLEAN)");
  Write("P1/1/bi_factsale/1/a.csv", "1,10,0\n");
  Write("P1/1/bi_dimuser/1/a.csv", "u1,Ann\n");
  EXPECT_EQ(Failure(),
            "bi_factsale: the table is there and was not loaded by Sluice: which pod its rows "
            "belong to is not known. Set adopt: { pod: NAME } for this ingest, and start_after "
            "for the groups that are in it\n");
  EXPECT_EQ(Rows("SELECT name FROM bi_dimuser"), "Ann\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM bi_factsale"), "0\n");
}

TEST_F(ExistingTableTest, OfAnotherTypeStopsThatTableAlone) {
  Execute("CREATE TABLE bi_factsale (saleid VARCHAR, amount DECIMAL(10,2), void BOOLEAN)");
  ingest_.adopt_pod = "P1";
  Write("P1/1/bi_factsale/1/a.csv", "1,10,0\n");
  Write("P1/1/bi_dimuser/1/a.csv", "u1,Ann\n");
  EXPECT_EQ(Failure(),
            "bi_factsale: column saleid is VARCHAR in the table and INTEGER in the schema files. "
            "Change the type of the column in the table, or drop the table\n");
  EXPECT_EQ(Rows("SELECT name FROM bi_dimuser"), "Ann\n");
}

TEST_F(ExistingTableTest, ThatRefusesRowsFailsAlone) {
  Write("P1/1/bi_factsale/1/a.csv", "1,10,0\n");
  Write("P1/1/bi_dimuser/1/a.csv", "u1,Ann\n");
  MustRun();
  // Nothing that can be seen before the rows are there.
  Execute("CREATE TABLE other AS SELECT * FROM bi_factsale");
  Execute("DROP TABLE bi_factsale");
  Execute(
      "CREATE TABLE bi_factsale (saleid INTEGER, amount DECIMAL(10,2) CHECK (amount < 15), "
      "void BOOLEAN, _sluice_pod VARCHAR, _sluice_load BIGINT, _sluice_file BIGINT)");
  Execute("INSERT INTO bi_factsale SELECT * FROM other");
  Write("P1/2/bi_dimuser/1/a.csv", "u1,Anna\nu2,Ben\n");
  Write("P1/2/bi_factsale/1/a.csv", "2,20,0\n");
  Write("P1/3/bi_dimuser/1/a.csv", "u3,Cay\n");
  EXPECT_NE(Failure().find("CHECK constraint"), std::string::npos);
  EXPECT_EQ(Rows("SELECT userid, name FROM bi_dimuser ORDER BY 1"), "u1|Anna\nu2|Ben\nu3|Cay\n");
  EXPECT_EQ(Rows("SELECT group_id, inserted, updated FROM _sluice.loads WHERE table_name = "
                 "'bi_dimuser' ORDER BY 1"),
            "1|1|0\n2|1|1\n3|1|0\n")
      << "what the failed transaction had counted is not counted twice";
  EXPECT_EQ(Sales(), "P1|1|10.00\n");
  EXPECT_EQ(Rows("SELECT group_id FROM _sluice.cursors ORDER BY table_name"), "3\n1\n");
}

class DeclaredTableTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    ingest_.layout = "files";
    ingest_.csv = {};
    Declare("orders", {{"id", "INT", {}}, {"amount", "DECIMAL(10,4)", {}}});
    Declare("notes", {{"text", "VARCHAR", {}}});
    Write("orders-1.csv", "id,amount\n1,5.5555\n");
    Write("notes-1.csv", "text\nhello\n");
    MustRun();
    Write("orders-2.csv", "id,amount\n2,6.6666\n");
    Write("notes-2.csv", "text\nagain\n");
  }
  void Declare(const std::string& name, std::vector<config::Column> columns) {
    config::Table table;
    table.name = name;
    table.pattern = name + "-*.csv";
    table.mode = config::Table::Mode::kAppend;
    table.columns = std::move(columns);
    ingest_.tables.push_back(std::move(table));
  }
};

TEST_F(DeclaredTableTest, OfANewTypeStopsThatTableAlone) {
  ingest_.tables[0].columns[0].sql_type = "SMALLINT";
  ingest_.tables[0].columns[1].sql_type = "DECIMAL(10,2)";
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_TRUE(outcome->failed);
  ASSERT_EQ(outcome->loads.size(), 2U);
  EXPECT_EQ(
      outcome->loads[0].message,
      "orders: column id is INTEGER in the table and SMALLINT in sluice.yml, column amount is "
      "DECIMAL(10,4) in the table and DECIMAL(10,2) in sluice.yml. Values would be lost. Write "
      "id: INTEGER and amount: DECIMAL(10,4) as before, or declare it under another name, or "
      "load into a table of another name");
  EXPECT_EQ(Rows("SELECT amount FROM orders"), "5.5555\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM notes"), "2\n");
}

TEST_F(DeclaredTableTest, OfAnotherNameGetsTheFilesThatTheOldOneHad) {
  ingest_.tables[0].name = "orders2";
  ingest_.tables[0].columns[1].sql_type = "DECIMAL(10,5)";
  MustRun();
  EXPECT_EQ(Rows("SELECT amount FROM orders2 ORDER BY id"), "5.55550\n6.66660\n");
  EXPECT_EQ(Rows("SELECT amount FROM orders"), "5.5555\n");
  EXPECT_EQ(Rows("SELECT count(DISTINCT file_id), count(*) FROM _sluice.files"), "5|5\n");
}

TEST_F(DeclaredTableTest, SaysWhichColumnsAreNotDeclaredAnyMore) {
  ingest_.tables[0].columns[1].name = "total";
  Write("orders-2.csv", "id,total\n2,6.6666\n");
  EXPECT_EQ(MustRun().warnings,
            (std::vector<std::string>{"z.orders: column total is added",
                                      "z.orders: column amount is no longer declared: new rows get "
                                      "NULL"}));
  EXPECT_EQ(Rows("SELECT id, amount, total FROM orders ORDER BY id"),
            "1|5.5555|NULL\n2|NULL|6.6666\n");
  EXPECT_EQ(MustRun().warnings.size(), 0U) << "said when rows are added";
}

TEST_F(DeclaredTableTest, IsNotDroppedForAReplacementWhenSomethingElseFilledIt) {
  Execute("CREATE TABLE prices AS SELECT 1 AS id");
  Declare("prices", {{"id", "INT", {}}});
  ingest_.tables.back().mode = config::Table::Mode::kReplace;
  Write("prices-1.csv", "id\n7\n");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_TRUE(outcome->failed);
  EXPECT_EQ(Rows("SELECT id FROM prices"), "1\n");
}

TEST_F(DeclaredTableTest, ThatSomethingElseFilledKeepsItsRows) {
  Execute("CREATE TABLE prices AS SELECT 1 AS id");
  Declare("prices", {{"id", "INT", {}}});
  Write("prices-1.csv", "id\n7\n");
  EXPECT_EQ(MustRun().warnings,
            std::vector<std::string>{
                "z.prices: the table was there already: its rows stay, new ones are added"});
  EXPECT_EQ(Rows("SELECT id, _sluice_load IS NULL FROM prices ORDER BY id"), "1|true\n7|false\n");
}

TEST_F(DeclaredTableTest, MayNotBeAView) {
  Execute("CREATE VIEW prices AS SELECT 1 AS id");
  Declare("prices", {{"id", "INT", {}}});
  Write("prices-1.csv", "id\n7\n");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_TRUE(outcome->failed);
  EXPECT_EQ(Rows("SELECT count(*) FROM orders"), "2\n");
}

}  // namespace
}  // namespace sluice::ingest
