#include "sync/container.h"

#include <gtest/gtest.h>

#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

// One that appears after some looks.
class LateContainer : public connector::Container {
 public:
  explicit LateContainer(int after) : after_(after) {}
  std::string Name() const override { return "the list \"x\""; }
  Result<bool> Find(const env::Cancel*) override { return ++looks_ > after_; }
  std::string Id() const override { return looks_ > after_ ? "list 1" : ""; }
  Status Make(const env::Cancel*) override { return FailedError("nobody asked for that"); }
  Result<uint64_t> Size(const env::Cancel*) override { return uint64_t{0}; }
  int looks() const { return looks_; }

 private:
  int after_;
  int looks_ = 0;
};

class ContainerTest : public testing::Test, public SyncWorld {
 protected:
  Result<std::optional<env::Micros>> Note(const std::string& target = "there") {
    return NoteMaking(*connection_, "people_to_memory", target, clock_.Now());
  }
};

TEST_F(ContainerTest, ANoteIsDurableAndMakesTheNextRunWait) {
  ASSERT_TRUE(Note().ok());
  Restart();
  (void)clock_.Sleep(std::chrono::seconds(10), nullptr);
  const auto until = Note();
  ASSERT_TRUE(until.ok()) << until.status().ToString();
  ASSERT_TRUE(until.value().has_value());
  EXPECT_EQ(*until.value() - clock_.Now(), 50'000'000);

  LateContainer soon(3);
  EXPECT_EQ(AwaitContainer(soon, *until.value(), clock_, nullptr).value(), true);
  EXPECT_EQ(soon.looks(), 4);
  LateContainer never(1000);
  EXPECT_EQ(AwaitContainer(never, *until.value(), clock_, nullptr).value(), false);
  EXPECT_EQ(Note().value(), std::nullopt) << "nothing can come any more: it may be made";
  EXPECT_TRUE(Note().value().has_value()) << "and that was noted anew";
}

TEST_F(ContainerTest, WhatWasCertainlyNotMadeIsNotWaitedFor) {
  ASSERT_TRUE(Note().ok());
  ASSERT_TRUE(ForgetMaking(*connection_, "people_to_memory").ok());
  EXPECT_EQ(Note().value(), std::nullopt);
}

TEST_F(ContainerTest, AClockThatWasSetBackWaitsForNothing) {
  ASSERT_TRUE(Note().ok());
  Do("UPDATE _sluice.meta SET value = CAST(CAST(value AS BIGINT) + 3600000000 AS VARCHAR) WHERE "
     "name LIKE 'making%'");
  EXPECT_EQ(Note().value(), std::nullopt);
}

TEST_F(ContainerTest, OneThatIsGoneIsNotMadeAgainBehindTheUsersBack) {
  Put("1", "a@x", "Ulm", 1);
  SyncJob job = Job();
  job.target = "crm: list 17";
  ASSERT_TRUE(engine_->Recover(*connection_, job).ok());
  delivery_ = engine_->Prepare(*connection_, job).value();
  ASSERT_TRUE(engine_->Deliver(delivery_, job, limiter_, {}).ok());
  ASSERT_TRUE(engine_->Fold(*connection_, job, delivery_).ok());
  const auto noted = Note("crm: the list \"x\" (not there)");
  EXPECT_EQ(noted.status().code(), Code::kConfig);
  EXPECT_NE(noted.status().ToString().find("sluice sync reset"), std::string::npos);
}

TEST_F(ContainerTest, CtrlCEndsTheWait) {
  env::Cancel cancel;
  cancel.Set();
  LateContainer never(1000);
  EXPECT_EQ(AwaitContainer(never, clock_.Now() + 50'000'000, clock_, &cancel).status().code(),
            Code::kCancelled);
}

}  // namespace
}  // namespace sluice::sync
