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

}  // namespace
}  // namespace sluice::pipeline
