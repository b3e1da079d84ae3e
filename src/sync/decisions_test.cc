#include "sync/decisions.h"

#include <gtest/gtest.h>

#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

struct Killed {};

class DecisionsTest : public testing::Test, public SyncWorld {
 protected:
  void SetUp() override {
    for (int i = 0; i < 4; ++i) Put(std::to_string(10 + i), std::to_string(i) + "@x", "Ulm", i);
  }
  // As RunSync, to a destination that is called so.
  Status RunTo(const std::string& target) {
    SyncJob job = Job();
    job.target = target;
    SLUICE_TRY(engine_->Recover(*connection_, job).status());
    SLUICE_ASSIGN(const Delivery delivery, engine_->Prepare(*connection_, job));
    if (delivery.id == 0) return Status::Ok();
    SLUICE_TRY(engine_->Deliver(delivery, job, limiter_, deliver_options_).status());
    return engine_->Fold(*connection_, job, delivery).status();
  }
  Status PlanTo(const std::string& target) {
    SyncJob job = Job();
    job.target = target;
    return engine_->Plan(*connection_, job).status();
  }
  void KillInRequest() {
    destination_->options().before_answer = [] { throw Killed(); };
    EXPECT_THROW((void)RunTo("a"), Killed);
    Restart();
  }
  DeliveryFiles Files() const { return {env::JoinPath(folder_, ".sluice"), sync_.name}; }
  std::string InTransaction(const std::function<Result<std::string>()>& work) {
    auto transaction = engine::Transaction::Begin(*connection_).value();
    const auto done = work();
    if (!done.ok()) return done.status().message();
    EXPECT_TRUE(transaction->Commit().ok());
    return done.value();
  }
  std::string AdoptIt() {
    return InTransaction([&] {
      return Adopt(*connection_, {sync_.name, "here", std::nullopt}, Files(), "gone", clock_);
    });
  }
  std::string ResetIt() {
    return InTransaction(
        [&] { return Reset(*connection_, sync_.name, Files(), "other project", clock_); });
  }
};

TEST_F(DecisionsTest, AnotherDestinationIsNeverTakenForTheOldOne) {
  ASSERT_TRUE(RunTo("crm: users, key id").ok());
  EXPECT_TRUE(RunTo("crm: users, key id").ok());
  for (const Status& status : {RunTo("crm: users, key email"), PlanTo("crm: users, key email")}) {
    EXPECT_EQ(status.code(), Code::kConfig);
    EXPECT_EQ(status.message(),
              "the sync people_to_memory has delivered to crm: users, key id, and would now go to "
              "crm: users, key email: what the one has says nothing of the other");
    EXPECT_NE(status.next().find("sluice sync reset people_to_memory"), std::string::npos);
  }
  EXPECT_EQ(world_.applied.size(), 4U);
}

TEST_F(DecisionsTest, AnOpenDeliveryKeepsItsDestinationToo) {
  KillInRequest();
  EXPECT_EQ(RunTo("b").code(), Code::kConfig);
  EXPECT_TRUE(RunTo("a").ok());
}

TEST_F(DecisionsTest, WhatNeverDeliveredMayGoAnywhere) {
  Do("DELETE FROM people");
  ASSERT_TRUE(RunTo("a").ok());
  EXPECT_TRUE(RunTo("b").ok());
}

TEST_F(DecisionsTest, ResettingSendsAllAndKeepsTheReason) {
  EXPECT_EQ(ResetIt(), "nothing is known to be delivered by people_to_memory");
  ASSERT_TRUE(RunTo("a").ok());
  EXPECT_EQ(ResetIt(),
            "people_to_memory is reset: what is known of 4 rows is forgotten, and the next run "
            "sends all");
  EXPECT_EQ(Ask("SELECT outcome, message FROM _sluice.sync_runs ORDER BY started_at, outcome"),
            "done,NULL | reset,other project");
  ASSERT_TRUE(RunTo("b").ok());
  EXPECT_EQ(world_.applied.size(), 8U);
  EXPECT_EQ(Ask("SELECT max(delivery_id) FROM _sluice.sync_attempts"), "2");
}

TEST_F(DecisionsTest, OnlyADeliveryThatCannotBeTakenInIsAdopted) {
  EXPECT_EQ(
      AdoptIt(),
      "nothing of people_to_memory needs to be adopted: no delivery is open, and none was made "
      "that the warehouse does not know");
  KillInRequest();
  EXPECT_EQ(AdoptIt(),
            "the open delivery of people_to_memory is whole: nothing needs to be adopted");
  ASSERT_TRUE(env::RemoveFile(Files().Log(1)).ok());
  EXPECT_NE(RunTo("a").next().find("sluice sync adopt people_to_memory --reason TEXT"),
            std::string::npos);
  ASSERT_TRUE(env::RemoveFile(Files().Spool(1)).ok());
  EXPECT_EQ(
      AdoptIt(),
      "the open delivery of people_to_memory is given up: its rows go again where they differ "
      "from what was delivered before it");
  EXPECT_EQ(Ask("SELECT outcome, message, unknown, waiting FROM _sluice.sync_runs"),
            "adopted,gone,4,0");
  ASSERT_TRUE(RunTo("a").ok());
  EXPECT_EQ(world_.applied.size(), 8U);
  EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.sync_delivered WHERE state = 'delivered'"), "4");
}

TEST_F(DecisionsTest, OfADeliveryWithoutALogTheSpoolSaysWhatMayHaveArrived) {
  ASSERT_TRUE(RunTo("a").ok());
  sync_.mode = "mirror";
  Put("10", "0@x", "Bonn", 0);
  Put("20", "new@x", "Bonn", 0);
  KillInRequest();
  EXPECT_EQ(world_.people.count("new@x"), 1U);
  // The model goes back, and the log is gone.
  Put("10", "0@x", "Ulm", 0);
  Do("DELETE FROM people WHERE id = '20'");
  ASSERT_TRUE(env::RemoveFile(Files().Log(2)).ok());
  EXPECT_EQ(AdoptIt(),
            "the open delivery of people_to_memory is given up: each of its rows may have arrived, "
            "and goes again as the model has it now, or is removed");
  EXPECT_EQ(Ask("SELECT outcome, message, unknown, waiting FROM _sluice.sync_runs WHERE "
                "delivery_id = 2"),
            "adopted,gone,2,0");
  EXPECT_EQ(Ask("SELECT key, state FROM _sluice.sync_delivered WHERE state <> 'delivered' ORDER BY "
                "key"),
            "10,unknown | 20,unknown");
  ASSERT_TRUE(RunTo("a").ok());
  EXPECT_EQ(world_.people.count("new@x"), 0U);
  EXPECT_EQ(world_.Person("0@x"), R"({"city":"Ulm","email":"0@x","visits":0})");
}

TEST_F(DecisionsTest, AWarehouseThatIsOlderThanWhatWasSentCanBeResetOrAdopted) {
  ASSERT_TRUE(RunTo("a").ok());
  for (const char* table : {"syncs", "sync_delivered", "sync_runs"}) {
    Do(std::string("DELETE FROM _sluice.") + table);
  }
  EXPECT_NE(RunTo("a").next().find("sluice sync reset"), std::string::npos);
  (void)ResetIt();
  EXPECT_TRUE(RunTo("a").ok());
  EXPECT_EQ(world_.applied.size(), 8U);
}

TEST_F(DecisionsTest, AnOlderWarehouseIsAdoptedAsItIs) {
  ASSERT_TRUE(RunTo("a").ok());
  Do("CREATE TABLE kept AS FROM _sluice.sync_delivered");
  Put("10", "0@x", "Bonn", 0);
  ASSERT_TRUE(RunTo("a").ok());
  Sent();
  // The warehouse of before the second delivery.
  Do("DELETE FROM _sluice.sync_delivered");
  Do("INSERT INTO _sluice.sync_delivered FROM kept");
  Do("UPDATE _sluice.syncs SET next_delivery = 2");
  EXPECT_NE(RunTo("a").next().find("sluice sync adopt"), std::string::npos);
  EXPECT_EQ(AdoptIt(),
            "what the warehouse knows of people_to_memory counts: rows go again where they differ "
            "from it. To send all of them: sluice sync resync people_to_memory");
  ASSERT_TRUE(RunTo("a").ok());
  EXPECT_EQ(Sent(), "10 {\"city\":\"Bonn\",\"email\":\"0@x\"}\n");
  EXPECT_EQ(Ask("SELECT max(delivery_id) FROM _sluice.sync_runs"), "3");
}

TEST_F(DecisionsTest, RejectedRowsGoAgainWhenAskedFor) {
  const auto retry = [&] {
    return InTransaction(
        [&] { return Retry(*connection_, sync_.name, "rejected", "wider", clock_); });
  };
  EXPECT_EQ(retry(), "no row of people_to_memory is rejected");
  Answer("11", connector::RowState::kRejected);
  inputs_ = "people:1";
  MustRun();
  Behave();
  destination_->options().refuse = nullptr;
  EXPECT_EQ(MustRun().planned, 0U);
  EXPECT_EQ(retry(),
            "1 rejected row of people_to_memory goes again with the next run, if the model "
            "has it");
  EXPECT_EQ(MustRun().acknowledged, 1U);
  EXPECT_EQ(Ask("SELECT DISTINCT state FROM _sluice.sync_delivered"), "delivered");
  EXPECT_EQ(Ask("SELECT message FROM _sluice.sync_runs WHERE outcome = 'retry'"), "wider");
}

TEST_F(DecisionsTest, RowsThatMayHaveArrivedGoAgainOnlyWhenAskedFor) {
  options_.capabilities.repeatable = false;
  Restart();
  Fail(connector::MemoryFault::kLostRequest);
  MustRun();
  Behave();
  EXPECT_EQ(MustRun().acknowledged, 0U);
  EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.sync_findings WHERE kind = 'unknown_outcome'"), "4");
  EXPECT_EQ(InTransaction(
                [&] { return Retry(*connection_, sync_.name, "unknown", "not there", clock_); }),
            "4 unknown rows of people_to_memory go again with the next run, if the model has them");
  EXPECT_EQ(MustRun().acknowledged, 4U);
  EXPECT_EQ(Findings(), "");
}

TEST_F(DecisionsTest, AResyncSendsAllRowsWholeAndForgetsNoRemoval) {
  sync_.mode = "mirror";
  inputs_ = "people:1";
  MustRun();
  Sent();
  Do("DELETE FROM people WHERE id = '13'");
  inputs_ = "people:2";
  EXPECT_EQ(InTransaction([&] {
              return Resync(*connection_, sync_.name, std::nullopt, "edited there", clock_);
            }),
            "4 delivered rows of people_to_memory go again, whole, with the next run, if the model "
            "has them");
  MustRun();
  EXPECT_EQ(Sent(),
            "10 {\"city\":\"Ulm\",\"email\":\"0@x\",\"visits\":0}\n"
            "11 {\"city\":\"Ulm\",\"email\":\"1@x\",\"visits\":1}\n"
            "12 {\"city\":\"Ulm\",\"email\":\"2@x\",\"visits\":2}\n"
            "remove 13 {\"email\":\"3@x\"}\n");
  EXPECT_EQ(MustRun().delivery_id, 0);
  EXPECT_EQ(Sent(), "");
}

TEST_F(DecisionsTest, NothingIsDecidedAboutRowsOfAnOpenDelivery) {
  KillInRequest();
  const auto message = [&](Result<std::string> done) { return done.status().message(); };
  EXPECT_NE(message(Retry(*connection_, sync_.name, "rejected", "", clock_)).find("is open"),
            std::string::npos);
  EXPECT_NE(message(Resync(*connection_, sync_.name, {}, "", clock_)).find("is open"),
            std::string::npos);
}

TEST_F(DecisionsTest, APauseIsKeptWithItsReasonUntilItIsEnded) {
  EXPECT_EQ(InTransaction([&] { return Resume(*connection_, sync_.name, "", clock_); }),
            "people_to_memory is not paused");
  (void)InTransaction([&] { return Pause(*connection_, sync_.name, "complaints", clock_); });
  const auto paused = PausedSince(*connection_, sync_.name);
  ASSERT_TRUE(paused.ok() && *paused);
  EXPECT_NE((*paused)->find(": complaints"), std::string::npos);
  EXPECT_NE(
      InTransaction([&] { return Pause(*connection_, sync_.name, "", clock_); }).find("already"),
      std::string::npos);
  (void)InTransaction([&] { return Resume(*connection_, sync_.name, "", clock_); });
  EXPECT_FALSE(PausedSince(*connection_, sync_.name)->has_value());
}

TEST_F(DecisionsTest, OneRowIsSentAloneAlsoWhenItDidNotChange) {
  inputs_ = "people:1";
  MustRun();
  Sent();
  Put("10", "0@x", "Bonn", 0);
  inputs_ = "people:2";
  (void)InTransaction([&] { return Resync(*connection_, sync_.name, "12", "", clock_); });
  SyncJob job = Job();
  job.only_key = "12";
  std::string seen;
  deliver_options_.on_exchange = [&](const auto& request, const auto& result) {
    seen += std::to_string(request.rows) + " " + std::string(StateName(result.outcomes[0].state));
  };
  const auto delivery = engine_->Prepare(*connection_, job);
  ASSERT_TRUE(delivery.ok());
  ASSERT_TRUE(engine_->Deliver(*delivery, job, limiter_, deliver_options_).ok());
  const auto summary = engine_->Fold(*connection_, job, *delivery);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(seen, "1 acknowledged");
  EXPECT_EQ(summary->planned, 2U);
  EXPECT_EQ(summary->waiting, 1U);
  EXPECT_EQ(Sent(), "12 {\"city\":\"Ulm\",\"email\":\"2@x\",\"visits\":2}\n");
  MustRun();
  EXPECT_EQ(Sent(), "10 {\"city\":\"Bonn\",\"email\":\"0@x\"}\n");
}

}  // namespace
}  // namespace sluice::sync
