#include "pipeline/retention.h"

#include <gtest/gtest.h>

#include "warehouse/schema.h"

namespace sluice::pipeline {
namespace {

constexpr env::Micros kDay = 24LL * 3600 * 1'000'000;
constexpr env::Micros kNow = 1'767'225'600'000'000;

TEST(OldHolds, AreThoseThatAreOpenForLong) {
  const auto database = engine::Database::Open("", {}).value();
  const auto connection = database->Connect().value();
  ASSERT_TRUE(warehouse::EnsureSchema(*connection).ok());
  const auto add = [&](const std::string& id, const std::string& state, int64_t days) {
    const auto added = connection->Execute(
        "INSERT INTO _sluice.holds (hold_id, owner, table_name, state, created_at) VALUES ($1, "
        "'zenoti', 'bi_factsale', $2, $3::TIMESTAMP)",
        {id, state, env::FormatUtc(kNow - days * kDay, true)});
    ASSERT_TRUE(added.ok());
  };
  add("old", "open", 9);
  add("new", "open", 6);
  add("settled", "accepted", 90);
  config::Retention retention;
  const auto warnings = OldHolds(*connection, retention, kNow);
  ASSERT_TRUE(warnings.ok()) << warnings.status().ToString();
  ASSERT_EQ(warnings->size(), 1U);
  EXPECT_EQ(warnings->front(),
            "hold old (zenoti.bi_factsale) waits for a decision since 9 days: sluice gate list");
  retention.warn_held = std::chrono::hours(24 * 5);
  EXPECT_EQ(OldHolds(*connection, retention, kNow)->size(), 2U);
}

TEST(OutdatedFiles, AreThoseThatNothingDependsOn) {
  const auto database = engine::Database::Open("", {}).value();
  const auto connection = database->Connect().value();
  ASSERT_TRUE(warehouse::EnsureSchema(*connection).ok());
  const auto load = [&](int64_t id, const std::string& mode, int64_t days) {
    ASSERT_TRUE(connection
                    ->Execute("INSERT INTO _sluice.loads (load_id, mode, published_at, table_name) "
                              "VALUES ($1, $2, $3::TIMESTAMP, $4)",
                              {id, mode, env::FormatUtc(kNow - days * kDay, true),
                               std::string(mode == "replace" ? "prices" : "orders")})
                    .ok());
  };
  const auto file = [&](int64_t load_id, const std::string& table, const std::string& address,
                        const std::string& state, const std::string& reason = "") {
    ASSERT_TRUE(connection
                    ->Execute("INSERT INTO _sluice.files (ingest, connection, table_name, address, "
                              "state, reason, load_id) VALUES ('i', 'c', $1, $2, $3, $4, $5)",
                              {table, address, state, reason, load_id})
                    .ok());
  };
  for (int64_t id = 1; id <= 3; ++id) load(id, "append", 400 - id);
  file(1, "orders", "a", "replaced", "replaced by load 2");
  file(2, "orders", "a", "replaced", "replaced by load 3");
  file(3, "orders", "a", "loaded");  // cannot be taken back, which the entry before it says
  file(1, "orders", "b", "loaded");
  load(4, "append", 399);
  load(5, "append", 1);
  file(4, "orders", "d", "replaced", "replaced by load 5");
  file(5, "orders", "d", "loaded");
  load(6, "replace", 399);
  load(7, "replace", 398);  // comes back when the last is taken back
  load(8, "replace", 1);
  file(6, "prices", "p", "loaded");
  file(6, "prices", "q", "loaded");  // the last that was seen of it
  file(7, "prices", "p", "loaded");
  file(8, "prices", "p", "loaded");
  const auto rows =
      connection->Rows("SELECT table_name, address, load_id FROM _sluice.files WHERE rowid IN (" +
                       OutdatedFiles(kNow - 365 * kDay) + ") ORDER BY ALL");
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  std::string text;
  for (const auto& row : *rows) {
    text += engine::ToText(row[0]) + " " + engine::ToText(row[1]) + " " +
            std::to_string(engine::ToInt(row[2])) + "\n";
  }
  EXPECT_EQ(text, "orders a 1\nprices p 6\n");
}

}  // namespace
}  // namespace sluice::pipeline
