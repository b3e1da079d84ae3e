#include "sync/rate_limiter.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

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

}  // namespace
}  // namespace sluice::sync
