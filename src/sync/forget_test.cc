#include "sync/forget.h"

#include <gtest/gtest.h>

#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

struct Killed {};

class ForgetTest : public testing::Test, public SyncWorld {
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
  std::string Forget() {
    return InTransaction([&] {
      return ForgetDelivery(*connection_, {sync_.name, "here", std::nullopt}, Files(), "gone",
                            clock_);
    });
  }
  std::string Anew() {
    return InTransaction(
        [&] { return StartAnew(*connection_, sync_.name, Files(), "other project", clock_); });
  }
};

TEST_F(ForgetTest, AnotherDestinationIsNeverTakenForTheOldOne) {
  ASSERT_TRUE(RunTo("crm: users, key id").ok());
  EXPECT_TRUE(RunTo("crm: users, key id").ok());
  for (const Status& status : {RunTo("crm: users, key email"), PlanTo("crm: users, key email")}) {
    EXPECT_EQ(status.code(), Code::kConfig);
    EXPECT_EQ(status.message(),
              "the sync people_to_memory has delivered to crm: users, key id, and would now go to "
              "crm: users, key email: what the one has says nothing of the other");
    EXPECT_NE(status.next().find("sluice sync start-anew people_to_memory"), std::string::npos);
  }
  EXPECT_EQ(world_.applied.size(), 4U);
}

TEST_F(ForgetTest, AnOpenDeliveryKeepsItsDestinationToo) {
  KillInRequest();
  EXPECT_EQ(RunTo("b").code(), Code::kConfig);
  EXPECT_TRUE(RunTo("a").ok());
}

TEST_F(ForgetTest, WhatNeverDeliveredMayGoAnywhere) {
  Do("DELETE FROM people");
  ASSERT_TRUE(RunTo("a").ok());
  EXPECT_TRUE(RunTo("b").ok());
}

TEST_F(ForgetTest, StartingAnewSendsAllAndKeepsTheReason) {
  EXPECT_EQ(Anew(), "nothing is known to be delivered by people_to_memory");
  ASSERT_TRUE(RunTo("a").ok());
  EXPECT_EQ(Anew(),
            "people_to_memory starts anew: what is known of 4 rows is forgotten, and the next run "
            "sends all");
  EXPECT_EQ(Ask("SELECT outcome, message FROM _sluice.sync_runs ORDER BY started_at, outcome"),
            "done,NULL | started anew,other project");
  ASSERT_TRUE(RunTo("b").ok());
  EXPECT_EQ(world_.applied.size(), 8U);
  EXPECT_EQ(Ask("SELECT max(delivery_id) FROM _sluice.sync_attempts"), "2");
}

TEST_F(ForgetTest, OnlyADeliveryThatCannotBeTakenInIsForgotten) {
  EXPECT_EQ(Forget(), "no delivery of people_to_memory is open");
  KillInRequest();
  EXPECT_EQ(Forget(),
            "the open delivery of people_to_memory is whole: nothing needs to be forgotten");
  ASSERT_TRUE(env::RemoveFile(Files().Log(1)).ok());
  EXPECT_NE(RunTo("a").next().find("sluice sync forget-delivery people_to_memory --reason TEXT"),
            std::string::npos);
  EXPECT_EQ(Forget(),
            "the open delivery of people_to_memory is forgotten: its rows go again where they "
            "differ from what was delivered before it");
  EXPECT_EQ(Ask("SELECT outcome, message, unknown, waiting FROM _sluice.sync_runs"),
            "forgotten,gone,4,0");
  ASSERT_TRUE(RunTo("a").ok());
  EXPECT_EQ(world_.applied.size(), 8U);
  EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.sync_delivered WHERE state = 'delivered'"), "4");
}

TEST_F(ForgetTest, AWarehouseThatIsOlderThanWhatWasSentCanStartAnew) {
  ASSERT_TRUE(RunTo("a").ok());
  for (const char* table : {"syncs", "sync_delivered", "sync_runs"}) {
    Do(std::string("DELETE FROM _sluice.") + table);
  }
  EXPECT_NE(RunTo("a").next().find("sluice sync start-anew"), std::string::npos);
  (void)Anew();
  EXPECT_TRUE(RunTo("a").ok());
  EXPECT_EQ(world_.applied.size(), 8U);
}

}  // namespace
}  // namespace sluice::sync
