// After somebody's identity was changed: whose rows wait, and which follow.
#include <gtest/gtest.h>

#include "sync/people_in_memory_for_tests.h"
#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMinute{60'000};

// A sync of users that changes identities, and one to a list of the same connection.
class MovedIdentityTest : public testing::Test, public SyncWorld {
 protected:
  MovedIdentityTest() {
    options_.capabilities.settles = kMinute;
    sync_.to = "crm";
    Users();
  }
  void Users() {
    sync_.name = "people_to_memory";
    sync_.mode = "upsert";
    sync_.change_identifiers = true;
    options_.capabilities.follows_identities = false;
    movers_.clear();
    Remake();
  }
  void List(const std::string& mode) {
    sync_.name = "list";
    sync_.mode = mode;
    sync_.change_identifiers = false;
    options_.capabilities.follows_identities = true;
    movers_ = {"people_to_memory"};
    Remake();
  }
  void Remake() { destination_ = std::make_unique<PeopleInMemory>(world_, options_); }

  // One round of a run that sends the others first.
  SyncSummary Round() {
    SyncJob job = Job();
    job.movers = movers_;
    job.others_first = true;
    return MustRun(job);
  }
  // That a run waits before its next round.
  milliseconds Left() const { return delivery_.settle; }
  // Ann has another address, and it is hers at the destination.
  void Move(const std::string& email) {
    Users();
    Put("1", email, "Ulm", 1);
    EXPECT_EQ(Round().moved, 1U);
    clock_.Advance(kMinute);
    Round();
    Sent();
  }
  void Deliver(const std::string& mode) {
    Put("1", "a@x", "Ulm", 1);
    Put("2", "b@x", "Bonn", 2);
    Users();
    Round();
    clock_.Advance(kMinute);
    List(mode);
    Round();
    clock_.Advance(kMinute);
    Sent();
  }

  // A change gets no answer, and then the row leaves both models.
  void LeaveInDoubt(connector::MemoryFault fault) {
    Deliver("mirror");
    Users();
    Put("1", "c@x", "Ulm", 1);
    deliver_options_.max_attempts = 1;
    Fail(fault);
    EXPECT_EQ(Round().unknown, 1U);
    clock_.Advance(kMinute);
    Do("DELETE FROM people WHERE id = '1'");
    List("mirror");
    Sent();
    Round();
    EXPECT_EQ(Sent(), "") << "nobody knows yet by which address they are there";
    EXPECT_EQ(Findings(), "1 unsettled");
    Users();
    EXPECT_EQ(Round().moved, 1U);
    Round();
    EXPECT_EQ(delivery_.counts.Planned(), 0U);
    EXPECT_EQ(Ask("SELECT identity, state FROM _sluice.sync_delivered WHERE sync = "
                  "'people_to_memory' AND key = '1'"),
              "c@x,left");
    clock_.Advance(kMinute);
    List("mirror");
    Sent();
    Round();
    EXPECT_EQ(Sent(), "remove 1 {\"email\":\"c@x\"}\n");
  }

  std::vector<std::string> movers_;
};

TEST_F(MovedIdentityTest, OnlyRowsAboutThatPersonWait) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Bonn", 2);
  Round();
  Sent();
  Put("1", "c@x", "Köln", 1);
  EXPECT_EQ(Round().moved, 1U);
  EXPECT_EQ(Left().count(), 0);
  Sent();
  Put("2", "b@x", "Berlin", 2);
  const SyncSummary others = Round();
  EXPECT_EQ(Left(), kMinute);
  EXPECT_EQ(others.planned, 2U);
  EXPECT_EQ(others.waiting, 1U);
  EXPECT_EQ(Sent(), "2 {\"city\":\"Berlin\",\"email\":\"b@x\"}\n");
  EXPECT_EQ(Findings(), "1 unsettled");
  clock_.Advance(milliseconds(59'999));
  Round();
  EXPECT_EQ(Sent(), "");
  EXPECT_EQ(delivery_.id, 0);
  EXPECT_EQ(Left().count(), 1);
  clock_.Advance(milliseconds(1));
  Round();
  EXPECT_EQ(Sent(), "1 {\"city\":\"Köln\",\"email\":\"c@x\"}\n");
  EXPECT_EQ(Findings(), "");
  Round();
  EXPECT_EQ(delivery_.counts.Planned(), 0U);
}

TEST_F(MovedIdentityTest, RowsOfOtherSyncsAboutThatPersonWaitTooWhileItIsChanged) {
  Put("1", "a@x", "Ulm", 1);
  Round();
  Put("1", "c@x", "Ulm", 1);
  SyncJob job = Job();
  delivery_ = engine_->Prepare(*connection_, job).value();
  ASSERT_TRUE(engine_->Deliver(delivery_, job, limiter_, deliver_options_).ok());
  Sent();
  Put("9", "n@x", "Wien", 9);
  List("mirror");
  Round();
  EXPECT_EQ(Sent(), "9 {\"city\":\"Wien\",\"email\":\"n@x\",\"visits\":9}\n");
  EXPECT_EQ(Findings(), "1 unsettled") << "the other one is not folded yet";
  EXPECT_EQ(Left(), kMinute);
}

TEST_F(MovedIdentityTest, AClockThatIsSetBackHoldsNobodyUpForLong) {
  Put("1", "a@x", "Ulm", 1);
  Round();
  Put("1", "c@x", "Ulm", 7);
  Round();
  clock_.Set(clock_.Now() - 86'400'000'000);
  Sent();
  Round();
  EXPECT_EQ(Left().count(), 0);
  EXPECT_EQ(Sent(), "1 {\"email\":\"c@x\",\"visits\":7}\n");
}

TEST_F(MovedIdentityTest, AListFollowsAnAcknowledgedChange) {
  Deliver("mirror");
  Put("1", "c@x", "Ulm", 1);
  List("mirror");
  Round();
  EXPECT_EQ(Findings(), "1 identifier_changed") << "nobody has changed it yet";
  Move("c@x");
  List("mirror");
  Round();
  EXPECT_EQ(Sent(), "1 {\"email\":\"c@x\"}\n");
  EXPECT_EQ(Ask("SELECT key, identity FROM _sluice.sync_delivered WHERE sync = 'list' ORDER BY 1"),
            "1,c@x | 2,b@x");
  Round();
  EXPECT_EQ(delivery_.counts.Planned(), 0U);
}

TEST_F(MovedIdentityTest, SeveralChangesAreFollowedToTheLast) {
  Deliver("mirror");
  Move("c@x");
  Move("d@x");
  List("mirror");
  Round();
  EXPECT_EQ(Sent(), "1 {\"email\":\"d@x\"}\n");
}

TEST_F(MovedIdentityTest, WhoGetsTheFormerAddressLaterIsSomebodyElse) {
  Deliver("mirror");
  Move("c@x");
  Put("3", "a@x", "Wien", 3);
  Round();
  clock_.Advance(kMinute);
  List("mirror");
  Sent();
  Round();
  EXPECT_EQ(Findings(), "");
  EXPECT_EQ(Sent(),
            "1 {\"email\":\"c@x\"}\n3 {\"city\":\"Wien\",\"email\":\"a@x\",\"visits\":3}\n");
  clock_.Advance(kMinute);
  // What was delivered to that one does not follow the change of before.
  Put("3", "c@x", "Wien", 3);
  Do("DELETE FROM people WHERE id = '1'");
  Round();
  EXPECT_EQ(Findings(), "3 identifier_changed");
}

TEST_F(MovedIdentityTest, WhoLeavesTheListUnderAnotherAddressIsTakenOffByThatOne) {
  Deliver("mirror");
  Move("c@x");
  List("mirror");
  Do("DELETE FROM people WHERE id = '1'");
  Round();
  EXPECT_EQ(Sent(), "remove 1 {\"email\":\"c@x\"}\n");
  EXPECT_EQ(Ask("SELECT key FROM _sluice.sync_delivered WHERE sync = 'list'"), "2");
}

TEST_F(MovedIdentityTest, WhoHasTheFormerAddressNowDoesNotKeepTheOneOnTheListWhoHadIt) {
  Deliver("mirror");
  Move("c@x");
  Do("DELETE FROM people WHERE id = '1'");
  Put("3", "a@x", "Wien", 3);
  List("mirror");
  Round();
  EXPECT_EQ(Sent(),
            "3 {\"city\":\"Wien\",\"email\":\"a@x\",\"visits\":3}\nremove 1 {\"email\":\"c@x\"}\n");
  EXPECT_EQ(Ask("SELECT key, identity FROM _sluice.sync_delivered WHERE sync = 'list' ORDER BY 1"),
            "2,b@x | 3,a@x");
}

TEST_F(MovedIdentityTest, WhoStaysUnderAnotherKeyIsNotTakenOff) {
  Deliver("mirror");
  Move("c@x");
  List("mirror");
  Do("UPDATE people SET id = '5' WHERE id = '1'");
  Round();
  EXPECT_EQ(Sent(), "5 {\"city\":\"Ulm\",\"email\":\"c@x\",\"visits\":1}\n");
  EXPECT_EQ(world_.people.count("c@x"), 1U);
}

TEST_F(MovedIdentityTest, WhoLeavesAfterAChangeWithoutAnAnswerIsTakenOffByTheAddressThatArrived) {
  LeaveInDoubt(connector::MemoryFault::kLostAnswer);
}

TEST_F(MovedIdentityTest, WhoLeavesAfterAChangeThatNeverArrivedIsTakenOffToo) {
  LeaveInDoubt(connector::MemoryFault::kLostRequest);
}

TEST_F(MovedIdentityTest, AKeyThatIsSomebodyElseIsHeld) {
  Deliver("mirror");
  Put("1", "b@x", "Bonn", 2);
  Do("DELETE FROM people WHERE id = '2'");
  Round();
  EXPECT_EQ(Sent(), "");
  EXPECT_EQ(Findings(), "1 identifier_changed");
}

TEST_F(MovedIdentityTest, ModeAddKnowsWhoIsOnTheListAlready) {
  Deliver("add");
  Move("c@x");
  Put("3", "a@x", "Wien", 3);
  Round();
  clock_.Advance(kMinute);
  List("add");
  Sent();
  Round();
  EXPECT_EQ(Sent(), "3 {\"city\":\"Wien\",\"email\":\"a@x\",\"visits\":3}\n");
  EXPECT_EQ(Findings(), "");
}

}  // namespace
}  // namespace sluice::sync
