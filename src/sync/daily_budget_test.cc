#include "sync/daily_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <deque>
#include <thread>
#include <vector>

#include "env/file.h"
#include "env/random.h"

namespace sluice::sync {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr env::Micros kDay = 86'400'000'000;

class DailyBudgetTest : public testing::Test {
 protected:
  DailyBudgetTest() {
    std::string pattern = testing::TempDir() + "sluice_day_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    file_ = env::JoinPath(folder_, "budget");
  }
  ~DailyBudgetTest() override { (void)env::RemoveTree(folder_); }

  // As another process has it.
  DailyBudget Open(int64_t per_day = 3, const std::string& boot = "first") {
    return {clock_, per_day, file_, boot};
  }
  static int64_t TakeAll(DailyBudget& budget) {
    int64_t taken = 0;
    while (budget.Take()) ++taken;
    return taken;
  }

  env::FakeClock clock_;
  std::string folder_;
  std::string file_;
};

TEST_F(DailyBudgetTest, WhatIsUsedUpComesBackAfterADay) {
  DailyBudget budget = Open();
  EXPECT_EQ(TakeAll(budget), 3);
  EXPECT_EQ(budget.Look().requests, 0);
  EXPECT_EQ(budget.Look().wait, hours(24));
  clock_.Advance(hours(23));
  EXPECT_EQ(budget.Look().wait, hours(1));
  EXPECT_FALSE(budget.Take());
  clock_.Advance(hours(1));
  EXPECT_EQ(budget.Look().requests, 3);
  EXPECT_EQ(TakeAll(budget), 3);
}

TEST_F(DailyBudgetTest, ProcessesShareItAndItOutlivesThem) {
  DailyBudget first = Open();
  EXPECT_TRUE(first.Take());
  DailyBudget second = Open();
  EXPECT_EQ(TakeAll(second), 2);
  EXPECT_FALSE(first.Take());
  clock_.Advance(hours(20));
  EXPECT_EQ(Open().Look().requests, 0);
}

TEST_F(DailyBudgetTest, NoWindowOfADayEverHoldsMore) {
  env::SeededRandom random(11);
  std::deque<std::chrono::nanoseconds> went;
  for (int i = 0; i < 3000; ++i) {
    DailyBudget budget = Open(20);
    clock_.Advance(minutes(random.Next() % 90));
    if (!budget.Take()) continue;
    const auto now = clock_.Monotonic();
    went.push_back(now);
    while (now - went.front() >= hours(24)) went.pop_front();
    ASSERT_LE(went.size(), 20U);
  }
}

TEST_F(DailyBudgetTest, AWallClockThatJumpsGivesNothingAwayAndTakesNothing) {
  DailyBudget budget = Open();
  EXPECT_EQ(TakeAll(budget), 3);
  clock_.Set(clock_.Now() + 2 * kDay);
  EXPECT_EQ(Open().Look().requests, 0);
  clock_.Set(clock_.Now() - 30 * kDay);
  clock_.Advance(hours(24));
  EXPECT_EQ(Open().Look().requests, 3);
}

TEST_F(DailyBudgetTest, OverANewStartOfTheMachineTheWallClockCounts) {
  clock_.Advance(hours(5));
  DailyBudget before = Open();
  EXPECT_EQ(TakeAll(before), 3);
  // The monotonic clock begins anew, and may be beyond the old one by now.
  clock_.Advance(hours(23));
  EXPECT_EQ(Open(3, "second").Look().requests, 0);
  clock_.Set(clock_.Now() + kDay / 24);
  EXPECT_EQ(Open(3, "third").Look().requests, 3);
}

TEST_F(DailyBudgetTest, AFileThatCannotBeUsedLeavesEachProcessItsOwn) {
  DailyBudget budget(clock_, 3, env::JoinPath(folder_, "not/there"), "first");
  EXPECT_EQ(TakeAll(budget), 3);
  EXPECT_FALSE(budget.Take());
}

TEST_F(DailyBudgetTest, ADamagedFileIsNotBelieved) {
  DailyBudget budget = Open();
  EXPECT_EQ(TakeAll(budget), 3);
  auto file = env::AppendFile::Open(file_);
  ASSERT_TRUE(file->Append("more").ok());
  EXPECT_FALSE(budget.Take()) << "this process knows what it took";
}

TEST_F(DailyBudgetTest, ThreadsNeverTakeMoreThanThereAre) {
  DailyBudget budget = Open(50);
  std::vector<std::thread> threads;
  std::atomic<int64_t> taken = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      DailyBudget own(clock_, 50, file_, "first");
      taken += TakeAll(own);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 50);
  EXPECT_EQ(TakeAll(budget), 0);
}

}  // namespace
}  // namespace sluice::sync
