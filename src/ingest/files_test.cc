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

TEST_F(FilesTest, AFileThatChangedAfterItWasAppendedIsReported) {
  Write("orders/a.csv", "1,1,x\n");
  MustRun();
  Write("orders/a.csv", "1,1,x\n2,2,y\n");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->late_files, 1);
  EXPECT_EQ(Rows("SELECT count(*) FROM orders"), "1\n");
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

TEST(Pattern, StarsStayInTheirFolderAndTwoDoNot) {
  EXPECT_TRUE(FitsPattern("orders/*.csv", "orders/a.csv"));
  EXPECT_FALSE(FitsPattern("orders/*.csv", "orders/x/a.csv"));
  EXPECT_TRUE(FitsPattern("orders/**/*.csv", "orders/x/y/a.csv"));
  EXPECT_TRUE(FitsPattern("orders/**/*.csv", "orders/a.csv"));
  EXPECT_TRUE(FitsPattern("a?.csv", "ab.csv"));
  EXPECT_FALSE(FitsPattern("a?.csv", "a/.csv"));
  EXPECT_FALSE(FitsPattern("a.csv", "a.csv.gz"));
}

}  // namespace
}  // namespace sluice::ingest
