// Mode mirror, and what guards let through.
#include <gtest/gtest.h>

#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

using connector::MemoryFault;
using connector::RowState;

class MirrorTest : public testing::Test, public SyncWorld {
 protected:
  MirrorTest() { sync_.mode = "mirror"; }
  void PutThree() {
    Put("1", "a@x", "Ulm", 1);
    Put("2", "b@x", "Ulm", 2);
    Put("3", "c@x", "Ulm", 3);
    MustRun();
    Sent();
  }
  std::string Refusal() {
    const auto summary = RunSync();
    return summary.ok() ? "it went through" : summary.status().ToString();
  }
};

TEST_F(MirrorTest, WhatLeavesTheModelIsRemoved) {
  PutThree();
  Do("DELETE FROM people WHERE id = '2'");
  Put("4", "d@x", "Ulm", 4);
  EXPECT_EQ(Plan().Describe(), "sends 2 users (1 added, 1 removed), 1 request; 2 unchanged");
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.acknowledged, 2U);
  EXPECT_EQ(Sent(),
            "4 {\"city\":\"Ulm\",\"email\":\"d@x\",\"visits\":4}\nremove 2 {\"email\":\"b@x\"}\n");
  EXPECT_EQ(world_.Person("b@x"), "");
  EXPECT_EQ(States(), "1 delivered | 3 delivered | 4 delivered");
  EXPECT_EQ(Ask("SELECT removed FROM _sluice.sync_runs ORDER BY run_id DESC LIMIT 1"), "1");
  EXPECT_EQ(Ask("SELECT key, sent, state FROM _sluice.sync_attempts WHERE key = '2' ORDER BY "
                "run_id DESC LIMIT 1"),
            "2,{\"email\":\"b@x\"},acknowledged");
  EXPECT_EQ(MustRun().delivery_id, 0) << "once is enough";
  // It comes back as a new one.
  Put("2", "b@x", "Bonn", 2);
  MustRun();
  EXPECT_EQ(world_.Person("b@x"), R"({"city":"Bonn","email":"b@x","visits":2})");
}

TEST_F(MirrorTest, WhatLeftInAnotherModeIsRemovedToo) {
  sync_.mode = "upsert";
  PutThree();
  Do("DELETE FROM people WHERE id = '1'");
  MustRun();
  EXPECT_EQ(States(), "1 left | 2 delivered | 3 delivered");
  sync_.mode = "mirror";
  MustRun();
  EXPECT_EQ(Sent(), "remove 1 {\"email\":\"a@x\"}\n");
  EXPECT_EQ(States(), "2 delivered | 3 delivered");
}

TEST_F(MirrorTest, ARenamedKeyRemovesNobody) {
  PutThree();
  Do("UPDATE people SET id = '9' WHERE id = '2'");
  MustRun();
  EXPECT_EQ(world_.Person("b@x"), R"({"city":"Ulm","email":"b@x","visits":2})");
  EXPECT_EQ(States(), "1 delivered | 3 delivered | 9 delivered");
  for (const auto& applied : world_.applied) {
    EXPECT_EQ(applied.kind, connector::OperationKind::kUpsert);
  }
}

TEST_F(MirrorTest, ARemovalThatWasRefusedForGoodIsNotAskedForAgain) {
  PutThree();
  Do("DELETE FROM people WHERE id = '2'");
  Answer("2", RowState::kRejected);
  EXPECT_EQ(MustRun().rejected, 1U);
  EXPECT_EQ(States(), "1 delivered | 2 rejected | 3 delivered");
  EXPECT_EQ(MustRun().delivery_id, 0);
  EXPECT_EQ(Plan().counts.refused, 1U);
  // Back as it was: nothing has to be sent, and all is well again.
  Behave();
  Put("2", "b@x", "Ulm", 2);
  EXPECT_EQ(MustRun().delivery_id, 0);
  EXPECT_EQ(States(), "1 delivered | 2 delivered | 3 delivered");
  Do("DELETE FROM people WHERE id = '2'");
  MustRun();
  EXPECT_EQ(world_.Person("b@x"), "") << "another time, another answer";
}

TEST_F(MirrorTest, ARemovalThatIsDeferredOrUnknownGoesAgain) {
  PutThree();
  Do("DELETE FROM people WHERE id IN ('1', '2')");
  Answer("1", RowState::kDeferred);
  Answer("2", RowState::kUnknown);
  deliver_options_.passes = 0;
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.deferred + summary.unknown, 2U);
  EXPECT_EQ(States(), "1 deferred | 2 unknown | 3 delivered");
  Behave();
  MustRun();
  EXPECT_EQ(States(), "3 delivered");
  EXPECT_EQ(world_.people.size(), 1U);
}

TEST_F(MirrorTest, WhoComesBackAfterARemovalThatMayHaveArrivedGoesWhole) {
  PutThree();
  Do("DELETE FROM people WHERE id = '2'");
  destination_->options().fault = [] { return MemoryFault::kLostAnswer; };
  deliver_options_.max_attempts = 1;
  MustRun();
  EXPECT_EQ(world_.Person("b@x"), "") << "it did arrive";
  Behave();
  Sent();
  Put("2", "b@x", "Ulm", 2);
  MustRun();
  EXPECT_EQ(world_.Person("b@x"), R"({"city":"Ulm","email":"b@x","visits":2})");
}

// Found by the simulation: what may have arrived was forgotten with the next refusal.
TEST_F(MirrorTest, WhatMayHaveArrivedBeforeARefusalIsRemoved) {
  deliver_options_.passes = 0;
  deliver_options_.max_attempts = 1;
  Put("1", "a@x", "Ulm", 1);
  Fail(MemoryFault::kLostAnswer);
  EXPECT_EQ(MustRun().unknown, 1U);
  Behave();
  Put("1", "a@x", "Ulm", 2);
  Answer("1", RowState::kRejected);
  EXPECT_EQ(MustRun().rejected, 1U);
  EXPECT_EQ(States(), "1 rejected");
  EXPECT_EQ(MustRun().delivery_id, 0) << "it is not tried again";
  Behave();
  destination_->options().refuse = nullptr;
  Put("2", "b@x", "Ulm", 1);
  Do("DELETE FROM people WHERE id = '1'");
  MustRun();
  EXPECT_EQ(world_.Person("a@x"), "");
  EXPECT_EQ(States(), "2 delivered");
}

TEST_F(MirrorTest, AnUnknownRemovalIsHeldWhereItMustNotBeRepeated) {
  options_.capabilities.repeatable = false;
  Restart();
  PutThree();
  Do("DELETE FROM people WHERE id = '2'");
  destination_->options().fault = [] { return MemoryFault::kLostRequest; };
  MustRun();
  Behave();
  MustRun();
  EXPECT_EQ(Findings(), "2 unknown_outcome");
  EXPECT_NE(world_.Person("b@x"), "");
}

TEST_F(MirrorTest, ADestinationThatTakesNoRemovalsRefusesTheMode) {
  options_.capabilities.removes = false;
  Restart();
  EXPECT_NE(Refusal().find("mode mirror: memory takes no removals"), std::string::npos)
      << Refusal();
}

TEST_F(MirrorTest, AnEmptyModelRemovesNothingUnlessItIsAllowedOrConfirmed) {
  PutThree();
  Do("DELETE FROM people");
  EXPECT_EQ(
      Refusal(),
      "nothing is sent: the model people is empty, and all 3 rows that are delivered would be "
      "removed. sluice run people_to_memory --confirm 3");
  EXPECT_NE(Plan().Describe().find("HELD: nothing is sent: the model people is empty"),
            std::string::npos);
  EXPECT_EQ(world_.people.size(), 3U);
  confirmed_ = 2;
  EXPECT_NE(Refusal().find("2 rows were confirmed and 3 would be sent"), std::string::npos);
  confirmed_ = 3;
  MustRun();
  EXPECT_EQ(world_.people.size(), 0U);
  confirmed_.reset();
  PutThree();
  Do("DELETE FROM people");
  sync_.guards.allow_empty = true;
  MustRun();
  EXPECT_EQ(world_.people.size(), 0U);
}

TEST_F(MirrorTest, WhatAnotherSyncHasPutThereStaysUntilThatOneTakesIt) {
  PutThree();
  siblings_ = {"other"};
  Do("INSERT INTO _sluice.sync_delivered SELECT * REPLACE ('other' AS sync) FROM "
     "_sluice.sync_delivered WHERE key = '2'");
  Do("DELETE FROM people WHERE id IN ('1', '2')");
  MustRun();
  EXPECT_EQ(Sent(), "remove 1 {\"email\":\"a@x\"}\n");
  EXPECT_NE(world_.Person("b@x"), "");
  Do("UPDATE _sluice.sync_delivered SET state = 'left' WHERE sync = 'other'");
  MustRun();
  EXPECT_EQ(Sent(), "remove 2 {\"email\":\"b@x\"}\n");
}

TEST_F(MirrorTest, AShareIsOfThoseWhoAreThere) {
  PutThree();
  for (const char* id : {"4", "5", "6"}) {
    Answer(id, connector::RowState::kRejected);
    Put(id, std::string(id) + "@x", "Ulm", 1);
  }
  MustRun();
  Behave();
  sync_.guards.removed = config::Amount{0, 50};
  Do("DELETE FROM people WHERE id IN ('1', '2')");
  EXPECT_NE(Refusal().find("2 of 3 delivered rows would be removed (66.7%), more than 50%"),
            std::string::npos)
      << Refusal();
}

TEST_F(MirrorTest, GuardsCountAndMeasure) {
  sync_.guards.added = config::Amount{0, 50};
  sync_.guards.changed = config::Amount{1, std::nullopt};
  sync_.guards.removed = config::Amount{0, std::nullopt};
  PutThree();  // of nothing there is no share
  Put("4", "d@x", "Ulm", 4);
  Put("1", "a@x", "Ulm", 9);
  MustRun();
  Put("2", "b@x", "Ulm", 9);
  Put("3", "c@x", "Ulm", 9);
  EXPECT_EQ(Refusal(),
            "nothing is sent: 2 rows would be changed, more than 1 (guards.at_most.changed) "
            "allows. sluice "
            "run people_to_memory --confirm 2");
  Put("3", "c@x", "Ulm", 3);
  for (const char* id : {"5", "6", "7"}) Put(id, std::string(id) + "@x", "Ulm", 1);
  EXPECT_EQ(Refusal(),
            "nothing is sent: 3 of 4 delivered rows would be added (75.0%), more than 50% "
            "(guards.at_most.added) allows. sluice run people_to_memory --confirm 4");
  Do("DELETE FROM people WHERE id > '4'");
  Do("DELETE FROM people WHERE id = '4'");
  EXPECT_NE(Refusal().find("1 row would be removed, more than 0 (guards.at_most.removed) allows"),
            std::string::npos);
  EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.deliveries"), "0");
  sync_.guards = {};
  MustRun();
  EXPECT_EQ(States(), "1 delivered | 2 delivered | 3 delivered");
}

}  // namespace
}  // namespace sluice::sync
