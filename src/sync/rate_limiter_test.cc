#include "sync/rate_limiter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "env/file.h"
#include "env/random.h"

namespace sluice::sync {
namespace {

using std::chrono::milliseconds;

TEST(RateLimiter, SpacesRequestsEvenly) {
  env::FakeClock clock;
  RateLimiter limiter(clock, 5);
  const auto begin = clock.Monotonic();
  for (int i = 0; i < 11; ++i) ASSERT_TRUE(limiter.Acquire(nullptr));
  EXPECT_EQ(clock.Monotonic() - begin, milliseconds(2000));
}

TEST(RateLimiter, APauseIsNotSavedUpForABurst) {
  env::FakeClock clock;
  RateLimiter limiter(clock, 10);
  ASSERT_TRUE(limiter.Acquire(nullptr));
  clock.Advance(std::chrono::seconds(60));
  const auto begin = clock.Monotonic();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(limiter.Acquire(nullptr));
  EXPECT_EQ(clock.Monotonic() - begin, milliseconds(200));
}

TEST(RateLimiter, AWallClockThatJumpsDoesNotMatter) {
  env::FakeClock clock;
  RateLimiter limiter(clock, 10);
  ASSERT_TRUE(limiter.Acquire(nullptr));
  const auto begin = clock.Monotonic();
  for (const int days : {-20, 40}) {
    clock.Set(clock.Now() + days * env::Micros{86'400'000'000});
    limiter.HoldOff(milliseconds(300));
    ASSERT_TRUE(limiter.Acquire(nullptr));
  }
  EXPECT_EQ(clock.Monotonic() - begin, milliseconds(600));
}

TEST(RateLimiter, AskedToHoldOffItDoes) {
  env::FakeClock clock;
  RateLimiter limiter(clock, 0);
  ASSERT_TRUE(limiter.Acquire(nullptr));
  limiter.HoldOff(milliseconds(3000));
  limiter.HoldOff(milliseconds(1000));  // the longer one counts
  const auto begin = clock.Monotonic();
  ASSERT_TRUE(limiter.Acquire(nullptr));
  EXPECT_EQ(clock.Monotonic() - begin, milliseconds(3000));
}

TEST(RateLimiter, ACancelEndsTheWaitAndTakesNoPlace) {
  env::FakeClock clock;
  RateLimiter limiter(clock, 1);
  env::Cancel cancel;
  ASSERT_TRUE(limiter.Acquire(&cancel));
  cancel.Set();
  EXPECT_FALSE(limiter.Acquire(&cancel));
  const auto begin = clock.Monotonic();
  ASSERT_TRUE(limiter.Acquire(nullptr));
  EXPECT_EQ(clock.Monotonic() - begin, milliseconds(1000));
}

TEST(RateLimiter, HoldsForManyThreadsTogether) {
  RateLimiter limiter(env::SystemClock(), 200);
  const auto begin = env::SystemClock().Monotonic();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) EXPECT_TRUE(limiter.Acquire(nullptr));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(env::SystemClock().Monotonic() - begin, milliseconds(95));  // 19 spaces of 5 ms
}

class SharedRateLimiter : public testing::Test {
 protected:
  SharedRateLimiter() {
    std::string pattern = testing::TempDir() + "limiter_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~SharedRateLimiter() override { (void)env::RemoveTree(folder_); }
  std::string File() const { return env::JoinPath(folder_, "budget-crm"); }
  env::FakeClock clock_;
  std::string folder_;
};

TEST_F(SharedRateLimiter, ProcessesShareOneBudget) {
  RateLimiter one(clock_, 10, File());
  RateLimiter other(clock_, 10, File());
  const auto begin = clock_.Monotonic();
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(one.Acquire(nullptr));
    ASSERT_TRUE(other.Acquire(nullptr));
  }
  EXPECT_EQ(clock_.Monotonic() - begin, milliseconds(1100));
}

TEST_F(SharedRateLimiter, APauseThatWasAskedForOutlivesTheProcess) {
  RateLimiter(clock_, 0, File()).HoldOff(milliseconds(5000));
  clock_.Advance(std::chrono::seconds(1));
  RateLimiter next(clock_, 0, File());
  const auto begin = clock_.Monotonic();
  ASSERT_TRUE(next.Acquire(nullptr));
  EXPECT_EQ(clock_.Monotonic() - begin, milliseconds(4000));
}

TEST_F(SharedRateLimiter, AfterARestartOfTheMachineOnlyTheRestOfAPauseIsWaitedFor) {
  clock_.Advance(std::chrono::hours(100));
  RateLimiter(clock_, 0, File()).HoldOff(milliseconds(5000));
  env::FakeClock booted;
  RateLimiter next(booted, 0, File());
  const auto begin = booted.Monotonic();
  ASSERT_TRUE(next.Acquire(nullptr));
  EXPECT_EQ(booted.Monotonic() - begin, milliseconds(5000));
}

TEST_F(SharedRateLimiter, ADamagedFileIsNoReasonToStop) {
  ASSERT_TRUE(env::WriteFileAtomically(File(), "nonsense").ok());
  RateLimiter limiter(clock_, 10, File());
  const auto begin = clock_.Monotonic();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(limiter.Acquire(nullptr));
  EXPECT_EQ(clock_.Monotonic() - begin, milliseconds(200));
}

TEST_F(SharedRateLimiter, ATrippedConnectionIsTrippedForAllUntilSomethingIsTaken) {
  RateLimiter one(clock_, 10, File());
  RateLimiter other(clock_, 10, File());
  one.Trip();
  ASSERT_TRUE(other.Acquire(nullptr));
  EXPECT_TRUE(other.tripped());
  other.Succeeded();
  ASSERT_TRUE(one.Acquire(nullptr));
  EXPECT_FALSE(one.tripped());
}

// Processes that share a budget, in the order of the clock: each asks for a place, is answered some time after it got
// one, and asks for the next.
class PrioritiesTest : public SharedRateLimiter {
 protected:
  struct Process {
    std::unique_ptr<env::FakeClock> clock = std::make_unique<env::FakeClock>();
    std::unique_ptr<RateLimiter> limiter;
    Priority priority = Priority::kNormal;
    milliseconds answer{0};          // from a place to its next question
    std::chrono::nanoseconds at{0};  // when it asks next, since the beginning
    std::chrono::nanoseconds began{0};
    std::chrono::nanoseconds longest{0};  // that it waited for one place
    int places = 0;
  };

  void Add(Priority priority, milliseconds answer, milliseconds begins = milliseconds(0)) {
    Process& process = processes_.emplace_back();
    process.limiter = std::make_unique<RateLimiter>(*process.clock, 10, File());
    process.priority = priority;
    process.answer = answer;
    process.at = process.began = begins;
  }
  void RunUntil(std::chrono::nanoseconds end) {
    while (true) {
      Process& next =
          *std::min_element(processes_.begin(), processes_.end(),
                            [](const Process& a, const Process& b) { return a.at < b.at; });
      if (next.at > end) return;
      next.clock->Advance(
          std::chrono::ceil<milliseconds>(next.at - (next.clock->Monotonic() - begin_)));
      const auto wait = next.limiter->Take(next.priority);
      const auto now = next.clock->Monotonic() - begin_;
      // Nobody wakes up exactly when he wanted to.
      next.at = now + std::chrono::ceil<milliseconds>(wait) + milliseconds(random_.Next() % 4);
      if (wait > std::chrono::nanoseconds(0)) continue;
      ++next.places;
      order_ += next.priority == Priority::kHigh  ? 'H'
                : next.priority == Priority::kLow ? 'L'
                                                  : 'N';
      next.longest = std::max(next.longest, now - next.began);
      next.at = next.began = now + next.answer;
    }
  }
  int All() const {
    int all = 0;
    for (const Process& process : processes_) all += process.places;
    return all;
  }

  const std::chrono::nanoseconds begin_ = env::FakeClock().Monotonic();
  std::vector<Process> processes_;
  std::string order_;
  env::SeededRandom random_{7};
};

TEST_F(PrioritiesTest, TheMoreUrgentGoFirstAndOneOfTenPlacesIsLeft) {
  Add(Priority::kLow, milliseconds(20));
  Add(Priority::kHigh, milliseconds(20), milliseconds(50));
  RunUntil(std::chrono::seconds(100));
  EXPECT_NEAR(All(), 1000, 25) << "nothing of the budget is lost to who lets others go first";
  EXPECT_NEAR(processes_[0].places, 100, 5);
  EXPECT_EQ(order_.substr(0, 22), "LHHHHHHHHHLHHHHHHHHHLH");
  EXPECT_LT(processes_[0].longest, std::chrono::milliseconds(1100));
  EXPECT_LT(processes_[1].longest, std::chrono::milliseconds(220));
}

TEST_F(PrioritiesTest, OfThreeEachLessUrgentOneHasItsShare) {
  for (const Priority priority : {Priority::kLow, Priority::kNormal, Priority::kHigh}) {
    Add(priority, milliseconds(10));
    Add(priority, milliseconds(30));
  }
  RunUntil(std::chrono::seconds(200));
  EXPECT_NEAR(All(), 2000, 50);
  const auto of = [&](size_t i) { return processes_[i].places + processes_[i + 1].places; };
  EXPECT_NEAR(of(0), 200, 30);
  EXPECT_NEAR(of(2), 200, 30);
  for (const Process& process : processes_) {
    EXPECT_GT(process.places, 50) << "equals among themselves";
  }
}

TEST_F(PrioritiesTest, WhoIsNotWaitingHoldsNobodyUp) {
  Add(Priority::kLow, milliseconds(0));
  Add(Priority::kHigh, milliseconds(990));  // slow answers
  RunUntil(std::chrono::seconds(100));
  EXPECT_NEAR(All(), 1000, 25);
  EXPECT_GT(processes_[0].places, 850);
  EXPECT_LT(processes_[1].longest, std::chrono::milliseconds(120));
}

TEST_F(PrioritiesTest, WhoWasKilledWhileItWaitedIsWaitedForAMomentOnly) {
  RateLimiter low(clock_, 10, File());
  ASSERT_TRUE(low.Acquire(nullptr));
  EXPECT_EQ(RateLimiter(clock_, 10, File()).Take(Priority::kHigh), milliseconds(100));
  const auto begin = clock_.Monotonic();
  ASSERT_TRUE(low.Acquire(nullptr, Priority::kLow));
  EXPECT_EQ(clock_.Monotonic() - begin, milliseconds(200));
}

TEST_F(PrioritiesTest, AfterARestartOfTheMachineNobodyWaits) {
  clock_.Advance(std::chrono::hours(100));
  RateLimiter before(clock_, 10, File());
  ASSERT_TRUE(before.Acquire(nullptr));
  ASSERT_GT(before.Take(Priority::kHigh).count(), 0);
  env::FakeClock booted;
  RateLimiter next(booted, 10, File());
  const auto begin = booted.Monotonic();
  ASSERT_TRUE(next.Acquire(nullptr, Priority::kLow));
  EXPECT_LE(booted.Monotonic() - begin, milliseconds(100));
}

TEST(RateLimiter, TooManyHalvesTheRateAndSuccessBringsItBackSlowly) {
  env::FakeClock clock;
  RateLimiter limiter(clock, 10);
  const auto spacing = [&] {
    EXPECT_TRUE(limiter.Acquire(nullptr));
    const auto begin = clock.Monotonic();
    EXPECT_TRUE(limiter.Acquire(nullptr));
    return clock.Monotonic() - begin;
  };
  EXPECT_EQ(spacing(), milliseconds(100));
  limiter.SlowDown();
  EXPECT_EQ(spacing(), milliseconds(200));
  limiter.SlowDown();
  EXPECT_EQ(spacing(), milliseconds(400));
  limiter.Succeeded();
  EXPECT_EQ(spacing(), milliseconds(380));
  for (int i = 0; i < 40; ++i) limiter.Succeeded();
  EXPECT_EQ(spacing(), milliseconds(100));
}

}  // namespace
}  // namespace sluice::sync
