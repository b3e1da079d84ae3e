// Identities that change: the destination is told, and the rest of the row goes afterwards.
#include <gtest/gtest.h>

#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

using connector::MemoryFault;
using connector::RowState;

class IdentityChangeTest : public testing::Test, public SyncWorld {
 protected:
  IdentityChangeTest() { sync_.change_identifiers = true; }

  // As a run goes on while changes were taken.
  void RunRounds() {
    for (int round = 0; round < 5 && MustRun().moved > 0; ++round) {
    }
  }
  std::string People() {
    std::string out;
    for (const auto& [identity, fields] : world_.people) out += world_.Person(identity) + "\n";
    return out;
  }
  // The process ends between the request's effect and its answer.
  void DieOnceAfterTheEffect() {
    destination_->options().before_answer = [] { throw Killed(); };
    EXPECT_THROW((void)RunSync(), Killed);
    Restart();
  }
  struct Killed {};
};

TEST_F(IdentityChangeTest, ThePersonIsMovedAndTheOtherFieldsFollow) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Bonn", 2);
  RunRounds();
  Sent();
  Put("1", "c@x", "Ulm", 7);
  const SyncPlan plan = Plan();
  EXPECT_EQ(plan.counts.identities, 1U);
  EXPECT_EQ(plan.Describe(), "sends 1 user (1 with a new identifier), 1 request; 1 unchanged");
  RunRounds();
  EXPECT_EQ(Sent(), "1 {\"email\":\"c@x\"}\n1 {\"email\":\"c@x\",\"visits\":7}\n");
  EXPECT_EQ(People(),
            "{\"city\":\"Bonn\",\"email\":\"b@x\",\"visits\":2}\n"
            "{\"city\":\"Ulm\",\"email\":\"c@x\",\"visits\":7}\n");
  EXPECT_EQ(Plan().counts.ToSend(), 0U);
}

TEST_F(IdentityChangeTest, WithoutTheOptionItIsHeld) {
  sync_.change_identifiers = false;
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  Put("1", "c@x", "Ulm", 1);
  MustRun();
  EXPECT_EQ(Findings(), "1 identifier_changed");
  EXPECT_EQ(
      Ask("SELECT message FROM _sluice.sync_findings"),
      "was delivered as a@x, is c@x now: held; identifier_changes: change of the sync lets it "
      "be changed");
}

TEST_F(IdentityChangeTest, ThereAndBackAgain) {
  Put("1", "a@x", "Ulm", 1);
  RunRounds();
  for (const char* email : {"b@x", "a@x", "b@x"}) {
    Put("1", email, "Ulm", 1);
    RunRounds();
    EXPECT_EQ(world_.people.size(), 1U);
    EXPECT_EQ(world_.people.count(email), 1U) << email;
  }
}

TEST_F(IdentityChangeTest, AChainGoesFromItsEnd) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Bonn", 2);
  Put("3", "c@x", "Köln", 3);
  RunRounds();
  Put("1", "b@x", "Ulm", 1);
  Put("2", "c@x", "Bonn", 2);
  Put("3", "d@x", "Köln", 3);
  Put("4", "a@x", "Wien", 4);  // who is new gets what became free
  RunRounds();
  EXPECT_EQ(People(),
            "{\"city\":\"Wien\",\"email\":\"a@x\",\"visits\":4}\n"
            "{\"city\":\"Ulm\",\"email\":\"b@x\",\"visits\":1}\n"
            "{\"city\":\"Bonn\",\"email\":\"c@x\",\"visits\":2}\n"
            "{\"city\":\"Köln\",\"email\":\"d@x\",\"visits\":3}\n");
  EXPECT_EQ(Findings(), "");
}

TEST_F(IdentityChangeTest, WhoExchangeTheirsAreHeldAndShown) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Bonn", 2);
  Put("3", "c@x", "Köln", 3);
  RunRounds();
  const std::string before = People();
  Put("1", "b@x", "Ulm", 9);
  Put("2", "c@x", "Bonn", 9);
  Put("3", "a@x", "Köln", 9);
  RunRounds();
  EXPECT_EQ(People(), before);
  EXPECT_EQ(Findings(), "1 identifier_changed | 2 identifier_changed | 3 identifier_changed");
  EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.sync_findings WHERE message LIKE '%what key 2 still "
                "is%'"),
            "1");
  // With a third one in between it can be done.
  Put("3", "z@x", "Köln", 9);
  RunRounds();
  Put("3", "a@x", "Köln", 9);
  RunRounds();
  EXPECT_EQ(People(),
            "{\"city\":\"Köln\",\"email\":\"a@x\",\"visits\":9}\n"
            "{\"city\":\"Ulm\",\"email\":\"b@x\",\"visits\":9}\n"
            "{\"city\":\"Bonn\",\"email\":\"c@x\",\"visits\":9}\n");
}

TEST_F(IdentityChangeTest, ATakenOneIsRejectedUntilTheRowChanges) {
  Put("1", "a@x", "Ulm", 1);
  RunRounds();
  world_.people["b@x"] = {{"email", "\"b@x\""}};  // somebody else brought them
  Put("1", "b@x", "Ulm", 2);
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.rejected, 1U);
  EXPECT_EQ(States(), "1 rejected");
  EXPECT_EQ(Ask("SELECT identity, code FROM _sluice.sync_delivered"), "a@x,taken");
  Sent();
  MustRun();
  EXPECT_EQ(Sent(), "") << "nothing else of the row goes to either of the two";
  Put("1", "d@x", "Ulm", 2);
  RunRounds();
  EXPECT_EQ(Sent(), "1 {\"email\":\"d@x\"}\n1 {\"email\":\"d@x\",\"visits\":2}\n");
}

TEST_F(IdentityChangeTest, WhoMayBeThereIsStillChangedAfterARefusal) {
  Put("1", "a@x", "Ulm", 1);
  DieOnceAfterTheEffect();
  world_.people["c@x"] = {{"email", "\"c@x\""}};
  Put("1", "c@x", "Ulm", 1);
  MustRun();
  EXPECT_EQ(Ask("SELECT identity, state, code FROM _sluice.sync_delivered"), "a@x,rejected,taken");
  // It is free by then, and the row is another.
  world_.people.erase("c@x");
  Put("1", "c@x", "Ulm", 2);
  RunRounds();
  EXPECT_EQ(People(), "{\"city\":\"Ulm\",\"email\":\"c@x\",\"visits\":2}\n");
}

TEST_F(IdentityChangeTest, WhoIsNotThereAnyMoreIsMadeAnew) {
  Put("1", "a@x", "Ulm", 1);
  RunRounds();
  world_.people.clear();
  Put("1", "b@x", "Ulm", 1);
  RunRounds();
  EXPECT_EQ(People(), "{\"city\":\"Ulm\",\"email\":\"b@x\",\"visits\":1}\n");
}

// Killed after the effect and before the answer, and then the model says something else.
TEST_F(IdentityChangeTest, AChangeWithoutAnAnswerMakesNobodyTwice) {
  for (const char* then : {"b@x", "a@x", "c@x"}) {
    for (const bool happened : {true, false}) {
      SCOPED_TRACE(std::string(then) + (happened ? ", happened" : ", lost"));
      world_.people.clear();
      Do("DELETE FROM _sluice.sync_delivered");
      Do("UPDATE _sluice.syncs SET inputs = NULL");
      Put("1", "a@x", "Ulm", 1);
      RunRounds();
      Put("1", "b@x", "Ulm", 1);
      if (happened) {
        DieOnceAfterTheEffect();
      } else {
        deliver_options_.max_attempts = 1;
        Fail(MemoryFault::kLostRequest);
        EXPECT_EQ(MustRun().unknown, 1U);
        Behave();
      }
      Put("1", then, "Ulm", 2);
      RunRounds();
      RunRounds();
      EXPECT_EQ(People(),
                "{\"city\":\"Ulm\",\"email\":\"" + std::string(then) + "\",\"visits\":2}\n");
      EXPECT_EQ(Plan().counts.ToSend(), 0U);
    }
  }
}

TEST_F(IdentityChangeTest, WhatMayBeTakenIsGivenToNobody) {
  Put("1", "a@x", "Ulm", 1);
  RunRounds();
  Put("1", "b@x", "Ulm", 1);
  DieOnceAfterTheEffect();
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Bonn", 2);
  MustRun();
  EXPECT_EQ(Findings(), "2 same_identity");
  RunRounds();
  EXPECT_EQ(People(),
            "{\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1}\n"
            "{\"city\":\"Bonn\",\"email\":\"b@x\",\"visits\":2}\n");
}

TEST_F(IdentityChangeTest, GuardsCountThem) {
  sync_.guards.changed = config::Amount{0, {}};
  Put("1", "a@x", "Ulm", 1);
  RunRounds();
  Put("1", "b@x", "Ulm", 1);
  EXPECT_EQ(RunSync().status().code(), Code::kHeld);
}

}  // namespace
}  // namespace sluice::sync
