#include "sync/sync_engine.h"

#include <gtest/gtest.h>

#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

using connector::MemoryFault;
using connector::RowState;

class SyncEngineTest : public testing::Test, public SyncWorld {};

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

TEST_F(SyncEngineTest, WhatWasPreparedIsToldInTheWordsOfThePlan) {
  const auto told = [&] { return SyncEngine::PlanOf(delivery_, Job()).Describe(); };
  sync_.batch.rows = 2;
  for (const char* key : {"1", "2", "3"}) Put(key, std::string(key) + "@x", "Ulm", 1);
  std::string planned = Plan().Describe();
  EXPECT_EQ(planned, "FIRST RUN: sends all 3 users, 2 requests");
  MustRun();
  EXPECT_EQ(told(), planned);
  EXPECT_EQ(delivery_.totals.requests, report_.requests);
  EXPECT_EQ(delivery_.totals.bytes, report_.bytes);
  Put("1", "1@x", "Bonn", 1);
  Put("4", "4@x", "Bonn", 1);
  Put("5", "5@x", "Bonn", 1);
  limit_ = 2;
  planned = Plan().Describe();
  EXPECT_EQ(planned, "sends 2 of 3 users (2 added, 1 changed), 1 request; 2 unchanged");
  MustRun();
  EXPECT_EQ(told(), planned);
}

TEST_F(SyncEngineTest, OnlyWhatChangedGoesAndNullOnlyWhereAValueWasDelivered) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "NULL", 2);
  MustRun();
  Sent();
  Put("1", "a@x", "NULL", 1);
  Put("2", "b@x", "NULL", 3);
  Put("3", "c@x", "Bonn", 0);
  EXPECT_EQ(Plan().Describe(), "sends 3 users (1 added, 2 changed), 1 request");
  MustRun();
  EXPECT_EQ(Sent(),
            "1 {\"city\":null,\"email\":\"a@x\"}\n"
            "2 {\"email\":\"b@x\",\"visits\":3}\n"
            "3 {\"city\":\"Bonn\",\"email\":\"c@x\",\"visits\":0}\n");
  EXPECT_EQ(world_.Person("a@x"), R"({"email":"a@x","visits":1})");
  // What was cleared is not cleared again.
  Put("1", "a@x", "NULL", 2);
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"email\":\"a@x\",\"visits\":2}\n");
}

TEST_F(SyncEngineTest, ARowThatLeavesIsKeptAndComingBackUnchangedSendsNothing) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Ulm", 2);
  MustRun();
  Sent();
  Do("DELETE FROM people");
  EXPECT_EQ(Plan().counts.left, 2U);
  EXPECT_EQ(MustRun().delivery_id, 0);
  EXPECT_EQ(States(), "1 left | 2 left");
  EXPECT_EQ(Plan().counts.left, 0U);
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Ulm", 5);
  MustRun();
  EXPECT_EQ(Sent(), "2 {\"email\":\"b@x\",\"visits\":5}\n");
  EXPECT_EQ(States(), "1 delivered | 2 delivered");
  EXPECT_EQ(
      Ask("SELECT returned, unchanged FROM _sluice.sync_runs WHERE run_id = (SELECT max(run_id)"
          " FROM _sluice.sync_runs)"),
      "1,1");
}

TEST_F(SyncEngineTest, ARowRejectedForGoodGoesAgainOnlyWhenItChanges) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Ulm", 1);
  Answer("1", RowState::kRejected);
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.rejected, 1U);
  EXPECT_EQ(States(), "1 rejected | 2 delivered");
  EXPECT_EQ(
      Ask("SELECT payload, attempted_payload, code, message FROM _sluice.sync_delivered WHERE "
          "key = '1'"),
      "NULL,{\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1},asked_for,the test asked for it");
  Behave();
  Sent();
  EXPECT_EQ(Plan().Describe(),
            "nothing to send; 1 unchanged; 1 rejected before, not retried until they "
            "change");
  EXPECT_EQ(MustRun().delivery_id, 0);
  Put("1", "a@x", "Bonn", 1);
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"city\":\"Bonn\",\"email\":\"a@x\",\"visits\":1}\n");
  EXPECT_EQ(States(), "1 delivered | 2 delivered");
  EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.sync_delivered WHERE attempted_payload IS NOT NULL"),
            "0");
}

TEST_F(SyncEngineTest, AfterARejectedChangeEverythingGoesWithTheNext) {
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  Put("1", "a@x", "NULL", 2);
  Answer("1", RowState::kRejected);
  MustRun();
  EXPECT_EQ(Ask("SELECT payload, attempted_payload FROM _sluice.sync_delivered"),
            "{\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1},"
            "{\"city\":null,\"email\":\"a@x\",\"visits\":2}");
  Behave();
  Sent();
  Put("1", "a@x", "NULL", 3);
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"city\":null,\"email\":\"a@x\",\"visits\":3}\n");
}

TEST_F(SyncEngineTest, DeferredRowsGoWithTheNextRunAsTheyAreThen) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Ulm", 1);
  Answer("1", RowState::kDeferred);
  EXPECT_EQ(MustRun().deferred, 1U);
  EXPECT_EQ(States(), "1 deferred | 2 delivered");
  EXPECT_EQ(Plan().Describe(), "sends 1 user (1 again), 1 request; 1 unchanged");
  Behave();
  Sent();
  Put("1", "a@x", "Bonn", 1);
  EXPECT_EQ(MustRun().acknowledged, 1U);
  EXPECT_EQ(Sent(), "1 {\"city\":\"Bonn\",\"email\":\"a@x\",\"visits\":1}\n");
}

TEST_F(SyncEngineTest, AfterAnUnknownOutcomeWhatMayBeThereIsCleared) {
  Put("1", "a@x", "NULL", 1);
  MustRun();
  Put("1", "a@x", "Ulm", 1);
  Fail(MemoryFault::kLostAnswer);  // it arrives every time, and nobody knows
  EXPECT_EQ(MustRun().unknown, 1U);
  EXPECT_EQ(States(), "1 unknown");
  EXPECT_EQ(world_.Person("a@x"), R"({"city":"Ulm","email":"a@x","visits":1})");
  // Back as it was delivered: what may have arrived has to go.
  Put("1", "a@x", "NULL", 1);
  Fail(MemoryFault::kUnavailable);
  EXPECT_EQ(MustRun().deferred, 1U);
  EXPECT_EQ(States(), "1 unknown") << "deferring tells nothing about the earlier try";
  Behave();
  Sent();
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"city\":null,\"email\":\"a@x\",\"visits\":1}\n");
  EXPECT_EQ(world_.Person("a@x"), R"({"email":"a@x","visits":1})");
  EXPECT_EQ(Plan().Describe(), "nothing to send; 1 unchanged");
}

TEST_F(SyncEngineTest, AnUnknownRowThatLeavesAndComesBackIsStillUncertain) {
  Put("1", "a@x", "Ulm", 1);
  Fail(MemoryFault::kLostAnswer);
  MustRun();
  Behave();
  Do("DELETE FROM people");
  MustRun();
  EXPECT_EQ(States(), "1 left");
  Sent();
  Put("1", "a@x", "NULL", 1);
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"city\":null,\"email\":\"a@x\",\"visits\":1}\n");
}

TEST_F(SyncEngineTest, ARowThatNeverArrivedAndLeavesIsForgotten) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Ulm", 1);
  Answer("1", RowState::kRejected);
  Answer("2", RowState::kDeferred);
  MustRun();
  Do("DELETE FROM people");
  MustRun();
  EXPECT_EQ(States(), "");
}

TEST_F(SyncEngineTest, AChangedMappingSendsExactlyTheRowsWhosePayloadChanged) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "NULL", 2);
  MustRun();
  Sent();
  // A new field that only one row has: the other's payload is what it was.
  sync_.fields.push_back(Column("home.town", "city"));
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"email\":\"a@x\",\"home\":{\"town\":\"Ulm\"}}\n");
  // A field that is no longer mapped is left alone at the destination.
  sync_.fields.erase(sync_.fields.begin() + 1);
  EXPECT_EQ(Plan().counts.unchanged, 2U);
  EXPECT_EQ(MustRun().delivery_id, 0);
  EXPECT_EQ(world_.Person("a@x"),
            R"({"city":"Ulm","email":"a@x","home":{"town":"Ulm"},"visits":1})");
  EXPECT_EQ(Ask("SELECT payload FROM _sluice.sync_delivered WHERE key = '1'"),
            R"({"city":"Ulm","email":"a@x","home":{"town":"Ulm"},"visits":1})");
  Put("1", "a@x", "Bonn", 1);
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"email\":\"a@x\",\"home\":{\"town\":\"Bonn\"}}\n");
}

TEST_F(SyncEngineTest, RenamedAndReorderedColumnsSendNothing) {
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  Sent();
  Do("CREATE TABLE other AS SELECT visits AS v, 7 AS unmapped, city AS town, email, id FROM "
     "people");
  Do("DROP TABLE people");
  Do("ALTER TABLE other RENAME TO people");
  sync_.fields = {Column("visits", "v"), Column("city", "town"), Column("email", "email")};
  EXPECT_EQ(MustRun().delivery_id, 0);
  EXPECT_EQ(Plan().counts.unchanged, 1U);
}

TEST_F(SyncEngineTest, AtMostSoManyRowsWithALimit) {
  for (int i = 0; i < 25; ++i) Put(std::to_string(10 + i), std::to_string(i) + "@x", "Ulm", i);
  limit_ = 8;
  EXPECT_EQ(Plan().Describe(), "FIRST RUN: sends 8 of 25 users, 1 request");
  inputs_ = "people:1";
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.planned, 25U);
  EXPECT_EQ(summary.acknowledged, 8U);
  EXPECT_EQ(summary.waiting, 17U);
  limit_ = 0;
  EXPECT_EQ(MustRun().acknowledged, 17U) << "the same inputs, but something was left to do";
  EXPECT_EQ(world_.applied.size(), 25U);
}

TEST_F(SyncEngineTest, NothingIsLookedAtWhenNeitherInputsNorMappingChanged) {
  inputs_ = "people:1";
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  MustRun();
  EXPECT_TRUE(delivery_.up_to_date);
  EXPECT_EQ(Plan().Describe(), "nothing to send: neither the model nor the mapping has changed");
  inputs_ = "people:2";
  MustRun();
  EXPECT_FALSE(delivery_.up_to_date);
  MustRun();
  EXPECT_TRUE(delivery_.up_to_date) << "a run that had nothing to send notes it too";
  sync_.fields.pop_back();
  EXPECT_FALSE(Plan().up_to_date);
  inputs_ = "";
  sync_.fields.push_back(Column("visits", "visits"));
  EXPECT_FALSE(Plan().up_to_date) << "versions that are not known say nothing";
}

TEST_F(SyncEngineTest, WhatIsDeferredOrUnknownIsLookedAtAgain) {
  inputs_ = "people:1";
  Put("1", "a@x", "Ulm", 1);
  Answer("1", RowState::kDeferred);
  MustRun();
  Behave();
  EXPECT_EQ(MustRun().acknowledged, 1U);
  MustRun();
  EXPECT_TRUE(delivery_.up_to_date);
}

TEST_F(SyncEngineTest, AStoppedDeliveryKeepsWhatIsKnownAndTheRestWaits) {
  for (int i = 0; i < 30; ++i) Put(std::to_string(10 + i), std::to_string(i) + "@x", "Ulm", i);
  int requests = 0;
  destination_->options().fault = [&] {
    return ++requests == 2 ? MemoryFault::kForbidden : MemoryFault::kNone;
  };
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.outcome, "stopped");
  EXPECT_EQ(summary.message, "the key is not valid any more");
  EXPECT_EQ(summary.acknowledged, 10U);
  EXPECT_EQ(summary.deferred, 10U);
  EXPECT_EQ(summary.waiting, 10U);
  EXPECT_EQ(report_.stopped.code(), Code::kAuth);
  Behave();
  EXPECT_EQ(MustRun().acknowledged, 20U);
  EXPECT_EQ(world_.applied.size(), 30U);
}

TEST_F(SyncEngineTest, EveryTryIsRecordedWithWhatWasSent) {
  Put("1", "a@x", "Ulm", 1);
  int requests = 0;
  destination_->options().fault = [&] {
    return ++requests == 1 ? MemoryFault::kUnavailable : MemoryFault::kNone;
  };
  MustRun();
  EXPECT_EQ(Ask("SELECT key, run_id, delivery_id, attempt, sent, state, http_status, code FROM "
                "_sluice.sync_attempts ORDER BY attempt"),
            "1,run1,1,1,{\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1},deferred,503,http_503 | "
            "1,run1,1,2,{\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1},acknowledged,200,NULL");
  EXPECT_EQ(Ask("SELECT requests, planned, acknowledged, outcome, added, ended_at IS NOT NULL FROM "
                "_sluice.sync_runs"),
            "2,1,1,done,1,true");
}

TEST_F(SyncEngineTest, PlanAndDryRunChangeNothing) {
  Put("1", "a@x", "Ulm", 1);
  Do("INSERT INTO people VALUES (NULL, 'n@x', 'Ulm', 1)");
  const std::string everything =
      "SELECT (SELECT count(*) FROM _sluice.syncs) + (SELECT count(*) FROM _sluice.sync_runs) + "
      "(SELECT count(*) FROM _sluice.sync_findings) + (SELECT count(*) FROM _sluice.deliveries) + "
      "(SELECT count(*) FROM _sluice.sync_delivered), (SELECT count(*) FROM duckdb_tables() WHERE "
      "temporary)";
  Plan();
  const std::string folder = env::JoinPath(folder_, "dry");
  const auto plan = engine_->DryRun(*connection_, Job(), folder);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(plan->totals.requests, 1U);
  EXPECT_EQ(Ask(everything), "0,0");
  EXPECT_EQ(world_.requests, 0U);
  EXPECT_EQ(env::ReadFile(folder + "/000001.request").value(),
            "{\"key\":\"1\",\"payload\":{\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1}}\n");
  EXPECT_EQ(env::ReadFile(folder + "/requests.txt").value(),
            "000001.request POST /people rows=1 bytes=62\n");
}

TEST_F(SyncEngineTest, ThePlanCountsRequestsBytesAndTime) {
  options_.capabilities.requests_per_second = 5;
  options_.capabilities.max_rows_per_request = 1000;
  Restart();
  Do("INSERT INTO people SELECT range, range || '@x', 'Ulm', 1 FROM range(48210)");
  const SyncPlan plan = Plan();
  EXPECT_EQ(plan.Describe(),
            "FIRST RUN: sends all 48,210 users, 49 requests, 10 s at 5 requests/s");
  EXPECT_EQ(plan.totals.rows, 48210U);
  EXPECT_GT(plan.totals.bytes, 48210U * 60);
}

TEST_F(SyncEngineTest, ObjectsAreClearedInsideWhereTheDestinationMerges) {
  options_.capabilities.merges_nested = true;
  Restart();
  sync_.fields = {Column("email", "email"), Column("home.city", "city"),
                  Column("home.visits", "visits")};
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  Put("1", "a@x", "NULL", 2);
  Sent();
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"email\":\"a@x\",\"home\":{\"city\":null,\"visits\":2}}\n");
  EXPECT_EQ(world_.Person("a@x"), R"({"email":"a@x","home":{"visits":2}})");
}

// What a plan wrote down, as a later run expects it.
class PlannedSync : public SyncEngineTest {
 protected:
  SyncJob::Expected PlanNow() {
    SyncJob job = Job();
    rows_.clear();
    job.on_planned = [this](const SpoolRow& row) {
      rows_ += row.key + " " + row.sent + "\n";
      return Status::Ok();
    };
    const SyncPlan plan = engine_->Plan(*connection_, job).value();
    return {plan.mapping, plan.planned.rows, plan.planned.digest.Hex()};
  }
  Status RunAs(const SyncJob::Expected& expected) {
    SyncJob job = Job();
    job.expected = expected;
    SLUICE_ASSIGN(const Delivery delivery, engine_->Prepare(*connection_, job));
    if (delivery.id == 0) return Status::Ok();
    SLUICE_TRY(engine_->Deliver(delivery, job, limiter_, deliver_options_).status());
    return engine_->Fold(*connection_, job, delivery).status();
  }
  std::string rows_;
};

TEST_F(PlannedSync, SendsExactlyWhatWasPlanned) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Ulm", 2);
  const auto planned = PlanNow();
  EXPECT_EQ(planned.rows, 2U);
  ASSERT_TRUE(RunAs(planned).ok());
  EXPECT_EQ(Sent(), rows_);
  EXPECT_TRUE(RunAs(PlanNow()).ok()) << "nothing is planned, and nothing is sent";
  EXPECT_EQ(Sent(), "");
}

TEST_F(PlannedSync, SendsNothingWhenARowTheMappingOrWhatWasDeliveredMoved) {
  Put("1", "a@x", "Ulm", 1);
  auto planned = PlanNow();
  Put("1", "a@x", "Bonn", 1);
  EXPECT_EQ(RunAs(planned).message(),
            "what was planned for people_to_memory is not what would be sent now: other rows, or "
            "other values");
  Put("2", "b@x", "Ulm", 1);
  EXPECT_NE(RunAs(planned).message().find("2 rows instead of 1"), std::string::npos);
  planned = PlanNow();
  sync_.fields.pop_back();
  EXPECT_NE(RunAs(planned).message().find("the mapping has changed"), std::string::npos);
  planned = PlanNow();
  Do("DELETE FROM people WHERE id = '2'");
  MustRun();
  Do("INSERT INTO people VALUES ('2', 'b@x', 'Ulm', 1)");
  Sent();
  EXPECT_NE(RunAs(planned).message().find("1 row instead of 2"), std::string::npos);
  EXPECT_EQ(Sent(), "");
  EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.deliveries"), "0");
  // Nothing of it is left in the way of another run.
  MustRun();
  EXPECT_EQ(Sent(), "2 {\"city\":\"Ulm\",\"email\":\"b@x\"}\n");
}

}  // namespace
}  // namespace sluice::sync
