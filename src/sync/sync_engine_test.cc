#include "sync/sync_engine.h"

#include <gtest/gtest.h>

#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

class SyncEngineTest : public testing::Test, public SyncWorld {
 protected:
  SyncSummary MustRun() {
    auto summary = RunSync();
    EXPECT_TRUE(summary.ok()) << summary.status().ToString();
    return summary.ok() ? summary.value() : SyncSummary();
  }
};

TEST_F(SyncEngineTest, TheFirstRunSendsAllAndTheNextNothing) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "NULL", 2);
  const SyncPlan plan = Plan();
  EXPECT_TRUE(plan.first_run);
  EXPECT_EQ(plan.Describe(), "FIRST RUN: sends all 2 users, 1 request");
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.outcome, "done");
  EXPECT_EQ(summary.planned, 2U);
  EXPECT_EQ(summary.acknowledged, 2U);
  EXPECT_EQ(Sent(),
            "1 {\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1}\n"
            "2 {\"email\":\"b@x\",\"visits\":2}\n");
  EXPECT_EQ(MustRun().delivery_id, 0);
  EXPECT_EQ(Sent(), "");
  EXPECT_EQ(Plan().Describe(), "nothing to send; 2 unchanged");
  EXPECT_EQ(Ask("SELECT key, identity, state, payload FROM _sluice.sync_delivered ORDER BY key"),
            "1,a@x,delivered,{\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1} | "
            "2,b@x,delivered,{\"email\":\"b@x\",\"visits\":2}");
}

}  // namespace
}  // namespace sluice::sync
