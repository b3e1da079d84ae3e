#include "warehouse/warehouse.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "env/file.h"
#include "env/lock.h"
#include "warehouse/dialect.h"
#include "warehouse/fence.h"
#include "warehouse/schema.h"

namespace sluice::warehouse {
namespace {

constexpr std::chrono::milliseconds kNoWait{0};

class WarehouseTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_warehouse_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    options_.path = env::JoinPath(dir_, "w.duckdb");
    options_.holder = "sluice run";
  }
  void TearDown() override { EXPECT_TRUE(env::RemoveTree(dir_).ok()); }
  std::string dir_;
  WarehouseOptions options_;
};

TEST_F(WarehouseTest, IsMadeOnceAndSharedWithinTheProcess) {
  Warehouse warehouse(options_, env::SystemClock());
  EXPECT_EQ(warehouse.Open(false, kNoWait, nullptr).status().code(), Code::kNotFound);
  auto first = warehouse.Open(true, kNoWait, nullptr);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  auto second = warehouse.Open(false, kNoWait, nullptr);
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ(SchemaVersion(second.value()->connection()).value(), kSchemaVersion);
  first = NotFoundError("gone");
  EXPECT_TRUE(warehouse.is_open());
  second = NotFoundError("gone");
  EXPECT_FALSE(warehouse.is_open());
}

TEST_F(WarehouseTest, AnotherHolderOfTheLockIsNamed) {
  const auto lock = env::FileLock::TryAcquire(options_.path + ".lock", "sluice run zenoti");
  Warehouse warehouse(options_, env::SystemClock());
  const auto session = warehouse.Open(true, kNoWait, nullptr);
  EXPECT_EQ(session.status().code(), Code::kBusy);
  EXPECT_NE(session.status().message().find("sluice run zenoti"), std::string::npos);
}

TEST_F(WarehouseTest, ANewerStateIsRefused) {
  Warehouse warehouse(options_, env::SystemClock());
  {
    auto session = warehouse.Open(true, kNoWait, nullptr);
    ASSERT_TRUE(session.value()
                    ->connection()
                    .Execute("UPDATE _sluice.meta SET value = '99' WHERE name = 'schema_version'")
                    .ok());
  }
  const auto session = warehouse.Open(true, kNoWait, nullptr);
  EXPECT_NE(session.status().message().find("newer Sluice"), std::string::npos);
}

TEST_F(WarehouseTest, KnowsColumnsKindsAndVersions) {
  Warehouse warehouse(options_, env::SystemClock());
  auto session = warehouse.Open(true, kNoWait, nullptr);
  engine::Connection& connection = session.value()->connection();
  ASSERT_TRUE(connection.Execute("CREATE TABLE t (\"a b\" DECIMAL(19,0), c VARCHAR)").ok());
  ASSERT_TRUE(connection.Execute("CREATE VIEW v AS SELECT 1 AS one").ok());
  const auto columns = ColumnsOf(connection, "t").value();
  ASSERT_EQ(columns.size(), 2U);
  EXPECT_EQ(columns[0], (ColumnInfo{"a b", "DECIMAL(19,0)"}));
  EXPECT_EQ(KindOf(connection, "t").value(), "table");
  EXPECT_EQ(KindOf(connection, "v").value(), "view");
  EXPECT_EQ(KindOf(connection, "x").value(), "");
  auto transaction = engine::Transaction::Begin(connection);
  ASSERT_TRUE(BumpVersion(connection, "t").ok());
  ASSERT_TRUE(BumpVersion(connection, "t").ok());
  ASSERT_TRUE(transaction.value()->Commit().ok());
  EXPECT_EQ(VersionOf(connection, "t").value(), 2);
}

TEST_F(WarehouseTest, ANewerFenceStopsTheOlderHolder) {
  Warehouse warehouse(options_, env::SystemClock());
  auto session = warehouse.Open(true, kNoWait, nullptr);
  engine::Connection& connection = session.value()->connection();
  const Fence first = TakeFence(connection, "sync:a").value();
  const Fence other = TakeFence(connection, "sync:b").value();
  EXPECT_TRUE(CheckFence(connection, first).ok());
  const Fence second = TakeFence(connection, "sync:a").value();
  EXPECT_FALSE(CheckFence(connection, first).ok());
  EXPECT_TRUE(CheckFence(connection, second).ok());
  EXPECT_TRUE(CheckFence(connection, other).ok());
}

TEST(Dialect, QuotesEverything) {
  const std::vector<std::string> keys = {"a", "b\"c"};
  EXPECT_EQ(NameList(keys, "t."), "t.\"a\", t.\"b\"\"c\"");
  EXPECT_EQ(EqualKeys(keys, "s", "t"), "s.\"a\" = t.\"a\" AND s.\"b\"\"c\" = t.\"b\"\"c\"");
}

}  // namespace
}  // namespace sluice::warehouse
