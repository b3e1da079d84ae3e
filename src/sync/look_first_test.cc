#include "sync/look_first.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::sync {
namespace {

using connector::Lookup;
using connector::Operation;

// Knows whose number is even, and counts who asks at the same time.
class Numbers : public Lookup {
 public:
  Numbers(size_t rows, size_t at_once) { terms_.rows = rows, terms_.at_once = at_once; }

  const Terms& lookup_terms() const override { return terms_; }
  Result<std::vector<Found>> LookFor(std::span<const Operation> rows, bool,
                                     const env::Cancel*) override {
    const int asked = ++asked_;
    most_ = std::max(most_.load(), ++now_);
    if (together_ > 0) WaitForOthers();
    std::vector<Found> found(rows.size());
    Status failure;
    for (size_t i = 0; i < rows.size(); ++i) {
      const int number = std::stoi(std::string(rows[i].key));
      found[i].there = number % 2 == 0;
      if (number == fails_at_) failure = AuthError("the key is no good");
    }
    --now_;
    if (asked <= fails_for_now_) return RetryError("busy");
    if (!failure.ok()) return failure;
    return found;
  }

  // The first ones end together only.
  void WaitForOthers() {
    std::unique_lock lock(mutex_);
    if (++waiting_ >= together_) all_.notify_all();
    all_.wait_for(lock, std::chrono::seconds(10), [&] { return waiting_ >= together_; });
  }

  Terms terms_;
  int together_ = 0;
  int fails_at_ = -1;
  int fails_for_now_ = 0;
  std::atomic<int> asked_{0};
  std::atomic<int> most_{0};

 private:
  std::atomic<int> now_{0};
  std::mutex mutex_;
  std::condition_variable all_;
  int waiting_ = 0;
};

class LookFirst : public testing::Test {
 protected:
  Result<std::vector<Lookup::Found>> Look(Numbers& numbers, int rows) {
    keys_.clear();
    for (int i = 0; i < rows; ++i) keys_.push_back(std::to_string(i));
    std::vector<Operation> operations;
    for (const std::string& key : keys_) {
      operations.push_back({connector::OperationKind::kUpsert, key, key, "{}"});
    }
    return LookForAll(numbers, operations, false, clock_, options_, questions_);
  }
  std::vector<std::string> keys_;
  env::FakeClock clock_;
  LookupOptions options_;
  uint64_t questions_ = 0;
};

TEST_F(LookFirst, SeveralThreadsAnswerEachRowInItsPlace) {
  Numbers numbers(3, 4);
  numbers.together_ = 4;
  const auto found = Look(numbers, 200);
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  ASSERT_EQ(found->size(), 200U);
  for (size_t i = 0; i < found->size(); ++i) EXPECT_EQ((*found)[i].there, i % 2 == 0) << i;
  EXPECT_EQ(questions_, 67U);
  EXPECT_EQ(numbers.most_, 4) << "as many at once as the destination allows, and no more";
}

TEST_F(LookFirst, NoMoreThreadsThanQuestions) {
  Numbers numbers(10, 8);
  EXPECT_TRUE(Look(numbers, 15).ok());
  EXPECT_EQ(questions_, 2U);
  EXPECT_LE(numbers.most_, 2);
  EXPECT_EQ(Look(numbers, 0)->size(), 0U);
}

TEST_F(LookFirst, WhatPassesIsAskedAgain) {
  Numbers numbers(1, 3);
  numbers.fails_for_now_ = 4;
  const auto found = Look(numbers, 20);
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  EXPECT_EQ(questions_, 24U);
  for (size_t i = 0; i < found->size(); ++i) EXPECT_EQ((*found)[i].there, i % 2 == 0) << i;
}

TEST_F(LookFirst, WhatDoesNotPassEndsItForAll) {
  Numbers numbers(1, 4);
  numbers.fails_at_ = 10;
  EXPECT_EQ(Look(numbers, 100'000).status().code(), Code::kAuth);
  EXPECT_LT(questions_, 50'000U) << "the others stop";
}

TEST_F(LookFirst, AfterAllAttemptsItIsGivenUp) {
  Numbers numbers(1, 1);
  numbers.fails_for_now_ = 1'000;
  options_.max_attempts = 3;
  const auto begin = clock_.Monotonic();
  EXPECT_EQ(Look(numbers, 5).status().code(), Code::kRetry);
  EXPECT_EQ(questions_, 3U);
  EXPECT_EQ(clock_.Monotonic() - begin, std::chrono::milliseconds(1'500));
}

TEST_F(LookFirst, ACancelEndsItBeforeTheNextQuestion) {
  Numbers numbers(1, 4);
  env::Cancel cancel;
  cancel.Set();
  RateLimiter limiter(clock_, 10);
  options_.limiter = &limiter;
  options_.cancel = &cancel;
  EXPECT_EQ(Look(numbers, 5).status().code(), Code::kCancelled);
  EXPECT_EQ(numbers.asked_, 0);
}

}  // namespace
}  // namespace sluice::sync
