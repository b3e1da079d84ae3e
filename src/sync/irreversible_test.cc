// Rows of which nothing can be taken back, counted by the day, and people who were forgotten.
#include <gtest/gtest.h>

#include "base/text.h"
#include "env/file.h"
#include "sync/daily_budget.h"
#include "sync/decisions.h"
#include "sync/delivery_files.h"
#include "sync/people_in_memory_for_tests.h"
#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

using connector::RowState;

class IrreversibleTest : public testing::Test, public SyncWorld {
 protected:
  IrreversibleTest() {
    sync_.mode = "add";
    sync_.fields = {Column("email", "email")};
    connector::Capabilities& can = options_.capabilities;
    can.max_rows_per_request = 1;
    can.irreversible = true;
    can.tells_again = true;
    can.removes = false;
    Restart();
  }
  Result<SyncSummary> RunWith(DailyBudget* daily, std::optional<uint64_t> confirmed) {
    SyncJob job = Job();
    job.daily = daily;
    job.confirmed = confirmed;
    SLUICE_TRY(engine_->Recover(*connection_, job).status());
    SLUICE_ASSIGN(delivery_, engine_->Prepare(*connection_, job));
    if (delivery_.id == 0) return SyncSummary();
    SLUICE_ASSIGN(report_, engine_->Deliver(delivery_, job, limiter_, deliver_options_));
    return engine_->Fold(*connection_, job, delivery_);
  }
  SyncPlan PlanWith(DailyBudget* daily) {
    SyncJob job = Job();
    job.daily = daily;
    return engine_->Plan(*connection_, job).value();
  }
  void PutPeople(int first, int last) {
    for (int i = first; i <= last; ++i) {
      Put(std::to_string(i), std::to_string(i) + "@x", "Ulm", 1);
    }
  }
};

TEST_F(IrreversibleTest, NothingGoesUntilItsNumberIsConfirmed) {
  PutPeople(1, 3);
  const auto held = RunWith(nullptr, {});
  EXPECT_EQ(held.status().code(), Code::kHeld);
  EXPECT_EQ(
      held.status().message(),
      "nothing is sent: what is done with 3 rows cannot be taken back, and nobody has confirmed "
      "it (guards.at_most.added lets so many through)");
  EXPECT_EQ(held.status().next(), "sluice run people_to_memory --confirm 3");
  EXPECT_EQ(RunWith(nullptr, 2).status().code(), Code::kHeld);
  EXPECT_EQ(Sent(), "");
  EXPECT_EQ(RunWith(nullptr, 3)->acknowledged, 3U);
}

TEST_F(IrreversibleTest, AGuardLetsSoManyThroughWithoutAWord) {
  sync_.guards.added = config::Amount{2, {}};
  PutPeople(1, 2);
  EXPECT_EQ(RunWith(nullptr, {})->acknowledged, 2U);
  PutPeople(3, 5);
  EXPECT_EQ(RunWith(nullptr, {}).status().code(), Code::kHeld);
  // A share of nothing that is delivered says nothing.
  sync_.name = "another";
  sync_.guards.added = config::Amount{0, 50.0};
  EXPECT_EQ(RunWith(nullptr, {}).status().code(), Code::kHeld);
}

TEST_F(IrreversibleTest, WhatDoesNotFitIntoTheDayWaitsAndStaysConfirmed) {
  DailyBudget daily(clock_, 2, "", "boot");
  PutPeople(1, 5);
  const SyncPlan plan = PlanWith(&daily);
  EXPECT_EQ(plan.DaysToWait(), 2U);
  EXPECT_TRUE(
      StartsWith(plan.Describe(),
                 "FIRST RUN: sends all 5 users, 5 requests, 3 days at 2 in 24 hours: 2 can go "
                 "now, the rest waits for later runs"))
      << plan.Describe();
  SyncSummary summary = RunWith(&daily, 5).value();
  EXPECT_EQ(summary.outcome, "done");
  EXPECT_EQ(summary.acknowledged, 2U);
  EXPECT_EQ(summary.waiting, 3U);
  ASSERT_TRUE(report_.tomorrow.has_value());
  EXPECT_EQ(*report_.tomorrow, std::chrono::hours(24));
  EXPECT_EQ(RunWith(&daily, {})->acknowledged, 0U) << "the same day";
  clock_.Advance(std::chrono::hours(24));
  EXPECT_EQ(RunWith(&daily, {})->acknowledged, 2U) << "nobody has to confirm it again";
  PutPeople(6, 6);
  clock_.Advance(std::chrono::hours(24));
  EXPECT_EQ(RunWith(&daily, 2).status().code(), Code::kHeld) << "one came since";
  EXPECT_EQ(RunWith(&daily, 1)->acknowledged, 2U);
  EXPECT_EQ(world_.applied.size(), 6U);
}

TEST_F(IrreversibleTest, AResetTakesTheConfirmationsToo) {
  DailyBudget daily(clock_, 2, "", "boot");
  PutPeople(1, 5);
  EXPECT_EQ(RunWith(&daily, 5)->acknowledged, 2U);
  clock_.Advance(std::chrono::hours(24));
  const DeliveryFiles files(env::JoinPath(folder_, ".sluice"), sync_.name);
  ASSERT_TRUE(Reset(*connection_, sync_.name, files, "begun anew", clock_).ok());
  EXPECT_EQ(RunWith(&daily, {}).status().code(), Code::kHeld);
  EXPECT_EQ(world_.applied.size(), 2U);
}

TEST_F(IrreversibleTest, WhoIsConfirmedDoesNotWaitForWhoIsNot) {
  DailyBudget daily(clock_, 2, "", "boot");
  PutPeople(1, 3);
  EXPECT_EQ(RunWith(&daily, 3)->acknowledged, 2U);
  clock_.Advance(std::chrono::hours(24));
  PutPeople(4, 5);
  const SyncPlan plan = PlanWith(&daily);
  EXPECT_EQ(plan.held,
            "2 rows wait, 1 confirmed before goes: what is done with 2 rows cannot be taken back, "
            "and nobody has confirmed it (guards.at_most.added lets so many through). sluice run "
            "people_to_memory --confirm 2");
  const SyncSummary summary = RunWith(&daily, {}).value();
  EXPECT_EQ(summary.acknowledged, 1U);
  EXPECT_EQ(summary.planned, 3U);
  EXPECT_EQ(summary.waiting, 2U);
  EXPECT_EQ(delivery_.held.code(), Code::kHeld);
  EXPECT_EQ(Findings(), "4 unconfirmed | 5 unconfirmed");
  EXPECT_EQ(RunWith(&daily, {}).status().code(), Code::kHeld) << "nobody is left who may go";
  EXPECT_EQ(RunWith(&daily, 2)->acknowledged, 1U);
  EXPECT_TRUE(delivery_.held.ok());
  EXPECT_EQ(Findings(), "");
}

TEST_F(IrreversibleTest, WhatWasTriedGoesAgainBesideWhoIsNotConfirmed) {
  PutPeople(1, 2);
  Answer("2", RowState::kDeferred);
  EXPECT_EQ(RunWith(nullptr, 2)->acknowledged, 1U);
  Behave();
  PutPeople(3, 3);
  EXPECT_EQ(RunWith(nullptr, {})->acknowledged, 1U);
  EXPECT_EQ(Findings(), "3 unconfirmed");
  EXPECT_EQ(world_.people.count("3@x"), 0U);
}

TEST_F(IrreversibleTest, WhoComesAgainGoesAgain) {
  PutPeople(1, 1);
  EXPECT_EQ(RunWith(nullptr, 1)->acknowledged, 1U);
  EXPECT_EQ(RunWith(nullptr, {})->acknowledged, 0U);
  Do("DELETE FROM people");
  ASSERT_TRUE(RunWith(nullptr, {}).ok());
  PutPeople(1, 1);
  EXPECT_EQ(RunWith(nullptr, {}).status().code(), Code::kHeld) << "and is confirmed again";
  EXPECT_EQ(RunWith(nullptr, 1)->acknowledged, 1U);
  Put("1", "other@x", "Ulm", 1);
  EXPECT_EQ(RunWith(nullptr, 1)->acknowledged, 1U) << "the key is somebody else now";
  EXPECT_EQ(Sent(), "1 {\"email\":\"1@x\"}\n1 {\"email\":\"1@x\"}\n1 {\"email\":\"other@x\"}\n");
}

class ForgottenTest : public testing::Test, public SyncWorld {};

TEST_F(ForgottenTest, NothingIsSentAboutWhoWasForgotten) {
  PeopleInMemory destination(world_, options_);
  int asked = 0;
  Put("1", "A@x", "Ulm", 1);
  Put("2", "b@x", "Bonn", 2);
  const SyncJob other = Job();
  SyncJob job{.sync = sync_,
              .destination = destination,
              .relation = other.relation,
              .inputs = "",
              .state_folder = other.state_folder,
              .warehouse_path = other.warehouse_path,
              .host = other.host,
              .run_id = other.run_id,
              .fence = {},
              .who_is_forgotten = [&asked] {
                ++asked;
                return std::make_shared<const connector::ForgottenHashes>(
                    connector::ForgottenHashes{"a@x"});
              }};
  const Delivery delivery = engine_->Prepare(*connection_, job).value();
  ASSERT_TRUE(engine_->Deliver(delivery, job, limiter_, deliver_options_).ok());
  EXPECT_EQ(engine_->Fold(*connection_, job, delivery)->acknowledged, 1U);
  EXPECT_EQ(world_.people.count("a@x"), 0U);
  EXPECT_EQ(Findings(), "1 forgotten");
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(Ask("SELECT added, forgotten FROM _sluice.sync_history"), "1,1");

  Do("DELETE FROM people WHERE id = '1'");
  EXPECT_EQ(engine_->Prepare(*connection_, job)->id, 0);
  EXPECT_EQ(asked, 1) << "nobody is asked about when nothing is to be sent";
}

}  // namespace
}  // namespace sluice::sync
