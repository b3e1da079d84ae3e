#include "warehouse/schema.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "env/file.h"
#include "warehouse/schema_version1_for_tests.h"
#include "warehouse/warehouse.h"

namespace sluice::warehouse {
namespace {

class SchemaTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_schema_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  void TearDown() override { EXPECT_TRUE(env::RemoveTree(dir_).ok()); }

  std::unique_ptr<Session> Open(const std::string& name) {
    WarehouseOptions options;
    options.path = env::JoinPath(dir_, name);
    options.holder = "test";
    warehouses_.push_back(std::make_unique<Warehouse>(options, env::SystemClock()));
    auto session = warehouses_.back()->Open(true, std::chrono::milliseconds(0), nullptr);
    EXPECT_TRUE(session.ok()) << session.status().ToString();
    return session.ok() ? std::move(session).value() : nullptr;
  }

  // "files.file_columns" -> "VARCHAR"
  static std::map<std::string, std::string> Columns(engine::Connection& connection) {
    std::map<std::string, std::string> columns;
    const auto rows = connection.Rows(
        "SELECT table_name || '.' || column_name, data_type FROM duckdb_columns() WHERE "
        "schema_name = '_sluice' AND database_name = current_database()");
    for (const auto& row : rows.value()) columns[engine::ToText(row[0])] = engine::ToText(row[1]);
    return columns;
  }

  std::string dir_;
  std::vector<std::unique_ptr<Warehouse>> warehouses_;
};

TEST_F(SchemaTest, AnOlderFileBecomesWhatANewOneIs) {
  ASSERT_TRUE(MakeVersion1(env::JoinPath(dir_, "old.duckdb")).ok());
  const auto old = Open("old.duckdb");
  const auto fresh = Open("fresh.duckdb");
  ASSERT_TRUE(old != nullptr && fresh != nullptr);
  EXPECT_EQ(SchemaVersion(old->connection()).value(), kSchemaVersion);
  EXPECT_EQ(SchemaVersion(fresh->connection()).value(), kSchemaVersion);
  EXPECT_EQ(Columns(old->connection()), Columns(fresh->connection()));
}

TEST_F(SchemaTest, AnUpgradeKeepsEveryRow) {
  ASSERT_TRUE(MakeVersion1(env::JoinPath(dir_, "old.duckdb")).ok());
  const auto session = Open("old.duckdb");
  ASSERT_NE(session, nullptr);
  engine::Connection& connection = session->connection();
  const auto tables = connection.Rows(
      "SELECT DISTINCT table_name FROM duckdb_columns() WHERE schema_name = '_sluice' AND "
      "column_name = 'ingest' AND table_name NOT IN ('quarantine_fixes', 'rebuilds', 'restores') "
      "ORDER BY 1");
  ASSERT_GE(tables.value().size(), 5U);
  for (const auto& table : tables.value()) {
    const std::string name = engine::ToText(table[0]);
    EXPECT_EQ(
        engine::ToInt(
            connection.Scalar("SELECT count(*) FROM _sluice." + name + " WHERE ingest = 'text'")
                .value()),
        1)
        << name;
  }
  EXPECT_EQ(engine::ToText(connection.Scalar("SELECT total::VARCHAR FROM orders").value()), "2.50");
  const auto row = connection.Rows(
      "SELECT quarantine_id, raw, rule IS NULL, raw_cut IS NULL FROM _sluice.quarantine");
  ASSERT_EQ(row.value().size(), 1U);
  EXPECT_EQ(engine::ToInt(row.value()[0][0]), 7);
  EXPECT_EQ(engine::ToText(row.value()[0][1]), "text");
}

TEST_F(SchemaTest, AnUpgradedFileIsReadByTheNextOpening) {
  ASSERT_TRUE(MakeVersion1(env::JoinPath(dir_, "old.duckdb")).ok());
  ASSERT_NE(Open("old.duckdb"), nullptr);
  const auto again = Open("old.duckdb");
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(SchemaVersion(again->connection()).value(), kSchemaVersion);
}

}  // namespace
}  // namespace sluice::warehouse
