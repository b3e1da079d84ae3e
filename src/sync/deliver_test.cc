#include <map>
#include <set>
#include <string>
#include <vector>

#include "sync/deliver_fixture_for_tests.h"

namespace sluice::sync {
namespace {

using connector::MemoryFault;
using connector::Operation;
using connector::RowOutcome;
using connector::RowState;
using std::chrono::milliseconds;

TEST_F(DeliverTest, EveryRowGoesOnceAndTheLogKnowsBeforeAndAfter) {
  const DeliverReport report = Deliver(25);
  EXPECT_EQ(Text(report), "25 acknowledged");
  EXPECT_EQ(report.requests, 3U);
  EXPECT_EQ(world_.applied.size(), 25U);
  EXPECT_EQ(report.ending.outcome, "done");
  EXPECT_EQ(Log(),
            "header   delivery 0 of people, run , 25 rows\n"
            "intent   attempt 1, rows 0-9, 390 bytes\n"
            "outcome  attempt 1, status 200, rows 0-9 acknowledged\n"
            "intent   attempt 2, rows 10-19, 410 bytes\n"
            "outcome  attempt 2, status 200, rows 10-19 acknowledged\n"
            "intent   attempt 3, rows 20-24, 205 bytes\n"
            "outcome  attempt 3, status 200, rows 20-24 acknowledged\n"
            "ending   done\n");
}

TEST_F(DeliverTest, TheIntentIsDurableBeforeTheRequestLeaves) {
  memory_.before_answer = [this] {
    EXPECT_NE(Log().find("intent   attempt 1, rows 0-2"), std::string::npos);
    EXPECT_EQ(Log().find("outcome"), std::string::npos);
  };
  Deliver(3);
}

TEST_F(DeliverTest, SpaceBetweenRequestsIsAsTheRateAsks) {
  per_second_ = 5;
  const auto begin = clock_.Monotonic();
  Deliver(110);  // 11 requests
  EXPECT_EQ(clock_.Monotonic() - begin, milliseconds(2000));
}

TEST_F(DeliverTest, ARefusedRequestIsTriedAgainAfterAPause) {
  faults_ = {MemoryFault::kTooMany, MemoryFault::kUnavailable, MemoryFault::kNone};
  const auto begin = clock_.Monotonic();
  EXPECT_EQ(Text(Deliver(10)), "10 acknowledged");
  EXPECT_EQ(world_.requests, 3U);
  EXPECT_EQ(world_.applied.size(), 10U);
  EXPECT_GT(clock_.Monotonic() - begin, milliseconds(0));
  EXPECT_LE(clock_.Monotonic() - begin, milliseconds(500 + 1000));
}

TEST_F(DeliverTest, RetryAfterIsHonoured) {
  memory_.retry_after = milliseconds(7000);
  faults_ = {MemoryFault::kTooMany};
  const auto begin = clock_.Monotonic();
  EXPECT_EQ(Text(Deliver(1)), "1 acknowledged");
  EXPECT_GE(clock_.Monotonic() - begin, milliseconds(7000));
  EXPECT_LE(clock_.Monotonic() - begin, milliseconds(7501));
}

TEST_F(DeliverTest, ARetryAfterBeyondPatienceEndsTheDelivery) {
  memory_.retry_after = std::chrono::hours(2);
  faults_ = {MemoryFault::kNone, MemoryFault::kTooMany};
  const DeliverReport report = Deliver(30);
  EXPECT_EQ(Text(report), "10 acknowledged, 10 deferred, 10 waiting");
  EXPECT_EQ(report.stopped.code(), Code::kRetry);
  EXPECT_NE(report.stopped.message().find("come back in 2 h"), std::string::npos);
  EXPECT_EQ(report.ending.outcome, "stopped");
}

TEST_F(DeliverTest, ARequestThatFailsForGoodHoldsTheOthersUpOnlyForAWhile) {
  options_.max_attempts = 2;
  faults_ = {MemoryFault::kUnavailable, MemoryFault::kUnavailable};
  EXPECT_EQ(Text(Deliver(25)), "15 acknowledged, 10 deferred");
}

TEST_F(DeliverTest, ADestinationThatIsDownEndsTheDelivery) {
  options_.max_attempts = 2;
  faults_.assign(100, MemoryFault::kUnavailable);
  const DeliverReport report = Deliver(100);
  EXPECT_EQ(Text(report), "30 deferred, 70 waiting");
  EXPECT_EQ(world_.requests, 6U);
  EXPECT_NE(report.stopped.message().find("3 requests in a row failed (answer 503)"),
            std::string::npos)
      << report.stopped.message();
}

TEST_F(DeliverTest, AWrongKeyStopsAtOnce) {
  faults_ = {MemoryFault::kNone, MemoryFault::kForbidden};
  const DeliverReport report = Deliver(30);
  EXPECT_EQ(Text(report), "10 acknowledged, 10 deferred, 10 waiting");
  EXPECT_EQ(report.stopped.code(), Code::kAuth);
  EXPECT_EQ(world_.requests, 2U);
}

TEST_F(DeliverTest, WhatIsUnknownGoesAgainWhereThatIsHarmless) {
  faults_ = {MemoryFault::kLostAnswer, MemoryFault::kLostRequest, MemoryFault::kNone};
  EXPECT_EQ(Text(Deliver(10)), "10 acknowledged");
  EXPECT_EQ(world_.applied.size(), 20U);  // the first time already
}

TEST_F(DeliverTest, WhatIsUnknownStaysUnknownWhereTwiceIsHarm) {
  memory_.capabilities.repeatable = false;
  faults_ = {MemoryFault::kLostAnswer};
  EXPECT_EQ(Text(Deliver(20)), "10 acknowledged, 10 unknown");
  EXPECT_EQ(world_.applied.size(), 20U);
}

TEST_F(DeliverTest, OnceUnknownARowIsNotMerelyDeferred) {
  options_.max_attempts = 2;
  faults_ = {MemoryFault::kLostAnswer, MemoryFault::kUnavailable};
  EXPECT_EQ(Text(Deliver(5)), "5 unknown");
}

TEST_F(DeliverTest, RowsOfUnknownFateInAnAnswerGoAgainAtTheEnd) {
  faults_ = {MemoryFault::kHalfUnknown};
  EXPECT_EQ(Text(Deliver(15)), "15 acknowledged");
  EXPECT_EQ(world_.requests, 3U);
  EXPECT_EQ(world_.applied.size(), 20U);
}

TEST_F(DeliverTest, RowsThatAreDeferredSinglyGoAgainAtTheEndABoundedNumberOfTimes) {
  std::map<std::string, int> asked;
  memory_.refuse = [&](const Operation& operation) -> std::optional<RowOutcome> {
    const std::string key(operation.key);
    const int times = ++asked[key];
    if (key == "3" && times < 3) return RowOutcome{RowState::kDeferred, "busy", "later"};
    if (key == "4") return RowOutcome{RowState::kDeferred, "busy", "later"};
    return {};
  };
  EXPECT_EQ(Text(Deliver(25)), "24 acknowledged, 1 deferred");
  EXPECT_EQ(asked["3"], 3);
  EXPECT_EQ(asked["4"], 3);
  EXPECT_EQ(asked["5"], 1);
}

// Row n is to get what row n + 1 has, and the last one something new.
TEST_F(DeliverTest, AChainIsDoneFromItsEnd) {
  memory_.capabilities.hands_over = true;
  memory_.capabilities.at_once = 1;
  memory_.capabilities.max_rows_per_request = 1;
  std::vector<bool> done(6);
  std::map<std::string, int> asked;
  memory_.refuse = [&](const Operation& operation) -> std::optional<RowOutcome> {
    const size_t n = std::stoul(std::string(operation.key));
    ++asked[std::string(operation.key)];
    if (n == 0 || (n < 5 && !done[n + 1])) return RowOutcome{RowState::kAbsent, "taken", "taken"};
    done[n] = true;
    return {};
  };
  EXPECT_EQ(Text(Deliver(6)), "5 acknowledged, 1 deferred");
  EXPECT_EQ(asked["1"], 2);
  EXPECT_EQ(asked["0"], 3) << "while others are taken";
  memory_.refuse = [&](const Operation& operation) -> std::optional<RowOutcome> {
    ++asked[std::string(operation.key)];
    return RowOutcome{RowState::kAbsent, "taken", "taken"};
  };
  EXPECT_EQ(Text(Deliver(2)), "2 deferred");
  EXPECT_EQ(asked["0"], 4) << "nobody was taken";
  memory_.capabilities.hands_over = false;
  EXPECT_EQ(Text(Deliver(2)), "2 deferred");
  EXPECT_EQ(asked["0"], 5);
}

TEST_F(DeliverTest, ARowNamedAsWaitingForAnotherGoesAgainAtTheEnd) {
  memory_.capabilities.hands_over = true;
  memory_.poison = [&](const Operation& operation) {
    return operation.key == "3" && world_.applied.size() < 19;
  };
  memory_.name_poison = true;
  memory_.named = RowState::kAbsent;
  EXPECT_EQ(Text(Deliver(20)), "20 acknowledged");
  EXPECT_EQ(world_.requests, 4U);
}

TEST_F(DeliverTest, ARowRefusedForGoodHoldsNobodyUp) {
  memory_.refuse = [](const Operation& operation) -> std::optional<RowOutcome> {
    if (operation.key != "7") return {};
    return RowOutcome{RowState::kRejected, "InvalidEmail", "the address is refused"};
  };
  EXPECT_EQ(Text(Deliver(20)), "19 acknowledged, 1 rejected");
  EXPECT_NE(Log().find("rows 7 rejected (InvalidEmail)"), std::string::npos) << Log();
}

TEST_F(DeliverTest, ARequestRefusedForNamedRowsGoesAgainWithoutThem) {
  memory_.poison = [](const Operation& operation) {
    return operation.key == "3" || operation.key == "5";
  };
  memory_.name_poison = true;
  EXPECT_EQ(Text(Deliver(10)), "8 acknowledged, 2 rejected");
  EXPECT_EQ(world_.requests, 2U);
}

TEST_F(DeliverTest, ARequestRefusedForWhoKnowsWhoIsHalvedDownToTheRow) {
  memory_.poison = [](const Operation& operation) {
    return operation.key == "3" || operation.key == "8";
  };
  EXPECT_EQ(Text(Deliver(20)), "18 acknowledged, 2 rejected");
  EXPECT_EQ(world_.applied.size(), 18U);
  EXPECT_LE(world_.requests, 16U);
  EXPECT_NE(Log().find("rows 3 rejected (poison)"), std::string::npos) << Log();
}

TEST_F(DeliverTest, RequestsMadeAheadAreThoseThatWouldHaveBeenMade) {
  removed_from_ = 57;
  memory_.poison = [](const Operation& operation) { return operation.key == "33"; };
  std::string logs[2];
  for (const bool ahead : {false, true}) {
    options_.makes_ahead = ahead;
    world_ = {};
    faults_ = {MemoryFault::kNone, MemoryFault::kUnavailable, MemoryFault::kLostAnswer};
    EXPECT_EQ(Text(Deliver(75)), "74 acknowledged, 1 rejected");
    logs[ahead ? 1 : 0] = Log();
  }
  EXPECT_EQ(logs[0], logs[1]);
}

TEST_F(DeliverTest, ARowThatFitsIntoNoRequestIsRejectedWithoutOne) {
  options_.limit.bytes = 40;  // the lines of keys with two digits are longer
  const DeliverReport report = Deliver(12);
  EXPECT_EQ(Text(report), "10 acknowledged, 2 rejected");
  EXPECT_EQ(report.requests, 10U);
  EXPECT_NE(Log().find("rows 11 rejected (cannot_be_sent)"), std::string::npos) << Log();
}

TEST_F(DeliverTest, ADeliveryOfWhichNobodyWasTakenHasFailed) {
  memory_.refuse = [](const Operation& operation) -> std::optional<RowOutcome> {
    if (operation.key == "3") return {};
    return RowOutcome{RowState::kRejected, "no", "not wanted"};
  };
  EXPECT_EQ(Deliver(5).ending.outcome, "done") << "one was";
  memory_.refuse = [](const Operation&) { return RowOutcome{RowState::kRejected, "no", "no"}; };
  const DeliverReport report = Deliver(2);
  EXPECT_EQ(report.ending.outcome, "failed");
  EXPECT_EQ(report.ending.message, "none of 2 rows was taken");
}

TEST_F(DeliverTest, TheSyncsOwnLimitsHold) {
  options_.limit.rows = 4;
  EXPECT_EQ(Deliver(10).requests, 3U);
}

TEST_F(DeliverTest, CtrlCFinishesTheRequestInFlight) {
  env::Cancel stop;
  options_.stop = &stop;
  int requests = 0;
  memory_.before_answer = [&] {
    if (++requests == 2) stop.Set();
  };
  const DeliverReport report = Deliver(40);
  EXPECT_EQ(Text(report), "20 acknowledged, 20 waiting");
  EXPECT_EQ(report.ending.outcome, "cancelled");
  EXPECT_EQ(report.stopped.code(), Code::kCancelled);
}

TEST_F(DeliverTest, CtrlCDuringABackOffEndsIt) {
  env::Cancel stop;
  options_.stop = &stop;
  faults_.assign(100, MemoryFault::kUnavailable);
  memory_.before_answer = [&] { stop.Set(); };
  EXPECT_EQ(Text(Deliver(20)), "10 deferred, 10 waiting");
}

TEST_F(DeliverTest, RowsThatWaitedForTheEndAreDeferredWhenThatDoesNotCome) {
  env::Cancel stop;
  options_.stop = &stop;
  memory_.refuse = [](const Operation& operation) -> std::optional<RowOutcome> {
    if (operation.key != "3") return {};
    return RowOutcome{RowState::kDeferred, "busy", "later"};
  };
  int requests = 0;
  memory_.before_answer = [&] {
    if (++requests == 1) stop.Set();
  };
  EXPECT_EQ(Text(Deliver(20)), "9 acknowledged, 1 deferred, 10 waiting");
}

TEST_F(DeliverTest, RowsOfARequestBeingHalvedAreDeferredWhenItEnds) {
  memory_.poison = [](const Operation& operation) { return operation.key == "9"; };
  faults_ = {MemoryFault::kNone, MemoryFault::kNone, MemoryFault::kForbidden};
  // 10 refused as a whole, 5 go, then the key is revoked with 5 more in hand.
  EXPECT_EQ(Text(Deliver(12)), "5 acknowledged, 5 deferred, 2 waiting");
}

TEST_F(DeliverTest, ProgressTellsOfEveryRequest) {
  std::vector<std::string> seen;
  faults_ = {MemoryFault::kUnavailable};
  options_.progress = [&](const DeliverProgress& progress) {
    seen.push_back(std::to_string(progress.requests) + "/" + std::to_string(progress.rows) + " " +
                   progress.note);
  };
  Deliver(20);
  ASSERT_EQ(seen.size(), 4U);
  // Each wait is told once, with the try that comes after it.
  EXPECT_EQ(seen[0], "1/20 ");
  EXPECT_EQ(seen[1].find("1/20 answer 503; try 2 of 6 in 0."), 0U) << seen[1];
  EXPECT_EQ(seen[2], "2/20 ");
  EXPECT_EQ(seen[3], "3/20 ");
}

// Whatever the destination does, every row ends in one state and nothing that was acknowledged goes
// again.
TEST_F(DeliverTest, AnyMixtureOfFaultsAddsUp) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    env::SeededRandom random(seed);
    world_ = {};
    std::map<std::string, RowState> last;
    memory_.capabilities.repeatable = seed % 3 != 0;
    memory_.name_poison = seed % 2 == 0;
    memory_.fault = [&] {
      const auto pick = static_cast<int>(random.Next() % 20);
      return pick < 8 ? static_cast<MemoryFault>(pick) : MemoryFault::kNone;
    };
    memory_.poison = [&](const Operation& operation) {
      return std::hash<std::string_view>()(operation.key) % 23 == seed % 23;
    };
    memory_.refuse = [&](const Operation&) -> std::optional<RowOutcome> {
      const auto pick = static_cast<int>(random.Next() % 12);
      if (pick == 0) return RowOutcome{RowState::kRejected, "no", ""};
      if (pick == 1) return RowOutcome{RowState::kDeferred, "later", ""};
      return {};
    };
    options_.max_attempts = 3;
    const DeliverReport report = Deliver(31);
    std::set<uint64_t> final;
    (void)ReadLog(LogPath(), [&](uint64_t, const LogEntry& entry) {
      const auto* outcome = std::get_if<LogOutcome>(&entry);
      if (outcome == nullptr) return Status::Ok();
      for (const LogAnswer& answer : outcome->answers) {
        for (const RowRange& range : answer.rows) {
          for (uint64_t row = range.first; row < range.first + range.count; ++row) {
            EXPECT_EQ(final.count(row), 0U) << "seed " << seed << ": row " << row << " goes again";
            const bool is_final =
                answer.state == RowState::kAcknowledged || answer.state == RowState::kRejected;
            if (is_final) final.insert(row);
          }
        }
      }
      return Status::Ok();
    });
    EXPECT_EQ(final.size(), report.acknowledged + report.rejected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace sluice::sync
