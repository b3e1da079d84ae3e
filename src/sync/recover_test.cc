#include "sync/recover.h"

#include <gtest/gtest.h>

#include "sync/delivery_files.h"
#include "sync/sync_fixture_for_tests.h"
#include "warehouse/fence.h"

namespace sluice::sync {
namespace {

using connector::MemoryFault;

struct Killed {};

class RecoverTest : public testing::Test, public SyncWorld {
 protected:
  void SetUp() override {
    for (int i = 0; i < 25; ++i) Put(std::to_string(10 + i), std::to_string(i) + "@x", "Ulm", i);
  }
  // Runs until the engine has done `step`, and ends there as a killed process does.
  void KillAfter(const std::string& step) {
    engine_->on_step = [&](std::string_view done) {
      if (done == step) throw Killed();
    };
    EXPECT_THROW((void)RunSync(), Killed);
    Restart();
  }
  // Ends after the n-th request took effect, before its answer is remembered.
  void KillInRequest(int n) {
    int requests = 0;
    destination_->options().before_answer = [&] {
      if (++requests == n) throw Killed();
    };
    EXPECT_THROW((void)RunSync(), Killed);
    Restart();
  }
  // Whatever was killed: another run, and all is as it should be.
  void ExpectRunCompletes(uint64_t sent_again) {
    const SyncSummary summary = MustRun();
    EXPECT_EQ(summary.waiting + summary.deferred + summary.unknown, 0U);
    EXPECT_EQ(world_.people.size(), 25U);
    EXPECT_EQ(world_.applied.size(), 25 + sent_again);
    EXPECT_EQ(Ask("SELECT count(*), count(*) FILTER (state = 'delivered') FROM "
                  "_sluice.sync_delivered"),
              "25,25");
    EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.deliveries"), "0");
    EXPECT_FALSE(env::Exists(Spool(1)));
    EXPECT_EQ(Plan().Describe(), "nothing to send; 25 unchanged");
  }
  std::string Log(int64_t id) const { return Files().Log(id); }
  std::string Spool(int64_t id) const { return Files().Spool(id); }
  DeliveryFiles Files() const { return {env::JoinPath(folder_, ".sluice"), sync_.name}; }
};

TEST_F(RecoverTest, APlanCountsWhatAKilledRunLeftOpen) {
  KillInRequest(2);
  const SyncPlan plan = Plan();
  EXPECT_EQ(plan.Describe(),
            "an interrupted delivery is taken in first (10 acknowledged, 10 not known, 5 not "
            "reached); then sends 15 users (5 added, 10 again), 2 requests; 10 unchanged");
  EXPECT_EQ(plan.Describe(), Plan().Describe()) << "a plan changed something";
  EXPECT_TRUE(env::Exists(Log(1)));
  ExpectRunCompletes(10);
}

TEST_F(RecoverTest, APlanTellsTheStopOfALostLog) {
  KillInRequest(2);
  ASSERT_TRUE(env::RemoveFile(Log(1)).ok());
  const Status plan = engine_->Plan(*connection_, Job()).status();
  EXPECT_EQ(plan.ToString(), RunSync().status().ToString());
  EXPECT_NE(plan.message().find("log is lost"), std::string::npos) << plan.message();
}

TEST_F(RecoverTest, KilledBeforeTheDeliveryIsNotedNothingHappened) {
  for (const char* step : {"spool", "log"}) {
    KillAfter(step);
    EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.deliveries"), "0");
    EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.sync_runs"), "0");
  }
  ExpectRunCompletes(0);
}

TEST_F(RecoverTest, KilledBeforeTheFirstRequestTheDeliveryIsClosed) {
  KillAfter("opened");
  ExpectRunCompletes(0);
  ASSERT_TRUE(recovered_.has_value());
  EXPECT_EQ(recovered_->outcome, "interrupted");
  EXPECT_EQ(recovered_->waiting, 25U);
  EXPECT_EQ(
      Ask("SELECT delivery_id, outcome, planned, waiting, acknowledged FROM _sluice.sync_runs "
          "ORDER BY delivery_id"),
      "1,interrupted,25,25,0 | 2,done,25,0,25");
}

TEST_F(RecoverTest, KilledInARequestItsRowsAreUnknownAndTheOthersAreNotSentAgain) {
  KillInRequest(2);
  const auto recovered = engine_->Recover(*connection_, Job());
  ASSERT_TRUE(recovered.ok()) << recovered.status().ToString();
  ASSERT_TRUE(recovered.value().has_value());
  EXPECT_EQ((*recovered)->acknowledged, 10U);
  EXPECT_EQ((*recovered)->unknown, 10U);
  EXPECT_EQ((*recovered)->waiting, 5U);
  EXPECT_EQ((*recovered)->requests, 2U);
  EXPECT_EQ(Ask("SELECT DISTINCT code FROM _sluice.sync_delivered WHERE state = 'unknown'"),
            "interrupted");
  ExpectRunCompletes(10);
}

TEST_F(RecoverTest, KilledAfterTheDeliveryAllAnswersAreKnown) {
  KillAfter("delivered");
  const auto recovered = engine_->Recover(*connection_, Job());
  EXPECT_EQ((*recovered)->acknowledged, 25U);
  EXPECT_EQ((*recovered)->outcome, "done");
  ExpectRunCompletes(0);
}

TEST_F(RecoverTest, KilledAfterFoldingOnlyFilesAreLeft) {
  KillAfter("folded");
  EXPECT_TRUE(env::Exists(Spool(1)));
  ExpectRunCompletes(0);
  EXPECT_FALSE(recovered_.has_value());
}

TEST_F(RecoverTest, ATornTailOfTheLogIsCut) {
  KillInRequest(2);
  auto log = env::AppendFile::Open(Log(1));
  ASSERT_TRUE(log.value().Append("SLG1 a part of the second outcome").ok());
  ExpectRunCompletes(10);
}

TEST_F(RecoverTest, APayloadThatFailedIsNotReplayedWhenTheModelHasMovedOn) {
  KillInRequest(1);
  Put("10", "0@x", "Bonn", 100);
  Do("DELETE FROM people WHERE id = '34'");  // was in the spool, unsent
  Sent();
  MustRun();
  EXPECT_EQ(world_.Person("0@x"), R"({"city":"Bonn","email":"0@x","visits":100})");
  EXPECT_EQ(world_.people.size(), 24U);
}

TEST_F(RecoverTest, ADamagedLogStopsTheSync) {
  KillInRequest(2);
  std::string bytes = env::ReadFile(Log(1)).value();
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(env::WriteFileAtomically(Log(1), bytes).ok());
  const Status status = RunSync().status();
  EXPECT_EQ(status.code(), Code::kFailed);
  EXPECT_NE(status.message().find("is damaged at byte"), std::string::npos) << status.ToString();
  EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.deliveries"), "1");
}

TEST_F(RecoverTest, ALostLogOrSpoolStopsTheSyncAndSaysWhatToDo) {
  KillInRequest(2);
  ASSERT_TRUE(env::Rename(Spool(1), Spool(1) + ".away").ok());
  EXPECT_NE(RunSync().status().message().find("its spool is lost"), std::string::npos);
  ASSERT_TRUE(env::RemoveTree(env::JoinPath(folder_, ".sluice")).ok());
  const Status status = RunSync().status();
  EXPECT_EQ(status.code(), Code::kFailed);
  EXPECT_NE(status.message().find("delivery 1 of people_to_memory was interrupted, and its log is "
                                  "lost"),
            std::string::npos)
      << status.ToString();
  EXPECT_NE(status.next().find("sluice sync adopt people_to_memory --reason"), std::string::npos);
  Do("DELETE FROM _sluice.deliveries WHERE sync = 'people_to_memory'");
  ExpectRunCompletes(20);
}

TEST_F(RecoverTest, ALostSpoolDoesNotMatterWhereNothingWasSent) {
  KillAfter("opened");
  ASSERT_TRUE(env::RemoveFile(Spool(1)).ok());
  ExpectRunCompletes(0);
}

TEST_F(RecoverTest, ADeliveryOfAnotherMachineIsNotTouched) {
  KillInRequest(2);
  Do("UPDATE _sluice.deliveries SET host = 'elsewhere'");
  const Status status = RunSync().status();
  EXPECT_EQ(status.code(), Code::kFailed);
  EXPECT_NE(status.message().find("was left open on elsewhere"), std::string::npos);
  EXPECT_NE(status.next().find("Run it there first"), std::string::npos);
}

TEST_F(RecoverTest, AWarehouseThatWasRestoredStopsTheSync) {
  Close();
  const std::string path = env::JoinPath(folder_, "w.duckdb");
  const std::string backup = env::ReadFile(path).value();
  const std::string log = env::ReadFile(path + ".wal").value();
  Open();
  MustRun();
  Close();
  ASSERT_TRUE(env::WriteFileAtomically(path, backup).ok());
  ASSERT_TRUE(env::WriteFileAtomically(path + ".wal", log).ok());
  Open();
  const Status status = RunSync().status();
  EXPECT_EQ(status.code(), Code::kFailed);
  EXPECT_NE(status.message().find("the warehouse does not know delivery 1"), std::string::npos)
      << status.ToString();
  EXPECT_EQ(world_.applied.size(), 25U);
  ASSERT_TRUE(env::RemoveTree(Files().folder()).ok());
  ExpectRunCompletes(25);
}

TEST_F(RecoverTest, ARunThatWasOvertakenWritesNothing) {
  SyncJob job = Job();
  job.fence = warehouse::TakeFence(*connection_, "sync:people").value();
  const auto delivery = engine_->Prepare(*connection_, job);
  ASSERT_TRUE(delivery.ok());
  ASSERT_TRUE(engine_->Deliver(delivery.value(), job, limiter_, {}).ok());
  SyncJob newer = Job();
  newer.fence = warehouse::TakeFence(*connection_, "sync:people").value();
  EXPECT_NE(engine_->Fold(*connection_, job, delivery.value())
                .status()
                .message()
                .find("taken over by a newer run"),
            std::string::npos);
  EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.sync_delivered"), "0");
  const auto recovered = engine_->Recover(*connection_, newer);
  ASSERT_TRUE(recovered.ok()) << recovered.status().ToString();
  EXPECT_EQ((*recovered)->acknowledged, 25U);
}

TEST_F(RecoverTest, FoldingTwiceDoesNothingTheSecondTime) {
  const SyncJob job = Job();
  const auto delivery = engine_->Prepare(*connection_, job);
  ASSERT_TRUE(engine_->Deliver(delivery.value(), job, limiter_, {}).ok());
  ASSERT_TRUE(engine_->Fold(*connection_, job, delivery.value()).ok());
  EXPECT_EQ(engine_->Fold(*connection_, job, delivery.value()).status().code(), Code::kNotFound);
  EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.sync_attempts"), "25");
}

TEST_F(RecoverTest, RowsThatDoNotAddUpAreAnErrorAndNothingIsFolded) {
  const SyncJob job = Job();
  const auto delivery = engine_->Prepare(*connection_, job);
  ASSERT_TRUE(engine_->Deliver(delivery.value(), job, limiter_, {}).ok());
  Do("UPDATE _sluice.sync_runs SET planned = planned + 1");
  const Status status = engine_->Fold(*connection_, job, delivery.value()).status();
  EXPECT_EQ(status.code(), Code::kFailed);
  EXPECT_NE(status.message().find("do not add up: 26 planned, 25 spooled, 25 with an outcome"),
            std::string::npos)
      << status.ToString();
  EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.sync_delivered"), "0");
}

TEST_F(RecoverTest, AnotherSpoolThanTheLogsIsNotFolded) {
  KillInRequest(2);
  std::string bytes = env::ReadFile(Spool(1)).value();
  bytes[bytes.size() - 3] ^= 1;
  ASSERT_TRUE(env::WriteFileAtomically(Spool(1), bytes).ok());
  EXPECT_NE(RunSync().status().message().find("is not the one that the delivery was made with"),
            std::string::npos);
}

TEST_F(RecoverTest, IdsOfDeliveriesAreNeverUsedTwice) {
  MustRun();
  Put("10", "0@x", "Bonn", 1);
  EXPECT_EQ(MustRun().delivery_id, 2);
  EXPECT_TRUE(env::Exists(Log(2)));
  EXPECT_FALSE(env::Exists(Log(1))) << "only the newest log is kept";
  KillAfter("opened");  // nothing to send: no delivery
  Put("10", "0@x", "Ulm", 1);
  EXPECT_EQ(MustRun().delivery_id, 3);
}

}  // namespace
}  // namespace sluice::sync
