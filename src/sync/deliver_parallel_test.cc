// Several requests on their way at the same time: in every order that a seed draws, and on real threads.
#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "sync/deliver_fixture_for_tests.h"
#include "sync/in_flight_for_tests.h"
#include "sync/log_rules_for_tests.h"

namespace sluice::sync {
namespace {

using connector::MemoryFault;
using connector::Operation;
using connector::OperationKind;
using connector::RowOutcome;
using connector::RowState;
using std::chrono::milliseconds;

// Tells of every request before it arrives.
class Watched : public connector::MemoryDestination {
 public:
  using MemoryDestination::MemoryDestination;
  connector::SendResult Send(const connector::PreparedRequest& request,
                             std::span<const Operation> operations,
                             const env::Cancel* cancel) override {
    if (on_send) on_send(operations.first(request.rows));
    return MemoryDestination::Send(request, operations, cancel);
  }
  std::function<void(std::span<const Operation>)> on_send;
};

// Counts how many come at the same time.
class OnThreads : public connector::MemoryDestination {
 public:
  using MemoryDestination::MemoryDestination;
  connector::SendResult Send(const connector::PreparedRequest& request,
                             std::span<const Operation> operations,
                             const env::Cancel* cancel) override {
    const size_t now = ++at_once_;
    size_t most = most_;
    while (now > most && !most_.compare_exchange_weak(most, now)) {
    }
    std::this_thread::sleep_for(milliseconds(2));
    --at_once_;
    return MemoryDestination::Send(request, operations, cancel);
  }
  size_t most() const { return most_; }

 private:
  std::atomic<size_t> at_once_{0};
  std::atomic<size_t> most_{0};
};

class DeliverParallelTest : public DeliverTest {
 protected:
  DeliverParallelTest() {
    options_.parallel = 4;
    Draw(1);
  }

  // From now on the order is another one.
  void Draw(uint64_t seed) {
    in_flight_ = std::make_unique<InFlightFromSeed>(seed, clock_);
    options_.in_flight = in_flight_.get();
  }

  void ExpectSound(const std::string& what) {
    const LogRules rules = CheckLog(LogPath(), options_.parallel);
    EXPECT_EQ(rules.broken, "") << what;
    final_ = rules.final.size();
  }
  // By the log: of requests without an answer.
  std::set<uint64_t> RowsUnderWay() { return CheckLog(LogPath(), options_.parallel).under_way; }

  std::unique_ptr<InFlightFromSeed> in_flight_;
  size_t final_ = 0;
};

TEST_F(DeliverParallelTest, SeveralRequestsAreOnTheirWayAtOnce) {
  EXPECT_EQ(Text(Deliver(95)), "95 acknowledged");
  EXPECT_EQ(in_flight_->most(), 4U);
  EXPECT_EQ(world_.applied.size(), 95U);
  ExpectSound("without faults");
}

TEST_F(DeliverParallelTest, TheLogKnowsOfARequestBeforeItArrives) {
  Watched destination(world_, memory_);
  destination.on_send = [&](std::span<const Operation> rows) {
    const std::set<uint64_t> known = RowsUnderWay();
    for (const Operation& row : rows) {
      EXPECT_EQ(known.count(std::stoull(std::string(row.key))), 1U) << row.key;
    }
  };
  EXPECT_EQ(Text(DeliverTo(destination, 95)), "95 acknowledged");
}

TEST_F(DeliverParallelTest, ADestinationThatTakesOneAtATimeGetsOne) {
  memory_.capabilities.at_once = 1;
  options_.in_flight = nullptr;
  EXPECT_EQ(Text(Deliver(25)), "25 acknowledged");
  EXPECT_NE(Log().find("intent   attempt 2, rows 10-19, 410 bytes\noutcome  attempt 2"),
            std::string::npos)
      << Log();
}

TEST_F(DeliverParallelTest, NoRemovalLeavesBeforeAllOthersHaveTheirAnswer) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Draw(seed);
    removed_from_ = 37;
    env::SeededRandom random(seed);
    memory_.fault = [&] {
      return random.Next() % 3 == 0 ? MemoryFault::kUnavailable : MemoryFault::kNone;
    };
    memory_.poison = [](const Operation& operation) { return operation.key == "5"; };
    Watched destination(world_, memory_);
    destination.on_send = [&](std::span<const Operation> rows) {
      for (const Operation& row : rows) EXPECT_EQ(row.kind, rows.front().kind);
      if (rows.front().kind != OperationKind::kRemove) return;
      for (const uint64_t row : RowsUnderWay()) EXPECT_GE(row, removed_from_) << "seed " << seed;
    };
    world_ = {};
    const DeliverReport report = DeliverTo(destination, 95);
    EXPECT_EQ(report.waiting, 0U) << Text(report);
    bool removes = false;
    for (const auto& applied : world_.applied) {
      const bool is_removal = applied.kind == OperationKind::kRemove;
      EXPECT_TRUE(is_removal || !removes) << "seed " << seed;
      removes = is_removal;
    }
  }
}

TEST_F(DeliverParallelTest, ARefusalOfSeveralAtOnceSlowsTheConnectionDownOnce) {
  options_.first_wait = milliseconds(1);
  Watched destination(world_, memory_);
  std::set<std::string> seen;
  destination.on_send = [&](std::span<const Operation> rows) {
    const bool first_time = seen.insert(std::string(rows.front().key)).second;
    faults_ = {first_time ? MemoryFault::kTooMany : MemoryFault::kNone};
  };
  const auto begin = clock_.Monotonic();
  EXPECT_EQ(Text(DeliverTo(destination, 40)), "40 acknowledged");
  // One after the other they would be sent 50, 100, 200 and then 400 ms apart.
  EXPECT_LT(clock_.Monotonic() - begin, milliseconds(400));
}

TEST_F(DeliverParallelTest, APauseThatIsAskedForHoldsAllOthersUp) {
  memory_.retry_after = milliseconds(60'000);
  memory_.fault = [n = 0]() mutable {
    return ++n == 1 ? MemoryFault::kTooMany : MemoryFault::kNone;
  };
  std::vector<std::chrono::nanoseconds> sent;
  Watched destination(world_, memory_);
  destination.on_send = [&](std::span<const Operation>) { sent.push_back(clock_.Monotonic()); };
  EXPECT_EQ(Text(DeliverTo(destination, 100)), "100 acknowledged");
  ASSERT_EQ(sent.size(), 11U);
  // The three that were on their way by then, and no other.
  EXPECT_LE(
      std::count_if(sent.begin(), sent.end(), [&](auto at) { return at < milliseconds(60'000); }),
      4);
}

TEST_F(DeliverParallelTest, RequestsThatFailTogetherAreOneFailure) {
  options_.max_attempts = 2;
  memory_.fault = [] { return MemoryFault::kUnavailable; };
  const DeliverReport report = Deliver(200);
  EXPECT_EQ(report.acknowledged, 0U);
  EXPECT_NE(report.stopped.message().find("6 requests in a row failed (answer 503)"),
            std::string::npos)
      << report.stopped.message();
  EXPECT_GE(report.waiting, 100U) << Text(report);
  ExpectSound("down");
}

TEST_F(DeliverParallelTest, WhetherADestinationIsUpAgainOneRequestTells) {
  RateLimiter limiter(clock_, 0);
  limiter.Trip();
  memory_.fault = [] { return MemoryFault::kUnavailable; };
  connector::MemoryDestination destination(world_, memory_);
  EXPECT_EQ(Text(DeliverTo(destination, 100, limiter)), "10 deferred, 90 waiting");
  EXPECT_EQ(world_.requests, 1U);
}

TEST_F(DeliverParallelTest, CtrlCFinishesThoseInFlight) {
  env::Cancel stop;
  options_.stop = &stop;
  int requests = 0;
  memory_.before_answer = [&] {
    if (++requests == 3) stop.Set();
  };
  const DeliverReport report = Deliver(400);
  EXPECT_EQ(report.stopped.code(), Code::kCancelled);
  EXPECT_EQ(report.acknowledged, world_.applied.size());
  EXPECT_LE(report.acknowledged, 70U);
  EXPECT_EQ(report.acknowledged + report.waiting, 400U) << Text(report);
}

TEST_F(DeliverParallelTest, AWrongKeyStopsAtOnce) {
  memory_.fault = [n = 0]() mutable {
    return ++n == 2 ? MemoryFault::kForbidden : MemoryFault::kNone;
  };
  const DeliverReport report = Deliver(400);
  EXPECT_EQ(report.stopped.code(), Code::kAuth);
  EXPECT_LE(world_.requests, 8U);
  EXPECT_EQ(report.deferred, 10U);
}

TEST_F(DeliverParallelTest, ADayThatIsUsedUpLetsThoseInFlightEnd) {
  DailyBudget daily(clock_, 5, "", "");
  options_.daily = &daily;
  const DeliverReport report = Deliver(100);
  EXPECT_EQ(Text(report), "50 acknowledged, 50 waiting");
  EXPECT_TRUE(report.tomorrow);
}

// As one that was killed is sent again: nothing but what was on its way.
TEST_F(DeliverParallelTest, AKillLeavesOneRequestOfEachPlaceUnanswered) {
  struct Killed {};
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Draw(seed);
    env::SeededRandom random(seed);
    world_ = {};
    memory_.before_answer = [&] {
      if (random.Next() % 8 == 0) throw Killed();
    };
    try {
      Deliver(400);
    } catch (const Killed&) {
    }
    ExpectSound("seed " + std::to_string(seed));
    const std::set<uint64_t> under_way = RowsUnderWay();
    EXPECT_LE(under_way.size(), 40U);
    size_t sent = 0;
    for (const auto& applied : world_.applied) sent += under_way.count(std::stoull(applied.key));
    EXPECT_EQ(world_.applied.size() - sent, final_) << "seed " << seed;
  }
}

void MixFaults(connector::MemoryOptions& memory, uint64_t seed, env::SeededRandom& random) {
  memory.capabilities.repeatable = seed % 3 != 0;
  memory.name_poison = seed % 2 == 0;
  memory.fault = [&random] {
    const auto pick = static_cast<int>(random.Next() % 20);
    return pick < 8 ? static_cast<MemoryFault>(pick) : MemoryFault::kNone;
  };
  memory.poison = [seed](const Operation& operation) {
    return std::hash<std::string_view>()(operation.key) % 23 == seed % 23;
  };
  memory.refuse = [&random](const Operation&) -> std::optional<RowOutcome> {
    const auto pick = static_cast<int>(random.Next() % 12);
    if (pick == 0) return RowOutcome{RowState::kRejected, "no", ""};
    if (pick == 1) return RowOutcome{RowState::kDeferred, "later", ""};
    return {};
  };
}

TEST_F(DeliverParallelTest, AnyMixtureOfFaultsAddsUp) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Draw(seed);
    options_.parallel = 1 + seed % 8;
    options_.max_attempts = 3;
    env::SeededRandom random(seed);
    world_ = {};
    MixFaults(memory_, seed, random);
    const DeliverReport report = Deliver(131);
    ExpectSound("seed " + std::to_string(seed));
    EXPECT_EQ(final_, report.acknowledged + report.rejected) << "seed " << seed;
  }
}

TEST_F(DeliverParallelTest, OnThreadsTheyAreReallyAtTheSameTime) {
  options_.in_flight = nullptr;
  OnThreads destination(world_, memory_);
  EXPECT_EQ(Text(DeliverTo(destination, 395)), "395 acknowledged");
  EXPECT_GT(destination.most(), 1U);
  EXPECT_LE(destination.most(), 4U);
  ExpectSound("on threads");
}

TEST_F(DeliverParallelTest, OnThreadsAnyMixtureOfFaultsAddsUp) {
  options_.in_flight = nullptr;
  options_.max_attempts = 3;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    env::SeededRandom random(seed);
    world_ = {};
    MixFaults(memory_, seed, random);
    OnThreads destination(world_, memory_);
    const DeliverReport report = DeliverTo(destination, 131);
    ExpectSound("seed " + std::to_string(seed));
    EXPECT_EQ(final_, report.acknowledged + report.rejected) << "seed " << seed;
  }
}

TEST_F(DeliverParallelTest, OnThreadsThatGoAwayWhatWasBegunIsSent) {
  std::atomic<int> sent{0};
  {
    const auto in_flight = MakeInFlightOnThreads(8);
    for (size_t place = 0; place < 8; ++place) {
      in_flight->Start(place, [&] {
        ++sent;
        return connector::SendResult();
      });
    }
    EXPECT_TRUE(in_flight->Wait(std::nullopt));
  }
  EXPECT_EQ(sent, 8);
}

}  // namespace
}  // namespace sluice::sync
