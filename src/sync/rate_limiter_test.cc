#include "sync/rate_limiter.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>
#include <vector>

#include "env/file.h"

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
